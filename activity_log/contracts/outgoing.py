"""What Customer Intelligence tells the other contexts. Pseudonyms and reasons, never a name or a number to call.

`person_profile_id` is the one id that the receiving contexts know; whoever needs an address looks it up there.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from activity_log.contracts.fields import Channel, Id, LocalizedText, Moment

SOURCE = "customer-intelligence"
"""The CloudEvents `source` of everything in this module."""

Fact = str | int | float | bool | None


class _Said(BaseModel):
    """Frozen, and written as JSON that every reader takes: no NaN."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class Outgoing(_Said):
    """What every enrichment event says: about whom, and as of which moment (UTC) it holds."""

    customer_id: Id
    person_profile_id: Id
    as_of: Moment


class Reason(_Said):
    """Why we say so: its kind, the facts of the log it rests on, and the ids of the events that hold them."""

    kind: Id
    evidence: Mapping[str, Fact] = Field(default_factory=dict)
    event_ids: tuple[Id, ...] = ()
    text: LocalizedText | None = None


class ModelVersion(_Said):
    """Which registered model spoke."""

    name: Id
    version: Id
    trained_at: Moment


class PersonalizedOfferGenerated(Outgoing):
    """A tour to offer to one customer. `expires_at`: when its seats, price or reason should be asked for anew."""

    offer_id: Id
    tour_id: Id
    departure_id: Id | None = None
    position: int = Field(ge=1, le=1_000)
    score: float | None = None
    reason: Reason
    basis: Id
    model: ModelVersion | None = None
    expires_at: Moment | None = None


Occasion = Literal["abandoned_checkout", "unhappy", "no_show", "cancelled_booking", "churn_risk"]


class EngagementTrigger(Outgoing):
    """An occasion to get in touch with a customer.

    contact_allowed: the latest word on marketing known to us at `as_of` was yes. Where it is false, do not write
    to the person for marketing; the consent kept in the Backoffice decides when the message is sent.
    """

    occasion: Occasion
    contact_allowed: bool
    reason: Reason
    model: ModelVersion | None = None


class ChannelPreferenceResolved(Outgoing):
    """The channel a customer reacts to best; `ranked` lists all that are known, the best first."""

    channel: Channel
    ranked: tuple[Channel, ...] = ()
    reason: Reason
    model: ModelVersion | None = None


class ProfileEnrichmentAvailable(Outgoing):
    """What we know of a customer has changed: fetch the CustomerInsight. `changed` names its parts."""

    changed: tuple[Id, ...] = Field(min_length=1)
    reason: Reason
    model: ModelVersion | None = None


class CustomerSegmentChanged(Outgoing):
    """A customer entered or left a segment, as `definition_version` of it defines.

    contact_allowed: as in EngagementTrigger.
    """

    segment_id: Id
    change: Literal["entered", "left"]
    definition_version: Id
    contact_allowed: bool = False
    reason: Reason
    model: ModelVersion | None = None


class OutgoingType(NamedTuple):
    """One type as we publish it today, and the context it is meant for."""

    name: str
    version: int
    receiver: str
    payload: type[Outgoing]


OUTGOING_TYPES: Mapping[str, OutgoingType] = MappingProxyType(
    {
        payload.__name__: OutgoingType(payload.__name__, 1, receiver, payload)
        for payload, receiver in (
            (PersonalizedOfferGenerated, "commerce"),
            (EngagementTrigger, "communications"),
            (ChannelPreferenceResolved, "communications"),
            (ProfileEnrichmentAvailable, "backoffice"),
            (CustomerSegmentChanged, "marketing"),
        )
    }
)
"""Every type we publish, by its name."""
