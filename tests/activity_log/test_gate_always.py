"""What passes the gate in one step is what its rules, taken one by one, let pass; and a batch is its events."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from activity_log.contracts.fields import Moment
from activity_log.contracts.types import TYPES
from activity_log.gate import Gate, Rejected
from activity_log.json_texts import elements, parse_json
from activity_log.moments import microseconds, quickly_read
from tests.contracts.examples import EXAMPLES, RETIRED_EXAMPLES

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MOMENT = TypeAdapter(Moment)
GATES = [
    Gate({"reisen", "konkurrenz"}, NOW),
    Gate({"reisen", "konkurrenz"}, NOW, keep_recorded_time=True),
    Gate({"reisen", "konkurrenz"}, NOW, only_operator="reisen"),
]

NUMBERS = [
    "0", "1", "-1", "1.0", "-0.0", "1e2", "1E-2", "10.10", "0.1", "2.675", "12.50", "5.000", "5.001", "0.25",
    "99999999999.995", "999999999999.99", "9999999999999.99", "9007199254740993", "9007199254740993.0",
    "12345678901234567890", "1e400", "1e1000000000", "1777712400",
]  # fmt: skip
TEXTS = [
    "", " ", "x", " x ", "1", "1.0", "1e2", " 1 ", "+5", "5.", ".5", "0005", "1_000", "1 000", "12.5", "1E+3",
    "true", "yes", "Infinity", "NaN", "0x10", "\u0661", "ä", "a\0b", "🚌", "\ud83d", "de", "EUR", "email",
    "2026-05-01", "2026-02-30", "2026-05-01T00:00:00", "2026-05-01T10:00:00Z", "2026-05-01T10:00:00+02:00",
    "2026-05-01T10:00:00.1234567Z", "2026-05-01 10:00:00Z", "2026-05-01t10:00:00z", "2026-05-01T24:00:00Z",
    "2026-05-01T100000.1Z", "2026-05-01T10:00.00Z", "2026-06-02T12:00:00Z", "2026-06-02T12:00:01Z",
    "1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2066-05-01T10:00:00Z", "9999-12-31T23:59:59-14:00",
    "konkurrenz", "fremd", "x" * 201, "x" * 2_001,
]  # fmt: skip
SHAPES = [
    "null",
    "true",
    "false",
    "[]",
    "{}",
    "[1]",
    '["x"]',
    "[{}]",
    "[[]]",
    '{"de": "x"}',
    '{"de": "x", "en": null}',
]
VALUES = st.sampled_from([*NUMBERS, *SHAPES, *map(json.dumps, TEXTS)])
"""JSON, as it would stand in the text: most of it wrong, all of it seen somewhere."""

SENT = [
    *((TYPES[name].source, name, TYPES[name].version, data) for name, data in EXAMPLES.items()),
    *(("backoffice", name, version, data) for (name, version), data in RETIRED_EXAMPLES.items()),
]
ENVELOPE = (
    "specversion",
    "id",
    "source",
    "type",
    "time",
    "operatorid",
    "dataversion",
    "recordedtime",
    "more",
)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """An event that would pass, but for up to three fields: changed, left out, unheard of, or within another."""
    source, name, version, data = draw(st.sampled_from(SENT))
    document: dict[str, Any] = {
        "specversion": "1.0", "id": "e1", "source": source, "type": name, "time": "2026-05-01T10:00:00Z",
        "operatorid": "reisen", "dataversion": version, "data": json.loads(json.dumps(data)),
    }  # fmt: skip
    put: dict[str, str] = {}
    for n in range(draw(st.integers(0, 3))):
        place = draw(st.sampled_from([document, *_within(document["data"])]))
        names = [*ENVELOPE] if place is document else [*place, "unheard_of", "data_version", "copy"]
        field = draw(st.sampled_from(names))
        if draw(st.booleans()) or field not in place:
            place[field] = f"@{n}@"
            put[f'"@{n}@"'] = draw(VALUES)
        else:
            del place[field]
    text = json.dumps(document)
    for mark, value in put.items():
        text = text.replace(mark, value)
    return text


def _within(data: dict[str, Any]) -> list[dict[str, Any]]:
    inner = [value for value in data.values() if isinstance(value, dict)]
    listed = [
        one for value in data.values() if isinstance(value, list) for one in value if isinstance(one, dict)
    ]
    return [data, data, *inner, *listed]


@settings(max_examples=300, deadline=None)
@given(text=texts(), gate=st.sampled_from(GATES))
def test_one_step_and_all_steps_decide_alike(text: str, gate: Gate):
    raw = text.encode()
    assert gate.admit(raw) == gate.admit_document(parse_json(raw), raw)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 19), st.sampled_from("0123456789-:.,TZtz+ W")), max_size=3))
def test_a_moment_read_quickly_is_the_moment_that_was_meant(changes: list[tuple[int, str]]):
    letters = [*"2026-05-01T10:00:00Z"]
    for place, letter in changes:
        letters[place] = letter
    text = "".join(letters)
    quickly = quickly_read(text)
    assert quickly is None or quickly == microseconds(MOMENT.validate_python(text))


GAPS = st.text(" \n\t\r", max_size=2)


@settings(max_examples=60, deadline=None)
@given(sent=st.lists(texts() | VALUES, max_size=4), gaps=st.lists(GAPS, min_size=10, max_size=10))
def test_a_batch_is_its_events_one_by_one(sent: list[str], gaps: list[str]):
    spaced = [f"{gaps[n]}{text}{gaps[n + 4]}" for n, text in enumerate(sent)]
    body = f"{gaps[8]}[{','.join(spaced)}{'' if sent else gaps[9]}]{gaps[9]}".encode()
    assert list(elements(body)) == [text.encode() for text in sent]
    assert GATES[0].admit_body(body) == [GATES[0].admit(text.encode()) for text in sent]


def test_one_bad_event_leaves_the_bytes_of_the_others_alone():
    [good, bad] = [
        json.dumps({"id": "e", "total_amount": 10.10}).encode(),
        b'{"id":\t"x", "n": 10.10,  "u": "\\u00e4"}',
    ]
    admissions = GATES[0].admit_body(b"[" + good + b"  ,\n" + bad + b"]")
    assert [one.raw for one in admissions if isinstance(one, Rejected)] == [good, bad]


def test_a_body_in_another_encoding_is_read_all_the_same():
    text = '[{"id": "ä"}, 1]'
    for encoding in ("utf-8", "utf-16", "utf-16-le", "utf-32"):
        assert list(elements(text.encode(encoding))) == ['{"id": "ä"}'.encode(), b"1"]
