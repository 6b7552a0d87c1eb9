"""Simulated operators scored for churn at every month start of a held-out year, beside what was planted."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import ibis
import pandas as pd

from activity_log.contracts.types import TYPES
from activity_log.operators import Operator
from benchmarks.simulated_facts import UNTIL, SimulatedFacts, opened, tables_of
from feature_repo.expressions.clocks import ROW, population
from feature_repo.groups import BOOKING, CHURN_FEATURES, ENGAGEMENT, TRAVEL
from feature_repo.sources import moments_table
from models.churn import ChurnScorer
from simulator import Simulation, SimulationSpec, simulate
from simulator.truth import Truth
from training.churn import MOMENT, ChurnSpec, fit_churn, known_at, scored
from training.churn_examples import KNOWN, churned_within
from training.labels import next_booking

HORIZON_DAYS = 365
CUSTOMERS = 6_000
FEATURES = tuple(name.split(":")[1] for name in CHURN_FEATURES)
GROUPS = (BOOKING, TRAVEL, ENGAGEMENT)
LEARNED_MONTHS, JUDGED_MONTHS = 33, 12
READ = frozenset(one.name for one in TYPES.values())


class World(NamedTuple):
    """The scored rows of the held-out year, and the scorer.

    rows: customer_id, event_timestamp, the features, churned, probability, hazard (the planted chance, where it was
    noted), loyal (one trip a year, never left, two bookings at least), window_closes.
    """

    rows: pd.DataFrame
    scorer: ChurnScorer


def simulated_world(seed: int, customers: int = CUSTOMERS) -> World:
    """Simulate, learn what was known when the held-out year began, and score its months."""
    spec = SimulationSpec(operator_id=f"churn-{seed}", seed=seed, customers=customers, until=UNTIL)
    simulation = simulate(spec)
    operator = Operator(spec.operator_id, spec.operator_id, False, b"a key for benchmarks only")
    world = opened(operator, tables_of(operator, simulation, READ))
    moments = _months(LEARNED_MONTHS + JUDGED_MONTHS)
    rows, began = _rows(world, moments), moments[LEARNED_MONTHS]
    scorer = fit_churn(known_at(rows, began), FEATURES, ChurnSpec(horizon_days=HORIZON_DAYS))
    judged = rows[rows[MOMENT] >= began].reset_index(drop=True)
    if (judged[KNOWN] < HORIZON_DAYS).any():
        raise AssertionError("the held-out year is not over")
    told = judged.assign(churned=churned_within(judged, HORIZON_DAYS), probability=scored(scorer, judged))
    return World(_beside_truth(told, operator, simulation.truth, scorer), scorer)


def _months(count: int) -> list[datetime]:
    """Return so many month starts, of which the last lies just more than the horizon before the end."""
    last = UNTIL.year * 12 + UNTIL.month - 1 - 13
    return [
        datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in range(last - count + 1, last + 1)
    ]


def _rows(world: SimulatedFacts, moments: list[datetime]) -> pd.DataFrame:
    connection, facts = world.connection, world.facts
    until = datetime(UNTIL.year, UNTIL.month, UNTIL.day, tzinfo=UTC)
    as_of = ibis.memtable(connection.to_pyarrow(population(facts, moments_table(moments))))
    rows = connection.to_pyarrow(next_booking(facts, as_of, until)).to_pandas()
    for group in GROUPS:
        wanted = [*ROW, *(name for name in FEATURES if name in {one.name for one in group.features})]
        told = connection.to_pyarrow(group.expression(facts, as_of)).to_pandas()[wanted]
        rows = rows.merge(told, on=list(ROW), validate="one_to_one")
    booked = rows[rows["total_bookings"] > 0].rename(columns={"as_of": MOMENT})
    return booked.sort_values([MOMENT, "customer_id"], ignore_index=True)


def _beside_truth(rows: pd.DataFrame, operator: Operator, truth: Truth, scorer: ChurnScorer) -> pd.DataFrame:
    merged = set(truth.merged) | set(truth.merged.values())
    hazards = pd.DataFrame(
        [
            (
                operator.pseudonym(row.person_profile_id),
                pd.Timestamp(row.as_of, tz="UTC"),
                row.p_no_booking_365d,
            )
            for row in truth.hazards
            if row.person_profile_id not in merged
        ],
        columns=["customer_id", MOMENT, "hazard"],
    )
    hazards[MOMENT] = hazards[MOMENT].astype(rows[MOMENT].dtype)
    loyal = {
        operator.pseudonym(person.person_profile_id)
        for person in truth.people
        if person.books and person.lapsed_on is None and len(person.travel_months) == 1
    }
    rows = rows.merge(hazards, on=["customer_id", MOMENT], how="left")
    return rows.assign(
        loyal=rows["customer_id"].isin(loyal) & (rows["booking_days"] >= 2),
        window_closes=[_closes(row, scorer) for row in rows.to_dict("records")],
    )


def _closes(row: dict[str, Any], scorer: ChurnScorer) -> Any:
    window = scorer.calendar.window(row, row[MOMENT].to_pydatetime())
    return window.latest if window else row[MOMENT].date() - timedelta(days=1)


__all__ = ["CUSTOMERS", "Simulation", "World", "simulated_world"]
