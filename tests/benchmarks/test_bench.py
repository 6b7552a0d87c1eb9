"""`make bench` at a size that says nothing about speed: every figure is there, and nothing is left behind."""

import json
from pathlib import Path

import pytest

from benchmarks import __main__ as bench
from benchmarks import appending, service
from benchmarks.stores import stores

FIGURES_PER_STORE = 4 + 4 + 2 * 4


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
def test_the_log_is_measured_in_every_store(tmp_path: Path):
    results = tmp_path / "results.json"
    assert bench.main(["log"], results) == 0
    rows = json.loads(results.read_text())
    named = {(row["name"], row["store"]) for row in rows}
    assert len(named) == len(rows) == FIGURES_PER_STORE * len(stores())
    assert all(row["value"] > 0 and row["machine"] and row["date"] for row in rows)
    assert all(row["floor_is"] for row in rows if row["floor"] is not None)


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
