"""`busflow features`, as a data scientist uses it: check, show, and what a breach keeps from being promoted."""

import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from feature_repo.groups import GROUPS
from tests.busflow.conftest import Busflow
from tests.conftest import NOW, SimulatedOperator

DAY = f"{NOW:%Y-%m-%d}"
NAMES = [feature.name for group in GROUPS for feature in group.features]


@pytest.fixture
def nordlicht_home(trained: SimulatedOperator, home: Path) -> Path:
    """The trained operator in a home of our own; its models stay where they are."""
    return shutil.copytree(trained.settings.home, home)


@pytest.fixture
def anna(trained: SimulatedOperator) -> str:
    """The pseudonym of somebody who booked."""
    lines = (trained.settings.home / "events.jsonl").read_text().splitlines()
    booked = next(event for event in map(json.loads, lines) if event["type"] == "BookingConfirmed")
    return trained.operator.pseudonym(booked["data"]["booker_profile_id"])


def in_cents(home: Path) -> Path:
    """Every booking of the last year is confirmed once more, by somebody who thinks that money is cents."""
    events = [json.loads(line) for line in (home / "events.jsonl").read_text().splitlines()]
    told = home / "cents.jsonl"
    with told.open("w") as file:
        for event in events:
            happened = datetime.fromisoformat(event["time"])
            if event["type"] == "BookingConfirmed" and NOW - happened < timedelta(days=365):
                amount = {"total_amount": f"{float(event['data']['total_amount']) * 100:.2f}"}
                moments = {
                    "time": (happened + timedelta(minutes=1)).isoformat(),
                    "recordedtime": event["time"],
                }
                new = {"id": f"{event['id']}-cents", "data": event["data"] | amount}
                file.write(json.dumps(event | moments | new) + "\n")
    return told


def test_sound_features_pass_and_are_drawn(nordlicht_home: Path, busflow: Busflow, tmp_path: Path):
    page = tmp_path / "features.html"
    ended = busflow("features", "check", "-o", "nordlicht", "--as-of", DAY, "--html", page, "--json")
    assert ended.code == 0
    told = json.loads(ended.stdout)
    assert told["holds"]
    assert told["reference"] == "nordlicht.churn version 1"
    assert [one["name"] for one in told["features"]] == NAMES
    assert not any(one["breach"] for one in told["findings"])
    html = page.read_text()
    assert all(f'<article id="{name}"' in html for name in NAMES)
    assert html.count("<svg") > 0.9 * len(NAMES)
    assert "Nothing speaks against these features" in html
    assert "<script" not in html
    assert "src=" not in html


def test_a_breach_is_told_in_one_line_and_keeps_the_model_out(nordlicht_home: Path, busflow: Busflow):
    assert busflow("ingest", in_cents(nordlicht_home)).code == 0
    ended = busflow("features", "check", "-o", "nordlicht", "--as-of", DAY)
    assert ended.code == 1
    assert ended.last_word.startswith("busflow: features in breach: ")
    assert "revenue_365d: values lie" in ended.last_word
    refused = busflow("promote", "-o", "nordlicht", "-t", "churn")
    assert refused.code == 1
    assert "revenue_365d: values lie" in refused.last_word
    assert "--force with --why promotes it all the same" in refused.last_word
    assert busflow("promote", "-o", "nordlicht", "-t", "recommender").code == 0
    assert busflow("promote", "-o", "nordlicht", "-t", "churn", "--force", "--why", "a test").code == 0


def test_a_page_needs_a_folder_to_go_to(nordlicht_home: Path, busflow: Busflow):
    ended = busflow("features", "check", "-o", "nordlicht", "--html", "nowhere/page.html")
    assert ended.code == 2
    assert "there is no folder nowhere" in ended.last_word


def test_somebody_is_shown_with_every_feature_and_event(nordlicht_home: Path, busflow: Busflow, anna: str):
    ended = busflow("features", "show", anna, "-o", "nordlicht", "--as-of", DAY)
    assert ended.code == 0
    assert all(name in ended.stdout for name in NAMES)
    assert "BookingConfirmed, recorded" in ended.stdout
    assert "- (" in ended.stdout, "what is missing says why"


def test_json_tells_units_and_both_clocks(nordlicht_home: Path, busflow: Busflow, anna: str):
    ended = busflow("features", "show", anna, "-o", "nordlicht", "--as-of", DAY, "--json")
    told = json.loads(ended.stdout)
    assert (told["customer_id"], told["as_of"]) == (anna, NOW.isoformat())
    features = {one["name"]: one for one in told["features"]}
    assert list(features) == NAMES
    assert features["total_bookings"]["unit"] == "count"
    assert features["total_bookings"]["value"] >= 1
    assert {one["type"] for one in told["events"]} >= {"PersonProfileUpdated", "BookingConfirmed"}
    assert all(one["occurred_at"] < told["as_of"] for one in told["events"])


def test_somebody_unknown_is_one_line(nordlicht_home: Path, busflow: Busflow):
    ended = busflow("features", "show", "c-nobody", "-o", "nordlicht")
    assert (ended.code, ended.stdout) == (1, "")
    assert ended.last_word == "busflow: unknown customer: c-nobody"


@pytest.mark.slow
def test_docs_are_written_as_they_are_committed(home: Path, busflow: Busflow, tmp_path: Path):
    committed = Path(__file__).parents[2] / "docs" / "features"
    ended = busflow("features", "docs", tmp_path / "pages", "--json")
    assert ended.code == 0
    assert json.loads(ended.stdout)["files"] == len(NAMES) + len(GROUPS) + 1
    written = {path.relative_to(tmp_path / "pages") for path in (tmp_path / "pages").rglob("*.*")}
    assert written == {path.relative_to(committed) for path in committed.rglob("*.*")}
    assert not home.exists(), "nothing is left in the installation"
