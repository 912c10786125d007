"""The page of places: list first, everything escaped, nothing fetched, what is unknown said with where to check."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from care_documents import HOSTILE, hostile, near_hoboken, nothing_found
from ketascope.care.places.outlines import outlines
from ketascope.charts.state_map import map_colours, state_map
from ketascope.errors import InputError
from ketascope.report.care_page import places_html, write_places_html
from page_reading import Page, contrast, flat


@pytest.fixture(scope="module")
def text() -> str:
    return places_html(near_hoboken())


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


# Self-contained


def test_nothing_is_loaded_and_there_is_no_script(page: Page, text: str) -> None:
    assert page.of("script") == page.of("link") == page.of("iframe") == page.of("img") == []
    assert set(re.findall(r"url\((.)", text)) <= {"#"}
    assert "@import" not in text
    policy = next(meta["content"] for meta in page.of("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_the_page_is_small(text: str) -> None:
    assert len(text) < 150_000


# Content


def test_each_place_is_an_article_with_address_telephone_and_source(page: Page) -> None:
    assert len(page.articles) == 4
    first = flat(page.articles[0])
    for part in (
        "VA NY Harbor Healthcare System",
        "Manhattan Campus",
        "3.9 km (2.4 mi)",
        "423 East 23rd Street",
        "New York, NY 10010",
        "212-686-7500 x7521",
        "Ketamine infusion Listed",
        "Not known here esketamine (Spravato) certification, licence: where to check",
        "edition 2022, 4.6 years old",
    ):
        assert part in first
    assert "tel:+1-212-686-7500;ext=7521" in page.links()


def test_badges_are_words_and_stand_only_where_they_hold(page: Page) -> None:
    assert ["Veterans only" in article for article in page.articles] == [True, False, False, False]
    assert ["Another state: New York" in article for article in page.articles] == [True, True, False, False]


def test_a_place_without_the_service_reads_unknown_and_says_where_to_check() -> None:
    document = near_hoboken(1)
    document["results"][0] |= {"ketamine_infusion": "not listed", "website": "www.example.org"}
    page = Page(places_html(document))
    assert "Not listed here (unknown)" in page.articles[0]
    assert "whether it gives ketamine infusions" in page.articles[0]
    assert "https://www.example.org" in page.links()


def test_a_place_without_a_telephone_number_says_so() -> None:
    document = near_hoboken(1)
    document["results"][0]["phone"] = ""
    assert "No telephone number listed" in Page(places_html(document)).articles[0]


def test_list_map_checks_questions_warnings_and_help_stand_in_this_order(text: str) -> None:
    order = [
        text.index(part)
        for part in (
            "call or text 988",
            "Call first.",
            '<ol class="places">',
            "<svg",
            'id="checks"',
            'id="ask"',
            'id="warning-signs"',
            'id="who"',
            'id="words"',
            'id="cost"',
            'id="sources"',
            "not medical advice",
        )
    ]
    assert order == sorted(order)
    assert text.rindex("call or text 988") > order[-1]
    assert text.rindex("call 911") > order[-1]


def test_filters_coverage_and_note_are_words(page: Page) -> None:
    words = flat(page.text)
    assert "Filters: Ketamine infusion." in words
    assert "Every ketamine infusion site that the 2022 directory lists" in words
    assert "good to 1-3 km" in words
    assert "1 for veterans only. 2 in another state." in words
    assert "it says nothing about quality" in words


def test_everything_listed_is_there_by_kind(page: Page) -> None:
    assert "Payment Medicare; Private health insurance; Cash or self-payment" in flat(page.articles[1])


def test_every_state_of_the_list_has_a_licence_check(page: Page) -> None:
    words = flat(page.text)
    assert "Licence in New Jersey" in words
    assert "Licence in New York" in words
    assert "https://newjersey.mylicense.com/verification/" in page.links()
    assert "tel:+1-855-382-6022" in page.links()


def test_flags_are_printed() -> None:
    document = near_hoboken() | {"flags": [{"code": "old", "message": "The edition is 4.6 years old."}]}
    assert "The edition is 4.6 years old." in flat(Page(places_html(document)).text)


def test_a_page_without_places_helps_on() -> None:
    page = Page(places_html(nothing_found()))
    words = flat(page.text)
    assert page.articles == page.of("svg") == []
    for part in ("Nothing found here", "That is not proof", "Look farther than 8 km", "1-800-662-4357", "cannot tell"):
        assert part in words
    assert "#map" not in page.links()


# The drawing


def test_the_map_is_an_image_with_name_and_description(page: Page, text: str) -> None:
    (svg,) = page.of("svg")
    assert svg["role"] == "img"
    named = set(svg["aria-labelledby"].split())
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    assert named == {"map-title", "map-description"}
    assert named <= ids
    assert flat(state_map(near_hoboken(), outlines()).summary) in flat(page.text)
    inside = text[text.index("<svg") : text.index("</svg>")]
    assert len(re.findall(r"\s(?:role|aria-[a-z]+)=", inside)) == 2


def test_the_legend_stands_beside_the_map_and_tells_how_exact_it_is(page: Page) -> None:
    words = flat(page.text)
    assert "Hollow square: veterans only." in words
    assert "middle of the ZIP area, not the door" in words
    document = near_hoboken()
    for result in document["results"]:
        result["located_by"] = "source"
    assert "not the door" not in places_html(document)


def test_every_colour_of_the_drawing_can_turn_dark(text: str) -> None:
    style = text[text.index("<style>") : text.index("</style>")]
    for name, colour in map_colours().items():
        assert f'"{colour}"]' in style, name


# Accessible


def test_landmarks_headings_and_the_skip_link_are_there(page: Page) -> None:
    assert page.of("html")[0]["lang"] == "en"
    assert page.of("a")[0] == {"class": "skip", "href": "#main"}
    assert len(page.of("main")) == len(page.of("header")) == len(page.of("h1")) == 1
    assert all("aria-labelledby" in section for section in page.of("section"))


def test_ids_are_unique_and_every_link_inside_the_page_leads_somewhere(page: Page) -> None:
    ids = [attributes["id"] for tag, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in page.links() if link.startswith("#")} <= set(ids)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast_in_both_schemes(text: str, scheme: str) -> None:
    style = text[text.index("<style>") : text.index("</style>")]
    light, dark, *_ = style.split("@media (prefers-color-scheme: dark)")
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", light if scheme == "light" else dark.split("}\n}")[0]))
    for ink in ("ink", "quiet", "accent"):
        for ground in ("paper", "tint"):
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)


def test_there_is_a_style_for_paper(text: str) -> None:
    assert text.count("@media print") == 3


# Escaped


@pytest.fixture(scope="module")
def poisoned() -> str:
    return places_html(hostile())


def test_hostile_words_add_no_element(poisoned: str, page: Page) -> None:
    found = Page(poisoned)
    assert found.of("script") == []
    assert {tag for tag, _ in found.elements} <= {tag for tag, _ in page.elements}
    assert "<script>alert" not in poisoned
    assert HOSTILE in flat(found.text)
    assert "49" not in flat(found.articles[0])


def test_hostile_addresses_and_numbers_are_not_linked(poisoned: str) -> None:
    links = Page(poisoned).links()
    assert all(link.startswith(("#", "https://", "tel:+1-")) for link in links)


def test_control_characters_do_not_reach_the_page(poisoned: str) -> None:
    assert "\x1b" not in poisoned


# File


def test_the_file_is_the_page_and_a_missing_folder_is_named(tmp_path: Path, text: str) -> None:
    path = write_places_html(tmp_path / "places.html", near_hoboken())
    assert path.read_text(encoding="utf-8") == text
    with pytest.raises(InputError, match="does not exist"):
        write_places_html(tmp_path / "nowhere" / "places.html", near_hoboken())


def test_the_document_is_left_as_it_was() -> None:
    document: dict[str, Any] = near_hoboken()
    places_html(document)
    assert document == near_hoboken()
