"""Commands of the outbox: deliver what the other contexts are told, and see what became of it."""

import asyncio
import signal
from datetime import timedelta
from typing import Annotated

import typer

from activity_log.clock import utc_now
from activity_log.errors import WrongUseError
from activity_log.settings import load_settings
from busflow.console import Json, OperatorId, say, show

outbox_app = typer.Typer(
    help="Deliver enrichment events to the broker and to webhooks.", no_args_is_help=True
)
webhook_app = typer.Typer(help="Webhooks that enrichment events are sent to.", no_args_is_help=True)
outbox_app.add_typer(webhook_app, name="webhook")


@outbox_app.command()
def deliver(
    once: Annotated[bool, typer.Option("--once", help="Deliver what is due now, and stop.")] = False,
    attempts: Annotated[int, typer.Option(min=1, max=50, help="Then a message is a dead letter.")] = 10,
    keep: Annotated[int, typer.Option(min=1, help="Days that delivered messages are kept.")] = 30,
    as_json: Json = False,
) -> None:
    """Deliver to webhooks, and to the broker at BUSFLOW_BROKER_URL, until stopped. Several may run at once."""
    from activity_log.broker.address import parse_address
    from activity_log.database import open_log
    from activity_log.outbox.backoff import BackOff
    from activity_log.outbox.delivering import Tally, Terms, open_deliverer
    from activity_log.telemetry import configure_logging
    from activity_log.tracing import configure_tracing

    settings = load_settings()
    configure_logging(settings)
    configure_tracing()
    broker_shown = parse_address(settings.broker_url).shown if settings.broker_url else "no broker"
    terms = Terms(back_off=BackOff(attempts=attempts), keep=timedelta(days=keep))
    database = open_log(settings)

    async def run() -> Tally:
        async with open_deliverer(database, settings.broker_url, utc_now, terms, say) as deliverer:
            for stop in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(stop, deliverer.stopping.set)
            await (deliverer.run_once() if once else deliverer.run())
            return deliverer.tally

    say(f"delivering to webhooks and {broker_shown}" + ("" if once else "; stop with Ctrl-C or SIGTERM"))
    show(vars(asyncio.run(run())), as_json=as_json)


@outbox_app.command("list")
def list_messages(
    dead: Annotated[bool, typer.Option("--dead", help="Dead letters only.")] = False,
    operator: Annotated[str | None, typer.Option("--operator", "-o", help="Of this operator only.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the newest first.")] = 100,
    as_json: Json = False,
) -> None:
    """List messages and what became of them at each destination."""
    from activity_log.database import open_log
    from activity_log.outbox import queue

    with open_log(load_settings()).reading() as connection:
        rows = queue.listing(connection, operator_id=operator, dead_only=dead, limit=limit)
    show([dict(row._mapping) for row in rows], as_json=as_json)


@outbox_app.command()
def retry(
    message_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="A dead letter.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All dead letters.")] = False,
    as_json: Json = False,
) -> None:
    """Make dead letters due again, under the ids they had."""
    from activity_log.database import open_log
    from activity_log.outbox import queue

    if (message_id is None) != all_:
        raise WrongUseError("name one dead letter, or all of them with --all")
    with open_log(load_settings()).writing() as connection:
        revived = queue.retry(connection, message_id, utc_now())
    show({"due again": revived}, as_json=as_json)


@webhook_app.command("add")
def add_webhook(
    url: Annotated[str, typer.Argument(help="Where to, https://...")],
    operator: OperatorId,
    types: Annotated[
        list[str] | None, typer.Option("--type", "-t", help="Send this type; may be repeated. Default: all.")
    ] = None,
    allow_http: Annotated[
        bool, typer.Option("--allow-http", help="Send unencrypted, in a network of your own.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Add a webhook for what is written from now on. Its secret is shown here once."""
    from activity_log.database import open_log
    from activity_log.operators import find_operator
    from activity_log.outbox import destinations

    database = open_log(load_settings())
    known = find_operator(database, operator)
    with database.writing() as connection:
        added = destinations.add_webhook(
            connection,
            database.vault,
            known.operator_id,
            url,
            types or (),
            plain_http=allow_http,
            now=utc_now(),
        )
    webhook = added.destination
    shown = {"webhook": webhook.destination_id, "url": url, "types": sorted(webhook.types)}
    show(shown | {"secret": added.secret}, as_json=as_json)
    say("keep the secret now: it is not shown again")


@webhook_app.command("list")
def list_webhooks(as_json: Json = False) -> None:
    """List all destinations: webhooks, and the broker once messages were delivered to it."""
    from activity_log.database import open_log
    from activity_log.outbox import queue
    from activity_log.outbox.destinations import destinations

    with open_log(load_settings()).reading() as connection:
        rows = [
            {
                "webhook": one.destination_id,
                "operator": one.operator_id or "(all)",
                "url": one.url or "(BUSFLOW_BROKER_URL)",
                "types": sorted(one.types),
                "waiting": queue.waiting(connection, one.destination_id),
                "added_at": one.added_at,
            }
            for one in destinations(connection)
        ]
    show(rows, as_json=as_json)


@webhook_app.command("remove")
def remove_webhook(
    webhook: Annotated[str, typer.Argument(help="Its id, or `broker`.")], as_json: Json = False
) -> None:
    """Remove a destination, with all that was still to be told there."""
    from activity_log.database import open_log
    from activity_log.outbox.destinations import remove_destination

    with open_log(load_settings()).writing() as connection:
        dropped = remove_destination(connection, webhook)
    show({"removed": webhook, "messages dropped": dropped}, as_json=as_json)
