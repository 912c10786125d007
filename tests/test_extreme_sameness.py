"""Two ways to say the same thing give the same numbers; what changes next to nothing changes next to nothing."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import pytest

from fuzzing import numbers
from ketascope import compare, simulate

SHORT_H = 48.0
INFUSION = "ketamine 35 mg IV over 40 min"
TOGETHER = "ketamine 35 mg IM & ketamine 50 mg oral & esketamine 56 mg nasal"
TIMES_H = (0.0, 0.5, 1.0, 2.0, 24.0, 48.0)


@cache
def option(sentence: str, **choices: Any) -> dict[str, Any]:
    (row,) = compare([sentence], **({"patients": 3, "until_h": SHORT_H} | choices)).document()["options"]
    return dict(row)


@cache
def courses(sentence: str, until_h: float = SHORT_H, weight_kg: float = 70.0) -> dict[str, Any]:
    document = simulate(sentence, patients=3, until_h=until_h, weight_kg=weight_kg, times_h=TIMES_H).document()
    return dict(document["series"])


def assert_same(one: object, other: object, relative: float, absolute: float = 1e-6) -> None:
    first, second = dict(numbers(one)), dict(numbers(other))
    assert first
    apart = {
        name: (first.get(name), second.get(name))
        for name in first.keys() | second.keys()
        if not math.isclose(first.get(name, math.nan), second.get(name, math.nan), rel_tol=relative, abs_tol=absolute)
    }
    assert not apart


@pytest.mark.parametrize(
    "sentence",
    [
        "ketamine 0.035 g IV over 40 min",
        "ketamine 35000 mcg IV over 40 min",
        "KETAMINE 35MG iv OVER 40MIN",
        "ketamine 0.5 mg/kg IV over 40 min",
        "ketamine 500 mcg/kg IV over 40 min",
        "ketamine 35 mg IV over 40 min q 7 d x 1",
        "ketamine 35 mg IV over 40 min after 0 h",
    ],
)
def test_units_case_and_a_rhythm_of_one_dose_change_nothing(sentence):
    assert_same(courses(sentence), courses(INFUSION), 1e-12)


@pytest.mark.parametrize("weight_kg", [20.0, 300.0])
def test_a_dose_per_kg_is_the_dose_that_it_makes(weight_kg):
    absolute = f"ketamine {0.4 * weight_kg:g} mg IV over 40 min"
    assert_same(
        courses("ketamine 0.4 mg/kg IV over 40 min", weight_kg=weight_kg), courses(absolute, SHORT_H, weight_kg), 1e-9
    )


def test_an_infusion_in_two_halves_back_to_back_is_the_whole():
    halves = "ketamine 17.5 mg IV over 20 min then ketamine 17.5 mg IV over 20 min"
    assert_same(courses(halves), courses(INFUSION), 1e-4)


@pytest.mark.parametrize("route", ["oral", "SL"])  # taken at home: an injection would be a visit, and visits help
def test_a_nanogram_beside_a_dose_changes_next_to_nothing(route):
    # It begins a session of its own, in which the trace of dissociation that is left weighs a little more.
    assert_same(courses(f"{INFUSION} & ketamine 0.000001 mg {route} after 1 d"), courses(INFUSION), 1e-4, 1e-4)


def test_a_later_end_changes_nothing_before_it():
    assert_same(courses(INFUSION, 4 * SHORT_H), courses(INFUSION), 1e-4)


def test_what_is_given_at_one_moment_may_be_named_in_any_order():
    """The dose that is watched longest leads: where the session is held and when it is over must not hang on words."""
    one, other = (option(" & ".join(parts)) for parts in (TOGETHER.split(" & "), TOGETHER.split(" & ")[::-1]))
    for part in ("pk", "receptor", "acute", "practical", "evidence", "symptoms"):
        assert_same(one[part], other[part], 1e-9)
    assert (one["drug"], one["route"]) == (other["drug"], other["route"])


def test_a_nanogram_at_home_does_not_hide_that_the_infusion_beside_it_is_watched():
    alone, beside = option(INFUSION), option(f"ketamine 0.000001 mg oral & {INFUSION}")
    assert beside["route"] == "IV"
    assert beside["practical"] == alone["practical"]
    assert beside["acute"]["dissociation_over_h"] == alone["acute"]["dissociation_over_h"]


def test_the_order_of_options_changes_none_of_them():
    sentences = [INFUSION, "ketamine 100 mg oral"]
    one, other = (
        {row["sentence"]: row for row in compare(each, patients=3, until_h=SHORT_H).document()["options"]}
        for each in (sentences, sentences[::-1])
    )
    assert one == other


def test_the_order_of_scenarios_and_of_medicines_changes_nothing():
    both = {"scenarios": ("hnk", "expectancy"), "interactions": ("rifampicin", "grapefruit")}
    turned = {name: names[::-1] for name, names in both.items()}
    for part in ("pk", "symptoms", "acute"):
        assert_same(option("ketamine 100 mg oral", **both)[part], option("ketamine 100 mg oral", **turned)[part], 1e-9)
