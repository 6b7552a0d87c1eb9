"""Commands that look after what was refused at the gate."""

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from activity_log.clock import utc_now
from activity_log.errors import BusflowError, WrongUseError
from activity_log.settings import load_settings
from busflow.console import Json, file_size, moment, progress_bar, say, show

if TYPE_CHECKING:
    from activity_log.database import Database
    from activity_log.mending import Mend
    from activity_log.quarantine import Entry, Which
    from activity_log.resubmission import Outcome

app = typer.Typer(help="List, repair and re-submit the events that were put aside.")

SHOWN_DIGITS = 12

Operator = Annotated[str | None, typer.Option("--operator", "-o", help="Of this operator only.")]
Kind = Annotated[
    str | None, typer.Option("--reason", help="Whose reason begins like this; `list --counts` names them.")
]
Since = Annotated[str | None, typer.Option(help="Put aside at this moment or later (2026-05-01).")]
Fingerprint = Annotated[str, typer.Argument(help="The entry, by its fingerprint or the beginning of it.")]
Fingerprints = Annotated[list[str] | None, typer.Argument(help="Entries by their fingerprints.")]
AsHistory = Annotated[
    bool,
    typer.Option(
        "--as-history", help="Honour `recordedtime`, as `busflow ingest` does for files of history."
    ),
]
Resolved = Annotated[bool, typer.Option("--resolved", help="What is resolved, instead of what waits.")]
Counts = Annotated[bool, typer.Option("--counts", help="Count by operator and reason.")]
Limit = Annotated[int, typer.Option(min=1, help="How many at most.")]
After = Annotated[str | None, typer.Option(help="Go on after the entry of this fingerprint.")]


@app.callback(invoke_without_command=True)
def quarantine(context: typer.Context, operator: Operator = None, as_json: Json = False) -> None:
    """List, repair and re-submit the events that were put aside. Without a command: list."""
    if context.invoked_subcommand is None:
        list_entries(operator=operator, as_json=as_json)
    elif operator is not None or as_json:
        raise WrongUseError("write options behind the command: busflow quarantine list --json")


@app.command("list")
def list_entries(
    operator: Operator = None,
    reason: Kind = None,
    since: Since = None,
    resolved: Resolved = False,
    counts: Counts = False,
    limit: Limit = 100,
    after: After = None,
    as_json: Json = False,
) -> None:
    """List events that were put aside, oldest first, or count them."""
    from activity_log import quarantine

    which = _which(operator, reason, since, resolved=resolved)
    with _database().reading() as connection:
        if counts:
            show([vars(tally) for tally in quarantine.tallies(connection, which)], as_json=as_json)
            return
        entries = quarantine.entries(connection, which, after=after, limit=limit)
    show([_row(entry, as_json=as_json) for entry in entries], as_json=as_json)
    if len(entries) == limit:
        say(f"there may be more: --after {entries[-1].fingerprint[:SHOWN_DIGITS]}")


@app.command("show")
def show_entry(fingerprint: Fingerprint, as_json: Json = False) -> None:
    """Show one event that was put aside, with the bytes that came; they may hold names."""
    from activity_log import quarantine

    with _database().reading() as connection:
        entry = quarantine.find(connection, fingerprint)
        raw = None if entry.resolved_at else quarantine.original(connection, entry)
    show(vars(entry) | _readable(raw), as_json=as_json)


@app.command()
def repair(
    fingerprint: Fingerprint,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A field and its value: data.amount=12.50; repeatable.")
    ] = None,
    patch: Annotated[
        str | None, typer.Option(help='A JSON merge patch: \'{"data": {"amount": "12.50"}}\'')
    ] = None,
    event: Annotated[Path | None, typer.Option(help="A file with the whole event to send instead.")] = None,
    as_history: AsHistory = False,
    as_json: Json = False,
) -> None:
    """Send an event again, corrected, through the same gate. Refused again, it stays, with the new reason."""
    from activity_log import resubmission

    door = resubmission.Door(utc_now(), as_history)
    outcome = resubmission.repair(_database(), fingerprint, _mend(set_, patch, event), door)
    _tell([outcome], as_json=as_json)


@app.command()
def resubmit(
    fingerprints: Fingerprints = None,
    operator: Operator = None,
    reason: Kind = None,
    since: Since = None,
    as_history: AsHistory = False,
    as_json: Json = False,
) -> None:
    """Send events again as they came, after an operator was registered or the code learned a new version."""
    from activity_log import resubmission

    door, database = resubmission.Door(utc_now(), as_history), _database()
    which = _chosen(fingerprints, operator, reason, since)
    if which is None:
        _tell(resubmission.resubmit(database, fingerprints or [], door), as_json=as_json)
        return
    with progress_bar("re-submitting", None) as advance_to:
        results = resubmission.resubmit_all(database, which, door, advance_to)
    show({result.value: results[result] for result in resubmission.Result}, as_json=as_json)
    if results[resubmission.Result.REFUSED]:
        raise BusflowError(
            f"{results[resubmission.Result.REFUSED]} were refused again; see `busflow quarantine list`"
        )


@app.command()
def drop(
    because: Annotated[str, typer.Option(help="Why these events will never count; it stays on record.")],
    fingerprints: Fingerprints = None,
    operator: Operator = None,
    reason: Kind = None,
    since: Since = None,
    as_json: Json = False,
) -> None:
    """Give events up for a stated reason. Their bytes are destroyed, the entries stay."""
    from activity_log import resubmission

    database, now = _database(), utc_now()
    which = _chosen(fingerprints, operator, reason, since)
    if which is None:
        dropped = resubmission.drop(database, fingerprints or [], because, now)
    else:
        dropped = resubmission.drop_all(database, which, because, now)
    show({"dropped": dropped}, as_json=as_json)


def _chosen(
    fingerprints: list[str] | None, operator: str | None, reason: str | None, since: str | None
) -> "Which | None":
    """Return the choice that options make, None if entries are named. Raises WrongUseError for both and for none."""
    by_options = any(option is not None for option in (operator, reason, since))
    if bool(fingerprints) == by_options:
        raise WrongUseError(
            "name entries by their fingerprints, or choose them by --operator, --reason or --since"
        )
    return _which(operator, reason, since) if by_options else None


def _which(operator: str | None, reason: str | None, since: str | None, *, resolved: bool = False) -> "Which":
    from activity_log.quarantine import Which

    moment_since = None if since is None else moment(since, datetime.min.replace(tzinfo=UTC), "--since")
    return Which(operator, reason, moment_since, resolved)


def _mend(fields: list[str] | None, patch: str | None, event: Path | None) -> "Mend":
    from activity_log import mending

    if sum(bool(way) for way in (fields, patch, event)) != 1:
        raise WrongUseError("say how to correct the event: one of --set, --patch and --event")
    if event is not None:
        file_size(event)
        return mending.by_replacing(event.read_bytes())
    if patch is not None:
        return mending.by_patch(patch.encode())
    pairs = [field.partition("=") for field in fields or []]
    for path, equals, _ in pairs:
        if not (path and equals):
            raise WrongUseError(f"--set '{path}': write a field and its value, as in data.amount=12.50")
    return mending.by_setting({path: value for path, _, value in pairs})


def _tell(outcomes: "list[Outcome]", *, as_json: bool) -> None:
    rows: list[dict[str, Any]] = [
        outcome._asdict() | {"result": outcome.result.value} for outcome in outcomes
    ]
    if not as_json:
        rows = [row | {"fingerprint": row["fingerprint"][:SHOWN_DIGITS]} for row in rows]
    show(rows, as_json=as_json)
    refused = [outcome for outcome in outcomes if outcome.reason is not None]
    if refused:
        raise BusflowError(f"{refused[0].fingerprint[:SHOWN_DIGITS]} was refused again: {refused[0].reason}")


def _row(entry: "Entry", *, as_json: bool) -> dict[str, Any]:
    if as_json:
        return vars(entry)
    when = {"resolved": entry.resolved_at, "resolution": entry.resolution} if entry.resolved_at else {}
    return {
        "fingerprint": entry.fingerprint[:SHOWN_DIGITS],
        "operator": entry.operator_id,
        "event": entry.event_id,
        "reason": entry.reason,
        "received": entry.received_at,
        "deliveries": entry.deliveries,
        **when,
    }


def _readable(raw: bytes | None) -> dict[str, str | None]:
    """Return bytes as text, or in base64 where they are none."""
    try:
        return {"raw": raw.decode() if raw is not None else None}
    except UnicodeDecodeError:
        return {"raw_base64": base64.b64encode(raw or b"").decode()}


def _database() -> "Database":
    from activity_log.database import open_log

    return open_log(load_settings())
