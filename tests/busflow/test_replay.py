"""Rebuilding read models and fact files from the command line."""

import json
from pathlib import Path

import pytest

from activity_log.database import open_log
from activity_log.facts.export import FactFiles
from activity_log.operators import find_operator
from activity_log.settings import load_settings
from tests.activity_log.dumps import dump
from tests.activity_log.stories import Books, anna_and_bernd


@pytest.fixture
def reisen(busflow, tmp_path: Path) -> str:
    """The story of Anna and Bernd, its history known as it happened."""
    events = [event | {"recordedtime": event["time"]} for event in anna_and_bernd(Books())]
    file = tmp_path / "events.jsonl"
    file.write_text("".join(json.dumps(event) + "\n" for event in events))
    assert busflow("operator", "add", "reisen").code == 0
    assert busflow("ingest", file).code == 0
    return "reisen"


def read_models() -> dict[str, list[tuple[object, ...]]]:
    return dump(open_log(load_settings()))


def facts() -> tuple[int, list[str]]:
    settings = load_settings()
    database = open_log(settings)
    files = FactFiles(settings.facts_dir, "reisen")
    files.refresh(database, find_operator(database, "reisen"))
    return files.level, files.paths("bookings")


def test_everything_is_rebuilt_as_it_was(busflow, reisen):
    before, facts_before = read_models(), facts()
    ended = busflow("replay", "-o", reisen, "--json")
    assert json.loads(ended.stdout) == {
        "events replayed": 17,
        "levels": dict.fromkeys(
            ("profiles", "identities", "bookings", "catalogue", "threads", "timeline", "facts"),
            facts_before[0],
        ),
    }
    assert (read_models(), facts()) == (before, facts_before)


def test_one_read_model_alone_as_known_at_a_moment_and_back(busflow, reisen):
    before = read_models()
    ended = busflow("replay", "-o", reisen, "--only", "bookings", "--until", "2025-01-01", "--json")
    assert list(json.loads(ended.stdout)["levels"]) == ["bookings"]
    past = read_models()
    assert len(past["booking"]) == 1
    assert past["touchpoint"] == before["touchpoint"]
    assert busflow("replay", "-o", reisen, "--only", "bookings").code == 0
    assert read_models() == before


def test_fact_files_as_known_at_a_moment_stay_so(busflow, reisen, tmp_path: Path):
    whole = facts()
    assert busflow("replay", "-o", reisen, "--only", "facts", "--until", "2025-01-01").code == 0
    past = facts()
    assert past[0] < whole[0]
    late = tmp_path / "late.jsonl"
    known_long_ago = Books().books("anna", "harz", "2024-05-30")
    late.write_text(json.dumps(known_long_ago | {"recordedtime": known_long_ago["time"]}))
    assert busflow("ingest", late).code == 0
    assert facts() == past
    assert busflow("replay", "-o", reisen, "--only", "facts").code == 0
    assert facts()[0] > whole[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--only", "bokings"),
            "no read model is called 'bokings'; there are profiles, identities, bookings,",
        ),
        (("--until", "soon"), "--until 'soon': use a date like 2026-05-01"),
        (("--until", "2999-01-01"), "--until '2999-01-01': lies ahead; leave it out to follow the log"),
    ],
)
def test_wrong_use_is_named(busflow, reisen, options: tuple[str, ...], message: str):
    ended = busflow("replay", "-o", reisen, *options)
    assert ended.code == 2
    assert message in ended.last_word
