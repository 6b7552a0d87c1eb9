"""The command that takes events from a message broker."""

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer

from activity_log.clock import utc_now
from activity_log.settings import load_settings
from busflow.console import Json, say, show


def consume(
    operator: Annotated[
        str | None, typer.Option("--operator", "-o", help="Take in this operator's events only.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Take events from the broker of BUSFLOW_BROKER_URL into the log, until it is stopped (SIGTERM, Ctrl-C)."""
    from activity_log.broker.address import parse_address
    from activity_log.broker.consuming import consume as consume_events
    from activity_log.database import open_log
    from activity_log.operators import find_operator
    from activity_log.telemetry import configure_logging
    from activity_log.tracing import configure_tracing

    settings = load_settings()
    configure_logging(settings)
    configure_tracing()
    address = parse_address(settings.broker_url)
    database = open_log(settings)
    if operator is not None:
        find_operator(database, operator)
    say(f"taking events from {address.shown}, topic {settings.broker_topic}, queue {settings.broker_queue}")
    stats = asyncio.run(consume_events(settings, database, only_operator=operator, clock=utc_now))
    show(asdict(stats), as_json=as_json)
