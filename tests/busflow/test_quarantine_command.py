"""`busflow quarantine` as a person and as a script use it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.activity_log.stories import Books
from tests.busflow.conftest import Busflow, Ended

Rows = list[dict[str, Any]]


@pytest.fixture
def refused(busflow: Busflow, tmp_path: Path) -> Rows:
    """Two bookings with amounts nobody can read, one of an operator nobody knows, and a line that is no JSON."""
    busflow("operator", "add", "reisen")
    booking = Books().books("anna", "nordsee-26", "2026-05-02", amount="12,50")
    events = [booking, booking | {"id": "second"}, Books("neu").books("bernd", "harz-26", "2026-05-02")]
    lines = [json.dumps(event).encode() for event in events]
    (tmp_path / "events.jsonl").write_bytes(b"\n".join([*lines, b"\xff what?\n"]))
    busflow("ingest", tmp_path / "events.jsonl")
    return rows(busflow("quarantine", "--json"))


def rows(ended: Ended) -> Any:
    assert ended.code == 0, ended.stderr
    return json.loads(ended.stdout)


def of(refused: Rows, reason: str) -> str:
    return next(str(row["fingerprint"]) for row in refused if row["reason"].startswith(reason))


def test_what_waits_is_listed_with_and_without_the_word(busflow: Busflow, refused: Rows):
    assert rows(busflow("quarantine", "list", "--json")) == refused
    assert len(refused) == 4
    assert [row["event_id"] for row in rows(busflow("quarantine", "-o", "neu", "--json"))] == [
        refused[[row["operator_id"] for row in refused].index("neu")]["event_id"]
    ]
    assert refused[0]["fingerprint"][:12] in busflow("quarantine").stdout


def test_pages_say_how_to_go_on(busflow: Busflow, refused: Rows):
    first = busflow("quarantine", "list", "--limit", 3, "--json")
    hint = first.last_word.rpartition("--after ")[2]
    assert rows(first) == refused[:3]
    assert rows(busflow("quarantine", "list", "--limit", 3, "--after", hint, "--json")) == refused[3:]


def test_reasons_are_counted(busflow: Busflow, refused: Rows):
    counted = rows(busflow("quarantine", "list", "--counts", "--json"))
    assert sorted((row["operator_id"] or "", row["entries"]) for row in counted) == [
        ("", 1), ("neu", 1), ("reisen", 2)
    ]  # fmt: skip


def test_one_is_shown_with_its_bytes(busflow: Busflow, refused: Rows):
    booking = rows(busflow("quarantine", "show", of(refused, "data.total_amount")[:8], "--json"))
    assert json.loads(booking["raw"])["data"]["total_amount"] == "12,50"
    no_text = rows(busflow("quarantine", "show", of(refused, "not JSON"), "--json"))
    assert no_text["raw_base64"] == "/yB3aGF0Pw=="


def test_a_field_is_repaired(busflow: Busflow, refused: Rows):
    fingerprint = of(refused, "data.total_amount")
    ended = busflow("quarantine", "repair", fingerprint, "--set", "data.total_amount=zwölf")
    assert (ended.code, "was refused again: data.total_amount" in ended.last_word) == (1, True)
    [row] = rows(busflow("quarantine", "repair", fingerprint, "--set", "data.total_amount=12.50", "--json"))
    assert (row["result"], row["reason"]) == ("accepted", None)
    [resolved] = rows(busflow("quarantine", "list", "--resolved", "--json"))
    assert (resolved["resolution"], resolved["attempts"]) == ("accepted", 2)
    assert busflow("quarantine", "repair", fingerprint, "--set", "a=b").code == 2


def test_an_event_is_repaired_by_a_patch_or_by_a_file(busflow: Busflow, refused: Rows, tmp_path: Path):
    patch = json.dumps({"data": {"total_amount": "12.50"}})
    [row] = rows(
        busflow("quarantine", "repair", of(refused, "data.total_amount"), "--patch", patch, "--json")
    )
    assert row["result"] == "accepted"
    whole = tmp_path / "corrected.json"
    whole.write_text(json.dumps(Books().knows("anna", "Anna", "Müller")))
    [row] = rows(busflow("quarantine", "repair", of(refused, "not JSON"), "--event", whole, "--json"))
    assert row["result"] == "accepted"


def test_all_of_a_reason_are_sent_again_once_the_operator_is_known(busflow: Busflow, refused: Rows):
    again = ("quarantine", "resubmit", "--reason", "operatorid: unknown operator", "--json")
    ended = busflow(*again)
    assert (ended.code, json.loads(ended.stdout)["refused"]) == (1, 1)
    assert ended.last_word == "busflow: 1 were refused again; see `busflow quarantine list`"
    busflow("operator", "add", "neu")
    assert rows(busflow(*again)) == {"accepted": 1, "duplicate": 0, "discarded": 0, "refused": 0}
    assert len(rows(busflow("quarantine", "--json"))) == 3


def test_what_will_never_count_is_dropped_for_a_reason(busflow: Busflow, refused: Rows):
    fingerprint = of(refused, "not JSON")
    assert rows(busflow("quarantine", "drop", fingerprint, "--because", "a port scan", "--json")) == {
        "dropped": 1
    }
    dropped = busflow("quarantine", "drop", "--reason", "data.total", "--because", "a test", "--json")
    assert rows(dropped) == {"dropped": 2}
    told = busflow("quarantine", "list", "--resolved").stdout
    assert "dropped: a port scan" in told
    assert "dropped: a test" in told


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["resubmit"], "name entries by their fingerprints, or choose them"),
        (["resubmit", "0" * 64, "--reason", "x"], "name entries by their fingerprints, or choose them"),
        (["resubmit", "0" * 64], "no such entry"),
        (["drop", "--reason", "x"], "Missing option '--because'"),
        (["drop", "--reason", "x", "--because", " "], "a reason is needed"),
        (["repair", "0" * 64], "one of --set, --patch and --event"),
        (["repair", "0" * 64, "--set", "a=b", "--patch", "{}"], "one of --set, --patch and --event"),
        (["repair", "0" * 64, "--set", "ab"], "write a field and its value"),
        (["repair", "0" * 64, "--patch", "{"], "the patch is not JSON"),
        (["repair", "0" * 64, "--event", "nowhere.json"], "nowhere.json: no such file"),
        (["list", "--since", "gestern"], "--since 'gestern': use a date"),
        (["list", "--after", "0" * 64], "no such entry"),
        (["--json", "list"], "write options behind the command"),
        (["show", "xyz"], "give 8 to 64 of its digits"),
    ],
)
def test_wrong_use_is_one_line_and_code_2(busflow: Busflow, words: list[str], problem: str):
    ended = busflow("quarantine", *words)
    assert (ended.code, ended.stdout) == (2, "")
    assert problem in ended.last_word
