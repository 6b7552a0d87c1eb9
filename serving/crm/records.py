"""What the screen shows beside the CustomerInsight: bookings, consent, who is slipping away, segments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from serving.replies import Band, RebookingWindow

BookingState = Literal["confirmed", "cancelled", "travelled"]
LossBasis = Literal["expected_spend", "revenue"]
SegmentKind = Literal["rule", "list", "cluster"]


class NamedPerson(NamedTuple):
    """Somebody with a profile."""

    customer_id: str
    name: str


@dataclass(frozen=True)
class BookingRecord:
    """A booking the customer made (is_own), or travels on. booker: null where it is the customer, or nobody known.

    amount: of the whole booking, whoever made it. boarding_point: the customer's own; null where none is named.
    companions: who else is of the party and has a profile; party_size counts all seats. nights: null where unknown.
    """

    booking_id: str
    tour_name: str
    departs_on: date
    nights: int | None
    booked_at: datetime
    state: BookingState
    amount: Decimal
    currency: str
    is_own: bool
    booker: NamedPerson | None
    boarding_point: str | None
    companions: tuple[NamedPerson, ...]
    party_size: int


@dataclass(frozen=True)
class TravelCompanion:
    """Somebody who shares `trips` bookings with the customer."""

    customer_id: str
    name: str
    trips: int


@dataclass(frozen=True)
class TravelRecord:
    """All bookings, latest departure first, who travels along, most trips first, and the next trip booked."""

    bookings: Sequence[BookingRecord]
    companions: Sequence[TravelCompanion]
    next_trip: BookingRecord | None


@dataclass(frozen=True)
class Consent:
    """The latest word on a purpose (`marketing`, `newsletter`, `profiling`), and when it was said; null: never."""

    purpose: str
    granted: bool
    said_at: datetime | None


@dataclass(frozen=True)
class ConsentState:
    """What may be sent. channels: those the profile holds an address for, whatever was agreed to."""

    consents: Sequence[Consent]
    channels: Sequence[str]

    @property
    def marketing(self) -> bool:
        """Whether advertising is allowed."""
        return any(one.granted for one in self.consents if one.purpose == "marketing")


@dataclass(frozen=True)
class SlippingCustomer:
    """A customer to call this week, see `serving.slipping`. expected_loss: see `SlippingAway.basis`.

    probability: 0-1, as in `ChurnRisk`. last_booking_at: aware. reason: the weightiest; null: none stands out.
    contact_allowed: whether advertising is.
    """

    customer_id: str
    name: str
    phone: str | None
    probability: float
    band: Band
    expected_loss: float
    currency: str | None
    last_booking_at: datetime | None
    reason: str | None
    window: RebookingWindow | None
    contact_allowed: bool


@dataclass(frozen=True)
class SlippingAway:
    """Those with the greatest expected loss, the greatest first.

    basis: the loss is the churn probability times the spend that the value model expects within `horizon_days`, or,
    while none is live, times the revenue so far (horizon_days: null).
    """

    basis: LossBasis
    horizon_days: int | None
    as_of: datetime
    customers: Sequence[SlippingCustomer]


@dataclass(frozen=True)
class SegmentLine:
    """A segment as of its latest refresh. as_of: null while it was never refreshed, and nobody is in it."""

    segment_id: str
    name: str
    kind: SegmentKind
    size: int
    entered: int
    left: int
    as_of: datetime | None


@dataclass(frozen=True)
class SegmentOverlap:
    """Two segments that share `both` customers."""

    one: SegmentLine
    other: SegmentLine
    both: int


@dataclass(frozen=True)
class SegmentOverview:
    """All segments in use, the largest first; those that share somebody, most alike first."""

    segments: Sequence[SegmentLine]
    overlaps: Sequence[SegmentOverlap]


@dataclass(frozen=True)
class SegmentMember:
    """Somebody in a segment, since when."""

    customer_id: str
    name: str
    phone: str | None
    postcode: str | None
    since: datetime


@dataclass(frozen=True)
class SegmentPage:
    """A page of a segment's members, by name. rule: what it takes to be in it, in words; null: no rule.

    page counts from 1; members_in_all may differ from the size, as people are merged and forgotten meanwhile.
    """

    segment: SegmentLine
    rule: str | None
    members: Sequence[SegmentMember]
    page: int
    pages: int
    members_in_all: int
