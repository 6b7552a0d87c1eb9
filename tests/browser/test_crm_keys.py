"""The screen by keyboard, by day and by night."""

import pytest
from playwright.sync_api import Page, expect

from .conftest import NewPage

pytestmark = pytest.mark.browser

PAPER = "getComputedStyle(document.body).backgroundColor"


def test_single_keys_lead_around(crm: Page) -> None:
    crm.goto("/crm/customers/c-anna")
    crm.keyboard.press("t")
    expect(crm.locator("#timeline")).to_be_focused()
    expect(crm.get_by_role("heading", name="Verlauf")).to_be_in_viewport()
    crm.keyboard.press("g")
    expect(crm.get_by_role("heading", level=1, name="Gruppen von Gästen")).to_be_visible()
    crm.keyboard.press("h")
    expect(crm.get_by_role("heading", name="Wer ruft an?")).to_be_visible()
    expect(crm.locator("#q")).to_be_focused()
    crm.keyboard.type("ghtd?")  # what is typed is typed
    expect(crm.locator("#q")).to_have_value("ghtd?")


def test_the_keys_explain_themselves_and_can_be_switched_off(crm: Page) -> None:
    crm.goto("/crm/customers/c-anna")
    crm.keyboard.press("?")
    dialog = crm.get_by_role("dialog", name="Mit der Tastatur")
    expect(dialog).to_contain_text("zu den Gruppen")
    dialog.get_by_label("Kürzel mit einzelnen Tasten").uncheck()
    crm.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    crm.reload()
    crm.keyboard.press("g")
    crm.wait_for_timeout(300)
    expect(crm.get_by_role("heading", level=1, name="Anna Petersen")).to_be_visible()
    crm.get_by_role("button", name="Tasten").click()
    crm.get_by_label("Kürzel mit einzelnen Tasten").check()
    crm.get_by_role("button", name="Schließen").click()
    crm.keyboard.press("g")
    expect(crm.get_by_role("heading", level=1, name="Gruppen von Gästen")).to_be_visible()


def test_every_shortcut_of_the_help_exists(crm: Page) -> None:
    crm.goto("/crm")
    told = set(crm.locator("#keys dt kbd").all_text_contents())
    source = crm.evaluate(
        "fetch(document.querySelector('script[src*=keys]').src).then((answer) => answer.text())"
    )
    keys = {key for key in told if len(key) == 1 and key not in "↓↑"}
    linked = set(crm.locator("[data-key]").evaluate_all("(links) => links.map((link) => link.dataset.key)"))
    assert keys - linked == {"/", "?", "t", "d", "p"}
    assert all(f'"{key}":' in source or f"\n  {key}:" in source for key in keys - linked)


def test_the_skip_link_is_first_and_skips(crm: Page) -> None:
    crm.goto("/crm/segments")
    crm.keyboard.press("Tab")
    expect(crm.get_by_role("link", name="Zum Inhalt springen")).to_be_focused()
    expect(crm.get_by_role("link", name="Zum Inhalt springen")).to_be_in_viewport()
    crm.keyboard.press("Enter")
    crm.keyboard.press("Tab")
    expect(crm.get_by_role("link", name="Paare")).to_be_focused()


def test_every_stop_of_the_tab_key_is_seen(crm: Page) -> None:
    crm.goto("/crm/customers/c-anna", wait_until="networkidle")
    stops = 0
    for _ in range(60):
        crm.keyboard.press("Tab")
        look = crm.evaluate(
            "() => { const node = document.activeElement; if (node === document.body) return null;"
            "const seen = node.matches('[type=radio]') ? node.nextElementSibling : node;"
            "const style = getComputedStyle(seen); return [node.outerHTML.slice(0, 80), style.outlineStyle]; }"
        )
        if look is None:
            break
        stops += 1
        assert look[1] != "none", look[0]
    assert stops > 15


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_day_and_night_follow_the_device_until_somebody_chooses(new_page: NewPage, scheme: str) -> None:
    page = new_page(signed_in=True, color_scheme=scheme)
    page.goto("/crm")
    by_device = page.evaluate(PAPER)
    page.get_by_role("link", name="Dunkel" if scheme == "light" else "Hell").click()
    chosen = page.evaluate(PAPER)
    assert chosen != by_device
    page.goto("/crm/customers/c-anna")
    assert page.evaluate(PAPER) == chosen  # remembered
    page.locator("h1").click()
    page.keyboard.press("d")
    assert page.evaluate(PAPER) == by_device


def test_the_night_can_be_chosen_without_scripts(new_page: NewPage) -> None:
    page = new_page(signed_in=True, java_script_enabled=False, color_scheme="light")
    page.goto("/crm/customers/c-anna")
    page.get_by_role("link", name="Dunkel").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto("/crm")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("link", name="Hell")).to_be_visible()
