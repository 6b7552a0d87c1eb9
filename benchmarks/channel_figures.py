"""The channel that each simulated customer likes best: how often it is found, and how honest the doubt is."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple

import ibis
import numpy as np
import pandas as pd

from activity_log.contracts.types import TYPES
from activity_log.operators import Operator
from benchmarks.figure import Bound, Figure
from benchmarks.simulated_facts import END, UNTIL, SimulatedFacts, opened, tables_of
from benchmarks.sizes import Sizes
from feature_repo.expressions.clocks import population
from feature_repo.groups import ENGAGEMENT, PROFILE
from feature_repo.sources import moments_table
from models.channel import CHANNELS, COHORT, cohorts_of, messages_of
from simulator import SimulationSpec, simulate
from simulator.truth import Truth
from training.channel import MOMENT, ChannelSpec, train_channel

SEEDS, CUSTOMERS = (7, 8), 2_500
ENOUGH = 10
"""From so many messages on, the favourite has to be found."""
FOUND = 0.9
READ = frozenset(one.name for one in TYPES.values())


class Told(NamedTuple):
    """Customers (rows,): messages they got, whether the model and the rule found the favourite, and its chance."""

    messages: np.ndarray
    found: np.ndarray
    found_by_rule: np.ndarray
    sure: np.ndarray


def steps(_sizes: Sizes) -> Iterator[tuple[str, Callable[[], list[Figure]]]]:
    """Yield what is measured, by name."""
    yield "channels of simulated operators", channels


def channels() -> list[Figure]:
    """Train as in the chain, and ask for everybody's channel; the rule is the channel on which most was read."""
    each = [_told(seed) for seed in SEEDS]
    told = Told(*(np.concatenate(column) for column in zip(*each, strict=True)))
    sent = told.messages
    return [
        *_found(told, sent >= ENOUGH, f"{ENOUGH} messages or more", FOUND),
        *_found(told, (sent >= ENOUGH) & (sent <= ENOUGH + 4), f"{ENOUGH} to {ENOUGH + 4} messages", FOUND),
        *_found(told, (sent > 0) & (sent < ENOUGH), f"1 to {ENOUGH - 1} messages"),
    ]


def _found(told: Told, rows: np.ndarray, which: str, bound: float | None = None) -> list[Figure]:
    """Return how many favourites are found, and how far that is from the chance the model itself gave its answers."""
    found, rule = float(told.found[rows].mean()), float(told.found_by_rule[rows].mean())
    off = float(abs(told.sure[rows].mean() - found))
    name = f"planted channel, {which}"
    return [
        Figure(f"{name}: found", "share", found, bound=bound),
        Figure(f"{name}: found beside the rule", "share", found, rule, "where most was read", bound=1),
        Figure(f"{name}: off its own doubt", "share", off, bound=0.03, direction=Bound.AT_MOST),
    ]


def _told(seed: int) -> Told:
    spec = SimulationSpec(operator_id=f"channel-{seed}", seed=seed, customers=CUSTOMERS, until=UNTIL)
    simulation = simulate(spec)
    operator = Operator(spec.operator_id, spec.operator_id, False, b"a key for benchmarks only")
    world = opened(operator, tables_of(operator, simulation, READ))
    rows = _rows(world, [END.replace(year=END.year - back) for back in (2, 1, 0)])
    model = train_channel(rows, ChannelSpec()).artefact
    asked = _with_favourite(rows[rows[MOMENT] == END], operator, simulation.truth)
    messages = messages_of(asked)
    chances = model.preference(messages, cohorts_of(asked)).favourite
    favourite = asked["favourite"].to_numpy()
    most_read = (messages.read + 1e-3 * messages.sent).argmax(axis=1)
    return Told(
        messages.sent.sum(axis=1),
        chances.argmax(axis=1) == favourite,
        most_read == favourite,
        chances.max(axis=1),
    )


def _rows(world: SimulatedFacts, moments: list[datetime]) -> pd.DataFrame:
    """Return what the model reads of everybody known at each moment."""
    connection, facts = world.connection, world.facts
    as_of = ibis.memtable(connection.to_pyarrow(population(facts, moments_table(moments))))
    keys = ["customer_id", "as_of"]
    profile, messages = (
        connection.to_pyarrow(group.expression(facts, as_of)).to_pandas() for group in (PROFILE, ENGAGEMENT)
    )
    rows = messages.merge(profile[[*keys, COHORT]], on=keys, validate="one_to_one")
    return rows.rename(columns={"as_of": MOMENT}).sort_values([MOMENT, "customer_id"], ignore_index=True)


def _with_favourite(rows: pd.DataFrame, operator: Operator, truth: Truth) -> pd.DataFrame:
    """Add the place of the planted channel; people whose profiles were merged are left out."""
    merged = set(truth.merged) | set(truth.merged.values())
    planted = {
        operator.pseudonym(person.person_profile_id): CHANNELS.index(person.preferred_channel)
        for person in truth.people
        if person.person_profile_id not in merged
    }
    known = rows.assign(favourite=rows["customer_id"].map(planted))
    return known[known["favourite"].notna()].astype({"favourite": "int64"}).reset_index(drop=True)
