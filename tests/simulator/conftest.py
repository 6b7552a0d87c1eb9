"""One world of 900 people over four years, read the way a consumer reads: each event once, in the order of time."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

import numpy as np
import pytest

from simulator import Simulation, SimulationSpec, simulate

Event = dict[str, Any]
UNTIL = date(2026, 1, 1)


def moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def rank_auc(scores: Sequence[float], labels: Sequence[bool]) -> float:
    """Chance that a positive stands above a negative, ties counting half (Mann and Whitney)."""
    _, place, count = np.unique(np.asarray(scores, float), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]
    positive = np.asarray(labels, bool)
    n = positive.sum()
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(positive) - n)))


@dataclass
class Departure:
    """A departure as the events tell it: its state, and the seats that bookings and cancellations leave."""

    state: Event
    counted: int
    least: int
    updates: list[tuple[str, int, int]] = field(default_factory=list)


@dataclass
class Reader:
    """A simulation, read."""

    simulation: Simulation

    @cached_property
    def once(self) -> list[Event]:
        first = {event["id"]: event for event in reversed(self.simulation.events)}
        return sorted(first.values(), key=lambda event: (event["time"], event["id"]))

    def of(self, *names: str) -> list[Event]:
        return [event for event in self.once if event["type"] in names]

    def person(self, profile_id: str) -> str:
        return self.simulation.truth.merged.get(profile_id, profile_id)

    @cached_property
    def family_of(self) -> dict[str, str]:
        return {e["data"]["tour_id"]: e["data"]["family_id"] for e in self.of("TourPublished")}

    @cached_property
    def booked_on(self) -> dict[str, list[date]]:
        """The days of each booker's bookings, in order."""
        days: dict[str, list[date]] = defaultdict(list)
        for event in self.of("BookingConfirmed"):
            days[self.person(event["data"]["booker_profile_id"])].append(moment(event["time"]).date())
        return days

    @cached_property
    def families_of(self) -> dict[str, list[str]]:
        """The families each booker booked, in order."""
        booked: dict[str, list[str]] = defaultdict(list)
        for event in self.of("BookingConfirmed"):
            data = event["data"]
            booked[self.person(data["booker_profile_id"])].append(self.family_of[data["tour_id"]])
        return booked

    @cached_property
    def departures(self) -> dict[str, Departure]:
        """Every departure after folding all seats sold and given back in the order of time."""
        found: dict[str, Departure] = {}
        sold: dict[str, tuple[str, int]] = {}
        names = ("DepartureScheduled", "BookingConfirmed", "BookingCancelled", "DepartureUpdated")
        for event in self.of(*names):
            data, name = event["data"], event["type"]
            if name == "DepartureScheduled":
                found[data["departure_id"]] = Departure(data, data["seats_left"], data["seats_left"])
            elif name == "DepartureUpdated":
                departure = found[data["departure_id"]]
                departure.state = data
                departure.updates.append((event["time"], data["seats_left"], departure.counted))
            elif name == "BookingConfirmed":
                sold[data["booking_id"]] = (data["departure_id"], len(data["travellers"]))
                _take(found[data["departure_id"]], len(data["travellers"]))
            else:
                departure_id, seats = sold[data["booking_id"]]
                _take(found[departure_id], -seats)
        return found

    def judged(self, as_ofs: Iterable[date], years: int = 3) -> list[tuple[float, int, bool]]:
        """Per person with a booking in the `years` before: true chance, days since the last booking, outcome."""
        rows, wanted = [], set(as_ofs)
        for row in self.simulation.truth.hazards:
            days = self.booked_on.get(row.person_profile_id, []) if row.as_of in wanted else []
            past = [day for day in days if day < row.as_of]
            if past and (row.as_of - past[-1]).days <= 365 * years:
                none = not any(0 <= (day - row.as_of).days < 365 for day in days)
                rows.append((row.p_no_booking_365d, (row.as_of - past[-1]).days, none))
        return rows

    def counts(self) -> Counter[str]:
        return Counter(event["type"] for event in self.once)


def _take(departure: Departure, seats: int) -> None:
    departure.counted -= seats
    departure.least = min(departure.least, departure.counted)


@pytest.fixture(scope="session")
def spec() -> SimulationSpec:
    return SimulationSpec(customers=900, years=4, until=UNTIL)


@pytest.fixture(scope="session")
def world(spec: SimulationSpec) -> Reader:
    return Reader(simulate(spec))


@pytest.fixture(scope="session")
def auc() -> Any:
    return rank_auc


@pytest.fixture(scope="session")
def read() -> Any:
    return Reader
