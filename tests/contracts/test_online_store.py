"""What every online store does alike: SQLite in a file, Redis on the real server."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from feast.infra.key_encoding_utils import serialize_entity_key
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from hypothesis import given
from hypothesis import strategies as st

from activity_log.facts.tables import MOMENT
from activity_log.settings import load_settings
from feature_repo.applying import open_store
from feature_repo.online.states import OnlineStates, OnlineStoreError, State, entity_key
from feature_repo.state_view import PACKED, STATE_VIEW
from tests.feature_repo.stories import utc
from tests.redis_server import fresh_redis

MAY = utc("2024-05-01")
MICROSECOND = timedelta(microseconds=1)
STATES = pa.schema(
    {"operator_id": pa.string(), "customer_id": pa.string(), "as_of": MOMENT, "packed": pa.binary()}
)


class Online:
    """A store of its own."""

    def __init__(self, home: Path, url: str):
        self.settings = load_settings(home=home, online_store=url)
        self.feast = open_store(self.settings)
        self.states = self.another()

    def another(self) -> OnlineStates:
        """Opened anew, as by another process."""
        feast = open_store(self.settings)
        return OnlineStates(feast, feast.get_feature_view(STATE_VIEW), PACKED)

    def write(self, customer: str, packed: bytes, at: datetime = MAY, operator: str = "reisen") -> None:
        self.states.write(batch([(operator, customer, at, packed)]))


def batch(rows: list[tuple[str, str, datetime, bytes]]) -> pa.RecordBatch:
    columns = [list(column) for column in zip(*rows, strict=True)]
    return pa.RecordBatch.from_arrays(
        [pa.array(column, field.type) for column, field in zip(columns, STATES, strict=True)], schema=STATES
    )


@pytest.fixture(params=["sqlite", "redis"])
def online(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Online]:
    if request.param == "sqlite":
        yield Online(tmp_path, "sqlite")
    else:
        with fresh_redis() as url:
            yield Online(tmp_path, url)


def test_what_is_written_is_read_bit_for_bit_by_everybody(online: Online):
    packed = bytes(range(256)) * 40
    online.write("anna", packed, MAY + MICROSECOND)
    for states in (online.states, online.another()):
        assert states.packed("reisen", "anna") == packed
        assert states.states("reisen", ["anna"]) == [State(packed, MAY + MICROSECOND)]


def test_an_empty_value_is_a_value(online: Online):
    online.write("anna", b"")
    assert online.states.packed("reisen", "anna") == b""
    assert online.states.states("reisen", ["anna"]) == [State(b"", MAY)]


def test_an_unknown_customer_has_no_state(online: Online):
    online.write("anna", b"a")
    assert online.states.packed("reisen", "bernd") is None
    found = online.states.states("reisen", ["bernd", "anna", "bernd"])
    assert found == [None, State(b"a", MAY), None]
    assert online.states.states("reisen", []) == []


def test_operators_with_customers_of_one_id_never_mix(online: Online):
    online.write("anna", b"ours", operator="reisen")
    online.write("anna", b"theirs", operator="konkurrenz")
    assert online.states.packed("reisen", "anna") == b"ours"
    assert online.states.packed("konkurrenz", "anna") == b"theirs"
    assert online.states.packed("anna", "reisen") is None


def test_a_later_state_takes_the_place_of_an_earlier_one_and_never_the_other_way(online: Online):
    online.write("anna", b"second", MAY + MICROSECOND)
    online.write("anna", b"first", MAY)
    assert online.states.states("reisen", ["anna"]) == [State(b"second", MAY + MICROSECOND)]
    online.write("anna", b"third", MAY + 2 * MICROSECOND)
    assert online.states.packed("reisen", "anna") == b"third"


def test_of_one_moment_the_one_written_last_counts(online: Online):
    """A build that was started again after a mistake was mended."""
    online.write("anna", b"wrong")
    online.write("anna", b"right")
    assert online.states.packed("reisen", "anna") == b"right"


def test_of_two_states_of_a_customer_in_one_batch_the_later_counts(online: Online):
    rows = [("reisen", "anna", MAY + MICROSECOND, b"later"), ("reisen", "anna", MAY, b"earlier")]
    online.states.write(batch(rows))
    assert online.states.packed("reisen", "anna") == b"later"


def test_many_at_once_and_the_progress_adds_up(online: Online):
    rows = [("reisen", f"c{number}", MAY, f"state {number}".encode()) for number in range(7_001)]
    told: list[int] = []
    online.states.write(batch(rows), told.append)
    assert len(told) > 1
    assert sum(told) == 7_001
    asked = [f"c{number}" for number in range(7_001)]
    found = online.states.states("reisen", asked)
    assert [state and state.packed for state in found] == [row[3] for row in rows]


def test_feast_reads_what_we_wrote(online: Online):
    """The keys, fields and values are Feast's own, moments included."""
    online.write("anna", b"a", MAY)
    answer = online.feast.get_online_features(
        [f"{STATE_VIEW}:{PACKED}"],
        [{"operator_id": "reisen", "customer_id": who} for who in ("anna", "bernd")],
    ).to_dict(include_event_timestamps=True)
    assert answer[PACKED] == [b"a", None]
    assert answer[f"{PACKED}__ts"][0] == MAY.timestamp()


def test_readers_see_whole_states_while_another_writes(online: Online):
    """Each state is one letter, many times over: a torn one would show two."""
    letters = [bytes([letter]) * 20_000 for letter in b"abcdefghij"]
    customers = [f"c{number}" for number in range(20)]
    online.states.write(batch([("reisen", who, MAY, letters[0]) for who in customers]))
    done, seen = threading.Event(), set[bytes]()
    errors: list[BaseException] = []

    def read() -> None:
        states = online.another()
        try:
            while not done.is_set():
                found = states.states("reisen", customers)
                assert all(state and state.packed in letters for state in found)
                seen.update(state.packed for state in found if state)
        except BaseException as error:  # noqa: BLE001 - told by the test's own thread
            errors.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for number, letter in enumerate(5 * letters):
        at = MAY + number * MICROSECOND
        online.states.write(batch([("reisen", who, at, letter) for who in customers]))
    done.set()
    reader.join(30)
    assert not errors
    assert len(seen) > 1
    assert online.states.packed("reisen", "c0") == letters[-1]


def test_of_two_writers_the_later_state_stays_whoever_is_slower(online: Online):
    """A full build and the follower write the same customers."""
    customers = [f"c{number}" for number in range(50)]

    def write(states: OnlineStates, offset: int) -> None:
        for number in range(40):
            at = MAY + (2 * number + offset) * MICROSECOND
            states.write(batch([("reisen", who, at, str(2 * number + offset).encode()) for who in customers]))

    writers = [
        threading.Thread(target=write, args=(states, offset))
        for offset, states in enumerate([online.another(), online.another()])
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert {state and state.packed for state in online.states.states("reisen", customers)} == {b"79"}


def test_an_unreachable_redis_is_told_without_its_password(tmp_path: Path):
    home = tmp_path / "home"
    online = Online(home, f"redis://:{'geheim'}@127.0.0.1:1/0")
    for ask in (
        lambda: online.states.packed("reisen", "anna"),
        lambda: online.states.states("reisen", ["anna"]),
        lambda: online.write("anna", b"a"),
    ):
        with pytest.raises(OnlineStoreError, match="BUSFLOW_ONLINE_STORE") as away:
            ask()
        assert "geheim" not in str(away.value)
    assert "geheim" not in repr(online.feast.config)
    assert "geheim" not in b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file()).decode(
        "latin-1"
    )


@given(operator=st.text(max_size=20), customer=st.text(max_size=20))
def test_our_keys_are_those_that_feast_serializes(operator: str, customer: str):
    entity = EntityKey(
        join_keys=["operator_id", "customer_id"],
        entity_values=[Value(string_val=operator), Value(string_val=customer)],
    )
    assert entity_key(operator, customer) == serialize_entity_key(entity, 3)
