"""Whom to invite to a departure."""

from datetime import date, datetime
from typing import Literal

from serving.replies.contract import Amount, ModelInfo, Reason, Reply

Channel = Literal["email", "whatsapp", "sms", "phone", "letter", "push"]


class Invitee(Reply):
    """Somebody to invite. score: the estimated chance (0-1) that their next booking is of this tour's family.

    channels: those they can be reached by. channel: the one of these they are likeliest to read; null: there is none.
    """

    customer_id: str
    rank: int
    score: float
    reason: Reason
    channel: Channel | None
    channels: list[Channel]


class NotInvited(Reply):
    """How many customers were left out, each counted once, by the first of these that holds.

    other_segment: not in the segment asked for. no_consent: the last word on marketing was no, or there was none.
    already_travelling: on a trip on those days. channel: not reachable by the channel asked for. stop_out_of_reach:
    this departure does not stop where they board. lower_ranked: behind the first n.
    """

    other_segment: int
    no_consent: int
    already_travelling: int
    channel: int
    stop_out_of_reach: int
    lower_ranked: int


class Invitation(Reply):
    """Whom to invite to a departure, best first. There may be fewer `seats_left` than are invited."""

    departure_id: str
    tour_id: str
    name: str
    departs_on: date
    price: Amount
    currency: str
    seats_left: int
    purpose: str
    model: ModelInfo
    generated_at: datetime
    customers: int
    invited: list[Invitee]
    excluded: NotInvited
