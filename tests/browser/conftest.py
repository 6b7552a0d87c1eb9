"""Chromium, the site it visits, and a page that must not complain."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from .site import Site, running
from .story import GOOD_TOKEN

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
PHONE = {"width": 390, "height": 844}
DESK_SCREEN = {"width": 1280, "height": 900}

NewPage = Callable[..., Page]


def chromium_path() -> str | None:
    wanted = os.environ.get("CHROMIUM")
    if wanted:
        return wanted if Path(wanted).exists() else None
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium_path()
    if path is None:
        message = "no Chromium here: install it, or name its path in CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def running_site() -> Iterator[Site]:
    with running(Site()) as site:
        yield site


@pytest.fixture
def site(running_site: Site) -> Iterator[Site]:
    running_site.reset()
    yield running_site
    running_site.reset()  # lets slow answers go


@pytest.fixture
def new_page(browser: Browser, site: Site) -> Iterator[NewPage]:
    """Open pages: `new_page(signed_in=True, viewport=PHONE, **what Playwright's new_context takes)`.

    At the end no page may have thrown an error or broken its own content security policy.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            complaints.append(message.text)

    def open_page(*, signed_in: bool = False, **options: object) -> Page:
        context = browser.new_context(base_url=site.address, **{"viewport": DESK_SCREEN, **options})
        contexts.append(context)
        if signed_in:
            context.add_cookies(
                [{"name": "busflow_crm", "value": GOOD_TOKEN, "domain": "127.0.0.1", "path": "/crm"}]
            )
        page = context.new_page()
        page.set_default_timeout(8_000)
        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def crm(new_page: NewPage) -> Page:
    """A page of a signed-in dispatcher."""
    return new_page(signed_in=True)
