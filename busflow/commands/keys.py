"""`busflow keys`: the keys that tokens are signed with."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from activity_log.clock import utc_now
from activity_log.errors import WrongUseError
from activity_log.settings import load_settings
from busflow.console import Json, moment, show

if TYPE_CHECKING:
    from serving.key_ring import KeyRing, SigningKey

keys_app = typer.Typer(help="The keys that tokens are signed with.", no_args_is_help=True)


@keys_app.command("list")
def list_keys(as_json: Json = False) -> None:
    """List the keys, oldest first; the newest signs."""
    keys = _ring().load()
    show([_row(key, signs=key is keys[-1]) for key in keys], as_json=as_json)


@keys_app.command()
def rotate(as_json: Json = False) -> None:
    """Make a new key that signs from now on; tokens of the older ones stay valid until these are retired."""
    show(_row(_ring().rotate(utc_now()), signs=True), as_json=as_json)


@keys_app.command()
def retire(
    kid: Annotated[str, typer.Option(help="The key's id, or how it begins.")] = "",
    before: Annotated[str, typer.Option(help="All made before this moment, as in 2026-05-01.")] = "",
    as_json: Json = False,
) -> None:
    """Destroy keys: their tokens are refused from then on. The key that signs stays: rotate first."""
    if bool(kid) == bool(before):
        raise WrongUseError("say which: --kid or --before")
    moment_before: datetime | None = moment(before, utc_now(), "--before") if before else None
    retired = _ring().retire(before=moment_before, kid=kid)
    show([_row(key, signs=False) for key in retired], as_json=as_json)


def _ring() -> "KeyRing":
    from serving.key_ring import KeyRing

    return KeyRing(load_settings().keys_dir)


def _row(key: "SigningKey", *, signs: bool) -> dict[str, Any]:
    return {"kid": key.kid, "made_at": key.made_at, "signs": signs, "file": key.path.name}
