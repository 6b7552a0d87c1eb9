"""What the trainings of several tasks share: one moment in time, one sample of customers, one set of feature rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

import ibis
import pandas as pd
import pyarrow as pa

from activity_log.errors import NotEnoughDataError
from activity_log.facts.tables import MOMENT as MICROSECONDS
from feature_repo.services import SERVICES, TRAINING
from training.lifecycle.snapshot import Snapshot
from training.slices import SLICE_COLUMNS
from training.watching import SHORTEST_HISTORY
from training.workbench import Workbench

MOMENT = "event_timestamp"
KEYS = ("operator_id", "customer_id", MOMENT)
_ASKED = pa.schema({"operator_id": pa.string(), "customer_id": pa.string(), "as_of": MICROSECONDS})
MOST_CUSTOMERS = 5_000
"""So many customers' rows are learned from at most: a random sample, the same one every time.

At some thirty moments each they are 150,000 rows, more than any recipe fits.
"""

MOST_MOMENTS = 24
"""The oldest that is learned from lies so many steps back: four years in steps of 61 days."""


@dataclass
class Session:
    """One training of one or more tasks on what was known at `as_of`.

    Rows are built and joined once for each moment, whoever asks for them first.
    """

    bench: Workbench
    as_of: datetime
    most_customers: int = MOST_CUSTOMERS
    _rows: dict[datetime, pd.DataFrame] = field(default_factory=dict)

    @property
    def moments(self) -> list[datetime]:
        """The moments whose rows were built so far, oldest first."""
        return sorted(self._rows)

    def moments_of(
        self, task: str, horizon_days: int, step_days: int, known_days: int | None = None
    ) -> list[datetime]:
        """Return moments to learn from, oldest first; the last MOST_MOMENTS of them.

        They lie `step_days` apart, and one of them a horizon before `as_of`, so that tasks of one horizon share them.
        known_days: so much of the outcome must be known (None: the whole horizon). Raises NotEnoughDataError unless
        one moment lies two horizons back, to be learned from.
        """
        first, _ = self.bench.log_span()
        horizon, step = timedelta(days=horizon_days), timedelta(days=step_days)
        complete, oldest = self.as_of - horizon, first + SHORTEST_HISTORY
        if complete - horizon < oldest:
            have, need = (self.as_of - first).days, 2 * horizon_days + SHORTEST_HISTORY.days
            raise NotEnoughDataError(
                f"{task}: {have} days of log are too few for a horizon of {horizon_days} days; "
                f"{need} are needed, or a shorter --horizon"
            )
        known = timedelta(days=min(known_days or horizon_days, horizon_days))
        newest = (horizon - known) // step
        count = min((complete - oldest) // step + 1, MOST_MOMENTS)
        return [complete + step * place for place in range(1 - count, newest + 1)]

    def years(self) -> list[datetime]:
        """Return `as_of` and the moments of the same season in the two years before, oldest first.

        The former lie on the grid of `moments_of` for a horizon of a year and steps of 61 days.
        """
        first, _ = self.bench.log_span()
        before = [self.as_of - timedelta(days=days) for days in (731, 365)]
        return [*(moment for moment in before if moment >= first + SHORTEST_HISTORY), self.as_of]

    def rows(self, moments: Sequence[datetime], service: str) -> pd.DataFrame:
        """Return the features of a service for everybody who was a customer at each moment.

        Columns: operator_id, customer_id, event_timestamp, the service's features, and those that slices are made
        of; by moment and customer. Of a large operator, `most_customers` of all customers.
        """
        self._join([moment for moment in dict.fromkeys(moments) if moment not in self._rows])
        columns = list(dict.fromkeys((*KEYS, *SERVICES[service].names, *SLICE_COLUMNS)))
        return pd.concat([self._rows[moment][columns] for moment in sorted(set(moments))], ignore_index=True)

    def asked(self, rows: pd.DataFrame) -> "ibis.Table":
        """Return whose future is asked for: operator_id, customer_id, as_of of some rows, as an expression."""
        keys = rows[list(KEYS)].rename(columns={MOMENT: "as_of"})
        return ibis.memtable(pa.Table.from_pandas(keys, preserve_index=False).cast(_ASKED))

    def _join(self, moments: Sequence[datetime]) -> None:
        if not moments:
            return
        bench = self.sample
        bench.build(moments)
        self.bench.say(f"joining the rows of {len(moments)} moments point in time")
        customers = bench.frame(bench.customers_at(moments)).rename(columns={"as_of": MOMENT})
        customers = customers.sort_values([MOMENT, "customer_id"], ignore_index=True)
        joined = bench.features.training_set(customers, TRAINING)
        for moment in moments:
            rows = joined[joined[MOMENT] == pd.Timestamp(moment)]
            self._rows[moment] = rows.reset_index(drop=True)

    @cached_property
    def snapshot(self) -> Snapshot:
        """What is known at `as_of`, of all customers."""
        return Snapshot.of(self.bench.files, self.bench.operator.operator_id, self.as_of)

    @cached_property
    def sample(self) -> Workbench:
        """The workbench of the customers learned from: the operator's own unless there are very many."""
        return self.bench.sampled(self.most_customers)
