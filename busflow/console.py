"""How commands speak: progress and remarks to stderr, the result to stdout as text or, with --json, as JSON."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from activity_log.errors import WrongUseError

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
OperatorId = Annotated[str, typer.Option("--operator", "-o", help="The operator's id.")]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        help="Use only what was known before this moment (2026-05-01, or with a time); default now.",
    ),
]


class Bar(Protocol):
    """Moves a progress bar."""

    def __call__(self, completed: float, total: float | None = None) -> None:
        """Show that `completed` of the total is done."""


stderr = Console(stderr=True)


def say(text: str) -> None:
    """Tell the person at the terminal what is being done."""
    stderr.print(f"[dim]·[/dim] {text}", highlight=False)


def show(result: Mapping[str, Any] | list[Any], *, as_json: bool, title: str = "") -> None:
    """Print a result: as JSON for machines, as a table for people."""
    if as_json:
        sys.stdout.write(json.dumps(result, default=str, ensure_ascii=False, indent=1) + "\n")
        return
    table = Table(title=title or None, show_header=False, box=None, pad_edge=False)
    rows = result.items() if isinstance(result, Mapping) else enumerate(result, start=1)
    for name, value in rows:
        table.add_row(str(name), _cell(value))
    Console().print(table)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return (
        json.dumps(value, default=str, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    )


@contextmanager
def progress_bar(title: str, total: float | None) -> Iterator["Bar"]:
    """Show a progress bar on stderr; call it with the amount done so far and, where it changed, the total."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=stderr, transient=not stderr.is_terminal) as progress:
        task = progress.add_task(title, total=total)

        def advance_to(completed: float, total: float | None = None) -> None:
            progress.update(task, completed=completed, total=total)

        yield advance_to


def file_size(path: Path) -> int:
    """Return the bytes of a file that is to be read. Raises WrongUseError if there is none."""
    if not path.is_file():
        raise WrongUseError(f"{path}: no such file")
    return path.stat().st_size


def moment(text: str | None, default: datetime) -> datetime:
    """Read a moment given as option; a date is its first moment in UTC. Raises WrongUseError."""
    if text is None:
        return default
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise WrongUseError(f"--as-of '{text}': use a date like 2026-05-01") from error
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
