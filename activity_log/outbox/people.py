"""Whom a message is about: the customer somebody counts as now, and whether they may be written to."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from sqlalchemy import Connection, select

from activity_log import ledger, schema
from activity_log.contracts.backoffice import ConsentGranted, ConsentRevoked
from activity_log.merging import one_person

MARKETING = "marketing"


class Reachable(NamedTuple):
    """A person with a profile. contact_allowed: the latest word on marketing, by whichever profile, was yes."""

    customer_id: str
    person_profile_id: str
    contact_allowed: bool


def find_reachable(
    connection: Connection, operator_id: str, customer_ids: Iterable[str]
) -> dict[str, Reachable]:
    """Return those of `customer_ids` who have a profile; merged people as the one they count as now."""
    found: dict[str, Reachable] = {}
    for customer_id in sorted(set(customer_ids)):
        person = one_person(connection, operator_id, customer_id)
        profile_ids = _profile_ids(connection, operator_id, person.members)
        if customer_id in profile_ids:
            named = person.survivor if person.survivor in profile_ids else customer_id
            allowed = contact_allowed(connection, operator_id, person.members)
            found[customer_id] = Reachable(named, profile_ids[named], allowed)
    return found


def contact_allowed(connection: Connection, operator_id: str, members: Collection[str]) -> bool:
    """Say whether the latest word of one person (all their ids) on marketing was yes. Nothing said is no.

    A profile says it, and so do the consent events for marketing; between words of one moment the greater
    event id counts, as in the features.
    """
    table = schema.person_profile
    said_by_profile = select(table.c.occurred_at, table.c.event_id, table.c.marketing_consent).where(
        table.c.operator_id == operator_id, table.c.customer_id.in_(members)
    )
    words = [tuple(row) for row in connection.execute(said_by_profile)]
    words += [
        (event.occurred_at, event.event_id, not isinstance(event.payload, ConsentRevoked))
        for event in _consents(connection, operator_id, members)
        if isinstance(event.payload, ConsentGranted) and event.payload.purpose == MARKETING
    ]
    return bool(max(words)[-1]) if words else False


def _consents(connection: Connection, operator_id: str, members: Collection[str]) -> list[ledger.LoggedEvent]:
    table = schema.touchpoint
    query = select(table.c.seq).where(
        table.c.operator_id == operator_id,
        table.c.customer_id.in_(members),
        table.c.type.in_((ConsentGranted.__name__, ConsentRevoked.__name__)),
    )
    seqs = list(connection.execute(query).scalars())
    return ledger.read_some(connection, seqs) if seqs else []


def _profile_ids(connection: Connection, operator_id: str, members: Collection[str]) -> dict[str, str]:
    table = schema.person_profile
    query = select(table.c.customer_id, table.c.person_profile_id).where(
        table.c.operator_id == operator_id, table.c.customer_id.in_(members)
    )
    return {row.customer_id: row.person_profile_id for row in connection.execute(query)}
