"""PDF: the text layer put back into sentences, and one line for everything else."""

from __future__ import annotations

import time

import pytest

from claim_documents import bomb, pdf
from ketascope import InputError
from ketascope.claims.article import read_article
from ketascope.claims.reading import pdf as reading
from ketascope.claims.sentences import split_sentences

PAGE = [
    "Leaflet of a made-up clinic",
    "Ketamine is a drug that has long been used for anaes-",
    "thesia, and it is now being tried in people who have",
    "treatment-resistant depression. It is (so far) not",
    "approved for anxiety.",
    "Page 1 of 3",
]


def test_lines_are_joined_over_pages_and_running_heads_go() -> None:
    second = [
        "Leaflet of a made-up clinic",
        "The benefit of one infusion usually fades in the course of",
        "Page 2 of 3",
    ]
    third = ["Leaflet of a made-up clinic", "a few days, and nobody knows why it does.", "Page 3 of 3"]
    article = read_article("a.bin", content=pdf([PAGE, second, third], title="A leaflet"))
    assert (article.format, article.title, article.notes) == ("pdf", "A leaflet", ())
    assert [each.text for each in split_sentences(article)] == [
        "Ketamine is a drug that has long been used for anaesthesia, and it is now being tried in people who have "
        "treatment-resistant depression.",
        "It is (so far) not approved for anxiety.",
        "The benefit of one infusion usually fades in the course of a few days, and nobody knows why it does.",
    ]


def test_a_page_without_text_is_noted() -> None:
    article = read_article("a.pdf", content=pdf([PAGE, []]))
    assert article.notes == ("1 of 2 pages hold no text (pictures are not read)",)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (pdf([[], []]), "cannot tell: a.pdf has no text layer.*OCR"),
        (pdf([["x"]], extra=b"/Encrypt << /Filter /Standard /V 1 /R 2 /O (aaaa) /U (bbbb) /P -4 >> "), "locked|broken"),
        (pdf([["x"]], extra=b"/Encrypt << /Filter /Unknown >> "), "locked|broken"),
        (b"%PDF-1.7\n", "broken PDF"),
        (b"%PDF-1.4\n" + bytes(range(256)) * 50, "broken PDF"),
        (pdf([PAGE])[:300], "broken PDF"),
        (pdf([["x"]] * 301), "301 pages; audit reads up to 300"),
        (pdf([PAGE], packed=bomb(200_000_000)), "no text layer|too much memory|longer than"),
    ],
)
def test_what_cannot_be_read_is_one_line(content: bytes, words: str) -> None:
    start = time.perf_counter()
    with pytest.raises(InputError, match=words) as caught:
        read_article("a.pdf", content=content)
    assert "\n" not in str(caught.value)
    assert time.perf_counter() - start < 40


def test_time_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {"pdf_seconds": 0.0, "pdf_pages": 300, "pdf_memory_bytes": 1.5e9}
    monkeypatch.setattr(reading, "reading_limit", limits.__getitem__)
    with pytest.raises(InputError, match="took longer than 0 s"):
        read_article("a.pdf", content=pdf([PAGE]))
