"""The long table: its shape, that a replicate depends on nothing but itself, and what each column holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ketascope.virtual_trials.analyses.ancova import ancova_contrasts
from ketascope.virtual_trials.analysing import COLUMNS, analyse, complete_ratings, observed_ratings
from ketascope.virtual_trials.design import Adaptation, Rescue
from virtual_trials_by_hand import ACTIVE, PLACEBO, SECOND, VISITS_H, make_design, make_trials


def _rows(table, **wanted):
    keep = np.ones(len(table["replicate"]), bool)
    for name, value in wanted.items():
        keep &= table[name] == value
    return {name: values[keep] for name, values in table.items()}


def _same(first, second) -> None:
    assert list(first) == list(second)
    for name in first:
        assert first[name].dtype == second[name].dtype, name
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)


def test_the_columns_and_their_types_and_order_are_fixed() -> None:
    design = make_design(
        arms=(PLACEBO, ACTIVE, SECOND), people=30, people_curve=(24, 12), analyses=("responders", "ancova")
    )
    table = analyse(design, make_trials(design, 3, first=7))
    assert list(table) == list(COLUMNS)
    for name, (dtype, meaning) in COLUMNS.items():
        kind = table[name].dtype
        assert kind.kind == "U" if dtype == "str" else kind == np.dtype(dtype), name
        assert meaning
    assert {len(values) for values in table.values()} == {3 * 3 * 2 * 2}
    assert table["replicate"].tolist() == np.repeat([7, 8, 9], 12).tolist()
    assert table["curve_people"][:12].tolist() == np.repeat([0, 12, 24], 4).tolist()
    assert table["method"][:4].tolist() == ["responders", "responders", "ancova", "ancova"]
    assert table["contrast"][:4].tolist() == ["ketamine", "low dose"] * 2


def test_chunks_make_the_same_table_as_the_whole() -> None:
    design = make_design(
        people=36,
        analyses=("ancova", "responders", "mixed_model"),
        people_curve=(16, 48),
        mixed_model_replicates=3,
        adaptation=Adaptation(information=(0.5, 1.0), futility_below=0.2, people_most=72, wanted_power=0.9),
    )
    whole = analyse(design, make_trials(design, 7, effects=-4.0, missing=0.1))
    parts = [
        analyse(design, make_trials(design, count, effects=-4.0, missing=0.1, first=first))
        for first, count in ((0, 1), (1, 4), (5, 2))
    ]
    _same(whole, {name: np.concatenate([part[name] for part in parts]) for name in whole})
    assert (whole["method"] == "mixed_model").sum() == 3
    assert set(_rows(whole, method="mixed_model")["replicate"]) == {0, 1, 2}


def test_a_size_on_the_curve_is_the_trial_of_that_size_without_looks() -> None:
    looks = Adaptation(information=(0.5, 1.0), futility_below=0.3)
    design = make_design(people=40, people_curve=(20, 60), analyses=("ancova", "responders"), adaptation=looks)
    trials = make_trials(design, 20, effects=-4.0, missing=0.2)
    table = analyse(design, trials)
    for people in (20, 60):
        alone = analyse(make_design(people=people, analyses=("ancova", "responders")), trials)
        on_curve = _rows(table, curve_people=people)
        for name in COLUMNS:
            if name not in ("curve_people", "complete_estimate"):
                np.testing.assert_array_equal(on_curve[name], alone[name], err_msg=name)


def test_a_curve_has_no_reference_of_complete_data() -> None:
    design = make_design(people=20, people_curve=(12,))
    table = analyse(design, make_trials(design, 3))
    np.testing.assert_array_equal(np.isnan(table["complete_estimate"]), table["curve_people"] > 0)


def test_the_reference_is_complete_data_of_all_people_planned() -> None:
    design = make_design(people=40, adaptation=Adaptation(information=(0.5, 1.0), spending="pocock"))
    trials = make_trials(design, 30, effects=-8.0, missing=0.3)
    table = analyse(design, trials)
    expected = ancova_contrasts(complete_ratings(design, trials), design.alpha).estimate[:, 0]
    np.testing.assert_array_equal(table["complete_estimate"], expected)
    stopped = table["look"] == 1
    assert 0.2 < stopped.mean() < 1.0
    assert (table["reason"][stopped] == "benefit").all()
    assert (table["people"][stopped] == 20).all()
    assert (table["people"][~stopped] == 40).all()
    early = ancova_contrasts(observed_ratings(design, trials).entered(0, 20), design.alpha)
    np.testing.assert_array_equal(table["estimate"][stopped], early.estimate[stopped, 0])
    np.testing.assert_array_equal(table["analysed"][stopped], early.analysed[stopped, 0])


def test_on_complete_data_the_mixed_model_has_the_reference_as_its_estimate() -> None:
    design = make_design(people=24, analyses=("mixed_model",))
    table = analyse(design, make_trials(design, 2, effects=-3.0))
    np.testing.assert_allclose(table["estimate"], table["complete_estimate"], atol=1e-7)


@pytest.mark.parametrize("estimand", ["treatment policy", "hypothetical"])
def test_ratings_that_are_left_are_taken_as_they_are_whatever_the_estimand(estimand: str) -> None:
    """Which are left out after a rescue is settled where people are simulated, and only there."""
    design = make_design(rescue=Rescue(from_visit_h=168.0, percent_fall=20.0, smd=-0.5), estimand=estimand)
    trials = make_trials(design, 2)
    rescued_h, observed = trials.rescued_h.copy(), trials.observed.copy()
    rescued_h[:, 5:7] = VISITS_H[1]
    observed[:, 5, -1] = np.nan
    scores = observed_ratings(design, replace(trials, rescued_h=rescued_h, observed=observed)).scores
    np.testing.assert_array_equal(scores, observed)
    assert np.isnan(scores).sum() == 2


def test_the_baseline_may_or_may_not_stand_among_the_visits() -> None:
    design = make_design()
    trials = make_trials(design, 3)
    _same(analyse(design, trials), analyse(replace(design, visits_h=(0.0, *VISITS_H)), trials))


def test_a_replicate_without_an_estimate_stays_in_the_table_and_is_not_significant() -> None:
    design = make_design(people=20, analyses=("ancova",), adaptation=Adaptation(information=(0.5, 1.0)))
    trials = make_trials(design, 3, effects=-8.0)
    observed = trials.observed.copy()
    observed[1, trials.arm == 1, -1] = np.nan
    table = analyse(design, replace(trials, observed=observed))
    assert table["failure"].tolist() == ["none", "too few people", "none"]
    assert np.isnan(table["estimate"][1])
    assert not table["is_significant"][1]
    assert table["people"][1] == 20
    assert np.isfinite(table["complete_estimate"][1])


def test_a_second_part_of_a_changed_trial_without_data_is_a_failure() -> None:
    adaptation = Adaptation(information=(0.5, 1.0), people_most=40, wanted_power=0.9)
    design = make_design(people=20, adaptation=adaptation)
    trials = make_trials(design, 1, effects=0.0, seed=3)
    observed = trials.observed.copy()
    observed[:, 10:] = np.nan
    table = analyse(design, replace(trials, observed=observed))
    assert table["failure"].tolist() == ["too few people"]
    assert np.isnan(table["p_value"][0])


@pytest.mark.parametrize("method", ["ancova", "responders"])
def test_an_effect_shows_in_the_direction_of_benefit(method: str) -> None:
    design = make_design(
        people=60, analyses=(method,), adaptation=Adaptation(information=(0.5, 1.0), spending="pocock")
    )
    better = analyse(design, make_trials(design, 40, effects=-9.0))
    worse = analyse(design, make_trials(design, 40, effects=9.0))
    assert (better["reason"] == "benefit").sum() > 10
    # Few of the control respond, so there is little to lose.
    assert (worse["reason"] == "harm").sum() > (10 if method == "ancova" else 2)
    assert not (better["reason"] == "harm").any()
    assert not (worse["reason"] == "benefit").any()
