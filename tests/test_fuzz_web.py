"""Addresses and forms made up by a machine: the web app answers with a page or one line, never with a failure."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzzing import cases, check_line
from web_client import WebClient, web_client

# Answers to a visitor; 503 and 504 say that the machine is busy. Anything else of 500 and over is a failure.
FAILURE = 500
BUSY = (503, 504)
PAGES = [
    "compare",
    "how-it-works",
    "care",
    "evidence",
    "evidence/studies",
    "evidence/ledger",
    "parameters",
    "audit",
    "about",
    "health",
]
FIELDS = [
    *(
        "option",
        "sentence",
        "indication",
        "weight",
        "age",
        "sex",
        "hepatic",
        "interaction",
        "scenario",
        "sampling",
        "until",
    ),
    *(
        "patients",
        "seed",
        "place",
        "radius",
        "service",
        "telemedicine",
        "treatment",
        "outcome",
        "study",
        "grade",
        "name",
        "v",
        "page",
    ),
]
VALUES = st.one_of(
    st.sampled_from(
        ["gad", "ptsd", "iv-single", "none", "07030", "Hoboken NJ", "venous", "hnk", "5", "70", "8wk", "2 mi", "ssri"]
    ),
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
QUERIES = st.lists(st.tuples(st.sampled_from(FIELDS) | st.text(max_size=5), VALUES), max_size=4)


@pytest.fixture(scope="module")
def client() -> Iterator[WebClient]:
    with web_client(patients_most=10, options_most=1) as made:
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
@given(query=QUERIES)
def test_a_page_with_any_query(client, page, query):
    text = urlencode(query, errors="replace")
    check(client, f"/{page}.json?{text}" if page != "audit" else f"/{page}?{text}")


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
        {"data": fields | {"no_live": "yes"}},
        {"content": body, "headers": {"content-type": "multipart/form-data; boundary=x"}},
    ):
        answer = client.post("/audit.json", **sent)
        assert answer.status_code < FAILURE or answer.status_code in BUSY, answer.status_code
        assert "Traceback" not in answer.text
