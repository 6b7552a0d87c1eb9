"""Communications: what was said, on which channel. Contacts without a person are discarded at the gate."""

from pydantic import Field

from activity_log.contracts.fields import Channel, Id, Payload


class MessageDelivered(Payload):
    """A message reached the contact."""

    message_id: Id
    contact_id: Id
    person_profile_id: Id | None = None
    channel: Channel
    campaign_id: Id | None = None


class MessageRead(MessageDelivered):
    """The contact opened the message of the same `message_id`."""


class ConversationResolved(Payload):
    """A conversation ended; the contact may have rated it (satisfaction 1-5, NPS 0-10)."""

    conversation_id: Id
    contact_id: Id
    person_profile_id: Id | None = None
    channel: Channel
    satisfaction: int | None = Field(default=None, ge=1, le=5)
    nps: int | None = Field(default=None, ge=0, le=10)
