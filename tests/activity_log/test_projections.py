"""Read models in both stores: in any order of arrival the same, rebuilt alone the same, frozen where told."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from activity_log import ledger
from activity_log.errors import WrongUseError
from activity_log.ingestion import ingest_events
from activity_log.operators import find_operator
from activity_log.projection_state import levels
from activity_log.read_models import PROJECTIONS
from activity_log.replaying import replay
from simulator import SimulationSpec, simulate
from tests.activity_log.dumps import TABLES_OF, dump
from tests.activity_log.logs import Log
from tests.activity_log.stories import NOW, Books, Event, anna_and_bernd

FEW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
NAMES = [projection.name for projection in PROJECTIONS]


def talk(books: Books, when: str, **rated: int) -> Event:
    data = {
        "conversation_id": "k1",
        "contact_id": "contact-anna",
        "person_profile_id": "anna",
        "channel": "phone",
    }
    return books.event("ConversationResolved", when, data | rated)


def misses(books: Books, when: str) -> Event:
    data = {"booking_id": "b-anna-nordsee-25-2025-05-02", "person_profile_id": "bernd"}
    return books.event("BookingNoShow", when, data)


def whole_story(books: Books) -> list[Event]:
    """Anna and Bernd, and what else may happen to a read model: each told again, taken back, or never confirmed."""
    return [
        *anna_and_bernd(books),
        books.books("anna", "nordsee-26", "2026-05-02", amount="450.00")
        | {"id": "again", "time": "2026-05-03T09:00:00Z"},
        misses(books, "2025-09-01"),
        misses(books, "2025-09-02"),
        books.cancels("dora", "harz-26", "2026-01-01", "2026-01-05"),
        books.writes("contact-anna", "2026-03-01", "anna", "MessageDelivered"),
        books.writes("contact-anna", "2026-03-02", "anna", "MessageDelivered"),
        books.writes("contact-bernd", "2026-03-02", "bernd", "MessageDelivered"),
        talk(books, "2026-02-01", satisfaction=4),
        talk(books, "2026-02-02", satisfaction=5, nps=9),
        books.event("PersonProfilesUnmerged", "2025-08-01", {"surviving_id": "carla", "merged_id": "carla2"}),
        books.merges("anna", "carla", "2025-09-01"),
        books.event(
            "ServiceLegCompleted",
            "2025-09-02",
            {"departure_id": "d", "leg_id": "l", "person_profile_ids": ["anna", "bernd"]},
        ),
    ]


STORY = [event | {"recordedtime": event["time"].replace("T09", "T10")} for event in whole_story(Books())]


@pytest.fixture(scope="module")
def straight(log: Log) -> dict[str, Any]:
    return dump(log.database, log.told(STORY), places=False)


@pytest.fixture(scope="module")
def simulated() -> list[Event]:
    spec = SimulationSpec(customers=12, years=2, families=3, until=date(2026, 1, 1))
    return [json.loads(event) if isinstance(event, str) else event for event in simulate(spec).events]


# Any order, any repetition


def test_the_story_leaves_no_table_empty(straight: dict[str, Any]):
    assert [table for table, rows in straight.items() if not rows] == []


@FEW
@given(
    order=st.permutations(STORY),
    again=st.lists(st.sampled_from(STORY), max_size=8),
    sizes=st.lists(st.integers(1, 12), min_size=40, max_size=40),
)
def test_order_of_arrival_and_doubles_change_nothing(
    log: Log, straight: dict[str, Any], order: list[Event], again: list[Event], sizes: list[int]
):
    shuffled, arriving = log.operator(), [*order, *again]
    for end, size in zip(accumulate(sizes), sizes, strict=True):
        if batch := arriving[end - size : end]:
            log.tell(shuffled, batch)
    assert dump(log.database, shuffled, places=False) == straight


@pytest.mark.parametrize("seed", [1, 2])
def test_two_simulated_years_in_any_order(log: Log, simulated: list[Event], seed: int):
    chance = Random(seed)
    arriving = chance.sample(simulated, len(simulated)) + chance.choices(simulated, k=50)
    straight, shuffled = log.told(simulated), log.operator()
    for start in range(0, len(arriving), 700):
        log.tell(shuffled, arriving[start : start + 700])
    assert dump(log.database, shuffled, places=False) == dump(log.database, straight, places=False)


# Rebuilt


def test_a_replay_gives_identical_read_models(log: Log, simulated: list[Event]):
    operator_id, other = log.told(simulated), log.told(STORY)
    before, others = dump(log.database, operator_id), dump(log.database, other)
    levels_before = log.levels(operator_id)
    assert log.replay(operator_id) > len(simulated) / 2
    assert dump(log.database, operator_id) == before
    assert log.levels(operator_id) == levels_before
    assert dump(log.database, other) == others


@pytest.mark.parametrize("name", NAMES)
def test_each_read_model_is_rebuilt_alone(log: Log, name: str):
    operator_id = log.told(STORY)
    before = dump(log.database, operator_id)
    with log.database.writing() as connection:
        for table in (table for tables in TABLES_OF.values() for table in tables):
            connection.execute(delete(table).where(table.c.operator_id == operator_id))
    log.replay(operator_id, name)
    own = {table.name for table in TABLES_OF[name]}
    rebuilt = dump(log.database, operator_id)
    assert {table: rows for table, rows in rebuilt.items() if rows} == {table: before[table] for table in own}


def test_a_replay_goes_on_where_the_log_is_long(log: Log, monkeypatch: pytest.MonkeyPatch):
    operator_id, reached = log.told(STORY), list[int]()
    before = dump(log.database, operator_id)
    monkeypatch.setattr("activity_log.replaying.CHUNK", 5)
    known = find_operator(log.database, operator_id)
    with log.database.writing() as connection:
        replay(connection, known, progress=reached.append)
    assert dump(log.database, operator_id) == before
    assert len(reached) > 4
    assert reached == sorted(reached)


def test_an_error_in_a_replay_leaves_all_as_it_was(log: Log):
    operator_id = log.told(STORY)
    before = dump(log.database, operator_id)

    def fall(_seq: int) -> None:
        raise RuntimeError("the power went")

    with pytest.raises(RuntimeError, match="power"), log.database.writing() as connection:
        replay(connection, find_operator(log.database, operator_id), progress=fall)
    assert dump(log.database, operator_id) == before


def test_an_unknown_read_model_is_named(log: Log):
    with pytest.raises(WrongUseError, match="no read model is called 'bokings'; there are profiles, "):
        log.replay(log.told(STORY), "bokings")


# The world as known at a moment


@FEW
@given(moment=st.integers(0, 6 * 366 * 24).map(lambda hours: BEGINNING + timedelta(hours=hours)))
def test_until_shows_the_world_as_known_then(log: Log, moment: datetime):
    known = [event for event in STORY if datetime.fromisoformat(event["recordedtime"]) < moment]
    whole, part = log.told(STORY), log.told(known) if known else log.operator()
    log.replay(whole, until=moment)
    assert dump(log.database, whole, places=False) == dump(log.database, part, places=False)


def test_what_is_known_in_that_very_moment_is_not_known_before_it(log: Log):
    operator_id = log.told(STORY)
    log.replay(operator_id, "profiles", until=datetime(2021, 3, 1, 10, tzinfo=UTC))
    assert {row[0] for row in dump(log.database, operator_id)["person_profile"]} == {"anna", "bernd"}


def test_a_frozen_read_model_stands_still_while_the_others_follow(log: Log):
    early, late = STORY[:20], STORY[20:]
    operator_id, never_frozen = log.told(early), log.told(STORY)
    log.replay(operator_id, "bookings", "threads", until=NOW)
    frozen, level = dump(log.database, operator_id), log.levels(operator_id)
    log.tell(operator_id, late)

    after, expected = (
        dump(log.database, operator_id, places=False),
        dump(log.database, never_frozen, places=False),
    )
    for name in NAMES:
        for table in TABLES_OF[name]:
            same = frozen if name in ("bookings", "threads") else expected
            assert after[table.name] == same[table.name]
    with log.database.reading() as connection:
        newest = ledger.last_seq(connection, operator_id)
        states = levels(connection, operator_id)
    assert {name: state.seq for name, state in states.items() if name in NAMES} == {
        name: level[name] if name in ("bookings", "threads") else newest for name in NAMES
    }
    assert {state.until for state in states.values()} == {None, NOW}

    log.replay(operator_id, "bookings", "threads")
    assert dump(log.database, operator_id, places=False) == expected
    log.tell(operator_id, [Books().books("dora", "harz-26", "2026-01-01") | {"id": "live again"}])
    assert len(dump(log.database, operator_id)["booking"]) == len(expected["booking"]) + 1


def test_one_frozen_operator_holds_up_no_other_in_the_same_batch(log: Log):
    frozen, live = log.told(STORY[:5]), log.told(STORY[:5])
    log.replay(frozen, until=NOW)
    booking = Books().books("anna", "nordsee-27", "2026-05-05")
    raws = [json.dumps(booking | {"operatorid": one}).encode() for one in (frozen, live)]
    ingest_events(log.database, raws, now=NOW)
    assert [len(dump(log.database, one)["booking"]) for one in (frozen, live)] == [0, 1]


def test_a_level_moves_only_with_the_transaction_that_folds(log: Log, monkeypatch: pytest.MonkeyPatch):
    operator_id = log.told(STORY[:5])
    before = log.levels(operator_id)

    def fall(*_args: object, **_named: object) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr("activity_log.projections.write", fall)
    with pytest.raises(RuntimeError, match="power"):
        log.tell(operator_id, STORY[5:9])
    assert log.levels(operator_id) == before


# Which of two statements counts


def test_the_later_profile_wins_however_late_the_earlier_one_arrives(log: Log):
    old, new = STORY[0], STORY[1]
    operator_id = log.told([new])
    log.tell(operator_id, [old])
    [profile] = dump(log.database, operator_id)["person_profile"]
    assert profile[3] == "Müller-Lüdenscheidt"
    assert profile[4] is None, "a profile event is the full profile: what it leaves out is gone"


def test_between_equals_the_greater_event_id_wins_in_every_collation(log: Log):
    first = Books().publishes("nordsee-26", "2025-10-01", "Nordsee A") | {"id": "B"}
    second = Books().publishes("nordsee-26", "2025-10-01", "Nordsee B") | {"id": "a"}
    for order in ([first, second], [second, first]):
        operator_id = log.operator()
        for event in order:
            log.tell(operator_id, [event])
        [tour] = dump(log.database, operator_id)["tour"]
        assert tour[2] == "Nordsee B"
