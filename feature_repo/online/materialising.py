"""From the states of a full build to the online store."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from feast import FeatureStore

from activity_log.facts.tables import MOMENT
from feature_repo.offline.rows import EVENT_TIMESTAMP
from feature_repo.online.states import WRITTEN_AT_ONCE, OnlineStates
from feature_repo.state_view import PACKED, STATE_ROWS, STATE_VIEW


def materialise(
    store: FeatureStore,
    states: OnlineStates,
    features_dir: Path,
    as_of: datetime,
    progress: Callable[[int], object],
) -> int:
    """Write the states of a moment; return the number of customers. See `CustomerFeatures.materialise`."""
    customers = 0
    for batch in _built(features_dir / STATE_VIEW, as_of):
        states.write(batch, progress)
        customers += batch.num_rows
    view = store.get_feature_view(STATE_VIEW)
    store.registry.apply_materialization(view, store.project, as_of - timedelta(microseconds=1), as_of)
    return customers


def _built(folder: Path, as_of: datetime) -> Iterator[pa.RecordBatch]:
    """Read the states of the moment batch by batch: operator_id, customer_id, as_of, packed."""
    rows = ds.dataset(folder, schema=STATE_ROWS, format="parquet")
    columns = {name: pc.field(name) for name in ("operator_id", "customer_id", PACKED)}
    batches: Iterator[pa.RecordBatch] = rows.scanner(
        columns=columns | {"as_of": pc.field(EVENT_TIMESTAMP)},
        filter=pc.field(EVENT_TIMESTAMP) == pa.scalar(as_of, MOMENT),
        batch_size=WRITTEN_AT_ONCE,
        batch_readahead=2,
        fragment_readahead=1,
    ).to_batches()
    return batches
