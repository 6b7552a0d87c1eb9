"""Figures of the log for Prometheus, read on scrape by look-ups in small tables and indexes."""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection, func, literal_column, select

from activity_log import quarantine, schema
from activity_log.clock import Clock
from activity_log.database import Database
from activity_log.lags import lags
from activity_log.operators import list_operators
from activity_log.outbox.destinations import destinations
from activity_log.outbox.tables import DEAD, PENDING, delivery
from activity_log.tallies import STRANGER


class Undelivered(NamedTuple):
    """Messages of the outbox that did not arrive (yet), by destination."""

    waiting: dict[str, int]
    dead: dict[str, int]


class LogCollector(Collector):
    """Reads the figures of the log. operator_ids: of these only; without, of all and of strangers."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        operator_ids: Collection[str] | None = None,
    ):
        self._database = database
        self._clock = clock
        self._operator_ids = operator_ids

    def collect(self) -> Iterable[Metric]:
        """Read all figures in one snapshot."""
        registered = {operator.operator_id for operator in list_operators(self._database)}
        shown = registered if self._operator_ids is None else registered.intersection(self._operator_ids)
        with self._database.reading() as connection:
            yield self._events(connection)
            yield self._waiting(connection, registered)
            yield from self._outbox(connection)
            yield from self._lags(connection, sorted(shown))

    def describe(self) -> Iterable[Metric]:
        """Say nothing before the first scrape."""
        return ()

    def _shows(self, operator_id: str | None) -> bool:
        return self._operator_ids is None or operator_id in self._operator_ids

    def _events(self, connection: Connection) -> Metric:
        family = CounterMetricFamily(
            "busflow_events", "Events that came, by way in and outcome", labels=["operator", "way", "outcome"]
        )
        for row in connection.execute(select(schema.intake)):
            if self._shows(row.operator_id):
                family.add_metric([row.operator_id, row.way, row.outcome], row.events)
        return family

    def _waiting(self, connection: Connection, registered: Collection[str]) -> Metric:
        family = GaugeMetricFamily(
            "busflow_quarantine_entries", "Events in quarantine, not resolved", labels=["operator"]
        )
        waiting: Counter[str] = Counter()
        for tally in quarantine.tallies(connection, quarantine.Which()):
            name = tally.operator_id or STRANGER
            waiting[name if name in registered else STRANGER] += tally.entries
        for name, entries in waiting.items():
            if self._shows(name):
                family.add_metric([name], entries)
        return family

    def _outbox(self, connection: Connection) -> Iterable[Metric]:
        family = GaugeMetricFamily(
            "busflow_outbox_messages",
            "Messages not delivered, by destination",
            labels=["destination", "state"],
        )
        shown = {
            one.destination_id for one in destinations(connection) if self._shows(one.operator_id or STRANGER)
        }
        left = undelivered(connection)
        for name in sorted(shown):
            family.add_metric([name, "waiting"], left.waiting.get(name, 0))
            family.add_metric([name, "dead"], left.dead.get(name, 0))
        return [family]

    def _lags(self, connection: Connection, operator_ids: Iterable[str]) -> Iterable[Metric]:
        labels = ["operator", "projection"]
        events = GaugeMetricFamily(
            "busflow_projection_lag_events",
            "Events not yet in a read model, at most 10000 counted",
            labels=labels,
        )
        seconds = GaugeMetricFamily(
            "busflow_projection_lag_seconds", "Age of the oldest event not yet in a read model", labels=labels
        )
        for lag in lags(connection, operator_ids, self._clock()):
            events.add_metric([lag.operator_id, lag.projection], lag.events)
            seconds.add_metric([lag.operator_id, lag.projection], lag.seconds)
        return events, seconds


def undelivered(connection: Connection) -> Undelivered:
    """Count the messages that wait and the dead letters."""
    return Undelivered(_count_by_destination(connection, PENDING), _count_by_destination(connection, DEAD))


def _count_by_destination(connection: Connection, state: str) -> dict[str, int]:
    table = delivery
    is_so = table.c.state == literal_column(f"'{state}'")  # spelled like the partial indexes
    query = select(table.c.destination_id, func.count()).where(is_so).group_by(table.c.destination_id)
    return {row.destination_id: row[1] for row in connection.execute(query)}
