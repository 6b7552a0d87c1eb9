"""The lists: who is slipping away, and the groups."""

import pytest
from playwright.sync_api import Page, expect

from .conftest import NewPage
from .site import Site

pytestmark = pytest.mark.browser


def test_the_slipping_away_by_expected_loss(crm: Page, site: Site) -> None:
    crm.goto("/crm")
    part = crm.get_by_role("region", name="Wen wir diese Woche verlieren könnten")
    expect(part).to_contain_text("Risiko mal Umsatz, den wir in 365 Tagen erwarten")
    names = part.locator("tbody th a").all_inner_texts()
    assert names[:2] == ["Kerstin Petersen", "Clara Lüders"]
    row = part.get_by_role("row").filter(has_text="Kerstin")
    for text in (
        "hoch",
        "72\xa0%",
        "546,60\xa0€",
        "in diesem Jahr nicht",
        "14.12.2025 bis 28.02.2026",
        "18.01.2025",
    ):
        expect(row).to_contain_text(text)
    expect(row).to_contain_text("+49 40 5551")
    expect(row).not_to_contain_text("Keine Werbung")
    expect(part.get_by_role("row").filter(has_text="Clara")).to_contain_text("Keine Werbung erlaubt")
    row.get_by_role("link").click()
    expect(crm.get_by_role("heading", level=1, name="Kerstin Petersen")).to_be_visible()


def test_without_a_value_model_the_loss_is_of_the_revenue_so_far_and_says_so(crm: Page, site: Site) -> None:
    site.desk.has_value = False
    crm.goto("/crm")
    expect(crm.get_by_role("main")).to_contain_text(
        "Risiko mal bisherigem Umsatz, solange kein Wertmodell läuft"
    )
    crm.goto("/crm?lang=en")
    expect(crm.get_by_role("main")).to_contain_text("churn risk times revenue so far")


def test_without_a_churn_model_nobody_is_named(crm: Page, site: Site) -> None:
    site.desk.has_model = False
    crm.goto("/crm")
    expect(crm.get_by_role("main")).to_contain_text("noch kein Modell in Betrieb")


def test_the_search_does_not_wait_for_the_list(crm: Page) -> None:
    crm.route("**/crm/slipping", lambda route: None)  # never answers
    crm.goto("/crm", wait_until="domcontentloaded")
    crm.keyboard.type("hansen")
    crm.keyboard.press("Enter")
    expect(crm.get_by_role("heading", level=1, name="Bernd Hansen")).to_be_visible()


def test_the_list_comes_without_scripts_too(new_page: NewPage) -> None:
    page = new_page(signed_in=True, java_script_enabled=False)
    page.goto("/crm")
    page.get_by_role("link", name="Liste zeigen").click()
    expect(page.get_by_role("heading", level=1, name="Wen wir diese Woche verlieren könnten")).to_be_visible()
    expect(page.get_by_role("row")).to_have_count(4)


def test_the_groups_with_sizes_and_what_moved(crm: Page) -> None:
    crm.goto("/crm")
    crm.get_by_role("navigation", name="Seiten").get_by_role("link", name="Gruppen").click()
    rows = crm.get_by_role("region", name="Gruppen von Gästen").get_by_role("row")
    for text in ("Paare", "Stand 01.06.2026", "Regel", "70", "+4", "−1"):
        expect(rows.nth(1)).to_contain_text(text)
    expect(rows.nth(4)).to_contain_text("noch nie aufgefrischt")
    expect(crm.locator("[aria-current=page]")).to_have_text("Gruppen")


def test_the_groups_overlap(crm: Page) -> None:
    crm.goto("/crm/segments?lang=en")
    table = crm.get_by_role("region", name="How groups overlap").get_by_role("table")
    told = [row.get_by_role("cell").all_inner_texts() for row in table.get_by_role("row").all()[1:]]
    shares = [[cell.split()[0] for cell in row] for row in told]
    assert shares == [
        ["–", "29%", "7%"],
        ["50%", "–", "–"],
        ["50%", "–", "–"],
    ]  # 20 of 70, 5 of 70, 20 of 40, 5 of 10
    expect(table.get_by_role("columnheader")).to_have_text(
        ["Couples", "Early bookers", "Friends of the North Sea"]
    )


def test_a_group_page_by_page(crm: Page) -> None:
    crm.goto("/crm/segments")
    crm.get_by_role("link", name="Paare").click()
    expect(crm.locator(".hero")).to_contain_text("70 Gäste")
    expect(crm.get_by_role("main")).to_contain_text("Wer dazugehört: Plätze je Buchung: genau 2.")
    expect(crm.locator("tbody tr")).to_have_count(50)
    crm.get_by_role("link", name="Weiter").click()
    expect(crm.locator("tbody tr")).to_have_count(20)
    expect(crm.locator(".pager")).to_contain_text("Seite 2 von 2")
    expect(crm.get_by_role("link", name="Weiter")).to_have_count(0)
    crm.get_by_role("link", name="Zurück").click()
    crm.get_by_role("link", name="Anna Petersen").click()
    expect(crm.get_by_role("heading", level=1, name="Anna Petersen")).to_be_visible()


def test_a_group_of_nobody_and_one_nobody_defined(crm: Page) -> None:
    crm.goto("/crm/segments/fresh?lang=en")
    expect(crm.get_by_role("main")).to_contain_text("Nobody is in this group.")
    answer = crm.goto("/crm/segments/made-up")
    assert answer is not None
    assert answer.status == 404
    expect(crm.get_by_role("heading", name="We do not know this group")).to_be_visible()


def test_no_groups_yet(crm: Page, site: Site) -> None:
    site.desk.has_segments = False
    crm.goto("/crm/segments")
    expect(crm.get_by_role("main")).to_contain_text("Noch keine Gruppen")


def test_search_works_from_a_list(new_page: NewPage) -> None:
    page = new_page(signed_in=True)
    page.goto("/crm/segments")
    page.keyboard.press("/")
    page.keyboard.type("hansen")
    expect(page.locator(".hit")).to_contain_text("Bernd Hansen")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Bernd Hansen")).to_be_visible()
