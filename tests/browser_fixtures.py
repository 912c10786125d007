"""A real browser for tests of pages: Chromium of the machine, headless, without a network of its own.

What happens to these tests where there is none: `machine_needs`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from machine_needs import browser_missing, chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

OpenPage = Callable[..., "Page"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the tests of a file: while Playwright runs, no other event loop can begin in the process."""
    if browser_missing():
        pytest.fail(f"KETASCOPE_MACHINE=whole, but {browser_missing()}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=list(_ARGUMENTS))
        yield running
        running.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Opens an address, or a file, in a window of a width and colour scheme."""
    contexts = []

    def opened(
        address: str | Path,
        *,
        width: int = 1280,
        height: int = 900,
        scheme: Literal["light", "dark"] = "light",
        java_script: bool = True,
    ) -> Page:
        target = address.as_uri() if isinstance(address, Path) else address
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, java_script_enabled=java_script
        )
        contexts.append(context)
        page = context.new_page()
        page.goto(target)
        return page

    yield opened
    for context in contexts:
        context.close()


def width_of(page: Page) -> int:
    """How wide a page is, in pixels; more than its window where it has to be scrolled sideways."""
    return int(page.evaluate("document.documentElement.scrollWidth"))


def followed_skip_link(page: Page) -> str:
    """What the first link that the keyboard reaches says; following it must lead to the main part of the page."""
    page.keyboard.press("Tab")
    said = str(page.evaluate("document.activeElement.textContent"))
    page.keyboard.press("Enter")
    page.wait_for_url("**#main")
    assert page.evaluate("document.activeElement.id") == "main"
    return said


def serious_violations(page: Page) -> list[str]:
    """What axe-core calls serious or critical on a page: rule, help text and the elements, one line each."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{violation['id']}: {violation['help']}: {[node['target'] for node in violation['nodes'][:5]]}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
    ]
