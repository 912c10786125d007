"""The page of places: one answer as page, JSON, CSV and map; errors beside their field; nothing kept, nothing run."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from selectolax.lexbor import LexborHTMLParser

from ketascope.care.finding import find
from ketascope.report.care_page import places_html
from ketascope.report.care_words import distance_words
from page_reading import flat
from web_client import WebClient, web_client

NEAR_HOBOKEN = "place=07030&within=50mi&offers=ketamine-infusion"
HOSTILE = "<script>alert('x')</script>\"'{{7*7}}"


@pytest.fixture(scope="module")
def client() -> Iterator[WebClient]:
    with web_client() as made:
        yield made


def read(text: str) -> LexborHTMLParser:
    return LexborHTMLParser(text)


def value_of(page: LexborHTMLParser, name: str) -> str:
    (field,) = page.css(f"input[name='{name}']:not([type=checkbox])")
    return field.attributes["value"] or ""


def ticked(page: LexborHTMLParser, name: str) -> list[str]:
    return [str(box.attributes["value"]) for box in page.css(f"input[name='{name}'][checked]")]


# One answer in four forms


def test_page_json_csv_and_map_carry_the_same_places(client):
    document = client.get(f"/care.json?{NEAR_HOBOKEN}").json()
    assert document == find("07030", within="50mi", offers=["ketamine-infusion"])
    names = [row["name"] for row in document["results"]]
    assert names[0] == "VA NY Harbor Healthcare System"

    page = read(client.get(f"/care?{NEAR_HOBOKEN}").text)
    assert [flat(node.text()) for node in page.css(".places h3")] == names
    shown = [flat(node.text()) for node in page.css(".places .distance")]
    assert shown == [distance_words(row["distance_km"]) for row in document["results"]]

    answer = client.get(f"/care.csv?{NEAR_HOBOKEN}")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["name"] for row in rows] == names
    assert [float(row["distance_km"]) for row in rows] == [row["distance_km"] for row in document["results"]]
    assert answer.headers["content-disposition"] == 'attachment; filename="places.csv"'

    picture = client.get(f"/care/map.svg?{NEAR_HOBOKEN}")
    assert picture.headers["content-type"].startswith("image/svg+xml")
    assert picture.text.startswith("<svg")
    assert all(f">{number}<" in picture.text for number in range(1, len(names) + 1))


def test_the_same_address_gives_the_same_bytes(client):
    first, again = (client.get(f"/care.json?{NEAR_HOBOKEN}") for _ in range(2))
    assert first.content == again.content
    assert client.get(f"/care?{NEAR_HOBOKEN}").content == client.get(f"/care?{NEAR_HOBOKEN}").content


def test_the_page_shows_the_cards_of_the_offline_page(client):
    offline = read(places_html(find("07030", within="50mi", offers=["ketamine-infusion"])))
    online = read(client.get(f"/care?{NEAR_HOBOKEN}").text)
    for part in (".places", ".checks", ".guide", ".map"):
        assert flat(online.css_first(part).html) == flat(offline.css_first(part).html), part


def test_the_list_stands_before_the_map_and_both_before_what_to_ask(client):
    text = client.get(f"/care?{NEAR_HOBOKEN}").text
    order = [text.index(part) for part in ("<form", 'class="places"', "<svg", 'id="checks"', 'id="ask"')]
    assert order == sorted(order)


def test_downloads_lead_to_the_same_search(client):
    page = read(client.get(f"/care?{NEAR_HOBOKEN}&limit=3&payment=").text)
    links = [str(node.attributes["href"]) for node in page.css(".tools a")]
    assert [link.partition("?")[0] for link in links] == ["/care.json", "/care.csv", "/care/map.svg"]
    document = client.get(links[0]).json()
    assert document["query"]["limit"] == 3
    assert document["query"]["within_km"] == pytest.approx(80.4672)
    assert document["query"]["offers"] == ["ketamine-infusion"]


def test_filters_of_each_group_reach_the_search(client):
    query = "place=07030&payment=medicare,medicaid&age_group=adults&language=spanish&telehealth=yes&offers=CBT&limit=2"
    asked = client.get(f"/care.json?{query}").json()["query"]
    assert asked["payment"] == ["medicare", "medicaid"]
    assert (asked["age_group"], asked["language"], asked["offers"]) == (["adults"], ["spanish"], ["cbt"])
    assert asked["telehealth"] is True
    page = read(client.get(f"/care?{query.replace('CBT', 'cbt')}").text)
    assert ticked(page, "payment") == ["medicare", "medicaid"]
    assert ticked(page, "telehealth") == ["yes"]
    opened = [flat(node.css_first("summary").text()) for node in page.css("details.filter[open]")]
    assert opened == ["Other services", "Payment", "Age group", "Language"]


# Without a place


def test_without_a_place_the_page_is_a_form_with_the_guide(client):
    answer = client.get("/care")
    page = read(answer.text)
    assert answer.status_code == 200
    assert page.css(".places") == page.css(".problem") == page.css(".field-problem") == []
    assert page.css_first("#ask") is not None
    assert "1,490 places" in flat(page.css_first("main").text())
    assert client.get("/care?place=&within=&limit=10").status_code == 200


@pytest.mark.parametrize("address", ["/care.json", "/care.csv", "/care/map.svg", "/care.json?place=++"])
def test_without_a_place_there_is_nothing_to_download(client, address):
    answer = client.get(address)
    assert answer.status_code == 400
    assert "place: none was given; write a ZIP" in answer.text.replace("&#39;", "'")


# Errors that help


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("place", "Hobken", "no such town is known; did you mean Hoboken, GA; Hoboken, NJ"),
        ("place", "00000", "no such ZIP is known"),
        ("within", "50", "'50' has no unit; write 50mi or 50km"),
        ("within", "-3mi", "no distance to search within"),
        ("limit", "0", "'0' is not a whole number from 1 to 500"),
        ("limit", "ten", "'ten' is not a whole number from 1 to 500"),
        ("limit", "9999999999", "is not a whole number from 1 to 500"),
        ("offers", "ketamin", "did you mean 'ketamine-infusion'?"),
        ("payment", "spanish", "it belongs to language"),
        ("age_group", "babies", "unknown word 'babies' for age-group"),
        ("language", "klingon", "unknown word 'klingon' for language"),
        ("telehealth", "maybe", "'maybe' is neither yes nor no"),
    ],
)
def test_an_error_stands_beside_its_field_and_the_form_stays_filled(client, field, text, words):
    fields = {"place": "07030", "within": "20mi", "payment": "medicaid", field: text}
    answer = client.get(f"/care?{urlencode(fields)}")
    page = read(answer.text)
    assert answer.status_code == 400
    assert words in flat(page.css_first(f"#problem-{field}").text())
    assert page.css(".places") == []
    for name in {"place", "within", "limit"} & set(fields):
        assert value_of(page, name) == fields[name]
    if field != "payment":
        assert ticked(page, "payment") == ["medicaid"]
    twin = client.get(f"/care.json?{urlencode(fields)}")
    assert twin.status_code == 400
    assert words in twin.json()["error"]


def test_a_misspelt_town_offers_searches_that_keep_the_rest_and_work(client):
    page = read(client.get(f"/care?place=Hobken&{NEAR_HOBOKEN.partition('&')[2]}").text)
    links = {flat(node.text()): str(node.attributes["href"]) for node in page.css(".meant a")}
    assert list(links) == ["Hoboken, GA", "Hoboken, NJ", "Hobucken, NC"]
    found = client.get(links["Hoboken, NJ"].replace("/care?", "/care.json?")).json()
    assert found["place"]["label"] == "Hoboken, NJ"
    assert found["query"]["offers"] == ["ketamine-infusion"]
    assert "1-800-662-4357" in page.css_first("#results").text()


@pytest.mark.parametrize(
    ("place", "meant"),
    [
        ("7030", ["07030"]),
        ("Hoboken", ["Hoboken, GA", "Hoboken, NJ"]),
        ("Princton, NJ", ["Princeton, NJ"]),
        ("Hoboken, NW", ["Hoboken, NJ"]),
        ("Toronto, Canada", []),
    ],
)
def test_what_could_be_meant_is_offered_as_links(client, place, meant):
    page = read(client.get(f"/care?{urlencode({'place': place})}").text)
    found = [flat(node.text()) for node in page.css(".meant a")]
    assert set(meant) <= set(found)
    assert bool(meant) is bool(found)
    assert all(client.get(str(node.attributes["href"])).status_code == 200 for node in page.css(".meant a")[:1])


def test_where_nothing_is_found_the_search_can_be_widened_and_there_is_a_number_to_call(client):
    page = read(client.get("/care?place=59001&within=10mi&offers=ketamine-infusion&payment=medicaid").text)
    assert "No place in these sources matches" in page.css_first("#results").text()
    assert "1-800-662-4357" in page.css_first("#results").text()
    links = {flat(node.text()): str(node.attributes["href"]) for node in page.css(".wider a")}
    assert links == {
        "Any distance": "/care?place=59001&offers=ketamine-infusion&payment=medicaid",
        "Without the filters": "/care?place=59001&within=10mi",
    }
    assert client.get(links["Any distance"].replace("/care", "/care.json")).json()["counts"]["matching"] > 0


def test_an_unknown_parameter_names_the_nearest_and_one_given_twice_is_refused(client):
    answer = client.get("/care?place=07030&offer=tms")
    assert answer.status_code == 400
    line = flat(read(answer.text).css_first("#results .problem").text())
    assert line.startswith("parameter 'offer' is unknown; did you mean 'offers'?")
    assert "stands twice" in client.get("/care.json?place=07030&place=10001").json()["error"]


# Private and safe


def test_no_search_is_kept():
    with web_client() as fresh:
        fresh.get(f"/care.json?{NEAR_HOBOKEN}")
        fresh.get(f"/care?{NEAR_HOBOKEN}")
        counts = fresh.get("/health").json()["computing"]
    assert counts["computed"] == 4  # two questions read and two answered
    assert counts["kept"] == counts["kept_bytes"] == counts["waiting"] == 0


@pytest.mark.parametrize(
    "text",
    [HOSTILE, "\x1b[31m07030", "\u202e07030", "é" * 200, "0" * 3000, "'; DROP TABLE place; --", "NaN,inf", "%00"],
)
@pytest.mark.parametrize("field", ["place", "within", "offers", "limit", "nonsense"])
def test_hostile_words_are_text_and_never_a_failure(client, field, text):
    query = urlencode({"place": "07030", field: text})
    answer = client.get(f"/care?{query}")
    assert answer.status_code == 400
    page = read(answer.text)
    assert all(node.attributes.get("src") for node in page.css("script"))
    assert "49" not in page.css_first("#results").text(deep=True).partition("What this list")[0]
    assert client.get(f"/care.json?{query}").json().keys() == {"error"}


@pytest.mark.parametrize(
    "address", ["/care", f"/care?{NEAR_HOBOKEN}", "/care?place=Hobken", "/care?place=59001&within=1mi"]
)
def test_the_page_obeys_its_policy_and_has_unique_ids(client, address):
    text = client.get(address).text
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]* src=)|javascript:", text)
    page = read(text)
    ids = [node.attributes["id"] for node in page.css("[id]")]
    assert len(ids) == len(set(ids))
    named = {str(node.attributes["href"])[1:] for node in page.css("a[href^='#']")}
    assert named <= set(ids)
    for node in page.css("[aria-describedby], [aria-labelledby]"):
        for name in ("aria-describedby", "aria-labelledby"):
            assert set((node.attributes.get(name) or "").split()) <= set(ids)


def test_the_style_sheet_holds_the_pieces_of_the_report(client):
    style = client.get("/static/care.css")
    assert style.status_code == 200
    assert "{{" not in style.text
    for rule in (".places", ".list-and-map", ".map [fill=", ".meant", "@media print"):
        assert rule in style.text
