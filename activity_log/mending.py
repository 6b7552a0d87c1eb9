"""Correcting the bytes of a refused event, so that a person changes one field and nothing else."""

from collections.abc import Callable, Mapping
from typing import Any

from activity_log.errors import WrongUseError
from activity_log.json_texts import canonical_json, parse_json

Mend = Callable[[bytes], bytes]


def by_setting(fields: Mapping[str, str]) -> Mend:
    """Set fields by their dotted paths (`data.travellers.0.seat_position`), to JSON or, if it is none, to text."""

    def mend(raw: bytes) -> bytes:
        document = _document(raw)
        for path, text in fields.items():
            _set(document, path, _value(text))
        return canonical_json(document).encode()

    return mend


def by_patch(patch: bytes) -> Mend:
    """Apply a JSON merge patch (RFC 7396); null removes a field. Raises WrongUseError for what is no JSON object."""
    try:
        changes = parse_json(patch)
    except ValueError as error:
        raise WrongUseError(f"the patch is not JSON: {error}") from error
    if not isinstance(changes, dict):
        raise WrongUseError("the patch is not a JSON object: write only the fields to change")
    return lambda raw: canonical_json(_merged(_document(raw), changes)).encode()


def by_replacing(replacement: bytes) -> Mend:
    """Send these bytes instead."""
    return lambda _: replacement


def _document(raw: bytes) -> dict[str, Any]:
    try:
        document = parse_json(raw)
    except ValueError as error:
        raise WrongUseError(f"what came is not JSON ({error}): give the whole event instead") from error
    if not isinstance(document, dict):
        raise WrongUseError("what came is not a JSON object: give the whole event instead")
    return document


def _merged(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), value)
    return merged


def _set(document: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    place: Any = document
    for step in parents:
        place = _step(place, step, path)
    if isinstance(place, dict) and last:
        place[last] = value
    elif isinstance(place, list) and last.isdigit() and int(last) < len(place):
        place[int(last)] = value
    else:
        raise _no_such_place(path)


def _step(place: Any, step: str, path: str) -> Any:
    if isinstance(place, dict) and step:
        return place.setdefault(step, {})
    if isinstance(place, list) and step.isdigit() and int(step) < len(place):
        return place[int(step)]
    raise _no_such_place(path)


def _no_such_place(path: str) -> WrongUseError:
    return WrongUseError(
        f"'{path}': the event has no such place; write fields like data.amount or data.travellers.0"
    )


def _value(text: str) -> Any:
    try:
        return parse_json(text.encode())
    except ValueError:
        return text
