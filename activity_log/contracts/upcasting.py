"""Old names and old versions become the current ones when an event is read; the log keeps what was sent.

History is a chain: each step leads from one (name, version) to the next, be it a newer version or a new name.
A rewrite is pure and total: it never raises on odd data, leaves what it was given unchanged and carries
unknown fields along; whether the outcome is valid is for the current contract to say.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from activity_log.contracts.fields import Payload
from activity_log.contracts.retired import PassengerProfileUpdatedV1, PassengerProfileUpdatedV2
from activity_log.contracts.types import TYPES, EventType

Data = dict[str, Any]
Rewrite = Callable[[Data], Data]
Version = tuple[str, int]
"""A type's name and the `dataversion` of its payload."""


class Upcast(NamedTuple):
    """One step: the payload as it was sent, the (type, version) it leads to, and how it is rewritten."""

    sent: type[Payload]
    type: str
    version: int
    rewrite: Rewrite


class Current(NamedTuple):
    """An event in the words of today."""

    event_type: EventType
    data: Data


class Route(NamedTuple):
    """All steps from one version to the current type; none, if it is current."""

    event_type: EventType
    rewrites: tuple[Rewrite, ...]


def renamed(old: str, new: str) -> Rewrite:
    """Return the rewrite that calls the field `old` `new`. Where both came, what `new` says stands."""

    def rewrite(data: Data) -> Data:
        if old not in data:
            return data
        rest = {key: value for key, value in data.items() if key != old}
        rest.setdefault(new, data[old])
        return rest

    return rewrite


def as_it_is(data: Data) -> Data:
    """Leave the payload alone: the rewrite of a step that renames the type only."""
    return data


UPCASTS: Mapping[Version, Upcast] = MappingProxyType(
    {
        ("PassengerProfileUpdated", 1): Upcast(
            PassengerProfileUpdatedV1,
            "PassengerProfileUpdated",
            2,
            renamed("passenger_profile_id", "person_profile_id"),
        ),
        ("PassengerProfileUpdated", 2): Upcast(
            PassengerProfileUpdatedV2, "PersonProfileUpdated", 1, as_it_is
        ),
    }
)
"""The history of the contracts: every (name, version) that was ever published and is current no more."""


def routes(types: Mapping[str, EventType], upcasts: Mapping[Version, Upcast]) -> Mapping[Version, Route]:
    """Return the way of every known version to today, so that reading an event costs one look-up.

    Raises ValueError where a step leads nowhere, in a circle, or away from a version that is current.
    """
    current = [(event_type.name, event_type.version) for event_type in types.values()]
    if outdated := upcasts.keys() & set(current):
        raise ValueError(f"current, and upcast all the same: {sorted(outdated)}")
    return MappingProxyType({start: _route(start, types, upcasts) for start in (*current, *upcasts)})


def _route(start: Version, types: Mapping[str, EventType], upcasts: Mapping[Version, Upcast]) -> Route:
    rewrites: list[Rewrite] = []
    at = start
    while step := upcasts.get(at):
        rewrites.append(step.rewrite)
        at = (step.type, step.version)
        if len(rewrites) > len(upcasts):
            raise ValueError(f"the upcasts of {start} lead in a circle")
    event_type = types.get(at[0])
    if event_type is None or event_type.version != at[1]:
        raise ValueError(f"the upcasts of {start} end at {at}, which is no current type")
    return Route(event_type, tuple(rewrites))


ROUTES = routes(TYPES, UPCASTS)
"""Every (name, version) that can be read."""


def upcast(name: str, version: int, data: Data, by: Mapping[Version, Route] = ROUTES) -> Current | None:
    """Put an event into the words of today. None: no such type or version."""
    route = by.get((name, version))
    if route is None:
        return None
    for rewrite in route.rewrites:
        data = rewrite(data)
    return Current(route.event_type, data)
