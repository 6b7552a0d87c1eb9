"""The page on segments tells what the code reads: every form has an example that works, every mistake is told."""

from pathlib import Path

import pytest

from feature_repo.documenting.segments_page import (
    FORMS,
    MISTAKES,
    PAGE,
    grammar,
    problem_of,
    segments_page,
)
from feature_repo.segments.rules import read_rule
from feature_repo.segments.starters import STARTERS
from feature_repo.segments.tokens import KEYWORDS
from feature_repo.segments.vocabulary import VOCABULARY

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def page() -> str:
    return segments_page()


def test_the_committed_page_is_that_of_the_code(page: str):
    """Red: run `make docs`."""
    assert (DOCS / PAGE).read_text() == page


def test_all_that_rules_know_is_written_down():
    told = " ".join(form.written + form.example for form in FORMS)
    grammatical = {"with", "of", "the"}
    assert {word for word in KEYWORDS if word not in told} <= grammatical
    assert all(
        f'"{word}"' in " ".join(grammar()) for word in ("and", "or", "not", "among", "trips", "percentile")
    )


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.example)
def test_every_example_can_be_read(form):
    assert read_rule(form.example).names


@pytest.mark.parametrize("rule", MISTAKES)
def test_every_mistake_is_told_with_its_place(rule: str):
    assert problem_of(rule).startswith("column ")


def test_a_rule_without_a_mistake_is_no_example_of_one():
    with pytest.raises(ValueError, match="nothing wrong"):
        problem_of("total_bookings >= 3")


def test_every_name_and_starter_has_its_row(page: str):
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    for name in VOCABULARY:
        assert sum(row.startswith(f"| `{name}` |") for row in rows) == 1
    for starter in STARTERS:
        assert any(f"(`{starter.segment_id}`)" in row for row in rows)


def test_tables_are_whole(page: str):
    """A rule with a bar in it must not break its row."""
    widths = {line.replace("\\|", "").count("|") for line in page.splitlines() if line.startswith("| ")}
    assert widths <= {4, 3, 5, 7}
