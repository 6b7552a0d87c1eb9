"""Looking an installation over: one finding per check, by look-ups that stay quick whatever the log's size."""

import shutil
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, select

from activity_log import ledger, quarantine, schema
from activity_log.database import Database, open_database
from activity_log.errors import BusflowError
from activity_log.lags import MOST_COUNTED, Lag, lags
from activity_log.metrics import undelivered
from activity_log.operators import list_operators
from activity_log.person_keys import known_keys
from activity_log.projection_state import FACTS, ONLINE
from activity_log.settings import Settings
from activity_log.vault import Vault, load_vault
from busflow.guards import unguarded
from busflow.live_models import champions
from models.card import TASKS

State = Literal["ok", "warn", "fail"]
LITTLE_SPACE, NO_SPACE = 5 * 1024**3, 200 * 1024**2
BROKER_WITHIN_SECONDS = 1.0
SECONDS_UNDER_WAY = 5.0


@dataclass(frozen=True)
class Finding:
    """What one check found. remedy: what to do about it, empty where all is well."""

    check: str
    state: State
    detail: str
    remedy: str = ""


def examine(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Look an installation over. Where a check cannot be made, that is its finding."""
    yield Finding("settings", "ok", f"home is {settings.home}")
    yield _space(settings.home)
    try:
        database = open_database(settings.log_url, _vault(settings))
    except BusflowError as error:
        yield Finding("database", "fail", str(error), "mend BUSFLOW_DATABASE_URL or what stands in its way")
        return
    with closing(database):
        yield from _log(settings, database, now)
    yield from _broker(settings)


def _log(settings: Settings, database: Database, now: datetime) -> Iterator[Finding]:
    operator_ids = [operator.operator_id for operator in list_operators(database)]
    with database.reading() as connection:
        yield _schema(connection)
        yield _append_only(connection)
        yield from _keys(settings, connection)
        yield _operators(operator_ids)
        for operator_id in operator_ids:
            yield _events(connection, operator_id)
            yield from _read_models(operator_id, lags(connection, [operator_id], now))
        yield _quarantine(connection)
        yield _discarded(connection)
        yield _outbox(connection)
    yield from _models(settings, operator_ids)


def _vault(settings: Settings) -> Vault:
    """Return the installation's vault, or one that opens nothing: an examination makes no key."""
    return load_vault(settings) if _has_master_key(settings) else Vault(bytes(32))


def _has_master_key(settings: Settings) -> bool:
    return settings.master_key is not None or _master_key_file(settings).exists()


def _master_key_file(settings: Settings) -> Path:
    return settings.master_key_file or settings.keys_dir / "master.key"


def _space(home: Path) -> Finding:
    there = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(there).free
    state: State = "fail" if free < NO_SPACE else "warn" if free < LITTLE_SPACE else "ok"
    remedy = "" if state == "ok" else f"make room on the disk of {there}"
    return Finding("disk", state, f"{free / 1024**3:.1f} GiB free", remedy)


def _schema(connection: Connection) -> Finding:
    from alembic.runtime.migration import MigrationContext

    revision = MigrationContext.configure(connection).get_current_revision()
    shown = connection.engine.url.render_as_string(hide_password=True)
    return Finding("database", "ok", f"{shown}, schema {revision}")


def _append_only(connection: Connection) -> Finding:
    missing = unguarded(connection)
    if missing:
        remedy = "restore the database from a backup, or its triggers from the first migration"
        return Finding("append-only", "fail", f"nothing refuses {', '.join(missing)}", remedy)
    return Finding("append-only", "ok", "the database refuses changes of the log")


def _keys(settings: Settings, connection: Connection) -> Iterator[Finding]:
    yield _opens(settings, connection)
    for path in (_master_key_file(settings), *sorted(settings.keys_dir.glob("signing*.pem"))):
        if path.exists() and path.stat().st_mode & 0o077:
            yield Finding("keys", "fail", f"{path} can be read by others", f"chmod 600 {path}")


def _opens(settings: Settings, connection: Connection) -> Finding:
    """Say whether the master key is there, and opens what it sealed."""
    table = schema.person_key
    query = select(table.c.operator_id, table.c.person_profile_id).where(table.c.wrapped.is_not(None))
    sealed = connection.execute(query.limit(1)).first()
    if not _has_master_key(settings):
        if sealed is None:
            return Finding("keys", "ok", "none yet: made when first needed")
        remedy = f"restore {_master_key_file(settings)} from its backup, or set BUSFLOW_MASTER_KEY"
        return Finding("keys", "fail", "the master key is missing", remedy)
    try:
        known_keys(connection, [] if sealed is None else [(sealed.operator_id, sealed.person_profile_id)])
    except BusflowError:
        return Finding(
            "keys", "fail", "the master key is not the one of this log", "set the right BUSFLOW_MASTER_KEY"
        )
    return Finding("keys", "ok", "the master key opens what it sealed")


def _operators(operator_ids: list[str]) -> Finding:
    if not operator_ids:
        return Finding("operators", "fail", "no operator is registered", "run `busflow operator add`")
    return Finding("operators", "ok", ", ".join(operator_ids))


def _events(connection: Connection, operator_id: str) -> Finding:
    last = ledger.last_seq(connection, operator_id)
    if not last:
        return Finding(f"{operator_id}: log", "fail", "the log is empty", "ingest events")
    return Finding(f"{operator_id}: log", "ok", f"the newest event is number {last}")


def _read_models(operator_id: str, found: list[Lag]) -> Iterator[Finding]:
    folded = [lag for lag in found if lag.projection not in (FACTS, ONLINE)]
    frozen = [lag for lag in found if lag.frozen_at is not None]
    behind = [lag for lag in folded if lag.events and lag.frozen_at is None]
    check, replay = f"{operator_id}: read models", f"busflow replay -o {operator_id}"
    for lag in frozen:
        detail = f"{lag.projection} shows the world of {lag.frozen_at:%Y-%m-%d %H:%M} UTC"
        yield Finding(check, "warn", detail, f"{replay} brings it to the present")
    for lag in behind:
        yield Finding(check, "fail", f"{lag.projection} is {_count(lag.events)} events behind", replay)
    if not frozen and not behind:
        yield Finding(check, "ok", "level with the log")
    for lag in found:
        if lag.projection == FACTS and lag.events and lag.frozen_at is None:
            detail = f"the fact files are {_count(lag.events)} events behind"
            yield Finding(f"{operator_id}: facts", "warn", detail, f"busflow features build -o {operator_id}")
        elif lag.projection == ONLINE:
            yield _online(lag)


def _online(lag: Lag) -> Finding:
    """Say how fresh the online features are; a second's worth of events is always under way."""
    check = f"{lag.operator_id}: online features"
    if not lag.events or (lag.level and lag.seconds <= SECONDS_UNDER_WAY):
        return Finding(check, "ok", "level with the log")
    detail = f"{_count(lag.events)} events behind, the oldest for {lag.seconds:.0f} s"
    return Finding(check, "warn", detail, "busflow features follow, or busflow serve, which does it too")


def _quarantine(connection: Connection) -> Finding:
    waiting = sum(tally.entries for tally in quarantine.tallies(connection, quarantine.Which()))
    if waiting:
        return Finding("quarantine", "warn", f"{waiting} events wait", "busflow quarantine list --counts")
    return Finding("quarantine", "ok", "empty")


def _discarded(connection: Connection) -> Finding:
    table = schema.intake
    counts = connection.execute(select(table.c.events).where(table.c.outcome == "discarded")).scalars()
    return Finding("discarded", "ok", f"{sum(counts)} messages with contacts who are no person")


def _outbox(connection: Connection) -> Finding:
    left = undelivered(connection)
    dead, waiting = sum(left.dead.values()), sum(left.waiting.values())
    if dead:
        return Finding("outbox", "warn", f"{dead} dead letters", "busflow outbox list --dead")
    return Finding("outbox", "ok", f"{waiting} messages wait")


def _broker(settings: Settings) -> Iterator[Finding]:
    if not settings.broker_url:
        return
    from activity_log.broker.address import parse_address

    try:
        address = parse_address(settings.broker_url)
    except BusflowError as error:
        yield Finding("broker", "fail", str(error), "mend BUSFLOW_BROKER_URL")
        return
    if any(_answers(host) for host in address.hosts):
        yield Finding("broker", "ok", address.shown)
    else:
        yield Finding(
            "broker", "fail", f"{address.shown} does not answer", "start it, or mend BUSFLOW_BROKER_URL"
        )


def _answers(place: str) -> bool:
    host, _, port = place.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=BROKER_WITHIN_SECONDS):
            return True
    except OSError:
        return False


def _models(settings: Settings, operator_ids: list[str]) -> Iterator[Finding]:
    try:
        live = champions(settings, operator_ids, TASKS)
    except BusflowError as error:
        yield Finding("models", "fail", str(error), "mend MLFLOW_TRACKING_URI")
        return
    for operator_id in operator_ids:
        of_operator = {task: live.get((operator_id, task)) for task in TASKS}
        check = f"{operator_id}: models"
        missing = [task for task, version in of_operator.items() if version is None]
        told = ", ".join(f"{task} version {version}" for task, version in of_operator.items() if version)
        if missing:
            remedy = f"busflow train -o {operator_id}, then busflow promote -o {operator_id}"
            yield Finding(
                check, "warn", f"not live: {', '.join(missing)}; live: {told or 'no model'}", remedy
            )
        else:
            yield Finding(check, "ok", told)


def _count(events: int) -> str:
    return f"{events} or more" if events >= MOST_COUNTED else str(events)
