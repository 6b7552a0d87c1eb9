"""The notebooks are read by people and run by machines: each executes from start to end and finds what it says."""

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
NAMES = (
    "01_features.ipynb",
    "02_why_this_customer.ipynb",
    "03_comparing_challengers.ipynb",
    "04_adding_a_rung.ipynb",
)


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

    assert 0 < found["customers"] <= 250
    assert found["earlier_rows_unchanged"]
    assert found["cancellations"] == [0, 1]  # not yet known, known
    assert found["served_as_trained"]
    assert not found["left"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_why_this_customer(tmp_path: Path) -> None:
    found = execute("02_why_this_customer.ipynb", tmp_path, ("sentences",))

    assert found["sentences"] >= 1
    assert not found["left"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_comparing_challengers(tmp_path: Path) -> None:
    results = ("first_champion", "refusal", "forced", "back", "champion", "deterministic")
    found = execute("03_comparing_challengers.ipynb", tmp_path, results)

    assert found["first_champion"] == found["back"] == found["champion"] == "1"
    assert "stays out" in found["refusal"]
    assert found["forced"] == "3"
    assert found["deterministic"]
    assert not found["left"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_adding_a_rung(tmp_path: Path) -> None:
    found = execute("04_adding_a_rung.ipynb", tmp_path, ("means", "unchanged"))

    assert found["means"]["again"] > found["means"]["season_popularity"]
    assert found["unchanged"]
    assert not found["left"]
    assert list(tmp_path.iterdir()) == []
