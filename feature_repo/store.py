"""The feature store of an installation: point-in-time training sets, and the customers' states online."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from feast import FeatureStore

from activity_log.settings import Settings
from feature_repo.applying import open_store
from feature_repo.offline.rows import without_remarks
from feature_repo.offline.training_sets import training_set
from feature_repo.online.materialising import materialise
from feature_repo.online.states import OnlineStates, State
from feature_repo.reading import Reading
from feature_repo.services import SERVICES
from feature_repo.state_view import PACKED, STATE_VIEW


@dataclass(frozen=True)
class OnlineRow:
    """What a service names of one customer, right at `as_of`.

    known_at: the moment up to which events are in it. A customer the store does not know has null features and
    neither moment.
    """

    customer_id: str
    features: dict[str, Any]
    as_of: datetime | None
    known_at: datetime | None = None


class CustomerFeatures:
    """The feature store of an installation."""

    def __init__(self, store: FeatureStore, settings: Settings):
        self._store = store
        self._settings = settings
        self._states = OnlineStates(store, store.get_feature_view(STATE_VIEW), PACKED)

    def training_set(self, examples: pd.DataFrame, service: str) -> pd.DataFrame:
        """Join the service's features to `examples`, each as of its own moment.

        examples: operator_id, customer_id, event_timestamp (UTC), and any columns of the caller's, unique in
        the first three. Returns the same rows in the same order with the features; nothing that became known
        after a row's moment is in it. A customer without features at the moment has nulls. Raises ValueError
        if two examples are of one customer and moment.
        """
        return training_set(self._store, examples, service)

    def materialise(self, as_of: datetime, progress: Callable[[int], object] = lambda _: None) -> int:
        """Write the states built for the moment `as_of`, of all operators; return the number of customers.

        States that describe a later moment stay. progress is called with the customers of each batch.
        """
        with without_remarks():
            return materialise(self._store, self._states, self._settings.features_dir, as_of, progress)

    def push(self, rows: pa.Table) -> None:
        """Write states: operator_id, customer_id, as_of (UTC), packed. Those of a later moment stay.

        Raises OnlineStoreError.
        """
        for batch in rows.to_batches():
            self._states.write(batch)

    def online(
        self, service: str, operator_id: str, customer_ids: Sequence[str], now: datetime
    ) -> list[OnlineRow]:
        """Return what the service names of each customer at the moment `now`, in the order asked.

        Raises OnlineStoreError, and StateLayoutError for states that other definitions of the features packed.
        """
        states = self.stored(operator_id, customer_ids)
        return [self.told(service, *one, now) for one in zip(customer_ids, states, strict=True)]

    def told(
        self, what: str | tuple[str, ...], customer_id: str, state: State | None, now: datetime
    ) -> OnlineRow:
        """Return what a stored state says of a customer at the moment `now`.

        what: a service, or the names of some features; the fewer the faster. Raises StateLayoutError.
        """
        reading = _reading(what)
        if state is None or not state.packed:
            return OnlineRow(customer_id, dict.fromkeys(reading.names), None)
        return OnlineRow(customer_id, reading.row(state.packed, now), now, state.known_at)

    def vector(
        self, service: str, operator_id: str, customer_id: str, now: datetime
    ) -> npt.NDArray[np.float64] | None:
        """Return the numbers of a service for one customer as (features,), null as NaN; None: not known.

        In the order of `SERVICES[service].numbers`. Raises as `online` does.
        """
        packed = self._states.packed(operator_id, customer_id)
        return _vectors(service).vector(packed, now) if packed else None

    def stored(self, operator_id: str, customer_ids: Sequence[str]) -> list[State | None]:
        """Return the states of customers as they are stored, in the order asked. Raises OnlineStoreError.

        `packed` is empty of who existed once and does no more: merged into somebody else.
        """
        return self._states.states(operator_id, customer_ids)


@cache
def _reading(what: str | tuple[str, ...]) -> Reading:
    return Reading(SERVICES[what].names if isinstance(what, str) else what)


@cache
def _vectors(service: str) -> Reading:
    return Reading(SERVICES[service].numbers)


def open_features(settings: Settings) -> CustomerFeatures:
    """Open the store and bring its registry up to the definitions of this code."""
    with without_remarks():
        return CustomerFeatures(open_store(settings), settings)
