"""The Feast store: point-in-time training sets, materialising, and reading online."""

from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from string import Template
from typing import Any

import ibis
import pandas as pd
import yaml
from feast import FeatureService, FeatureStore
from feast.repo_config import RepoConfig

from activity_log.settings import Settings
from feature_repo.build import write_empty_rows
from feature_repo.entities import CUSTOMER, OPERATOR
from feature_repo.services import feature_services
from feature_repo.sources import connect_duckdb
from feature_repo.views import EVENT_TIMESTAMP, feature_views

REPO = Path(__file__).parent
KEYS = ("operator_id", "customer_id")
_MOMENT_SUFFIX = "__ts"


@dataclass(frozen=True)
class OnlineRow:
    """What the online store holds of one customer. as_of: the moment the features describe.

    A customer the store does not know has null features and no moment.
    """

    customer_id: str
    features: dict[str, Any]
    as_of: datetime | None


class CustomerFeatures:
    """The feature store of an installation."""

    def __init__(self, store: FeatureStore):
        self._store = store
        self._services: dict[str, FeatureService] = {}

    def training_set(self, examples: pd.DataFrame, service: str) -> pd.DataFrame:
        """Join the service's features to `examples`, each as of its own moment.

        examples: operator_id, customer_id, event_timestamp (UTC), and any columns of the caller's, unique in
        the first three. Returns the same rows in the same order with the features; nothing that became known
        after a row's moment is in it. A customer without features at the moment has nulls.
        """
        ibis.set_backend(connect_duckdb())
        keyed = examples.assign(**{EVENT_TIMESTAMP: examples[EVENT_TIMESTAMP].astype("datetime64[us, UTC]")})
        job = self._store.get_historical_features(
            entity_df=keyed, features=self._service(service), filter_by_created_timestamp=True
        )
        joined = job.to_df()
        order = [*KEYS, EVENT_TIMESTAMP]
        result = keyed[order].merge(joined, on=order, how="left", validate="one_to_one")
        if len(result) != len(examples):
            raise AssertionError(f"Feast returned {len(joined)} rows for {len(examples)} examples")
        return result

    def materialise(self, as_of: datetime) -> None:
        """Write the rows built for the moment `as_of` to the online store."""
        ibis.set_backend(connect_duckdb())
        with redirect_stdout(StringIO()):  # Feast reports its progress there, where our callers print JSON
            self._store.materialize(start_date=as_of - timedelta(microseconds=1), end_date=as_of)

    def online(self, service: str, operator_id: str, customer_ids: Sequence[str]) -> list[OnlineRow]:
        """Return what the online store holds of each customer, in the order asked."""
        keys = [{"operator_id": operator_id, "customer_id": customer_id} for customer_id in customer_ids]
        response = self._store.get_online_features(self._service(service), entity_rows=keys)
        answer = response.to_dict(include_event_timestamps=True)
        names = [name for name in answer if name not in KEYS and not name.endswith(_MOMENT_SUFFIX)]
        moments = answer[names[0] + _MOMENT_SUFFIX]
        return [
            OnlineRow(
                customer_id,
                {name: answer[name][place] for name in names},
                datetime.fromtimestamp(moments[place], UTC) if moments[place] else None,
            )
            for place, customer_id in enumerate(customer_ids)
        ]

    def _service(self, name: str) -> FeatureService:
        if name not in self._services:
            self._services[name] = self._store.get_feature_service(name)
        return self._services[name]


def open_features(settings: Settings) -> CustomerFeatures:
    """Open the store and bring its registry up to the definitions of this code."""
    settings.feast_dir.mkdir(parents=True, exist_ok=True)
    write_empty_rows(settings.features_dir)
    store = FeatureStore(config=_config(settings))
    views = feature_views(settings.features_dir)
    store.apply([OPERATOR, CUSTOMER, *views, *feature_services(views)])
    return CustomerFeatures(store)


def _config(settings: Settings) -> RepoConfig:
    text = Template((REPO / "feature_store.yaml").read_text()).substitute(BUSFLOW_HOME=settings.home)
    return RepoConfig(**yaml.safe_load(text), repo_path=settings.home)
