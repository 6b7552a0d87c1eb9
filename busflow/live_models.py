"""Which models are live, without loading MLflow where its store is a file of ours: that alone takes seconds."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError

from activity_log.errors import BusflowError
from activity_log.settings import Settings
from models.card import Task

Live = dict[tuple[str, Task], str]

_CHAMPIONS = text("SELECT name, version FROM registered_model_aliases WHERE alias = 'champion'")


def champions(settings: Settings, operator_ids: Sequence[str], tasks: Sequence[Task]) -> Live:
    """Return the versions that are live, by operator and task. Raises BusflowError for an unreadable store."""
    if settings.tracking_uri.startswith("sqlite:"):
        by_name = _read_file(settings.tracking_uri)
    else:
        by_name = _ask(settings, operator_ids, tasks)
    return {
        (operator_id, task): by_name[f"{operator_id}.{task}"]
        for operator_id in operator_ids
        for task in tasks
        if f"{operator_id}.{task}" in by_name
    }


def _read_file(uri: str) -> dict[str, str]:
    path = make_url(uri).database
    if not path or not Path(path).exists():
        return {}
    engine = create_engine(uri)
    try:
        if not inspect(engine).has_table("registered_model_aliases"):
            return {}
        with engine.connect() as connection:
            return {row.name: str(row.version) for row in connection.execute(_CHAMPIONS)}
    except DatabaseError as error:
        raise BusflowError(f"{path}: cannot be read as MLflow's store: {error.orig}") from error
    finally:
        engine.dispose()


def _ask(settings: Settings, operator_ids: Sequence[str], tasks: Sequence[Task]) -> dict[str, str]:
    from models.registry import CHAMPION, ModelRegistry, registered_name

    registry = ModelRegistry(settings)
    found = {
        registered_name(operator_id, task): registry.version(operator_id, task, CHAMPION)
        for operator_id in operator_ids
        for task in tasks
    }
    return {name: version for name, version in found.items() if version is not None}
