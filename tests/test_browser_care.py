"""The page of places in a real browser: usable without scripts, at any width, in both colour schemes, by anyone."""

from __future__ import annotations

from pathlib import Path

import pytest

from browser_fixtures import OpenPage, followed_skip_link, serious_violations, width_of
from care_documents import hostile, near_hoboken, nothing_found
from ketascope.report.care_page import write_places_html

DOCUMENTS = {"places": near_hoboken, "nothing": nothing_found, "hostile": hostile}
WINDOWS = [
    ("places", 1280, "light"),
    ("places", 360, "light"),
    ("places", 1280, "dark"),
    ("places", 360, "dark"),
    ("nothing", 360, "light"),
    ("hostile", 1280, "dark"),
]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    return {name: write_places_html(folder / f"{name}.html", make()) for name, make in DOCUMENTS.items()}


@pytest.mark.parametrize(("name", "width", "scheme"), WINDOWS)
def test_axe_finds_nothing_serious(
    pages: dict[str, Path], open_page: OpenPage, name: str, width: int, scheme: str
) -> None:
    page = open_page(pages[name], width=width, scheme=scheme)
    assert serious_violations(page) == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_nothing_is_wider_than_a_narrow_telephone(pages: dict[str, Path], open_page: OpenPage, name: str) -> None:
    assert width_of(open_page(pages[name], width=360)) == 360


def test_the_page_needs_no_script_and_asks_for_nothing_else(pages: dict[str, Path], open_page: OpenPage) -> None:
    page = open_page("about:blank", java_script=False)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(pages["places"].as_uri())
    assert page.get_by_role("article").count() == 4
    assert page.get_by_role("heading", name="VA NY Harbor Healthcare System").is_visible()
    assert asked == [pages["places"].as_uri()]


def test_a_hostile_name_runs_nothing(pages: dict[str, Path], open_page: OpenPage) -> None:
    page = open_page("about:blank")
    spoken: list[str] = []
    page.on("dialog", lambda dialog: (spoken.append(dialog.message), dialog.dismiss()))
    page.goto(pages["hostile"].as_uri())
    assert spoken == []
    assert page.locator("script").count() == 0
    assert page.locator("a[href^='javascript']").count() == 0


def test_the_list_stands_before_the_map_and_beside_it_where_there_is_room(
    pages: dict[str, Path], open_page: OpenPage
) -> None:
    for width, is_beside in ((1280, True), (360, False)):
        page = open_page(pages["places"], width=width)
        first, drawing = page.get_by_role("article").first.bounding_box(), page.get_by_role("img").bounding_box()
        assert first is not None
        assert drawing is not None
        assert (drawing["x"] > first["x"] + first["width"]) is is_beside
        assert page.evaluate(
            "!!(document.querySelector('article').compareDocumentPosition(document.querySelector('svg'))"
            " & Node.DOCUMENT_POSITION_FOLLOWING)"
        )


def test_the_skip_link_is_first_and_leads_to_the_list(pages: dict[str, Path], open_page: OpenPage) -> None:
    assert followed_skip_link(open_page(pages["places"])) == "Skip to the places"


def test_the_map_follows_the_colour_scheme(pages: dict[str, Path], open_page: OpenPage) -> None:
    land = "getComputedStyle(document.querySelector('.map path[stroke-width]')).fill"
    fills = [open_page(pages["places"], scheme=scheme).evaluate(land) for scheme in ("light", "dark")]
    assert fills[0] != fills[1]
