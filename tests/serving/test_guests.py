"""Guests at hand: read once, and again after whatever happens to them; a small log, and features that may be away."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from types import SimpleNamespace

import pytest

import serving.guests as guests_module
from activity_log.database import open_database
from activity_log.errors import UnknownCustomerError
from activity_log.operators import find_operator
from activity_log.vault import Vault
from feature_repo.online.states import OnlineStoreError, State
from feature_repo.store import OnlineRow
from serving.breathing import resting
from serving.guests import HABITS, Guest, GuestReader
from serving.showing import Showing
from serving.tenants import Tenant
from serving.tickets import Tickets
from tests.activity_log.logs import Log
from tests.activity_log.stories import NOW, Books, Event

BOOKS = Books()
BEFORE, AFTER = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
"""The events of these stories come in at NOW."""
AHEAD = (date(2026, 9, 1), date(2026, 9, 5))
"""All trips of these stories: four nights."""


class Features:
    """A feature store that knows everybody, up to `known_at` (nobody: none), unless it is away."""

    def __init__(self):
        self.known_at: datetime | None = AFTER
        self.is_away, self.asked = False, 0

    def stored(self, operator_id, customer_ids) -> list[State | None]:
        self.asked += 1
        if self.is_away:
            raise OnlineStoreError("nobody answers")
        return [self.known_at and State(b"packed", self.known_at)] * len(customer_ids)

    def online(self, service, operator_id, customer_ids, now) -> list[OnlineRow]:
        states = zip(customer_ids, self.stored(operator_id, customer_ids), strict=True)
        return [self.told(service, *one, now) for one in states]

    def told(self, what, customer_id, state, now) -> OnlineRow:
        return OnlineRow(
            customer_id, dict(zip(HABITS, (5, "Bremen") if state else (None, None), strict=True)), now
        )


@pytest.fixture(autouse=True)
def no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store is asked again at once after it failed."""
    monkeypatch.setattr("serving.guests.REST_SECONDS", 0.0)


class Desk:
    """Who asks for guests of one operator, by the names of the people."""

    def __init__(self, log: Log, operator_id: str):
        self.log, self.operator_id, self.features = log, operator_id, Features()
        models = SimpleNamespace(live_or_none=lambda task, operator_id: None)
        operator = find_operator(log.database, operator_id)
        showing = Showing(Tickets.of_this_process(), operator_id, 0.0)
        self.tenant = Tenant(log.database, operator, self.features, models, showing, lambda: NOW)
        self.guests = self.tenant.guests
        self.tenant.look(NOW)

    def id(self, person: str) -> str:
        return self.log.customer(self.operator_id, person)

    def find(self, person: str) -> Guest:
        return self.guests.find(self.id(person), NOW)[1]

    def counts_as(self, person: str) -> str:
        return self.guests.find(self.id(person), NOW)[0]

    def families(self, person: str) -> tuple[str, ...]:
        return self.find(person).history.families

    def happens(self, *events: Event) -> None:
        self.log.tell(self.operator_id, list(events))
        self.tenant.look(NOW)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    home = tmp_path_factory.mktemp("guests")
    with closing(open_database(f"sqlite:///{home / 'log.db'}", Vault(bytes(32)))) as database:
        yield Log(database)


@pytest.fixture
def desk(log: Log) -> Desk:
    """Anna has booked Nordsee for September; Bernd and Clara have booked nothing yet."""
    story = [
        BOOKS.publishes("nordsee-26", "2025-10-01", "Nordsee 2026"),
        BOOKS.publishes("harz-26", "2025-10-01", "Harz 2026"),
        BOOKS.knows("anna", "Anna", "Arndt"),
        BOOKS.knows("bernd", "Bernd", "Brandt"),
        BOOKS.knows("clara", "Clara", "Claus"),
        BOOKS.books("anna", "nordsee-26", "2026-05-02"),
    ]
    return Desk(log, log.told(story))


def erased(person: str) -> Event:
    return BOOKS.event("PersonErasureRequested", "2026-05-30", {"person_profile_id": person})


def test_a_guest_is_what_the_log_and_the_features_say(desk: Desk):
    anna = desk.find("anna")
    assert (anna.history.families, anna.history.counts, anna.taken) == (("nordsee",), (1,), [AHEAD])
    assert (anna.habits.month, anna.habits.nights, anna.boarding_point) == (5, 4, "Bremen")
    assert (anna.known_at, anna.has_features, anna.may_profile) == (AFTER, True, True)
    assert desk.find("anna") is anna, "she is read once"


def test_a_booking_counts_after_the_next_look_and_a_cancelled_one_no_more(desk: Desk):
    desk.find("bernd")
    booked = BOOKS.books("bernd", "harz-26", "2026-05-20")
    desk.log.tell(desk.operator_id, [booked])
    assert desk.families("bernd") == (), "nobody has looked yet"
    desk.tenant.look(NOW)
    assert desk.families("bernd") == ("harz",)
    assert desk.find("bernd").taken == [AHEAD]
    desk.happens(BOOKS.cancels("bernd", "harz-26", "2026-05-20", "2026-05-25"))
    assert (desk.families("bernd"), desk.find("bernd").taken) == ((), [])


def test_who_travels_along_is_read_again_too(desk: Desk):
    desk.find("bernd"), desk.find("clara")
    desk.happens(BOOKS.books("clara", "harz-26", "2026-05-20", "bernd"))
    assert desk.families("bernd") == desk.families("clara") == ("harz",)


def test_who_is_not_touched_is_not_read_again(desk: Desk):
    anna = desk.find("anna")
    desk.find("bernd")
    desk.happens(BOOKS.books("bernd", "harz-26", "2026-05-20"))
    assert desk.find("anna") is anna


def test_who_was_erased_is_nobody(desk: Desk):
    desk.find("anna")
    desk.happens(erased("anna"))
    with pytest.raises(UnknownCustomerError, match=desk.id("anna")):
        desk.find("anna")
    desk.guests.fill(NOW, resting(0.0))
    assert len(desk.guests) == 2, "Bernd and Clara"


@pytest.mark.parametrize("gone", ["erased", "merged"])
def test_nobody_waits_for_the_features_of_who_is_gone(desk: Desk, gone: str, monkeypatch):
    """Else the others, of whom a few are read at each look, would wait behind them."""
    monkeypatch.setattr(guests_module, "READ_TOGETHER", 1)
    desk.find("anna")
    desk.features.known_at = BEFORE
    desk.happens(BOOKS.books("anna", "harz-26", "2026-05-20"))
    desk.happens(erased("anna") if gone == "erased" else BOOKS.merges("bernd", "anna", "2026-05-30"))
    desk.features.is_away = True
    desk.find("clara")
    desk.features.is_away = False
    desk.tenant.look(NOW)
    assert desk.find("clara").has_features
    assert len(desk.guests) == 1


def test_a_merged_person_is_answered_as_the_survivor(desk: Desk):
    desk.find("anna"), desk.find("bernd")
    desk.happens(BOOKS.merges("bernd", "anna", "2026-05-30"))
    assert desk.counts_as("anna") == desk.counts_as("bernd") == desk.id("bernd")
    assert desk.families("anna") == desk.families("bernd") == ("nordsee",)
    assert [guest.history.families for guest in desk.guests.everybody()] == [("nordsee",)]


def test_a_merge_that_was_there_before_is_known_at_the_first_question_and_by_filling(log: Log, desk: Desk):
    desk.happens(BOOKS.merges("bernd", "anna", "2026-05-30"))
    later = Desk(log, desk.operator_id)
    assert later.guests.at_hand(later.id("anna")) is None
    assert later.counts_as("anna") == later.id("bernd")
    assert later.guests.at_hand(later.id("anna"))[0] == later.id("bernd")
    later = Desk(log, desk.operator_id)
    later.guests.fill(NOW, resting(0.0))
    assert len(later.guests) == 2
    assert later.guests.at_hand(later.id("anna"))[0] == later.id("bernd")


def test_parted_people_are_two_again(desk: Desk):
    desk.happens(BOOKS.merges("bernd", "anna", "2026-05-29"))
    desk.find("anna")
    parted = {"surviving_id": "bernd", "merged_id": "anna"}
    desk.happens(BOOKS.event("PersonProfilesUnmerged", "2026-05-30", parted))
    assert (desk.families("anna"), desk.families("bernd")) == (("nordsee",), ())


def test_of_who_objects_to_profiling_only_the_days_taken_are_known(desk: Desk):
    desk.find("anna")
    word = {"person_profile_id": "anna", "purpose": "profiling"}
    desk.happens(BOOKS.event("ConsentRevoked", "2026-05-29", word))
    assert desk.find("anna") == Guest(may_profile=False, taken=[AHEAD])
    desk.happens(BOOKS.event("ConsentGranted", "2026-05-30", word))
    assert desk.find("anna").history.families == ("nordsee",)


def test_while_the_features_are_away_guests_do_without_and_are_read_again_once_they_are_back(desk: Desk):
    desk.features.is_away = True
    anna = desk.find("anna")
    assert (anna.has_features, anna.habits.month, anna.boarding_point) == (False, None, None)
    assert anna.history.families == ("nordsee",), "the log is not away"
    desk.tenant.look(NOW)
    assert not desk.find("anna").has_features
    desk.features.is_away = False
    desk.tenant.look(NOW)
    assert (desk.find("anna").has_features, desk.find("anna").boarding_point) == (True, "Bremen")
    asked = desk.features.asked
    desk.tenant.look(NOW)
    assert desk.features.asked == asked, "what is level is not read again"


def test_features_that_do_not_know_what_happened_are_read_until_they_do(desk: Desk):
    desk.find("anna")
    desk.features.known_at = BEFORE
    desk.happens(BOOKS.books("anna", "harz-26", "2026-05-20"))
    assert (desk.families("anna"), desk.find("anna").known_at) == (("harz", "nordsee"), BEFORE)
    desk.features.known_at = AFTER
    desk.tenant.look(NOW)
    assert desk.find("anna").known_at == AFTER
    asked = desk.features.asked
    desk.tenant.look(NOW)
    assert desk.features.asked == asked


def test_features_of_guests_at_hand_are_told_without_the_store(desk: Desk):
    anna, clara = desk.id("anna"), desk.id("clara")
    desk.find("anna")
    assert [desk.guests.has_features(one) for one in (anna, clara)] == [True, False]
    told = [row.customer_id for row in desk.guests.features("churn_v1", [clara, anna, clara], NOW)]
    assert told == [clara, anna, clara]
    desk.features.is_away = True
    assert desk.guests.features("churn_v1", [anna], NOW)[0].features["usual_travel_month"] == 5
    with pytest.raises(OnlineStoreError):
        desk.guests.features("churn_v1", [anna, clara], NOW)


def test_who_has_no_features_yet_has_them_once_they_are_there(desk: Desk):
    desk.features.known_at = None
    assert (desk.find("anna").has_features, desk.find("anna").state) == (True, None)
    desk.tenant.look(NOW)
    assert desk.find("anna").boarding_point is None
    desk.features.known_at = AFTER
    desk.tenant.look(NOW)
    assert (desk.find("anna").known_at, desk.find("anna").boarding_point) == (AFTER, "Bremen")


def test_customers_count_as_whom_they_count_as_once_and_all_unknown_are_named(desk: Desk):
    desk.happens(BOOKS.merges("bernd", "anna", "2026-05-30"))
    anna, bernd, clara = (desk.id(one) for one in ("anna", "bernd", "clara"))
    for _ in range(2):
        assert desk.guests.counted_as([clara, anna, bernd, clara], NOW) == [clara, bernd]
        with pytest.raises(UnknownCustomerError) as unknown:
            desk.guests.counted_as(["c-one", anna, "c-two"], NOW)
        assert "c-one" in str(unknown.value)
        assert "c-two" in str(unknown.value)
        assert anna not in str(unknown.value)
        desk.guests.fill(NOW, resting(0.0))  # at hand it is the same


def test_after_a_replay_nothing_is_known_any_more_but_what_is_read_anew(desk: Desk):
    desk.happens(BOOKS.books("bernd", "harz-26", "2026-05-20"))
    anna = desk.find("anna")
    desk.find("bernd")
    desk.log.replay(desk.operator_id, until=BEFORE)
    desk.tenant.look(NOW)
    assert len(desk.guests) == 0
    with pytest.raises(UnknownCustomerError):
        desk.find("anna")  # as it was known an hour before all of this came in
    desk.log.replay(desk.operator_id)
    desk.tenant.look(NOW)
    assert desk.find("anna") == anna
    assert desk.find("anna") is not anna
    assert desk.families("bernd") == ("harz",)


def test_everybody_is_filled_in_and_who_was_asked_for_meanwhile_stays(desk: Desk):
    anna = desk.find("anna")
    desk.tenant.fill(NOW, resting(0.0))
    assert len(desk.guests) == 3
    assert desk.find("anna") is anna
    standing = {id(guest.standing.ranking) for guest in desk.guests.everybody()}
    assert len(standing) == 1, "all are ranked, by one ranking"


def test_a_new_ranking_counts_once_everybody_is_ranked_by_it(desk: Desk, monkeypatch):
    tenant = desk.tenant
    tenant.fill(NOW, resting(0.0))
    before, anna = tenant._ranking, desk.find("anna")
    tenant._popularity = None  # it is counted again
    tenant.look(NOW, ahead=True)
    assert tenant._ranking is before
    assert anna.standing.ranking is before
    monkeypatch.setattr("serving.tenants.RANKED_TOGETHER", 1)
    for _ in range(2):
        tenant.rank_everybody(resting(0.0), lambda: False)
        assert tenant._ranking is before, "there was time for one at a time only"
    tenant.rank_everybody(resting(0.0), lambda: False)
    assert tenant._ranking is before, "the last has just been ranked"
    tenant.rank_everybody(resting(0.0), lambda: False)
    after = tenant._ranking
    assert after is not before
    assert {id(guest.standing.ranking) for guest in desk.guests.everybody()} == {id(after)}
    assert not any(guest.coming for guest in desk.guests.everybody())
    tenant._popularity = None
    tenant.look(NOW)
    assert tenant._ranking is not after, "who does not rank ahead need not wait"


def test_what_happens_while_everybody_is_read_is_known_afterwards(desk: Desk, monkeypatch):
    meanwhile(desk, monkeypatch, lambda: desk.happens(BOOKS.books("bernd", "harz-26", "2026-05-20")))
    desk.tenant.fill(NOW, resting(0.0))
    assert (desk.families("anna"), desk.families("bernd")) == (("nordsee",), ("harz",))


def test_what_happens_while_somebody_is_read_is_known_afterwards(desk: Desk, monkeypatch):
    meanwhile(desk, monkeypatch, lambda: desk.happens(BOOKS.books("bernd", "harz-26", "2026-05-20")))
    assert desk.families("bernd") == ("harz",)


def test_a_replay_while_everybody_is_read_has_all_read_once_more(desk: Desk, monkeypatch):
    def replayed() -> None:
        desk.log.replay(desk.operator_id, until=BEFORE)
        desk.tenant.look(NOW)

    meanwhile(desk, monkeypatch, replayed)
    desk.tenant.fill(NOW, resting(0.0))
    assert len(desk.guests) == 0, "what was read is not true any more"
    assert desk.tenant.wants_filling


def test_who_could_not_be_read_is_still_wanted(desk: Desk, monkeypatch):
    def lost() -> None:
        raise ConnectionError

    meanwhile(desk, monkeypatch, lost)
    with pytest.raises(ConnectionError):
        desk.tenant.fill(NOW, resting(0.0))
    assert desk.tenant.wants_filling
    desk.tenant.fill(NOW, resting(0.0))
    assert not desk.tenant.wants_filling


def meanwhile(desk: Desk, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    """Have something happen once guests have been read, before they are at hand."""
    read, waiting = GuestReader.read, [happens]

    def slow(self: GuestReader, *args: object, **options: bool) -> Iterator[dict[str, Guest]]:
        found = list(read(self, *args, **options))  # type: ignore[arg-type]
        if waiting:
            waiting.pop()()
        yield from found

    monkeypatch.setattr(GuestReader, "read", slow)


def test_operators_never_mix(log: Log, desk: Desk):
    other = Desk(log, log.told([BOOKS.knows("anna", "Anna", "Anders")]))
    assert other.id("anna") == desk.id("anna")
    assert (desk.families("anna"), other.families("anna")) == (("nordsee",), ())
    with pytest.raises(UnknownCustomerError):
        other.find("bernd")
