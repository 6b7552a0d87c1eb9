"""Which fresh events are an occasion to tell somebody, written in the transaction that logs them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from sqlalchemy import Connection, select

from activity_log import ledger, schema
from activity_log.attribution import touches
from activity_log.contracts.backoffice import PersonProfileUpdated
from activity_log.contracts.commerce import BookingCancelled, BookingNoShow, CheckoutAbandoned
from activity_log.contracts.communications import ConversationResolved
from activity_log.contracts.fields import Payload
from activity_log.contracts.outgoing import EngagementTrigger, Occasion, Reason
from activity_log.ledger import LoggedEvent
from activity_log.moments import microseconds
from activity_log.operators import Operator
from activity_log.outbox.messages import Message, put
from activity_log.outbox.people import Reachable, find_reachable

RECENT = timedelta(hours=48)
"""How old an event may be to cause anything: history that is brought in later tells nobody."""

LOW_NPS, LOW_SATISFACTION = 6, 2
"""A detractor on the 0-10 scale; one of the two lowest grades of five."""


class Rule(NamedTuple):
    """One occasion. evidence: the payload's fields that are told, none of them personal. holds: when it is one."""

    occasion: Occasion
    evidence: tuple[str, ...]
    holds: Callable[[Payload], bool] = lambda _: True


def _is_unhappy(talk: Payload) -> bool:
    return isinstance(talk, ConversationResolved) and (
        (talk.nps is not None and talk.nps <= LOW_NPS)
        or (talk.satisfaction is not None and talk.satisfaction <= LOW_SATISFACTION)
    )


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        CheckoutAbandoned.__name__: Rule("abandoned_checkout", ("tour_id", "departure_id", "step")),
        ConversationResolved.__name__: Rule(
            "unhappy", ("conversation_id", "channel", "nps", "satisfaction"), _is_unhappy
        ),
        BookingNoShow.__name__: Rule("no_show", ("booking_id",)),
        BookingCancelled.__name__: Rule("cancelled_booking", ("booking_id",)),
    }
)
"""Every event type that causes an EngagementTrigger. A cancellation's reason is free text, and stays here."""

_IDS_PER_QUERY = 500
_PROFILE = PersonProfileUpdated.__name__


def noticed(events: Iterable[LoggedEvent], now: datetime) -> list[LoggedEvent]:
    """Return the few events that `react` would look at: recent ones, and profiles of any age, which may be late."""
    since = microseconds(now - RECENT)
    return [
        event
        for event in events
        if (event.occurred_us >= since and event.event_type.name in RULES)
        or event.event_type.name == _PROFILE
    ]


def react(
    connection: Connection,
    operators: Mapping[str, Operator],
    fresh_events: Sequence[LoggedEvent],
    now: datetime,
) -> int:
    """Write what freshly logged events cause, in the caller's transaction; return how many messages that were.

    Call it after the read models were folded. Only what occurred within RECENT of `now` causes anything. Events of
    a person whose profile is not known wait for it, and cause their messages when it arrives.
    """
    written = 0
    looked_at = noticed(fresh_events, now)
    for operator_id in sorted({event.operator_id for event in looked_at}):
        own = [event for event in looked_at if event.operator_id == operator_id]
        written += _react(connection, operators[operator_id], own, now)
    return written


def _react(connection: Connection, operator: Operator, events: Sequence[LoggedEvent], now: datetime) -> int:
    arrived = {
        operator.pseudonym(event.payload.person_profile_id)
        for event in events
        if isinstance(event.payload, PersonProfileUpdated)
    }
    waited = _waited(connection, operator.operator_id, arrived, now - RECENT)
    occasions = sorted(
        {event.event_id: event for event in (*events, *waited) if _is_occasion(event)}.values(),
        key=lambda event: (event.occurred_at, event.event_id),
    )
    about = {
        operator.pseudonym(touch.person_profile_id) for event in occasions for touch in touches(event.payload)
    }
    people = find_reachable(connection, operator.operator_id, about)
    messages = [
        Message(operator.operator_id, event.event_id, _trigger(event, people[customer_id], now))
        for event in occasions
        for customer_id in (operator.pseudonym(touch.person_profile_id) for touch in touches(event.payload))
        if customer_id in people
    ]
    return put(connection, *messages, now=now)


def _is_occasion(event: LoggedEvent) -> bool:
    rule = RULES.get(event.event_type.name)
    return rule is not None and rule.holds(event.payload)


def _trigger(event: LoggedEvent, person: Reachable, now: datetime) -> EngagementTrigger:
    rule = RULES[event.event_type.name]
    told = {name: getattr(event.payload, name) for name in rule.evidence}
    return EngagementTrigger(
        customer_id=person.customer_id,
        person_profile_id=person.person_profile_id,
        as_of=now,
        occasion=rule.occasion,
        contact_allowed=person.contact_allowed,
        reason=Reason(
            kind=rule.occasion,
            evidence={"occurred_at": event.occurred_at.isoformat()}
            | {name: value for name, value in told.items() if value is not None},
            event_ids=(event.event_id,),
        ),
    )


def _waited(
    connection: Connection, operator_id: str, customer_ids: Iterable[str], since: datetime
) -> list[LoggedEvent]:
    """Return the recent events of people whose profile has just arrived."""
    table = schema.touchpoint
    of_interest = select(table.c.seq).where(
        table.c.operator_id == operator_id, table.c.occurred_at >= since, table.c.type.in_(RULES)
    )
    ids = sorted(customer_ids)
    seqs = [
        seq
        for start in range(0, len(ids), _IDS_PER_QUERY)
        for seq in connection.execute(
            of_interest.where(table.c.customer_id.in_(ids[start : start + _IDS_PER_QUERY]))
        ).scalars()
    ]
    return ledger.read_some(connection, sorted(seqs)) if seqs else []
