"""The page of an audit in a real browser: usable without scripts, at any width, in both colour schemes, by anyone."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit_documents import hostile, no_claims, overlapping, small_article
from browser_fixtures import OpenPage, followed_skip_link, serious_violations, width_of
from ketascope.report.audit_page import write_audit_html

DOCUMENTS = {"small": small_article, "none": no_claims, "overlapping": overlapping, "hostile": hostile}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("audits")
    return {name: write_audit_html(folder / f"{name}.html", make()) for name, make in DOCUMENTS.items()}


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_axe_finds_nothing_serious(pages: dict[str, Path], open_page: OpenPage, width: int, scheme: str) -> None:
    page = open_page(pages["small"], width=width, scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert serious_violations(page) == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_nothing_is_wider_than_a_narrow_telephone(pages: dict[str, Path], open_page: OpenPage, name: str) -> None:
    assert width_of(open_page(pages[name], width=360)) == 360


def test_checks_stand_beside_the_text_where_there_is_room_and_below_it_where_not(
    pages: dict[str, Path], open_page: OpenPage
) -> None:
    for width, is_beside in ((1280, True), (360, False)):
        page = open_page(pages["small"], width=width)
        text, card = page.locator(".said").first.bounding_box(), page.get_by_role("article").first.bounding_box()
        assert text is not None
        assert card is not None
        assert (card["x"] > text["x"] + text["width"]) is is_beside
        assert (card["y"] >= text["y"] + text["height"]) is not is_beside


def test_a_mark_leads_to_its_check_and_back_without_a_script(pages: dict[str, Path], open_page: OpenPage) -> None:
    page = open_page("about:blank", width=360, java_script=False)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(pages["small"].as_uri())
    # The jump itself, not the ride there.
    page.emulate_media(reduced_motion="reduce")
    page.locator("a.mark[href='#claim-3'] .text").click()
    assert page.url.endswith("#claim-3")
    card = page.locator("#claim-3").bounding_box()
    assert card is not None
    assert 0 <= card["y"] < 100
    page.locator("#claim-3 .back").click()
    assert page.url.endswith("#mark-3")
    assert page.locator("#mark-3").is_visible()
    assert asked == [pages["small"].as_uri()]


def test_the_text_stays_in_sight_while_its_checks_are_read(pages: dict[str, Path], open_page: OpenPage) -> None:
    page = open_page(pages["small"], height=500)
    page.locator("#claim-2").evaluate("card => card.scrollIntoView()")
    text = page.locator(".said").first.bounding_box()
    assert text is not None
    assert text["y"] + text["height"] > 0


def test_a_hostile_article_runs_nothing(pages: dict[str, Path], open_page: OpenPage) -> None:
    page = open_page("about:blank")
    spoken: list[str] = []
    page.on("dialog", lambda dialog: (spoken.append(dialog.message), dialog.dismiss()))
    page.goto(pages["hostile"].as_uri())
    assert spoken == []
    assert page.locator("script, img, a[href^='javascript']").count() == 0


def test_the_skip_link_is_first_and_leads_to_the_text(pages: dict[str, Path], open_page: OpenPage) -> None:
    assert followed_skip_link(open_page(pages["small"])) == "Skip to the marked article"


def test_the_page_turns_dark_with_the_system(pages: dict[str, Path], open_page: OpenPage) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    grounds = [open_page(pages["small"], scheme=scheme).evaluate(ground) for scheme in ("light", "dark")]
    assert grounds[0] != grounds[1]


def test_on_paper_text_and_checks_stand_in_one_column(pages: dict[str, Path], open_page: OpenPage) -> None:
    page = open_page(pages["small"])
    page.emulate_media(media="print")
    text, card = page.locator(".said").first.bounding_box(), page.get_by_role("article").first.bounding_box()
    assert text is not None
    assert card is not None
    assert card["y"] >= text["y"] + text["height"]
    assert not page.locator(".back").first.is_visible()
