import pytest

from activity_log.attribution import touches
from activity_log.contracts.commerce import BookingConfirmed
from activity_log.contracts.types import TYPES
from tests.activity_log.stories import Books

BOOKS = Books()


def touched(event: dict) -> set[tuple[str, str]]:
    return set(touches(TYPES[event["type"]].payload.model_validate(event["data"])))


def test_who_books_is_booker_who_only_travels_is_traveller():
    booking = BOOKS.books("anna", "nordsee-26", "2026-05-02", "bernd")
    assert touched(booking) == {("anna", "booker"), ("bernd", "traveller")}


def test_a_booker_who_stays_at_home_is_booker_all_the_same():
    booking = BOOKS.books("anna", "nordsee-26", "2026-05-02")
    booking["data"]["travellers"] = [{"person_profile_id": "bernd"}, {}, {"person_profile_id": "bernd"}]
    assert touched(booking) == {("anna", "booker"), ("bernd", "traveller")}
    assert len(touches(BookingConfirmed.model_validate(booking["data"]))) == 2


@pytest.mark.parametrize(
    ("type_", "data", "expected"),
    [
        (
            "BookingCancelled",
            {"booking_id": "b", "booker_profile_id": "anna", "refund_amount": "0"},
            "booker",
        ),
        ("BookingNoShow", {"booking_id": "b", "person_profile_id": "anna"}, "traveller"),
        (
            "BoardingEventCreated",
            {"booking_id": "b", "person_profile_id": "anna", "boarding_point_id": "x"},
            "traveller",
        ),
        (
            "PaymentCompleted",
            {
                "booking_id": "b",
                "payer_profile_id": "anna",
                "amount": "1",
                "currency": "EUR",
                "method": "cash",
            },
            "payer",
        ),
        ("ConsentRevoked", {"person_profile_id": "anna", "purpose": "marketing"}, "person"),
        ("PersonErasureRequested", {"person_profile_id": "anna"}, "person"),
    ],
)
def test_the_role_follows_from_the_type(type_: str, data: dict, expected: str):
    assert touched(BOOKS.event(type_, "2026-05-01", data)) == {("anna", expected)}


def test_everybody_on_the_leg_travelled():
    leg = {"departure_id": "d", "leg_id": "l", "person_profile_ids": ["anna", "bernd", "anna"]}
    assert touched(BOOKS.event("ServiceLegCompleted", "2026-05-01", leg)) == {
        ("anna", "traveller"),
        ("bernd", "traveller"),
    }


def test_anonymous_events_touch_nobody():
    sale = {"departure_id": "d", "category": "coffee", "amount": "2.50", "currency": "EUR"}
    abandoned = {"session_id": "s", "tour_id": "nordsee-26", "step": "seats"}
    assert touched(BOOKS.event("OnboardSaleRecorded", "2026-05-01", sale)) == set()
    assert touched(BOOKS.event("CheckoutAbandoned", "2026-05-01", abandoned)) == set()
    assert touched(BOOKS.publishes("nordsee-26", "2026-05-01", "Nordsee")) == set()


@pytest.mark.parametrize("type_", ["PersonProfilesMerged", "PersonProfilesUnmerged"])
def test_merging_and_unmerging_touch_both_people(type_: str):
    event = BOOKS.event(type_, "2026-05-01", {"surviving_id": "anna", "merged_id": "anna2"})
    assert touched(event) == {("anna", "person"), ("anna2", "person")}
