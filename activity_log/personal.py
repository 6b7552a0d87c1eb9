"""What of an event is personal: the payload in two parts, and put together again.

Personal is what the contract marks so, and every field the contract does not know: nobody can say what a newer
producer puts there. The public part goes into the log as it is, the private part only encrypted, under the key of
the person the event is about first (the booker of a booking), or a key of the operator's own if it names nobody.
"""

import functools
import json
from typing import Any, NamedTuple

from pydantic import BaseModel

from activity_log.attribution import touches
from activity_log.contracts.fields import Payload, personal_fields

Data = dict[str, Any]

NOBODY = ""
"""Owner of what is unknown in an event that names nobody: no person has this id, and no erasure reaches its key."""


class Parts(NamedTuple):
    """A payload as JSON texts. `private` (None: nothing is) belongs to the person `owner`."""

    public: str
    owner: str | None = None
    private: str | None = None


class _Shape(NamedTuple):
    personal: frozenset[str]
    nested: tuple[str, ...]


def split(payload: Payload) -> Parts:
    """Take a payload of the current version apart. Only fields that were sent are kept, money as text."""
    if not has_unknown_fields(payload):
        return split_known(payload)
    document = payload.model_dump(mode="json", exclude_unset=True)
    public, private = _apart(payload, document, _shape(type(payload)).personal)
    return Parts(_json(public), owner_of(payload) or NOBODY, _json(private))


def split_known(payload: Payload) -> Parts:
    """Take a payload apart that has only fields the contract knows."""
    personal = _shape(type(payload)).personal
    owner = owner_of(payload) if personal else None
    if owner is None or personal.isdisjoint(payload.model_fields_set):
        return Parts(payload.__pydantic_serializer__.to_json(payload, exclude_unset=True).decode())
    return Parts(
        payload.model_dump_json(exclude_unset=True, exclude=set(personal)),
        owner,
        payload.model_dump_json(exclude_unset=True, include=set(personal)),
    )


def split_as_sent(data: Data, sent: Payload, owner: str | None) -> Parts:
    """Take a payload of an old version apart, as it was sent; `sent`: the same as its model of that time."""
    public, private = _apart(sent, data, personal_fields(type(sent)))
    return Parts(_json(public), owner or NOBODY, _json(private)) if private else Parts(_json(public))


def has_unknown_fields(payload: Payload) -> bool:
    """Say whether a payload, or a model within it, has fields that the contract does not know."""
    if payload.__pydantic_extra__:
        return True
    nested = _shape(type(payload)).nested
    return bool(nested) and any(_has_unknown(getattr(payload, name)) for name in nested)


def join(public: Data, private: Data) -> Data:
    """Put the two parts of a payload together again."""
    return {**public, **{name: _joined(public.get(name), part) for name, part in private.items()}}


def _joined(public: Any, private: Any) -> Any:
    if isinstance(public, dict) and isinstance(private, dict):
        return join(public, private)
    if isinstance(public, list) and isinstance(private, list):
        return [_joined(one, other) for one, other in zip(public, private, strict=True)]
    return private


def _apart(model: BaseModel, document: Data, personal: frozenset[str] = frozenset()) -> tuple[Data, Data]:
    """Return the public and the private part of a model's document; in lists they lie side by side."""
    known = type(model).model_fields
    public: Data = {}
    private: Data = {}
    for name, value in document.items():
        inner = getattr(model, name)
        if name in personal or name not in known:
            private[name] = value
        elif not _has_unknown(inner):
            public[name] = value
        elif isinstance(inner, BaseModel):
            public[name], private[name] = _apart(inner, value)
        else:
            pairs = [_apart(one, part) for one, part in zip(inner, value, strict=True)]
            public[name], private[name] = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return public, private


def _has_unknown(value: Any) -> bool:
    if isinstance(value, tuple):
        return any(_has_unknown(one) for one in value)
    return isinstance(value, BaseModel) and bool(value.__pydantic_extra__)


@functools.cache
def _shape(payload_type: type[Payload]) -> _Shape:
    nested = tuple(
        name for name, field in payload_type.model_fields.items() if "Payload" in _mro(field.annotation)
    )
    return _Shape(personal_fields(payload_type), nested)


def _mro(annotation: Any) -> set[str]:
    """Return the names of all classes that an annotation (a class, or tuple[class, ...]) is made of."""
    inner = [*getattr(annotation, "__args__", ()), annotation]
    return {parent.__name__ for one in inner if isinstance(one, type) for parent in one.__mro__}


def owner_of(payload: Payload) -> str | None:
    """Return the person an event is about first, None for the catalogue's."""
    touched = touches(payload)
    return touched[0].person_profile_id if touched else None


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
