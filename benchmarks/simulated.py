"""Files of simulated events to measure with, made in a process of their own so that its memory is not ours."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

OPERATOR = "nordlicht"
EVENTS_PER_CUSTOMER = 47
"""What the simulator gives a customer in its five years, so that a file gets about as many events as asked for."""

_ID = re.compile(rb'"id":"[^"]*"')


def simulated(path: Path, events: int) -> Path:
    """Write about so many mixed events of five years of an operator to `path`, in the order they arrive in."""
    customers = max(1, round(events / EVENTS_PER_CUSTOMER))
    busflow = str(Path(sys.executable).with_name("busflow"))
    command = [busflow, "simulate", str(path), str(path.with_suffix(".json"))]
    options = ["--operator", OPERATOR, "--customers", str(customers), "--until", "2026-11-01"]
    subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    path.with_suffix(".json").unlink()
    return path


def lines_of(path: Path) -> int:
    """Return the number of events in a file."""
    with path.open("rb") as file:
        return sum(1 for _ in file)


def first_lines(path: Path, count: int, target: Path) -> Path:
    """Write the first events of a file to another."""
    with path.open("rb") as file, target.open("wb") as first:
        first.writelines(line for line, _ in zip(file, range(count), strict=False))
    return target


def last_lines(path: Path, count: int) -> list[bytes]:
    """Return the last events of a file."""
    skipped = lines_of(path) - count
    with path.open("rb") as file:
        return [line.strip() for place, line in enumerate(file) if place >= skipped]


def as_operator(lines: Iterator[bytes], operator_id: str, *, random_ids: bool) -> Iterator[bytes]:
    """Give events to another operator. random_ids: their ids are random (UUID 4) instead of counted up."""
    old, new = f'"operatorid":"{OPERATOR}"'.encode(), f'"operatorid":"{operator_id}"'.encode()
    for line in lines:
        moved = line.replace(old, new, 1)
        yield _ID.sub(_random_id(), moved, count=1) if random_ids else moved


def _random_id() -> bytes:
    return f'"id":"{uuid4()}"'.encode()
