"""The web app in a real browser: every page, both colour schemes, a narrow telephone, and without scripts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser_fixtures import OpenPage, followed_skip_link, serious_violations, width_of
from web_client import web_server

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Page

FEW = "patients=20&option=iv-single&option=ssri"
PAGES = {
    "compare": f"/?{FEW}",
    "mechanism": "/how-it-works?patients=20",
    "evidence": "/evidence?indication=ptsd",
    "audit": "/audit",
    "care": "/care?place=07030&limit=5",
    "about": "/about",
    "parameters": "/parameters?grade=assumed",
    "api": "/api",
}
WINDOWS = ((1280, "light"), (360, "dark"))
OWN = "ketamine 0.4 mg/kg IV over 40 min"
PATIENCE_MS = 20_000
VIOLATIONS = """
window.violations = [];
addEventListener("securitypolicyviolation", (event) => {
  violations.push(`${event.violatedDirective} ${event.blockedURI}`);
});
"""


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with web_server(seconds_most=60.0) as address:
        yield address


@pytest.fixture
def visit(base: str, open_page: OpenPage):
    """Opens a page of the app; afterwards nothing may have gone wrong in any of them."""
    problems: list[str] = []
    opened: list[Page] = []

    def visited(address: str, *, refused: str = "", **window) -> Page:
        """refused: the status that the test expects an answer to have; the browser notes it as an error."""
        page = open_page("about:blank", **window)
        page.set_default_timeout(PATIENCE_MS)
        page.add_init_script(VIOLATIONS)
        page.on("console", lambda said: None if is_fine(said, refused) else problems.append(said.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda asked: None if is_own(asked.url) else problems.append(f"asked {asked.url}"))
        page.goto(base + address)
        opened.append(page)
        return page

    def is_fine(said: ConsoleMessage, refused: str) -> bool:
        return said.type not in ("error", "warning") or (refused != "" and f"status of {refused}" in said.text)

    def is_own(url: str) -> bool:
        return url.startswith((f"{base}/", "data:", "about:"))

    yield visited
    for page in opened:
        if page.evaluate("typeof violations") != "undefined":
            problems += page.evaluate("violations")
    assert problems == []


def keep(page: Page, root: Path, name: str) -> None:
    """A picture of the whole page, to look at after the tests."""
    folder = root / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png", full_page=True)


@pytest.mark.parametrize(("width", "scheme"), WINDOWS)
@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_whole_and_usable_by_anyone(visit, root, name, width, scheme):
    """No error, no request elsewhere, nothing against the policy (all by `visit`), no serious finding of axe."""
    page = visit(PAGES[name], width=width, scheme=scheme)
    keep(page, root, f"{name}_{width}_{scheme}")
    assert serious_violations(page) == []
    assert width_of(page) == width
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.get_by_text("988").first.is_visible()
    assert page.context.cookies() == []
    for picture in page.locator("figure img").all():
        assert picture.get_attribute("alt")
        assert picture.evaluate("image => image.complete && image.naturalWidth > 0")


@pytest.mark.parametrize("name", ["compare", "evidence", "care"])
def test_on_paper_a_page_is_light_and_as_wide_as_the_sheet(visit, name):
    """794 px are the width of A4; what is folded away is not printed, and the line of help is."""
    page = visit(PAGES[name], width=794, scheme="dark")
    page.emulate_media(media="print")
    assert width_of(page) == 794
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("details:not([open])").filter(visible=True).count() == 0
    assert page.get_by_text("988").first.is_visible()
    sizes = page.evaluate(
        "[...document.querySelectorAll('main p, main caption, main td')].filter(part => part.offsetParent)"
        ".map(part => parseFloat(getComputedStyle(part).fontSize))"
    )
    assert max(sizes) <= 16


def test_the_first_key_leads_past_the_navigation(visit):
    page = visit("/about")
    assert followed_skip_link(page) == "Skip to the content"
    assert page.url.endswith("/about#main")


def test_a_chart_comes_alive_within_the_policy(visit):
    """The interpreter draws it: a policy without unsafe-eval stands."""
    page = visit(PAGES["evidence"])
    page.get_by_role("button", name="Show values under the pointer").first.click()
    page.wait_for_selector(".drawing canvas")
    assert page.locator(".drawing [role=img]").first.get_attribute("aria-label")


def test_a_drawing_that_a_busy_service_refused_is_asked_for_again(visit):
    from playwright.sync_api import expect

    page = visit("/about", refused="503")
    page.clock.install()
    asked: Counter[str] = Counter()

    def busy(route):
        asked[route.request.url] += 1
        route.fulfill(status=503) if asked[route.request.url] <= 2 else route.continue_()

    page.route("**/*.svg?*", busy)
    page.goto(page.url.replace("/about", PAGES["evidence"]))
    images = page.locator(".drawing img").all()
    for tries in (1, 2):
        for image in images:  # at least so many: on a slow machine the next try may have come already
            expect(image).to_have_attribute("data-tries", re.compile(f"[{tries}-9]"))
        page.clock.run_for(10_000)
    # Not by a function to wait for: asked a second time, that is made from text, which the policy of the page forbids.
    for image in images:
        expect(image).not_to_have_js_property("naturalWidth", 0)
    assert images
    assert {count for address, count in asked.items() if "/icon.svg" not in address} == {3}


# --- what people do


def test_one_thing_is_changed_and_the_rest_kept(visit, base):
    """A live form: the results change in place, the address follows, and it reopens as the same document."""
    page = visit(PAGES["compare"])
    page.evaluate("window.isSamePage = true")
    page.get_by_label("Dose sentence 1").fill(OWN)
    page.get_by_role("button", name="Compare").click()
    page.wait_for_url(re.compile("sentence="))
    assert page.evaluate("isSamePage")
    assert OWN in page.locator("#results").inner_text()
    assert "option=iv-single" in page.url
    assert "patients=20" in page.url
    twin = page.request.get(page.url.replace(f"{base}/?", f"{base}/compare.json?"))
    assert [option["sentence"] for option in twin.json()["options"]][-1] == OWN
    assert twin.body() == page.request.get(twin.url).body()
    page.go_back()
    page.wait_for_url(lambda address: "sentence=" not in address)
    page.get_by_text(OWN).first.wait_for(state="detached")


def test_an_error_stands_at_its_word_and_the_form_stays_filled(visit, root):
    page = visit(PAGES["compare"], refused="400")
    page.get_by_label("Dose sentence 1").fill("ketamine 0.5 mg/kg VI over 40 min")
    with page.expect_response(lambda answer: answer.status == 400):
        page.get_by_role("button", name="Compare").click()
    wrong = page.locator(".field-problem mark")
    wrong.wait_for()
    assert wrong.inner_text() == "VI"
    assert page.get_by_label("Dose sentence 1").get_attribute("aria-invalid") == "true"
    assert page.get_by_label("Dose sentence 1").input_value() == "ketamine 0.5 mg/kg VI over 40 min"
    keep(page, root, "error_at_the_word")


@pytest.mark.parametrize("has_script", [True, False], ids=["with scripts", "without"])
def test_an_article_is_audited(visit, root, has_script):
    page = visit("/audit", java_script=has_script)
    page.get_by_label("Or a file").set_input_files(
        root / "tests" / "fixtures" / "labelled_articles" / "news_report.txt"
    )
    page.get_by_label("Leave out the numbers").check()
    with page.expect_navigation():
        page.get_by_role("button", name="Audit").click()
    assert "/audit" in page.url
    assert "?" not in page.url
    assert page.get_by_role("heading", level=1).inner_text().startswith("Audit of")
    assert "10 claims found" in page.get_by_role("main").inner_text()
    if has_script:
        keep(page, root, "audited")
        assert serious_violations(page) == []


def test_places_are_found_and_filtered(visit):
    page = visit("/care")
    page.get_by_label("ZIP, or town and state").fill("07030")
    page.get_by_label("Lists ketamine infusion").check()
    page.get_by_role("button", name="Find places").click()
    page.wait_for_url(re.compile("place=07030.*offers=ketamine-infusion"))
    page.get_by_text("Places for treatment near 07030").or_(page.locator("#results article")).first.wait_for()
    assert page.locator("#results article").count() > 0
    assert page.get_by_role("button", name="Copy link").is_visible()


def test_a_misspelt_town_is_marked_and_offers_towns_that_are_meant(visit):
    page = visit("/care", refused="400")
    page.get_by_label("ZIP, or town and state").fill("Hobken")
    page.get_by_role("button", name="Find places").click()
    page.get_by_role("link", name="Hoboken, NJ").wait_for()
    assert page.get_by_label("ZIP, or town and state").get_attribute("aria-invalid") == "true"
    assert "no such town is known" in page.locator("#problem-place").inner_text()
    assert serious_violations(page) == []
    page.get_by_role("link", name="Hoboken, NJ").click()
    page.locator("#results article").first.wait_for()
    assert page.locator("#problem-place").count() == 0


def test_without_scripts_a_form_is_a_plain_get(visit):
    page = visit(PAGES["compare"], java_script=False, width=360)
    page.get_by_label("Weight, kg").fill("90")
    page.get_by_role("button", name="Compare").click()
    page.wait_for_url(re.compile("weight=90"))
    assert page.locator("#results figure img").first.evaluate("image => image.naturalWidth > 0")
    assert "90 kg" in page.locator("#results").inner_text()


def test_a_telephone_reaches_the_results_at_once_and_has_dose_sentences_folded(visit) -> None:
    from playwright.sync_api import expect

    page = visit(PAGES["compare"], width=360)
    sentence = page.locator("#sentence-1")
    assert not sentence.is_visible()
    page.locator(".fold > summary").press("Enter")
    assert sentence.is_visible()
    page.locator(".to-results a").press("Enter")
    expect(page.locator("#summary")).to_be_in_viewport()
    assert page.evaluate("document.activeElement.id") == "results"
    wide = visit(PAGES["compare"], width=1280)
    assert wide.locator("#sentence-1").is_visible(), "where there is room nothing is folded"
    assert not wide.locator(".fold > summary").is_visible()
