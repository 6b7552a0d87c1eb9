"""The same snapshot and seed give the same model, whichever task, and in whatever place it is trained."""

import shutil
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from activity_log.database import open_log
from activity_log.ingest_file import ingest_file
from activity_log.operators import register_operator
from activity_log.settings import load_settings
from models.card import TASKS
from simulator import SimulationSpec, simulate, write
from training.clusters import ClustersSpec
from training.lifecycle.session import Session
from training.lifecycle.snapshot import Snapshot
from training.lifecycle.tasks import TRAINERS
from training.report import Report
from training.workbench import Workbench

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
HORIZON_DAYS = 120
SMALL = {"clusters": ClustersSpec(least_customers=30)}
"""Recipes that are content with fewer customers than those of today."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`klein`: 150 people, three years."""
    home = tmp_path_factory.mktemp("klein")
    simulation = simulate(SimulationSpec(operator_id="klein", customers=150, years=3, until=AS_OF.date()))
    write(simulation, home / "events.jsonl", home / "truth.json")
    with closing(open_log(load_settings(home=home))) as database:
        register_operator(database, "klein", now=AS_OF)
        ingest_file(database, home / "events.jsonl", now=AS_OF)
    return home


def learned(home: Path, folder: Path) -> tuple[Snapshot, dict[str, Report]]:
    """Train every task on a copy of the installation, and save the artefacts in `folder`, by task."""
    copy = shutil.copytree(home, folder / "home")
    reports = {}
    with closing(open_log(load_settings(home=copy))) as database:
        session = Session(Workbench.open(load_settings(home=copy), database, "klein"), AS_OF)
        for trainer in TRAINERS:
            spec = SMALL.get(trainer.task) or trainer.spec(HORIZON_DAYS)
            trained = trainer.train(session, spec, None)
            (folder / trainer.task).mkdir()
            trained.artefact.save(folder / trainer.task)
            reports[trainer.task] = trained.report
        return session.snapshot, reports


@pytest.mark.slow
def test_twice_trained_is_the_same_model_and_the_same_report(home: Path, tmp_path: Path):
    folders = [tmp_path / name for name in ("once", "again")]
    for folder in folders:
        folder.mkdir()
    (snapshot, reports), (same_snapshot, same_reports) = (learned(home, folder) for folder in folders)
    assert snapshot == same_snapshot
    assert set(reports) == set(TASKS)
    assert reports == same_reports
    once, again = (
        {path.relative_to(folder): path.read_bytes() for task in TASKS for path in (folder / task).iterdir()}
        for folder in folders
    )
    assert once.keys() == again.keys()
    assert [path for path in once if once[path] != again[path]] == []
