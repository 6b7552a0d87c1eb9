"""Everybody can use the widget: by keyboard, by screen reader, enlarged, with dark colours, without motion."""

import gzip
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from serving.widget.routes import load_script

from .conftest import PHONE, NewPage
from .site import Site

pytestmark = pytest.mark.browser

DESK = {"width": 1280, "height": 900}
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
STATES = {
    "well": "h3",
    "long": "h3",
    "empty": ".note",
    "broken": ".note button",
    "slow": ".bone",
    "overloaded": ".note",
}


def host(page: Page, attributes: str = 'token="t"', language: str = "de", **more: str) -> None:
    query = "&".join(f"{name}={value}" for name, value in more.items())
    page.goto(f"/host?page={language}&attributes={attributes}&{query}")


def violations(page: Page) -> list[tuple[str, Any]]:
    found = Axe().run(page, options={"runOnly": WCAG, "resultTypes": ["violations"]}).response
    assert len(found["passes"]) > 10, "axe has looked at something"
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_axe_finds_nothing(
    new_page: NewPage, site: Site, state: str, language: str, theme: str, viewport: dict[str, int]
) -> None:
    site.mood = state
    page = new_page(viewport=viewport, reduced_motion="reduce", bypass_csp=True)  # axe is a script of its own
    host(page, f'token="t" theme="{theme}"', language, look=theme)
    expect(page.locator(STATES[state]).first).to_be_visible()
    assert violations(page) == []


def test_axe_would_find_something(new_page: NewPage) -> None:
    page = new_page(bypass_csp=True)
    host(page, 'token="t" style="--busflow-muted:%23ddd"')
    expect(page.get_by_role("heading", level=3).first).to_be_visible()
    page.locator("busflow-tours").evaluate("(node) => node.style.setProperty('--busflow-muted', '#ddd')")
    assert [name for name, _ in violations(page)] == ["color-contrast"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_auto_follows_the_device_and_the_default_does_not(new_page: NewPage, scheme: str) -> None:
    page = new_page(color_scheme=scheme)
    host(page, 'token="t" theme="auto"')
    card = page.locator("li").first
    expect(page.get_by_role("heading", level=3).first).to_be_visible()
    paper = "(node) => getComputedStyle(node).backgroundColor"
    dark = "rgb(26, 35, 38)"
    assert (card.evaluate(paper) == dark) == (scheme == "dark")
    page.locator("busflow-tours").evaluate("(node) => node.removeAttribute('theme')")
    assert card.evaluate(paper) == "rgb(255, 255, 255)"


def test_the_keyboard_walks_through_the_offers_in_their_order(new_page: NewPage) -> None:
    page = new_page()
    host(page)
    expect(page.get_by_role("heading", level=3)).to_have_count(3)
    walked = []
    for _ in range(3):
        page.keyboard.press("Tab")
        walked.append(page.evaluate("document.activeElement.shadowRoot.activeElement.ariaLabel"))
    assert [one.split(":")[1][:6].strip() for one in walked] == ["Nords", "Boden", "Adven"]
    outline = page.evaluate("getComputedStyle(document.activeElement.shadowRoot.activeElement).outlineWidth")
    assert outline == "3px"
    page.evaluate(
        "document.addEventListener('busflow:select', (event) => { window.chosen = event.detail.tour_id; })"
    )
    for key in ("Space", "Enter"):
        page.evaluate("window.chosen = null")
        page.keyboard.press(key)
        assert page.evaluate("window.chosen") == "advent-2026"
    page.keyboard.press("Shift+Tab")
    assert "Bodensee" in page.evaluate("document.activeElement.shadowRoot.activeElement.ariaLabel")


def test_what_a_screen_reader_says(new_page: NewPage) -> None:
    page = new_page()
    host(page, language="en")
    expect(page.get_by_role("heading", level=3)).to_have_count(3)
    said = page.locator("main").aria_snapshot()
    assert said.startswith("""- main:
  - heading "Reisen" [level=1]
  - heading "Für Sie" [level=2]
  - status: 3 suggested tours
  - list "Suggested tours":
    - listitem:
      - heading "North Sea – the island of Föhr" [level=3]
      - paragraph: Sat, 8 May 2027 · 5 nights
      - paragraph: You went to the North Sea six times in May, most recently in 2025.
      - paragraph: from €649
      - paragraph: Only 3 seats left
      - 'button "View tour: North Sea – the island of Föhr"': View tour
    - listitem:
      - heading "Lake Constance and Mainau" [level=3]
""")


def test_what_a_screen_reader_says_while_it_loads_and_when_it_failed(new_page: NewPage, site: Site) -> None:
    site.mood = "slow"
    page = new_page()
    host(page)
    status = page.get_by_role("status")
    expect(status).to_have_text("Reisevorschläge werden geladen")
    assert page.get_by_role("listitem").count() == 0, "bones are nothing to read"
    site.mood = "well"
    expect(status).to_have_text("3 Reisevorschläge")
    assert page.locator("busflow-tours .box").get_attribute("lang") == "de-DE"


def test_the_level_of_headings_fits_the_page(new_page: NewPage) -> None:
    page = new_page()
    host(page, 'token="t" heading="2"')
    expect(page.get_by_role("heading", level=2)).to_have_count(4)  # one of them the page's own


@pytest.mark.parametrize("state", ["long", "empty", "broken", "overloaded"])
def test_at_320_pixels_and_twice_the_letters_all_can_be_read(
    new_page: NewPage, site: Site, state: str
) -> None:
    site.mood = state
    page = new_page(viewport={"width": 320, "height": 600})
    host(page)
    expect(page.locator(STATES[state]).first).to_be_visible()
    for size in ("100%", "200%"):
        page.evaluate(f"document.documentElement.style.fontSize = '{size}'")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        cut = page.locator("busflow-tours").evaluate("""(node) => [
                ...node.shadowRoot.querySelectorAll("li *, .note *")
            ].filter((one) => !one.closest("svg") && one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0)
            .map((one) => one.outerHTML)""")
        assert cut == []


def test_letters_set_wider_are_not_cut(new_page: NewPage, site: Site) -> None:
    """WCAG 1.4.12: line height 1.5, paragraphs 2, letters 0.12, words 0.16."""
    site.mood = "long"
    page = new_page(viewport=PHONE)
    host(page)
    expect(page.get_by_role("heading", level=3).first).to_be_visible()
    page.locator("busflow-tours").evaluate(
        "(node) => Object.assign(node.style, { lineHeight: 1.5, letterSpacing: '.12em', wordSpacing: '.16em' })"
    )
    lowest, button = page.locator("li").first.bounding_box(), page.locator(".button").first.bounding_box()
    assert lowest is not None
    assert button is not None
    assert button["y"] + button["height"] <= lowest["y"] + lowest["height"]


@pytest.mark.parametrize(("motion", "moves"), [("reduce", False), ("no-preference", True)])
def test_nothing_moves_for_those_who_ask_for_rest(
    new_page: NewPage, site: Site, motion: str, moves: bool
) -> None:
    site.mood = "slow"
    page = new_page(reduced_motion=motion)
    host(page)
    expect(page.locator(".bone").first).to_be_visible()
    assert (
        page.evaluate("document.querySelector('busflow-tours').shadowRoot.getAnimations().length > 0")
        is moves
    )


def test_targets_are_large_enough_for_a_thumb(new_page: NewPage) -> None:
    page = new_page(viewport=PHONE)
    host(page)
    expect(page.get_by_role("heading", level=3).first).to_be_visible()
    for button in page.locator(".button").all():
        box = button.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44


def test_the_whole_widget_is_one_small_script() -> None:
    script = load_script()
    assert gzip.decompress(script.zipped) == script.plain
    assert len(script.zipped) < 15_000
    assert b"import " not in script.plain


@pytest.mark.parametrize("language", ["Deutsch", "English"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_axe_finds_nothing_on_the_demo_page(
    new_page: NewPage, language: str, viewport: dict[str, int]
) -> None:
    page = new_page(viewport=viewport, reduced_motion="reduce", bypass_csp=True)
    page.goto("/widget/demo#token=t&customer=c-anna")
    page.get_by_role("button", name=language).click()
    expect(page.get_by_role("heading", level=3, name="Lübeck")).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
