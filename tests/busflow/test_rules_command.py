"""`busflow rules` in marketing: a pin for Lübeck, previewed, put in force, replaced and withdrawn."""

import json
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from activity_log.clock import utc_now
from activity_log.database import open_log
from activity_log.ingestion import ingest_events
from activity_log.operators import register_operator
from activity_log.settings import load_settings
from tests.activity_log.stories import KEY, NOW, Books

BOOKS = Books()


@pytest.fixture(autouse=True)
def operator(home: Path) -> None:
    """Föhr leaves in a month, Lübeck in two; no model was ever trained."""
    events = [
        BOOKS.publishes("föhr-27", "2020-01-01", "Föhr"),
        BOOKS.publishes("lübeck-27", "2020-01-01", "Lübeck"),
    ]
    for months, tour in ((1, "föhr"), (2, "lübeck")):
        day = (utc_now() + timedelta(days=30 * months)).date().isoformat()
        data = {
            "departure_id": f"{tour}-d", "tour_id": f"{tour}-27", "departs_on": day, "seats_total": 40,
            "seats_left": 9, "price": "99.00", "boarding_point_ids": ["hamburg"],
        }  # fmt: skip
        events.append(BOOKS.event("DepartureScheduled", "2020-02-01", data))
    with closing(open_log(load_settings())) as database:
        register_operator(database, "reisen", now=NOW, pseudonym_key=KEY)
        raws = [json.dumps(one).encode() for one in events]
        assert ingest_events(database, raws, now=utc_now()).accepted == 4


def told(ended: Any) -> Any:
    assert ended.code == 0, ended.stderr
    return json.loads(ended.stdout)


def test_add_list_replace_withdraw(busflow):
    pin = ("pin", "--family", "lübeck", "-o", "reisen", "--by", "Maren")
    added = told(
        busflow("rules", "add", *pin, "--position", 1, "--note", "Advent", "--to", "2099-01-01", "--json")
    )
    assert (added["rule_id"], added["target"], added["valid_to"]) == (
        1, {"family_id": "lübeck"}, "2099-01-01T00:00:00Z",
    )  # fmt: skip
    assert told(busflow("rules", "add", *pin, "--position", 2, "--replaces", 1, "--json"))["rule_id"] == 2
    listed = busflow("rules", "list", "-o", "reisen", "--all").stdout
    for text in ("withdrawn", "in force", "family_id lübeck", "place 2", "Maren", "Advent"):
        assert text in listed
    assert [one["rule_id"] for one in told(busflow("rules", "list", "-o", "reisen", "--json"))] == [2]
    assert not told(busflow("rules", "withdraw", 2, "-o", "reisen", "--json"))["in_force"]
    assert busflow("rules", "list", "-o", "reisen").stdout == "nothing\n"


def test_a_preview_changes_nothing(busflow):
    asked = ("rules", "preview", "pin", "--family", "lübeck", "--position", 1, "-o", "reisen")
    found = told(busflow(*asked, "--json"))
    assert [place["tour_id"] for place in found["visitors"][0]["after"]] == ["lübeck-27", "föhr-27"]
    assert (found["lists_changed"], found["rules"][0]["lists_changed"]) == (1, 1)
    shown = busflow(*asked)
    assert shown.code == 0
    assert "what each rule does" in shown.stdout
    assert "tours that gain or lose places" in shown.stdout
    assert busflow("rules", "list", "-o", "reisen", "--all").stdout == "nothing\n"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("add", "pin", "--family", "x"), "position: a rule of kind 'pin' needs it; give the place it takes"),
        (
            ("add", "hide", "--family", "x"),
            "kind: Input should be 'pin', 'boost', 'bury', 'exclude' or 'at_most'",
        ),
        (("add", "exclude", "--family", "x", "--tour", "y"), "target: name exactly one of tour_id"),
        (("add", "exclude", "--family", "x", "--to", "soon"), "--to 'soon': use a date like 2026-05-01"),
        (("withdraw", "7"), "operator 'reisen' has no rule 7"),
        (("preview", "--family", "x"), "say which kind of rule to try: one of pin"),
        (("preview", "--sample", "1000"), "sample: Input should be less than or equal to 50"),
    ],
)
def test_wrong_use_is_said_in_one_line(busflow, arguments, problem):
    ended = busflow("rules", *arguments, "-o", "reisen")
    assert ended.code == 2
    assert ended.last_word.startswith(f"busflow: {problem}")
    assert busflow("rules", "list", "-o", "nobody").code == 2
