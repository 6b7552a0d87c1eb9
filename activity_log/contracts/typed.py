"""CloudEvents of today's types and versions, parsed and validated in one pass over the JSON text."""

import functools
from typing import Annotated, Any, Literal, NotRequired, Required, Union

from pydantic import ConfigDict, Field, TypeAdapter
from typing_extensions import TypedDict

from activity_log.contracts.fields import Id, OperatorId, Payload
from activity_log.contracts.types import TYPES, EventType


class TypedEnvelope(TypedDict):
    """What `Envelope` says, with the payload model of the type as `data`; moments are text, still to be read."""

    id: str
    type: str
    time: str
    operatorid: str
    recordedtime: NotRequired[str | None]
    data: Payload


@functools.cache
def typed_envelope() -> TypeAdapter[TypedEnvelope]:
    """Return the validator of one event of any current type."""
    return TypeAdapter(_any_type())


@functools.cache
def typed_envelopes() -> TypeAdapter[list[TypedEnvelope]]:
    """Return the validator of a list of such events."""
    one: Any = _any_type()
    return TypeAdapter(list[one])


@functools.cache
def _any_type() -> Any:
    envelopes = tuple(_typed(event_type) for event_type in TYPES.values())
    return Annotated[Union[envelopes], Field(discriminator="type")]  # noqa: UP007


def _typed(event_type: EventType) -> Any:
    fields: dict[str, Any] = {
        "specversion": NotRequired[Literal["1.0"]],
        "id": Required[Id],
        "source": Required[Literal[event_type.source]],
        "type": Required[Literal[event_type.name]],
        "time": Required[str],
        "operatorid": Required[OperatorId],
        "dataversion": NotRequired[Literal[event_type.version]],
        "recordedtime": NotRequired[str | None],
        "datacontenttype": NotRequired[str],
        "data": Required[event_type.payload],
    }
    make: Any = TypedDict  # by call: a class body cannot be written per type
    typed = make(f"{event_type.name}Event", fields)
    typed.__pydantic_config__ = ConfigDict(extra="ignore")
    return typed
