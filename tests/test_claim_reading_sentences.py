"""Sentences end where they should, and their offsets are exact."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claim_documents import one_line
from ketascope import InputError
from ketascope.claims.article import Article, read_article
from ketascope.claims.sentences import split_sentences


def split(text: str) -> list[str]:
    return [each.text for each in split_sentences(Article(text, "", "here", "text"))]


@pytest.mark.parametrize(
    "text",
    [
        "It works, said Dr. Smith and Prof. J. K. Lee of the clinic.|It fades.",
        "Some drugs (e.g. ketamine, i.e. a blocker) vs. SSRIs are new.|Others are not.",
        "In the U.S. Food and Drug Administration rules, it is off-label.|So it is.",
        "It is sold in the U.S. Ketamine is not approved there.".replace(". K", ".|K"),
        "They gave 0.5 mg/kg over 40 min. and waited.|It rose by 1.5 points.",
        "She took 50 mg. Ketamine then worked.".replace(". K", ".|K"),
        "Taylor et al. 2018 found less (Fig. 2).|More is needed.",
        "It fell by 3.4 (p = .02).[12]|It rose later.[3,4]|Then it ended.",
        "“It cures.”|“It does not,” he said.|Really?|Yes!",
        "“Really?” he asked.|He went on ... and on.",
        "Is it approved?|No.|Ketamine is not.",
        "See No. 5 on the list.|It costs $400.00 a dose.",
        "it works fast. it is not approved.".replace(". i", ".|i"),
        "It took weeks.|Ketamine takes hours.",
        "He has a Ph.D. in biology and an M.D. The other has none.".replace(". T", ".|T"),
        "They went to the ED. Ketamine was given.".replace(". K", ".|K"),
        "Wait…|It works.",
    ],
)
def test_where_sentences_end(text: str) -> None:
    assert split(text.replace("|", " ")) == text.split("|")


def test_a_missing_space_is_forgiven() -> None:
    assert split("It took weeks.Ketamine takes hours.") == ["It took weeks.", "Ketamine takes hours."]


def test_what_has_no_end_is_cut_at_a_gap() -> None:
    pieces = split("ketamine helps " * 1000)
    assert max(map(len, pieces)) <= 2000
    assert all(piece.startswith("ketamine") and piece.endswith("helps") for piece in pieces)
    assert {len(piece) for piece in split("x" * 5000)} == {2000, 1000}


def check(article: Article) -> None:
    before = 0
    for each in split_sentences(article):
        assert article.text[each.start : each.end] == each.text
        assert each.text == each.text.strip()
        assert "\n" not in each.text
        assert 0 < len(each.text) <= 2000
        assert each.start >= before
        before = each.end


@given(st.text(max_size=300))
def test_offsets_are_exact_for_any_text(text: str) -> None:
    check(Article(text, "", "here", "text"))


PIECES = st.sampled_from(
    [
        "Dr. ",
        "U.S. ",
        "mg. ",
        "0.5 ",
        "ketamine ",
        "Is ",
        "?",
        ". ",
        "…",
        "\n",
        "\n\n",
        "- ",
        "# ",
        "<p>",
        "</p>",
        "<b",
        "&amp;",
        "<!--",
        "-->",
        "<script>",
        "</script>",
        "<td>",
        "<br>",
        "\u202e",
        "\u200b",
        "\x00",
        "”",
        "[1] ",
        "**",
        "`",
        "](",
        "<sup>1</sup>",
    ]
)


@given(st.lists(PIECES, max_size=60), st.sampled_from(["a.txt", "a.md", "a.html", "-"]))
def test_offsets_are_exact_for_any_article(pieces: list[str], name: str) -> None:
    try:
        article = read_article(name, content="".join(pieces).encode())
    except InputError as error:
        one_line(error)
        return
    check(article)
    assert not set("\x00\u202e\u200b") & set(article.text)


@given(st.binary(max_size=400), st.sampled_from(["a.txt", "a.md", "a.html", "-"]))
def test_any_bytes_are_an_article_or_one_line(content: bytes, name: str) -> None:
    try:
        check(read_article(name, content=content))
    except InputError as error:
        one_line(error)


@pytest.mark.parametrize("name", ["clinic_page.md", "hospital_leaflet.html", "news_report.txt"])
def test_labelled_articles_split_into_their_labelled_sentences(name: str, root: Path) -> None:
    import json

    folder = root / "tests" / "fixtures" / "labelled_articles"
    found = {each.text for each in split_sentences(read_article(folder / name))}
    labelled = json.loads((folder / name).with_suffix(".json").read_text(encoding="utf-8"))
    assert len(labelled) >= 8
    assert {row["sentence"] for row in labelled} <= found


def test_a_thousand_sentences_take_less_than_half_a_second() -> None:
    words = "Ketamine, at 0.5 mg/kg (e.g. in the U.S.), is not approved for anxiety, said Dr. Smith. " * 1000
    article = read_article("-", content=words.encode())
    start = time.perf_counter()
    assert len(split_sentences(article)) == 1000
    assert time.perf_counter() - start < 0.5
