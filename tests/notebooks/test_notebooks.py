"""The notebooks are read by people and run by machines: each executes from start to end and finds what it says."""

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
NAMES = ("01_features.ipynb", "02_retraining.ipynb")


def read(name: str) -> nbformat.NotebookNode:
    return nbformat.read(NOTEBOOKS / name, as_version=4)


def execute(name: str, folder: Path, results: tuple[str, ...]) -> dict[str, Any]:
    """Execute a notebook in an empty folder, and return the values of its variables."""
    notebook = read(name)
    asked = ", ".join(f"{result!r}: {result}" for result in results)
    told = f"import json\nprint(json.dumps({{{asked}, 'left': Path(folder.name).exists()}}))"
    notebook.cells.append(nbformat.v4.new_code_cell(told))
    where = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=where).execute()
    answer: dict[str, Any] = json.loads(notebook.cells[-1].outputs[-1]["text"])
    return answer


def test_every_notebook_is_executed_here() -> None:
    assert sorted(path.name for path in NOTEBOOKS.glob("*.ipynb")) == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_notebooks_are_stored_without_outputs(name: str) -> None:
    cells = [cell for cell in read(name).cells if cell.cell_type == "code"]

    assert cells
    assert [cell.outputs for cell in cells] == [[]] * len(cells)
    assert [cell.execution_count for cell in cells] == [None] * len(cells)


@pytest.mark.slow
def test_the_tour_of_the_features(tmp_path: Path) -> None:
    found = execute(
        "01_features.ipynb",
        tmp_path,
        ("customers", "earlier_rows_unchanged", "cancellations", "served_as_trained"),
    )

    assert 0 < found["customers"] <= 400
    assert found["earlier_rows_unchanged"]
    assert found["cancellations"] == [0, 1]  # not yet known, known
    assert found["served_as_trained"]
    assert not found["left"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_retraining(tmp_path: Path) -> None:
    found = execute(
        "02_retraining.ipynb",
        tmp_path,
        ("aucs", "first_champion", "refusal", "forced", "back", "champion", "live"),
    )

    assert found["aucs"]["lightgbm"] > found["aucs"]["recency_rule"]
    assert found["first_champion"] == found["back"] == found["champion"] == "1"
    assert "stays out" in found["refusal"]
    assert found["forced"] == "2"
    assert found["live"] in {"season_popularity", "also_booked", "als", "graph_filter"}
    assert not found["left"]
    assert list(tmp_path.iterdir()) == []
