"""The log's partitions on PostgreSQL: one per year in which events were recorded, made when the first one comes."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from sqlalchemy import Connection, text

from activity_log.database import POSTGRESQL
from activity_log.moments import from_microseconds, microseconds

_DAY = 86_400_000_000
_EXISTING = text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'event'::regclass")


def make_partitions(connection: Connection, recorded: Iterable[int]) -> None:
    """Make the partitions that events recorded at these moments (microseconds) need. On SQLite there are none."""
    if connection.dialect.name != POSTGRESQL:
        return
    years = {from_microseconds(day * _DAY).year for day in {moment // _DAY for moment in recorded}}
    seen: set[str] = connection.info.setdefault("event_partitions", set())
    if all(f"event_{year}" in seen for year in years):
        return
    # what is made below is not noted as seen: a rollback would undo it
    seen.update(name.rpartition(".")[2] for name in connection.execute(_EXISTING).scalars())
    for year in sorted(year for year in years if f"event_{year}" not in seen):
        for statement in _partition(year):
            connection.execute(text(statement))


def _partition(year: int) -> Iterator[str]:
    """Yield what makes a partition. Attached afterwards: made as one, it would wait for all readers of the log."""
    start, end = (microseconds(datetime(at, 1, 1, tzinfo=UTC)) for at in (year, year + 1))
    name = f"event_{year}"
    yield f"CREATE TABLE {name} (LIKE event)"
    yield f"ALTER TABLE event ATTACH PARTITION {name} FOR VALUES FROM ({start}) TO ({end})"
    # a partition inherits all triggers but this one
    yield (
        f"CREATE TRIGGER {name}_refuses_truncate BEFORE TRUNCATE ON {name} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
