"""`busflow features follow`: keeping the online features level with the log, beside the service or elsewhere."""

import os
import signal
import subprocess
import sys
import threading
from typing import Annotated

import typer

from activity_log.clock import utc_now
from activity_log.settings import load_settings
from busflow.console import Json, say, show

LOOK_EVERY_SECONDS = 1.0


def follow(
    once: Annotated[bool, typer.Option("--once", help="Catch up with the log, and stop.")] = False,
    beside: Annotated[
        int | None, typer.Option(help="Stop when this process, which started us, is gone.", hidden=True)
    ] = None,
    as_json: Json = False,
) -> None:
    """Keep the online features of all operators level with the log until stopped; `busflow serve` does it too.

    Several may run at once: they take turns.
    """
    from activity_log.database import open_log
    from activity_log.telemetry import configure_logging
    from feature_repo.freshness.filling import filling
    from feature_repo.freshness.following import Following
    from feature_repo.store import open_features

    settings = load_settings()
    configure_logging(settings)
    following = Following(open_log(settings), open_features(settings), utc_now, say, filling(settings))
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: following.stopping.set())
    if beside is not None:
        threading.Thread(target=_stop_after, args=(beside, following.stopping), daemon=True).start()
    say("following the log" + ("" if once else "; stop with Ctrl-C or SIGTERM"))
    (following.catch_up if once else following.run)()
    show(vars(following.tally), as_json=as_json)


def start_following(environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    """Start a follower that ends with this process, or with what takes its place."""
    busflow = "from busflow.cli import main; main()"
    command = [sys.executable, "-c", busflow, "features", "follow", "--beside", str(os.getpid())]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)  # noqa: S603


def _stop_after(process: int, stopping: threading.Event) -> None:
    while os.getppid() == process:
        if stopping.wait(LOOK_EVERY_SECONDS):
            return
    stopping.set()
