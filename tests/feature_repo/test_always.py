"""Claims that hold for every story: no row sees its future, and neither order nor repetition of arrival matters."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activity_log.contracts.types import TYPES
from tests.feature_repo.stories import Logged, LogOf, Row, Story, utc

PEOPLE = ("anna", "bernd", "carla")
T = utc("2024-06-01")
MOMENTS = (utc("2023-03-01"), T)
DAY = timedelta(days=1)
FEW = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

people = st.sampled_from(PEOPLE)
bookings = st.sampled_from([f"b{number}" for number in range(9)])
types = st.sampled_from([*sorted(TYPES), *3 * ["BookingConfirmed", "BookingCancelled"]])


@st.composite
def happenings(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """An event of any type of the design, about people and bookings that the story knows or not."""
    type_ = draw(types)
    who, other, booking = draw(people), draw(people), draw(bookings)
    departs = (T + draw(st.integers(-900, 900)) * DAY).date().isoformat()
    amount = f"{draw(st.integers(0, 99_999))}.{draw(st.integers(0, 99)):02d}"
    everything = {
        "person_profile_id": who, "booker_profile_id": who, "payer_profile_id": who, "surviving_id": who,
        "merged_id": other, "booking_id": booking, "tour_id": draw(st.sampled_from(["t1", "t2"])),
        "departure_id": f"d{departs}", "departure_date": departs, "departs_on": departs,
        "total_amount": amount, "refund_amount": "0", "amount": amount, "price": amount, "price_from": amount,
        "currency": draw(st.sampled_from(["EUR", "CHF"])), "sales_channel": "web", "method": "cash",
        "travellers": [{"person_profile_id": other, "seat_position": draw(st.sampled_from(["aisle", "window"]))}],
        "category": "coffee", "session_id": "s", "step": "seats", "family_id": draw(st.sampled_from(["f1", "f2"])),
        "name": {"de": "Reise"}, "region": "r", "theme": "t", "nights": 3, "seats_total": 9, "seats_left": 9,
        "boarding_point_id": draw(st.sampled_from(["Kiel", "Husum"])), "minutes_late": draw(st.integers(-9, 99)),
        "leg_id": "l", "person_profile_ids": [other], "message_id": draw(st.sampled_from(["m1", "m2"])),
        "contact_id": "c", "channel": draw(st.sampled_from(["email", "letter"])), "conversation_id": "c",
        "satisfaction": draw(st.integers(1, 5)), "nps": draw(st.integers(0, 10)), "given_name": "A",
        "family_name": "B", "marketing_consent": draw(st.booleans()), "purpose": "marketing",
        "recommendation_id": "r", "position": 1, "propensity": 1.0,
    }  # fmt: skip
    return type_, {name: everything[name] for name in TYPES[type_].payload.model_fields if name in everything}


moments_before = st.integers(0, 900 * 86_400).map(lambda seconds: T - timedelta(seconds=seconds + 1))
moments_from = st.integers(0, 900 * 86_400).map(lambda seconds: T + timedelta(seconds=seconds))
past = st.lists(st.tuples(happenings(), moments_before), min_size=15, max_size=40)
not_yet_known = st.tuples(moments_from | moments_before, moments_from)
happened_later = st.tuples(moments_from, moments_from | moments_before)
future = st.lists(st.tuples(happenings(), not_yet_known | happened_later), min_size=15, max_size=40)


def told(happened: list[tuple[tuple[str, dict[str, Any]], datetime]]) -> Story:
    story = Story()
    story.knows(*PEOPLE)
    for (type_, data), when in happened:
        story.tell(type_, when, **data)
    return story


def rows_of(logged: Logged) -> dict[tuple[str, datetime], Row]:
    return logged.at(*MOMENTS).rows


@FEW
@given(past=past, future=future)
def test_what_happens_or_is_known_from_the_moment_on_changes_no_feature(
    log_of: LogOf, past: Any, future: Any
):
    story = told(past)
    before = rows_of(log_of(story))
    for (type_, data), (when, known) in future:
        story.tell(type_, when, known=known, **data)
    assert rows_of(log_of(story)) == before


@FEW
@given(past=past, seed=st.integers(0, 2**32), batches=st.integers(1, 4))
def test_order_and_repetition_of_arrival_change_no_feature(log_of: LogOf, past: Any, seed: int, batches: int):
    story = told(past)
    before = rows_of(log_of(story))
    chance = Random(seed)
    again = chance.choices(story.events, k=len(story.events) // 2)
    shuffled = Story(events=chance.sample(story.events + again, len(story.events) + len(again)))
    assert rows_of(log_of(shuffled, batches)) == before
