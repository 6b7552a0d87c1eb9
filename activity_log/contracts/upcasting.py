"""Old names and old versions become the current ones when an event is read; the log keeps what was sent."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from activity_log.contracts.types import TYPES, EventType

Data = dict[str, Any]


class Upcast(NamedTuple):
    """One step: the (type, version) it leads to, and how the payload is rewritten."""

    type: str
    version: int
    rewrite: Callable[[Data], Data]


class Current(NamedTuple):
    """An event in the words of today."""

    event_type: EventType
    data: Data


def _passenger_to_person(data: Data) -> Data:
    """`PassengerProfileUpdated` v1 named the person `passenger_profile_id`."""
    rest = {key: value for key, value in data.items() if key != "passenger_profile_id"}
    if "passenger_profile_id" in data:
        rest.setdefault("person_profile_id", data["passenger_profile_id"])
    return rest


UPCASTS: Mapping[tuple[str, int], Upcast] = MappingProxyType(
    {("PassengerProfileUpdated", 1): Upcast("PersonProfileUpdated", 1, _passenger_to_person)}
)


def upcast(name: str, version: int, data: Data) -> Current | None:
    """Follow the upcasts from (name, version) to the current type. None: no such type or version."""
    while step := UPCASTS.get((name, version)):
        name, version, data = step.type, step.version, step.rewrite(data)
    event_type = TYPES.get(name)
    if event_type is None or event_type.version != version:
        return None
    return Current(event_type, data)
