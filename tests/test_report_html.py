"""The page: one offline file, readable without scripts, by keyboard and by screen reader; nothing unescaped."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from ketascope.charts import acute_effects, symptom_course
from ketascope.report import comparison_html, write_html
from ketascope.report.layout import comparison_report
from page_reading import Page, contrast, flat
from stored_documents import stored

HOSTILE = "<script>alert('x')</script> & \"quoted\" {{ 7*7 }}"


@pytest.fixture(scope="module")
def case() -> dict[str, Any]:
    return stored("comparison_gad.json")


@pytest.fixture(scope="module")
def text(case: dict[str, Any]) -> str:
    return comparison_html(case["document"], case["curves"], stored("simulation_iv_series.json"))


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def body_text(page: Page) -> str:
    return flat(" ".join(page.texts["main"] + page.texts["header"]))


# Offline


def test_nothing_is_loaded_from_anywhere(page: Page) -> None:
    for tag, attributes in page.elements:
        for name in ("src", "href", "xlink:href", "action", "data", "poster", "srcset"):
            value = attributes.get(name, "")
            assert value == "" or value.startswith("#"), f"{tag} {name}={value[:60]}"
    assert page.of("link") == []
    assert page.of("iframe") == []


def test_styles_import_nothing(page: Page) -> None:
    style = " ".join(page.texts["style"])
    assert "@import" not in style
    assert "url(" not in style


def test_the_page_itself_forbids_loading_and_evaluating(page: Page) -> None:
    policy = next(m["content"] for m in page.of("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "http" not in policy


def test_the_script_bundle_is_in_the_page_once(text: str) -> None:
    assert text.count("window.vegaEmbed=") + text.count("window.vegaEmbed =") == 1
    assert 800_000 < len(text) < 4_000_000


def test_the_live_charts_offer_no_way_to_another_site(text: str) -> None:
    assert "editor: false" in text
    assert "ast: true" in text


# Charts


def test_each_chart_has_a_drawing_words_and_a_table(page: Page, text: str) -> None:
    for id_ in ("symptom-course", "acute-effects", "cascade"):
        assert f'id="chart-{id_}"' in text
        assert f'id="spec-{id_}"' in text
    assert len(page.of("figure")) == len(page.of("figcaption")) == 3
    assert len(page.of("details")) == 6
    assert len(page.of("svg")) >= 3


def test_drawings_show_before_any_script_runs(text: str) -> None:
    first_script = text.index("<script")
    assert text.count("<svg", 0, first_script) >= 3


def test_summaries_are_in_the_page_word_for_word(case: dict[str, Any], page: Page) -> None:
    words = body_text(page)
    for chart in (
        symptom_course(case["document"], case["curves"]),
        acute_effects(case["document"], case["curves"]),
    ):
        assert flat(chart.summary) in words


def test_the_specifications_in_the_page_are_the_charts(case: dict[str, Any], text: str) -> None:
    found = re.search(r'<script type="application/json" id="spec-symptom-course">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    assert json.loads(found.group(1)) == symptom_course(case["document"], case["curves"]).spec


def test_a_page_without_curves_has_tables_and_no_scripts(case: dict[str, Any]) -> None:
    bare = Page(comparison_html(case["document"]))
    assert bare.of("script") == []
    assert bare.of("figure") == []
    assert len(bare.of("table")) == 15


# Tables and notes


def test_the_page_has_the_tables_of_the_terminal(case: dict[str, Any], page: Page) -> None:
    words = body_text(page)
    report = comparison_report(case["document"])
    for table in report.tables:
        assert table.title in words
        assert table.about in words
        for row in table.rows:
            assert flat(row.label.text) in words
            assert all(flat(cell.text) in words for cell in row.cells)


def test_every_table_has_a_caption_and_scoped_headings(page: Page) -> None:
    assert len(page.of("caption")) == len(page.of("table")) == 18
    assert all(heading.get("scope") in ("col", "row") for heading in page.of("th"))


def test_every_note_mark_leads_to_its_note(page: Page) -> None:
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    targets = {link["href"][1:] for link in page.of("a")}
    assert any(target.startswith("note-") for target in targets)
    assert targets <= ids


def test_ids_are_unique(page: Page) -> None:
    ids = [a["id"] for tag, a in page.elements if "id" in a and tag not in ("clipPath", "linearGradient")]
    assert len(ids) == len(set(ids))


def test_gaps_are_spoken_as_not_shown(page: Page) -> None:
    hidden = [a for a in page.of("span") if a.get("class") == "spoken"]
    missing = [a for a in page.of("td") if a.get("class") == "missing"]
    assert len(hidden) > 40
    assert len(missing) >= len(hidden)


# Accessible


def test_language_skip_link_landmarks_and_headings_are_there(page: Page) -> None:
    assert page.of("html")[0]["lang"] == "en"
    assert page.of("a")[0] == {"class": "skip", "href": "#main"}
    assert len(page.of("main")) == len(page.of("header")) == len(page.of("nav")) == len(page.of("h1")) == 1
    assert page.of("main")[0]["id"] == "main"
    assert page.of("nav")[0]["aria-label"]


def test_sections_are_named_by_their_headings(page: Page) -> None:
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    named = [section["aria-labelledby"] for section in page.of("section")]
    assert len(named) >= 12
    assert set(named) <= ids


def test_what_scrolls_can_be_reached_by_keyboard(page: Page) -> None:
    scrolling = [a for a in page.of("div") if a.get("class") in ("wide", "drawing")]
    assert len(scrolling) == 21
    assert all(a["tabindex"] == "0" and a["aria-label"] for a in scrolling)


def test_text_colours_have_contrast_on_paper_and_tint(page: Page) -> None:
    style = " ".join(page.texts["style"])
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", style))
    for ink in ("ink", "quiet", "accent"):
        for ground in ("paper", "tint"):
            assert contrast(colours[ink], colours[ground]) >= (7.0 if ink == "ink" else 4.5), (ink, ground)


def test_there_is_a_style_for_paper(page: Page) -> None:
    assert "@media print" in " ".join(page.texts["style"])


# Honest


def test_the_page_says_what_it_is_not_and_where_help_is(page: Page) -> None:
    words = body_text(page)
    for phrase in (
        "not medical advice",
        "not a prediction for any one person",
        "not advice on a dose",
        "call or text 988",
        "95% uncertainty of the population mean",
        "rest on assumed numbers",
        "Unknown means unknown",
    ):
        assert phrase in words


def test_help_stands_at_the_top_and_at_the_end(page: Page) -> None:
    assert "988" in page.texts["header"][0]
    assert "988" in page.texts["section"][-1]


def test_harms_stand_before_exposure_with_frequency_and_source(page: Page) -> None:
    words = body_text(page)
    assert "8 to 19 of 100" in words
    order = [section.get("id") for section in page.of("section")]
    assert order.index("harms") < order.index("exposure")


# Escaped


@pytest.fixture(scope="module")
def hostile(case: dict[str, Any]) -> str:
    poisoned = copy.deepcopy(case)
    for option in poisoned["document"]["options"]:
        option["label"] = option["sentence"] = HOSTILE
        option["practical"]["setting"] = HOSTILE
        option["harms"] = [{"harm": HOSTILE, "frequency": HOSTILE, "source": HOSTILE}]
        option["flags"].append({"code": HOSTILE, "message": HOSTILE})
        option["evidence"]["reasons"] = [HOSTILE]
    for curve in poisoned["curves"]:
        curve["label"] = HOSTILE
    poisoned["document"]["person"]["sex"] = HOSTILE
    poisoned["document"]["defaulted"] = [HOSTILE]
    poisoned["document"]["indication"] = HOSTILE
    return comparison_html(poisoned["document"], poisoned["curves"])


def test_hostile_words_add_no_element(case: dict[str, Any], hostile: str) -> None:
    kinds = [attributes.get("type", "") for attributes in Page(hostile).of("script")]
    assert kinds == ["application/json", "application/json", "", ""]
    assert "<script>alert" not in hostile
    assert "49" not in " ".join(Page(hostile).texts["h1"])


def test_hostile_words_are_shown_as_they_are(hostile: str) -> None:
    assert flat(HOSTILE) in body_text(Page(hostile))


def test_hostile_words_cannot_leave_the_specification(hostile: str) -> None:
    for found in re.findall(r'<script type="application/json" id="[^"]+">(.*?)</script>', hostile, re.DOTALL):
        assert "<" not in found
        assert HOSTILE in json.dumps(json.loads(found), ensure_ascii=False).replace('\\"', '"')


# File


def test_the_file_is_the_page(case: dict[str, Any], tmp_path: Path) -> None:
    path = write_html(tmp_path / "page.html", case["document"])
    assert path.read_text(encoding="utf-8") == comparison_html(case["document"])
    assert [entry.name for entry in tmp_path.iterdir()] == ["page.html"]
