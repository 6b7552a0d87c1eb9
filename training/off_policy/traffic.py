"""The logged choices that were left to chance, and what another recommender would have chosen in their place."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from ibis.backends.duckdb import Backend

from activity_log.facts.tables import MOMENT
from feature_repo.expressions.clocks import ROW, Facts, Known
from models.recommender import Context, History, Recommender
from training.metrics import Floats
from training.off_policy.estimating import Choices
from training.off_policy.rewards import expected_rewards

_ASKED = pa.schema({"operator_id": pa.string(), "customer_id": pa.string(), "as_of": MOMENT})


class Counts(NamedTuple):
    """What became of the traffic: suggestions shown, drawn ones among them, and of these who is left out, and why."""

    shown: int
    drawn: int
    before: int
    anonymous: int
    pending: int


class Asked(NamedTuple):
    """What was known of a customer when something was shown to them."""

    history: History
    context: Context


def choices_left_to_chance(outcomes: pd.DataFrame, since: datetime) -> tuple[pd.DataFrame, Counts]:
    """Return the outcomes that can be weighed, from `since` on: drawn, seen by a customer, and with the window over.

    outcomes: as `attribution.outcomes` has them. Who did not sign in looked at tours that nobody logged: what another
    recommender had made of them is not known.
    """
    drawn = outcomes[outcomes["alternatives"].map(_several)]
    late = drawn[drawn["shown_at"] >= since]
    known = late[late["person_id"].notna()]
    mature = known[known["mature"]]
    counts = Counts(
        shown=len(outcomes),
        drawn=len(drawn),
        before=len(drawn) - len(late),
        anonymous=len(late) - len(known),
        pending=len(known) - len(mature),
    )
    return mature.sort_values(["shown_at", "recommendation_id"], ignore_index=True), counts


def known_then(connection: Backend, facts: Facts, rows: pd.DataFrame) -> list[Asked]:
    """Return per row what was known of its customer right before `shown_at`: kept bookings, month and usual stop."""
    asked = rows[["operator_id", "customer_id"]].assign(as_of=rows["shown_at"])
    table = ibis.memtable(pa.Table.from_pandas(asked.drop_duplicates(), schema=_ASKED, preserve_index=False))
    known = Known.of(facts, table)
    taken = _by_row(connection, known.taken, "family_id", "departure_date")
    stops = _by_row(connection, known.trips, "boarding_point_id")
    nothing = pd.DataFrame({"family_id": [], "departure_date": [], "boarding_point_id": []})
    return [
        _asked(taken.get(key, nothing), stops.get(key, nothing))
        for key in zip(rows["customer_id"], rows["shown_at"], strict=True)
    ]


def picks(
    recommender: Recommender, asked: Sequence[Asked], alternatives: Sequence[Sequence[str]]
) -> list[str]:
    """Return what the recommender would have put in each place, of what might have stood there.

    Where it knows none of these families, the one that the ranking shown had first.
    """
    return [
        ranked[0].family if ranked else families[0]
        for one, families in zip(asked, alternatives, strict=True)
        for ranked in [recommender.rank(one.history, one.context, 1, among=set(families))]
    ]


def weighed(rows: pd.DataFrame, picked: Sequence[str], reward: Floats) -> Choices:
    """Return the rows as choices with these rewards, (rows,); the visitor is the person."""
    taken, visitor = rows["family_id"].tolist(), rows["person_id"].to_numpy(dtype=str)
    modelled = expected_rewards(visitor, taken, picked, reward)
    return Choices(
        visitor=visitor,
        propensity=rows["propensity"].to_numpy(np.float64),
        target=(np.array(taken) == np.array(picked)).astype(np.float64),
        reward=reward,
        modelled=modelled.taken,
        expected=modelled.challenger,
    )


def _several(alternatives: Sequence[str] | None) -> bool:
    return alternatives is not None and len(alternatives) > 1


def _by_row(
    connection: Backend, table: "ibis.Table", *columns: str
) -> dict[tuple[str, object], pd.DataFrame]:
    ordered = table.order_by("customer_id", "as_of", "occurred_at", "booking_id")
    frame = connection.to_pyarrow(ordered.select(*ROW, *columns)).to_pandas()
    return dict(iter(frame.groupby(["customer_id", "as_of"])))


def _asked(taken: pd.DataFrame, trips: pd.DataFrame) -> Asked:
    """Return bookings, oldest first, as the history that serving would have of them."""
    families = taken["family_id"].tolist()
    times = pd.Series(families, dtype=str).value_counts().sort_index()
    again = sum(one == other for one, other in pairwise(families))
    history = History(
        families=tuple(times.index),
        counts=tuple(map(int, times)),
        latest=families[-1] if families else None,
        again=again,
        moves=max(len(families) - 1, 0),
    )
    month = _commonest(pd.to_datetime(taken["departure_date"]).dt.month)
    return Asked(history, Context(month and int(month), _commonest(trips["boarding_point_id"])))


def _commonest(values: pd.Series) -> Any:
    """Return the value seen most often, ties to the smallest; None without any."""
    told = values.dropna()
    return None if told.empty else told.mode().iloc[0]
