"""The `busflow` command. Heavy libraries are imported inside the commands, so that `--help` is instant."""

import sys
import warnings

import typer
from pydantic import ValidationError
from typer._click.exceptions import ClickException, NoArgsIsHelpError

from activity_log.errors import BusflowError, WrongUseError
from busflow.commands import (
    broker,
    contracts,
    features,
    following,
    keys,
    log,
    modelling,
    monitoring,
    outbox,
    people,
    quarantine,
    rules,
    running,
    segments,
)
from busflow.demo import demo

FAILED, WRONG_USE = 1, 2

app = typer.Typer(
    name="busflow",
    help="Customer Intelligence for coach-tour operators.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(demo)
app.add_typer(log.operator_app, name="operator")
app.command()(log.simulate)
app.command(name="import")(log.import_)
app.command()(log.ingest)
app.command()(broker.consume)
app.command()(log.replay)
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(contracts.contracts_app, name="contracts")
app.add_typer(outbox.outbox_app, name="outbox")
app.add_typer(people.people_app, name="people")
features.features_app.command()(following.follow)
app.add_typer(features.features_app, name="features")
app.add_typer(segments.segments_app, name="segments")
app.add_typer(rules.rules_app, name="rules")
app.command()(modelling.train)
modelling.evaluate_app.command("policy")(monitoring.evaluate_policy)
app.add_typer(modelling.evaluate_app, name="evaluate")
app.command()(monitoring.score)
app.command()(monitoring.monitor)
app.command()(modelling.promote)
app.command()(modelling.rollback)
app.command()(modelling.retrain)
app.command()(modelling.history)
app.command()(running.serve)
app.command()(running.token)
app.add_typer(keys.keys_app, name="keys")
app.command()(running.doctor)


def main() -> None:
    """Run the command line: exit code 2 for wrong use, 1 for failure, one clear line to stderr."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # what libraries warn of is for our tests, where it is an error
    try:
        code = app(prog_name="busflow", standalone_mode=False)
    except NoArgsIsHelpError:  # a group without its command: its help, printed already, is the answer
        sys.exit(WRONG_USE)
    except ClickException as error:
        _leave(f"{error.format_message().rstrip('.')}; see --help", WRONG_USE)
    except typer.Abort:
        _leave("interrupted; running it again is safe", FAILED)
    except WrongUseError as error:
        _leave(str(error), WRONG_USE)
    except ValidationError as error:
        first = error.errors()[0]
        name = "-".join(str(part) for part in first["loc"]).replace("_", "-").removesuffix("-days")
        _leave(f"--{name}: {first['msg']} (got {first['input']!r})", WRONG_USE)
    except (BusflowError, OSError) as error:
        _leave(str(error), FAILED)
    except _database_errors() as error:
        _leave(f"the database: {_first_line(error)}; running it again is safe", FAILED)
    sys.exit(code if isinstance(code, int) else 0)


def _database_errors() -> tuple[type[Exception], ...]:
    """Return the errors of a database that is locked, full or gone; asked for only once something has failed."""
    import sqlite3

    import psycopg
    from sqlalchemy.exc import InterfaceError, OperationalError

    return (OperationalError, InterfaceError, sqlite3.OperationalError, psycopg.OperationalError)


def _first_line(error: Exception) -> str:
    return next(iter(str(getattr(error, "orig", None) or error).strip().splitlines()), type(error).__name__)


def _leave(message: str, code: int) -> None:
    sys.stderr.write(f"busflow: {message}\n")
    sys.exit(code)
