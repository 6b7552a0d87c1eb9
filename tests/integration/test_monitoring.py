"""Nordlicht's models predict for everybody; a year later it is known what happened."""

import shutil
from collections.abc import Iterator
from datetime import timedelta

import pytest

from activity_log.database import open_log
from activity_log.errors import NotEnoughDataError
from activity_log.settings import load_settings
from tests.conftest import SimulatedOperator
from training.monitoring.monitor import MATURITY, Monitoring, monitor
from training.monitoring.page import html
from training.scores import Written, score, store_of
from training.workbench import Workbench

DAY, YEAR = timedelta(days=1), timedelta(days=365)


@pytest.fixture(scope="module")
def bench(trained: SimulatedOperator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    home = shutil.copytree(trained.settings.home, tmp_path_factory.mktemp("monitoring") / "home")
    settings = load_settings(home=home)
    database = open_log(settings)
    yield Workbench.open(settings, database, "nordlicht")
    database.close()


@pytest.fixture(scope="module")
def written(bench: Workbench, trained: SimulatedOperator) -> list[Written]:
    return score(bench, trained.now)


@pytest.fixture(scope="module")
def judged(bench: Workbench, written: list[Written], trained: SimulatedOperator) -> Monitoring:
    """A year and a week later. The simulated world has ended, so nobody booked: a decay nobody could overlook."""
    return monitor(bench, trained.now + YEAR + MATURITY)


def test_everybody_who_had_booked_is_scored_by_every_live_model(
    bench: Workbench, written: list[Written], trained: SimulatedOperator
):
    assert [one.scoring.task for one in written] == ["churn", "value"]
    assert {one.scoring.horizon_days for one in written} == {365}
    assert len({one.customers for one in written}) == 1
    scores = store_of(bench).latest_scores(trained.now).to_pandas()
    assert len(scores) == written[0].customers > 300
    assert scores["churn_probability"].between(0, 1).all()
    assert (scores["expected_spend"] >= 0).all()
    booked = {row["customer_id"] for row in bench.frame(bench.facts.bookings).to_dict("records")}
    assert set(scores["customer_id"]) <= booked


def test_scoring_the_same_moment_again_changes_nothing(bench: Workbench, written: list[Written]):
    folder = bench.settings.predictions_dir
    before = {path: path.read_bytes() for path in folder.rglob("*.parquet")}
    assert len(before) == 2
    assert score(bench, written[0].scoring.as_of) == written
    assert {path: path.read_bytes() for path in folder.rglob("*.parquet")} == before


def test_before_anybody_had_booked_there_is_nobody_to_predict_for(
    bench: Workbench, trained: SimulatedOperator
):
    with pytest.raises(
        NotEnoughDataError, match="nobody had booked by 2011-01-01; the first booking is of 20"
    ):
        score(bench, trained.now.replace(year=2011, month=1))


def test_an_outcome_is_pending_until_the_horizon_and_late_events_are_in(
    bench: Workbench, written: list[Written], trained: SimulatedOperator
):
    early = monitor(bench, trained.now + YEAR + MATURITY - timedelta(seconds=1))
    assert [(report.task, report.count("pending")) for report in early.tasks] == [("churn", 1), ("value", 1)]
    assert not early.alarms
    assert "No outcome is known yet" in html(early)


def test_what_happened_is_held_against_what_was_promised(judged: Monitoring):
    churn = judged.tasks[0]
    told = {one.metric: one for one in churn.figures if one.slice == "all"}
    assert told["observed"].value == 1.0
    assert told["gap"].value == pytest.approx(1.0 - told["predicted"].value)
    assert "auc" in churn.promises[churn.kept[0].scoring.version]
    assert {(task, one.metric) for task, one in judged.alarms} == {
        ("churn", "gap"),
        ("value", "bookings_gap"),
    }


def test_the_page_names_the_decay_and_draws_it(judged: Monitoring):
    page = html(judged)
    assert "of 100 customers more stayed away than predicted" in page
    assert "worse than may be" in page
    assert page.count("<svg") >= 5
    assert "<script" not in page


def test_a_model_is_not_judged_by_what_it_had_learned_from(bench: Workbench, trained: SimulatedOperator):
    past = trained.now - YEAR - MATURITY - DAY
    (one, _) = score(bench, past)
    assert one.scoring.in_hindsight
    found = monitor(bench, trained.now).tasks[0]
    assert (found.count("hindsight"), found.count("judged")) == (1, 0)
    assert not found.figures
