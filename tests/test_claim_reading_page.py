"""HTML is read as a reader sees it, and never trusted."""

from __future__ import annotations

import time

import pytest

from ketascope.claims.article import read_article
from ketascope.claims.sentences import split_sentences


def page(body: str) -> list[tuple[str, str]]:
    article = read_article("page.html", content=f"<!doctype html><html><body>{body}</body></html>".encode())
    return [(each.kind, each.text) for each in split_sentences(article)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<p>Ketamine is <strong>not</strong> approved.</p>", "Ketamine is not approved."),
        ("<p>Ketamine is <a href='x'>n<b>o</b>t</a>\n approved.", "Ketamine is not approved."),
        ("<p>Ketamine is<br>not approved.", "Ketamine is not approved."),
        ("<p>Ketamine <script>cures</script>helps.", "Ketamine helps."),
        ("<p>Ketamine <!-- cures > --> helps.", "Ketamine helps."),
        ("<p>Ketamine <!--> helps.", "Ketamine helps."),
        ("<style>p::after { content: 'cures' }</style><p>It helps.", "It helps."),
        ('<p title="a > b <script>">It helps.', "It helps."),
        ("<p title='it''s' data-x=a'b>It helps.", "It helps."),
        ("<nav>Home</nav><p>It helps.", "It helps."),
        ("<svg><text>cures</text></svg><p>It helps.", "It helps."),
        ("<svg/><p>It helps.", "It helps."),
        ("<template><p>It cures.</p></template><p>It helps.", "It helps."),
        ("<noscript>It cures.</noscript>It helps.", "It helps."),
        ("<iframe src='http://x'>It cures.</iframe>It helps.", "It helps."),
        ("<p>It helps for weeks<sup>1,2</sup>.", "It helps for weeks."),
        ("<p>It helps 10<sup>3</sup> people per m<sup>2</sup>.", "It helps 10^3 people per m2."),
        ("<p>R&amp;D costs 5&nbsp;&#36; &lt;script&gt; &#x41;.", "R&D costs 5 $ <script> A."),
        ("<p>Less < more & so on.", "Less < more & so on."),
        ("<footer>It helps.</footer>", "It helps."),
        ("<nav>It helps.", "It helps."),
    ],
)
def test_text_as_a_reader_sees_it(body: str, expected: str) -> None:
    assert [text for _, text in page(body)] == [expected]


def test_blocks_are_kept_apart_and_named() -> None:
    body = (
        "<div>One<div>Two</div>Three</div><h2>A <em>big</em> heading?</h2><ul><li>First. Second.<li>Third</ul>"
        "<table><tr><td>Esketamine</td><td>approved</td></tr></table><x-card>Four</x-card><pre>Five\n\nSix</pre>"
    )
    assert page(body) == [
        ("sentence", "One"),
        ("sentence", "Two"),
        ("sentence", "Three"),
        ("heading", "A big heading?"),
        ("item", "First."),
        ("item", "Second."),
        ("item", "Third"),
        ("item", "Esketamine | approved"),
        ("sentence", "Four"),
        ("sentence", "Five"),
        ("sentence", "Six"),
    ]


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ("<title>Ketamine &amp; you</title><h1>Other</h1><p>Text.", "Ketamine & you"),
        ("<html><h1>Main <i>one</i></h1><p>Text.", "Main one"),
        ("<html><p>Text.", ""),
        ("<svg><title>logo</title></svg><title>Real</title><p>Text.", "Real"),
        ("<title>" + "x" * 5000 + "</title><p>Text.", "x" * 197 + "..."),
    ],
)
def test_the_title_is_that_of_the_page_on_one_line_of_bounded_length(content: str, title: str) -> None:
    assert read_article("a.html", content=content.encode()).title == title


def test_a_declared_encoding_is_used() -> None:
    content = "<html><head><meta charset='windows-1251'></head><p>Ketamine: Дa.".encode("cp1251")
    assert "Дa" in read_article("a.html", content=content).text
    content = b"<html><head><meta charset='utf-7'></head><p>Ketamine +ADw-script+AD4- helps."
    assert "+ADw-script" in read_article("a.html", content=content).text


def test_a_page_is_recognised_whatever_its_name() -> None:
    for name in ("-", "page.txt", "page"):
        assert read_article(name, content=b"\n<!DOCTYPE html><p>It helps.").format == "html"
    assert read_article("-", content=b"<p>It helps.</p>").text == "It helps."


@pytest.mark.parametrize(
    "opened", ["<div>", "<div><p>", "<b>", "<ul><li>", "<table><tr><td>", "<nav>", "<svg><g>", "<font a=1>"]
)
def test_deep_nesting_takes_no_time(opened: str) -> None:
    start = time.perf_counter()
    assert page(opened * 100_000 + "Ketamine is not approved.")[-1][1].endswith("Ketamine is not approved.")
    assert time.perf_counter() - start < 10
