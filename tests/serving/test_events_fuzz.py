"""Whatever JSON is posted to /events: never a 500, and what was acknowledged is in the ledger."""

import asyncio
import json
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from starlette.applications import Starlette

from activity_log import ledger, schema
from activity_log.clock import utc_now
from activity_log.contracts.types import SOURCES, TYPES
from activity_log.database import open_database
from activity_log.json_texts import canonical_json, parse_json
from activity_log.operators import register_operator
from activity_log.settings import load_settings
from activity_log.vault import Vault
from serving.access import TokenKeys
from serving.answers import Answers
from serving.bodies import JsonBodies
from serving.cors import Origins
from serving.gate import AccessGate
from serving.limits import Limits
from serving.middleware import OneErrorShape
from serving.web import add_routes

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.just("\ud800")
    | st.just("a\x00b")
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
)

IDS = st.sampled_from(["p-1", "p-2", "b-1", "", " ", "ü" * 300])
FIELDS = {
    field: JSON | IDS | st.sampled_from(["10.00", "EUR", "2026-05-01", "email", 3, "marketing"])
    for event_type in TYPES.values()
    for field in event_type.payload.model_fields
}
TIMES = st.sampled_from(
    [
        "2026-05-01T10:00:00Z",
        "2026-05-01T10:00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "soon",
        5,
    ]
)
ENVELOPES = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["e-1", "e-2", "e-3"]) | JSON,
        "source": st.sampled_from(SOURCES) | JSON,
        "type": st.sampled_from(sorted(TYPES)) | JSON,
        "time": TIMES | JSON,
        "operatorid": st.sampled_from(["nordlicht", "nordlicht", "nordlicht", "fremd"]) | JSON,
        "data": st.fixed_dictionaries({}, optional=FIELDS) | JSON,
    },
    optional={"dataversion": st.sampled_from([1, 2, 0]) | JSON, "recordedtime": TIMES, "specversion": JSON},
)


@st.composite
def nearly_good(draw):
    """A consent that would be taken in, but for one field that may be anything."""
    document = {
        "specversion": "1.0", "id": draw(st.uuids().map(str)), "source": "backoffice", "type": "ConsentGranted",
        "time": "2026-05-01T10:00:00Z", "operatorid": draw(st.sampled_from(["nordlicht", "nordlicht", "fremd"])),
        "data": {"person_profile_id": "p-1", "purpose": "newsletter", "note": draw(JSON)},
    }  # fmt: skip
    if draw(st.booleans()):
        document[draw(st.sampled_from(sorted(document.keys() - {"id"})))] = draw(JSON)
    return document


class Posting:
    """The app behind its gates, without a server: `post` sends as Nordlicht's ingest."""

    def __init__(self, home: Path):
        self.database = open_database(f"sqlite:///{home / 'log.db'}", Vault(bytes(32)))
        for operator_id in ("nordlicht", "fremd"):
            register_operator(self.database, operator_id, now=utc_now())
        keys = TokenKeys(home)
        self.token = keys.mint("nordlicht", "ingest", now=utc_now())
        web, limits = Starlette(), Limits(load_settings(home=home))
        add_routes(web, lambda: keys)
        web.state.answers = self.answers = Answers(self.database, None, None)  # neither is asked for events
        self.app = OneErrorShape(
            AccessGate(JsonBodies(web), lambda: keys, lambda: limits, lambda: Origins({}))
        )

    def post(self, body: bytes) -> httpx.Response:
        return asyncio.run(self._post(body))

    async def _post(self, body: bytes) -> httpx.Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url="http://here"
        ) as client:
            return await client.post(
                "/events", content=body, headers={"Authorization": f"Bearer {self.token}"}
            )

    def logged(self, operator_id: str = "nordlicht") -> int:
        table = schema.event
        with self.database.reading() as connection:
            query = select(func.count()).where(table.c.operator_id == operator_id)
            return connection.execute(query).scalar_one()


@pytest.fixture(scope="module")
def posting(tmp_path_factory):
    posting = Posting(tmp_path_factory.mktemp("posting"))
    yield posting
    posting.database.close()


FUZZ = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@FUZZ
@given(st.lists(ENVELOPES | nearly_good() | JSON, max_size=4) | ENVELOPES | nearly_good() | JSON)
def test_any_json_is_accounted_for(posting, body):
    before = posting.logged()
    sent = json.dumps(body).encode()
    response = posting.post(sent)
    if b"NaN" in sent or b"Infinity" in sent:
        assert response.status_code in {202, 400}
    else:
        assert response.status_code == 202
    if response.status_code == 400:
        assert posting.logged() == before
        return
    receipt = response.json()
    count = len(body) if isinstance(body, list) else 1
    assert count == sum(receipt[key] for key in ("accepted", "duplicates", "discarded")) + len(
        receipt["quarantined"]
    )
    assert all(item["reason"] for item in receipt["quarantined"])
    assert posting.logged() == before + receipt["accepted"]
    assert posting.logged("fremd") == 0


@FUZZ
@given(st.binary(max_size=200))
def test_any_bytes_get_an_answer(posting, body):
    assert posting.post(body).status_code in {202, 400}


def is_json(document: object) -> bool:
    """Say whether JSON has a word for everything in it; a body with Infinity is refused whole."""
    try:
        json.dumps(document, allow_nan=False)
    except ValueError:
        return False
    return True


@FUZZ
@given(st.lists(nearly_good(), min_size=1, max_size=3))
def test_what_is_acknowledged_is_in_the_ledger_word_for_word(posting, documents):
    documents = [document | {"id": str(uuid4())} for document in documents if is_json(document)]
    sent = [json.dumps(document).encode() for document in documents]
    receipts = [posting.answers.post_events("nordlicht", raw) for raw in sent]
    refused = {item.id for receipt in receipts for item in receipt.quarantined}
    with posting.database.reading() as connection:
        known = [event for chunk in ledger.read(connection, "nordlicht") for event in chunk]
    logged = {event.event_id: event.payload for event in known}
    for document, raw in zip(documents, sent, strict=True):
        assert (document["id"] in logged) == (document["id"] not in refused)
        if document["id"] in logged:
            kept = logged[document["id"]].model_dump(mode="json", exclude_unset=True)
            assert canonical_json(kept) == canonical_json(parse_json(raw)["data"])


def test_an_accepted_event_is_there_and_a_second_time_it_is_a_duplicate(posting):
    """The fuzz above must not pass by refusing everything."""
    good = {
        "specversion": "1.0", "id": "surely-good", "source": "backoffice", "type": "ConsentGranted",
        "time": "2026-05-01T10:00:00Z", "operatorid": "nordlicht",
        "data": {"person_profile_id": "p-1", "purpose": "newsletter"},
    }  # fmt: skip
    before = posting.logged()
    assert posting.post(json.dumps(good).encode()).json()["accepted"] == 1
    assert posting.post(json.dumps([good]).encode()).json()["duplicates"] == 1
    assert posting.logged() == before + 1
