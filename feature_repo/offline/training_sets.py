"""Training sets by Feast's point-in-time join, whichever engine makes it."""

import pandas as pd
import pyarrow as pa
from feast import FeatureStore

from feature_repo.offline.rows import EVENT_TIMESTAMP, without_remarks

KEYS = ("operator_id", "customer_id", EVENT_TIMESTAMP)
_PLACE = "place_of_the_example"


def training_set(store: FeatureStore, examples: pd.DataFrame, service: str) -> pd.DataFrame:
    """Join the features of a service to the examples; see `CustomerFeatures.training_set`."""
    if _repeated(examples):
        raise ValueError("examples are not unique in operator_id, customer_id and event_timestamp")
    moments = examples[EVENT_TIMESTAMP].astype("datetime64[us, UTC]")
    keyed = examples.assign(**{EVENT_TIMESTAMP: moments, _PLACE: range(len(examples))})
    with without_remarks():
        job = store.get_historical_features(
            entity_df=keyed, features=store.get_feature_service(service), filter_by_created_timestamp=True
        )
        joined = job.to_df()
    return _in_order(joined, len(examples))


def _repeated(examples: pd.DataFrame) -> bool:
    keys = pa.Table.from_pandas(examples[list(KEYS)], preserve_index=False)
    return len(keys.group_by(list(KEYS)).aggregate([])) != len(keys)


def _in_order(joined: pd.DataFrame, examples: int) -> pd.DataFrame:
    """Return the rows in the order of the examples. Raises AssertionError unless each is there once."""
    if not joined[_PLACE].is_monotonic_increasing:
        joined = joined.sort_values(_PLACE, ignore_index=True)
    if joined[_PLACE].tolist() != list(range(examples)):
        raise AssertionError(f"Feast returned {len(joined)} rows for {examples} examples")
    return joined.drop(columns=_PLACE)
