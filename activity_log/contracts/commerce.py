"""Commerce: what was offered, booked, cancelled and paid."""

from pydantic import Field

from activity_log.contracts.fields import (
    Currency,
    Id,
    LocalizedText,
    Money,
    Payload,
    Personal,
    Text,
    date,
)


class Traveller(Payload):
    """One seat of a booking. `person_profile_id` is absent for a companion nobody named."""

    person_profile_id: Id | None = None
    seat_position: Text | None = None
    boarding_point_id: Id | None = None


class BookingConfirmed(Payload):
    """A booker bought seats on one departure. Revenue belongs to the booker, tastes to the travellers."""

    booking_id: Id
    booker_profile_id: Id
    tour_id: Id
    departure_id: Id
    departure_date: date
    total_amount: Money
    currency: Currency
    sales_channel: Text
    travellers: tuple[Traveller, ...] = Field(min_length=1, max_length=200)


class BookingCancelled(Payload):
    """The whole booking was given back."""

    booking_id: Id
    booker_profile_id: Id
    refund_amount: Money
    currency: Currency | None = None
    reason: Personal[Text | None] = None


class BookingNoShow(Payload):
    """A traveller did not turn up."""

    booking_id: Id
    person_profile_id: Id


class CheckoutAbandoned(Payload):
    """A visitor left the checkout at `step`; known visitors carry their person."""

    session_id: Id
    person_profile_id: Id | None = None
    tour_id: Id
    departure_id: Id | None = None
    step: Text


class AncillaryPurchased(Payload):
    """An extra sold with a booking: insurance, excursion, single room."""

    booking_id: Id
    person_profile_id: Id
    category: Text
    amount: Money
    currency: Currency


class PaymentCompleted(Payload):
    """Money for a booking arrived."""

    booking_id: Id
    payer_profile_id: Id
    amount: Money
    currency: Currency
    method: Text


class TourPublished(Payload):
    """A tour of a season; `family_id` ties the seasons together ("Bodensee 2027" is of family Bodensee)."""

    tour_id: Id
    family_id: Id
    name: LocalizedText
    region: Text
    theme: Text
    nights: int = Field(ge=0, le=365)
    price_from: Money
    currency: Currency = "EUR"


class DepartureScheduled(Payload):
    """One dated departure of a tour with its seats; a later event of the same departure replaces it."""

    departure_id: Id
    tour_id: Id
    departs_on: date
    boarding_point_ids: tuple[Id, ...] = ()
    seats_total: int = Field(ge=0, le=10_000)
    seats_left: int = Field(ge=0, le=10_000)
    price: Money
    currency: Currency = "EUR"


class DepartureUpdated(DepartureScheduled):
    """The full new state of a departure: seats, price, date or boarding points changed."""
