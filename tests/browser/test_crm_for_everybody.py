"""Every page, by day and by night, on a desk and on a phone, against the rules of WCAG 2.1 A and AA; and on paper."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from .conftest import DESK_SCREEN, PHONE, NewPage

pytestmark = pytest.mark.browser

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}}
PAGES = (
    "/crm",
    "/crm?q=petersen",
    "/crm?q=zeppelin",
    "/crm/customers/c-anna",
    "/crm/customers/c-anna?group=trips&from=2022-01-01",
    "/crm/customers/c-bernd",
    "/crm/customers/nobody",
    "/crm/charts/c-anna?page",
    "/crm/slipping?page",
    "/crm/segments",
    "/crm/segments/couples?page=2",
    "/crm/segments/fresh",
    "/crm/segments/made-up",
)


def violations(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", PAGES)
def test_no_page_shuts_anybody_out(new_page: NewPage, address: str, scheme: str) -> None:
    page = new_page(signed_in=True, color_scheme=scheme, reduced_motion="reduce")
    page.goto(address, wait_until="networkidle")
    for one in page.locator("details").all():
        one.evaluate("(details) => { details.open = true; }")
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_neither_does_the_door_nor_the_help(new_page: NewPage, scheme: str) -> None:
    page = new_page(color_scheme=scheme)
    page.goto("/crm")
    assert violations(page) == []
    page.keyboard.press("Tab")  # out of the field
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize("address", ["/crm", "/crm/customers/c-anna", "/crm/segments"])
def test_a_phone_does_not_either(new_page: NewPage, address: str) -> None:
    page = new_page(signed_in=True, viewport=PHONE, reduced_motion="reduce")
    page.goto(address, wait_until="networkidle")
    assert violations(page) == []


@pytest.mark.parametrize(
    "address", ["/crm/customers/c-anna", "/crm/customers/c-anna?lang=en", "/crm/customers/c-bernd"]
)
def test_a_customer_is_one_sheet_of_paper(new_page: NewPage, address: str) -> None:
    page = new_page(signed_in=True, color_scheme="dark")
    page.goto(address, wait_until="networkidle")
    sheets = re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True))
    assert len(sheets) == 1


def test_paper_is_white_and_has_nothing_to_click(new_page: NewPage) -> None:
    page = new_page(signed_in=True, color_scheme="dark", viewport=DESK_SCREEN)
    page.goto("/crm/customers/c-anna?theme=dark", wait_until="networkidle")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for gone in (".pages-nav", ".top-tools", ".search", ".timeline", ".filter", "summary"):
        expect(page.locator(gone).first).to_be_hidden()
    for kept in (
        "h1",
        ".next-trip",
        ".risk",
        ".insights",
        ".offers",
        ".value",
        ".habits",
        ".reach",
        ".bookings",
    ):
        expect(page.locator(kept).first).to_be_visible()
