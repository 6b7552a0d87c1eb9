"""The two clocks: what counts for whom at which moment. At T itself, what happens or is learned at T is unknown."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import ibis
import pyarrow as pa
import pytest

from activity_log.facts.tables import MOMENT
from feature_repo.expressions.clocks import ROW, most_frequent
from feature_repo.groups import BOOKING, TASTE, TRAVEL
from feature_repo.sources import connect_duckdb
from tests.feature_repo.stories import LogOf, Sight, Story, utc

T = utc("2024-06-01T12:00:00")
TICK, HOUR = timedelta(microseconds=1), timedelta(hours=1)
CLOCKS: dict[str, tuple[datetime, datetime]] = {
    "happens_at_T": (T, T - HOUR),
    "known_at_T": (T - HOUR, T),
    "happens_and_known_just_before_T": (T - TICK, T - TICK),
}

Tell = Callable[[Story, str, datetime, datetime], None]


def _event(type_: str, **data: Any) -> Tell:
    def tell(story: Story, who: str, when: datetime, known: datetime) -> None:
        story.tell(type_, when, known=known, person_profile_id=who, **data)

    return tell


def _booking(story: Story, who: str, when: datetime, known: datetime) -> None:
    story.books(who, when, known=known, travellers=[None])


def _trip(story: Story, who: str, when: datetime, known: datetime) -> None:
    story.books("host", when, known=known, travellers=[(who, "window", "Kiel")])


def _cancellation(story: Story, who: str, when: datetime, known: datetime) -> None:
    story.cancels(who, f"kept by {who}", when, known=known)


def _merge(story: Story, who: str, when: datetime, known: datetime) -> None:
    story.merges(who, f"double of {who}", when, known=known)


_SOLD = {"category": "coffee", "amount": "2.50", "currency": "EUR"}
_SENT = {"message_id": "m", "contact_id": "c", "channel": "email"}
HAPPENINGS: dict[str, Tell] = {
    "booking": _booking,
    "trip": _trip,
    "cancellation": _cancellation,
    "merge": _merge,
    "no_show": _event("BookingNoShow", booking_id="b"),
    "boarding": _event("BoardingEventCreated", booking_id="b", boarding_point_id="Kiel", minutes_late=30),
    "onboard_sale": _event("OnboardSaleRecorded", departure_id="d", **_SOLD),
    "ancillary": _event("AncillaryPurchased", booking_id="b", **_SOLD),
    "checkout": _event("CheckoutAbandoned", session_id="s", tour_id="nordsee-24", step="seats"),
    "delivery": _event("MessageDelivered", **_SENT),
    "reading": _event("MessageRead", **_SENT),
    "conversation": _event(
        "ConversationResolved", conversation_id="t", contact_id="c", channel="phone", satisfaction=2, nps=3
    ),
    "consent": _event("ConsentGranted", purpose="marketing"),
    "profile": _event("PersonProfileUpdated", given_name="X", family_name="Y", marketing_consent=True),
}


def one_happening_each() -> Story:
    """For each kind of event and each clock somebody to whom it happens, and somebody to whom it never does."""
    story = Story()
    story.knows("host")
    for kind, tell in HAPPENINGS.items():
        for case in ("never", *CLOCKS):
            who = f"{kind} {case}"
            story.knows(who, f"double of {who}")
            story.books(who, "2024-01-01", booking=f"kept by {who}")
            story.books(f"double of {who}", "2024-02-01")
            if case != "never":
                tell(story, who, *CLOCKS[case])
    return story


@pytest.fixture(scope="module")
def sight(log_of: LogOf) -> Sight:
    return log_of(one_happening_each()).at(T, T + TICK)


@pytest.mark.parametrize("kind", HAPPENINGS)
@pytest.mark.parametrize("case", ["happens_at_T", "known_at_T"])
def test_what_happens_or_is_learned_at_the_moment_is_not_seen_at_it(sight: Sight, kind: str, case: str):
    assert sight.of(f"{kind} {case}", T) == sight.of(f"{kind} never", T)


@pytest.mark.parametrize("kind", HAPPENINGS)
@pytest.mark.parametrize("case", CLOCKS)
def test_a_microsecond_later_it_is_seen(sight: Sight, kind: str, case: str):
    assert sight.of(f"{kind} {case}", T + TICK) != sight.of(f"{kind} never", T + TICK)


@pytest.mark.parametrize("kind", HAPPENINGS)
def test_what_happened_and_was_known_before_is_seen(sight: Sight, kind: str):
    assert sight.of(f"{kind} happens_and_known_just_before_T", T) != sight.of(f"{kind} never", T)


def test_somebody_is_a_customer_from_when_their_profile_is_known(log_of: LogOf):
    """The identity anchor: bookings of a person nobody knows wait, and count as soon as the profile arrives."""
    story = Story()
    story.knows("anna", when="2024-01-01", known="2024-06-01T12:00:00")
    story.books("anna", "2023-05-01", amount="400.00")
    sight = log_of(story).at("2023-06-01", T, T + TICK, groups=[BOOKING])
    assert not sight.knows("anna", "2023-06-01")
    assert not sight.knows("anna", T)
    assert sight.of("anna", T + TICK)["lifetime_revenue"] == 400.0


def test_a_tour_belongs_to_its_family_from_when_that_is_known(log_of: LogOf):
    story = Story()
    story.knows("anna", "bernd")
    for who, (when, known) in {"anna": CLOCKS["happens_at_T"], "bernd": CLOCKS["known_at_T"]}.items():
        story.books(who, "2024-01-01", tour=f"tour of {who}")
        story.tell("TourPublished", when, known=known, tour_id=f"tour of {who}", family_id="nordsee",
                   name={"de": "Nordsee"}, region="Küste", theme="coast", nights=5, price_from="300")  # fmt: skip
    sight = log_of(story).at(T, T + TICK, groups=[TASTE])
    for who in ("anna", "bernd"):
        assert sight.of(who, T)["family_ids"] == [f"tour of {who}"]
        assert sight.of(who, T + TICK)["family_ids"] == ["nordsee"]


def test_a_late_event_changes_the_past_only_for_who_looks_after_it_came(log_of: LogOf):
    story = Story()
    story.knows("anna")
    story.books("anna", "2023-05-01", amount="100.00", known="2024-01-15T00:00:00")
    story.books("anna", "2023-12-01", amount="10.00")
    sight = log_of(story).at("2023-06-01", "2024-01-15", "2024-01-16", groups=[BOOKING])
    revenue = [
        sight.of("anna", when)["lifetime_revenue"] for when in ("2023-06-01", "2024-01-15", "2024-01-16")
    ]
    assert revenue == [0.0, 10.0, 110.0]
    assert sight.of("anna", "2024-01-16")["days_since_first_booking"] == pytest.approx(259 + 14 / 24)


def carla_was_three_people() -> Story:
    """Carla2 counts as Carla from March on; Carla3, who books too, as Carla2, and so as Carla, from May on."""
    story = Story()
    story.knows("carla", "carla2", "carla3", "dora")
    story.books("carla", "2023-01-10", amount="1.00", travellers=[("carla", "aisle", "Kiel")])
    story.books("carla2", "2023-02-10", amount="10.00", travellers=[("carla2", "window", "Husum")])
    story.books("carla3", "2023-03-10", amount="100.00", travellers=[("carla3", "window", "Husum")])
    cancelled = story.books("carla2", "2023-04-10", amount="1000.00")
    story.cancels("carla2", cancelled, "2023-04-11")
    story.merges("carla2", "carla3", "2024-05-01")
    story.merges("carla", "carla2", "2024-02-20", known="2024-03-01T00:00:00")
    story.merges("dora", "dora", "2024-02-01")
    return story


@pytest.fixture(scope="module")
def merged(log_of: LogOf) -> Sight:
    moments = ("2024-02-25", "2024-03-01", utc("2024-03-01") + TICK, "2024-06-01")
    return log_of(carla_was_three_people()).at(*moments, groups=[BOOKING, TRAVEL])


def test_people_count_as_one_from_the_merge_on_and_not_before(merged: Sight):
    for before in ("2024-02-25", "2024-03-01"):
        assert [merged.of(who, before)["lifetime_revenue"] for who in ("carla", "carla2", "carla3")] == [
            1,
            10,
            100,
        ]
    after = utc("2024-03-01") + TICK
    assert not merged.knows("carla2", after)
    assert merged.of("carla3", after)["lifetime_revenue"] == 100.0
    one = merged.of("carla", after)
    assert (one["lifetime_revenue"], one["total_bookings"], one["total_trips"]) == (11.0, 2, 2)
    assert one["cancelled_bookings"] == 1


def test_a_chain_of_merges_ends_at_the_one_who_is_left(merged: Sight):
    assert not merged.knows("carla2", "2024-06-01")
    assert not merged.knows("carla3", "2024-06-01")
    one = merged.of("carla", "2024-06-01")
    assert (one["lifetime_revenue"], one["total_bookings"]) == (111.0, 3)
    assert (one["preferred_seat_position"], one["preferred_boarding_point"]) == ("window", "Husum")
    assert one["longest_booking_gap_days"] == 31.0


def test_a_chain_of_merges_may_begin_at_its_far_end(log_of: LogOf):
    """First the third counts as the second; once the second counts as the first, so does the third."""
    story = Story()
    for number, who in enumerate(("emil", "emil2", "emil3")):
        story.knows(who)
        story.books(who, "2023-01-10", amount=f"{10**number}.00")
    story.merges("emil2", "emil3", "2024-02-01")
    story.merges("emil", "emil2", "2024-04-01")
    sight = log_of(story).at("2024-03-01", "2024-05-01", groups=[BOOKING])
    assert [sight.of(who, "2024-03-01")["lifetime_revenue"] for who in ("emil", "emil2")] == [1, 110]
    assert sight.of("emil", "2024-05-01")["lifetime_revenue"] == 111
    assert [sight.knows(who, "2024-05-01") for who in ("emil2", "emil3")] == [False, False]


def test_history_counts_as_one_between_merge_and_unmerge_and_as_two_before_and_after(log_of: LogOf):
    """Frida is mistaken for her sister until a dispatcher notices, and tells us of it four days later."""
    story, never = Story(), Story()
    for one in (story, never):
        one.knows("frida", "sister")
        one.books("frida", "2023-01-10", amount="1.00")
        one.books("sister", "2023-02-10", amount="10.00")
    story.merges("frida", "sister", "2024-02-01")
    story.unmerges("frida", "sister", "2024-03-01", known="2024-03-05T00:00:00")
    for one in (story, never):
        one.books("sister", "2024-04-01", amount="100.00")

    noticed, told = "2024-03-05", utc("2024-03-05") + TICK
    moments = ("2024-01-01", "2024-02-15", noticed, told, "2024-06-01")
    sight = log_of(story).at(*moments, groups=[BOOKING])
    for between in ("2024-02-15", noticed):
        assert sight.of("frida", between)["lifetime_revenue"] == 11
        assert not sight.knows("sister", between)
    apart = log_of(never).at("2024-01-01", told, "2024-06-01", groups=[BOOKING])
    for who in ("frida", "sister"):
        for moment in ("2024-01-01", told, "2024-06-01"):
            assert sight.of(who, moment) == apart.of(who, moment)


def test_a_merge_into_oneself_changes_nothing(merged: Sight):
    assert merged.of("dora", "2024-06-01")["total_bookings"] == 0


def test_most_frequent_leaves_out_nulls_and_gives_ties_to_the_first_of_the_alphabet():
    seen = {
        "anna": ["b", "a", None, None, None],
        "bernd": ["b", "a", "b"],
        "carla": [None],
        "dora": ["ä", "z"],
    }
    rows = [("o", who, T, value) for who, values in seen.items() for value in values]
    schema = pa.schema({**{name: pa.string() for name in ROW}, "as_of": MOMENT, "value": pa.string()})
    table = pa.Table.from_arrays([pa.array(column) for column in zip(*rows, strict=True)], schema=schema)
    for order in (table, table[::-1]):
        expression = most_frequent(ibis.memtable(order), "value", "most")
        found = connect_duckdb().to_pyarrow(expression).to_pylist()
        assert {row["customer_id"]: row["most"] for row in found} == {"anna": "a", "bernd": "b", "dora": "z"}
