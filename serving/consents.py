"""What somebody agreed to: the latest word on each purpose, and which ways to reach them are known."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import get_args

from sqlalchemy import Connection, select

from activity_log import ledger, schema
from activity_log.contracts.backoffice import ConsentGranted, ConsentRevoked
from activity_log.contracts.fields import Purpose
from activity_log.errors import UnknownCustomerError
from activity_log.merging import one_person
from activity_log.outbox.people import MARKETING
from activity_log.segments.reach import reach_of
from serving.crm.records import Consent, ConsentState

PURPOSES: tuple[Purpose, ...] = get_args(Purpose)

_Word = tuple[datetime, str, bool]
"""When it was said, in which event, and what: of two words the greater one counts, as in the features."""


def consent_state(connection: Connection, operator_id: str, customer_id: str) -> ConsentState:
    """Return what a person, with all their profiles, agreed to; nothing said is no.

    A profile speaks for marketing only, the consent events for their purpose. Raises UnknownCustomerError.
    """
    person = one_person(connection, operator_id, customer_id)
    reach = reach_of(connection, operator_id, [person.survivor]).get(person.survivor)
    if reach is None:
        raise UnknownCustomerError([customer_id])
    words: defaultdict[str, list[_Word]] = defaultdict(list)
    for purpose, word in _words(connection, operator_id, person.members):
        words[purpose].append(word)
    latest = {purpose: max(said) for purpose, said in words.items()}
    consents = [
        Consent(purpose, latest[purpose][-1], latest[purpose][0])
        if purpose in latest
        else Consent(purpose, granted=False, said_at=None)
        for purpose in PURPOSES
    ]
    return ConsentState(consents, sorted(reach.channels))


def _words(connection: Connection, operator_id: str, members: Collection[str]) -> Iterator[tuple[str, _Word]]:
    profile, touchpoint = schema.person_profile.c, schema.touchpoint.c
    said = select(profile.occurred_at, profile.event_id, profile.marketing_consent).where(
        profile.operator_id == operator_id, profile.customer_id.in_(members)
    )
    for row in connection.execute(said):
        yield MARKETING, (row.occurred_at, row.event_id, row.marketing_consent)
    places = select(touchpoint.seq).where(
        touchpoint.operator_id == operator_id,
        touchpoint.customer_id.in_(members),
        touchpoint.type.in_((ConsentGranted.__name__, ConsentRevoked.__name__)),
    )
    for event in ledger.read_some(connection, list(connection.execute(places).scalars())):
        if isinstance(event.payload, ConsentGranted):
            granted = not isinstance(event.payload, ConsentRevoked)
            yield event.payload.purpose, (event.occurred_at, event.event_id, granted)
