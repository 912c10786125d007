"""The time cursor of "How it works" in a real browser: at once with a script, by a form without one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from browser_fixtures import OpenPage
from web_client import web_server

if TYPE_CHECKING:
    from playwright.sync_api import Page

ADDRESS = "/how-it-works?patients=0&until=7d"
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with web_server(seconds_most=60.0) as address:
        yield address


def opened(open_page: OpenPage, address: str, **window) -> Page:
    page = open_page("about:blank", **window)
    page.set_default_timeout(PATIENCE_MS)
    page.goto(address)
    return page


def places(page: Page) -> list[str]:
    lines = page.locator("g[class*='time_cursor'] line").all()
    return [line.get_attribute("transform") for line in lines]


def test_the_line_and_the_values_move_together_without_asking_the_server(open_page, base):
    page = opened(open_page, base + ADDRESS)
    page.wait_for_load_state("networkidle")
    asked: list[str] = []
    # The icon, which a browser may fetch late, is no computation.
    page.on("request", lambda request: asked.append(request.url) if "/static/" not in request.url else None)
    before, level = places(page), page.locator("[data-course=ketamine_ng_per_ml] [data-median]")
    low = level.inner_text()
    page.locator(".stations").get_by_role("link", name="2 h", exact=True).click()
    assert page.get_by_role("heading", name="At 2 h").is_visible()
    assert len(set(places(page))) == 1
    assert places(page) != before
    assert float(level.inner_text()) > float(low)
    page.get_by_role("slider").press("ArrowRight")
    page.wait_for_url(re.compile(r"at=2\.\d+h"))
    assert asked == []
    shown = page.locator(".values").inner_text()
    page.reload()
    assert page.locator(".values").inner_text() == shown


def test_a_press_on_the_drawing_moves_the_line_there(open_page, base):
    page = opened(open_page, base + ADDRESS)
    drawing = page.locator("[data-drawn] svg")
    box = drawing.bounding_box()
    drawing.click(position={"x": box["width"] * 0.9, "y": box["height"] * 0.4})
    assert "translate(6" in places(page)[0]
    assert " d" in page.get_by_role("heading", name=re.compile("^At ")).inner_text()


def test_the_cursor_works_on_what_a_live_form_brought(open_page, base):
    page = opened(open_page, base + ADDRESS)
    page.get_by_role("checkbox", name="the fast part is expectancy").check()
    page.get_by_text("Scenarios on: expectancy").wait_for()
    page.locator(".stations").get_by_role("link", name="8 h", exact=True).click()
    assert page.get_by_role("heading", name="At 8 h").is_visible()
    assert page.locator("[data-default=score] [data-median]").is_visible()


def test_a_link_to_a_number_opens_the_list_that_holds_it(open_page, base):
    page = opened(open_page, f"{base}{ADDRESS}#receptor.half_occupancy_s_ketamine_um")
    assert page.get_by_text("receptor.half_occupancy_s_ketamine_um").first.is_visible()


def test_without_scripts_the_time_is_written_and_sent(open_page, base):
    page = opened(open_page, base + ADDRESS, java_script=False)
    assert not page.get_by_role("slider").is_visible()
    page.locator("#at").fill("3d")
    page.get_by_role("button", name="Move the line").click()
    page.wait_for_url(re.compile("at=3d"))
    assert page.get_by_role("heading", name="At 3 d").is_visible()
    assert "until=7d" in page.url
