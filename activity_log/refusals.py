"""Why an event may not enter, in one line for a person: the field, what is wrong with it, and the remedy."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from activity_log.contracts.envelope import Envelope
from activity_log.contracts.types import TYPES
from activity_log.contracts.upcasting import UPCASTS

Model = TypeVar("Model", bound=BaseModel)

_IMPERSONAL = {"greater_than_equal", "greater_than", "less_than_equal", "less_than", "literal_error"}
"""Problems whose offending value may be shown. Anything else could be a name or a number to call."""

_REMEDIES = {"timezone_aware": "; add an offset, as in 2026-05-01T10:00:00Z"}


class RefusedError(Exception):
    """The reason why an event may not enter, in one line."""


def validated(model: type[Model], value: dict[str, Any], prefix: str) -> Model:
    """Validate; `prefix` stands before the names of the fields. Raises RefusedError."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise RefusedError("; ".join(_problems(error, prefix))) from error


def refuse_unstorable(document: dict[str, Any]) -> None:
    """Raise RefusedError for what no store can hold: the character NUL, and numbers of absurd size."""
    try:
        for name, value in _fields(document):
            problem = _NUL if "\0" in name else _unstorable(value)
            if problem:
                raise RefusedError(f"{name[:80]}: {problem}")
    except RecursionError as error:
        raise RefusedError("data: nested too deeply") from error


_NUL = "the character NUL (\\u0000) cannot be stored; remove it"
_ABSURD = "a number of absurd size; correct it"
_MOST_DIGITS = 400


def _fields(document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the fields of an event, those of `data` one by one; of attributes we do not know, only texts."""
    for name, value in document.items():
        if name == "data" and isinstance(value, dict):
            yield from ((f"data.{inner_name}", inner) for inner_name, inner in value.items())
        elif name in Envelope.model_fields or isinstance(value, str):
            yield name, value


def _unstorable(value: Any) -> str | None:
    """Say what is wrong with a value, or with one within it."""
    if isinstance(value, str):
        return _NUL if "\0" in value else None
    if isinstance(value, Decimal):
        return None if value.is_finite() and abs(value.adjusted()) <= _MOST_DIGITS else _ABSURD
    if isinstance(value, dict):
        return next(filter(None, map(_unstorable, (*value, *value.values()))), None)
    if isinstance(value, list):
        return next(filter(None, map(_unstorable, value)), None)
    return None


def on_one_line(text: str) -> str:
    """Return the text without line breaks and other characters that cannot be seen."""
    return "".join(one if one.isprintable() else "?" for one in text)


def unknown_type(envelope: Envelope) -> str:
    """Say that nobody reads this type, or this version of it."""
    known = sorted({*TYPES, *(name for name, _ in UPCASTS)})
    if envelope.type in known:
        return f"dataversion: {envelope.type} has no version {envelope.dataversion}"
    return f"type: unknown event type '{envelope.type[:80]}'; known are {', '.join(known)}"


def _problems(error: ValidationError, prefix: str) -> list[str]:
    problems = []
    for item in error.errors(include_url=False)[:3]:
        field = prefix + ".".join(str(part) for part in item["loc"])
        shown = f" (got {_short(item['input'])})" if item["type"] in _IMPERSONAL else ""
        remedy = _REMEDIES.get(item["type"], "")
        problems.append(f"{field}: {item['msg']}{shown}{remedy}")
    return problems


def _short(value: Any) -> str:
    text = repr(str(value) if isinstance(value, Decimal) else value)
    return text if len(text) <= 60 else text[:57] + "..."
