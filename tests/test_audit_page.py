"""The page of an audit: the text whole and marked, each mark leading to its check, nothing of it rendered or run."""

from __future__ import annotations

import copy
import io
import random
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from selectolax.lexbor import LexborHTMLParser, LexborNode

from audit_documents import (
    HOSTILE,
    LONG_WORD,
    STEERING,
    TEXT,
    claim_row,
    document,
    hostile,
    no_claims,
    overlapping,
    small_article,
)
from ketascope.claims.auditing import audit_text
from ketascope.claims.library import VERDICTS
from ketascope.errors import InputError
from ketascope.report.audit import print_audit
from ketascope.report.audit_page import audit_html, write_audit_html
from ketascope.report.audit_text import marked_text
from ketascope.report.cleaning import clean, printable
from page_reading import flat

DOCUMENTS = {"small": small_article, "none": no_claims, "overlapping": overlapping, "hostile": hostile}
ATTRIBUTES = {
    "html": {"lang"},
    "meta": {"charset", "name", "content", "http-equiv"},
    "a": {"class", "href", "rel"},
    "section": {"class", "aria-labelledby"},
    "nav": {"aria-label"},
    "main": {"id", "tabindex"},
    "article": {"class", "id", "tabindex", "aria-labelledby"},
    "ul": {"class", "aria-label"},
    "span": {"class", "id", "aria-hidden"},
    "div": {"class", "aria-hidden"},
    "p": {"class"},
    "h2": {"id", "class"},
    "h3": {"id"},
    "blockquote": {"class"},
    "dl": {"class"},
}
BARE = {"head", "title", "style", "body", "header", "footer", "h1", "li", "strong", "details", "summary", "dt", "dd"}
LINK = re.compile(r"#[a-z0-9-]+|https://doi\.org/10\.[A-Za-z0-9_.;()/:-]+")


def read(html: str) -> LexborHTMLParser:
    return LexborHTMLParser(html)


def elements(tree: LexborHTMLParser) -> list[LexborNode]:
    return [node for node in tree.css("*") if node.tag and not node.tag.startswith("-")]


def paragraphs(tree: LexborHTMLParser) -> list[str]:
    """The text of the article as the page shows it, without what the page adds to it."""
    return ["".join(node.text(deep=True) for node in part.css(".text")) for part in tree.css(".paragraph")]


def article_lines(made: dict[str, Any]) -> list[str]:
    return [printable(line) for line in made["article"]["text"].split("\n") if line.strip()]


def assert_only_the_template(html: str) -> LexborHTMLParser:
    tree = read(html)
    for node in elements(tree):
        assert node.tag in ATTRIBUTES or node.tag in BARE, node.tag
        assert set(node.attributes) <= ATTRIBUTES.get(node.tag, set()), (node.tag, node.attributes)
        if node.tag == "a":
            assert LINK.fullmatch(node.attributes["href"] or ""), node.attributes
    for tag in ("head", "style", "body", "main", "h1", "title"):
        assert len(tree.css(tag)) == 1, tag
    return tree


@pytest.fixture(scope="module")
def html() -> str:
    return audit_html(small_article())


@pytest.fixture(scope="module")
def tree(html: str) -> LexborHTMLParser:
    return read(html)


# The examples


def test_the_examples_have_the_shape_of_an_audit() -> None:
    real, example = audit_text(TEXT, live=False), small_article()
    assert real.keys() == example.keys()
    for part in ("article", "discern", "summary"):
        assert real[part].keys() == example[part].keys()
    for found, made in (
        (real["claims"], example["claims"]),
        (real["left_out"], example["left_out"]),
        (real["discern"]["items"], example["discern"]["items"]),
    ):
        assert found[0].keys() == made[0].keys()
    assert_only_the_template(audit_html(real))


# Self-contained


def test_nothing_is_loaded_and_there_is_no_script(html: str, tree: LexborHTMLParser) -> None:
    assert tree.css("script, link, iframe, img, object, embed, form, svg") == []
    assert "url(" not in html
    assert "@import" not in html
    policy = tree.css_first("meta[http-equiv]").attributes["content"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


# The marked text


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_text_of_the_article_is_whole(name: str) -> None:
    made = DOCUMENTS[name]()
    assert paragraphs(read(audit_html(made))) == article_lines(made)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_claim_has_one_card_and_one_tag_and_they_lead_to_each_other(name: str) -> None:
    made = DOCUMENTS[name]()
    page = read(audit_html(made))
    for number in range(1, len(made["claims"]) + 1):
        (card,) = page.css(f"#claim-{number}")
        (tag,) = page.css(f"#mark-{number}")
        assert card.tag == "article"
        link = tag.parent
        assert link is not None
        assert link.attributes["href"] == f"#claim-{number}"
        assert card.css_first("a.back").attributes["href"] == f"#mark-{number}"
    assert len(page.css("article")) == len(page.css(".mark .tag")) == len(made["claims"])


def test_a_mark_covers_the_part_of_the_claim_and_says_its_verdict(tree: LexborHTMLParser) -> None:
    marks = {mark.attributes["href"]: mark for mark in tree.css("a.mark")}
    first = marks["#claim-1"]
    assert first.css_first(".text").text() == "Ketamine is FDA-approved for treatment-resistant depression"
    assert first.css_first(".tag").text() == " (claim 1 wrong)"
    assert "v-wrong" in (first.attributes["class"] or "")
    assert marks["#claim-2"].css_first(".tag").text() == " (claim 2 partly)"
    assert [node.text() for node in tree.css(".around")][0] == ", and "


def test_a_verdict_is_told_by_more_than_its_colour(html: str) -> None:
    style = html[html.index("<style>") : html.index("</style>")]
    lines = re.findall(r"\.mark\.v-([a-z-]+) \.text \{ border-bottom-style: (\w+)", style)
    assert dict(lines) == {"partly": "dashed", "overstated": "double", "not-testable": "dotted"}


def test_overlapping_claims_all_keep_their_tags() -> None:
    page = read(audit_html(overlapping()))
    shown = [(mark.css_first(".text").text(), mark.attributes["href"]) for mark in page.css("a.mark:has(.text)")]
    assert shown == [
        ("Ketamine cures ", "#claim-1"),
        ("anxiety ", "#claim-1"),
        ("within hours", "#claim-3"),
        (" and works for everyone", "#claim-2"),
    ]
    assert [tag.attributes["id"] for tag in page.css(".tag")] == ["mark-3", "mark-1", "mark-2"]
    assert page.css("a a") == []


def test_what_was_not_assessed_is_marked_otherwise(tree: LexborHTMLParser) -> None:
    (gap,) = tree.css(".unassessed")
    assert gap.text() == "It works on receptors."
    assert tree.css_first(".paragraph .tag.gap").text() == " (not assessed)"


def test_a_line_that_looks_like_a_heading_is_one_and_a_sentence_is_not(tree: LexborHTMLParser) -> None:
    assert [flat(node.text()) for node in tree.css(".paragraph.heading")] == ["Ketamine for anxiety", "What it does"]


def test_cards_stand_behind_the_paragraph_that_makes_the_claims(tree: LexborHTMLParser) -> None:
    rows = [[card.attributes["id"] for card in row.css("article")] for row in tree.css(".row")]
    assert rows == [["claim-1", "claim-2"], ["claim-3", "claim-4"], ["claim-5"], ["claim-6"]]


@pytest.mark.parametrize(
    ("start", "end", "part_start", "part_end"),
    [(900, 950, 900, 950), (-9, -3, -9, -3), (50, 40, 30, 20), (0, 0, 0, 0)],
)
def test_a_claim_without_a_place_is_quoted_below_the_text(start: int, end: int, part_start: int, part_end: int) -> None:
    made = small_article()
    made["claims"][0] |= {"start": start, "end": end, "part_start": part_start, "part_end": part_end}
    page = assert_only_the_template(audit_html(made))
    assert len(page.css("article")) == 6
    (quote,) = page.css("article .quote")
    assert "almost half of people with GAD" in quote.text()
    assert paragraphs(page) == article_lines(made)


def test_claims_without_a_place_in_the_text_are_still_shown() -> None:
    made = small_article()
    made["article"] |= {"text": "", "headings": []}
    page = assert_only_the_template(audit_html(made))
    assert len(page.css("article")) == len(page.css("article .quote")) == 6


def test_a_claim_over_two_paragraphs_has_one_tag_at_its_end() -> None:
    text = "Ketamine cures\nanxiety. Really."
    row = claim_row(text, text[:23], text[:22], "cures", "wrong")
    page = read(audit_html(document(text, [row], [], "1 claim found: 1 wrong.")))
    assert [mark.attributes["href"] for mark in page.css("a.mark")] == ["#claim-1", "#claim-1"]
    assert len(page.css(".tag")) == 1
    assert paragraphs(page) == ["Ketamine cures", "anxiety. Really."]


def test_pieces_hold_every_character_once() -> None:
    rows = small_article()["claims"]
    marked = marked_text(TEXT, rows, small_article()["not_assessed"])
    assert "\n".join("".join(piece.text for piece in part.pieces) for part in marked.paragraphs) == TEXT
    assert sorted(number for part in marked.paragraphs for number in part.claims) == [1, 2, 3, 4, 5, 6]
    assert marked.unplaced == []


# What is said


def test_the_summary_stands_on_top_with_counts_gaps_and_help(html: str, tree: LexborHTMLParser) -> None:
    order = [
        html.index(part)
        for part in ("<h1>", "6 claims found", 'class="tally"', "does not seem to mention", "call or text 988", "<main")
    ]
    assert order == sorted(order)
    tally = flat(tree.css_first(".tally").text())
    assert "2✕ Wrong claims claim 1 claim 6" in tally
    assert "1? Not testable claims claim 5" in tally
    assert "1Not assessed which" in tally
    assert "not medical advice" in html[html.index('id="limits"') :]
    assert html.rindex("call or text 988") > html.index('id="limits"')


def test_a_card_has_all_of_the_check(tree: LexborHTMLParser) -> None:
    card = flat(tree.css_first("#claim-3").text())
    for part in (
        "Claim 3 ▲ Overstated",
        "Statement of glutamate-two-to-three-fold.",
        "What is right What is right about glutamate-two-to-three-fold.",
        "Computed now, from the model In the model glutamate release peaks at 1.9-fold (1.1 to 3.4;",
        "Certainty low",
        "Rests on a model of how the medicine works.",
        "Abdallah 2022, doi 10.1038/s41386-022-01266-9 (read where another source quotes it)",
        "Computed by: ketascope simulate, 200 virtual patients, seed 0",
        "checked 2026-11-23",
    ):
        assert part in card
    assert "Not computed The tables hold no trial" in flat(tree.css_first("#claim-2").text())
    assert "Expired." in tree.css_first("#claim-5").text()
    assert "What the statement leaves out: The form." in flat(tree.css_first("#claim-1").text())


def test_a_claim_said_twice_leads_to_the_first(tree: LexborHTMLParser) -> None:
    again = tree.css_first("#claim-6")
    assert "Said before: see claim 1, with the same verdict." in flat(again.text())
    assert again.css("details") == []


def test_left_out_quality_verdicts_and_sources_are_explained(tree: LexborHTMLParser) -> None:
    missing = [flat(node.text()) for node in tree.css(".missing li")]
    assert missing[0].startswith("Not found: Side effects and risks")
    assert "some are serious" in missing[0]
    words = flat(tree.css_first("main").text())
    for part in (
        "What it mentions ✓Other treatments, and not treating “… not respond to usual medicines. It …”",
        "not a DISCERN score",
        "○ No Does the text say what it is about and whom it is for?",
        "The comparison is automatic and can err.",
        "Taylor 2018, doi 10.1038/npp.2017.194 (read in the source) claims claim 2, claim 4",
    ):
        assert part in words
    assert [node.text(strip=True).lstrip("✓◐▲✕? ").lower() for node in tree.css(".verdicts dt")] == [
        *VERDICTS,
        "not assessed",
    ]


def test_a_digital_object_identifier_is_a_link(tree: LexborHTMLParser) -> None:
    links = {node.attributes["href"] for node in tree.css("#claim-4 a")}
    assert "https://doi.org/10.1038/npp.2017.194" in links


def test_the_audit_in_words_is_there_for_those_who_listen(tree: LexborHTMLParser) -> None:
    said = flat(tree.css_first(".summary details").text())
    assert "Wrong: claims 1, Statement of ketamine-approved-trd; 6," in said
    assert "Not found in the text: side effects and risks; what it costs." in said


def test_a_page_without_claims_says_what_that_means() -> None:
    page = assert_only_the_template(audit_html(no_claims()))
    words = flat(page.css_first("body").text())
    for part in (
        "Audit of a text",
        "That does not make the text right",
        "The file was not UTF-8",
        "garden",
        "no source",
    ):
        assert part in words
    assert page.css("article, .bar, .tally") == []


# Accessible


@pytest.mark.parametrize("name", DOCUMENTS)
def test_ids_are_unique_and_every_link_inside_the_page_leads_somewhere(name: str) -> None:
    page = read(audit_html(DOCUMENTS[name]()))
    ids = [node.attributes["id"] for node in page.css("[id]")]
    assert len(ids) == len(set(ids))
    assert {(node.attributes["href"] or "")[1:] for node in page.css('a[href^="#"]')} <= set(ids)
    assert {node.attributes["aria-labelledby"] for node in page.css("[aria-labelledby]")} <= set(ids)


def test_landmarks_and_the_skip_link_are_there(tree: LexborHTMLParser) -> None:
    assert tree.css_first("html").attributes["lang"] == "en"
    assert tree.css_first("a").attributes == {"class": "skip", "href": "#main"}
    assert len(tree.css("main")) == len(tree.css("header")) == len(tree.css("h1")) == 1


def test_there_are_styles_for_the_dark_and_for_paper(html: str) -> None:
    assert html.count("@media print") == 3
    assert "prefers-color-scheme: dark" in html


# Nothing of an article is rendered


def test_hostile_words_stay_words() -> None:
    html = audit_html(hostile())
    page = assert_only_the_template(html)
    assert "<script" not in html
    assert flat(HOSTILE) in flat(page.css_first("h1").text())
    assert LONG_WORD in page.css_first(".unassessed").text()
    assert not {"\x1b", "\x07", "\x00", "\u202e", "\u2066"} & set(html)
    assert html.count("</style>") == 1


FRAGMENTS = (
    HOSTILE,
    STEERING,
    LONG_WORD,
    "<!--",
    "-->",
    "]]>",
    "<![CDATA[",
    "</blockquote></main>",
    "</title><h1>",
    "<svg/onload=alert(1)>",
    "'\"><img src=x onerror=alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "{% raw %}{{ config }}{% endraw %}",
    "{#",
    "&lt;b&gt;&#0;&#x202e;&amp;",
    "\ud83d",
    "\udc00\ud800",
    "\u202e\u200f\u2067rtl\u2069",
    "\x1b]8;;https://example.org\x07",
    "\r\x0b\x0c\x85\u2028\u2029",
    "שלום עולם",
    "漢字かな",
    "👩\u200d🔬",
    "e" + "\u0301" * 40,
    "\ufeff\ufffe\uffff",
    "doi 10.1234/<script>",
    'doi 10.1234/a" onclick="x',
    "<" * 50,
    "Ketamine cures anxiety.",
    "\n\n",
    "\n",
    " ",
    "",
)


def noise(random_: random.Random, parts: int) -> str:
    said = [random_.choice(FRAGMENTS) for _ in range(random_.randint(0, parts))]
    said += ["".join(chr(random_.choice((random_.randrange(0x180), random_.randrange(0x11000)))) for _ in range(12))]
    random_.shuffle(said)
    return random_.choice((" ", "")).join(said)


def noisy_document(seed: int) -> dict[str, Any]:
    random_ = random.Random(seed)
    text = noise(random_, 9)
    template = small_article()["claims"]

    def spot() -> int:
        return random_.randint(-3, len(text) + 3)

    rows = []
    for _ in range(random_.randint(0, 5)):
        row = copy.deepcopy(random_.choice(template))
        for name in ("sentence", "statement", "corrected", "date_checked"):
            row[name] = noise(random_, 2)
        row |= {"start": spot(), "end": spot(), "part_start": spot(), "part_end": spot()}
        row |= {"leaves_out": [noise(random_, 2)], "verdict": random_.choice(VERDICTS)}
        row["sources"] = [{"text": noise(random_, 3), "checked": "recall"}]
        if row["live"]:
            row["live"] |= {"words": noise(random_, 2), "source": noise(random_, 2)}
        rows.append(row)
    gaps = [{"sentence": noise(random_, 2), "start": spot(), "end": spot()} for _ in range(random_.randint(0, 3))]
    article = {name: noise(random_, 3) for name in ("title", "origin", "format")}
    made = document(text, rows, gaps, noise(random_, 2), **article)
    for item in [*made["left_out"], *made["discern"]["items"]]:
        item |= {name: noise(random_, 2) for name in ("label", "why", "group", "evidence", "limits") if name in item}
    made["flags"] = [{"code": noise(random_, 1), "message": noise(random_, 2)}]
    return made


@pytest.mark.parametrize("block", range(5))
def test_random_and_hostile_words_add_no_element_and_lose_no_letter(block: int) -> None:
    for seed in range(block * 100, block * 100 + 100):
        made = noisy_document(seed)
        html = audit_html(made)
        html.encode("utf-8")
        page = assert_only_the_template(html)
        assert paragraphs(page) == article_lines(made), seed
        assert len(page.css("article")) == len(made["claims"]), seed
        assert {node.attributes["id"] for node in page.css("article")} == {
            f"claim-{number}" for number in range(1, len(made["claims"]) + 1)
        }
        said = flat(page.css_first("main").text())
        for row in made["not_assessed"]:
            assert f"“{clean(row['sentence'])}”" in said, seed
        for item in made["left_out"]:
            assert (clean(item["why"]) in said) is not item["covered"], seed
        for item in made["discern"]["items"]:
            assert clean(item["limits"]) in said, seed
        assert_cards_say(page, made["claims"], seed)


def assert_cards_say(page: LexborHTMLParser, rows: list[dict[str, Any]], seed: int) -> None:
    """Every word of every check stands in a card, as the word it is."""
    cards = " ".join(flat(card.text()) for card in page.css("article"))
    for row in rows:
        said = [row["statement"], row["corrected"], row["date_checked"], *row["leaves_out"]]
        said += [row["live"]["source"]] if row["live"] and row["live"]["computed"] else []
        for text in (*said, *(source["text"] for source in row["sources"])):
            assert clean(text) in cards, (seed, text)


@pytest.mark.parametrize("block", range(2))
def test_random_and_hostile_words_steer_no_terminal(block: int) -> None:
    for seed in range(block * 50, block * 50 + 50):
        console = Console(width=80, file=io.StringIO(), highlight=False)
        print_audit(noisy_document(seed), console)
        text = console.file.getvalue()  # type: ignore[attr-defined]
        assert {unicodedata.category(letter) for letter in text if letter != "\n"}.isdisjoint({"Cc", "Cs", "Zl", "Zp"})
        assert not re.search("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", text)


# File


def test_the_file_is_the_page_and_a_missing_folder_is_named(tmp_path: Path, html: str) -> None:
    path = write_audit_html(tmp_path / "audit.html", small_article())
    assert path.read_text(encoding="utf-8") == html
    with pytest.raises(InputError, match="does not exist"):
        write_audit_html(tmp_path / "nowhere" / "audit.html", small_article())


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_document_is_left_as_it_was(name: str) -> None:
    made = DOCUMENTS[name]()
    before = copy.deepcopy(made)
    audit_html(made)
    assert made == before
