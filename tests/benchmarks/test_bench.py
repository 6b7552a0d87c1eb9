"""`make bench` at a size that says nothing about speed: every figure is there, and nothing is left behind."""

import json
from collections import Counter
from pathlib import Path

import pytest

from benchmarks import __main__ as bench
from benchmarks import appending, log, service
from benchmarks.sizes import Sizes
from benchmarks.stores import stores

OF_A_FILE, OF_THE_SERVICE = 4, 4
OF_A_LONG_LOG = 2 * 4
"""With counted ids, and with random ones."""


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("EVENTS", 6_000), ("LOG_EVENTS", 20_000), ("REPEATS", 2), ("REQUESTS", 10)):
        monkeypatch.setenv(f"BENCH_{name}", str(value))
    monkeypatch.setattr(service, "BATCHES", 2)
    monkeypatch.setattr(service, "WARM", 2)
    monkeypatch.setattr(appending, "BATCH", 50)
    monkeypatch.setattr(appending, "OPERATORS", 2)
    monkeypatch.setattr(appending, "READS", 20)


@pytest.mark.usefixtures("tiny")
def test_every_figure_of_the_log_is_measured_in_every_store():
    figures = [
        figure
        for name, measure in log.steps(Sizes())
        if name != "postgresql: the service"  # starting it takes longest, and it is the same service
        for figure in measure()
    ]
    assert Counter(figure.store for figure in figures) == {
        store.name: OF_A_FILE + OF_A_LONG_LOG + (OF_THE_SERVICE if store.name == "sqlite" else 0)
        for store in stores()
    }
    assert len({(figure.name, figure.store) for figure in figures}) == len(figures)
    assert all(figure.value > 0 for figure in figures)
    assert all(figure.floor_is for figure in figures if figure.floor is not None)


def test_a_step_that_fails_leaves_the_others_their_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    figure = bench.Figure("a rate", "events/s", 1.0)
    monkeypatch.setitem(
        bench.SUBJECTS, "log", lambda _: [("broken", lambda: 1 / 0), ("whole", lambda: [figure])]
    )
    assert bench.main(["log"], tmp_path / "results.json") == 1
    assert [row["name"] for row in json.loads((tmp_path / "results.json").read_text())] == ["a rate"]
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_measuring_one_subject_keeps_the_figures_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    results = tmp_path / "results.json"
    results.write_text(
        json.dumps([{"name": "kept", "store": ""}, {"name": "a rate", "store": "", "value": 7}])
    )
    figure = bench.Figure("a rate", "events/s", 1.0)
    monkeypatch.setitem(bench.SUBJECTS, "log", lambda _: [("whole", lambda: [figure])])
    bench.main(["log"], results)
    assert [(row["name"], row.get("value")) for row in json.loads(results.read_text())] == [
        ("kept", None),
        ("a rate", 1.0),
    ]
