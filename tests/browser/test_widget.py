"""A visitor of an operator's site meets the widget."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .conftest import PHONE, NewPage
from .site import Site

pytestmark = pytest.mark.browser

SHIFTS = """
    window.shifted = 0;
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.shifted += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
"""


@pytest.fixture
def page(new_page: NewPage) -> Page:
    return new_page()


def host(page: Page, attributes: str = 'token="t"', language: str = "de") -> None:
    page.goto(f"/host?page={language}&attributes={attributes}")


def feedback_of(site: Site, page: Page, count: int) -> list[dict[str, Any]]:
    """Wait until `count` pieces of feedback came in, and a moment longer for any too many."""
    for _ in range(60):
        if len(site.feedback) >= count:
            break
        page.wait_for_timeout(50)
    page.wait_for_timeout(200)
    return site.feedback


def test_cards_in_german(page: Page) -> None:
    host(page)
    cards = page.get_by_role("list", name="Reisevorschläge").get_by_role("listitem")
    expect(cards).to_have_count(3)
    for text in (
        "Nordsee – Inselträume auf Föhr",
        "Sa., 8. Mai 2027 · 5 Nächte",
        "ab 649",
        "sechsmal im Mai",
    ):
        expect(cards.first).to_contain_text(text)
    expect(cards.first).to_contain_text("Nur noch 3 Plätze frei")
    expect(cards.nth(1)).to_contain_text("1.234,50")
    expect(cards.nth(1)).not_to_contain_text("Nur noch")
    expect(cards.nth(2)).to_contain_text("Tagesfahrt")
    expect(page.get_by_role("status")).to_have_text("3 Reisevorschläge")


def test_cards_in_english_by_the_language_of_the_document(page: Page, site: Site) -> None:
    host(page, language="en-GB")
    card = page.get_by_role("list", name="Suggested tours").get_by_role("listitem").first
    for text in ("North Sea", "Sat, 8 May 2027 · 5 nights", "from €649", "Only 3 seats left", "View tour"):
        expect(card).to_contain_text(text)
    assert site.asked[0]["language"] == "en"


def test_the_question_carries_the_attributes_and_a_change_asks_anew(page: Page, site: Site) -> None:
    host(page, 'token="abc" customer="c-anna" n="5" viewed="bodensee-2027, rhein" boarding-point="hh-zob"')
    expect(page.get_by_role("heading", level=3)).to_have_count(3)
    assert site.asked == [
        {
            "customer_id": "c-anna",
            "viewed_tours": ["bodensee-2027", "rhein"],
            "boarding_point": "hh-zob",
            "n": 5,
            "language": "de",
            "bearer": "Bearer abc",
        }
    ]
    with page.expect_response("**/recommend"):
        page.evaluate(
            "() => { const tours = document.querySelector('busflow-tours');"
            "tours.removeAttribute('customer'); tours.lang = 'en'; }"
        )
    expect(page.get_by_role("list", name="Suggested tours")).to_be_visible()
    assert len(site.asked) == 2  # two attributes, one question
    assert "customer_id" not in site.asked[1]


def test_a_click_tells_the_page_and_posts_feedback(page: Page, site: Site) -> None:
    host(page)
    page.evaluate(
        "document.addEventListener('busflow:select', (event) => { window.selected = event.detail; })"
    )
    page.get_by_role("button", name="Zur Reise: Bodensee und Insel Mainau").click()
    assert page.evaluate("window.selected") == {
        "tour_id": "bodensee-2027",
        "departure_id": "bodensee-2027-1",
        "recommendation_id": "r-1",
        "position": 2,
    }
    feedback = feedback_of(site, page, 4)
    clicked = [one for one in feedback if one["kind"] == "clicked"]
    assert clicked == [
        {"recommendation_id": "r-1", "kind": "clicked", "tour_id": "bodensee-2027", "position": 2}
    ]


def test_the_link_leads_to_the_booking_unless_the_page_prevents_it(page: Page) -> None:
    host(page, 'token="t" link="/crm/static/icon.svg?{tour_id}-{departure_id}"')
    link = page.get_by_role("link", name="Zur Reise: Nordsee")
    assert link.get_attribute("href") == "/crm/static/icon.svg?nordsee-2027-nordsee-2027-1"
    page.evaluate(
        "document.addEventListener('busflow:select', (event) => event.preventDefault(), { once: true })"
    )
    link.click()
    assert "/host" in page.url
    link.click()
    page.wait_for_url("**/icon.svg?nordsee-2027-nordsee-2027-1")


def test_a_tour_is_reported_once_and_only_when_seen(new_page: NewPage, site: Site) -> None:
    page = new_page(viewport=PHONE)
    host(page)
    expect(page.get_by_role("heading", level=3)).to_have_count(3)
    at_first = [one["tour_id"] for one in feedback_of(site, page, 1)]
    assert "nordsee-2027" in at_first
    assert "advent-2026" not in at_first  # still below the fold
    for card in (2, 0, 2):
        page.get_by_role("listitem").nth(card).scroll_into_view_if_needed()
        page.wait_for_timeout(150)
    shown = sorted((one["position"], one["kind"]) for one in feedback_of(site, page, 3))
    assert shown == [(1, "shown"), (2, "shown"), (3, "shown")]


def test_failing_feedback_goes_unnoticed(page: Page) -> None:
    page.route("**/feedback", lambda route: route.abort())
    host(page)
    page.get_by_role("button", name="Zur Reise: Nordsee").click()
    expect(page.get_by_role("heading", level=3)).to_have_count(3)


def test_nothing_to_show(page: Page, site: Site) -> None:
    site.mood = "empty"
    host(page)
    expect(page.locator(".note")).to_contain_text("keine Reise frei")
    assert page.get_by_role("button").count() == 0


def test_an_error_can_be_retried_by_keyboard(page: Page, site: Site) -> None:
    site.mood = "broken"
    host(page)
    retry = page.get_by_role("button", name="Noch einmal versuchen")
    expect(retry).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("lassen sich gerade nicht laden")
    site.mood = "well"
    page.keyboard.press("Tab")
    expect(retry).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=3)).to_have_count(3)
    assert page.evaluate("document.activeElement.localName") == "busflow-tours"  # the focus was not lost
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Zur Reise: Nordsee")).to_be_focused()


def test_a_silent_server_is_given_up_on(page: Page, site: Site) -> None:
    site.mood = "slow"
    host(page)
    expect(page.locator(".wrap")).to_have_attribute("aria-busy", "true")
    expect(page.get_by_role("button", name="Noch einmal versuchen")).to_be_visible(timeout=7_000)


@pytest.mark.parametrize("mood", ["well", "empty", "broken"])
@pytest.mark.parametrize("viewport", [PHONE, {"width": 1000, "height": 900}], ids=["phone", "desk"])
def test_nothing_below_jumps(new_page: NewPage, site: Site, mood: str, viewport: dict[str, int]) -> None:
    site.mood = mood
    page = new_page(viewport=viewport)
    page.add_init_script(SHIFTS)
    host(page)
    expect(page.locator(".wrap")).to_have_attribute("aria-busy", "false")
    page.wait_for_timeout(300)
    assert page.evaluate("window.shifted") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_the_skeleton_is_as_tall_as_the_cards(page: Page, site: Site) -> None:
    site.mood = "slow"
    host(page)
    height = "(node) => node.getBoundingClientRect().height"
    expect(page.locator(".wrap")).to_have_attribute("aria-busy", "true")
    loading = page.locator("busflow-tours").evaluate(height)
    site.mood = "well"
    expect(page.get_by_role("heading", level=3)).to_have_count(3)
    assert page.locator("busflow-tours").evaluate(height) == pytest.approx(loading, abs=2)


def test_markup_from_the_server_stays_text(page: Page) -> None:
    def poison(route: Any) -> None:
        reply = route.fetch().json()
        for tour in reply["items"]:
            tour["name"] = tour["reason"]["text"] = '<img src=x onerror="window.hacked=1">'
        route.fulfill(body=json.dumps(reply), content_type="application/json")

    page.route("**/recommend", poison)
    host(page)
    expect(page.get_by_role("heading", level=3).first).to_have_text('<img src=x onerror="window.hacked=1">')
    assert page.evaluate("window.hacked") is None


def test_an_undated_item_without_a_price(page: Page) -> None:
    unknown = dict.fromkeys(
        ("departure_id", "departs_on", "nights", "price", "currency", "seats_left", "region")
    )

    def strip(route: Any) -> None:
        reply = route.fetch().json()
        reply["items"] = [{**tour, **unknown} for tour in reply["items"]]
        route.fulfill(body=json.dumps(reply), content_type="application/json")

    page.route("**/recommend", strip)
    host(page)
    card = page.get_by_role("listitem").first
    expect(card).to_contain_text("Nordsee – Inselträume auf Föhr")
    expect(card).not_to_contain_text("ab ")
    expect(card).not_to_contain_text("null")


def test_the_operator_sets_the_colours(page: Page) -> None:
    host(page)
    button = page.get_by_role("button", name="Zur Reise: Nordsee")
    colour = "(node) => getComputedStyle(node).backgroundColor"
    assert button.evaluate(colour) == "rgb(13, 85, 99)"
    page.locator("busflow-tours").evaluate(
        "(node) => node.style.setProperty('--busflow-accent', 'rgb(90, 0, 90)')"
    )
    assert button.evaluate(colour) == "rgb(90, 0, 90)"


def test_the_demo_shows_both_visitors_in_both_languages(page: Page, site: Site) -> None:
    page.goto("/widget/demo#token=t&customer=c-anna")
    expect(page.get_by_role("heading", name="Für Sie ausgesucht")).to_be_visible()
    expect(page.get_by_role("heading", level=3, name="Nordsee")).to_be_visible()
    assert page.evaluate("location.hash") == ""
    page.get_by_role("button", name="Gast", exact=True).click()
    expect(page.get_by_role("button", name="Gast", exact=True)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Chosen for you")).to_be_visible()
    page.get_by_role("button", name="View tour: North Sea").click()
    expect(page.locator("#chosen-tour")).to_contain_text("nordsee-2027")
    assert [one.get("customer_id") for one in site.asked] == ["c-anna", None, None]
    page.reload()  # the token is kept for this tab
    expect(page.get_by_role("heading", level=3, name="Nordsee")).to_be_visible()
