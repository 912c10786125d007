"""Inputs made to hang or crash a reader: each is read or refused in one line, in bounded time."""

from __future__ import annotations

import time

import pytest

from claim_documents import one_line
from ketascope import InputError
from ketascope.claims.article import read_article
from ketascope.claims.sentences import split_sentences

SIZE = 60_000
UNITS = [
    "a",
    ".",
    ". ",
    "a. ",
    "A. B",
    "?",
    "! ",
    "…",
    "a\n",
    "\n",
    "\r",
    "- ",
    "- a\n",
    "1. ",
    "* ",
    '."',
    ".[1]",
    "- - -x",
    "a-\n",
    "([",
    "a\u0301\u0327",
    "\u0301\u0327",
    "\u202e",
    "\u200ba",
    "😀 ",
    "\ufffd",
    "ﬁ",
    "\U000e0041",
    "\u2028",
    "a\u00ad\n",
    "\ufdfa",
    "<",
    "<a",
    "<a ",
    "<a x='",
    '<a x="',
    "<a =",
    "<!--",
    "<!-- -->",
    "<!",
    "<?",
    "</",
    "</p",
    "<p>",
    "<div>",
    "</div>",
    "<b>",
    "<li>a",
    "<ul>",
    "<td>a",
    "<tr>",
    "<table>",
    "<sup>1",
    "a<sup>1</sup>",
    "<br>a",
    "<script>",
    "<script></script>",
    "<style>",
    "<title>",
    "<nav>",
    "</nav>",
    "<nav><svg><math><select>",
    "<svg/>",
    "<template>",
    "<pre>\n",
    "<h1>",
    "<h1>a",
    "<x-y>",
    "<plaintext>",
    "<![CDATA[",
    "<a\x00",
    "&",
    "&amp",
    "&amp;",
    "&#",
    "&#9",
    "&#x",
    "&#0",
    "&#xFFFFFFFF;",
    "&#xD800;",
    "&lt;script&gt;",
    "&a",
    "# ",
    "#",
    " #",
    "# a\n",
    "[",
    "[a](",
    "[a](((b)",
    "![",
    "](",
    "*",
    "*a ",
    "**a",
    "_",
    "_a ",
    "`",
    "`a ",
    "```\n",
    "~~~",
    ">",
    "> a\n",
    "|",
    "|-",
    "| a ",
    "\\",
    "\\*",
    "<http://",
    "[^1]",
    "[a]: b\n",
    "---\n",
    "===\n",
    "    a\n",
    "title: a\n",
    "~~",
    "<!-- a",
    "javascript:",
    "\x1b[31m",
    "\x07",
    "\t",
    "Dr. ",
    "e.g. ",
    "U.S. ",
    "No. 5 ",
    "the of and to ",
]


def test_the_table_is_long_enough() -> None:
    assert len(UNITS) == len(set(UNITS)) >= 120


LONGER = [pytest.param(name, marks=pytest.mark.thorough) for name in ("a.txt", "a.md")]
"""Read as a text without a name ("-") is, once their kind is known."""


@pytest.mark.parametrize("name", [*LONGER, "a.html", "-"])
def test_repeated_without_end(name: str) -> None:
    with pytest.raises(InputError, match="Spanish"):  # loads what judges languages, once, before the clock runs
        read_article("-", content=("La ketamina no está aprobada para la ansiedad en este país. " * 5).encode())
    for unit in UNITS:
        for text in (unit * (SIZE // len(unit)), "The " + unit * (SIZE // len(unit)) + " end."):
            start = time.perf_counter()
            try:
                article = read_article(name, content=text.encode())
                for each in split_sentences(article):
                    assert article.text[each.start : each.end] == each.text
            except InputError as error:
                one_line(error)
            assert time.perf_counter() - start < 5, (name, unit)


def test_digits_without_end_are_one_unreadable_character() -> None:
    assert "\ufffd" in read_article("a.html", content=b"<p>Ketamine &#" + b"9" * 100_000 + b"; helps.").text
    assert read_article("a.html", content=b"<p>&#" + b"0" * 100_000 + b"65;").text == "A"
