"""The operating guide says what is so: its settings, commands and configuration are held against the code."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from activity_log.settings import Settings
from busflow.cli import app
from serving import bodies, limits

GUIDE = (Path(__file__).parents[2] / "docs" / "operating.md").read_text()
OTHERS = {"FORWARDED_ALLOW_IPS", "BENTOML_HOME", "OTEL_EXPORTER_OTLP_ENDPOINT"}
"""Of the libraries."""


def named(field: str) -> str:
    return str(Settings.model_fields[field].validation_alias or f"BUSFLOW_{field.upper()}")


def table() -> dict[str, str]:
    """The settings table: variable and default."""
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.+?) \|", GUIDE.split("\n## Settings")[1], re.MULTILINE)
    return dict(rows)


def test_every_setting_is_in_the_table_and_no_other():
    assert set(table()) == {named(field) for field in Settings.model_fields} | OTHERS


def simple(default: Any) -> bool:
    return (isinstance(default, (int, float, str)) and default != "") or default == {}


@pytest.mark.parametrize(
    "field", [name for name, about in Settings.model_fields.items() if simple(about.default)]
)
def test_the_defaults_are_the_codes(field):
    told = table()[named(field)].strip("`")
    default = Settings.model_fields[field].default
    assert told == (f"{default:g}" if isinstance(default, float) else str(default))


def test_every_setting_the_guide_speaks_of_exists():
    spoken = set(re.findall(r"\bBUSFLOW_[A-Z_]+\b", GUIDE))
    assert spoken <= {named(field) for field in Settings.model_fields}


def options_of(command: Any) -> set[str]:
    return {option for one in command.params for option in (*one.opts, *one.secondary_opts)}


def test_every_command_it_gives_exists():
    spoken = re.findall(r"`busflow ([a-z][^`]*)`|^    busflow ([a-z].*)$", GUIDE, re.MULTILINE)
    assert len(spoken) > 20
    for words in (("".join(pair)).split("#")[0].split() for pair in spoken):
        command = get_command(app)
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]
        assert not hasattr(command, "commands") or not words, f"no such command: {words}"
        assert {word for word in words if word.startswith("--")} <= options_of(command) | {"--help"}, words


def test_the_bounds_it_names_are_the_codes():
    assert bodies.LARGEST_BYTES == {"/events": 16 * 2**20, "/churn_risk": 2**20}
    assert (bodies.USUAL_BYTES, bodies.SECONDS, bodies.EVENTS_SECONDS) == (65_536, 10, 60)
    assert (limits.ROLE_PER_SECOND, limits.ROLE_BURST_SECONDS, limits.VISITOR_BURST_SECONDS) == (5_000, 2, 10)


def test_the_compose_example_is_one():
    [example] = re.findall(r"```yaml\n(.+?)```", GUIDE, re.DOTALL)
    service = yaml.safe_load(example)["services"]["busflow"]
    assert set(service["environment"]) <= set(table())
    known = options_of(get_command(app).commands["serve"])
    assert {argument for argument in service["command"] if argument.startswith("--")} <= known


def test_its_links_lead_somewhere():
    headings = re.findall(r"^#+ (.+)$", GUIDE, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    links = re.findall(r"\]\(#([^)]+)\)", GUIDE)
    assert links
    assert set(links) <= anchors
