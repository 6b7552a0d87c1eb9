"""The few customers an event touches get the very features that a full build gives them."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activity_log.database import Database, open_database
from activity_log.facts.of_customers import CustomerFacts, facts_of
from activity_log.ingestion import ingest_events
from activity_log.vault import Vault
from feature_repo.recomputing import Recomputing
from tests.feature_repo.stories import NOW, Logged, Row, Story, log_stories, utc
from tests.feature_repo.test_always import FEW, MOMENTS, PEOPLE, future, past, told

recomputing = cache(Recomputing)

LogAndKeep = Callable[[Story], AbstractContextManager[tuple[Database, Logged]]]


@pytest.fixture(scope="module")
def kept_log(empty_log: Path, tmp_path_factory: pytest.TempPathFactory) -> LogAndKeep:
    """Put a story into a log, export its facts, and open the log again."""
    root, numbers = tmp_path_factory.mktemp("kept"), count()

    @contextmanager
    def keep(story: Story) -> Iterator[tuple[Database, Logged]]:
        home = root / str(next(numbers))
        (logged,) = log_stories(empty_log, home, story)
        with closing(open_database(f"sqlite:///{home / 'log.db'}", Vault(bytes(32)))) as database:
            yield database, logged

    return keep


def recomputed(
    database: Database, logged: Logged, people: tuple[str, ...], as_of: datetime
) -> dict[str, Row]:
    """The features of these people by customer_id, from their own facts alone."""
    customers = [logged.operator.pseudonym(person) for person in people]
    with database.reading() as connection:
        facts = facts_of(connection, logged.operator, customers)
    rows: dict[str, Row] = {}
    for table in recomputing().features(facts, customers, as_of).values():
        for row in table.to_pylist():
            rows.setdefault(row["customer_id"], {}).update(row)
    return rows


def built(logged: Logged, people: tuple[str, ...], as_of: datetime) -> dict[str, Row]:
    """What the full build says of them."""
    customers = {logged.operator.pseudonym(person) for person in people}
    return {who: row for (who, _), row in logged.at(as_of).rows.items() if who in customers}


def same(ours: dict[str, Row], theirs: dict[str, Row]) -> None:
    assert ours.keys() == theirs.keys()
    for who, row in theirs.items():
        assert ours[who].keys() == row.keys()
        for name, value in row.items():
            mine = ours[who][name]
            if isinstance(value, float):
                assert mine == pytest.approx(value, rel=1e-9, nan_ok=True), name
            elif isinstance(value, datetime):
                assert mine.astimezone(UTC) == value.astimezone(UTC), name
            else:
                assert mine == value, name


@FEW
@given(
    past=past,
    future=future,
    people=st.sets(st.sampled_from(PEOPLE), min_size=1).map(lambda some: tuple(sorted(some))),
    as_of=st.sampled_from([*MOMENTS, utc("2025-01-01"), utc("2027-01-01")]),
)
def test_a_few_customers_get_what_the_full_build_gives_them(
    kept_log: LogAndKeep, past: Any, future: Any, people: tuple[str, ...], as_of: datetime
):
    story = told(past)
    for (type_, data), (when, known) in future:
        story.tell(type_, when, known=known, **data)
    with kept_log(story) as (database, logged):
        same(recomputed(database, logged, people, as_of), built(logged, people, as_of))


def compared(kept_log: LogAndKeep, story: Story, person: str, as_of: str = "2024-06-01") -> Row:
    """The features of a person alone, which must be those of the full build."""
    with kept_log(story) as (database, logged):
        ours = recomputed(database, logged, (person,), utc(as_of))
        same(ours, built(logged, (person,), utc(as_of)))
        return ours[logged.operator.pseudonym(person)]


@pytest.fixture
def couple() -> Story:
    """Anna books for herself and Bernd; the booking is b1."""
    story = Story()
    story.knows("anna", "bernd", "carla")
    story.publishes("nordsee-24", "nordsee")
    story.books("anna", "2024-01-10", travellers=["anna", "bernd"], booking="b1")
    return story


def test_a_traveller_is_there_as_long_as_the_booking_stands(kept_log: LogAndKeep, couple: Story):
    row = compared(kept_log, couple, "bernd")
    assert (row["total_trips"], row["favourite_family"]) == (1, "nordsee")


def test_a_cancellation_by_somebody_else_ends_the_trip(kept_log: LogAndKeep, couple: Story):
    couple.cancels("carla", "b1", "2024-02-01")
    assert compared(kept_log, couple, "bernd")["total_trips"] == 0


def test_the_first_of_two_cancellations_counts_although_a_stranger_sent_it(
    kept_log: LogAndKeep, couple: Story
):
    couple.cancels("carla", "b1", "2024-02-01")
    couple.cancels("anna", "b1", "2024-08-01")
    assert compared(kept_log, couple, "bernd")["total_trips"] == 0


def test_who_was_dropped_from_the_party_travels_no_more(kept_log: LogAndKeep, couple: Story):
    couple.books("anna", "2024-02-01", travellers=["anna", "carla"], booking="b1")
    assert compared(kept_log, couple, "bernd")["total_trips"] == 0


def test_bookings_of_who_was_merged_into_somebody_count_for_the_survivor(kept_log: LogAndKeep, couple: Story):
    couple.merges("carla", "bernd", "2024-03-01")
    couple.books("anna", "2024-04-01", travellers=["anna"], booking="b1")
    couple.merges("anna", "carla", "2025-03-01")
    assert compared(kept_log, couple, "carla", "2024-03-20")["total_trips"] == 1
    assert compared(kept_log, couple, "carla", "2024-06-01")["total_trips"] == 0


def test_tours_published_after_the_first_look_count_at_the_next(kept_log: LogAndKeep, couple: Story):
    with kept_log(couple) as (database, logged):
        facts, bernd = CustomerFacts(logged.operator), [logged.operator.pseudonym("bernd")]

        def families() -> list[str]:
            with database.reading() as connection:
                return facts.of(connection, bernd)["tours"]["family_id"].to_pylist()

        assert families() == ["nordsee"]
        couple.publishes("nordsee-24", "meer", "2024-02-01")
        couple.publishes("harz-24", "harz", "2024-02-01")
        raws = [json.dumps(event).encode() for event in couple.events]
        assert ingest_events(database, raws, now=NOW).accepted == 2
        assert families() == families() == ["nordsee", "meer"]
