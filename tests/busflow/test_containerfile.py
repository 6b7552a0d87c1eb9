"""What can be known of the Containerfile without an engine: it was not built here."""

import re
import shlex
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.specifiers import SpecifierSet
from typer.main import get_command

from busflow.cli import app
from serving.access import PUBLIC_PATHS

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


class Step(NamedTuple):
    name: str
    text: str


def steps() -> list[Step]:
    lines = [line for line in (ROOT / "Containerfile").read_text().splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [Step(*line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]


def texts(name: str) -> list[str]:
    return [step.text for step in steps() if step.name == name]


def test_every_source_it_copies_exists_and_is_not_ignored():
    ignored = set((ROOT / ".containerignore").read_text().split())
    copied = [source for text in texts("COPY") if "--from" not in text for source in text.split()[:-1]]
    assert {"pyproject.toml", "uv.lock", "serving"} <= set(copied)
    for source in copied:
        assert (ROOT / source).exists(), source
        assert source not in ignored


def test_every_package_of_the_project_is_in_it():
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert set(packages) <= {text.split()[0] for text in texts("COPY")}
    assert PROJECT["project"]["readme"] in texts("COPY")[0], "the project cannot be installed without it"


def test_its_python_and_uv_are_the_projects():
    pythons = {match[1] for text in texts("FROM") if (match := re.match(r"python:(\d+\.\d+)-slim", text))}
    assert len(texts("FROM")) == 2
    assert len(pythons) == 1
    assert SpecifierSet(PROJECT["project"]["requires-python"]).contains(pythons.pop() + ".0")
    locked = re.search(r"UV_VERSION := (\S+)", (ROOT / "Makefile").read_text())
    assert f"uv=={locked[1]}" in " ".join(texts("RUN"))


def test_what_it_runs_exists_and_listens_to_all_on_purpose():
    [entry], [command] = texts("ENTRYPOINT"), texts("CMD")
    assert shlex.split(entry.strip("[]")) == [next(iter(PROJECT["project"]["scripts"]))]
    arguments = re.findall(r'"([^"]*)"', command)
    assert arguments == ["serve", "--host", "0.0.0.0"]
    known = get_command(app).commands[arguments[0]]
    assert arguments[1] in {option for parameter in known.params for option in parameter.opts}


def test_it_does_not_run_as_root_and_writes_only_where_it_may():
    assert texts("USER") == ["busflow"]
    assert steps().index(Step("USER", "busflow")) > max(
        i for i, step in enumerate(steps()) if step.name == "RUN"
    )
    environment = dict(pair.split("=", 1) for text in texts("ENV") for pair in text.split())
    assert texts("VOLUME") == [environment["BUSFLOW_HOME"]]
    assert environment["BENTOML_HOME"].startswith("/tmp/")


@pytest.mark.parametrize("secret", ["KEY", "TOKEN", "PASSWORD", "SECRET", "_URL"])
def test_no_secret_is_part_of_it(secret):
    assert not [text for name in ("ENV", "ARG") for text in texts(name) if secret in text]


def test_its_health_is_asked_where_nobody_needs_a_token():
    [check] = texts("HEALTHCHECK")
    assert re.search(r"127\.0\.0\.1:3000(/\w+)'", check)[1] in PUBLIC_PATHS
