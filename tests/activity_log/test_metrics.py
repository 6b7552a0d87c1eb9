import json
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event

from activity_log import projection_state, resubmission, tallies
from activity_log.database import Database, open_database
from activity_log.gate import Discarded, Rejected
from activity_log.ingestion import ingest_events
from activity_log.lags import MOST_COUNTED, lags
from activity_log.ledger import Line
from activity_log.metrics import LogCollector
from tests.activity_log.fresh_logs import STORES, VAULT, fresh_log
from tests.activity_log.stories import NOW, Books, anna_and_bernd

LATER = NOW + timedelta(minutes=5)


@pytest.fixture(params=STORES)
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh_log(request.param, tmp_path) as url, closing(open_database(url, VAULT)) as database:
        yield database


def figures(log: Database, *operator_ids: str) -> dict[tuple[str, ...], float]:
    """What Prometheus reads: values by name and labels."""
    registry = CollectorRegistry()
    registry.register(LogCollector(log, lambda: LATER, operator_ids or None))
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in families
        for sample in family.samples
    }


def line(operator_id: str, event_id: str) -> Line:
    return (operator_id, event_id, "commerce", "BookingConfirmed", 1, 0, 0, "{}")


def test_what_became_of_events_is_counted_by_operator_and_way(log: Database):
    with log.writing() as connection:
        tallies.count(
            connection,
            "http",
            lines=[line("reisen", "1"), line("reisen", "1"), line("konkurrenz", "1")],
            duplicates={1},
            discarded=[Discarded("reisen", "2", "MessageRead", "contact without person", NOW)],
            rejected=[Rejected("reisen", None, "", b""), Rejected("Mallory 1", None, "", b""),
                      Rejected("Mallory 2", None, "", b""), Rejected(None, None, "", b"")],
        )  # fmt: skip
    for _ in range(2):
        with log.writing() as connection:
            tallies.count(connection, "file", lines=[line("reisen", "3")])
    counted = {key[1:]: value for key, value in figures(log).items() if key[0] == "busflow_events_total"}
    assert counted == {
        ("reisen", "accepted", "http"): 1, ("reisen", "duplicate", "http"): 1, ("reisen", "discarded", "http"): 1,
        ("reisen", "quarantined", "http"): 1, ("", "quarantined", "http"): 3, ("konkurrenz", "accepted", "http"): 1,
        ("reisen", "accepted", "file"): 2,
    }  # fmt: skip


def test_a_batch_that_is_rolled_back_was_never_counted(log: Database):
    def fall() -> None:
        with log.writing() as connection:
            tallies.count(connection, "http", lines=[line("reisen", "1")])
            raise RuntimeError("the power went")

    with pytest.raises(RuntimeError, match="power"):
        fall()
    assert not [key for key in figures(log) if key[0] == "busflow_events_total"]


def test_what_waits_in_quarantine_is_counted_until_it_is_resolved(log: Database):
    raws = [
        b"what?",
        b'{"operatorid": "reisen"}',
        b'{"operatorid": "Mallory 1"}',
        b'{"operatorid": "Mallory 2"}',
    ]
    ingest_events(log, raws, now=NOW)
    assert figures(log)["busflow_quarantine_entries", "reisen"] == 1
    assert figures(log)["busflow_quarantine_entries", ""] == 3, "strangers make no labels"
    resubmission.drop_all(log, resubmission.Which(operator_id="reisen"), "a test", LATER)
    assert ("busflow_quarantine_entries", "reisen") not in figures(log)


def test_an_operator_sees_its_own_figures_only(log: Database):
    for name in ("reisen", "konkurrenz"):
        ingest_events(log, [json.dumps(one).encode() for one in anna_and_bernd(Books(name))], now=NOW)
        ingest_events(log, [b"what?", b'{"operatorid": "%s"}' % name.encode()], now=NOW)
    shown = figures(log, "reisen")
    assert any("reisen" in key for key in shown)
    assert not any("konkurrenz" in key or "" in key[1:] for key in shown)


def test_a_read_model_is_as_far_behind_as_the_log_has_gone_on_without_it(log: Database):
    ingest_events(log, [json.dumps(one).encode() for one in anna_and_bernd(Books())], now=NOW)
    assert figures(log)["busflow_projection_lag_events", "reisen", "timeline"] == 0
    assert figures(log)["busflow_projection_lag_seconds", "reisen", "timeline"] == 0
    with log.reading() as connection:
        level = projection_state.levels(connection, "reisen")["timeline"].seq
    with log.writing() as connection:
        projection_state.settle(connection, "reisen", ["timeline"], level - 3, NOW)
    assert figures(log)["busflow_projection_lag_events", "reisen", "timeline"] == 3
    assert figures(log)["busflow_projection_lag_seconds", "reisen", "timeline"] == 300
    with log.reading() as connection:
        [timeline] = [lag for lag in lags(connection, ["reisen"], LATER) if lag.projection == "timeline"]
    assert (timeline.frozen_at, timeline.level) == (NOW, level - 3)


def test_another_operators_events_are_no_lag(log: Database):
    for name in ("reisen", "konkurrenz"):
        ingest_events(log, [json.dumps(one).encode() for one in anna_and_bernd(Books(name))], now=NOW)
    assert figures(log)["busflow_projection_lag_events", "reisen", "timeline"] == 0


def test_a_scrape_reads_no_table_of_events_from_end_to_end(log: Database):
    if log.engine.dialect.name != "sqlite":
        pytest.skip("SQLite says how it reads a table")
    ingest_events(log, [json.dumps(one).encode() for one in anna_and_bernd(Books())], now=NOW)
    asked: list[tuple[str, object]] = []
    event.listen(
        log.engine, "before_cursor_execute", lambda _c, _u, sql, values, *_: asked.append((sql, values))
    )
    figures(log)
    with log.engine.connect() as connection:
        plans = [
            step[3] for sql, values in list(asked) if sql.lstrip().startswith("SELECT")
            for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)
        ]  # fmt: skip
    assert len(plans) > 5
    big = ("event", "discarded", "touchpoint", "outbox_message")
    assert not [plan for plan in plans if plan.startswith(tuple(f"SCAN {table}" for table in big))], plans
    assert MOST_COUNTED <= 10_000
