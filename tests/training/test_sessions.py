"""The churn training set of a small operator: what it is made of, and what the future cannot do to it."""

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from activity_log.contracts.backoffice import PersonProfilesMerged
from activity_log.contracts.commerce import BookingCancelled, BookingConfirmed
from activity_log.contracts.types import TYPES
from activity_log.database import Database, open_log
from activity_log.gate import Gate
from activity_log.ingest_file import ingest_file
from activity_log.ingestion import ingest
from activity_log.ledger import read
from activity_log.operators import register_operator
from activity_log.settings import load_settings
from simulator import Simulation, SimulationSpec, simulate, write
from training.churn import MOMENT, ChurnSpec
from training.churn_examples import KNOWN, NEXT
from training.lifecycle.session import Session
from training.lifecycle.tasks.churn import CHURN_COLUMNS, churn_examples
from training.workbench import Workbench

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
LATER = AS_OF + timedelta(days=200)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
SPEC = ChurnSpec(horizon_days=120, step_days=120, least_customers=10)


@dataclass
class Small:
    """An operator of 120 people and two years, and what its training set looked like at AS_OF."""

    home: Path
    database: Database
    simulation: Simulation
    told: int = 0

    @property
    def bench(self) -> Workbench:
        return Workbench.open(load_settings(home=self.home), self.database, "klein")

    def learn(self) -> pd.DataFrame:
        return churn_examples(Session(self.bench, AS_OF), SPEC)

    def tell(self, type_: str, when: datetime, known: datetime, **data: Any) -> None:
        self.told += 1
        event = {
            "id": f"told-{self.told}",
            "source": TYPES[type_].source,
            "type": type_,
            "time": when.isoformat(),
            "recordedtime": known.isoformat(),
            "operatorid": "klein",
            "data": data,
        }
        gate = Gate({"klein"}, LATER, keep_recorded_time=True)
        receipt = ingest(self.database, [gate.admit(json.dumps(event).encode())], LATER)
        assert receipt.accepted == 1, receipt

    def books(self, who: str, when: datetime, known: datetime) -> None:
        data = {
            "booking_id": f"new-{who}-{when}",
            "booker_profile_id": who,
            "tour_id": "nordsee-2027",
            "departure_id": "d",
            "departure_date": "2027-05-01",
            "total_amount": "499.00",
            "currency": "EUR",
            "sales_channel": "phone",
            "travellers": [{"person_profile_id": who}],
        }
        self.tell("BookingConfirmed", when, known, **data)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    home = tmp_path_factory.mktemp("klein")
    simulation = simulate(SimulationSpec(operator_id="klein", customers=120, years=2, until=AS_OF.date()))
    write(simulation, home / "events.jsonl", home / "truth.json")
    with closing(open_log(load_settings(home=home))) as database:
        register_operator(database, "klein", now=AS_OF)
        ingest_file(database, home / "events.jsonl", now=AS_OF)
        yield Small(home, database, simulation)


@pytest.fixture(scope="module")
def before(small: Small) -> pd.DataFrame:
    return small.learn()


@pytest.fixture
def another(small: Small, before: pd.DataFrame, tmp_path: Path) -> Iterator[Small]:
    """The same operator in a world of its own, where more may happen."""
    home = shutil.copytree(small.home, tmp_path / "klein")
    with closing(open_log(load_settings(home=home))) as database:
        yield Small(home, database, small.simulation)


def test_every_outcome_is_complete_and_everybody_had_booked(before: pd.DataFrame):
    assert (before[MOMENT] < AS_OF).all()
    assert (before[KNOWN] == (AS_OF - before[MOMENT]).dt.total_seconds() / 86_400).all()
    assert (before[MOMENT] + SPEC.horizon <= AS_OF).sum() >= 3
    assert (before["total_bookings"] > 0).all()
    assert not before.duplicated([MOMENT, "customer_id"]).any()
    assert set(CHURN_COLUMNS) <= set(before.columns)
    assert 0 < before[NEXT].notna().mean() < 1
    assert not (before[NEXT] >= before[KNOWN]).any()


def test_outcomes_are_those_of_the_log(small: Small, before: pd.DataFrame):
    """Counted once more, by hand: who has a booking in the window that was never cancelled."""
    with small.database.reading() as connection:
        events = [event for chunk in read(connection, "klein") for event in chunk]
    pseudonym, told = small.bench.operator.pseudonym, [event.payload for event in events]
    left = {merge.merged_id: merge.surviving_id for merge in told if isinstance(merge, PersonProfilesMerged)}
    cancelled = {payload.booking_id for payload in told if isinstance(payload, BookingCancelled)}
    booked: dict[str, list[datetime]] = {}
    for event in events:
        if isinstance(event.payload, BookingConfirmed) and event.payload.booking_id not in cancelled:
            booker = event.payload.booker_profile_id
            booked.setdefault(pseudonym(left.get(booker, booker)), []).append(event.occurred_at)
    people = {pseudonym(gone): pseudonym(stayed) for gone, stayed in left.items()}
    for row in before.itertuples():
        moments = booked.get(people.get(row.customer_id, row.customer_id), [])
        later = [
            (when - row.event_timestamp) / DAY for when in moments if row.event_timestamp <= when < AS_OF
        ]
        told = row.days_to_next_booking
        assert (min(later) == pytest.approx(told, abs=1e-4)) if later else pd.isna(told), row


def test_a_future_event_changes_no_training_row(another: Small, before: pd.DataFrame):
    """Bookings, cancellations and merges that happen, or are learned of, from AS_OF on."""
    people = [person.person_profile_id for person in another.simulation.truth.people if person.books][:20]
    kept = [e["data"]["booking_id"] for e in another.simulation.events if e["type"] == "BookingConfirmed"][
        -10:
    ]
    for number, who in enumerate(people):
        another.books(who, AS_OF + number * DAY, AS_OF + number * DAY)
        another.books(who, AS_OF - (1 + 20 * number) * DAY, AS_OF + number * SECOND)
    for booking in kept:
        given_back = {"booking_id": booking, "booker_profile_id": people[0], "refund_amount": "0"}
        another.tell("BookingCancelled", AS_OF - DAY, AS_OF, **given_back)
    another.tell("PersonProfilesMerged", AS_OF - DAY, AS_OF, surviving_id=people[0], merged_id=people[1])
    pd.testing.assert_frame_equal(another.learn(), before)


def test_a_late_booking_changes_only_the_outcomes_whose_window_it_is_in(another: Small, before: pd.DataFrame):
    """Nobody knew of it at any moment learned from; by AS_OF it is known who stayed."""
    pseudonym = another.bench.operator.pseudonym
    people = {pseudonym(p.person_profile_id): p.person_profile_id for p in another.simulation.truth.people}
    gone = before[before[NEXT].isna() & before["customer_id"].isin(people.keys())].iloc[0]
    happened = gone[MOMENT].to_pydatetime() + SPEC.horizon - SECOND
    another.books(people[gone["customer_id"]], happened, AS_OF - SECOND)
    after = another.learn()
    pd.testing.assert_frame_equal(after.drop(columns=NEXT), before.drop(columns=NEXT))
    changed = after[after[NEXT].fillna(-1) != before[NEXT].fillna(-1)]
    assert set(changed["customer_id"]) == {gone["customer_id"]}
    assert gone[MOMENT] in set(changed[MOMENT])
    assert (changed[MOMENT] <= happened).all()
