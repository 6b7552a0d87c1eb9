"""The committed pages are what the definitions say, and nobody typed them."""

from dataclasses import replace
from pathlib import Path

import pytest

from feature_repo.definitions import COUNT, DAYS, SHARE, TEXT, Feature
from feature_repo.documenting.pages import INDEX, pages, source_tables, valid_range
from feature_repo.groups import BOOKING, GROUPS, PROFILE
from feature_repo.services import SERVICES

DOCS = Path(__file__).parents[2] / "docs" / "features"
SERVED = {name: service.names for name, service in SERVICES.items()}
NAMES = [feature.name for group in GROUPS for feature in group.features]


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    return pages(GROUPS, SERVED)


def test_the_committed_pages_are_those_of_the_definitions(written: dict[str, str]):
    """Red: run `make docs`."""
    assert {path.name: path.read_text() for path in DOCS.glob("*.md")} == written


def test_every_feature_is_drawn_and_nothing_else():
    assert {path.stem for path in (DOCS / "plots").glob("*.svg")} == set(NAMES)
    assert all(path.read_text().startswith("<svg") for path in (DOCS / "plots").glob("*.svg"))
    assert sum(path.stat().st_size for path in DOCS.rglob("*")) < 3_000_000


def test_every_link_leads_somewhere(written: dict[str, str]):
    for name in NAMES:
        assert written[INDEX].count(f"#{name})") == 1
    for group in GROUPS:
        headings = [line[3:] for line in written[f"{group.name}.md"].splitlines() if line.startswith("## ")]
        assert headings == [feature.name for feature in group.features]


def test_a_page_tells_what_the_definition_says():
    updates = next(one for one in PROFILE.features if one.name == "profile_updates")
    told = replace(updates, unit=COUNT, meaning="told of a|b", null="never asked")
    group, served = replace(PROFILE, features=(told,)), {"churn_v9": ["profile_updates"]}
    page = pages([group], served)["customer_profile.md"].split("## ")[1]
    assert page.splitlines()[2] == "Told of a|b."
    assert "| Valid | 0 or more |" in page
    assert "| Missing | never asked |" in page
    assert "| Used by | `churn_v9` |" in page
    assert "told of a\\|b (count)" in pages([group], served)[INDEX]


def test_sources_are_read_from_the_expression():
    assert source_tables(PROFILE) == ("consents", "identities", "profiles")
    assert {"bookings", "cancellations", "identities"} <= set(source_tables(BOOKING))
    assert "messages" not in source_tables(BOOKING)


def test_what_moves_with_time_says_so(written: dict[str, str]):
    page = written["customer_booking.md"]
    moving, staying = (
        page.split(f"## {name}\n")[1].split("## ")[0] for name in ("revenue_365d", "lifetime_revenue")
    )
    assert "moves while nothing happens" in moving
    assert "stays until something happens" in staying


@pytest.mark.parametrize(
    ("feature", "said"),
    [
        (Feature("a", "float64", SHARE, "a share"), "0 to 1"),
        (Feature("a", "float64", DAYS, "days"), "0 or more"),
        (Feature("a", "float64", replace(DAYS, low=None, high=9.0), "days"), "9 or less"),
        (Feature("a", "float64", replace(DAYS, low=None), "days"), ""),
        (Feature("a", "string", TEXT, "a text"), ""),
    ],
)
def test_valid_ranges_are_those_of_the_unit(feature: Feature, said: str):
    assert valid_range(feature) == said
