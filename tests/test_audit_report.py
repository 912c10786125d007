"""An audit in the terminal: in the order of the text, in words as in colour, within the width, nothing obeyed."""

from __future__ import annotations

import copy
import io
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from audit_documents import HOSTILE, LONG_WORD, hostile, no_claims, overlapping, small_article
from ketascope.charts.style import load_style
from ketascope.claims.library import CERTAINTIES, CHECKS, FORMS, KINDS, VERDICTS
from ketascope.report.audit import print_audit
from ketascope.report.audit_words import (
    all_sources,
    evidence_words,
    first_mentions,
    heading,
    in_order,
    origin_words,
    quote_parts,
    spoken_summary,
    words,
)
from ketascope.report.cleaning import clean, printable
from page_reading import contrast, flat

DOCUMENTS = {"small": small_article, "none": no_claims, "overlapping": overlapping, "hostile": hostile}


def printed(document: dict[str, Any], width: int = 80, **options: Any) -> str:
    console = Console(width=width, file=io.StringIO(), highlight=False, **options)
    print_audit(document, console)
    return console.file.getvalue()  # type: ignore[attr-defined]


# What is said


def test_title_origin_and_summary_stand_first() -> None:
    text = flat(printed(small_article()))
    assert text.startswith("Audit of “Ketamine for anxiety” ketamine.txt, text, 9 sentences, 442 characters 6 claims")
    assert "1 more statement about these medicines could not be assessed." in text


def test_claims_stand_in_the_order_of_the_text_with_their_verdict_as_a_word() -> None:
    document = small_article()
    document["claims"].reverse()
    text = printed(document)
    wanted = [" 1   WRONG", " 2   PARTLY", " 3   OVERSTATED", " 4   SUPPORTED", " 5   NOT TESTABLE", " 6   WRONG"]
    order = [text.index(part) for part in wanted]
    assert order == sorted(order)


def test_the_sentence_is_quoted_with_the_part_of_the_claim_marked() -> None:
    text = flat(printed(small_article()))
    assert "“«Ketamine is FDA-approved for treatment-resistant depression», and almost half" in text
    assert "depression, and «almost half of people with GAD do not respond to usual medicines».”" in text
    assert "“Early work suggests that it may help in social anxiety.”" in text


def test_each_claim_has_correction_certainty_kind_sources_and_date() -> None:
    text = flat(printed(small_article()))
    for part in (
        "OVERSTATED certainty low; rests on a model of how the medicine works",
        "The claim: Statement of glutamate-two-to-three-fold.",
        "What is right: What is right about glutamate-two-to-three-fold.",
        "Sources read where another source quotes it: Abdallah 2022, doi 10.1038/s41386-022-01266-9.",
        "Sources from memory, not looked up: Schedule of controlled substances. Checked 2026-11-23.",
        "Sources read in the source: NICE CG113, Table 69; Taylor 2018, doi 10.1038/npp.2017.194. Checked",
        "It leaves out: The form.",
        'In the article: with a reservation, such as "may".',
    ):
        assert part in text


def test_a_computed_number_says_so_with_what_it_was_computed_by_and_a_gap_says_why() -> None:
    text = flat(printed(small_article()))
    assert "Computed now, from the model: In the model glutamate release peaks at 1.9-fold (1.1 to 3.4;" in text
    assert "By: ketascope simulate, 200 virtual patients, seed 0" in text
    assert "Not computed: The tables hold no trial of this drug in this disorder" in text


def test_a_fact_is_looked_up_and_not_computed() -> None:
    document = small_article()
    document["claims"][2]["live"]["kind"] = "fact"
    assert "Looked up now, in the table of facts: In the model" in flat(printed(document))


def test_an_expired_verdict_is_marked() -> None:
    assert printed(small_article()).count("[expired]") == 1


def test_a_claim_said_twice_is_explained_once() -> None:
    text = flat(printed(small_article()))
    assert "The same as claim 1: Statement of ketamine-approved-trd." in text
    assert text.count("What is right about ketamine-approved-trd.") == 1


def test_the_same_claim_with_another_verdict_is_explained_again() -> None:
    document = small_article()
    document["claims"][-1]["verdict"] = "partly"
    assert first_mentions(in_order(document)) == [None] * 6
    assert first_mentions(in_order(small_article())) == [None] * 5 + [1]


def test_what_was_not_assessed_what_is_missing_and_what_is_mentioned_follow() -> None:
    text = flat(printed(small_article()))
    order = [
        text.index(part)
        for part in (
            "Not assessed",
            "It may be right or wrong. - “It works on receptors.”",
            "What the article leaves out",
            "side effects and risks Most people feel side effects, and some are serious.",
            "What it mentions - other treatments, and not treating: “… not respond to usual medicines. It …”",
            "Quality, apart from truth",
            "not a DISCERN score",
            "This is not medical advice",
            "call or text 988",
        )
    ]
    assert order == sorted(order)


def test_quality_has_its_answers_signs_and_limits() -> None:
    text = flat(printed(small_article(), 200))
    assert "Does it explain how the treatment works?" in text
    assert "Says nothing on whether the explanation is right." in text
    assert "Signs are words in the text." in text


def test_every_verdict_that_was_given_is_explained() -> None:
    text = flat(printed(small_article()))
    for verdict in VERDICTS:
        assert f"{verdict}: {words()['verdict'][verdict]['meaning']}" in text


def test_no_claim_is_not_shown_as_no_fault() -> None:
    text = flat(printed(no_claims()))
    assert text.startswith("Audit of a text standard input, text,")
    assert "That does not make the text right" in text
    assert "[reading] the file was not UTF-8" in text
    assert "call or text 988" in text


def test_nothing_missing_is_said() -> None:
    document = small_article()
    for item in document["left_out"]:
        item["covered"] = True
    assert "Every point of the checklist is mentioned in the text." in flat(printed(document))


# How it looks


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    assert max(cell_len(line) for line in printed(DOCUMENTS[name](), width).split("\n")) <= width


def test_the_verdict_has_the_colour_of_the_chart_style() -> None:
    text = printed(small_article(), force_terminal=True, color_system="truecolor", no_color=False)
    assert "48;2;0;114;178m SUPPORTED " in text
    assert "48;2;213;94;0m WRONG " in text


@pytest.mark.parametrize("verdict", VERDICTS)
def test_words_on_the_colour_of_a_verdict_have_contrast(verdict: str) -> None:
    look = load_style()["verdicts"][verdict]
    assert contrast(look["colour"], look["ink"]) >= 4.5


def test_every_verdict_kind_check_and_form_has_words() -> None:
    assert tuple(load_style()["verdicts"]) == tuple(words()["verdict"]) == VERDICTS
    assert set(words()["kind"]) == set(words()["live_kind"]) == set(KINDS)
    assert set(words()["checked"]) == set(CHECKS)
    assert set(words()["form"]) == set(FORMS)
    assert {row["certainty"] for row in small_article()["claims"]} <= set(CERTAINTIES)


# The words on their own


def test_the_summary_for_listening_names_every_claim_gap_and_answer() -> None:
    said = spoken_summary(small_article())
    assert said[0].startswith("6 claims found")
    assert "Wrong: claims 1, Statement of ketamine-approved-trd; 6, Statement of ketamine-approved-trd." in said
    assert "Supported: claim 4, Statement of research-supports-gad-sad." in said
    assert "Not found in the text: side effects and risks; what it costs." in said
    assert said[-1] == "Quality apart from truth, 3 questions: 1 yes, 1 partly, 1 no."


def test_a_source_stands_once_with_all_its_claims() -> None:
    found = {source["text"]: numbers for source, numbers in all_sources(in_order(small_article()))}
    assert found["Taylor 2018, doi 10.1038/npp.2017.194"] == [2, 4]
    assert found["Ketalar US prescribing information"] == [1, 6]


@pytest.mark.parametrize(
    ("origin", "wanted"),
    [
        ("https://example.org/a/b.html", "https://example.org/a/b.html"),
        ("folder/deeper/page.md", "page.md"),
        ("C:\\texts\\page.md", "page.md"),
        ("-", "standard input"),
        ("", "standard input"),
    ],
)
def test_the_origin_is_an_address_or_a_file_name(origin: str, wanted: str) -> None:
    document = small_article()
    document["article"]["origin"] = origin
    assert origin_words(document) == wanted


def test_a_long_title_is_cut() -> None:
    document = small_article()
    document["article"]["title"] = "word " * 100
    assert heading(document).endswith("…”")
    assert len(heading(document)) < 140


@pytest.mark.parametrize(
    ("evidence", "wanted"),
    [
        ("…ults. In contrast, ketamine trans…", "… In contrast, ketamine …"),
        ("At the start of it tra…", "At the start of it …"),
        ("…nd of it.", "… of it."),
        ("whole", "whole"),
        ("…one…", "…one…"),
        ("", ""),
    ],
)
def test_evidence_loses_the_halves_of_words(evidence: str, wanted: str) -> None:
    assert evidence_words({"evidence": evidence}) == wanted


@pytest.mark.parametrize(
    ("start", "end", "wanted"),
    [(2, 4, ("ab", "cd", "ef")), (0, 6, ("", "abcdef", "")), (-9, 99, ("", "abcdef", "")), (4, 4, ("", "abcdef", ""))],
)
def test_a_part_out_of_place_is_the_whole_sentence(start: int, end: int, wanted: tuple[str, str, str]) -> None:
    row = {"sentence": "abcdef", "start": 10, "part_start": 10 + start, "part_end": 10 + end}
    assert quote_parts(row) == wanted


# Nothing from outside is obeyed


@pytest.mark.parametrize("width", [40, 80])
def test_hostile_words_are_printed_and_steer_nothing(width: int) -> None:
    text = printed(hostile(), width)
    assert flat(HOSTILE) in flat(printed(hostile(), 300))
    assert LONG_WORD in "".join(text.split())
    assert not {"\x1b", "\x07", "\x00", "\u202e", "\u2066", "\u2069"} & set(text)


def test_mark_up_of_the_terminal_library_is_text() -> None:
    document = no_claims()
    document["summary"]["words"] = "[bold red]loud[/] [link=https://example.org]here[/link]"
    assert "[bold red]loud[/] [link=https://example.org]here[/link]" in printed(document)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a\x1b[0m\tb", "a [0m b"),
        ("a\u202eb\u2066c\u061cd", "abcd"),
        ("a\ud800b", "a\N{REPLACEMENT CHARACTER}b"),
        ("a\u2028b\u2029c", "a b c"),
        ("שלום 漢字 👩\u200d👩", "שלום 漢字 👩\u200d👩"),
        ("  a  b  ", "a b"),
    ],
)
def test_text_is_cleaned_and_letters_of_every_script_stay(text: str, wanted: str) -> None:
    assert clean(text) == wanted
    assert clean(printable(text)) == wanted


def test_spaces_stay_where_they_have_to() -> None:
    assert printable("  a  b\u202e ") == "  a  b "


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_document_is_left_as_it_was(name: str) -> None:
    document = DOCUMENTS[name]()
    before = copy.deepcopy(document)
    printed(document)
    assert document == before
