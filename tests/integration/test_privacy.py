"""Who people are is told in one place: the log. Everything computed from it carries pseudonyms only."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from activity_log.contracts.backoffice import PersonProfileUpdated
from activity_log.ledger import read
from tests.conftest import SimulatedOperator

THE_ONE_PLACE = {"log.db", "log.db-wal", "log.db-shm"}
SIMULATED = {"events.jsonl", "truth.json"}
SHORT = 4
"""Names up to this length occur in any text by chance."""


@pytest.fixture(scope="module")
def people(trained: SimulatedOperator) -> list[PersonProfileUpdated]:
    with trained.database.reading() as connection:
        chunks = read(connection, "nordlicht", types=[PersonProfileUpdated.__name__])
        return [event.payload for chunk in chunks for event in chunk]


@pytest.fixture(scope="module")
def traces(people: list[PersonProfileUpdated]) -> set[bytes]:
    """Every name, and the part that all ids, all addresses and all phone numbers share: few enough to look for."""
    names = {name for one in people for name in (one.given_name, one.family_name) if len(name) > SHORT}
    shared = {"@example.org", "+4915550", "p-000"}
    for one in people:
        for secret in (one.person_profile_id, one.email, one.phone):
            assert secret is None or any(part in secret for part in shared), secret
    return {trace.encode() for trace in names | shared}


def written(home: Path) -> Iterator[Path]:
    """Every file of the installation but the log and what the simulator wrote."""
    for path in sorted(home.rglob("*")):
        if path.is_file() and path.name not in THE_ONE_PLACE | SIMULATED:
            yield path


def texts(path: Path) -> Iterator[bytes]:
    """The file as it is, and unpacked: Parquet compresses."""
    yield path.read_bytes()
    if path.suffix == ".parquet":
        yield repr(pq.read_table(path, partitioning=None).to_pydict()).encode()


def test_nothing_personal_is_in_any_fact_feature_online_store_or_model(
    trained: SimulatedOperator, traces: set[bytes]
):
    scanned = set()
    for path in written(trained.settings.home):
        for text in texts(path):
            found = [trace for trace in traces if trace in text]
            assert not found, (path, found[:3])
        scanned.add(path.relative_to(trained.settings.home).parts[0])
    assert {"facts", "features", "feast", "mlflow"} <= scanned


def test_the_scan_would_find_it_in_the_log(trained: SimulatedOperator, traces: set[bytes]):
    log = b"".join((trained.settings.home / name).read_bytes() for name in ("log.db", "log.db-wal"))
    assert len(traces) > 100
    assert [trace for trace in traces if trace not in log] == []
