"""A log in memory that can be away, refuse an event, or be broken for good."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy.exc import OperationalError

from activity_log.ingestion import Receipt

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def database_is_away() -> OperationalError:
    return OperationalError("INSERT", {}, Exception("server closed the connection"))


class FakeStorage:
    """Keeps what is committed. away: how many calls fail first. refused: events it cannot store."""

    def __init__(self) -> None:
        self.committed: list[bytes] = []
        self.put_asides: list[bytes] = []
        self.away = 0
        self.refused: dict[bytes, Exception] = {}
        self.batches: list[int] = []

    def ingest(self, raws: Sequence[bytes]) -> Receipt:
        self._answer()
        for raw in raws:
            if raw in self.refused:
                raise self.refused[raw]
        self.batches.append(len(raws))
        self.committed += raws
        return Receipt(accepted=len(raws))

    def put_aside(self, raw: bytes, reason: str) -> None:
        self._answer()
        self.put_asides.append(raw)

    def _answer(self) -> None:
        if self.away:
            self.away -= 1
            raise database_is_away()
