"""Texts to audit that are odd, hostile or damaged: each is audited, or refused in one line, in bounded time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claim_documents import pdf
from fuzzing import cases, mutated, numbers, result_or_line
from ketascope.claims.article import read_article
from ketascope.claims.auditing import audit, audit_text

SECONDS_MOST = 20.0
SENTENCES = [
    "Ketamine works within 2 hours in most patients with PTSD.",
    "Ketamine raises glutamate and builds new synapses.",
    "SSRIs take 4 to 6 weeks to work.",
    "Intravenous ketamine has a bioavailability of 100%.",
    "70% of people with OCD responded, compared with 0% on placebo (p < 0.001).",
]
ODD = [
    *(
        "\u202e",
        "\u2066",
        "\u200f",
        "\u200d",
        "\ufeff",
        "\x00",
        "\x1b[2J",
        "\u0301" * 30,
        "\U0001f469\u200d\U0001f52c",
        "\ufdfa",
    ),
    *(
        "<script>alert(1)</script>",
        "<!--",
        "&#x202e;",
        "&#0;",
        "<b",
        "]]>",
        "](javascript:x)",
        "```",
        "\u2028",
        "\ud800",
        "\r",
    ),
    *("1e309%", "100000000000000000000000%", "p < 0.000000000000001", "- " * 50, "# " * 50, "ß" * 100, "İ", "ﬃ", "٣٤%"),
]
NAMES = ["a.txt", "a.md", "a.html", "-", "a.pdf", "a"]
HTML = (
    "<html><head><title>On ketamine</title></head><body><h1>Ketamine</h1><p>"
    + "</p><p>".join(SENTENCES)
    + "</p></body></html>"
)
MARKDOWN = "# On ketamine\n\n" + "\n\n".join(SENTENCES) + "\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
PDF = pdf([SENTENCES, SENTENCES[::-1]], title="On ketamine")


@cases(40)
@given(
    parts=st.lists(st.sampled_from([*SENTENCES, *ODD]) | st.text(max_size=20), max_size=12),
    gap=st.sampled_from([" ", "\n", "", "\n\n"]),
)
def test_sentences_among_odd_characters_are_audited_or_refused(parts, gap):
    document = result_or_line(lambda: audit_text(gap.join(parts), live=False))
    if isinstance(document, str):
        return
    text = document["article"]["text"]
    for claim in document["claims"]:
        assert 0 <= claim["start"] < claim["end"] <= len(text)
    assert all(value == value for _, value in numbers(document))


@pytest.mark.parametrize("odd", ODD)
def test_each_odd_character_between_two_sentences(odd):
    document = result_or_line(lambda: audit_text(f"{SENTENCES[0]} {odd}{SENTENCES[1]} {SENTENCES[2]}{odd}", live=False))
    assert isinstance(document, str) or document["summary"]


@pytest.mark.parametrize(
    ("name", "content"), [("a.html", HTML.encode()), ("a.md", MARKDOWN.encode()), ("a.txt", HTML.encode("utf-16"))]
)
@cases(40)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_damaged_article(name, content, seed):
    result_or_line(lambda: audit(name, content=mutated(content, seed), live=False))


@cases(6)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_damaged_pdf(seed):
    result_or_line(lambda: audit("a.pdf", content=mutated(PDF, seed, changes=20), live=False))


@pytest.mark.parametrize("name", NAMES[:4])
@cases(40)
@given(content=st.binary(max_size=400))
def test_any_bytes_as_an_article(name, content):
    result_or_line(lambda: read_article(name, content=content))


@pytest.mark.parametrize("unit", ["ketamine 5% ", "of 12 in 3 ", "PTSD OCD GAD ", "2 hours 4 weeks ", "not never no "])
def test_one_line_without_end_is_audited_in_bounded_time(unit):
    start = time.monotonic()
    result_or_line(lambda: audit_text(unit * (20_000 // len(unit)), live=False))
    assert time.monotonic() - start < SECONDS_MOST
