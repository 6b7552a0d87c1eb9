"""Forgetting a person: their key is destroyed, and with it what is personal in all their events, in backups too.

What happened stays in the log under a pseudonym that leads to nobody. Who comes back later begins anew: what happened
after the erasure is sealed under a new key.
"""

from sqlalchemy import BigInteger, Connection, bindparam, delete, insert, select, type_coerce, update

from activity_log import schema
from activity_log.answer_log import forget_answers
from activity_log.bulk import Keep, insert_rows
from activity_log.database import SQLITE
from activity_log.moments import from_microseconds
from activity_log.person_keys import Person, keys_for_writing, known_keys
from activity_log.segments.membership import forget_member

_EVENT = schema.event


def forget(connection: Connection, person: Person, until_us: int) -> None:
    """Forget what is personal about somebody up to a moment (microseconds, inclusive). Wants a writing transaction.

    Forgetting twice, or up to an earlier moment than before, changes nothing.
    """
    key = known_keys(connection, [person]).get(person)
    if key is not None and key.forgets(until_us):
        return
    later = _opened_after(connection, person, until_us)
    if connection.dialect.name == SQLITE:
        connection.exec_driver_sql("PRAGMA secure_delete=ON")  # overwrite the key, do not only unlink it
    insert_rows(connection, schema.person_key, [(*person, None, None, until_us)], Keep.REPLACE)
    _reseal(connection, person, later)
    profile = schema.person_profile.c
    known_as = select(profile.customer_id).where(
        profile.operator_id == person[0], profile.person_profile_id == person[1]
    )
    for customer_id in connection.execute(known_as).scalars().all():
        forget_member(connection, person[0], customer_id)
        forget_answers(connection, person[0], customer_id)
    connection.execute(
        delete(schema.person_profile).where(
            profile.operator_id == person[0],
            profile.person_profile_id == person[1],
            profile.occurred_at <= from_microseconds(until_us),
        )
    )
    if connection.dialect.name == SQLITE:
        connection.exec_driver_sql("PRAGMA secure_delete=OFF")


def _opened_after(connection: Connection, person: Person, until_us: int) -> dict[int, tuple[str, int, str]]:
    """Return event_id, moment and private part of what happened after it, by seq."""
    key = known_keys(connection, [person]).get(person)
    if key is None or key.cipher is None:
        return {}
    moment = type_coerce(_EVENT.c.occurred_at, BigInteger).label("occurred_us")
    rows = connection.execute(
        select(_EVENT.c.seq, _EVENT.c.event_id, moment, _EVENT.c.sealed).where(
            _EVENT.c.operator_id == person[0],
            _EVENT.c.sealed_for == person[1],
            _EVENT.c.sealed.is_not(None),
            _EVENT.c.occurred_at > from_microseconds(until_us),
        )
    )
    opened = ((row, key.open(row.sealed, row.event_id)) for row in rows)
    return {row.seq: (row.event_id, row.occurred_us, text) for row, text in opened if text is not None}


def _reseal(connection: Connection, person: Person, later: dict[int, tuple[str, int, str]]) -> None:
    """Seal under a new key what is not to be forgotten: the one change of the log that its triggers let pass."""
    if not later:
        return
    key = keys_for_writing(connection, {person: [moment for _, moment, _ in later.values()]})[person]
    connection.execute(insert(schema.privacy_procedure).values(opened_at=from_microseconds(0)))
    connection.execute(
        update(_EVENT).where(_EVENT.c.seq == bindparam("at")).values(sealed=bindparam("anew")),
        [{"at": seq, "anew": key.seal(text, event_id)} for seq, (event_id, _, text) in later.items()],
    )
    connection.execute(delete(schema.privacy_procedure))
