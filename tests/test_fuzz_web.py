"""Addresses and forms made up by a machine: the web app answers with a page or one line, never with a failure."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzzing import cases, check_line
from ketascope.web.queries.care import CareQuery
from ketascope.web.queries.compare import CompareQuery
from ketascope.web.queries.evidence import EvidenceQuery, LedgerQuery, StudiesQuery
from ketascope.web.queries.mechanism import MechanismQuery
from ketascope.web.queries.parameters import ParametersQuery
from web_client import WebClient, web_client

# Answers to a visitor; 503 and 504 say that the machine is busy. Anything else of 500 and over is a failure.
FAILURE = 500
BUSY = (503, 504)
# What each page reads; the names and the words that it knows, so that most queries come as far as the work itself.
READS = {
    "compare": CompareQuery,
    "how-it-works": MechanismQuery,
    "care": CareQuery,
    "evidence": EvidenceQuery,
    "evidence/studies": StudiesQuery,
    "evidence/ledger": LedgerQuery,
    "parameters": ParametersQuery,
}
PAGES = [*READS, "audit", "about", "health"]
# Small enough for the limits of the app below, where nothing else is drawn.
SMALL = {
    "compare": {"option": "iv-single", "patients": "5"},
    "how-it-works": {"patients": "5"},
    "care": {"place": "07030", "within": "20mi"},
}
WORDS = {
    "indication": ["gad", "ptsd", "ocd", "mdd", "all"],
    "option": ["iv-single", "none", "ssri", "placebo"],
    "sentence": ["ketamine 0.5 mg/kg IV over 40 min", "esketamine 56 mg nasal", "ketamine 50 mg oral q 1 d x 400"],
    "weight": ["20", "300", "70.5"],
    "age": ["18", "120", "17"],
    "hepatic": ["mild", "moderate", "severe"],
    "interaction": ["ticlopidine", "rifampicin"],
    "scenario": ["expectancy", "masked", "hnk"],
    "sampling": ["venous", "arterial", "venous-published"],
    "until": ["1d", "8wk", "9999d"],
    "patients": ["0", "1", "10", "11"],
    "seed": ["0", "7", "-1"],
    "at": ["28d", "24h", "40min"],
    "reading": ["trials", "expectancy"],
    "place": ["07030", "Hoboken, NJ", "40.7,-74.0", "89.9,0", "Springfield"],
    "within": ["2 mi", "80km", "9000km"],
    "offers": ["ketamine-infusion", "esketamine"],
    "payment": ["medicaid"],
    "age_group": ["adults,seniors"],
    "language": ["spanish"],
    "telehealth": ["yes", "no"],
    "limit": ["1", "500", "501"],
    "outcome": ["response", "remission", "symptoms"],
    "treatment": ["ketamine", "esketamine", "ssri"],
    "time": ["day", "primary", "longer"],
    "measure": ["smd", "md", "or", "rr"],
    "estimator": ["DL", "FE"],
    "test": ["z", "KH"],
    "name": ["pooled", "absorption", "trials.visit_log_fall"],
    "grade": ["assumed", "estimated"],
}
VALUES = st.one_of(
    st.sampled_from(
        [
            "1e309",
            "nan",
            "-1",
            "9" * 30,
            "9" * 5000,
            "\u202e",
            "\x00",
            "%",
            "<script>",
            "'; drop table",
            "../../etc",
            "٣",
        ]
    ),
    st.text(max_size=12),
)


def queries(page: str) -> st.SearchStrategy[list[tuple[str, str]]]:
    """Names that the page knows with words of theirs, hostile values, and now and then a name that it does not know."""
    names = list(READS[page].model_fields) if page in READS else ["v", "page"]
    known = st.sampled_from(names).flatmap(
        lambda name: st.tuples(st.just(name), st.one_of(st.sampled_from(WORDS.get(name, ["5"])), VALUES))
    )
    drawn = st.lists(known, max_size=3, unique_by=lambda pair: pair[0])
    odd = st.one_of(st.just([]), st.just([]), st.lists(st.tuples(st.text(max_size=5), VALUES), max_size=1))
    return st.builds(lambda told, more: [*(SMALL.get(page, {}) | dict(told)).items(), *more], drawn, odd)


@pytest.fixture(scope="module")
def client() -> Iterator[WebClient]:
    with web_client(patients_most=10, options_most=2) as made:
        yield made


def check(client: WebClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code < FAILURE or answer.status_code in BUSY, f"{answer.status_code} {address}"
    assert "Traceback" not in answer.text
    assert "set-cookie" not in answer.headers
    if answer.status_code == 400 and answer.headers["content-type"].startswith("application/json"):
        check_line(answer.json()["error"])


@pytest.mark.parametrize("page", PAGES)
@cases(10)
@given(data=st.data())
def test_a_page_with_any_query(client, page, data):
    text = urlencode(data.draw(queries(page)), errors="replace")
    check(client, f"/{page}?{text}" if page in ("audit", "health") else f"/{page}.json?{text}")


@cases(20)
@given(
    path=st.lists(
        st.sampled_from(["compare", "evidence", "studies", "static", "..", "%2e%2e", "%00", "a" * 300])
        | st.text(max_size=6),
        max_size=4,
    )
)
def test_any_path(client, path):
    from urllib.parse import quote

    # Whole addresses, since a client takes a path that begins with two strokes for a host.
    check(
        client,
        "http://127.0.0.1/"
        + "/".join(part if part.startswith("%") else quote(part, errors="replace") for part in path),
    )


@cases(20)
@given(
    fields=st.dictionaries(st.sampled_from(["text", "no_live", "seed", "file", "x"]), VALUES, max_size=4),
    body=st.binary(max_size=80),
)
def test_any_form_for_an_audit(client, fields, body):
    for sent in (
        {"files": {name: (None, value) for name, value in (fields | {"no_live": "yes"}).items()}},
        {"files": {"file": ("a.html", body), "no_live": (None, "yes")}},
        {"content": body, "headers": {"content-type": "multipart/form-data; boundary=x"}},
    ):
        answer = client.post("/audit.json", **sent)
        assert answer.status_code < FAILURE or answer.status_code in BUSY, answer.status_code
        assert "Traceback" not in answer.text
