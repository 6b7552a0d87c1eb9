"""The answer log: what was recommended to whom, by which model, from features of which moment.

It is no part of the CustomerActivityLog: no feature reads it and nothing is rebuilt from it. What was really seen
comes back as RecommendationShown events; this says what the server answered, also where nobody looked.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import chain
from typing import NamedTuple

from pydantic_core import to_json
from sqlalchemy import (
    Column,
    Connection,
    Index,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    delete,
    select,
)

from activity_log.bulk import batches
from activity_log.database import Database
from activity_log.moments import microseconds
from activity_log.schema.columns import UtcMoment, metadata

answer = Table(
    "answer",
    metadata,
    Column("operator_id", String, nullable=False),
    Column("recommendation_id", String, nullable=False),
    Column("customer_id", String),
    Column("endpoint", String, nullable=False),
    Column("model", String),
    Column("basis", String, nullable=False),
    Column("generated_at", UtcMoment, nullable=False),
    Column("features_at", UtcMoment),
    Column("items", Text, nullable=False),
    PrimaryKeyConstraint("operator_id", "recommendation_id"),
    Index("ix_answer_customer", "operator_id", "customer_id"),
)
"""items: JSON, one [tour_id, departure_id, score, propensity] per place."""


ROWS_IN_ONE = 100
"""Written by one statement: between two, SQLite hands the interpreter to whoever answers, and has to ask it back."""


class LoggedItem(NamedTuple):
    """One place of a list. propensity: how likely it was to stand there, 1 unless it was drawn."""

    tour_id: str
    departure_id: str | None
    score: float
    propensity: float


@dataclass(frozen=True)
class LoggedAnswer:
    """An answer as it was given. model: name and version, null if none ranked. features_at: null without features."""

    operator_id: str
    recommendation_id: str
    customer_id: str | None
    endpoint: str
    model: str | None
    basis: str
    generated_at: datetime
    features_at: datetime | None
    items: Sequence[LoggedItem]


def log_answers(database: Database, answers: Iterable[LoggedAnswer]) -> None:
    """Write answers; one that is there already stays as it is."""
    mark = "?" if database.engine.dialect.name == "sqlite" else "%s"
    rows = [_row(one) for one in answers]
    with database.writing() as connection:
        for some in batches(rows, ROWS_IN_ONE):
            connection.exec_driver_sql(_insert(len(some), mark), tuple(chain.from_iterable(some)))


def find_answer(connection: Connection, operator_id: str, recommendation_id: str) -> LoggedAnswer | None:
    """Return what was answered under an id; None: nothing, or it was dropped."""
    query = select(answer).where(
        answer.c.operator_id == operator_id, answer.c.recommendation_id == recommendation_id
    )
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    items = tuple(LoggedItem(*item) for item in json.loads(row["items"]))
    return LoggedAnswer(**{**row, "items": items})


def forget_answers(connection: Connection, operator_id: str, customer_id: str) -> None:
    """Drop what was recommended to a customer."""
    connection.execute(
        delete(answer).where(answer.c.operator_id == operator_id, answer.c.customer_id == customer_id)
    )


def drop_answers(connection: Connection, before: datetime) -> int:
    """Drop answers given before a moment; return how many."""
    return connection.execute(delete(answer).where(answer.c.generated_at < before)).rowcount


@cache
def _insert(rows: int, mark: str) -> str:
    names = ", ".join(column.name for column in answer.columns)
    row = f"({', '.join([mark] * len(answer.columns))})"
    return f"INSERT INTO answer ({names}) VALUES {', '.join([row] * rows)} ON CONFLICT DO NOTHING"


def _row(one: LoggedAnswer) -> tuple[object, ...]:
    return (
        one.operator_id,
        one.recommendation_id,
        one.customer_id,
        one.endpoint,
        one.model,
        one.basis,
        microseconds(one.generated_at),
        None if one.features_at is None else microseconds(one.features_at),
        to_json(one.items).decode(),
    )
