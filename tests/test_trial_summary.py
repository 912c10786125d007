"""What the summary of many replicates says: names, intervals, the three kinds of spread, and plain words."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from ketascope.virtual_trials import monte_carlo
from ketascope.virtual_trials.analysing import analyse
from ketascope.virtual_trials.analytic_power import ancova_power
from ketascope.virtual_trials.design import Adaptation, Rescue
from ketascope.virtual_trials.summary import summarise
from virtual_trials_by_hand import ACTIVE, PLACEBO, SD_POINTS, SECOND, make_design, make_trials, quick_trials


def _summary(design, replicates: int = 400, parts: int = 3, **given):
    edges = np.linspace(0, replicates, parts + 1).astype(int).tolist()
    tables = (
        analyse(design, make_trials(design, last - first, first=first, **given))
        for first, last in zip(edges, edges[1:], strict=False)
    )
    return summarise(design, tables)


def _figures(value):
    """Every figure with an interval in a document."""
    if isinstance(value, dict):
        if {"value", "low", "high"} <= set(value):
            yield value
        for each in value.values():
            yield from _figures(each)
    elif isinstance(value, list):
        for each in value:
            yield from _figures(each)


def test_the_main_figure_is_named_for_what_varies() -> None:
    for changes, name in (
        ({"parameters": "posterior"}, "assurance"),
        ({"parameters": "fixed"}, "power"),
        ({"parameters": "posterior", "is_null": True}, "type I error"),
    ):
        found = _summary(make_design(**changes), 20)
        assert found["quantity"] == name
        assert found["sentences"][0].lower().startswith(name.lower())


def test_power_and_its_interval_agree_with_the_formula() -> None:
    design = make_design(people=60, visits_h=(24.0,), primary_visit_h=24.0)
    found = summarise(design, [analyse(design, quick_trials(design, 3000, effect=-5.0))])
    success = found["methods"][0]["contrasts"][0]["success"]
    expected = ancova_power(30, 30, -5.0, SD_POINTS, correlation=0.6)
    assert success["low"] < expected < success["high"]
    assert success["high"] - success["low"] == pytest.approx(
        2 * 1.96 * math.sqrt(expected * (1 - expected) / 3000), rel=0.05
    )


def test_parts_may_come_in_any_number() -> None:
    design = make_design(analyses=("ancova", "responders"), people_curve=(20, 40))
    assert _summary(design, 60, 1, effects=-4.0) == _summary(design, 60, 5, effects=-4.0)


def test_the_document_is_plain_data_without_anything_that_is_not_a_number() -> None:
    design = make_design(
        arms=(PLACEBO, ACTIVE, SECOND),
        people=24,
        analyses=("ancova", "responders", "mixed_model"),
        mixed_model_replicates=2,
        people_curve=(12,),
        adaptation=Adaptation(information=(0.5, 1.0), futility_below=0.2),
    )
    found = _summary(design, 6, effects=-4.0)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert [method["replicates"] for method in found["methods"]] == [6, 6, 2]
    assert found["methods"][2]["curve"] == []
    assert "not refitted" in found["methods"][2]["curve_note"]


def test_every_interval_holds_its_value() -> None:
    design = make_design(analyses=("ancova", "responders"), people_curve=(20,), parameters="posterior")
    figures = list(_figures(_summary(design, 120, effects=-4.0, parameter_sd=2.0)))
    assert len(figures) > 30
    for figure in figures:
        if figure["low"] is not None and figure["high"] is not None:
            assert figure["low"] <= figure["value"] <= figure["high"]


def test_how_people_differ_and_what_is_not_known_are_told_apart() -> None:
    design = make_design(parameters="posterior", visits_h=(24.0,), primary_visit_h=24.0)
    found = _summary(design, 1500, effects=-4.0, parameter_sd=3.0)["methods"][0]["contrasts"][0]["spread"]
    assert found["from_parameters"]["low"] < 3.0 < found["from_parameters"]["high"]
    expected = SD_POINTS * math.sqrt((1.0 - 0.6**2) * (2.0 / 30.0) * (57.0 / 56.0))
    assert found["from_people"]["value"] == pytest.approx(expected, rel=0.02)
    total = math.hypot(found["from_parameters"]["value"], found["from_people"]["value"])
    assert found["between_trials"]["value"] == pytest.approx(total, rel=1e-6)
    fixed = make_design(parameters="fixed", visits_h=(24.0,), primary_visit_h=24.0)
    assert _summary(fixed, 50, effects=-4.0)["methods"][0]["contrasts"][0]["spread"]["from_parameters"] is None


def test_the_effect_its_predictive_interval_and_its_size_in_standard_deviations() -> None:
    design = make_design(people=120, visits_h=(24.0,), primary_visit_h=24.0)
    row = _summary(design, 800, effects=-4.0)["methods"][0]["contrasts"][0]
    assert row["expected_effect"]["low"] < -4.0 < row["expected_effect"]["high"]
    error = SD_POINTS * math.sqrt((1.0 - 0.6**2) * (2.0 / 60.0))
    for name, sign in (("low", -1.96), ("high", 1.96)):
        limit = row["predictive_interval"][name]
        assert limit["low"] < -4.0 + sign * error < limit["high"]
    assert row["standardised_effect"]["value"] == pytest.approx(-4.0 / SD_POINTS, abs=0.02)
    assert row["active_mean"]["value"] - row["control_mean"]["value"] == pytest.approx(-4.0, abs=0.3)


def test_coverage_is_right_where_it_is_defined_and_says_so_where_not() -> None:
    for changes, effect in (({"is_null": True}, 0.0), ({"parameters": "fixed"}, -4.0)):
        design = make_design(people=30, visits_h=(24.0,), primary_visit_h=24.0, **changes)
        coverage = _summary(design, 1500, effects=effect)["methods"][0]["contrasts"][0]["coverage"]
        assert coverage["low"] < 0.95 < coverage["high"]
    design = make_design(parameters="posterior")
    coverage = _summary(design, 20)["methods"][0]["contrasts"][0]["coverage"]
    assert coverage["value"] is None
    assert "not defined" in coverage["note"]


def test_stopping_for_benefit_overstates_the_effect_and_the_summary_measures_it() -> None:
    looks = Adaptation(information=(0.3, 0.6, 1.0), spending="pocock")
    design = make_design(people=60, visits_h=(24.0,), primary_visit_h=24.0, adaptation=looks)
    found = summarise(design, [analyse(design, quick_trials(design, 2000, effect=-5.0))])
    method = found["methods"][0]
    row = method["contrasts"][0]
    bias = row["bias"]
    assert bias["high"] < 0.0
    assert bias["high"] - bias["value"] == pytest.approx(1.96 * bias["monte_carlo_se"], rel=1e-3)
    assert any("is off by −" in sentence for sentence in found["sentences"])
    assert sum(entry["value"] for entry in row["stopping"]) == pytest.approx(1.0)
    assert {entry["reason"] for entry in row["stopping"]} >= {"benefit", "planned end"}
    used = method["people_used"]
    assert 18.0 < used["mean"]["value"] < 60.0
    assert used["quantiles"]["0.95"]["value"] == 60.0
    assert row["people"] == used["mean"]
    assert "Lan-DeMets" in found["rules"]["looks"]
    plain = make_design(people=60, visits_h=(24.0,), primary_visit_h=24.0)
    bias = summarise(plain, [analyse(plain, quick_trials(plain, 100, effect=-5.0))])["methods"][0]["contrasts"][0][
        "bias"
    ]
    assert bias["value"] == 0.0


def test_a_trial_goes_on_until_its_last_comparison_has_ended() -> None:
    design = make_design(
        arms=(PLACEBO, ACTIVE, SECOND),
        people=60,
        visits_h=(24.0,),
        primary_visit_h=24.0,
        adaptation=Adaptation(information=(0.5, 1.0), spending="pocock"),
    )
    rows = analyse(design, quick_trials(design, 300, effect=-5.0))
    by_arm = rows["people"].reshape(-1, 2)
    used = summarise(design, [rows])["methods"][0]["people_used"]["mean"]["value"]
    assert by_arm.min(axis=1).mean() < used == pytest.approx(by_arm.max(axis=1).mean())


def test_a_significant_harm_is_no_success() -> None:
    design = make_design(people=60)
    row = _summary(design, 60, effects=9.0)["methods"][0]["contrasts"][0]
    assert row["success"]["value"] == 0.0
    assert row["wrong_direction"]["value"] > 0.9


def test_type_one_error_counts_both_directions_and_any_arm_is_held_to_alpha() -> None:
    design = make_design(
        arms=(PLACEBO, ACTIVE, SECOND), people=45, visits_h=(24.0,), primary_visit_h=24.0, is_null=True
    )
    found = summarise(design, [analyse(design, quick_trials(design, 6000))])["methods"][0]
    for row in found["contrasts"]:
        assert row["success"]["low"] < 0.05 < row["success"]["high"]
    assert found["any_arm"]["value"] < 0.055


def test_an_important_difference_is_asked_of_each_source_that_has_one() -> None:
    design = make_design(people=60)
    row = _summary(design, 200, effects=-4.0)["methods"][0]["contrasts"][0]
    asked = {(entry["source"].split()[0], entry["least"]): entry["value"] for entry in row["important_difference"]}
    assert set(asked) == {("Duru", 1.6), ("Duru", 1.9), ("Hengartner", 3.0), ("Hengartner", 6.0)}
    assert asked["Duru", 1.6] > asked["Duru", 1.9] > asked["Hengartner", 3.0] > asked["Hengartner", 6.0]
    gad = make_design(people=60, indication="gad", scale="ham_a")
    assert _summary(gad, 20)["methods"][0]["contrasts"][0]["important_difference"] == []


def test_responders_have_a_number_needed_to_treat() -> None:
    design = make_design(people=200, analyses=("responders",))
    row = _summary(design, 150, effects=-8.0)["methods"][0]["contrasts"][0]
    needed = row["number_needed_to_treat"]
    assert needed["value"] == pytest.approx(1.0 / row["expected_effect"]["value"])
    assert needed["low"] < needed["value"] < needed["high"]
    assert needed["of"].endswith("Monte-Carlo error alone")
    assert "standardised_effect" not in row


def test_failures_are_counted_and_said() -> None:
    design = make_design(people=20)
    trials = make_trials(design, 4)
    trials.observed[:2, trials.arm == 1] = np.nan
    found = summarise(design, [analyse(design, trials)])
    row = found["methods"][0]["contrasts"][0]
    assert row["failures"]["too few people"]["count"] == 2
    assert row["failures"]["no convergence"]["count"] == 0
    assert any("2 of 4 replicates have no estimate (too few people 2)" in sentence for sentence in found["sentences"])


def test_the_curve_rises_with_people_and_carries_intervals() -> None:
    design = make_design(people=60, people_curve=(20, 60, 120), visits_h=(24.0,), primary_visit_h=24.0)
    curve = _summary(design, 300, effects=-5.0)["methods"][0]["curve"]
    assert [point["people"] for point in curve] == [20, 60, 120]
    values = [point["arms"]["ketamine"]["value"] for point in curve]
    assert values == sorted(values)
    for point in curve:
        people = point["people"]
        expected = ancova_power(people // 2, people // 2, -5.0, SD_POINTS, correlation=0.6)
        assert point["arms"]["ketamine"]["low"] - 0.01 < expected < point["arms"]["ketamine"]["high"] + 0.01


def test_monte_carlo_figures_of_little_or_nothing() -> None:
    assert monte_carlo.share(0, 0) == {"value": None, "low": None, "high": None}
    assert monte_carlo.mean(np.array([np.nan])) == {"value": None, "low": None, "high": None}
    assert monte_carlo.mean(np.array([2.0])) == {"value": 2.0, "low": None, "high": None}
    assert monte_carlo.quantile(np.array([]), 0.5)["value"] is None
    few = monte_carlo.quantile(np.array([1.0, 2.0, 3.0]), 0.025)
    assert few["low"] is None
    assert few["high"] is not None


def test_intervals_of_a_quantile_hold_it_as_often_as_they_say() -> None:
    generator = np.random.default_rng(4)
    held = []
    for _ in range(400):
        found = monte_carlo.quantile(generator.random(200), 0.1)
        held.append(found["low"] <= 0.1 <= found["high"])
    assert 0.92 < np.mean(held) < 0.99


RESCUE = Rescue(from_visit_h=168.0, percent_fall=20.0, smd=0.5)


def _rescued(estimand: str, **changes):
    """Every fourth person of the active arm is lower by 6 points at the end, as after a rescue."""
    design = make_design(rescue=RESCUE, estimand=estimand, analyses=("ancova", "responders"), **changes)
    trials = make_trials(design, 60, effects=-2.0)
    observed = trials.observed.copy()
    observed[:, np.flatnonzero(trials.arm == 1)[::4], -1] += -6.0 if estimand == "treatment policy" else np.nan
    return summarise(design, [analyse(design, replace(trials, observed=observed))])


def test_under_treatment_policy_the_difference_from_complete_data_holds_rescue_and_is_no_error() -> None:
    found = _rescued("treatment policy")
    for method in found["methods"]:
        row = method["contrasts"][0]
        assert "includes the effect of rescue" in row["bias"]["note"]
        assert (row["coverage"]["value"], row["coverage"]["low"]) == (None, None)
        assert row["coverage"]["note"] == f"not known: {row['bias']['note']}"
    said = [sentence for sentence in found["sentences"] if "complete data" in sentence]
    assert said[0].startswith("Its estimate differs by −1.")
    assert all("includes the effect of rescue" in sentence and "off by" not in sentence for sentence in said)


def test_without_a_drug_effect_coverage_is_known_with_a_rescue_too() -> None:
    coverage = _rescued("treatment policy", is_null=True)["methods"][0]["contrasts"][0]["coverage"]
    assert coverage["note"] == "of no difference"
    assert coverage["value"] is not None


def test_without_rescue_or_under_the_hypothetical_estimand_the_reference_is_the_same() -> None:
    ancova = _rescued("hypothetical")["methods"][0]["contrasts"][0]
    plain = _summary(make_design(), 20)["methods"][0]["contrasts"][0]
    for row in (ancova, plain):
        assert row["bias"]["note"] is None
        assert row["coverage"]["note"] == "of the mean estimate from complete data"
        assert row["coverage"]["value"] > 0.8


def test_responders_are_composite_where_a_rescue_leaves_ratings_out() -> None:
    ancova, responders = _rescued("hypothetical")["methods"]
    assert ancova["estimand"] == "hypothetical"
    assert responders["estimand"] == "composite: who was rescued or left counts as no response"
    assert "rescued counts as no response" in responders["contrasts"][0]["bias"]["note"]
    assert responders["contrasts"][0]["coverage"]["value"] is None
    assert [each["estimand"] for each in _rescued("treatment policy")["methods"]] == ["treatment policy"] * 2
    without = make_design(estimand="hypothetical", analyses=("responders",))
    assert _summary(without, 5)["methods"][0]["estimand"] == "hypothetical"


def test_a_difference_of_no_responders_at_all_is_still_plain_data() -> None:
    design = make_design(analyses=("responders",))
    trials = make_trials(design, 8)
    found = summarise(design, [analyse(design, replace(trials, observed=np.full_like(trials.observed, 60.0)))])
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["methods"][0]["contrasts"][0]["number_needed_to_treat"]["harm"] is None
