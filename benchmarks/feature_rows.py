"""Feature rows and states of as many customers as asked for: a simulated operator's, many times over."""

from contextlib import closing
from datetime import datetime, timedelta

import duckdb

from activity_log.database import open_log
from activity_log.ingest_file import ingest_file
from activity_log.operators import register_operator
from activity_log.settings import Settings
from benchmarks.ingestion import NOW
from benchmarks.simulated import OPERATOR, simulated

MOMENTS = 24
SIMULATED_EVENTS = 100_000


def moments() -> list[datetime]:
    """Return the moments that rows are written of, about a month apart."""
    return [NOW - timedelta(days=30 * number) for number in reversed(range(MOMENTS))]


def fill(settings: Settings, customers: int) -> None:
    """Write rows of the churn model's groups at all moments, and states at the last, of so many customers."""
    from feature_repo.build import rows_path
    from feature_repo.groups import GROUPS
    from feature_repo.services import CHURN, SERVICES
    from feature_repo.state_view import STATE_VIEW
    from training.workbench import Workbench

    with closing(open_log(settings)) as database:
        register_operator(database, OPERATOR, now=NOW)
        ingest_file(database, simulated(settings.home / "events.jsonl", SIMULATED_EVENTS), now=NOW)
        bench = Workbench.open(settings, database, OPERATOR)
        bench.build([NOW])
        bench.build_states(NOW)
    asked = {name.split(":")[0] for name in SERVICES[CHURN].features}
    for group in (group for group in GROUPS if group.name in asked):
        simulated_rows = rows_path(settings.features_dir, group, OPERATOR, NOW)
        source = simulated_rows.rename(settings.home / f"{group.name}.parquet")
        for number, moment in enumerate(moments()):
            _multiply(
                source, rows_path(settings.features_dir, group, OPERATOR, moment), customers, moment, number
            )
    (states,) = (settings.features_dir / STATE_VIEW / OPERATOR).glob("*.parquet")
    _multiply(states.rename(settings.home / "states.parquet"), states, customers, NOW, 0)


def _multiply(source: object, target: object, customers: int, moment: datetime, number: int) -> None:
    """Write the rows of a file as often as needed, under other ids; amounts and the rest vary a little."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        columns = dict(
            connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE '{source}')").fetchall()
        )
        varied = "".join(
            f", {name} * (1 + (7 * copy + {number}) / 1e6) AS {name}"
            for name, type_ in columns.items()
            if type_ == "DOUBLE"
        )
        varied += f", total_bookings + {number} AS total_bookings" if "total_bookings" in columns else ""
        connection.execute(
            f"""
            COPY (
                SELECT * EXCLUDE (copy) REPLACE (
                    customer_id || '-' || copy AS customer_id, $moment::TIMESTAMPTZ AS event_timestamp,
                    $moment::TIMESTAMPTZ AS known_at{varied}
                )
                FROM '{source}', range(1 + {customers} // (SELECT count(*) FROM '{source}')) AS copies (copy)
                ORDER BY customer_id LIMIT {customers}
            ) TO '{target}' (FORMAT parquet)
            """,
            {"moment": moment},
        )
