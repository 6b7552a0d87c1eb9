"""What the world sends keeps the contracts, and arrives as badly ordered as in life."""

import re
from collections import Counter
from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest

from activity_log.contracts.envelope import Envelope
from activity_log.contracts.types import TYPES
from activity_log.contracts.upcasting import upcast
from simulator import SimulationSpec, population, simulate
from simulator.moments import DAY

UNTIL = date(2026, 1, 1)
END = "2026-01-01T00:00:00Z"


def test_every_event_keeps_its_contract(world):
    for event in world.once:
        envelope = Envelope.model_validate(event)
        current = upcast(envelope.type, envelope.dataversion, envelope.data)
        assert current is not None, event
        current.event_type.payload.model_validate(current.data)
        assert envelope.source == current.event_type.source
        assert envelope.operatorid == "nordlicht"


@pytest.mark.parametrize("seed", [7, 8])
@pytest.mark.parametrize("years", [1, 3])
def test_every_type_occurs_from_300_customers_on(read, seed, years):
    spec = SimulationSpec(customers=300, years=years, seed=seed, until=UNTIL)
    never_taken_back = {"PersonProfilesUnmerged"}
    assert set(read(simulate(spec)).counts()) == {*TYPES, "PassengerProfileUpdated"} - never_taken_back


def test_nothing_happens_or_is_learned_at_or_after_the_end(world):
    assert max(event["time"] for event in world.once) < END
    assert max(event["recordedtime"] for event in world.once) < END
    assert min(event["time"] for event in world.once) >= "2022-01-01T00:00:00Z"
    assert all(event["time"] <= event["recordedtime"] for event in world.once)


def test_some_events_come_twice_unchanged_and_later(world):
    events = world.simulation.events
    copies = [id_ for id_, count in Counter(event["id"] for event in events).items() if count > 1]
    assert 0.002 < len(copies) / len(events) < 0.01
    for id_ in copies:
        first, *again = [event for event in events if event["id"] == id_]
        assert all(event == first for event in again)


def test_ids_are_unique_but_for_the_copies(world):
    assert len({event["id"] for event in world.once}) == len(world.once)


def test_some_events_are_learned_of_late(world):
    late = [event for event in world.once if event["recordedtime"][:10] > event["time"][:10]]
    assert 0.01 < len(late) / len(world.once) < 0.06


def test_events_arrive_nearly_in_the_order_of_recording(world):
    recorded = [event["recordedtime"] for event in world.simulation.events]
    swapped = sum(a > b for a, b in pairwise(recorded)) / len(recorded)
    assert 0.02 < swapped < 0.6


def test_some_events_precede_the_profile_they_name(world):
    known: set[str] = set()
    early = 0
    for event in world.simulation.events:
        data = event["data"]
        if event["type"] in ("PersonProfileUpdated", "PassengerProfileUpdated"):
            known.add(data.get("person_profile_id") or data["passenger_profile_id"])
        early += event["type"] == "BookingConfirmed" and data["booker_profile_id"] not in known
    assert early >= 3


def test_some_cancellations_arrive_before_their_booking(world):
    booked: set[str] = set()
    early = 0
    for event in world.simulation.events:
        if event["type"] == "BookingConfirmed":
            booked.add(event["data"]["booking_id"])
        early += event["type"] == "BookingCancelled" and event["data"]["booking_id"] not in booked
    assert early >= 3


def test_contacts_nobody_knows_write_and_read_too(world):
    strangers = [
        e for e in world.once if e["source"] == "communications" and "person_profile_id" not in e["data"]
    ]
    assert {e["type"] for e in strangers} == {"MessageDelivered", "MessageRead", "ConversationResolved"}


def test_some_checkouts_sales_and_companions_are_anonymous(world):
    assert any("person_profile_id" not in e["data"] for e in world.of("CheckoutAbandoned"))
    assert any(e["data"]["person_profile_id"] is None for e in world.of("OnboardSaleRecorded"))
    travellers = [t for e in world.of("BookingConfirmed") for t in e["data"]["travellers"]]
    assert any(t["person_profile_id"] is None for t in travellers)


def test_people_are_only_named_once_the_world_has_them(world):
    profiles = {e["data"].get("person_profile_id") for e in world.of("PersonProfileUpdated")}
    profiles |= {e["data"]["passenger_profile_id"] for e in world.of("PassengerProfileUpdated")}
    named = {t["person_profile_id"] for e in world.of("BookingConfirmed") for t in e["data"]["travellers"]}
    assert named - {None} <= profiles


def test_nobody_pays_more_than_the_booking_or_gets_back_more_than_was_paid(world):
    due = {e["data"]["booking_id"]: Decimal(e["data"]["total_amount"]) for e in world.of("BookingConfirmed")}
    paid: Counter[str] = Counter()
    for event in world.of("PaymentCompleted"):
        paid[event["data"]["booking_id"]] += Decimal(event["data"]["amount"])
    assert all(paid[booking] <= total for booking, total in due.items())
    for event in world.of("BookingCancelled"):
        assert Decimal(event["data"]["refund_amount"]) <= paid[event["data"]["booking_id"]]


def test_nothing_names_a_person_after_their_erasure(read, monkeypatch):
    """Told with hundreds of erasures over months, so that every kind of event could come after one."""
    monkeypatch.setattr(population, "_erasures", lambda spec: spec.customers)
    monkeypatch.setattr(population, "ERASED_BEFORE_THE_END", (5 * DAY, 119 * DAY))
    world = read(simulate(SimulationSpec(customers=900, years=2, until=UNTIL)))
    erased = {e["data"]["person_profile_id"]: e["time"] for e in world.of("PersonErasureRequested")}
    assert len(erased) > 200
    for event in world.once:
        named = set(re.findall(r"p-[0-9]{6}", str(event["data"]))) & set(erased)
        assert all(event["time"] <= erased[person] for person in named), event


def test_merged_profiles_name_each_other_and_the_truth_knows(world):
    merged = {e["data"]["merged_id"]: e["data"]["surviving_id"] for e in world.of("PersonProfilesMerged")}
    assert merged == world.simulation.truth.merged
