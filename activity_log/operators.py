"""The operators of a deployment, and the pseudonyms their customers are known by."""

import functools
import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from activity_log import schema
from activity_log.database import Database
from activity_log.errors import UnknownOperatorError, WrongUseError

PSEUDONYMS_KEPT = 50_000
"""People whose pseudonym is at hand; an event names its person, mostly one of the same few, many times over."""

_OPERATOR_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


@dataclass(frozen=True)
class Operator:
    """A tenant. `undated`: sells items without departures, so that answers name tours only."""

    operator_id: str
    name: str
    undated: bool
    pseudonym_key: bytes

    def pseudonym(self, person_profile_id: str) -> str:
        """Return the customer_id of a person: a keyed hash, the same whenever the log is rebuilt."""
        return _pseudonym(self.pseudonym_key, person_profile_id)


@functools.lru_cache(maxsize=PSEUDONYMS_KEPT)
def _pseudonym(key: bytes, person_profile_id: str) -> str:
    digest = hashlib.blake2b(person_profile_id.encode(), key=key, digest_size=10)
    return f"c-{digest.hexdigest()}"


def register_operator(
    database: Database,
    operator_id: str,
    *,
    name: str = "",
    undated: bool = False,
    pseudonym_key: bytes | None = None,
    now: datetime,
) -> Operator:
    """Register an operator. Give `pseudonym_key` (16 to 64 bytes) to rebuild a log under the same pseudonyms.

    Raises WrongUseError for an id that is taken or malformed.
    """
    if not _OPERATOR_ID.fullmatch(operator_id):
        raise WrongUseError(f"operator id '{operator_id}': use a-z, 0-9, - and _, at most 63 characters")
    operator = Operator(operator_id, name or operator_id, undated, pseudonym_key or secrets.token_bytes(32))
    with database.writing() as connection:
        taken = select(schema.operator.c.operator_id).where(schema.operator.c.operator_id == operator_id)
        if connection.execute(taken).first():
            raise WrongUseError(f"operator '{operator_id}' is registered already")
        connection.execute(insert(schema.operator).values(**vars(operator), registered_at=now))
    return operator


def find_operator(database: Database, operator_id: str) -> Operator:
    """Return the operator. Raises UnknownOperatorError."""
    operators = {operator.operator_id: operator for operator in list_operators(database)}
    if operator_id not in operators:
        raise UnknownOperatorError(operator_id)
    return operators[operator_id]


def list_operators(database: Database) -> list[Operator]:
    """Return all operators in the order of their ids."""
    table = schema.operator
    columns = (table.c.operator_id, table.c.name, table.c.undated, table.c.pseudonym_key)
    with database.reading() as connection:
        rows = connection.execute(select(*columns).order_by(table.c.operator_id)).all()
    return [Operator(*row) for row in rows]
