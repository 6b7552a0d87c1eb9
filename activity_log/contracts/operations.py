"""Operations: what happened on the road."""

from pydantic import Field

from activity_log.contracts.fields import Currency, Id, Money, Payload, Text


class BoardingEventCreated(Payload):
    """A traveller got on. `minutes_late` is negative for the early."""

    booking_id: Id
    person_profile_id: Id
    boarding_point_id: Id
    seat_position: Text | None = None
    minutes_late: int | None = Field(default=None, ge=-1_440, le=10_080)


class OnboardSaleRecorded(Payload):
    """Something sold on the coach; anonymous sales name nobody."""

    person_profile_id: Id | None = None
    departure_id: Id
    category: Text
    amount: Money
    currency: Currency


class ServiceLegCompleted(Payload):
    """A leg of a departure was driven with these people on board."""

    departure_id: Id
    leg_id: Id
    person_profile_ids: tuple[Id, ...] = ()
