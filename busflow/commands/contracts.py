"""Commands that show and publish the event contracts."""

from pathlib import Path
from typing import Annotated

import typer

from activity_log.errors import WrongUseError
from busflow.console import Json, say, show

contracts_app = typer.Typer(help="Show and publish the event contracts.", no_args_is_help=True)


@contracts_app.command("list")
def list_contracts(as_json: Json = False) -> None:
    """List every event type in every version: what is taken in, what is deprecated, what is sent."""
    from activity_log.contracts.published import contracts

    rows = [
        {
            "type": one.name,
            "version": one.version,
            "source": one.source,
            "action": one.action,
            "replaced_by": " v".join(map(str, one.current)) if one.replaced_by else None,
            **({"personal": one.personal, "schema": one.path} if as_json else {}),
        }
        for one in contracts()
    ]
    show(rows, as_json=as_json)


@contracts_app.command("export")
def export(
    folder: Annotated[Path, typer.Argument(help="Where the schemas go; docs/contracts publishes them.")],
    as_json: Json = False,
) -> None:
    """Write JSON Schemas and the AsyncAPI document. A schema published there is never broken: exit code 1."""
    from activity_log.contracts.publishing import publish

    if folder.exists() and not folder.is_dir():
        raise WrongUseError(f"{folder}: not a folder; name one for the schemas")
    changed = publish(folder)
    say(f"{len(changed)} files of {folder} written" if changed else f"{folder} is up to date")
    show({"folder": str(folder), "written": changed}, as_json=as_json)
