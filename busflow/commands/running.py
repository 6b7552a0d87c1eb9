"""Commands that run and examine an installation."""

import os
import socket
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from activity_log.clock import utc_now
from activity_log.errors import BusflowError, WrongUseError
from activity_log.settings import Settings, load_settings
from busflow.commands.following import start_following
from busflow.console import Json, OperatorId, say, show

SERVICE = "serving.service:Busflow"
LOOPBACK = "127.0.0.1"
PORT = 3000


def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen on; the default is this machine only.")
    ] = LOOPBACK,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the service.")] = PORT,
    is_followed: Annotated[
        bool,
        typer.Option("--follow/--no-follow", help="Keep the online features level with the log meanwhile."),
    ] = True,
) -> None:
    """Start the service, and beside it `features follow`; both end with Ctrl-C."""
    settings = load_settings()
    check_port(host, port)
    environment = serve_environment(settings)
    say(f"listening on http://{host}:{port}" + (" (this machine only)" if host == LOOPBACK else ""))
    if is_followed:
        start_following(environment)
    os.execve(sys.executable, serve_command(host, port), environment)  # noqa: S606


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
    """Look the installation over: each check with its finding and, where something is wrong, the remedy."""
    from busflow.examination import examine

    findings = list(examine(load_settings(), utc_now()))
    problems = [f"{one.check}: {one.detail}; {one.remedy}" for one in findings if one.state == "fail"]
    rows = [vars(one) for one in findings]
    show({"findings": rows, "problems": problems} if as_json else rows, as_json=as_json)
    if problems:
        raise BusflowError("; ".join(problems))
