"""JSON as the gate reads and writes it: exact decimals, nothing that JSON does not have."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

_GAP = re.compile(r"[\s,]*")


def parse_json(raw: bytes) -> Any:
    """Parse JSON with exact decimals. Raises ValueError for what is no JSON, NaN and bottomless nesting."""
    try:
        return json.loads(raw, parse_float=_exact, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def may_hold_nul(raw: bytes) -> bool:
    """Say whether JSON may hold the character NUL. It can be written only this way; mostly there is no backslash."""
    return b"\\" in raw and b"\\u0000" in raw


def elements(raw: bytes) -> Iterator[bytes]:
    """Yield the text of each element of a JSON list that can be parsed, just as it came."""
    text = raw.decode(json.detect_encoding(raw), "surrogatepass")
    place, decoder = text.index("[") + 1, json.JSONDecoder(parse_float=str)
    while text[place := _end_of_gap(text, place)] != "]":
        _, end = decoder.raw_decode(text, place)
        yield text[place:end].encode(errors="surrogatepass")
        place = end


def canonical_json(value: Any) -> str:
    """Return compact JSON with sorted keys; decimals become text."""
    return _CANONICAL.encode(value)


def _end_of_gap(text: str, place: int) -> int:
    gap = _GAP.match(text, place)
    return gap.end() if gap else place


def _exact(text: str) -> Decimal:
    """Return the number as written; one beyond all bounds is infinite, and refused where it matters."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("Infinity")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
