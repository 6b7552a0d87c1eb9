"""What is known of each customer, at hand before they ask: read from the log and the feature store, and kept level.

Reading takes milliseconds, answering may not: so everybody is read once, in the background, and again whenever
something of theirs happens.
"""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import islice
from typing import NamedTuple

import numpy as np

from activity_log import reading
from activity_log.bulk import batches
from activity_log.consents import objectors
from activity_log.database import Database
from activity_log.errors import UnknownCustomerError
from activity_log.merging import survivors, survivors_among
from activity_log.operators import Operator
from feature_repo.online.states import OnlineStoreError, State
from feature_repo.store import CustomerFeatures, OnlineRow
from models.recommender import Context, Evidence, History, Visit
from serving.breathing import Breather
from serving.offers import Offers, Shelf
from serving.travel_history import Habits, TravelHistory, travel_histories

HABITS = ("usual_travel_month", "preferred_boarding_point")
"""The features that a guest is made of; all else is read from the log."""
READ_TOGETHER = 100
REST_SECONDS = 1.0
"""So long the feature store is not asked after it failed: seats are followed meanwhile, and the log is read."""


class Rung(NamedTuple):
    """What a ranking rests on: a name, and why that."""

    name: str
    because: str


@dataclass(slots=True)
class Standing:
    """How families rank for a guest. ranking: by what, compared by identity. places, chances: (k,), best first.

    evidence: why a family is suggested, as far as that was told before.
    """

    ranking: object
    rung: Rung
    places: np.ndarray
    chances: np.ndarray
    evidence: dict[str, Evidence] = field(default_factory=dict)


@dataclass(slots=True)
class Guest:
    """A customer as the recommender and the shelf see them.

    taken: days of trips ahead, from the first to the last. state: what features are told from; none: the store knows
    nothing of them. may_profile: they did not object to it. has_features: the store could be asked.
    coming: the standing by a ranking that will count once everybody is ranked by it.
    """

    history: History = field(default_factory=History)
    habits: Habits = field(default_factory=Habits)
    boarding_point: str | None = None
    taken: Sequence[tuple[date, date]] = ()
    state: State | None = None
    may_profile: bool = True
    has_features: bool = True
    standing: Standing | None = None
    coming: Standing | None = None

    @property
    def known_at(self) -> datetime | None:
        """The moment up to which events are in the features."""
        return self.state.known_at if self.state else None

    @property
    def visit(self) -> Visit:
        """What the recommender asks."""
        return Visit(self.history, Context(self.habits.month, self.boarding_point))


NOBODY = Guest()
_WHENEVER = datetime.min.replace(tzinfo=UTC)


class GuestReader:
    """Reads guests of one operator from the log and the feature store."""

    def __init__(self, database: Database, operator: Operator, features: CustomerFeatures, offers: Offers):
        self._database = database
        self._operator_id = operator.operator_id
        self._features = features
        self._offers = offers
        self._resting_until = 0.0

    def survivors(self) -> dict[str, str]:
        """Return whom each customer who was merged away counts as."""
        with self._database.reading() as connection:
            return survivors(connection, self._operator_id)

    def known_as(self, customer_ids: Collection[str]) -> dict[str, str]:
        """Return whom those of these count as who are customers."""
        with self._database.reading() as connection:
            existing = reading.existing_customers(connection, self._operator_id, customer_ids)
            survivor_of = survivors_among(connection, self._operator_id, existing)
        return {one: survivor_of.get(one, one) for one in existing}

    def read(
        self, customer_ids: Collection[str] | None, now: datetime, *, with_party: bool = False
    ) -> Iterator[dict[str, Guest]]:
        """Yield guests by id, in batches; those without a profile are left out.

        customer_ids: who count as nobody else; None: everybody. with_party: see `travel_histories`. Where the
        feature store is away, guests come without features.
        """
        with self._database.reading() as connection:
            if customer_ids is None:
                known: Iterable[str] = reading.all_customers(connection, self._operator_id)
            else:
                known = reading.existing_customers(connection, self._operator_id, customer_ids)
            history_of = travel_histories(connection, self._operator_id, customer_ids, with_party=with_party)
            objecting = objectors(connection, self._operator_id, "profiling", customer_ids)
        shelf = self._offers.shelf(now.date())
        for some in batches(known, READ_TOGETHER):
            states = self.states(some)
            yield {
                one: self._guest(one, history_of(one), states, shelf, now)
                if one not in objecting
                else _objector(history_of(one), shelf)
                for one in some
            }

    def states(self, customer_ids: Sequence[str]) -> Mapping[str, State | None]:
        """Return what the feature store holds of customers; nothing while the store is away."""
        if time.monotonic() < self._resting_until:
            return {}
        try:
            states = self._features.stored(self._operator_id, customer_ids)
        except OnlineStoreError:
            self._resting_until = time.monotonic() + REST_SECONDS
            return {}
        return dict(zip(customer_ids, states, strict=True))

    def told(self, service: str, customer_id: str, state: State, now: datetime) -> OnlineRow:
        """Return what a service names of a customer."""
        return self._features.told(service, customer_id, state, now)

    def online(self, service: str, customer_ids: Sequence[str], now: datetime) -> list[OnlineRow]:
        """Return what a service names of customers, from the store. Raises OnlineStoreError."""
        return self._features.online(service, self._operator_id, customer_ids, now)

    def _guest(
        self,
        customer_id: str,
        past: TravelHistory,
        states: Mapping[str, State | None],
        shelf: Shelf,
        now: datetime,
    ) -> Guest:
        state = states.get(customer_id)
        habits = self._features.told(HABITS, customer_id, state, now).features
        return Guest(
            history=past.history(shelf.programme.families_of, ()),
            habits=past.habits(shelf.programme.tours, habits["usual_travel_month"]),
            boarding_point=habits["preferred_boarding_point"],
            taken=past.taken(shelf.programme.tours, shelf.today),
            state=state,
            has_features=customer_id in states,
        )


def _objector(past: TravelHistory, shelf: Shelf) -> Guest:
    return Guest(may_profile=False, taken=past.taken(shelf.programme.tours, shelf.today))


class Guests:
    """The guests of one operator that are at hand: read by whoever answers, written by one thread at a time."""

    def __init__(self, reader: GuestReader):
        self._reader = reader
        self._guests: dict[str, Guest] = {}
        self._away: dict[str, str] = {}
        self._unsettled: dict[str, datetime] = {}
        self._tick = 0
        self._touched: dict[str, int] = {}
        """When something of somebody happened last, in ticks: what was read before that is outdated."""
        self._forgotten = 0
        self.with_party = False

    def __len__(self) -> int:
        return len(self._guests)

    def at_hand(self, customer_id: str) -> tuple[str, Guest] | None:
        """Return whom a customer counts as, and what is known of them; None: that must be read first."""
        customer_id = self._away.get(customer_id, customer_id)
        guest = self._guests.get(customer_id)
        return None if guest is None else (customer_id, guest)

    def find(self, customer_id: str, now: datetime) -> tuple[str, Guest]:
        """Return whom a customer counts as, and read what is known of them if it is not at hand.

        Raises UnknownCustomerError, and what the database raises.
        """
        found = self.at_hand(customer_id)
        if found is not None:
            return found
        survivor = self._reader.known_as([customer_id]).get(customer_id)
        if survivor is None:
            raise UnknownCustomerError([customer_id])
        self.renew([survivor], now)
        if survivor != customer_id:
            self._away = {**self._away, customer_id: survivor}
        return survivor, self._guests.get(survivor, NOBODY)

    def counted_as(self, customer_ids: Sequence[str], now: datetime) -> list[str]:
        """Return whom customers count as, each once. Raises UnknownCustomerError naming all whom nobody is."""
        found, unknown = list[str](), list[str]()
        missing = [one for one in customer_ids if self.at_hand(one) is None]
        known = self._reader.known_as(missing) if missing else {}
        for asked in customer_ids:
            hit = self.at_hand(asked)
            survivor = hit[0] if hit else known.get(asked)
            if survivor is None:
                unknown.append(asked)
            else:
                found.append(survivor)
        if unknown:
            raise UnknownCustomerError(unknown)
        return list(dict.fromkeys(found))

    def features(self, service: str, customer_ids: Sequence[str], now: datetime) -> list[OnlineRow]:
        """Return what a service names of customers, who count as nobody else, in the order asked.

        Who is not at hand, or is without features there, is asked for in the store. Raises OnlineStoreError.
        """
        guests = {one: self._guests.get(one, NOBODY) for one in customer_ids}
        rows = {
            one: self._reader.told(service, one, guest.state, now)
            for one, guest in guests.items()
            if guest.state
        }
        missing = [one for one in guests if one not in rows]
        if missing:
            rows |= {row.customer_id: row for row in self._reader.online(service, missing, now)}
        return [rows[one] for one in customer_ids]

    def has_features(self, customer_id: str) -> bool:
        """Say whether the features of a customer can be told without the store."""
        return self._guests.get(customer_id, NOBODY).state is not None

    def fill(self, now: datetime, breather: Breather) -> None:
        """Read everybody, a little at a time."""
        tick = self._tick
        self._away = self._reader.survivors()
        for batch in breather.between(self._reader.read(None, now, with_party=self.with_party)):
            for customer_id, guest in batch.items():
                if not self._is_outdated(customer_id, tick):
                    self._guests.setdefault(customer_id, guest)
                    self._settle(customer_id, guest)

    def renew(self, customer_ids: Collection[str], now: datetime) -> None:
        """Read these again, who count as nobody else; who is no customer any more is at hand no more."""
        outdated = set(customer_ids)
        while outdated:
            outdated = self._renewed(outdated, now)

    def _renewed(self, customer_ids: Collection[str], now: datetime) -> set[str]:
        """Read these again; return those of whom something happened while they were read."""
        tick, found = self._tick, dict[str, Guest]()
        for batch in self._reader.read(customer_ids, now, with_party=self.with_party):
            found |= batch
        outdated = {one for one in customer_ids if self._is_outdated(one, tick)}
        for customer_id in set(customer_ids) - outdated:
            if customer_id in found:
                self._guests[customer_id] = found[customer_id]
                self._settle(customer_id, found[customer_id])
            else:
                self._drop(customer_id)
        return outdated

    def happened(self, customer_ids: Collection[str], at: datetime, now: datetime) -> None:
        """Take in that something of these happened, of which the features must know up to `at`."""
        self._tick += 1
        self._away = self._reader.survivors()
        both = {*customer_ids, *(self._away.get(one, one) for one in customer_ids)}
        self._touched |= dict.fromkeys(both, self._tick)
        for customer_id in customer_ids:
            if customer_id in self._away:
                self._drop(customer_id)
        theirs = {self._away.get(one, one) for one in customer_ids}.intersection(self._guests)
        self._unsettled |= dict.fromkeys(theirs, at)
        if theirs:
            self.renew(theirs, now)

    def settle(self, now: datetime) -> None:
        """Read those again whose features have become level with the log by now, or can be read again."""
        waiting = dict(islice(self._unsettled.copy().items(), READ_TOGETHER))
        states = self._reader.states(list(waiting)) if waiting else {}
        ready = [
            one
            for one, state in states.items()
            if _is_level(state, waiting[one]) or not self._guests.get(one, NOBODY).has_features
        ]
        for one in waiting.keys() - ready:  # the others come first the next time
            self._unsettled[one] = self._unsettled.pop(one, waiting[one])
        if ready:
            self.renew(ready, now)

    def forget_all(self) -> None:
        """Have nobody at hand, since the log was laid out anew; who is being read meanwhile is read again."""
        self._tick += 1
        self._forgotten = self._tick
        self._guests, self._away, self._unsettled, self._touched = {}, {}, {}, {}

    def everybody(self) -> list[Guest]:
        """Return all guests at hand."""
        return list(self._guests.values())

    def _is_outdated(self, customer_id: str, tick: int) -> bool:
        """Say whether what was read of a customer since a tick was true before something happened."""
        return max(self._touched.get(customer_id, 0), self._forgotten) > tick

    def _drop(self, customer_id: str) -> None:
        """Have somebody at hand no more, and wait for none of their features."""
        self._guests.pop(customer_id, None)
        self._unsettled.pop(customer_id, None)

    def _settle(self, customer_id: str, guest: Guest) -> None:
        wanted = self._unsettled.get(customer_id)
        if guest.may_profile and guest.state is None:
            self._unsettled.setdefault(customer_id, _WHENEVER)
        elif wanted is not None and (not guest.may_profile or _is_level(guest.state, wanted)):
            self._unsettled.pop(customer_id, None)  # another thread may have been quicker


def _is_level(state: State | None, wanted: datetime) -> bool:
    """Say whether features know what happened up to a moment."""
    return state is not None and state.known_at > wanted
