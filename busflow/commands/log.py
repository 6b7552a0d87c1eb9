"""Commands that bring events in and look after the log."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from activity_log.clock import utc_now
from activity_log.errors import WrongUseError
from activity_log.settings import load_settings
from busflow.console import Json, OperatorId, file_size, moment, progress_bar, say, show

operator_app = typer.Typer(help="Register and list operators.", no_args_is_help=True)


@operator_app.command("add")
def add_operator(
    operator_id: Annotated[str, typer.Argument(help="a-z, 0-9, - and _")],
    name: Annotated[str, typer.Option(help="What people call the operator.")] = "",
    undated: Annotated[
        bool, typer.Option("--undated", help="Sells items without departures: answers name tours only.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Register an operator; events of others are not taken in."""
    from activity_log.operators import register_operator

    operator = register_operator(_database(), operator_id, name=name, undated=undated, now=utc_now())
    show({"operator": operator.operator_id, "name": operator.name}, as_json=as_json)


@operator_app.command("list")
def list_operators(as_json: Json = False) -> None:
    """List the operators of this installation."""
    from activity_log import operators

    known = operators.list_operators(_database())
    rows = [{"operator": one.operator_id, "name": one.name, "undated": one.undated} for one in known]
    show(rows, as_json=as_json)


def simulate(
    events: Annotated[Path, typer.Argument(help="Where the events go, .jsonl or .jsonl.gz")],
    truth: Annotated[Path, typer.Argument(help="Where the planted truth goes, .json; only tests read it")],
    operator: OperatorId = "nordlicht",
    customers: Annotated[int, typer.Option(help="People the operator knows.")] = 2_500,
    years: Annotated[int, typer.Option(help="Length of the history.")] = 5,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 7,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="End; default today.")] = None,
    as_json: Json = False,
) -> None:
    """Simulate a coach-tour operator and write its events to a file."""
    from simulator import SimulationSpec, write
    from simulator import simulate as run

    for path in (events, truth):
        if not path.absolute().parent.is_dir():
            raise WrongUseError(f"{path}: there is no folder {path.parent}; make it first")
    end = until.date() if until else _today()
    spec = SimulationSpec(operator_id=operator, seed=seed, customers=customers, years=years, until=end)
    say(f"simulating {customers:,} customers over {years} years until {end}")
    simulation = run(spec)
    write(simulation, events, truth)
    show({"events": len(simulation.events), "written": str(events)}, as_json=as_json)


def ingest(
    path: Annotated[
        Path, typer.Argument(help="One CloudEvent per line: .jsonl, .jsonl.gz; or per row: .parquet")
    ],
    operator: Annotated[
        str | None, typer.Option("--operator", "-o", help="Take in this operator's events only.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Take events of a file into the log. Run it again after an interruption: it goes on, and doubles nothing."""
    from activity_log.ingest_file import ingest_file
    from activity_log.operators import find_operator

    size, database = file_size(path), _database()
    if operator is not None:
        find_operator(database, operator)
    with progress_bar(f"ingesting {path.name}", size) as advance_to:
        tally = ingest_file(
            database,
            path,
            only_operator=operator,
            now=utc_now(),
            progress=advance_to,
        )
    result: dict[str, Any] = {
        "accepted": tally.accepted,
        "duplicates": tally.duplicates,
        "discarded": tally.discarded,
        "quarantined": tally.quarantined,
    }
    show(result | ({"reasons": dict(tally.reasons)} if tally.reasons else {}), as_json=as_json)


def import_(
    path: Annotated[Path, typer.Argument(help="A table of transactions, .parquet or .csv")],
    operator: OperatorId,
    customer: Annotated[str, typer.Option(help="Column of the customer.")] = "customer_id",
    booking: Annotated[str, typer.Option(help="Column of the booking or invoice.")] = "booking_id",
    item: Annotated[str, typer.Option(help="Column of the tour or item.")] = "item_id",
    time: Annotated[str, typer.Option(help="Column of the moment.")] = "timestamp",
    amount: Annotated[str, typer.Option(help="Column of the row's amount.")] = "amount",
    quantity: Annotated[str | None, typer.Option(help="Column of the quantity.")] = None,
    description: Annotated[str | None, typer.Option(help="Column of the item's name.")] = None,
    family: Annotated[str | None, typer.Option(help="Column of the tour family.")] = None,
    departure_date: Annotated[str | None, typer.Option(help="Column of the departure date.")] = None,
    currency: Annotated[str, typer.Option(help="Currency of all amounts.")] = "EUR",
    timezone: Annotated[str, typer.Option(help="Zone of times without offset.")] = "UTC",
    cancellation_prefix: Annotated[
        str | None, typer.Option(help="What marks a booking id as a cancellation.")
    ] = None,
    item_pattern: Annotated[
        str | None, typer.Option(help="Regular expression; other items are odd codes and left out.")
    ] = None,
    time_format: Annotated[
        str | None, typer.Option(help="How times are written where it is not ISO 8601: %d.%m.%Y %H:%M")
    ] = None,
    date_format: Annotated[
        str | None, typer.Option(help="How departure dates are written where it is not ISO 8601: %d.%m.%Y")
    ] = None,
    region: Annotated[str, typer.Option(help="Region of all items.")] = "-",
    theme: Annotated[str, typer.Option(help="Theme of all items.")] = "-",
    csv_separator: Annotated[str, typer.Option(help="Between the fields of a CSV file.")] = ",",
    csv_decimal: Annotated[str, typer.Option(help="Decimal sign of a CSV file.")] = ".",
    as_json: Json = False,
) -> None:
    """Take a table of transactions into the log, as bookings and cancellations."""
    from activity_log.importing.spec import TableSpec
    from activity_log.importing.table import import_table
    from activity_log.operators import find_operator

    spec = TableSpec(
        customer=customer,
        booking=booking,
        item=item,
        time=time,
        amount=amount,
        quantity=quantity,
        description=description,
        family=family,
        departure_date=departure_date,
        currency=currency,
        timezone=timezone,
        cancellation_prefix=cancellation_prefix,
        item_pattern=item_pattern,
        time_format=time_format,
        date_format=date_format,
        region=region,
        theme=theme,
        csv_separator=csv_separator,
        csv_decimal=csv_decimal,
    )
    database = _database()
    operator_known = find_operator(database, operator)
    with progress_bar(f"importing {path.name}", None) as advance_to:
        report = import_table(
            database,
            operator_known,
            path,
            spec,
            now=utc_now(),
            progress=advance_to,
        )
    show(
        {
            "rows read": report.rows_read,
            **{f"rows: {fate}": count for fate, count in report.rows.items()},
            **{f"events: {name}": count for name, count in report.events.items()},
            "accepted": report.receipt.accepted,
            "duplicates": report.receipt.duplicates,
            "quarantined": report.receipt.quarantined,
        },
        as_json=as_json,
    )


def replay(
    operator: OperatorId,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="This read model alone (profiles, bookings, facts, ...); repeatable."),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            help="Show the world as known at this moment, and stay there until replayed without it."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Drop read models and fact files of an operator and rebuild them from the log."""
    from activity_log import ledger, projection_state
    from activity_log.facts.export import FactFiles
    from activity_log.operators import find_operator
    from activity_log.replaying import replay as rebuild

    settings, database, now = load_settings(), _database(), utc_now()
    known, names = find_operator(database, operator), only or None
    known_until = None if until is None else moment(until, now, option="--until")
    if known_until is not None and known_until > now:
        raise WrongUseError(f"--until '{until}': lies ahead; leave it out to follow the log")
    with database.reading() as connection:
        total = ledger.last_seq(connection, operator)
    with progress_bar("replaying", total) as advance_to, database.writing() as connection:
        read = rebuild(connection, known, names, known_until, advance_to)
    if names is None or projection_state.FACTS in names:
        FactFiles(settings.facts_dir, operator).rebuild(database, known, known_until)
    with database.reading() as connection:
        levels = projection_state.levels(connection, operator)
    rebuilt = {name: levels[name].seq for name in levels if names is None or name in names}
    show({"events replayed": read, "levels": rebuilt}, as_json=as_json)


def _database() -> Any:
    from activity_log.database import open_log

    return open_log(load_settings())


def _today() -> date:
    return utc_now().date()
