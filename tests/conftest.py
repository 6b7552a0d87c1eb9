"""What many tests share: one small simulated operator, taken through the whole chain once."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

if not hasattr(sys.modules["__main__"], "__file__"):
    # a worker of pytest-xdist was started without a file; PySpark then thinks that it is in its doctests and exits
    sys.modules["__main__"].__file__ = __file__

os.environ["FEAST_USAGE"] = "False"
os.environ["BENTOML_DO_NOT_TRACK"] = "true"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

from activity_log.database import Database, open_log
from activity_log.ingest_file import ingest_file
from activity_log.ingestion import Receipt
from activity_log.operators import Operator, register_operator
from activity_log.settings import Settings, load_settings
from simulator import SimulationSpec, simulate, write
from simulator.truth import Truth

if TYPE_CHECKING:
    from models.registry import ModelRegistry

NOW = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass(frozen=True)
class SimulatedOperator:
    """An installation with one operator in it. `now`: the end of the simulated world."""

    settings: Settings
    database: Database
    operator: Operator
    truth: Truth
    receipt: Receipt
    now: datetime


@pytest.fixture(scope="session")
def nordlicht(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedOperator]:
    """Nordlicht Reisen: 700 customers, five years, all events in the log; nothing computed yet."""
    home = tmp_path_factory.mktemp("nordlicht")
    settings = load_settings(home=home)
    simulation = simulate(SimulationSpec(customers=700, until=date(2026, 11, 1)))
    write(simulation, home / "events.jsonl", home / "truth.json")
    database = open_log(settings)
    operator = register_operator(
        database, "nordlicht", now=NOW, pseudonym_key=b"a key for tests only, 32 bytes.."
    )
    receipt = ingest_file(database, home / "events.jsonl", now=NOW)
    yield SimulatedOperator(settings, database, operator, simulation.truth, receipt, NOW)
    database.close()


@pytest.fixture(scope="session")
def trained(nordlicht: SimulatedOperator) -> SimulatedOperator:
    """Nordlicht with all models trained and promoted, and its features in the online store."""
    from training.lifecycle.tasks import TRAINERS
    from training.promotion import promote
    from training.sessions import materialise_now, train_tasks
    from training.workbench import Workbench

    bench = Workbench.open(nordlicht.settings, nordlicht.database, "nordlicht")
    for outcome in train_tasks(bench, TRAINERS, nordlicht.now, nordlicht.now):
        promote(bench.registry, "nordlicht", outcome.task, nordlicht.now, by="the tests")
    materialise_now(bench, nordlicht.now)
    return nordlicht


def pytest_runtest_setup() -> None:
    """Forget what MLflow wrote into the environment: the next installation has a store of its own."""
    os.environ.pop("MLFLOW_TRACKING_URI", None)


@pytest.fixture(scope="session")
def registry_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An installation that holds models only; setting up MLflow takes seconds."""
    return load_settings(home=tmp_path_factory.mktemp("registry"))


@pytest.fixture(scope="session")
def registry(registry_settings: Settings) -> "ModelRegistry":
    """Models of operators that each test names anew."""
    from models.registry import ModelRegistry

    return ModelRegistry(registry_settings)
