"""Feast's registry of an installation, level with the definitions of this code."""

import fcntl
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow.parquet as pq
from feast import Entity, FeatureService, FeatureStore, FeatureView, Project
from feast.repo_config import RepoConfig
from google.protobuf.json_format import MessageToDict

from activity_log.settings import Settings
from feature_repo.build import write_empty_rows
from feature_repo.entities import CUSTOMER, OPERATOR, OWNER
from feature_repo.offline.rows import schema_path, without_remarks
from feature_repo.services import feature_services
from feature_repo.state import layout
from feature_repo.state_view import STATE_ROWS, STATE_VIEW, state_view
from feature_repo.store_config import store_config
from feature_repo.views import feature_views

Definition: TypeAlias = Project | Entity | FeatureView | FeatureService

PROJECT = Project(
    name="busflow",
    description="What is known of the customers of coach-tour operators.",
    tags={"context": "customer-intelligence"},
    owner=OWNER,
)


def definitions(settings: Settings) -> list[Definition]:
    """Return all that Feast is told: project, entities, views, and services."""
    views = feature_views(settings)
    online = state_view(settings, layout().fingerprint.hex())
    about = [copy(one) for one in (PROJECT, OPERATOR, CUSTOMER)]  # Feast writes into what it applies
    return [*about, *views, online, *feature_services(views)]


def lay_out(settings: Settings) -> None:
    """Make the folders that the definitions name, with a file each that tells Feast the columns."""
    settings.feast_dir.mkdir(parents=True, exist_ok=True)
    write_empty_rows(settings.features_dir)
    path = schema_path(settings.features_dir, STATE_VIEW)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(STATE_ROWS.empty_table(), path)


def open_store(settings: Settings) -> FeatureStore:
    """Open Feast's store; the definitions are applied if they differ from those applied last.

    Several processes may do so at once: they take turns, and none reads what another is writing.
    """
    lay_out(settings)
    told, applied = definitions(settings), settings.feast_dir / "applied"
    config = store_config(settings)
    with _alone(settings.feast_dir / "registry.lock"), without_remarks():
        store = FeatureStore(config=config)
        fingerprint = _fingerprint(config, told)
        if not applied.exists() or applied.read_text() != fingerprint:
            _apply(store, told)
            applied.write_text(fingerprint)
        store.refresh_registry()
    return store


def _apply(store: FeatureStore, told: list[Definition]) -> None:
    """Bring the registry up to these definitions; what it holds beside them goes."""
    names = {definition.name for definition in told}
    registered = [*store.list_feature_views(), *store.list_feature_services()]
    gone = [one for one in registered if one.name not in names]
    store.apply(told, objects_to_delete=gone, partial=False)


def _fingerprint(config: RepoConfig, told: list[Definition]) -> str:
    """Return what differs if the definitions, or the store that has tables for them, differ."""
    specs = [_timeless(MessageToDict(one.to_proto().spec)) for one in told]
    online = repr(sorted(vars(config.online_store).items()))
    return hashlib.sha256(json.dumps([config.project, online, specs], sort_keys=True).encode()).hexdigest()


def _timeless(node: Any) -> Any:
    """Return a tree without the moments that Feast notes in definitions as they are made."""
    if isinstance(node, dict):
        return {name: _timeless(value) for name, value in node.items() if not name.endswith("Timestamp")}
    return [_timeless(value) for value in node] if isinstance(node, list) else node


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
