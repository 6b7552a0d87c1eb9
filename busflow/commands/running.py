"""Commands that run and examine an installation."""

import os
import socket
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from activity_log.clock import utc_now
from activity_log.errors import BusflowError, WrongUseError
from activity_log.settings import Settings, load_settings
from busflow.console import Json, OperatorId, say, show

SERVICE = "serving.service:Busflow"
LOOPBACK = "127.0.0.1"
PORT = 3000


def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen on; the default is this machine only.")
    ] = LOOPBACK,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the service.")] = PORT,
) -> None:
    """Start the service; it ends with Ctrl-C."""
    settings = load_settings()
    check_port(host, port)
    say(f"listening on http://{host}:{port}" + (" (this machine only)" if host == LOOPBACK else ""))
    os.execve(sys.executable, serve_command(host, port), serve_environment(settings))  # noqa: S606


def check_port(host: str, port: int) -> None:
    """Raise WrongUseError if somebody listens there already."""
    with socket.socket() as probe:
        if probe.connect_ex((host, port)) == 0:
            raise WrongUseError(
                f"port {port} on {host} is taken: stop what listens there, or choose another --port"
            )


def serve_command(host: str, port: int) -> list[str]:
    """Return the command line that runs the service."""
    root = Path(__file__).parents[2]
    options = ["--host", host, "--port", str(port), "--working-dir", str(root)]
    return [sys.executable, "-m", "bentoml", "serve", SERVICE, *options]


def serve_environment(settings: Settings) -> dict[str, str]:
    """Return the environment of the service: ours, the same home, and nobody phoned."""
    return {
        **os.environ,
        "BUSFLOW_HOME": str(settings.home),
        "BENTOML_HOME": str(settings.home / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


def token(
    operator: OperatorId,
    role: Annotated[str, typer.Option(help="widget, crm, analyst, marketing, privacy or ingest.")],
    customer: Annotated[
        str | None, typer.Option(help="For a widget: the one customer it may ask for.")
    ] = None,
    hours: Annotated[float, typer.Option(help="How long it is valid.", min=0.01, max=24 * 366)] = 12.0,
    as_json: Json = False,
) -> None:
    """Mint a token for development, signed with the installation's own key."""
    from activity_log.database import open_log
    from activity_log.operators import find_operator
    from serving.access import ROLES, TokenKeys

    settings = load_settings()
    if role not in ROLES:
        raise WrongUseError(f"--role '{role}': use one of {', '.join(ROLES)}")
    find_operator(open_log(settings), operator)
    minted = TokenKeys(settings.keys_dir).mint(
        operator, role, now=utc_now(), customer_id=customer, valid_for=timedelta(hours=hours)
    )
    if as_json:
        show({"token": minted}, as_json=True)
    else:
        sys.stdout.write(minted + "\n")


def doctor(as_json: Json = False) -> None:
    """Look the installation over: log, operators, features, models."""
    settings = load_settings()
    findings: dict[str, Any] = {"home": str(settings.home), "log": settings.log_url}
    findings |= _log_findings(settings)
    show(findings, as_json=as_json)
    if findings["problems"]:
        raise BusflowError("; ".join(findings["problems"]))


def _log_findings(settings: Settings) -> dict[str, Any]:
    from sqlalchemy import func, select

    from activity_log import schema
    from activity_log.database import open_log
    from activity_log.facts.export import FactFiles
    from activity_log.operators import list_operators
    from models.registry import CHAMPION, ModelRegistry

    database, registry = open_log(settings), ModelRegistry(settings)
    findings: dict[str, Any] = {}
    problems = []
    with database.reading() as connection:
        findings["quarantined"] = connection.execute(
            select(func.count()).select_from(schema.quarantine)
        ).scalar()
        findings["discarded"] = connection.execute(
            select(func.count()).select_from(schema.discarded)
        ).scalar()
        for operator in list_operators(database):
            name = operator.operator_id
            of_operator = schema.event.c.operator_id == name
            events = connection.execute(select(func.count()).where(of_operator)).scalar()
            behind = connection.execute(
                select(func.count()).where(
                    of_operator, schema.event.c.seq > FactFiles(settings.facts_dir, name).level
                )
            ).scalar()
            champions = {task: registry.version(name, task, CHAMPION) for task in ("churn", "recommender")}
            findings[name] = {"events": events, "facts behind": behind, "champions": champions}
            if events == 0:
                problems.append(f"{name}: the log is empty; ingest events")
    if not findings.keys() - {"quarantined", "discarded"}:
        problems.append("no operator is registered; run `busflow operator add`")
    return findings | {"problems": problems}
