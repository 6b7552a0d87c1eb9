"""Whether a contract may change without a new version: one JSON Schema against another.

The side that gives a payload (a producer for what we take in, we for what we send) keeps to one schema, the
side that takes it expects another. Compatible means: whatever is given is taken, and means the same. What this
module cannot compare counts as a break, so that it errs to the safe side. By convention a new optional field is
harmless, although somebody may have sent an unknown field of that name before. Payloads are trees: none
contains itself.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

Schema = Mapping[str, Any]
Action = Literal["receive", "send"]
Bound = tuple[float, int]

ANNOTATIONS = {"$schema", "$defs", "title", "description", "examples", "default", "deprecated"}
"""What says nothing about what is valid; `default` is compared field by field."""

LOWER = (("minimum", "exclusiveMinimum"), ("minLength",), ("minItems",), ("minProperties",))
UPPER = (("maximum", "exclusiveMaximum"), ("maxLength",), ("maxItems",), ("maxProperties",))
COMPARED = {"type", "const", "properties", "required", "additionalProperties", "items"}.union(*LOWER, *UPPER)
ABSENT = object()


class Break(NamedTuple):
    """One incompatible change: of which field, what about it, as published and as it is now."""

    path: str
    what: str
    published: str
    now: str

    def __str__(self) -> str:
        """Return `travellers[].seat_position: maxLength was 20, is 10`."""
        return f"{self.path or 'payload'}: {self.what} was {self.published}, is {self.now}"


def breaks(published: Schema, now: Schema, action: Action) -> list[Break]:
    """Return what a change of a contract breaks for the other side; empty: it may stay the same version."""
    before, after = _inlined(published, published), _inlined(now, now)
    if action == "receive":
        return list(_Comparison(published_is_given=True).schemas(before, after, ""))
    return list(_Comparison(published_is_given=False).schemas(after, before, ""))


class _Comparison(NamedTuple):
    """Walks two schemas side by side; every pair of arguments is (given, taken)."""

    published_is_given: bool

    def schemas(self, given: Any, taken: Any, path: str) -> Iterator[Break]:
        """Each alternative that may be given must be taken by one alternative."""
        givers, takers = _alternatives(given), _alternatives(taken)
        if {} in takers:
            return
        for giver in givers:
            tries = [list(self._alternative(giver, taker, path)) for taker in takers]
            alike = [found for found, taker in zip(tries, takers, strict=True) if _type_fits(giver, taker)]
            if [] in tries:
                continue
            if len(alike) != 1:
                yield self._break(path, "allowed", _kinds(givers), _kinds(takers))
                return
            yield from alike[0]

    def _alternative(self, given: Schema, taken: Schema, path: str) -> Iterator[Break]:
        if not _type_fits(given, taken) or ("const" in taken and not _same_const(given, taken)):
            yield self._break(path, "allowed", _kinds([given]), _kinds([taken]))
            return
        yield from self._bounds(given, taken, path)
        yield from self._unordered(given, taken, path)
        yield from self.schemas(given.get("items", True), taken.get("items", True), f"{path}[]")
        if given.get("type", "object") == "object":
            yield from self._objects(given, taken, path)

    def _bounds(self, given: Schema, taken: Schema, path: str) -> Iterator[Break]:
        narrower = [names for names in LOWER if _lowest(given, names) < _lowest(taken, names)]
        narrower += [names for names in UPPER if _highest(given, names) > _highest(taken, names)]
        for names in narrower:
            yield self._break(path, names[0], _said(given, names), _said(taken, names))

    def _unordered(self, given: Schema, taken: Schema, path: str) -> Iterator[Break]:
        """Compare pattern, format and whatever else has no order: what is asked must have been promised."""
        for keyword in sorted(taken.keys() - COMPARED):
            if given.get(keyword, ABSENT) != taken[keyword] and not _const_meets(given, keyword, taken):
                yield self._break(path, keyword, _said(given, (keyword,)), _said(taken, (keyword,)))

    def _objects(self, given: Schema, taken: Schema, path: str) -> Iterator[Break]:
        sides = (given.get("properties", {}), taken.get("properties", {}), taken.get("required", ()))
        for name in sorted({name for side in sides for name in side}):
            yield from self._field(given, taken, name, f"{path}.{name}" if path else name)
        more, room = given.get("additionalProperties", True), taken.get("additionalProperties", True)
        yield from self.schemas(more, room, f"{path}.*" if path else "*")

    def _field(self, given: Schema, taken: Schema, name: str, path: str) -> Iterator[Break]:
        gives, takes = given.get("properties", {}).get(name), taken.get("properties", {}).get(name)
        published, now = (gives, takes) if self.published_is_given else (takes, gives)
        promised, asked = name in given.get("required", ()), name in taken.get("required", ())
        if published is not None and now is None:
            yield Break(path, "field", "known", "gone")
            return
        if asked and not promised:
            yield self._break(path, "required", "no", "yes")
        if gives is not None:
            others = taken.get("additionalProperties", True)
            yield from self.schemas(gives, others if takes is None else takes, path)
        if gives is not None and takes is not None and not promised and not asked:
            yield from self._defaults(gives, takes, path)

    def _defaults(self, given: Schema, taken: Schema, path: str) -> Iterator[Break]:
        before, after = _said(given, ("default",)), _said(taken, ("default",))
        if before != after:
            yield self._break(path, "default", before, after)

    def _break(self, path: str, what: str, given: str, taken: str) -> Break:
        published, now = (given, taken) if self.published_is_given else (taken, given)
        return Break(path, what, published, now)


def _inlined(value: Any, document: Schema) -> Any:
    """Return a schema with every reference to `$defs` replaced by what it refers to."""
    if isinstance(value, list):
        return [_inlined(item, document) for item in value]
    if not isinstance(value, Mapping):
        return value
    if "$ref" in value:
        target = document["$defs"][value["$ref"].removeprefix("#/$defs/")]
        value = {**target, **{key: its for key, its in value.items() if key != "$ref"}}
    return {key: _inlined(its, document) for key, its in value.items() if key != "$defs"}


def _alternatives(schema: Any) -> list[Schema]:
    """Return the schemas of one type or value each that together allow what `schema` allows; {}: anything."""
    if isinstance(schema, bool):
        return [{}] if schema else []
    own = {key: its for key, its in schema.items() if key not in ANNOTATIONS and not key.startswith("x-")}
    for keyword in ("anyOf", "oneOf"):
        if keyword in own:
            options = own.pop(keyword)
            return [each for option in options for each in _alternatives(_both(own, option))]
    if "enum" in own:
        values = own.pop("enum")
        return [_constant({**own, "const": value}) for value in values]
    if "const" in own:
        return [_constant(own)]
    types = own.get("type")
    return [{**own, "type": each} for each in types] if isinstance(types, list) else [own]


def _both(own: Schema, option: Any) -> Any:
    """Return one schema that asks for both; what they ask differently is kept aside, as it cannot be compared."""
    if isinstance(option, bool):
        return own if option else False
    clash = {key: its for key, its in own.items() if option.get(key, its) != its}
    return {**own, **option, **({"allOf": [clash]} if clash else {})}


def _constant(schema: Schema) -> Schema:
    """Spell out the type and the bounds that a constant keeps, so that it compares with any other schema."""
    value = schema["const"]
    if isinstance(value, str):
        return {"type": "string", "minLength": len(value), "maxLength": len(value), **schema}
    if isinstance(value, bool) or value is None:
        return {"type": "null" if value is None else "boolean", **schema}
    if isinstance(value, int | float):
        whole = isinstance(value, int) or value.is_integer()
        return {"type": "integer" if whole else "number", "minimum": value, "maximum": value, **schema}
    return schema


def _type_fits(given: Schema, taken: Schema) -> bool:
    kinds = given.get("type"), taken.get("type")
    return kinds[1] is None or kinds[0] == kinds[1] or kinds == ("integer", "number")


def _same_const(given: Schema, taken: Schema) -> bool:
    return bool(given.get("const", ABSENT) == taken["const"])


def _const_meets(given: Schema, keyword: str, taken: Schema) -> bool:
    value = given.get("const")
    return keyword == "pattern" and isinstance(value, str) and bool(re.search(taken["pattern"], value))


def _lowest(schema: Schema, names: tuple[str, ...]) -> Bound:
    """Return the lower bound; of two equal ones, the exclusive one is the higher."""
    open_end: Bound = (-math.inf if len(names) > 1 else 0, 0)
    return max(
        [(schema[name], strict) for strict, name in enumerate(names) if name in schema], default=open_end
    )


def _highest(schema: Schema, names: tuple[str, ...]) -> Bound:
    bounds = [(schema[name], -strict) for strict, name in enumerate(names) if name in schema]
    return min(bounds, default=(math.inf, 0))


def _said(schema: Schema, names: Iterable[str]) -> str:
    said = [json.dumps(schema[name], ensure_ascii=False) for name in names if name in schema]
    return ", ".join(said) or "not given"


def _kinds(schemas: list[Schema]) -> str:
    kinds = [_said(each, ("const",)) if "const" in each else each.get("type", "anything") for each in schemas]
    return " or ".join(dict.fromkeys(kinds)) or "nothing"
