"""Why an event may not enter, in one line for a person: the field, what is wrong with it, and the remedy."""

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
