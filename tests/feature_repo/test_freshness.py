"""The online store follows the log: whatever happens, and whoever is killed, it ends as a full build says."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from activity_log import projection_state
from activity_log.database import Database, open_database
from activity_log.facts.export import FactFiles
from activity_log.ingestion import ingest_events
from activity_log.lags import online_lag
from activity_log.operators import Operator, register_operator
from activity_log.replaying import replay
from activity_log.settings import load_settings
from activity_log.turns import turn
from activity_log.vault import Vault
from feature_repo.freshness import follower as followers
from feature_repo.freshness import mark as marks
from feature_repo.freshness.filling import filling
from feature_repo.freshness.follower import Follower, FrozenLogError, Step
from feature_repo.groups import GROUPS
from feature_repo.reading import Reading
from feature_repo.recomputing import STATES
from tests.feature_repo.online_fakes import FakeStore, StoreAwayError
from tests.feature_repo.stories import KEY, NOW, Logged, Row, Story, utc
from tests.feature_repo.test_always import FEW, PEOPLE, T, future, past, told
from tests.feature_repo.test_recomputing import recomputing, same

LATER = timedelta(minutes=1)


@cache
def reading() -> Reading:
    return Reading([feature.name for group in GROUPS for feature in group.features])


@dataclass
class World:
    """A log, a store and a clock. What is told is recorded when the clock says, unless it says otherwise itself."""

    database: Database
    operator: Operator
    files: FactFiles
    now: datetime
    store: FakeStore = field(default_factory=FakeStore)
    told: int = 0

    def __post_init__(self) -> None:
        self.follower = self.restarted()

    def restarted(self) -> Follower:
        """Follow by somebody who remembers nothing."""
        self.follower = Follower(self.database, self.operator, self.store, recomputing())
        return self.follower

    def tell(self, story: Story, *, at: datetime | None = None, keep: bool = False) -> None:
        """Send what was added to a story since the last time."""
        raws = [json.dumps(event).encode() for event in story.events[self.told :]]
        self.told = len(story.events)
        receipt = ingest_events(self.database, raws, now=at or self.now, keep_recorded_time=keep)
        assert not receipt.quarantined, receipt.quarantined

    def step(self) -> Step:
        """A minute later."""
        self.now += LATER
        return self.follower.step(lambda: self.now)

    def online(self, person: str) -> Row | None:
        """What is read online now."""
        packed = self.store.states("reisen").get(self.operator.pseudonym(person))
        return None if packed is None else reading().row(packed, self.now)

    def is_level(self) -> None:
        """Hold everybody online against a full build of this moment."""
        self.files.refresh(self.database, self.operator)
        built = Logged(self.files, self.operator).at(self.now).rows
        keys = {"operator_id", "customer_id", "as_of"}
        expected = {
            who: {name: value for name, value in row.items() if name not in keys}
            for (who, _), row in built.items()
        }
        states = self.store.states("reisen")
        same({who: reading().row(packed, self.now) for who, packed in states.items()}, expected)


WorldOf = Callable[..., World]


@pytest.fixture(scope="module")
def world_at(empty_log: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorldOf]:
    root, numbers, opened = tmp_path_factory.mktemp("worlds"), count(), ExitStack()

    def world(now: datetime) -> World:
        home = root / str(next(numbers))
        home.mkdir()
        shutil.copy(empty_log, home / "log.db")
        database = opened.enter_context(
            closing(open_database(f"sqlite:///{home / 'log.db'}", Vault(bytes(32))))
        )
        operator = register_operator(database, "reisen", now=NOW, pseudonym_key=KEY)
        return World(database, operator, FactFiles(home / "facts", "reisen"), now)

    with opened:
        yield world


@pytest.fixture
def story() -> Story:
    """Anna books for herself and Bernd; Carla is known too."""
    story = Story()
    story.knows("anna", "bernd", "carla")
    story.publishes("nordsee-24", "nordsee")
    story.books("anna", "2024-01-10", travellers=["anna", "bernd"], booking="b1")
    return story


@pytest.fixture
def world(world_at: WorldOf, story: Story) -> World:
    """The first of June 2024; the story is in the log, and the store is level with it."""
    world = world_at(utc("2024-06-01T12:00:00"))
    world.tell(story, keep=True)
    world.step()
    return world


# What an event touches


def test_a_store_that_never_followed_gets_everybody(world: World):
    world.is_level()
    assert len(world.store.states("reisen")) == 3
    assert world.step() == Step()


def test_a_store_filled_by_a_full_build_has_what_it_has_customer_by_customer(
    world_at: WorldOf, story: Story, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """Carla counts as Anna, so that the build does not know her; the store knows her from before."""
    monkeypatch.setattr(followers, "FEW_CUSTOMERS", 2)
    world, filled = world_at(utc("2024-06-01T12:00:00")), []
    story.merges("anna", "carla", "2024-03-01")
    world.tell(story, keep=True)
    carla = world.operator.pseudonym("carla")
    world.store.push(pa.Table.from_pylist([_state("reisen", carla, utc("2024-02-01"))], schema=STATES))

    def fill(*asked: Any) -> Iterator[pa.Table]:
        for rows in filling(load_settings(home=tmp_path))(*asked):
            filled.append(len(rows))
            yield rows

    world.follower = Follower(world.database, world.operator, world.store, recomputing(), fill)
    assert world.step().customers == 3
    assert (filled, world.online("carla")) == ([2], None)
    world.is_level()
    by_build = world.store.states("reisen")
    other = FakeStore()
    Follower(world.database, world.operator, other, recomputing()).step(lambda: world.now)
    assert other.states("reisen") == by_build


def _state(operator_id: str, customer_id: str, as_of: datetime) -> dict[str, Any]:
    return {"operator_id": operator_id, "customer_id": customer_id, "as_of": as_of, "packed": b"old"}


def test_a_booking_reaches_the_booker_and_the_travellers(world: World, story: Story):
    story.books("carla", world.now, travellers=["carla", "bernd"])
    world.tell(story)
    assert world.step().customers == 2
    assert (world.online("carla")["total_bookings"], world.online("bernd")["total_trips"]) == (1, 2)
    world.is_level()


def test_a_cancellation_reaches_who_only_travels(world: World, story: Story):
    story.cancels("anna", "b1", world.now)
    world.tell(story)
    world.step()
    assert world.online("bernd")["total_trips"] == 0
    world.is_level()


def test_a_booking_confirmed_anew_reaches_who_was_dropped_from_it(world: World, story: Story):
    story.books("anna", world.now, travellers=["anna", "carla"], booking="b1")
    world.tell(story)
    assert world.step().customers == 3
    assert (world.online("bernd")["total_trips"], world.online("carla")["total_trips"]) == (0, 1)
    world.is_level()


def test_who_is_merged_away_is_not_read_any_more_until_it_is_taken_back(world: World, story: Story):
    story.merges("carla", "anna", world.now)
    world.tell(story)
    world.step()
    assert (world.online("anna"), world.online("carla")["total_bookings"]) == (None, 1)
    world.is_level()
    story.unmerges("carla", "anna", world.now)
    world.tell(story)
    world.step()
    assert (world.online("anna")["total_bookings"], world.online("carla")["total_bookings"]) == (1, 0)
    world.is_level()


def test_a_merge_reaches_who_travels_with_them(world: World, story: Story):
    story.books("bernd", "2024-05-01", travellers=["bernd", "carla"])
    world.tell(story)
    world.step()
    assert world.online("bernd")["companions"] == 2
    story.merges("anna", "carla", world.now)
    world.tell(story)
    world.step()
    assert world.online("bernd")["companions"] == 1
    world.is_level()


def test_another_family_of_a_tour_reaches_who_booked_it_and_its_repetition_nobody(world: World, story: Story):
    story.publishes("nordsee-24", "meer", world.now)
    world.tell(story)
    assert world.step().customers == 2
    assert world.online("bernd")["favourite_family"] == "meer"
    story.publishes("harz-24", "harz", world.now)
    world.tell(story)
    assert world.step().customers == 0
    world.is_level()


def test_the_same_said_again_of_a_tour_reaches_nobody(world: World, story: Story):
    story.publishes("nordsee-24", "nordsee", world.now)
    world.tell(story)
    assert world.step() == Step(events=1)


def test_a_person_who_is_forgotten_keeps_a_history_without_an_area(world: World, story: Story):
    story.knows("anna", when="2024-05-01", postcode="28195")
    world.tell(story)
    world.step()
    assert world.online("anna")["postcode_area"] == "28"
    story.tell("PersonErasureRequested", world.now, person_profile_id="anna")
    world.tell(story)
    world.step()
    anna = world.online("anna")
    assert (anna["postcode_area"], anna["total_bookings"]) == (None, 1)


# Time


def test_a_month_later_without_an_event_everything_is_as_a_build_of_then_says(world: World):
    world.now += timedelta(days=400)
    assert world.step() == Step()
    world.is_level()


@pytest.mark.parametrize("is_restarted", [False, True])
def test_what_lies_ahead_counts_when_its_moment_has_come(world: World, story: Story, is_restarted: bool):
    story.books("carla", world.now + timedelta(hours=1))
    world.tell(story)
    world.step()
    assert world.online("carla")["total_bookings"] == 0
    story.books("bernd", world.now)
    world.tell(story)
    world.step()
    world.is_level()
    world.now += timedelta(hours=1)
    if is_restarted:
        world.restarted()
    else:
        assert world.follower.next_due() < world.now
    assert world.step().customers == 1
    assert (world.online("carla")["total_bookings"], world.follower.next_due()) == (1, None)
    world.is_level()


def test_events_of_a_server_whose_clock_runs_ahead_are_not_lost(world: World, story: Story):
    story.books("carla", world.now)
    world.tell(story, at=world.now + timedelta(seconds=70))
    world.step()
    assert world.online("carla")["total_bookings"] == 0
    world.step()
    assert world.online("carla")["total_bookings"] == 1


# Kills, and other stores


def test_killed_between_states_and_mark_a_batch_is_done_again(world: World, story: Story):
    story.books("carla", world.now)
    world.tell(story)

    def killed_at_the_mark(rows: Any) -> None:
        if rows["customer_id"].to_pylist() == [marks.MARK]:
            raise StoreAwayError

    world.store.before_push = killed_at_the_mark
    with pytest.raises(StoreAwayError):
        world.step()
    world.store.before_push = lambda _: None
    world.restarted()
    assert world.step() == Step(events=1, customers=1)
    world.is_level()


def test_killed_between_mark_and_note_a_batch_is_done_again(
    world: World, story: Story, monkeypatch: pytest.MonkeyPatch
):
    story.books("carla", world.now)
    world.tell(story)
    with monkeypatch.context() as patched:
        patched.setattr(followers.projection_state, "settle", raising)
        with pytest.raises(StoreAwayError):
            world.step()
    world.restarted()
    assert world.step() == Step(events=1, customers=1)
    assert world.step() == Step()


def raising(*_: Any) -> None:
    raise StoreAwayError


def test_an_empty_store_gets_everybody_and_an_old_one_what_it_missed(world: World, story: Story):
    before, world.store = world.store, FakeStore()
    world.restarted()
    assert world.step().customers == 3
    story.books("carla", world.now)
    world.tell(story)
    world.step()
    world.is_level()
    world.store = before
    world.restarted()
    assert world.step() == Step(events=1, customers=1)
    world.is_level()


def test_states_of_another_layout_are_all_made_anew(
    world: World, story: Story, monkeypatch: pytest.MonkeyPatch
):
    class Other:
        fingerprint = b"8 others"

    monkeypatch.setattr(marks, "layout", Other)
    world.restarted()
    assert world.step().customers == 3


def test_a_log_brought_back_from_a_backup_is_followed_from_there(world: World, story: Story):
    """The store is ahead of what the log remembers of it."""
    with world.database.writing() as connection:
        projection_state.settle(connection, "reisen", [projection_state.ONLINE], 3)
    world.restarted()
    assert world.step() == Step(events=2, customers=2)


def test_two_who_follow_the_same_do_each_batch_once(world: World, story: Story):
    other = Follower(world.database, world.operator, world.store, recomputing())
    story.books("carla", world.now)
    world.tell(story)
    assert world.step().customers == 1
    assert other.step(lambda: world.now) == Step()
    story.books("bernd", world.now + timedelta(minutes=30))
    world.tell(story)
    assert other.step(lambda: world.now).events == 1
    world.now += timedelta(hours=1)
    assert world.step() == Step(customers=1)
    world.is_level()


def test_nothing_is_done_while_another_process_is_at_it(world: World, story: Story):
    story.books("carla", world.now)
    world.tell(story)
    with world.database.reading() as connection, turn(connection, "online-reisen") as is_ours:
        assert is_ours
        assert world.step() == Step()
    assert world.step().events == 1


def test_a_replay_changes_nothing_and_a_frozen_read_model_is_waited_for(world: World, story: Story):
    held = dict(world.store.held)
    with world.database.writing() as connection:
        replay(connection, world.operator)
    assert (world.step(), world.store.held) == (Step(), held)
    with world.database.writing() as connection:
        replay(connection, world.operator, ["timeline"], until=utc("2024-01-01"))
    story.books("carla", world.now)
    world.tell(story)
    with pytest.raises(FrozenLogError, match="busflow replay -o reisen"):
        world.step()
    with world.database.writing() as connection:
        replay(connection, world.operator)
    assert world.step().customers == 1
    world.is_level()


def test_the_lag_is_what_is_not_in_the_store(world: World, story: Story):
    story.books("carla", world.now)
    story.books("bernd", world.now)
    world.tell(story)
    after = world.now + timedelta(seconds=90)
    with world.database.reading() as connection:
        lag = online_lag(connection, "reisen", after)
    assert (lag.events, lag.seconds) == (2, 90.0)
    world.step()
    with world.database.reading() as connection:
        assert online_lag(connection, "reisen", after).events == 0


def test_what_is_much_is_done_in_batches(world: World, story: Story, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(followers, "EVENTS_AT_ONCE", 2)
    monkeypatch.setattr(followers, "CUSTOMERS_AT_ONCE", 1)
    for who in PEOPLE:
        story.books(who, world.now)
    world.tell(story)
    assert [world.step(), world.step()] == [Step(2, 2, is_level=False), Step(1, 1)]
    world.is_level()


# Always


@settings(FEW, max_examples=5, phases=(Phase.generate,))  # an example takes seconds: too long to be shrunk
@given(
    past=past,
    future=future,
    sizes=st.lists(st.integers(5, 20), min_size=4, max_size=4),
    kills=st.sets(st.integers(0, 9), max_size=4),
)
def test_in_whatever_batches_and_whoever_is_killed_it_ends_as_a_full_build_says(
    world_at: WorldOf, past: Any, future: Any, sizes: list[int], kills: set[int]
):
    story = told(past)
    for (type_, data), (when, known) in future:
        story.tell(type_, when, known=known, **data)
    whole, world, pushes = story.events, world_at(T), count()

    def killed(_: Any) -> None:
        if next(pushes) in kills:
            raise StoreAwayError

    world.store.before_push = killed
    for size in (*sizes, len(whole)):
        story.events = whole[: world.told + size]
        world.tell(story, at=NOW, keep=True)
        try:
            world.step()
        except StoreAwayError:
            world.restarted()
    world.store.before_push = lambda _: None
    for _ in range(2):
        world.step()
        world.is_level()
        world.now += timedelta(days=500)
