"""The page about ketascope: what it says of itself is what the packaged files hold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

import ketascope
from ketascope.care.finding import editions
from ketascope.model.parameter_store import parameters
from ketascope.report.about import about, citation_words
from page_reading import flat
from web_client import WebClient, web_client


@pytest.fixture(scope="module")
def client() -> Iterator[WebClient]:
    with web_client() as made:
        yield made


def test_page_and_json_say_the_same(client):
    document = client.get("/about.json").json()
    assert document == about()
    page = LexborHTMLParser(client.get("/about").text)
    told = [(flat(row.css_first("th").text()), int(row.css("td")[0].text())) for row in page.css("tbody tr")]
    assert told == [(row["grade"].capitalize(), row["count"]) for row in document["parameters"]["by_grade"]]
    text = flat(page.css_first("main").text())
    for words in (
        document["version"],
        f"{document['evidence']['studies']} studies",
        f"{document['claims']['count']} claims",
        f"{document['places'][0]['places']:,} places",
        document["funding"],
        citation_words(document),
        "not medical advice",
        "not a medical device",
        "No cookies are set",
    ):
        assert words in text


def test_every_parameter_is_counted_under_its_grade():
    document = about()
    grades = Counter(row.grade for row in parameters())
    assert {row["grade"]: row["count"] for row in document["parameters"]["by_grade"]} == dict(grades)
    assert document["parameters"]["count"] == len(parameters())
    assert document["places"] == editions()
    assert document["version"] == ketascope.__version__


def test_the_citation_is_that_of_the_citation_file(root: Path):
    cited = (root / "CITATION.cff").read_text(encoding="utf-8")
    citation = about()["citation"]
    for key in ("message", "title", "license", "version"):
        (value,) = re.findall(rf'^{key}: "?(.+?)"?$', cited, re.MULTILINE)
        assert citation[key] == value
    assert citation["authors"] == re.findall(r'^  - name: "(.+)"$', cited, re.MULTILINE)


def test_the_funding_sentence_is_written_for_a_reader_of_a_page():
    words = about()["funding"]
    assert not re.search(r"readme|citation file|\.cff", words, re.IGNORECASE)
    assert re.search(r"grant, sponsor or payment", words)


def test_no_funding_is_named_anywhere_that_the_page_says_names_none(root: Path):
    for name in ("README.md", "CITATION.cff"):
        text = (root / name).read_text(encoding="utf-8").lower()
        assert not re.search(r"\bfund(ed|ing|er)|\bgrants?\b|\bsponsor", text), name


def test_nothing_of_the_machine_is_told(client):
    for address in ("/about", "/about.json"):
        text = client.get(address).text
        assert str(Path.home()) not in text
        assert "duckdb" not in text


def test_no_script_uses_the_storage_or_the_cookies_of_a_browser(client, root: Path):
    for script in (root / "src" / "ketascope" / "web" / "static").glob("*.js"):
        assert not re.search(r"localStorage|sessionStorage|indexedDB|document\.cookie", script.read_text("utf-8")), (
            script
        )


def test_an_unknown_parameter_is_refused(client):
    assert client.get("/about?x=1").status_code == 400
    assert client.get("/about.json?x=1").json().keys() == {"error"}


def test_the_page_obeys_its_policy(client):
    text = client.get("/about").text
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]* src=)|javascript:", text)
