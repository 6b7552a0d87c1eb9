"""CloudEvents of today's types and versions, parsed and validated in one pass over the JSON text."""

import functools
from typing import Annotated, Any, Literal, Union

from pydantic import Field, TypeAdapter, create_model

from activity_log.contracts.envelope import Envelope
from activity_log.contracts.types import TYPES, EventType


@functools.cache
def typed_envelope() -> TypeAdapter[Envelope]:
    """Return the validator of one event of any current type; its `data` becomes the payload model of the type."""
    return TypeAdapter(_any_type())


@functools.cache
def typed_envelopes() -> TypeAdapter[list[Envelope]]:
    """Return the validator of a list of such events."""
    one: Any = _any_type()
    return TypeAdapter(list[one])


@functools.cache
def _any_type() -> Any:
    envelopes = tuple(_typed(event_type) for event_type in TYPES.values())
    return Annotated[Union[envelopes], Field(discriminator="type")]  # noqa: UP007


def _typed(event_type: EventType) -> type[Envelope]:
    fields: dict[str, Any] = {
        "type": (Literal[event_type.name], ...),
        "source": (Literal[event_type.source], ...),
        "dataversion": (Literal[event_type.version], 1),
        "data": (event_type.payload, ...),
    }
    return create_model(f"{event_type.name}Event", __base__=Envelope, **fields)
