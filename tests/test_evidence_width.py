"""Evidence in terminals of every width: no line is too long, and nothing that was listed is lost."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from evidence_today import PTSD_TRIALS
from ketascope import pooled_evidence
from ketascope.charts.forest_text import interval_text
from ketascope.report.evidence import (
    check_cells,
    dose_text,
    overview_cells,
    print_evidence,
    print_overview,
    sensitivity_cells,
    small_study_text,
    study_cells,
)
from ketascope.report.fitted_table import fitted_lines
from ketascope.report.format import NOT_SHOWN

WIDTHS = (80, 100, 110, 150)
REQUESTS: dict[str, dict[str, str]] = {
    "overview": {},
    "ptsd": {"indication": "ptsd"},
    "esketamine": {"indication": "mdd", "treatment": "esketamine"},
    "response": {"indication": "all", "outcome": "response"},
    "one study": {"indication": "ocd", "outcome": "response"},
    "ssri": {"indication": "sad", "treatment": "ssri", "outcome": "response"},
}
SINGLE = [name for name in REQUESTS if name != "overview"]


@lru_cache
def asked(name: str) -> dict[str, Any]:
    return pooled_evidence(**REQUESTS[name])


@lru_cache
def printed(name: str, width: int) -> str:
    stream = io.StringIO()
    write = print_overview if name == "overview" else print_evidence
    write(asked(name), Console(file=stream, width=width, highlight=False))
    return stream.getvalue()


def words(text: str) -> set[str]:
    return set(text.replace(";", " ").split())


# Width


@pytest.mark.parametrize("width", [40, *WIDTHS, 220])
@pytest.mark.parametrize("name", REQUESTS)
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    assert max(len(line) for line in printed(name, width).splitlines()) <= width


# What is listed


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", SINGLE)
def test_every_study_stands_with_all_its_figures(name: str, width: int) -> None:
    text, document = printed(name, width), asked(name)
    for study in document["studies"]:
        cells = study_cells(document, study, None)
        lines = [line for line in text.splitlines() if line.startswith(cells[0]) and cells[5] in line]
        # The first trial stands once more in the pool as it grew.
        assert sum(cells[3] in line and cells[6] in line for line in lines) == 1
        assert words(" ".join((cells[1], *cells[7:]))) <= words(text)
    for study in document["without_numbers"]:
        assert words(f"{study['label']} {study['study']} {study['why']}") <= words(text), study["study"]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", SINGLE)
def test_every_analysis_stands_in_one_line_with_its_note(name: str, width: int) -> None:
    text, document = printed(name, width), asked(name)
    for row in document["sensitivity"]:
        label, k, estimate, *_, note = sensitivity_cells(document, row)
        start = label.split()[0]
        assert [line for line in text.splitlines() if line.startswith(start) and f" {k}  {estimate}" in line], label
        assert words(note) <= words(text)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", SINGLE)
def test_every_published_pool_stands_beside_ours_in_one_line(name: str, width: int) -> None:
    text, document = printed(name, width), asked(name)
    for row in document["checks"]:
        published, measure, _, theirs, ours, note = check_cells(row)
        assert [line for line in text.splitlines() if theirs in line and ours in line], published
        assert words(f"{published} {measure} {note}") <= words(text)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", SINGLE)
def test_reasons_flags_and_the_pool_as_it_grew_are_there(name: str, width: int) -> None:
    text, document = printed(name, width), asked(name)
    for said in (*document["certainty"]["reasons"], *(flag["message"] for flag in document["flags"])):
        assert words(said) <= words(text)
    for row in document["cumulative"]:
        estimate = interval_text(document, row["estimate"], row["low"], row["high"])
        assert [line for line in text.splitlines() if line.startswith(row["name"]) and estimate in line]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_overview_has_every_line_and_every_sentence(width: int) -> None:
    text = printed("overview", width)
    for row in asked("overview")["overview"]:
        indication, treatment, *_, certainty, said = overview_cells(row)
        lines = [line for line in text.splitlines() if line.split()[:2] == [indication, treatment]]
        assert len(lines) == 1
        assert certainty in lines[0]
        assert words(said) <= words(text)


# What a narrow terminal moves


def test_at_80_columns_the_comparison_stands_under_the_study_and_nothing_is_drawn() -> None:
    lines = printed("ptsd", 80).splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("Feder 2021  "))
    assert lines[place + 1] == "    ketamine 0.5 mg/kg IV vs midazolam, CAPS-5; bias: some; checked: text"
    assert "\N{BLACK SQUARE}" not in printed("ptsd", 80)


def test_at_110_columns_intervals_are_drawn() -> None:
    # The bound has an interval and no estimate.
    assert printed("ptsd", 110).count("\N{BLACK SQUARE}") == PTSD_TRIALS - 1
    assert printed("ptsd", 110).count("\N{BLACK DIAMOND}") == 2
    assert "ketamine | control better" in printed("ptsd", 110)


def test_notes_of_the_sensitivity_set_are_numbered_where_it_is_narrow() -> None:
    narrow, wide = printed("ptsd", 80), printed("ptsd", 150)
    assert f"  [1] {PTSD_TRIALS} trials, one comparison each" in narrow.splitlines()
    assert "[1]" not in wide
    # The same note of two analyses stands once.
    flat = " ".join(narrow.split())
    assert flat.count("without Abdallah 2022; Fisher scoring") == 1
    assert narrow.count("[3]") == 3


def test_the_sentence_of_the_overview_stands_on_lines_of_its_own() -> None:
    lines = printed("overview", 80).splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("ptsd        Ketamine"))
    assert lines[place + 1].startswith("    Ketamine may reduce symptoms in post-traumatic stress disorder")


# Small studies and dose


FOUND = {
    "small_study": {
        "egger": {"slope": -1.25, "p_value": 0.0312, "limit": -0.2},
        "begg": {"kendall_tau": -0.4, "p_value": 0.2},
        "trim_and_fill": {"missing": 2, "side": "right", "estimate": -0.3, "low": -0.6, "high": 0.0},
        "refusal": None,
    },
    "dose_response": {"k": 12, "slope": -0.5, "low": -1.0, "high": 0.0, "p_value": 0.0004}
    | {"unit": "per mg/kg racemic IV", "refusal": None},
}


def test_tests_for_small_study_effects_are_one_sentence() -> None:
    document = {"measure": "SMD", "measure_label": "Hedges g", **FOUND}
    assert small_study_text(document).replace("\N{MINUS SIGN}", "-") == (
        "Small-study effects: Egger slope -1.25 (p = 0.031), effect at no error -0.20; Begg tau -0.40 (p = 0.200); "
        "trim and fill: 2 missing on the right, -0.30 (-0.60 to 0.00) with them."
    )


@pytest.mark.parametrize(
    ("measure", "label", "said"),
    [
        ("SMD", "Hedges g", "Hedges g change -0.50 (-1.00 to 0.00)"),
        ("log OR", "odds ratio", "odds ratio times 0.61 (0.37 to 1.00)"),
    ],
)
def test_the_dose_changes_a_difference_and_multiplies_a_ratio(measure: str, label: str, said: str) -> None:
    document = {"measure": measure, "measure_label": label, **FOUND}
    expected = f"Dose, by meta-regression: {said} per mg/kg racemic IV (p < 0.001, k = 12)."
    assert dose_text(document).replace("\N{MINUS SIGN}", "-") == expected


def test_what_could_not_be_tested_says_why() -> None:
    document = asked("ptsd")
    assert small_study_text(document).startswith(f"Small-study effects: not tested ({PTSD_TRIALS} studies: tests for")
    assert dose_text(document).startswith("Dose: no meta-regression (moderator 'dose' is 0.5 in every study")


def test_without_a_pool_nothing_stands_beside_it() -> None:
    text = printed("one study", 80)
    assert "Not pooled: pooling needs at least two studies" in text
    for said in ("As the trials came in", "Small-study effects", "Dose:"):
        assert said not in text


# The table itself

HEAD = ("study", "comparison", "n", "drawn")
ROWS = [("Alpha 2001", "drug against placebo in people", "12", "  ──■──"), ("Beta 2002", NOT_SHOWN, "7", "")]


def lines_of(width: int, **options: Any) -> list[str]:
    fitting: Mapping[str, Any] = {"right": {2}, "smallest": {1: 14}, "below": (1, 3), "untitled": {1}, "drawing": 3}
    return fitted_lines(HEAD, ROWS, width, **{**fitting, **options})


def test_a_table_with_room_has_one_line_a_row() -> None:
    assert lines_of(60) == [
        "study       comparison                       n  drawn",
        "─" * 55,
        "Alpha 2001  drug against placebo in people  12    ──■──",
        "Beta 2002   –                                7",
    ]


def test_text_is_broken_before_a_column_moves() -> None:
    assert lines_of(45)[2:] == [
        "Alpha 2001  drug against placebo  12    ──■──",
        "            in people",
        "Beta 2002   –                      7",
    ]


def test_text_moves_below_and_a_dash_does_not() -> None:
    assert lines_of(32)[2:] == [
        "Alpha 2001  12    ──■──",
        "    drug against placebo in",
        "    people",
        "Beta 2002    7",
    ]


def test_a_drawing_is_left_out_and_other_columns_keep_their_heading() -> None:
    assert lines_of(20)[2:] == ["Alpha 2001  12", "    drug against", "    placebo in", "    people", "Beta 2002    7"]
    text = " ".join(" ".join(lines_of(12)).split())
    assert "placebo in people; n: 12 Beta 2002 n: 7" in text


def test_a_column_comes_back_where_a_wider_one_made_room() -> None:
    rows = [("Alpha", "low", "x" * 30)]
    lines = fitted_lines(("study", "bias", "estimate"), rows, 36, below=(1, 2))
    assert lines == ["study  bias", "─" * 11, "Alpha  low", "    estimate:", f"    {'x' * 30}"]


CELL = st.lists(st.text("abc", min_size=1, max_size=8), max_size=8).map(" ".join)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(CELL, CELL, CELL, CELL), min_size=1, max_size=4),
    width=st.integers(24, 120),
    least=st.integers(8, 30),
)
def test_whatever_it_holds_it_fits_and_loses_no_word(rows: list[tuple[str, ...]], width: int, least: int) -> None:
    lines = fitted_lines(("one", "two", "three", "four"), rows, width, smallest={1: least, 0: 8}, below=(2, 1))
    assert max(map(len, lines)) <= width
    wanted = sorted(word for row in rows for cell in row for word in cell.split())
    found = [word.rstrip(";") for line in lines[1:] for word in line.split()]
    assert sorted(word for word in found if word and set(word) <= set("abc")) == wanted
