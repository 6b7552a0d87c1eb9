"""What a message holds is found without judging it, and not a byte of an event is changed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activity_log.broker.messages import Message, unpack

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
SPACE = st.text(alphabet=" \n\t\r", max_size=3)


def unpacked(body: bytes, **headers: object) -> list[bytes]:
    return unpack(Message(body, headers))


def test_one_event_stays_as_it_came():
    assert unpacked(b' {"id": "a",  "total": 10.00}') == [b' {"id": "a",  "total": 10.00}']


def test_a_batch_is_cut_into_its_events_byte_for_byte():
    body = ' [ {"name": "Jörg, [Böhm]"} ,\n{"total":1.10}, 5 ]\n'.encode()
    assert unpacked(body) == ['{"name": "Jörg, [Böhm]"}'.encode(), b'{"total":1.10}', b"5"]


def test_an_empty_batch_holds_nothing():
    assert unpacked(b"[ ]") == []


@given(st.lists(st.tuples(JSON_VALUES, SPACE, SPACE), max_size=6))
def test_any_batch_is_cut_where_its_elements_end(elements):
    texts = [json.dumps(value) for value, _, _ in elements]
    body = "[" + ",".join(f"{before}{json.dumps(value)}{after}" for value, before, after in elements) + "]"
    assert unpacked(body.encode()) == [text.encode() for text in texts]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[",
        b"[1",
        b"[1,",
        b"[1,]",
        b"[1 2]",
        b"[1]]",
        b"[1] x",
        b"[,]",
        b'[{"id":]',
        b"[\xff]",
        b"[" * 100_000,
    ],
)
def test_a_broken_batch_stays_whole(body):
    assert unpacked(body) == [body]


@given(st.binary())
def test_no_bytes_are_lost_or_fail(body):
    cut = unpacked(body)
    assert cut == [body] or body.lstrip()[:1] == b"["


def test_binary_mode_becomes_the_same_event_as_structured_mode():
    headers = {"ce-specversion": "1.0", "ce-id": "e-1", "ce-type": b"BookingCancelled", "ce-dataversion": 2}
    (raw,) = unpacked(b'{"refund_amount": 10.00}', **headers)
    assert raw.startswith(b'{"data":{"refund_amount": 10.00},')
    event = json.loads(raw)
    assert event.pop("data") == {"refund_amount": 10.0}
    assert event == {"specversion": "1.0", "id": "e-1", "type": "BookingCancelled", "dataversion": "2"}


@pytest.mark.parametrize("prefix", ["ce-", "ce_", "cloudEvents:", "cloudEvents_", "CE-"])
def test_binary_mode_is_known_by_the_prefixes_of_all_brokers(prefix):
    (raw,) = unpacked(b"{}", **{f"{prefix}specversion": "1.0", f"{prefix}id": "e-1"})
    assert json.loads(raw)["id"] == "e-1"


def test_a_payload_cannot_speak_for_the_headers():
    headers = {"ce-specversion": "1.0", "ce-id": "mine", "ce-operatorid": "reisen"}
    (raw,) = unpacked(b'{}, "operatorid": "konkurrenz"', **headers)
    assert raw == b'{}, "operatorid": "konkurrenz"', "no JSON: it goes to quarantine as it came"


def test_structured_mode_is_not_mistaken_for_binary_mode():
    body = b'{"id": "in the body"}'
    headers = {"ce-specversion": "1.0", "content-type": "application/cloudevents+json; charset=utf-8"}
    assert unpacked(body, **headers) == [body]
