"""The contracts we stand by: what we take in today, what we took in once, what we send out."""

from typing import NamedTuple

from pydantic import BaseModel

from activity_log.contracts import outgoing
from activity_log.contracts.compatibility import Action
from activity_log.contracts.fields import Payload, personal_fields
from activity_log.contracts.types import TYPES
from activity_log.contracts.upcasting import ROUTES, UPCASTS, Version


class Contract(NamedTuple):
    """One version of one event type.

    source: the CloudEvents source it comes from. action: whether we take it in or send it.
    replaced_by: the next version of a retired contract, None for a current one.
    receiver: the context that what we send is meant for.
    """

    name: str
    version: int
    source: str
    action: Action
    payload: type[BaseModel]
    replaced_by: Version | None = None
    receiver: str | None = None

    @property
    def current(self) -> Version:
        """What a producer should send today: the contract itself, or where its upcasts lead."""
        if self.replaced_by is None:
            return self.name, self.version
        event_type = ROUTES[self.replaced_by].event_type
        return event_type.name, event_type.version

    @property
    def path(self) -> str:
        """Where its schema is published, below the folder of the contracts."""
        return f"{self.source}/{self.name}.v{self.version}.json"

    @property
    def personal(self) -> list[str]:
        """The payload fields that tell who somebody is."""
        return sorted(personal_fields(self.payload)) if issubclass(self.payload, Payload) else []


def contracts() -> list[Contract]:
    """Return every contract: the current ones as the design lists them, the retired ones, the ones we send."""
    return [*_current(), *_retired(), *_sent()]


def _current() -> list[Contract]:
    return [
        Contract(known.name, known.version, known.source, "receive", known.payload)
        for known in TYPES.values()
    ]


def _retired() -> list[Contract]:
    return [
        Contract(
            name,
            version,
            ROUTES[name, version].event_type.source,
            "receive",
            step.sent,
            (step.type, step.version),
        )
        for (name, version), step in UPCASTS.items()
    ]


def _sent() -> list[Contract]:
    return [
        Contract(known.name, known.version, outgoing.SOURCE, "send", known.payload, receiver=known.receiver)
        for known in outgoing.OUTGOING_TYPES.values()
    ]
