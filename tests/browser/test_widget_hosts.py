"""The widget on an operator's site: strict policies, another origin, tokens that expire, a service that is busy."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .conftest import PHONE, NewPage
from .site import Site

pytestmark = pytest.mark.browser

DESK = {"width": 1280, "height": 900}
SHIFTS = """
    window.shifts = [];
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.shifts.push(entry.value);
    }).observe({ type: "layout-shift", buffered: true });
"""
HEAR = """
    window.heard = [];
    for (const name of ["load", "error", "shown", "select"])
        document.addEventListener(`busflow:${name}`, ({ detail }) => window.heard.push([name, detail]));
"""


@pytest.fixture
def page(new_page: NewPage) -> Page:
    page = new_page()
    page.add_init_script(HEAR)
    return page


def host(page: Page, attributes: str = 'token="t"', language: str = "de", **more: str) -> None:
    query = "&".join(f"{name}={value}" for name, value in more.items())
    page.goto(f"/host?page={language}&attributes={attributes}&{query}")


def heard(page: Page, name: str) -> list[dict[str, Any]]:
    return [detail for told, detail in page.evaluate("window.heard") if told == name]


def stop_the_clock(page: Page) -> None:
    """Time in the page goes on by `page.clock.run_for` only."""
    page.clock.install(time=0)
    page.clock.pause_at(1_000)


def cards(page: Page) -> Any:
    return page.get_by_role("heading", level=3)


# A strict site on another origin


def test_the_widget_works_from_another_origin_under_a_strict_policy(page: Page, site: Site) -> None:
    elsewhere = site.address.replace("127.0.0.1", "localhost")
    page.goto(f"{elsewhere}/host?origin={site.address}")
    expect(cards(page)).to_have_count(3)
    page.get_by_role("button", name="Zur Reise: Nordsee").click()
    page.wait_for_timeout(800)
    assert "clicked" in [one["kind"] for one in site.feedback]


def test_nothing_is_stored_in_the_browser(page: Page) -> None:
    host(page, 'token="t" customer="c-anna"')
    expect(cards(page)).to_have_count(3)
    page.get_by_role("button", name="Zur Reise: Nordsee").click()
    page.wait_for_timeout(1_300)
    kept = (
        "[document.cookie, localStorage.length, sessionStorage.length, (await indexedDB.databases()).length]"
    )
    assert page.evaluate(f"(async () => {kept})()") == ["", 0, 0, 0]
    assert page.context.cookies() == []


def test_several_widgets_live_on_one_page(page: Page, site: Site) -> None:
    host(page, widgets="2")
    expect(cards(page)).to_have_count(6)
    second = page.locator("busflow-tours").nth(1)
    second.evaluate("(node) => node.setAttribute('lang', 'en')")
    expect(second.get_by_role("list", name="Suggested tours")).to_be_visible()
    expect(page.get_by_role("list", name="Reisevorschläge")).to_have_count(1)
    assert len(site.asked) == 3


def test_a_widget_taken_out_and_put_back_asks_again(page: Page, site: Site) -> None:
    host(page)
    expect(cards(page)).to_have_count(3)
    page.evaluate("window.tours = document.querySelector('busflow-tours'); tours.remove()")
    page.wait_for_timeout(1_200)
    assert site.feedback == []
    page.evaluate("document.querySelector('main').prepend(window.tours)")
    expect(cards(page)).to_have_count(3)
    assert len(site.asked) == 2


# Nothing jumps


@pytest.mark.parametrize("mood", ["well", "long", "empty", "broken", "busy", "overloaded"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_not_one_pixel_jumps_from_the_first_paint_on(
    new_page: NewPage, site: Site, mood: str, viewport: dict[str, int]
) -> None:
    site.mood = mood
    page = new_page(viewport=viewport)
    page.add_init_script(SHIFTS)
    script = page.expect_response("**/widget.js")
    page.route(
        "**/widget.js", lambda route: (page.wait_for_timeout(250), route.continue_())
    )  # painted before
    with script:
        host(page)
    expect(page.locator(".wrap")).to_have_attribute("aria-busy", "false")
    page.wait_for_timeout(400)
    assert page.evaluate("window.shifts") == []


def test_the_meter_of_jumps_would_notice_one(new_page: NewPage) -> None:
    page = new_page(viewport=DESK)
    page.add_init_script(SHIFTS)
    host(page)
    expect(cards(page)).to_have_count(3)
    page.evaluate("document.querySelector('h1').style.marginTop = '200px'")
    page.wait_for_timeout(400)
    assert page.evaluate("window.shifts.length") == 1


# Looks


@pytest.mark.parametrize(
    ("variable", "value", "where", "looks", "computed"),
    [
        ("accent", "rgb(90, 0, 90)", ".button", "backgroundColor", "rgb(90, 0, 90)"),
        ("on-accent", "rgb(1, 2, 3)", ".button", "color", "rgb(1, 2, 3)"),
        ("text", "rgb(1, 2, 3)", ".title", "color", "rgb(1, 2, 3)"),
        ("muted", "rgb(1, 2, 3)", ".when", "color", "rgb(1, 2, 3)"),
        ("surface", "rgb(1, 2, 3)", "li", "backgroundColor", "rgb(1, 2, 3)"),
        ("border", "rgb(1, 2, 3)", "li", "borderTopColor", "rgb(1, 2, 3)"),
        ("alert", "rgb(1, 2, 3)", ".few", "color", "rgb(1, 2, 3)"),
        ("radius", "3px", "li", "borderTopLeftRadius", "3px"),
        ("gap", "40px", "ul", "columnGap", "40px"),
        ("font", "monospace", ".title", "fontFamily", "monospace"),
        ("card-height", "600px", "li", "height", "600px"),
    ],
)
def test_the_operator_sets_the_looks(
    page: Page, variable: str, value: str, where: str, looks: str, computed: str
) -> None:
    host(page)
    expect(cards(page)).to_have_count(3)
    seen = f"(node) => getComputedStyle(node).{looks}"
    assert page.locator(where).first.evaluate(seen) != computed
    page.locator("busflow-tours").evaluate(
        f"(node) => node.style.setProperty('--busflow-{variable}', '{value}')"
    )
    page.wait_for_timeout(200)  # a transition
    assert page.locator(where).first.evaluate(seen) == computed


@pytest.mark.parametrize(
    ("columns", "width", "expected"), [("2", 1280, 2), ("1", 1280, 1), ("3", 390, 1), ("", 1280, 3)]
)
def test_columns_are_at_most_as_many_as_set_and_as_fit(
    new_page: NewPage, columns: str, width: int, expected: int
) -> None:
    page = new_page(viewport={"width": width, "height": 900})
    host(page)
    expect(cards(page)).to_have_count(3)
    if columns:
        page.locator("busflow-tours").evaluate(
            f"(node) => node.style.setProperty('--busflow-columns', '{columns}')"
        )
    tops = [card.bounding_box() for card in page.locator("li").all()]
    assert sum(box["y"] == tops[0]["y"] for box in tops if box and tops[0]) == expected


@pytest.mark.parametrize(
    ("lang", "day", "price"),
    [
        ("de-AT", "Sa., 8. Mai 2027", "€ 1.234,50"),
        ("de-CH", "Sa., 8. Mai 2027", "EUR 1'234.50"),
        ("en-US", "Sat, May 8, 2027", "€1,234.50"),
        ("en-", "Sat, 8 May 2027", "€1,234.50"),
        ("fr", "Sa., 8. Mai 2027", "1.234,50 €"),
    ],
)
def test_dates_and_prices_are_written_as_in_the_country(page: Page, lang: str, day: str, price: str) -> None:
    host(page, f'token="t" lang="{lang}"')
    card = page.get_by_role("listitem").nth(1)
    expect(card).to_contain_text(day)
    spoken = (card.locator(".price").text_content() or "").replace("\xa0", " ").replace("’", "'")
    assert price in spoken


# A busy service, and tokens


def test_a_busy_service_is_asked_again_when_it_said_so(page: Page, site: Site) -> None:
    site.mood = "busy"
    host(page)
    expect(page.locator(".wrap")).to_have_attribute("aria-busy", "true")
    expect(cards(page)).to_have_count(3)
    first, second = site.asked_at
    assert second - first >= 0.95, "not before the second is over"


def test_one_that_wants_rest_for_long_gets_it(page: Page, site: Site) -> None:
    page.clock.install()
    site.mood = "overloaded"
    host(page)
    retry = page.get_by_role("button", name="Noch einmal versuchen")
    expect(retry).to_have_attribute("aria-disabled", "true")
    expect(page.get_by_role("status")).to_contain_text("Bitte warten Sie 90 Sekunden.")
    retry.click(force=True)
    assert len(site.asked) == 1
    site.mood = "well"
    page.clock.run_for(90_000)
    expect(retry).not_to_have_attribute("aria-disabled", "true")
    retry.click()
    expect(cards(page)).to_have_count(3)
    assert heard(page, "error") == [{"status": 429, "retry_after": 90}]


def test_an_expired_token_is_renewed_once_by_the_provider(page: Page, site: Site) -> None:
    site.mood = "expired"
    page.add_init_script("""
        window.renewals = 0;
        document.addEventListener("DOMContentLoaded", () => {
            document.querySelector("busflow-tours").tokenProvider = async () => (window.renewals++, "fresh");
        }, { capture: true });""")
    host(page)
    expect(cards(page)).to_have_count(3)
    assert [one["bearer"] for one in site.asked] == ["Bearer t", "Bearer fresh"]
    assert page.evaluate("window.renewals") == 1
    assert page.locator("busflow-tours").get_attribute("token") == "t", (
        "the new one is not written into the page"
    )


def test_a_provider_set_before_the_script_came_is_kept(page: Page, site: Site) -> None:
    page.route("**/widget.js", lambda route: (page.wait_for_timeout(300), route.continue_()))
    page.add_init_script("""
        new MutationObserver((_, watcher) => {
            const tours = document.querySelector("busflow-tours");
            if (tours) { tours.tokenProvider = async () => "early"; watcher.disconnect(); }
        }).observe(document, { childList: true, subtree: true });""")
    host(page, 'n="3"')
    expect(cards(page)).to_have_count(3)
    assert [one["bearer"] for one in site.asked] == ["Bearer early"]


def test_the_page_can_answer_the_call_for_a_token(page: Page, site: Site) -> None:
    site.mood = "expired"
    page.add_init_script("""
        document.addEventListener("busflow:token", ({ detail }) => detail.provide(Promise.resolve("fresh")));""")
    host(page)
    expect(cards(page)).to_have_count(3)


def test_a_token_that_stays_refused_is_told_and_not_asked_for_without_end(page: Page, site: Site) -> None:
    site.mood = "expired"
    page.add_init_script("document.addEventListener('busflow:token', (e) => e.detail.provide('stale'))")
    host(page)
    expect(page.locator(".note")).to_be_visible()
    assert len(site.asked) == 2
    assert [one["status"] for one in heard(page, "error")] == [401]


def test_a_silent_service_is_given_up_after_five_seconds(page: Page, site: Site) -> None:
    stop_the_clock(page)
    site.mood = "slow"
    host(page)
    expect(page.locator(".wrap")).to_have_attribute("aria-busy", "true")
    page.clock.run_for(4_900)
    expect(page.locator(".wrap")).to_have_attribute("aria-busy", "true")
    page.clock.run_for(200)
    expect(page.get_by_role("button", name="Noch einmal versuchen")).to_be_visible()
    assert [one["status"] for one in heard(page, "error")] == [0]


# What was shown and clicked


def test_shown_is_what_was_looked_at_for_a_second(page: Page, site: Site) -> None:
    stop_the_clock(page)
    host(page)
    expect(cards(page)).to_have_count(3)
    page.wait_for_timeout(300)  # for the observer, which no clock moves
    page.clock.run_for(900)
    page.wait_for_timeout(200)
    assert site.feedback == []
    page.clock.run_for(200)
    page.wait_for_timeout(300)
    assert sorted((one["kind"], one["position"]) for one in site.feedback) == [
        ("shown", n) for n in (1, 2, 3)
    ]
    assert sorted(one["position"] for one in heard(page, "shown")) == [1, 2, 3]


def test_scrolled_past_is_not_shown(new_page: NewPage, site: Site) -> None:
    page = new_page(viewport=PHONE)
    host(page)
    expect(cards(page)).to_have_count(3)
    for card in (1, 2):
        page.get_by_role("listitem").nth(card).scroll_into_view_if_needed()
        page.wait_for_timeout(150)
    page.wait_for_timeout(1_500)
    assert 1 not in [one["position"] for one in site.feedback]
    assert 3 in [one["position"] for one in site.feedback]


@pytest.mark.parametrize("hidden", ["visibility: hidden", "opacity: 0", "display: none"])
def test_what_cannot_be_seen_is_not_shown(page: Page, site: Site, hidden: str) -> None:
    host(page)
    name, value = hidden.split(": ")
    page.evaluate(f"document.querySelector('main').style.setProperty('{name}', '{value}')")
    page.wait_for_timeout(1_600)
    assert site.feedback == []
    page.evaluate(f"document.querySelector('main').style.removeProperty('{name}')")
    page.wait_for_timeout(2_400)
    assert len(site.feedback) == 3


def test_a_click_is_told_although_the_page_is_left(page: Page, site: Site) -> None:
    elsewhere = site.address.replace(
        "127.0.0.1", "localhost"
    )  # so that the browser first asks whether it may
    attributes = 'token="t" link="/crm/static/icon.svg?{tour_id}"'
    page.goto(f"{elsewhere}/host?origin={site.address}&attributes={attributes}")
    page.get_by_role("link", name="Zur Reise: Nordsee").click()
    page.wait_for_url("**/icon.svg?nordsee-2027")
    clicked = {"kind": "clicked", "tour_id": "nordsee-2027", "position": 1, "recommendation_id": "r-1"}
    for _ in range(40):  # mostly it is told only after the page was left
        if clicked in site.feedback:
            break
        page.wait_for_timeout(100)
    assert clicked in site.feedback


def test_the_page_hears_what_was_loaded(page: Page, site: Site) -> None:
    host(page)
    expect(cards(page)).to_have_count(3)
    assert heard(page, "load") == [{"recommendation_id": "r-1", "basis": "hybrid", "tours": 3}]
    site.mood = "empty"
    page.evaluate("document.querySelector('busflow-tours').reload()")
    expect(page.locator(".note")).to_be_visible()
    assert [one["tours"] for one in heard(page, "load")] == [3, 0]
