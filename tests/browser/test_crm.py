"""A dispatcher at the CRM screen."""

import pytest
from playwright.sync_api import Page, expect

from .conftest import PHONE, NewPage
from .site import Site
from .story import EXPIRED_TOKEN, GOOD_TOKEN, WIDGET_TOKEN

pytestmark = pytest.mark.browser


def test_the_link_signs_in_and_its_token_leaves_the_address(new_page: NewPage) -> None:
    page = new_page()
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.goto(f"/crm#token={GOOD_TOKEN}")
    expect(page.get_by_role("heading", name="Wer ruft an?")).to_be_visible()
    assert page.evaluate("location.href").endswith("/crm")
    assert page.evaluate("document.cookie") == ""  # no script can read the session
    assert not any(GOOD_TOKEN in address for address in addresses)
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/crm")


def test_a_new_link_works_in_a_page_that_is_already_open(crm: Page) -> None:
    crm.goto("/crm")
    with crm.expect_event("load"):
        crm.evaluate(f"location.hash = 'token={GOOD_TOKEN}'")
    assert "token" not in crm.evaluate("location.href")


def test_an_expired_link_says_so_and_leaves_no_token_behind(new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"/crm#token={EXPIRED_TOKEN}")
    expect(page.get_by_role("alert")).to_contain_text("ungültig oder abgelaufen")
    assert page.evaluate("location.href").endswith("/crm")


def test_a_pasted_key_signs_in_and_a_bad_one_is_named(new_page: NewPage) -> None:
    page = new_page()
    page.goto("/crm/customers/c-anna")
    page.get_by_label("Zugangsschlüssel").fill(EXPIRED_TOKEN)
    page.get_by_role("button", name="Anmelden").click()
    expect(page.get_by_role("alert")).to_contain_text("ungültig oder abgelaufen")
    page.get_by_label("Zugangsschlüssel").fill(WIDGET_TOKEN)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("gilt nicht für den Kundenblick")
    page.get_by_label("Zugangsschlüssel").fill(GOOD_TOKEN)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Anna Petersen")).to_be_visible()


def test_a_pasted_key_signs_in_without_scripts(new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.goto("/crm")
    page.get_by_label("Zugangsschlüssel").fill(GOOD_TOKEN)
    page.get_by_role("button", name="Anmelden").click()
    expect(page.get_by_role("heading", name="Wer ruft an?")).to_be_visible()


def test_an_ended_session_shows_the_sign_in_page(crm: Page, site: Site) -> None:
    crm.goto("/crm")
    crm.context.clear_cookies()
    crm.locator("#q").fill("petersen")
    expect(crm.get_by_role("heading", name="Bitte anmelden")).to_be_visible()


def test_signing_out(crm: Page) -> None:
    crm.goto("/crm")
    crm.get_by_role("button", name="Abmelden").click()
    expect(crm.get_by_role("heading", name="Bitte anmelden")).to_be_visible()
    assert crm.context.cookies() == []


def test_typing_finds_and_the_keyboard_opens(crm: Page) -> None:
    crm.goto("/crm")
    expect(crm.locator("#q")).to_be_focused()
    crm.keyboard.type("petersen")
    expect(crm.locator(".hit")).to_have_count(4)
    expect(crm.get_by_role("status")).to_have_text("4 Treffer")
    for key in ("ArrowDown", "ArrowDown", "ArrowUp"):
        crm.keyboard.press(key)
    expect(crm.locator(".hit").first).to_be_focused()
    crm.keyboard.press("Escape")
    expect(crm.locator("#q")).to_be_focused()
    crm.keyboard.press("Enter")  # several hits: to the first of them
    expect(crm.locator(".hit").first).to_be_focused()
    crm.keyboard.press("Enter")
    expect(crm.get_by_role("heading", level=1, name="Anna Petersen")).to_be_visible()
    crm.go_back()
    expect(crm.locator(".hit")).to_have_count(4)


def test_slash_searches_from_a_profile_and_enter_opens_the_only_hit(crm: Page) -> None:
    crm.goto("/crm/customers/c-anna")
    crm.keyboard.press("/")
    crm.keyboard.type("98765")
    expect(crm.locator(".hit")).to_contain_text("Bernd Hansen")
    crm.keyboard.press("Enter")
    expect(crm.get_by_role("heading", level=1, name="Bernd Hansen")).to_be_visible()


def test_who_types_and_presses_enter_at_once_arrives(crm: Page) -> None:
    crm.goto("/crm/segments")
    crm.keyboard.press("/")
    crm.keyboard.type("hansen")
    crm.keyboard.press("Enter")  # long before the hit is there
    expect(crm.get_by_role("heading", level=1, name="Bernd Hansen")).to_be_visible()


def test_searching_works_without_scripts(new_page: NewPage) -> None:
    page = new_page(signed_in=True, java_script_enabled=False)
    page.goto("/crm")
    page.locator("#q").fill("lüders")
    page.keyboard.press("Enter")
    page.get_by_role("main").get_by_role("link", name="Clara Lüders").click()
    expect(page.get_by_role("heading", level=1, name="Clara Lüders")).to_be_visible()


def test_nobody_found(crm: Page) -> None:
    crm.goto("/crm?q=zeppelin")
    expect(crm.get_by_role("status")).to_have_text("Niemand gefunden für „zeppelin“.")


def test_the_profile_says_how_we_stand_and_what_to_offer(crm: Page) -> None:
    crm.goto("/crm/customers/c-anna")
    expect(crm.get_by_role("img", name="Abwanderungsrisiko: hoch, 72\xa0%")).to_be_visible()
    expect(crm.locator(".gauge-word")).to_have_text("hoch")
    expect(crm.locator(".reasons li")).to_have_count(2)
    expect(crm.locator(".reasons")).to_contain_text("im Januar für den Mai gebucht, in diesem Jahr nicht.")
    expect(crm.locator(".risk")).to_contain_text("Stand 01.06.2026")  # 22:30 UTC is the next day in Hamburg
    offer = crm.locator(".offer").first
    for text in (
        "Nordsee – Inselträume auf Föhr",
        "sechsmal im Mai",
        "649,00\xa0€",
        "08.05.2027",
        "3 Plätze frei",
    ):
        expect(offer).to_contain_text(text)
    expect(crm.locator(".offer").nth(2)).to_contain_text("nur noch 1 Platz")
    for text in (
        "Reist meist im",
        "Mai",
        "12 Monate",
        "2 Personen",
        "am Fenster, vorne",
        "5 Nächte",
        "378\xa0€",
        "Telefon",
    ):
        expect(crm.locator(".habits")).to_contain_text(text)


def test_the_profile_in_english_and_the_language_is_remembered(crm: Page) -> None:
    crm.goto("/crm/customers/c-anna")
    crm.get_by_role("link", name="English").click()
    expect(crm.get_by_role("img", name="Churn risk: high, 72%")).to_be_visible()
    expect(crm.locator(".figures")).to_contain_text("€5,284.50")
    expect(crm.locator(".offer").first).to_contain_text("8 May 2027")
    crm.goto("/crm")
    expect(crm.get_by_role("heading", name="Who is calling?")).to_be_visible()
    assert crm.evaluate("document.documentElement.lang") == "en"


def test_what_is_not_known_is_said(crm: Page) -> None:
    crm.goto("/crm/customers/c-bernd")
    expect(crm.locator(".risk")).to_contain_text("Noch keine Einschätzung")
    expect(crm.locator(".offers")).to_contain_text("Zurzeit gibt es keine Reise")
    expect(crm.locator(".reach")).to_contain_text("Noch zu wenige Nachrichten")
    expect(crm.locator(".reach")).to_contain_text("nie zugestimmt")
    expect(crm.locator(".next-trip")).to_contain_text("Keine Reise gebucht")
    expect(crm.locator(".value")).to_contain_text("Noch zu wenig bekannt")
    expect(crm.locator(".timeline")).to_contain_text("noch nichts eingetragen")


def test_markup_in_a_name_stays_text(crm: Page) -> None:
    for address in ("/crm?q=mallory", "/crm/customers/c-mallory"):
        crm.goto(address)
        expect(crm.get_by_text('<img src=x onerror="window.hacked=1">').first).to_be_visible()
    crm.keyboard.press("/")
    crm.keyboard.type("mallory")
    expect(crm.locator(".hit")).to_contain_text("<script>")
    assert crm.evaluate("window.hacked") is None
    assert crm.locator("img").count() == 0


def test_an_unknown_customer_is_a_page(crm: Page) -> None:
    answer = crm.goto("/crm/customers/nobody")
    assert answer is not None
    assert answer.status == 404
    expect(crm.get_by_role("heading", name="Diese Person kennen wir nicht")).to_be_visible()
    expect(crm.locator("#q")).to_be_focused()


@pytest.mark.parametrize(
    "address",
    [
        "/crm?q=petersen",
        "/crm/customers/c-anna",
        "/crm/customers/c-mallory",
        "/crm/charts/c-anna?page",
        "/crm/segments",
        "/crm/segments/couples",
    ],
)
def test_nothing_sticks_out_on_a_phone(new_page: NewPage, address: str) -> None:
    page = new_page(signed_in=True, viewport=PHONE)
    page.goto(address, wait_until="networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
