"""What a message holds: one CloudEvent, a JSON array of them, or one in CloudEvents' binary mode.

Nothing is judged here. Bytes that are none of these go on as they came, so that the gate can say why not.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from activity_log.json_texts import parse_json

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"""What is larger is put aside unread: parsing takes many times a message's size in memory."""

_PREFIXES = ("ce-", "ce_", "cloudevents:", "cloudevents_")
_DECODER = json.JSONDecoder()
_SPACE = " \t\r\n"


class Message(NamedTuple):
    """A message as a broker delivers it, `content-type` among its headers."""

    body: bytes
    headers: Mapping[str, Any]


def unpack(message: Message) -> list[bytes]:
    """Return the events of a message, one JSON text each, with the very bytes that came."""
    attributes = _binary_mode(message.headers)
    if attributes is not None:
        return [_enveloped(attributes, message)]
    if message.body.lstrip()[:1] == b"[":
        return _elements(message.body)
    return [message.body]


def _binary_mode(headers: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the attributes that stand in the headers; None if the event is in the body."""
    attributes = {}
    for header, value in headers.items():
        if header.lower() == "content-type" and _text(value).startswith("application/cloudevents"):
            return None
        for prefix in _PREFIXES:
            if header.lower().startswith(prefix):
                attributes[header.lower().removeprefix(prefix)] = _text(value)
    return attributes if "specversion" in attributes else None


def _enveloped(attributes: Mapping[str, str], message: Message) -> bytes:
    """Join attributes and payload to the structured mode; a payload that is no JSON goes on alone."""
    try:
        parse_json(message.body)
    except ValueError:
        return message.body
    return b'{"data":' + message.body + b"," + json.dumps(attributes).encode()[1:]


def _elements(body: bytes) -> list[bytes]:
    """Cut an array into its elements; one that cannot be read to its end stays whole."""
    try:
        text = body.decode()
        return [text[start:end].encode() for start, end in _extents(text)]
    except (ValueError, RecursionError):
        return [body]


def _extents(text: str) -> list[tuple[int, int]]:
    extents: list[tuple[int, int]] = []
    position = _past_space(text, text.index("[") + 1)
    while extents or text[position] != "]":
        _, end = _DECODER.raw_decode(text, position)
        extents.append((position, end))
        position = _past_space(text, end)
        if text[position] == "]":
            break
        if text[position] != ",":
            raise ValueError("neither the next element nor the end")
        position = _past_space(text, position + 1)
    if _past_space(text, position + 1, at_end=True) != len(text):
        raise ValueError("something follows the array")
    return extents


def _past_space(text: str, position: int, *, at_end: bool = False) -> int:
    while position < len(text) and text[position] in _SPACE:
        position += 1
    if position == len(text) and not at_end:
        raise ValueError("the array has no end")
    return position


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
