"""The comparison page: its form, its results, its twins as JSON, CSV and pictures."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from starlette.datastructures import QueryParams

from ketascope.errors import InputError
from ketascope.report.format import interval
from ketascope.web.queries.compare import (
    FIRST_OPTIONS,
    CompareQuery,
    Refused,
    check_compare,
    comparison_of,
    presets_of,
    read_compare,
)
from ketascope.web.settings import load_settings
from ketascope.web.wording import for_page
from web_client import WebClient, web_client

OWN = "ketamine 0.5 mg/kg IV over 40 min q 2 d x 3"
SMALL = "option=iv-single&option=ssri&option=placebo&option=none&patients=20"
QUERY = f"{SMALL}&sentence={OWN.replace(' ', '+')}"


class Elements(HTMLParser):
    """Elements with their attributes, and the text of each table cell."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self._open = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag in ("td", "th"):
            self.cells.append("")
            self._open = True

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._open:
            self.cells[-1] += data

    def of(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [found for name, found in self.found if name == tag and wanted.items() <= found.items()]


@pytest.fixture(scope="module")
def client() -> Iterator[WebClient]:
    with web_client(seconds_most=120.0) as made:
        yield made


@pytest.fixture(scope="module")
def html(client: WebClient) -> str:
    answer = client.get(f"/?{QUERY}")
    assert answer.status_code == 200
    return str(answer.text)


@pytest.fixture(scope="module")
def document(client: WebClient) -> dict[str, Any]:
    return json.loads(client.get(f"/compare.json?{QUERY}").text)


def read(query: str) -> CompareQuery:
    return read_compare(QueryParams(query))


def refused(query: str) -> Refused:
    with pytest.raises(Refused) as caught:
        check_compare(read(query), load_settings())
    return caught.value


class TestQuery:
    def test_without_a_choice_a_first_selection_is_compared(self) -> None:
        assert read("").chosen_options == FIRST_OPTIONS
        for indication in ("gad", "sad", "ptsd", "ocd", "mdd"):
            assert set(FIRST_OPTIONS) <= {option.id for option in presets_of(read(f"indication={indication}"))}

    def test_own_sentences_alone_stand_alone(self) -> None:
        assert read(f"sentence={OWN}").chosen_options == ()

    def test_what_was_left_empty_does_not_count(self) -> None:
        assert read("weight=&sentence=&sentence=+&age=40") == read("age=40")

    def test_equal_queries_have_one_key_and_the_time_read_at_is_no_part_of_it(self) -> None:
        assert read("age=40&indication=ocd&at=7d").computed == read("indication=ocd&age=40&at=56d").computed

    def test_one_thing_is_changed_and_the_rest_kept(self) -> None:
        changed = read(read(QUERY).changed(at="56d"))
        assert changed.at == "56d"
        assert changed.computed == read(QUERY).computed

    @pytest.mark.parametrize(
        ("query", "line"),
        [("indicaton=gad", "parameter 'indicaton' is unknown; did you mean 'indication'?"), ("age=40&age=50", "age")],
    )
    def test_names_are_checked(self, query: str, line: str) -> None:
        with pytest.raises(InputError, match=re.escape(line)):
            read(query)

    @pytest.mark.parametrize(
        ("query", "field", "line"),
        [
            ("indication=gadd", "indication", "did you mean 'gad'?"),
            ("option=iv-singel", "option", "did you mean 'iv-single'?"),
            ("reading=expectation", "reading", "did you mean 'expectancy'?"),
            ("at=3d", "at", "Known: 2h, 24h, 7d, 28d, 56d"),
            ("weight=abc", "weight", "'abc' is not a number; write one such as 70"),
            ("weight=0", "weight", "must be 20 to 300 kg"),
            ("weight=nan", "weight", "must be 20 to 300 kg"),
            ("age=12", "age", "adults only"),
            ("hepatic=severe", "hepatic", "has not been studied"),
            ("interaction=rifampin", "interaction", "did you mean 'rifampicin'?"),
            ("until=8+weks", "until", "weks"),
            ("patients=5000", "patients", "at most 1000 here"),
            ("patients=1.5", "patients", "not a whole number"),
        ],
    )
    def test_each_error_stands_at_its_field(self, query: str, field: str, line: str) -> None:
        (problem,) = refused(query).problems
        assert problem.field == field
        assert line in problem.line

    def test_options_are_limited(self) -> None:
        sentences = "&".join(f"sentence=ketamine+{amount}+mg+oral" for amount in range(10, 23))
        (problem,) = refused(sentences).problems
        assert (problem.field, "at most 12" in problem.line) == ("option", True)

    def test_a_sentence_is_limited(self) -> None:
        (problem,) = refused("sentence=" + "+then+".join([OWN.replace(" ", "+")] * 20)).problems
        assert problem.field == "sentence-1"
        assert "the limit here is 400" in problem.line

    def test_every_wrong_sentence_is_named_with_its_word(self) -> None:
        found = refused(
            "sentence=ketamine+0.5+mg/kg+IVV&sentence=ketamine+1+mg+oral&sentence=ketamin+1+mg+oral"
        ).problems
        assert [(each.field, each.before, each.word) for each in found] == [
            ("sentence-1", "ketamine 0.5 mg/kg ", "IVV"),
            ("sentence-3", "", "ketamin"),
        ]

    def test_what_only_the_library_can_tell_keeps_its_field(self) -> None:
        query = read("until=2h&option=placebo")
        check_compare(query, load_settings())
        with pytest.raises(Refused) as caught:
            comparison_of(query)
        assert caught.value.problems[0].field == "until"


class TestPage:
    def test_the_json_twin_is_the_library_document(self, document: dict[str, Any]) -> None:
        from ketascope.contract import check_document

        check_document("comparison", document)
        assert document == comparison_of(read(QUERY)).document()
        assert [option["id"] for option in document["options"]] == ["iv-single", "ssri", "placebo", "none", OWN]

    def test_a_link_reopened_gives_the_same_bytes(self, client: WebClient) -> None:
        first = client.get(f"/compare.json?{QUERY}").content
        assert client.get(f"/compare.json?{QUERY}").content == first
        with web_client(seconds_most=120.0) as another:
            assert another.get(f"/compare.json?{QUERY}").content == first

    def test_page_and_json_carry_the_same_numbers(self, html: str, document: dict[str, Any]) -> None:
        kinds = {
            "change": "points",
            "versus_placebo": "points",
            "response_rate": "people",
            "response_on_placebo": "people",
            "response_versus_placebo": "more_people",
            "number_needed_to_treat": "people_treated",
        }
        cells = [" ".join(cell.split()) for cell in Elements(html).cells]
        seen = 0
        for option in document["options"]:
            parts = [(option["symptoms"][part][time], kind) for part, kind in kinds.items() for time in ("2h", "28d")]
            parts += [
                (option["acute"]["dissociation_peak"], "points"),
                (option["pk"]["bioavailability"], "percent_of_one"),
            ]
            for quantity, kind in parts:
                if quantity is not None:
                    text, ends = interval(quantity, kind)
                    wanted = rf"{re.escape(text)}(\s?[\d, ]+)?" + (rf" \({re.escape(ends)}\)" if ends else "")
                    assert any(re.fullmatch(wanted, cell) for cell in cells), (option["id"], kind, text, ends)
                    seen += 1
        assert seen > 40

    def test_every_flag_stands_on_the_page(self, html: str, document: dict[str, Any]) -> None:
        for option in document["options"]:
            for flag in option["flags"]:
                assert for_page(flag["message"]) in html, flag["code"]

    def test_how_sure_anyone_is_stands_beside_the_people_who_respond(self, html: str, document: dict[str, Any]) -> None:
        told = re.findall(r'<span class="sure">(.*?)</span>', html)
        assert len(told) == len(document["options"])
        for words, option in zip(told, document["options"], strict=True):
            if option["drug"] is None:
                assert words == ""
            else:
                evidence = option["evidence"]
                none = "no randomised trial in this condition, so carried over by the model"
                assert words.startswith(f"{evidence['trials']} trial" if evidence["trials"] else none)
                assert words.endswith(f"certainty: {evidence['certainty']}")

    def test_a_price_says_what_it_is_for(self, html: str) -> None:
        assert re.search(r"300 to 700 a session\s*<", html)

    def test_a_price_has_its_source_beside_it(self, html: str, document: dict[str, Any]) -> None:
        price = next(cost for option in document["options"] if (cost := option["practical"]["cost_usd"]))
        assert price["source"].startswith("ketaminetherapyfordepression.org survey")
        assert f'<span class="ends">({price["source"]})</span>' in html

    def test_the_results_can_be_reached_at_once_and_dose_sentences_fold(self, client: WebClient, html: str) -> None:
        before_form = html[: html.index("<form")]
        assert '<a href="#results">To the results</a>' in before_form
        assert '<details class="fold">' in client.get("/?option=placebo&patients=0").text
        given = client.get("/?sentence=ketamine+0.5+mg%2Fkg+IV+over+40+min&patients=0").text
        assert '<details class="fold" open>' in given, "what was given is in sight"
        wrong = client.get("/?sentence=ketamin+0.5&patients=0").text
        assert '<details class="fold" open>' in wrong, "and so is what is wrong"

    def test_a_dose_can_be_followed_step_by_step(self, client: WebClient, html: str) -> None:
        links = re.findall(r'href="(/how-it-works\?sentence=[^"]+)"', html)
        assert links
        assert client.get(f"{links[0]}&amp;patients=0".replace("&amp;", "&")).status_code == 200

    def test_the_form_keeps_what_was_given(self, html: str) -> None:
        form = Elements(html)
        ticked = [found["value"] for found in form.of("input", name="option") if "checked" in found]
        assert ticked == ["iv-single", "ssri", "placebo", "none"]
        assert [found["value"] for found in form.of("input", name="sentence")] == [OWN, ""]
        assert form.of("input", name="patients")[0]["value"] == "20"

    def test_benefits_are_followed_by_harms_before_anything_else(self, html: str) -> None:
        places = [
            html.index(f'id="{name}"') for name in ("of-100", "change", "acute", "harms", "practical", "exposure")
        ]
        assert places == sorted(places)
        assert "contraindication" in html

    def test_it_names_the_reference_group_and_one_denominator(self, html: str, document: dict[str, Any]) -> None:
        start = html.index('id="of-100"')
        part = html[start : html.index("</section>", start)]
        assert document["about_indication"]["trial_participants"] in part
        assert part.count("of 100 people") >= 4
        assert "95% uncertainty of the mean" in part

    def test_it_says_what_it_must(self, html: str, document: dict[str, Any]) -> None:
        for words in ("Not something to do alone.", "call or text 988", "not medical advice", "not advice on a dose"):
            assert words in html
        psychotherapy = document["about_indication"]["psychotherapy"]
        assert psychotherapy["source"] in html
        assert "Psychotherapy (not simulated)" in html

    def test_each_chart_has_words_a_table_and_downloads(self, html: str) -> None:
        page = Elements(html)
        pictures = [found for found in page.of("img") if str(found["src"]).startswith("/compare/")]
        assert [str(found["src"]).partition("?")[0] for found in pictures] == [
            "/compare/symptoms.svg",
            "/compare/acute.svg",
            "/compare/cascade.svg",
        ]
        assert all(len(str(found["alt"])) > 100 for found in pictures)
        addresses = {str(found["href"]).partition("?")[0] for found in page.of("a")}
        assert {"/compare.csv", "/compare.json", "/compare/symptoms.png", "/compare/acute.png"} <= addresses

    def test_no_style_or_script_stands_in_the_page(self, html: str) -> None:
        page = Elements(html)
        assert not page.of("style")
        assert all("src" in found for found in page.of("script"))
        assert not [
            name for name, found in page.found if "style" in found or any(key.startswith("on") for key in found)
        ]

    def test_the_second_reading_changes_the_numbers(self, client: WebClient, document: dict[str, Any]) -> None:
        other = json.loads(client.get(f"/compare.json?{QUERY}&reading=expectancy").text)
        assert other["scenarios"] == ["expectancy"]
        usual, second = (found["options"][0]["symptoms"]["versus_placebo"]["2h"] for found in (document, other))
        assert usual["median"] < second["median"]

    def test_the_other_readings_address_and_time_are_links(self, client: WebClient) -> None:
        page = Elements(client.get(f"/?{SMALL}&at=7d").text)
        here = [found for found in page.of("a") if found.get("aria-current") == "true"]
        assert len(here) == 1
        assert "at=7d" in str(here[0]["href"])
        assert page.of("input", type="hidden", name="at", value="7d")


class TestErrors:
    def test_the_form_stays_filled_and_the_word_is_marked(self, client: WebClient) -> None:
        answer = client.get("/?indication=ocd&weight=80&sentence=ketamine+0.5+mg/kg+IVV")
        assert answer.status_code == 400
        assert "ketamine 0.5 mg/kg <mark>IVV</mark>" in answer.text
        assert "did you mean &#39;IV&#39;?" in answer.text
        page = Elements(answer.text)
        field = page.of("input", id="sentence-1")[0]
        assert field["value"] == "ketamine 0.5 mg/kg IVV"
        assert field["aria-invalid"] == "true"
        assert "problem-sentence-1" in str(field["aria-describedby"])
        assert page.of("input", id="weight")[0]["value"] == "80"
        assert [found["value"] for found in page.of("option") if "selected" in found] == ["ocd", "trials", "normal"]

    def test_the_twin_has_the_line_alone(self, client: WebClient) -> None:
        answer = client.get("/compare.json?weight=abc")
        assert answer.status_code == 400
        assert json.loads(answer.text) == {"error": "weight: 'abc' is not a number; write one such as 70"}

    @pytest.mark.parametrize("path", ["/compare.csv", "/compare/symptoms.svg"])
    def test_files_are_refused_too(self, client: WebClient, path: str) -> None:
        assert client.get(f"{path}?age=7").status_code == 400

    def test_what_was_written_is_escaped(self, client: WebClient) -> None:
        answer = client.get("/?sentence=%3Cscript%3Ealert(1)%3C/script%3E&weight=%22%3E%3Cb%3E")
        assert answer.status_code == 400
        assert "<script>alert" not in answer.text
        assert '"><b>' not in answer.text


class TestFiles:
    def test_the_table_has_every_quantity(self, client: WebClient, document: dict[str, Any]) -> None:
        answer = client.get(f"/compare.csv?{QUERY}")
        assert answer.headers["content-disposition"] == 'attachment; filename="comparison.csv"'
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        wanted = document["options"][1]["symptoms"]["number_needed_to_treat"]["28d"]
        (row,) = [r for r in rows if (r["option_id"], r["quantity"]) == ("ssri", "symptoms.number_needed_to_treat.28d")]
        assert float(row["median"]) == wanted["median"]

    @pytest.mark.parametrize("name", ["symptoms", "acute", "cascade"])
    def test_a_picture_is_served_as_svg(self, client: WebClient, name: str) -> None:
        drawing = client.get(f"/compare/{name}.svg?{QUERY}")
        assert drawing.headers["content-type"] == "image/svg+xml"
        assert drawing.text.startswith("<svg")

    def test_a_picture_as_png(self, client: WebClient) -> None:
        assert client.get(f"/compare/acute.png?{QUERY}").content.startswith(b"\x89PNG")

    def test_no_ketamine_no_cascade(self, client: WebClient) -> None:
        without = "option=ssri&option=placebo&patients=20"
        assert client.get(f"/compare/cascade.svg?{without}").status_code == 404
        assert "/compare/cascade.svg" not in client.get(f"/?{without}").text
