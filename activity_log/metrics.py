"""Figures of the log for Prometheus, read on scrape by look-ups in small tables and indexes."""

from collections.abc import Collection, Iterable
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection, select

from activity_log import quarantine, schema
from activity_log.clock import Clock
from activity_log.database import Database
from activity_log.lags import lags
from activity_log.operators import list_operators
from activity_log.tallies import STRANGER


class LogCollector(Collector):
    """Reads the figures of the log. operator_ids: of these only; without, of all and of strangers."""

    def __init__(
        self,
        database: Database,
        facts_dir: Path,
        clock: Clock,
        operator_ids: Collection[str] | None = None,
    ):
        self._database = database
        self._facts_dir = facts_dir
        self._clock = clock
        self._operator_ids = operator_ids

    def collect(self) -> Iterable[Metric]:
        """Read all figures in one snapshot."""
        known = [operator.operator_id for operator in list_operators(self._database)]
        with self._database.reading() as connection:
            yield self._events(connection)
            yield self._waiting(connection)
            yield from self._lags(connection, [name for name in known if self._shows(name)])

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

    def _waiting(self, connection: Connection) -> Metric:
        family = GaugeMetricFamily(
            "busflow_quarantine_entries", "Events in quarantine, not resolved", labels=["operator"]
        )
        waiting: dict[str, int] = {}
        for tally in quarantine.tallies(connection, quarantine.Which()):
            if self._shows(tally.operator_id):
                name = tally.operator_id or STRANGER
                waiting[name] = waiting.get(name, 0) + tally.entries
        for name, entries in waiting.items():
            family.add_metric([name], entries)
        return family

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
        for lag in lags(connection, operator_ids, self._facts_dir, self._clock()):
            events.add_metric([lag.operator_id, lag.projection], lag.events)
            seconds.add_metric([lag.operator_id, lag.projection], lag.seconds)
        return events, seconds
