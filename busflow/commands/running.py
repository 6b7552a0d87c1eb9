"""Commands that run and examine an installation."""

import json
import os
import socket
import sys
from datetime import timedelta
from ipaddress import ip_address
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
IDLE_SECONDS = 75
"""How long an idle connection stays: longer than proxies keep theirs (nginx: 60), or they use one just closed."""
LAST_SECONDS = 30
"""How long requests in flight may take once no more are let in."""


def serve(
    host: Annotated[
        str,
        typer.Option(
            help="IP address to listen on. The default, 127.0.0.1, is reached from this machine only; 0.0.0.0 is all "
            "networks, in plain HTTP: for a container, or behind a proxy with TLS."
        ),
    ] = LOOPBACK,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the service.")] = PORT,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=256, help="Processes that answer; default BUSFLOW_WORKERS, else 1."),
    ] = None,
    is_followed: Annotated[
        bool,
        typer.Option("--follow/--no-follow", help="Keep the online features level with the log meanwhile."),
    ] = True,
) -> None:
    """Start the service, and beside it `features follow`; both end with Ctrl-C."""
    settings = load_settings(**({"workers": workers} if workers else {}))
    reach = reach_of(host)
    check_port(host, port)
    environment = serve_environment(settings)
    say(f"listening on http://{f'[{host}]' if ':' in host else host}:{port} ({reach})")
    if is_followed:
        start_following(environment)
    os.execve(sys.executable, serve_command(host, port), environment)  # noqa: S606


def reach_of(host: str) -> str:
    """Say who can reach an address. Raises WrongUseError for what is none."""
    try:
        address = ip_address(host)
    except ValueError:
        raise WrongUseError(f"--host '{host}': use an IP address, as 127.0.0.1 or 0.0.0.0") from None
    if address.is_loopback:
        return "this machine only"
    return "WARNING: open to other machines, in plain HTTP; put a proxy with TLS before it, see docs/operating.md"


def check_port(host: str, port: int) -> None:
    """Raise WrongUseError if somebody listens there already."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        if probe.connect_ex((host, port)) == 0:
            raise WrongUseError(
                f"port {port} on {host} is taken: stop what listens there, or choose another --port"
            )


def serve_command(host: str, port: int) -> list[str]:
    """Return the command line that runs the service."""
    root = Path(__file__).parents[2]
    options = ["--host", host, "--port", str(port), "--working-dir", str(root)]
    options += ["--timeout-keep-alive", str(IDLE_SECONDS), "--timeout-graceful-shutdown", str(LAST_SECONDS)]
    return [sys.executable, "-m", "bentoml", "serve", SERVICE, *options]


def serve_environment(settings: Settings) -> dict[str, str]:
    """Return the environment of the service: ours, the same home, so many workers, and nobody phoned."""
    return {
        "BENTOML_HOME": str(settings.home / "bentoml"),
        **os.environ,
        "BUSFLOW_HOME": str(settings.home),
        "BUSFLOW_WORKERS": str(settings.workers),
        "BENTOML_CONFIG_OVERRIDES": json.dumps({"services": {"busflow": {"workers": settings.workers}}}),
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
