"""What happened to a customer: filtered, page by page, and quick in a long log."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from activity_log.attribution import touches
from activity_log.contracts.types import TYPES
from activity_log.errors import WrongUseError
from activity_log.read_models.event_groups import EVENT_GROUPS, TOUCHING
from activity_log.timeline import TimelineFilter, TimelineRow, timeline, types_named
from tests.activity_log.logs import Log
from tests.activity_log.stories import Books, anna_and_bernd
from tests.contracts.examples import EXAMPLES

BOOKS = Books()


@pytest.fixture
def told(log: Log) -> str:
    return log.told(anna_and_bernd(BOOKS))


def of(log: Log, operator_id: str, person: str, **asked: object) -> list[TimelineRow]:
    with log.database.reading() as connection:
        return timeline(connection, operator_id, log.customer(operator_id, person), **asked)  # type: ignore[arg-type]


def days(rows: list[TimelineRow]) -> list[str]:
    return [row.event.occurred_at.date().isoformat() for row in rows]


def test_only_some_types_and_groups(log: Log, told: str):
    profiles = of(log, told, "anna", only=TimelineFilter(types_named(["profile"])))
    assert days(profiles) == ["2024-08-01", "2020-01-01"]
    both = of(log, told, "anna", only=TimelineFilter(types_named(["messages", "PersonProfileUpdated"])))
    assert days(both) == ["2026-04-01", "2024-08-01", "2020-01-01"]
    assert of(log, told, "anna", only=TimelineFilter(frozenset())) == []
    assert types_named([]) is None


def test_only_some_time_its_end_excluded(log: Log, told: str):
    from_may = datetime(2024, 5, 2, 9, tzinfo=UTC)
    to_may = datetime(2025, 5, 2, 9, tzinfo=UTC)
    assert days(of(log, told, "anna", only=TimelineFilter(since=from_may, until=to_may))) == [
        "2024-08-01",
        "2024-05-02",
    ]


def test_a_name_that_is_no_type_and_no_group_is_refused():
    with pytest.raises(WrongUseError, match="type 'holidays': use an event type or one of bookings, consent"):
        types_named(["bookings", "holidays"])


def test_every_type_that_touches_a_person_is_in_one_group():
    touching = {
        name for name, data in EXAMPLES.items() if name in TYPES and touches(TYPES[name].payload(**data))
    }
    assert touching == TOUCHING
    assert sum(map(len, EVENT_GROUPS.values())) == len(TOUCHING)


def test_what_comes_in_between_two_pages_neither_repeats_nor_hides_an_event(log: Log, told: str):
    whole = days(of(log, told, "anna"))
    first = of(log, told, "anna", limit=3)
    log.tell(told, [BOOKS.books("anna", "harz", "2026-05-30"), BOOKS.books("anna", "harz", "2020-06-01")])
    last = first[-1].event
    second = of(log, told, "anna", before=(last.occurred_at, last.seq))
    assert days(first) == whole[:3]
    assert days(second) == sorted([*whole[3:], "2020-06-01"], reverse=True)


def test_unmerged_people_have_their_own_timelines_again(log: Log, told: str):
    together = of(log, told, "carla")
    split = BOOKS.event(
        "PersonProfilesUnmerged", "2026-01-01", {"surviving_id": "carla", "merged_id": "carla2"}
    )
    log.tell(told, [split])
    carla, carla2 = of(log, told, "carla"), of(log, told, "carla2")
    assert days(carla) == ["2026-01-01", "2025-06-01", "2021-03-01"]
    assert days(carla2) == ["2026-01-01", "2025-06-01", "2025-02-20", "2025-02-01", "2023-03-01"]
    assert {row.event.seq for row in carla} | {row.event.seq for row in carla2} > {
        row.event.seq for row in together
    }


def test_a_page_is_one_walk_back_along_the_key(log: Log):
    """Whatever the customer's history, a page reads its own rows: no sort, no scan."""
    query = """SELECT occurred_at, seq, role FROM touchpoint WHERE operator_id = 'o' AND customer_id = 'c'
               AND (occurred_at, seq) < (1000, 5) ORDER BY occurred_at DESC, seq DESC LIMIT 50"""
    with log.database.reading() as connection:
        if connection.dialect.name == "sqlite":
            plan = [row[3] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {query}"))]
            key = "operator_id=? AND customer_id=? AND (occurred_at,seq)<(?,?)"
            assert plan == [f"SEARCH touchpoint USING PRIMARY KEY ({key})"]
        else:
            connection.execute(text("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"))
            plan = [row[0].strip() for row in connection.execute(text(f"EXPLAIN (COSTS off) {query}"))]
            assert plan[:2] == ["Limit", "->  Index Scan Backward using touchpoint_pkey on touchpoint"]
            assert "ROW(occurred_at, seq) < ROW(1000, 5)" in plan[2]
