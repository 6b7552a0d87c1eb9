"""Payloads that a JSON Schema allows, as hypothesis strategies: what a producer who reads the schema may send."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from hypothesis import strategies as st

Schema = Mapping[str, Any]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab ", max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("xy", max_size=2), inner, max_size=2),
    max_leaves=3,
)


def instances(schema: Any, document: Schema | None = None) -> st.SearchStrategy[Any]:
    """Everything that `schema` allows, as far as our contracts use the language."""
    document = schema if document is None else document
    if schema is True or schema == {}:
        return json_values
    if "$ref" in schema:
        return instances(document["$defs"][schema["$ref"].removeprefix("#/$defs/")], document)
    if "anyOf" in schema:
        return st.one_of([instances(each, document) for each in schema["anyOf"]])
    if "const" in schema or "enum" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    return _OF_TYPE[schema["type"]](schema, document)


def _string(schema: Schema, _: Schema) -> st.SearchStrategy[str]:
    if schema.get("format") == "date":
        return st.dates().map(str)
    if schema.get("format") == "date-time":
        return st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat("T"))
    low, high = schema.get("minLength", 0), schema.get("maxLength", 3_000)
    if pattern := schema.get("pattern", ""):
        matching = st.from_regex(pattern, fullmatch=pattern != r"\S")
        return matching.filter(lambda text: low <= len(text) <= high and not _is_unstorable(text))
    near_the_ends = st.sampled_from([low, high, min(high, low + 3)])
    letters = st.characters(codec="utf-8", exclude_characters="\0")
    return st.tuples(near_the_ends, letters).map(lambda drawn: drawn[1] * drawn[0])


def _is_unstorable(text: str) -> bool:
    """Say whether a text has NUL or half a surrogate pair: what JSON Schema cannot exclude."""
    return any(char == "\0" or "\ud800" <= char <= "\udfff" for char in text)


def _integer(schema: Schema, _: Schema) -> st.SearchStrategy[int]:
    return st.integers(schema.get("minimum", -99), schema.get("maximum", 99))


def _number(schema: Schema, _: Schema) -> st.SearchStrategy[float]:
    """Amounts have two decimals at most: what JSON Schema cannot say."""
    low = schema.get("minimum", schema.get("exclusiveMinimum", -99) + 0.01)
    high = schema.get("maximum", schema.get("exclusiveMaximum", 99) - 0.01)
    return st.integers(round(low * 100), round(min(high, 10**9) * 100)).map(lambda cents: cents / 100)


def _array(schema: Schema, document: Schema) -> st.SearchStrategy[list[Any]]:
    most = min(schema.get("maxItems", 3), 3)
    return st.lists(
        instances(schema.get("items", True), document), min_size=schema.get("minItems", 0), max_size=most
    )


def _object(schema: Schema, document: Schema) -> st.SearchStrategy[dict[str, Any]]:
    fields = {name: instances(its, document) for name, its in schema.get("properties", {}).items()}
    required = {name: fields.pop(name) for name in schema.get("required", ())}
    known = st.fixed_dictionaries(required, optional=fields)
    more = schema.get("additionalProperties", True)
    if more is False:
        return known
    unknown = st.dictionaries(st.sampled_from(["x_tier", "x_note"]), instances(more, document), max_size=2)
    return st.tuples(known, unknown).map(lambda both: {**both[1], **both[0]})


_OF_TYPE = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": lambda *_: st.booleans(),
    "null": lambda *_: st.none(),
    "array": _array,
    "object": _object,
}
