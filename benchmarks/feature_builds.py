"""Builds of features beside hand-written SQL for the same tables, each in a process of its own.

`python -m benchmarks.feature_builds (ours | floor) FACTS OUTPUT MONTHS` builds so many months and prints the seconds.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple

import duckdb

from activity_log.facts.export import FactFiles
from benchmarks.feature_floor import open_floor, write_floor
from benchmarks.simulated import OPERATOR
from feature_repo.groups import GROUPS

LAST_MONTH = (2026, 10)
TOLERANCE = 1e-9


class Cost(NamedTuple):
    """Wall and processor seconds of the work without starting Python; peak memory of the process, GB."""

    seconds: float
    cpu_seconds: float
    peak_gb: float


def months(count: int) -> list[datetime]:
    """Return the first moments of the last `count` months."""
    last = LAST_MONTH[0] * 12 + LAST_MONTH[1] - 1
    return [
        datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in range(last - count + 1, last + 1)
    ]


def cost_of(side: str, facts: Path, output: Path, count: int) -> Cost:
    """Build in a fresh process."""
    output.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "benchmarks.feature_builds", side, str(facts), str(output), str(count)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = process.stdout.read()
    process.stdout.close()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    seconds, cpu_seconds = (float(number) for number in told.split()[-2:])
    return Cost(seconds, cpu_seconds, used.ru_maxrss / 2**20)


def check_equal(ours: Path, floor: Path, count: int) -> None:
    """Raise AssertionError unless both wrote the same rows: sums and means to 1e-9, all else to the bit."""
    for moment in months(count):
        for group in GROUPS:
            built = ours / group.name / OPERATOR / f"{moment:%Y%m%dT%H%M%S.%fZ}.parquet"
            different = _different(built, floor / f"{moment:%Y%m%d}" / f"{group.name}.parquet", group.name)
            if different:
                raise AssertionError(f"{group.name} at {moment}: {different} rows differ from the floor's")


def _different(ours: Path, floor: Path, name: str) -> int:
    (group,) = (group for group in GROUPS if group.name == name)
    same = " AND ".join(_same(one.name, exact=one.dtype != "float64") for one in group.features)
    keys = "operator_id, customer_id, event_timestamp, known_at"
    row = duckdb.execute(
        f"""SELECT count(*) FILTER (NOT coalesce(x.customer_id = y.customer_id AND {same}, false))
        FROM '{ours}' AS x FULL JOIN '{floor}' AS y USING ({keys})"""
    ).fetchone()
    assert row is not None
    return int(row[0])


def _same(column: str, *, exact: bool) -> str:
    same = f'x."{column}" IS NOT DISTINCT FROM y."{column}"'
    if exact:
        return same
    near = f'abs(x."{column}" - y."{column}") <= {TOLERANCE} * greatest(abs(y."{column}"), 1)'
    return f"({same} OR coalesce({near}, false))"


def _build_ours(facts: Path, output: Path, moments: list[datetime]) -> None:
    from feature_repo.build import build_features

    build_features(FactFiles(facts, OPERATOR), output, OPERATOR, moments)


def _build_floor(facts: Path, output: Path, moments: list[datetime]) -> None:
    from feature_repo.sources import identities_of_files

    identities = identities_of_files(FactFiles(facts, OPERATOR), OPERATOR)
    with open_floor(facts / OPERATOR, identities, output) as connection:
        for moment in moments:
            folder = output / f"{moment:%Y%m%d}"
            folder.mkdir(exist_ok=True)
            write_floor(connection, OPERATOR, moment, folder)


SIDES: dict[str, Callable[[Path, Path, list[datetime]], None]] = {"ours": _build_ours, "floor": _build_floor}


def main(side: str, facts: Path, output: Path, count: int) -> None:
    """Build, and print wall and processor seconds."""
    import feature_repo.build  # noqa: F401 - importing is no part of the work

    started, cpu_started = perf_counter(), process_time()
    SIDES[side](facts, output, months(count))
    print(perf_counter() - started, process_time() - cpu_started)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
