"""The pictures of the CRM screen in docs/screenshots: `python -m tests.browser.screenshots docs/screenshots`."""

import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from .conftest import PHONE, chromium_path
from .site import Site, running
from .story import GOOD_TOKEN

ANNA = "/crm/customers/c-anna"
DESK = {"width": 1280, "height": 1480}
PICTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "crm": (f"{ANNA}?lang=en", {"viewport": DESK, "color_scheme": "light"}),
    "crm-dark": (ANNA, {"viewport": DESK, "color_scheme": "dark"}),
    "crm-phone": (f"{ANNA}?lang=en", {"viewport": PHONE | {"height": 1690}, "color_scheme": "light"}),
    "crm-segments": ("/crm/segments?lang=en", {"viewport": DESK | {"height": 1080}, "color_scheme": "light"}),
    "crm-print": (ANNA, {"viewport": {"width": 718, "height": 1040}, "color_scheme": "light"}),
}
"""By name: the address, and how it is looked at. Paper: A4 without its margins, at 96 dots per inch."""


def take(browser: Browser, site: Site, folder: Path, name: str) -> Path:
    """Take one picture; return its path."""
    address, look = PICTURES[name]
    context = browser.new_context(base_url=site.address, reduced_motion="reduce", **look)
    context.add_cookies([{"name": "busflow_crm", "value": GOOD_TOKEN, "domain": "127.0.0.1", "path": "/crm"}])
    page = context.new_page()
    page.goto(address, wait_until="networkidle")
    if name == "crm-print":
        page.emulate_media(media="print")
    path = folder / f"{name}.png"
    page.screenshot(path=path)
    context.close()
    return path


def main(folder: Path) -> None:
    """Take all pictures."""
    with running(Site()) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu"]
        )
        for name in PICTURES:
            take(browser, site, folder, name)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
