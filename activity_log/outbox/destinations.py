"""Who is told: webhooks, each of one operator, and the broker."""

import base64
import ipaddress
import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import Connection, Row, delete, insert, select

from activity_log.contracts.outgoing import OUTGOING_TYPES
from activity_log.errors import WrongUseError
from activity_log.outbox import tables
from activity_log.upserting import insert_for
from activity_log.vault import Vault

BROKER = "broker"
"""The destination_id of the broker."""

_SECRET_BYTES = 32


@dataclass(frozen=True)
class Destination:
    """A place that messages go to. operator_id: None takes those of all operators. url: None is the broker."""

    destination_id: str
    operator_id: str | None
    url: str | None
    types: frozenset[str]
    added_at: datetime

    def takes(self, operator_id: str, type_: str) -> bool:
        """Say whether messages of this operator and type go here."""
        return self.operator_id in (None, operator_id) and type_ in self.types


class NewWebhook(NamedTuple):
    """A webhook just added. `secret` verifies its messages (`whsec_...`); it is never shown again."""

    destination: Destination
    secret: str


def destinations(connection: Connection) -> list[Destination]:
    """Return all destinations, the oldest first."""
    table = tables.destination
    query = select(table).order_by(table.c.added_at, table.c.destination_id)
    return [_destination(row) for row in connection.execute(query)]


def add_webhook(
    connection: Connection,
    vault: Vault,
    operator_id: str,
    url: str,
    types: Collection[str] = (),
    *,
    plain_http: bool = False,
    now: datetime,
) -> NewWebhook:
    """Add a webhook for what is written from now on.

    types: which messages it gets; none named means all. plain_http: allow http beyond the own machine.
    Raises WrongUseError for a URL or a type that does not do.
    """
    check_url(url, plain_http=plain_http)
    unknown = sorted(set(types) - OUTGOING_TYPES.keys())
    if unknown:
        raise WrongUseError(f"--type '{unknown[0]}': known are {', '.join(OUTGOING_TYPES)}")
    added = Destination(
        f"wh-{secrets.token_hex(6)}", operator_id, url, frozenset(types or OUTGOING_TYPES), now
    )
    secret = secrets.token_bytes(_SECRET_BYTES)
    sealed = vault.seal(secret, _context(added.destination_id))
    connection.execute(insert(tables.destination).values(_row(added) | {"sealed_secret": sealed}))
    return NewWebhook(added, f"whsec_{base64.b64encode(secret).decode()}")


def add_broker(connection: Connection, now: datetime) -> Destination:
    """Make the broker a destination of everything, if it is none yet."""
    broker = Destination(BROKER, None, None, frozenset(OUTGOING_TYPES), now)
    statement = insert_for(connection, tables.destination)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[tables.destination.c.destination_id], set_={"types": statement.excluded.types}
        ),
        _row(broker),
    )
    return broker


def remove_destination(connection: Connection, destination_id: str) -> int:
    """Remove a destination and all that was still to be told there; return how many messages that were.

    Raises WrongUseError for an unknown one.
    """
    if destination_id not in {one.destination_id for one in destinations(connection)}:
        raise WrongUseError(f"no destination '{destination_id}'; `busflow outbox webhook list` names them")
    table = tables.delivery
    waiting = connection.execute(
        delete(table).where(table.c.destination_id == destination_id).returning(table.c.state)
    ).all()
    connection.execute(
        delete(tables.destination).where(tables.destination.c.destination_id == destination_id)
    )
    return sum(row.state != tables.DELIVERED for row in waiting)


def webhook_secret(connection: Connection, vault: Vault, destination_id: str) -> bytes:
    """Return the key that signs what goes to a webhook. Raises SealBrokenError."""
    column = tables.destination.c.sealed_secret
    query = select(column).where(tables.destination.c.destination_id == destination_id)
    return vault.open(connection.execute(query).scalar_one(), _context(destination_id))


def check_url(url: str, *, plain_http: bool) -> None:
    """Raise WrongUseError unless messages may be sent to `url`: https, or http to the own machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise WrongUseError(f"'{url}' is no URL: use https://host/path") from error
    if parts.username or parts.password:
        raise WrongUseError("the URL holds a user or password; messages are signed, leave them out")
    if not host or parts.scheme not in ("https", "http"):
        raise WrongUseError(f"'{url}' is no web address: use https://host/path")
    if parts.scheme == "http" and not plain_http and not _is_this_machine(host):
        raise WrongUseError(f"'{url}' is not encrypted: use https, or --allow-http in a network of your own")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _context(destination_id: str) -> bytes:
    return f"webhook secret of {destination_id}".encode()


def _row(destination: Destination) -> dict[str, Any]:
    return vars(destination) | {"types": json.dumps(sorted(destination.types))}


def _destination(row: Row[Any]) -> Destination:
    return Destination(
        row.destination_id, row.operator_id, row.url, frozenset(json.loads(row.types)), row.added_at
    )
