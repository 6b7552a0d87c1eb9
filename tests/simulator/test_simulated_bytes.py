"""The same spec gives the same bytes; another seed, operator or size gives another world."""

import gzip
import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from simulator import SimulationSpec, read_truth, simulate, write

UNTIL = date(2026, 1, 1)
SMALL = SimulationSpec(customers=60, years=2, until=UNTIL)


def written(spec: SimulationSpec, folder: Path, name: str = "events.jsonl") -> tuple[bytes, bytes]:
    folder.mkdir()
    write(simulate(spec), folder / name, folder / "truth.json")
    return (folder / name).read_bytes(), (folder / "truth.json").read_bytes()


@pytest.mark.parametrize("name", ["events.jsonl", "events.jsonl.gz"])
def test_the_same_spec_gives_the_same_bytes(tmp_path, name):
    assert written(SMALL, tmp_path / "one", name) == written(SMALL, tmp_path / "two", name)


def test_the_bytes_depend_on_no_hash_seed_time_zone_or_locale(tmp_path):
    here = written(SMALL, tmp_path / "here")
    there = tmp_path / "there"
    there.mkdir()
    code = (
        "from datetime import date; from pathlib import Path; from simulator import *; "
        "write(simulate(SimulationSpec(customers=60, years=2, until=date(2026, 1, 1))), "
        f"Path({str(there / 'e.jsonl')!r}), Path({str(there / 't.json')!r}))"
    )
    odd = {**os.environ, "PYTHONHASHSEED": "12345", "TZ": "Pacific/Auckland", "LC_ALL": "C"}
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, env=odd, cwd=root)
    assert ((there / "e.jsonl").read_bytes(), (there / "t.json").read_bytes()) == here


@pytest.mark.parametrize("other", [{"seed": 8}, {"operator_id": "suedwind"}, {"customers": 61}, {"years": 1}])
def test_another_spec_gives_another_world(other):
    first = simulate(SMALL)
    second = simulate(SMALL.model_copy(update=other))
    assert [e["data"] for e in first.events] != [e["data"] for e in second.events]
    assert first.truth.people != second.truth.people


def test_the_events_file_holds_the_events_a_line_each(tmp_path):
    simulation = simulate(SMALL)
    write(simulation, tmp_path / "events.jsonl.gz", tmp_path / "truth.json")
    lines = gzip.decompress((tmp_path / "events.jsonl.gz").read_bytes()).decode().splitlines()
    assert [json.loads(line) for line in lines] == simulation.events


def test_the_truth_comes_back_as_it_was(tmp_path):
    simulation = simulate(SMALL)
    write(simulation, tmp_path / "events.jsonl", tmp_path / "truth.json")
    assert read_truth(tmp_path / "truth.json") == simulation.truth


def test_a_failed_write_leaves_the_old_file_and_no_draft(tmp_path):
    events = tmp_path / "events.jsonl"
    events.write_text("old")
    broken = simulate(SMALL)
    broken.events.append({"not json": object()})
    with pytest.raises(TypeError):
        write(broken, events, tmp_path / "truth.json")
    assert events.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["events.jsonl"]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"customers": 0}, "greater than or equal to 1"),
        ({"years": 0}, "greater than or equal to 1"),
        ({"families": 99}, "less than or equal to 20"),
        ({"boarding_points": 0}, "greater than or equal to 1"),
        ({"operator_id": "Nord Licht"}, "should match pattern"),
        ({"until": date(1970, 1, 1)}, "until must be 1980-01-01 or later, not 1970-01-01"),
        ({"customer": 5}, "Extra inputs are not permitted"),
    ],
)
def test_a_bad_spec_says_what_is_wrong(wrong, says):
    with pytest.raises(ValidationError, match=says):
        SimulationSpec(**{"until": UNTIL, **wrong})


def test_a_world_that_ends_on_a_leap_day_begins_on_the_28th():
    assert SimulationSpec(until=date(2024, 2, 29), years=3).start == date(2021, 2, 28)


@pytest.mark.parametrize("customers", [1, 3, 50])
@pytest.mark.parametrize("until", [UNTIL, date(2025, 9, 15)])
def test_small_worlds_work(customers, until):
    simulation = simulate(SimulationSpec(customers=customers, years=2, until=until))
    assert len(simulation.truth.people) == customers
    assert {"TourPublished", "DepartureScheduled"} <= {event["type"] for event in simulation.events}


@pytest.mark.parametrize(("families", "towns"), [(1, 1), (5, 3), (20, 16)])
def test_any_part_of_the_catalogue_works(families, towns):
    spec = SMALL.model_copy(update={"families": families, "boarding_points": towns})
    simulation = simulate(spec)
    offered = {e["data"]["family_id"] for e in simulation.events if e["type"] == "TourPublished"}
    called_at = [
        set(e["data"]["boarding_point_ids"]) for e in simulation.events if e["type"] == "DepartureScheduled"
    ]
    assert len(offered) == families
    assert len(set.union(*called_at)) == towns
    assert len(simulation.truth.partners) == families // 2


def test_the_simulator_needs_no_ml_stack():
    code = (
        "import sys, simulator; "
        "heavy = {'pandas', 'sklearn', 'lightgbm', 'mlflow', 'feast', 'bentoml', 'implicit', 'scipy'}; "
        "sys.exit(', '.join(heavy & set(sys.modules)) or None)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
