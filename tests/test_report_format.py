"""How numbers are written: digits that suit the quantity, one unit for a span of time, never a false zero."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketascope.report.format import (
    MINUS,
    NOT_SHOWN,
    STYLES,
    as_given,
    counted,
    decimals_for,
    duration,
    effect_size,
    interval,
    named_value,
    number,
    plain,
    signed,
    significant,
    split_unit,
    value_rows,
    with_interval,
    words,
)


def quantity(median: float, low: float, high: float) -> dict[str, Any]:
    return {"median": median, "low": low, "high": high, "interval_of": "patients"}


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (185.37, "concentration", "185"),
        (62.04, "concentration", "62.0"),
        (1.234, "concentration", "1.23"),
        (0.01234, "concentration", "0.012"),
        (2470.4, "concentration", "2,470"),
        (0.2243, "percent_of_one", "22"),
        (0.052, "percent_of_one", "5.2"),
        (1.4249, "fold", "1.42"),
        (0.314, "fraction", "0.31"),
        (-8.04, "points", f"{MINUS}8.0"),
        (12.6, "pressure", "12.6"),
        (43.4, "people", "43"),
        (2436, "count", "2,436"),
        (35, "number", "35"),
    ],
)
def test_each_kind_has_the_digits_its_readers_expect(value: float, kind: str, text: str) -> None:
    assert number(value, kind) == text


@pytest.mark.parametrize(
    ("hours", "text"),
    [
        (10 / 60, "10 min"),
        (2 / 3, "40 min"),
        (1, "1 h"),
        (1.5, "1.5 h"),
        (2, "2 h"),
        (24, "24 h"),
        (36, "36 h"),
        (47, "47 h"),
        (48, "2 d"),
        (60, "2.5 d"),
        (84, "3.5 d"),
        (168, "7 d"),
        (252, "10.5 d"),
        (336, "2 wk"),
        (1344, "8 wk"),
        (0.001, "<1 min"),
        (0, "0 min"),
    ],
)
def test_times_are_said_as_people_say_them(hours: float, text: str) -> None:
    assert duration(hours) == text


@pytest.mark.parametrize(
    ("median", "low", "high", "text"),
    [
        (0.9, 0.6, 1.7, "54 min (36 to 102)"),
        (22, 17.6, 29, "22 h (18 to 29)"),
        (1.9, 1.1, 2.85, "1.9 h (1.1 to 2.9)"),
        (290, 190, 460, "12 d (8 to 19)"),
        (2, 0.1, 900, "2 h (6 min to 5.4 wk)"),
        (168, 168, 168, "7 d"),
        (0.7, 0, 1.2, "42 min (0 to 72)"),
    ],
)
def test_a_span_of_time_has_one_unit_where_one_serves(median: float, low: float, high: float, text: str) -> None:
    assert with_interval(quantity(median, low, high), "time") == text


@pytest.mark.parametrize(
    ("case", "kind", "text"),
    [
        ((185, 102, 324), "concentration", "185 (102 to 324)"),
        ((62, 34.1, 108.2), "concentration", "62.0 (34.1 to 108)"),
        ((-8.2, -10.14, -6.38), "points", f"{MINUS}8.2 ({MINUS}10.1 to {MINUS}6.4)"),
        ((-0.6, -1.2, 0.04), "points", f"{MINUS}0.6 ({MINUS}1.2 to 0.0)"),
        ((0.48, 0.34, 0.67), "percent_of_one", "48 (34 to 67)"),
        ((1, 1, 1), "percent_of_one", "100"),
        ((5.0, 0.02, 40.0), "concentration", "5.00 (0.02 to 40.0)"),
        ((0.0, -0.4, 0.4), "points", f"0.0 ({MINUS}0.4 to 0.4)"),
    ],
)
def test_intervals_share_the_decimals_of_the_median(case: tuple[float, float, float], kind: str, text: str) -> None:
    assert with_interval(quantity(*case), kind) == text


def test_nothing_is_a_dash_and_never_a_zero() -> None:
    for kind in [*STYLES, "time"]:
        assert number(None, kind) == NOT_SHOWN
        assert interval(None, kind) == (NOT_SHOWN, "")
        assert "0" not in with_interval(None, kind)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_not_shown(value: float) -> None:
    assert number(value) == NOT_SHOWN


def test_a_negative_zero_has_no_sign() -> None:
    assert plain(-0.04, 1) == "0.0"
    assert plain(-0.0, 0) == "0"
    assert plain(-1234.5, 1) == f"{MINUS}1,234.5"


def test_a_value_that_rounds_up_does_not_gain_a_digit() -> None:
    assert decimals_for(9.996, 3) == 1
    assert number(9.996, "concentration") == "10.0"
    assert decimals_for(0.0, 3) == 0


@given(st.floats(1e-5, 1e6), st.sampled_from([name for name, style in STYLES.items() if style.is_ratio]))
def test_a_small_positive_value_never_reads_as_zero(value: float, kind: str) -> None:
    text = number(value, kind)
    floor = 10 ** -(STYLES[kind].most_decimals + 3)
    if value * STYLES[kind].factor >= floor:
        assert text.replace(",", "").strip("0.") != ""


@given(st.floats(0.001, 1e5), st.floats(0, 1), st.floats(1, 10), st.sampled_from([*STYLES, "time"]))
def test_every_interval_reads_low_to_high(median: float, down: float, up: float, kind: str) -> None:
    text, ends = interval(quantity(median, median * down, median * up), kind)
    assert text
    assert ends == "" or re.fullmatch(r"[<\d.,]+( \w+)? to [<\d.,]+( \w+)?", ends)


@given(st.floats(0.02, 1e4))
def test_a_time_read_back_is_the_time_within_rounding(hours: float) -> None:
    amount, unit = duration(hours).split()
    in_hours = float(amount.replace(",", "")) * {"min": 1 / 60, "h": 1, "d": 24, "wk": 168}[unit]
    assert in_hours == pytest.approx(hours, rel=0.51)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ketamine_cmax_ng_per_ml", ("ketamine cmax", "ng/mL", "concentration")),
        ("auc_last_ng_h_per_ml", ("auc last", "ng·h/mL", "concentration")),
        ("half_life_h", ("half life", "time", "time")),
        ("weight_kg", ("weight", "kg", "number")),
        ("geometric_cv_percent", ("geometric cv", "%", "percent")),
        ("clearance_l_per_h", ("clearance", "L/h", "number")),
        ("session", ("session", "", "number")),
    ],
)
def test_names_carry_their_units(name: str, expected: tuple[str, str, str]) -> None:
    assert split_unit(name) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, NOT_SHOWN),
        ("", NOT_SHOWN),
        (True, "yes"),
        (False, "no"),
        ([], "none"),
        (["a", "b"], "a, b"),
        (3, "3"),
        ("x", "x"),
    ],
)
def test_any_plain_value_has_a_text(value: object, text: str) -> None:
    assert words(value) == text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("weight_kg", 70, "weight 70 kg"),
        ("age_years", 40, "age 40 years"),
        ("sex", None, "sex not given"),
        ("hepatic", "normal", "hepatic normal"),
        ("interactions", [], "interactions none"),
        ("horizon_h", 1344, "horizon 8 wk"),
    ],
)
def test_inputs_are_phrases_with_units(name: str, value: object, text: str) -> None:
    assert named_value(name, value) == text


@pytest.mark.parametrize(
    ("count", "words_of", "text"),
    [
        (1, ("dose",), "1 dose"),
        (0, ("dose",), "0 doses"),
        (1200, ("dose",), "1,200 doses"),
        (1.0, ("trial",), "1 trial"),
        (1, ("study", "studies"), "1 study"),
        (3, ("person", "people"), "3 people"),
    ],
)
def test_what_is_counted_stands_in_the_singular_or_the_plural(
    count: float, words_of: tuple[str, ...], text: str
) -> None:
    assert counted(count, *words_of) == text


def test_the_table_behind_a_drawing_tells_numbers_from_texts_and_shows_what_is_missing() -> None:
    assert value_rows([{"option": "IV", "peak": 185.37}, {"option": "nasal", "peak": None}]) == [
        [("IV", False), ("185", True)],
        [("nasal", False), (f"{NOT_SHOWN} not shown", False)],
    ]


# Changes, figures of sources, effects


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [(1.25, 1, "+1.2"), (-1.26, 1, f"{MINUS}1.3"), (0.0, 2, "0.00"), (0.001, 2, "0.00"), (-0.001, 2, "0.00")],
)
def test_a_change_has_a_sign_unless_it_reads_as_none(value: float, decimals: int, text: str) -> None:
    assert signed(value, decimals) == text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (86.9832, 4, "86.98"),
        (5.0, 3, "5"),
        (12345.6, 3, "12,300"),
        (0.000012345, 3, "0.0000123"),
        (-0.5, 2, f"{MINUS}0.5"),
        (0.0, 3, "0"),
        (99.96, 3, "100"),
    ],
)
def test_a_number_of_any_size_has_its_digits_and_no_exponent(value: float, digits: int, text: str) -> None:
    assert significant(value, digits) == text


@given(st.floats(-1e9, 1e9).filter(lambda value: abs(value) > 1e-6), st.integers(2, 6))
def test_significant_digits_say_the_same_number(value: float, digits: int) -> None:
    back = float(significant(value, digits).replace(",", "").replace(MINUS, "-"))
    assert back == pytest.approx(float(f"{value:.{digits - 1}e}"), rel=1e-12)


def test_a_figure_of_a_source_keeps_its_digits() -> None:
    assert [as_given(value) for value in (-11.88, 66.67, 12.0, 1250.0)] == [f"{MINUS}11.88", "66.67", "12", "1,250"]


@pytest.mark.parametrize(
    ("value", "measure", "text"),
    [
        (-0.756, "SMD", f"{MINUS}0.76"),
        (-11.88, "MD", f"{MINUS}11.9"),
        (math.log(2.0), "log OR", "2.00"),
        (math.log(25.0), "log RR", "25.0"),
        (-9.0, "log OR", "<0.01"),
        (900.0, "log OR", ">1,000"),
    ],
)
def test_an_effect_is_written_by_its_measure(value: float, measure: str, text: str) -> None:
    assert effect_size(value, measure) == text


def test_the_minus_sign_is_written_in_one_place(root: Path) -> None:
    """Elsewhere a number would have a rule of its own."""
    files = (root / "src" / "ketascope").rglob("*.py")
    assert [file.name for file in files if "N{MINUS SIGN" in file.read_text(encoding="utf-8")] == ["format.py"]
