"""From a file to an answer on the command line, for operators so small that the honest answer is a simple one."""

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from activity_log import schema
from activity_log.database import open_log
from activity_log.settings import load_settings

TABLE = """customer_id,booking_id,item_id,timestamp,amount,description
1,b1,nordsee,2025-01-10T10:00,100,Nordsee
1,b2,nordsee,2025-06-10T10:00,100,Nordsee
1,b3,bodensee,2026-01-10T10:00,200,Bodensee
2,b4,nordsee,2025-02-10T10:00,100,Nordsee
2,b5,harz,2026-02-10T10:00,50,Harz
3,b6,nordsee,2026-03-10T10:00,100,Nordsee
"""
"""Three customers, six bookings; the Nordsee is everybody's."""


def read_models(home):
    """Everything a replay rebuilds, row by row."""
    database = open_log(load_settings(home=home))
    with database.reading() as connection:
        rows = {
            table.name: sorted(map(repr, connection.execute(select(table)))) for table in schema.READ_MODELS
        }
    database.close()
    return rows


def result(ended):
    """What a command with --json put on stdout: JSON and nothing else."""
    assert ended.code == 0, ended.stderr
    return json.loads(ended.stdout)


@pytest.fixture
def three(busflow, home):
    """`drei`, an operator with three customers."""
    table = home.parent / "bookings.csv"
    table.write_text(TABLE)
    busflow("operator", "add", "drei", "--undated")
    imported = result(busflow("import", table, "-o", "drei", "--description", "description", "--json"))
    assert imported["rows read"] == 6
    assert imported["events: BookingConfirmed"] == 6
    return home


def test_importing_twice_doubles_nothing(busflow, three):
    again = result(
        busflow(
            "import", three.parent / "bookings.csv", "-o", "drei", "--description", "description", "--json"
        )
    )
    assert again["accepted"] == 0
    assert again["duplicates"] > 6


def test_three_customers_get_honest_answers(busflow, three):
    from feature_repo.store import open_features
    from models.registry import ModelRegistry
    from serving.answers import Answers
    from serving.visitor import Visitor

    ended = busflow("train", "-o", "drei", "--as-of", "2026-05-01", "--json")
    trained = result(ended)
    assert trained["recommender"]["trained"] is True
    assert trained["churn"]["trained"] is False
    assert trained["churn"]["reason"]
    assert trained["churn"]["reason"] in ended.stderr
    alone = busflow("train", "-o", "drei", "--task", "churn", "--as-of", "2026-05-01")
    assert (alone.code, alone.stdout) == (1, "")
    assert alone.last_word == f"busflow: {trained['churn']['reason']}"

    promoted = busflow("promote", "-o", "drei", "--json")
    assert result(promoted) == {"recommender champion": "1"}
    assert "no churn challenger" in promoted.stderr
    assert (
        result(busflow("features", "build", "-o", "drei", "--as-of", "2026-05-01", "--json"))["customers"]
        == 3
    )

    settings = load_settings()
    database = open_log(settings)
    now = datetime(2026, 5, 1, 12, tzinfo=UTC)
    answers = Answers(database, open_features(settings), ModelRegistry(settings), lambda: now)
    stranger = answers.recommend("drei", Visitor(), "de", n=5)
    assert stranger.basis == "season_popularity"
    assert stranger.items[0].tour_id == "nordsee"
    assert stranger.items[0].reason.evidence["customers"] == 3
    assert (stranger.items[0].departure_id, stranger.items[0].departs_on) == (None, None)
    assert len(stranger.items) == 3  # of five asked for: there are no more
    with database.reading() as connection:
        customers = connection.execute(select(schema.person_profile.c.customer_id)).scalars().all()
    for customer in customers:
        own = answers.recommend("drei", Visitor(customer), "de", n=5)
        assert own.basis == "season_popularity"
        assert answers.customer_insight("drei", customer, "de", with_person=False).churn_risk is None
    database.close()


def test_replaying_gives_the_same_read_models(busflow, three):
    before = read_models(three)
    assert all(before[name] for name in ("person_profile", "touchpoint", "tour"))
    assert result(busflow("replay", "-o", "drei", "--json"))["events replayed"] > 6
    assert read_models(three) == before


def test_simulated_events_come_in_once(busflow, home):
    events, truth = home.parent / "events.jsonl.gz", home.parent / "truth.json"
    options = ("--operator", "klein", "--customers", 20, "--years", 2, "--until", "2026-06-01", "--json")
    written = result(busflow("simulate", events, truth, *options))
    assert written["events"] > 100
    assert truth.stat().st_size > 0
    busflow("operator", "add", "klein")
    first, again = (result(busflow("ingest", events, "-o", "klein", "--json")) for _ in range(2))
    assert (
        first["accepted"] + first["duplicates"] + first["discarded"] + first["quarantined"]
        == written["events"]
    )
    assert again["accepted"] == again["discarded"] == 0
    assert again["duplicates"] == written["events"] - first["quarantined"]


def test_what_is_put_aside_is_listed_with_its_reason(busflow, home):
    busflow("operator", "add", "leer")
    bad = home.parent / "bad.jsonl"
    bad.write_text('{"id": "e-1", "operatorid": "leer"}\nno json\n')
    ended = busflow("ingest", bad)
    assert ended.code == 0
    assert "quarantined" in ended.stdout
    listed = result(busflow("quarantine", "--json"))
    assert {row["event_id"] for row in listed} == {"e-1", None}
    assert all(row["reason"] for row in listed)
    assert "not JSON" in busflow("quarantine").stdout
    assert [row["event_id"] for row in result(busflow("quarantine", "-o", "leer", "--json"))] == ["e-1"]
