"""Always: what is called compatible really takes everything that was given, whatever the schemas are."""

from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from activity_log.contracts.compatibility import breaks
from tests.contracts.instances import instances

Schema = dict[str, Any]
PRIMITIVES: list[Schema] = [
    {"type": "string", "maxLength": 3},
    {"type": "string", "minLength": 1, "maxLength": 5},
    {"enum": ["a", "b"], "type": "string"},
    {"const": "a", "type": "string"},
    {"type": "string", "pattern": "^[ab]{1,2}$"},
    {"type": "integer", "minimum": 0, "maximum": 3},
    {"type": "integer"},
    {"type": "number", "exclusiveMinimum": 0, "maximum": 3},
    {"type": "number", "minimum": 0, "maximum": 3},
    {"type": "boolean"},
    {"type": "null"},
    {"const": 1, "type": "integer"},
    {},
]


def objects(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    fields = st.dictionaries(st.sampled_from(["p", "q"]), inner, max_size=2)
    closed = st.sampled_from([True, False, {"type": "boolean"}])
    return st.tuples(fields, st.sets(st.sampled_from(["p", "q"])), closed).map(
        lambda drawn: {
            "type": "object",
            "properties": drawn[0],
            "required": sorted(drawn[1] & drawn[0].keys()),
            "additionalProperties": drawn[2],
        }
    )


schemas = st.recursive(
    st.sampled_from(PRIMITIVES),
    lambda inner: (
        objects(inner)
        | st.lists(inner, min_size=1, max_size=3).map(lambda options: {"anyOf": options})
        | st.tuples(inner, st.integers(0, 2)).map(
            lambda drawn: {"type": "array", "items": drawn[0], "maxItems": drawn[1]}
        )
    ),
    max_leaves=4,
)


@st.composite
def edited(draw: st.DrawFn, schema: Schema) -> Schema:
    """Return the schema as somebody may have changed it: one place in it is other than before."""
    if draw(st.booleans()):
        inside = [key for key in ("items", "anyOf", "properties") if schema.get(key)]
        if inside:
            return {**schema, inside[0]: draw(_edited_inside(schema[inside[0]]))}
    bounds = {"maxLength": 4, "minLength": 2, "minimum": -1, "maximum": 2, "maxItems": 3, "required": ["p"]}
    another = st.sampled_from(sorted(bounds)).map(lambda key: {**schema, key: bounds[key]})
    fewer = st.sampled_from(sorted(schema) or ["type"]).map(
        lambda key: {name: its for name, its in schema.items() if name != key}
    )
    wider = schemas.map(lambda other: {"anyOf": [other, schema]})
    return draw(st.just(schema) | another | fewer | wider)


@st.composite
def _edited_inside(draw: st.DrawFn, inner: Any) -> Any:
    if isinstance(inner, list):
        return [draw(edited(option)) for option in inner]
    if "type" in inner or "anyOf" in inner:
        return draw(edited(inner))
    return {name: draw(edited(its)) for name, its in inner.items()}


@settings(max_examples=400, suppress_health_check=[HealthCheck.filter_too_much])
@given(data=st.data())
def test_what_is_called_compatible_takes_everything_that_was_given(data: st.DataObject):
    before = data.draw(schemas)
    after = data.draw(edited(before))
    assume(not breaks(before, after, "receive"))
    sent = data.draw(instances(before))
    assert Draft202012Validator(after).is_valid(sent)


@given(schema=schemas)
def test_no_schema_breaks_itself(schema: Schema):
    assert breaks(schema, schema, "receive") == breaks(schema, schema, "send") == []


@given(before=schemas, after=schemas)
def test_every_break_is_one_line_that_names_the_field(before: Schema, after: Schema):
    for each in breaks(before, after, "receive"):
        assert ": " in str(each)
        assert "\n" not in str(each)
