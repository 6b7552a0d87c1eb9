"""How commands speak: progress and remarks to stderr, the result to stdout as text or, with --json, as JSON."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Column, Table

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
    stderr.print(f"[dim]·[/dim] {escape(text)}", highlight=False, soft_wrap=True)


def show(result: Mapping[Any, Any] | Sequence[Mapping[str, Any]], *, as_json: bool, title: str = "") -> None:
    """Print a result: as JSON for machines, as a table for people."""
    if as_json:
        sys.stdout.write(json.dumps(result, default=str, ensure_ascii=False, indent=1) + "\n")
        return
    if not result:
        sys.stdout.write("nothing\n")
        return
    table = _lines(result) if isinstance(result, Mapping) else _columns(result)
    table.title = title or None
    Console().print(table)


def _lines(result: Mapping[str, Any]) -> Table:
    """Lay a mapping out as one line per value; what is nested gets lines of its own, below its name."""
    columns = (Column(), Column(overflow="fold"))
    table = Table(*columns, show_header=False, box=None, pad_edge=False, title_justify="left")
    for name, value in result.items():
        if isinstance(value, Mapping) and value:
            table.add_row(escape(name), "")
            for inner, its in value.items():
                table.add_row(f"  {escape(str(inner))}", _cell(its))
        else:
            table.add_row(escape(name), _cell(value))
    return table


def _columns(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Lay rows of equal keys out under one header; where that is too wide, the first column wraps last."""
    columns = [
        Column(escape(name), no_wrap=place == 0, overflow="fold") for place, name in enumerate(rows[0])
    ]
    table = Table(*columns, box=None, pad_edge=False, title_justify="left")
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    return table


def _cell(value: Any) -> str:
    match value:
        case None:
            return "-"
        case float():
            return f"{value:.4f}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case Mapping():
            return ", ".join(f"{name} {_cell(its)}" for name, its in value.items()) or "-"
        case list() | tuple():
            return "; ".join(_cell(one) for one in value) or "-"
    return escape(str(value))


@contextmanager
def progress_bar(title: str, total: float | None) -> Iterator["Bar"]:
    """Show a progress bar on stderr; call it with the amount done so far and, where it changed, the total.

    Where stderr is a file, the title alone is written.
    """
    if not stderr.is_terminal:
        say(title)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=stderr, disable=not stderr.is_terminal) as progress:
        task = progress.add_task(title, total=total)

        def advance_to(completed: float, total: float | None = None) -> None:
            progress.update(task, completed=completed, total=total)

        yield advance_to


def file_size(path: Path) -> int:
    """Return the bytes of a file that is to be read. Raises WrongUseError if there is none."""
    if not path.is_file():
        raise WrongUseError(f"{path}: no such file")
    return path.stat().st_size


def moment(text: str | None, default: datetime, option: str = "--as-of") -> datetime:
    """Read a moment given as option; a date is its first moment in UTC. Raises WrongUseError."""
    if text is None:
        return default
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise WrongUseError(f"{option} '{text}': use a date like 2026-05-01") from error
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
