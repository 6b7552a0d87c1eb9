"""What became of what was sent."""

from serving.replies.contract import Reply


class QuarantinedEvent(Reply):
    """An event that may not enter, and why; `id` is null where none could be read."""

    id: str | None
    reason: str


class EventsReceipt(Reply):
    """What became of the posted events."""

    accepted: int
    duplicates: int
    discarded: int
    quarantined: list[QuarantinedEvent]
