"""The page of all numbers of the model, and how pages say what the library words for a command line."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from ketascope.model.parameter_store import GRADES, parameters
from ketascope.report.parameter_table import few_digits, label
from ketascope.web.wording import _phrases, for_page
from web_client import WebClient, web_client

PAGES = (
    "/?patients=0&option=iv-single&option=ssri&option=placebo",
    "/how-it-works?patients=0",
    "/parameters?grade=assumed",
    "/evidence",
    "/evidence?indication=ptsd",
    "/evidence/studies/feder2014",
    "/evidence/ledger?sampling=venous",
    "/audit",
    "/care?place=59001&limit=2",
    "/about",
    "/api",
)


@pytest.fixture(scope="module")
def client() -> Iterator[WebClient]:
    with web_client(seconds_most=60.0) as made:
        yield made


def entries(page: str) -> dict[str, str]:
    """The words of each row by its name."""
    return {
        name: " ".join(html.unescape(re.sub("<[^>]+>", " ", text)).split())
        for name, text in re.findall(r'<div id="(\w+\.\w+)"[^>]*>(.*?)</div>', page, re.S)
    }


@pytest.mark.parametrize("grade", ["", *GRADES])
def test_every_number_of_a_grade_is_listed_with_what_it_rests_on(client, grade):
    rows = parameters(None, grade or None)
    listed = entries(client.get("/parameters", params={"grade": grade}).text)
    assert list(listed) == [row.name for row in rows]
    for row in rows:
        for told in (f"{few_digits(row.value)} {row.unit}", row.grade, row.source, row.population):
            assert " ".join(told.split()) in listed[row.name]


def test_the_json_twin_has_the_rows_as_the_command_prints_them(client):
    rows = json.loads(json.dumps([asdict(row) for row in parameters("acute", "assumed")]))
    assert client.get("/parameters.json?name=acute&grade=assumed").json() == {"parameters": rows}


@pytest.mark.parametrize(
    ("query", "line"),
    [
        ("grade=assumd", "grade &#39;assumd&#39; is unknown"),
        ("name=recptor", "did you mean &#39;receptor&#39;"),
        ("grades=assumed", "did you mean &#39;grade&#39;"),
    ],
)
def test_what_cannot_be_used_is_named(client, query, line):
    page = client.get(f"/parameters?{query}")
    assert page.status_code == 400
    assert line in page.text
    assert "ketascope parameters" not in page.text
    assert client.get(f"/parameters.json?{query}").status_code == 400


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("plasticity.hnk_weight", "HNK weight"),
        ("trials.fast_off_half_life_h", "fast off half life"),
        ("pooled.clearance_s_ketamine_l_per_h", "clearance S-ketamine"),
        ("receptor.r_ketamine_benefit_weight", "R-ketamine benefit weight"),
        ("symptoms.drug_response_sd", "drug response SD"),
        ("trials.ssri_half_life_d_gad", "SSRI half life GAD"),
    ],
)
def test_a_row_has_a_name_in_words(name, words):
    assert label(name) == words


@pytest.mark.parametrize(
    ("value", "text"), [(86.9832, "86.98"), (0.0436831, "0.04368"), (12345.6, "12,350"), (0.0, "0")]
)
def test_a_value_on_a_page_has_four_digits(value, text):
    assert few_digits(value) == text


# --- wording


def test_commands_and_names_of_rows_become_links_and_the_rest_is_escaped():
    said = "rests on 1 value, among them symptoms.drug_response_sd <b> (ketascope parameters --grade assumed lists all)"
    assert for_page(said) == (
        'rests on 1 value, among them <a href="/parameters#symptoms.drug_response_sd">drug response SD</a> &lt;b&gt; '
        '(<a href="/parameters?grade=assumed">all assumed values</a>)'
    )
    assert for_page("symptoms.drug_response_sd_of_another") == "symptoms.drug_response_sd_of_another"


def test_every_phrase_that_is_said_otherwise_is_still_said_by_the_library(root: Path):
    package = root / "src" / "ketascope"
    sources = [path for part in ("*.py", "*.toml") for path in package.rglob(part) if "web" not in path.parts]
    told = " ".join(re.sub(r'"\s+f?"', "", path.read_text(encoding="utf-8")) for path in sources)
    for said in _phrases():
        assert said in told


@pytest.mark.parametrize("address", PAGES)
def test_no_page_tells_a_visitor_to_type_a_command(client, address):
    main = re.search("<main.*</main>", client.get(address).text, re.S)[0]
    words = html.unescape(re.sub("<[^>]+>", " ", main))
    # Only the audit names a command: this service fetches no address, so that is a thing for one's own machine.
    assert not re.search(r"(?<!\S)--[a-z]|ketascope (parameters|providers|compare|find|validate)\b", words)
    assert "in_sample" not in words


@pytest.mark.parametrize("address", PAGES)
def test_every_link_of_a_page_leads_somewhere(client, address):
    page = client.get(address).text
    links = {html.unescape(link) for link in re.findall(r'href="([^"]+)"', page)}
    own = {urljoin(address, link) for link in links if not re.match("[a-z]+:", link)}
    # Whole computations and files are asked for by tests of their own.
    quick = {link for link in own if "." not in urlsplit(link).path and not urlsplit(link).query}
    assert quick
    for link in quick:
        there = client.get(urlsplit(link).path)
        assert there.status_code == 200, link
        assert not urlsplit(link).fragment or f'id="{urlsplit(link).fragment}"' in there.text or link.startswith("/#")
