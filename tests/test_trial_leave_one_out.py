"""Scores of predictions: closed forms where there are some, arms against their own controls, rivals' fair chance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from ketascope.evidence.pooling.models import pool
from ketascope.evidence.symptom_trials import calibration, leave_one_out, likelihood
from ketascope.evidence.symptom_trials.calibration import FULL_WEIGHT, packaged_design
from ketascope.evidence.symptom_trials.design import Design
from ketascope.evidence.symptom_trials.estimation import families
from ketascope.evidence.symptom_trials.leave_one_out import (
    LEVELS,
    RIVALS,
    Comparison,
    comparisons,
    crps,
    crps_normal,
    rival_predictions,
    score_rows,
    smd_of_counts,
    summary,
)
from ketascope.evidence.symptom_trials.predictive import Predicted, predict, rows_of, thinned
from ketascope.evidence.symptom_trials.trial_file import Trial, load_trials
from trial_fixtures import design_of, made_up_fit, make, middle_values, some_values, trial

DRAWS = 3


@pytest.fixture(scope="module")
def whole() -> Design:
    return packaged_design(FULL_WEIGHT)


@pytest.fixture(scope="module")
def numbered(whole: Design) -> Predicted:
    """Predictions that are told apart: row i of the figures predicts i, of the counts i events."""
    figures = np.tile(np.arange(len(whole.figures), dtype=float), (DRAWS, 1))
    events = np.tile(np.arange(len(whole.responses), dtype=float), (DRAWS, 1))
    nothing = np.zeros((DRAWS, 0))
    return Predicted(nothing, figures, nothing, events, nothing, nothing)


@pytest.fixture(scope="module")
def every(whole: Design, numbered: Predicted) -> list[Comparison]:
    return comparisons(whole, numbered)


# --- scores --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mean", "sd", "observed"), [(0.0, 1.0, 0.0), (-0.4, 0.3, 0.2), (2.0, 5.0, -4.0)])
def test_score_of_a_normal_prediction_is_the_integral_that_defines_it(mean: float, sd: float, observed: float) -> None:
    law = stats.norm(mean, sd)
    below = quad(lambda x: law.cdf(x) ** 2, mean - 12.0 * sd, observed)[0]
    above = quad(lambda x: law.sf(x) ** 2, observed, mean + 12.0 * sd)[0]
    assert crps_normal(mean, sd, observed) == pytest.approx(below + above, rel=1e-6)


def test_score_of_a_normal_prediction_at_known_values() -> None:
    assert crps_normal(0.0, 1.0, 0.0) == pytest.approx(math.sqrt(2.0 / math.pi) - 1.0 / math.sqrt(math.pi))
    assert crps_normal(3.0, 2.0, 3.0) == pytest.approx(2.0 * crps_normal(0.0, 1.0, 0.0))
    assert crps_normal(0.0, 1.0, 50.0) == pytest.approx(50.0 - 1.0 / math.sqrt(math.pi)), "far off it is the distance"
    assert crps_normal(0.0, 1.0, 1.3) == pytest.approx(crps_normal(0.0, 1.0, -1.3))


def test_score_of_draws_is_the_definition_for_a_few_draws() -> None:
    draws, observed = np.array([1.0, -2.0, 0.5, 4.0]), 0.7
    apart = np.abs(draws[:, None] - draws[None, :]).mean()
    assert crps(draws, observed) == pytest.approx(np.abs(draws - observed).mean() - 0.5 * apart)
    assert crps(np.array([2.0]), 5.0) == 3.0, "one draw is a point"
    assert crps(draws[::-1], observed) == crps(draws, observed)


@pytest.mark.parametrize("observed", [-1.5, 0.0, 0.4, 3.0])
def test_score_of_many_normal_draws_is_the_closed_form(observed: float) -> None:
    draws = stats.norm(0.3, 0.8).ppf((np.arange(20_000) + 0.5) / 20_000)
    assert crps(draws, observed) == pytest.approx(crps_normal(0.3, 0.8, observed), abs=1e-4)


def test_a_prediction_of_the_right_width_scores_best() -> None:
    rng = np.random.default_rng(2)
    seen = rng.normal(0.0, 1.0, 4000)
    mean_score = {sd: float(np.mean([crps_normal(0.0, sd, x) for x in seen])) for sd in (0.4, 1.0, 2.5)}
    assert mean_score[1.0] == min(mean_score.values())


# --- counts as standardised differences ----------------------------------------------------------------


def test_counts_become_a_standardised_difference_by_hand() -> None:
    """4 of 8 against 0 of 7: odds ratio (4.5 x 7.5)/(4.5 x 0.5) = 15."""
    value, error = smd_of_counts(4, 8, 0, 7)
    assert value == pytest.approx(-math.log(15.0) * math.sqrt(3.0) / math.pi)
    assert error == pytest.approx(math.sqrt(1 / 4.5 + 1 / 4.5 + 1 / 0.5 + 1 / 7.5) * math.sqrt(3.0) / math.pi)


def test_more_responders_are_a_fall_and_as_many_are_none() -> None:
    assert smd_of_counts(5, 10, 5, 10)[0] == pytest.approx(0.0)
    assert smd_of_counts(8, 10, 2, 10)[0] == pytest.approx(-smd_of_counts(2, 10, 8, 10)[0])
    many, _ = smd_of_counts(np.array([0.0, 5.0, 10.0]), 10, np.array([5.0, 5.0, 5.0]), 10)
    assert np.all(np.diff(many) < 0.0)
    assert np.all(np.isfinite(many))


# --- arms against their controls -----------------------------------------------------------------------


def pairs(design: Design, every: list[Comparison], key: str) -> list[tuple[str, float, float]]:
    return [(item.label, item.time_h, item.observed) for item in every if item.trial == key]


def sd_of(design: Design, key: str) -> float:
    k = [item.key for item in design.trials].index(key)
    return float(design.readouts.endpoint_sd[[at for (own, _, _), at in design.key_index.items() if own == k][0]])


def values_of(key: str) -> dict[tuple[str, float], list[float]]:
    found: dict[tuple[str, float], list[float]] = {}
    for row in trial(key).rows:
        found.setdefault((row.arm, row.time_h), []).append(row.value)
    return found


def test_each_dose_of_daly_is_held_against_the_one_placebo_arm_at_the_same_time(
    whole: Design, every: list[Comparison]
) -> None:
    own = pairs(whole, every, "daly2018")
    assert [(arm, time) for arm, time, _ in own] == [
        (arm, time) for time in (2.0, 24.0, 168.0) for arm in ("esk28", "esk56", "esk84")
    ]
    values, sd = values_of("daly2018"), sd_of(whole, "daly2018")
    for arm, time, observed in own:
        assert observed == pytest.approx((values[arm, time][0] - values["pbo", time][0]) / sd), (arm, time)


def test_women_are_held_against_women_and_men_against_men(whole: Design, every: list[Comparison]) -> None:
    own = pairs(whole, every, "transform12")
    assert [time for _, time, _ in own] == [24.0, 672.0, 672.0]
    values, sd = values_of("transform12"), sd_of(whole, "transform12")
    for group in (0, 1):
        difference = values["esk", 672.0][group] - values["pbo", 672.0][group]
        assert own[1 + group][2] == pytest.approx(difference / sd)
    assert own[0][2] == pytest.approx(float(smd_of_counts(55, 318, 19, 203)[0]))


def test_each_schedule_of_singh_has_its_own_control(whole: Design, every: list[Comparison]) -> None:
    values, sd = values_of("singh2016"), sd_of(whole, "singh2016")
    for arm, time, observed in pairs(whole, every, "singh2016"):
        control = {"ket2": "sal2", "ket3": "sal3"}[arm]
        assert observed == pytest.approx((values[arm, time][0] - values[control, time][0]) / sd)
    assert len(pairs(whole, every, "singh2016")) == 2


def test_both_drugs_of_stein_are_held_against_placebo(whole: Design, every: list[Comparison]) -> None:
    values = values_of("stein2007")
    people = {"esc20": 116, "par40": 119}
    expected = [smd_of_counts(values[arm, 4032.0][0], n, values["pbo", 4032.0][0], 115)[0] for arm, n in people.items()]
    own = pairs(whole, every, "stein2007")
    assert [arm for arm, _, _ in own] == ["esc20", "par40"]
    assert [observed for _, _, observed in own] == pytest.approx([float(value) for value in expected])


def test_a_printed_difference_is_taken_as_it_is(whole: Design, every: list[Comparison]) -> None:
    ((arm, time, observed),) = pairs(whole, every, "feder2021")
    assert (arm, time) == ("ket", 336.0)
    assert observed == pytest.approx(-11.88 / sd_of(whole, "feder2021")), "the control's responders are no comparison"
    lii = pairs(whole, every, "lii2023")
    assert [time for _, time, _ in lii] == [24.0, 72.0, 168.0, 336.0]


def test_predictions_are_paired_as_the_observations_are(whole: Design, every: list[Comparison]) -> None:
    """Predictions count their rows, so each comparison shows which two rows it is of."""
    index = {}
    for i, (k, row) in enumerate(whole.figures):
        index[whole.trials[k].key, row.arm, row.time_h, row.value] = float(i)
    for key in ("daly2018", "transform12", "singh2016", "martenyi2007"):
        sd = sd_of(whole, key)
        rows = {i: row for i, (k, row) in enumerate(whole.figures) if whole.trials[k].key == key}
        for item in (item for item in every if item.trial == key and item.predicted[0] != 0.0):
            if key == "transform12" and item.time_h == 24.0:
                continue
            apart = round(item.predicted[0] * sd)
            couples = [
                (i, j)
                for i in rows
                for j in rows
                if i - j == apart and rows[i].arm == item.label and rows[i].time_h == rows[j].time_h == item.time_h
            ]
            assert any((rows[i].value - rows[j].value) / sd == pytest.approx(item.observed) for i, j in couples), item
            assert item.predicted == pytest.approx(np.full(DRAWS, item.predicted[0]))


def test_errors_of_a_comparison_are_those_of_its_two_arms(whole: Design, every: list[Comparison]) -> None:
    murrough = next(item for item in every if item.trial == "murrough2013")
    errors = [row.error for row in trial("murrough2013").rows]
    assert murrough.error == pytest.approx(math.hypot(*errors) / sd_of(whole, "murrough2013"))
    feder = next(item for item in every if item.trial == "feder2021")
    assert feder.error == pytest.approx(3.96 / sd_of(whole, "feder2021"))


def test_every_trial_but_pools_and_bounds_is_compared_in_the_order_of_times(
    whole: Design, every: list[Comparison]
) -> None:
    bounds = {whole.trials[k].key for k, _ in whole.bounds}
    assert bounds == {"abdallah2022", "friedman2007"}
    expected = [item.key for item in whole.trials if not item.pooled and item.key not in bounds]
    assert list(dict.fromkeys(item.trial for item in every)) == expected
    for key in expected:
        times = [item.time_h for item in every if item.trial == key]
        assert times == sorted(times), key
    treated = {item.key: item for item in whole.trials}
    for item in every:
        arm = treated[item.trial].arms[item.label]
        assert arm.sentences or (not treated[item.trial].is_ketamine and arm.antidepressant)
        assert item.error > 0.0


# --- rivals --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trials() -> dict[str, Trial]:
    return {item.key: item for item in load_trials()}


PRIMARY = {
    "murrough2013": (-0.7, 0.25),
    "lapidus2014": (-0.5, 0.3),
    "daly2018": (-1.0, 0.3),
    "feder2021": (-1.1, 0.35),
    "abdallah2022": (0.0, 0.2),
    "rodriguez2013": (-1.4, 0.8),
}


def pooled_by_hand(keys: list[str]) -> tuple[float, float]:
    estimates = np.array([PRIMARY[key][0] for key in keys])
    found = pool(estimates, np.array([PRIMARY[key][1] ** 2 for key in keys]), estimator="REML", test="z")
    return found.estimate, math.sqrt(found.standard_error**2 + found.tau2)


def test_rivals_are_pooled_from_the_other_trials(trials: Mapping[str, Trial]) -> None:
    found = rival_predictions(trials["murrough2013"], trials, PRIMARY)
    others = [key for key in PRIMARY if key != "murrough2013"]
    assert found[RIVALS[0]] == pytest.approx(pooled_by_hand(others))
    assert found[RIVALS[1]] == pytest.approx(pooled_by_hand(["lapidus2014", "daly2018"]))


def test_an_indication_with_fewer_than_two_other_trials_takes_all_trials(trials: Mapping[str, Trial]) -> None:
    for key in ("rodriguez2013", "feder2021"):
        found = rival_predictions(trials[key], trials, PRIMARY)
        assert found[RIVALS[1]] == found[RIVALS[0]]


@pytest.mark.parametrize("key", list(PRIMARY))
def test_what_a_held_out_trial_found_never_reaches_its_rivals(key: str, trials: Mapping[str, Trial]) -> None:
    before = rival_predictions(trials[key], trials, PRIMARY)
    after = rival_predictions(trials[key], trials, {**PRIMARY, key: (25.0, 0.001)})
    without = rival_predictions(trials[key], trials, {name: row for name, row in PRIMARY.items() if name != key})
    assert before == after == without


def test_without_spread_between_trials_a_rival_is_their_weighted_mean(trials: Mapping[str, Trial]) -> None:
    alike = {"lapidus2014": (-0.6, 0.3), "daly2018": (-0.6, 0.4)}
    mean, sd = rival_predictions(trials["murrough2013"], trials, alike)[RIVALS[0]]
    assert mean == pytest.approx(-0.6)
    assert sd == pytest.approx((1 / 0.09 + 1 / 0.16) ** -0.5, rel=1e-3)


# --- rows and summary ----------------------------------------------------------------------------------


def comparison(observed: float, trial_key: str = "a", time_h: float = 24.0, middle: float = 0.0) -> Comparison:
    draws = middle + stats.norm.ppf((np.arange(4001) + 0.5) / 4001)
    return Comparison(trial_key, "arm", time_h, observed, 0.5, draws)


def test_a_row_says_what_was_predicted_and_whether_it_was_seen() -> None:
    inside, wide, outside = score_rows([comparison(0.3), comparison(1.5), comparison(2.5)], None)
    assert [row["inside_50"] for row in (inside, wide, outside)] == [True, False, False]
    assert [row["inside_95"] for row in (inside, wide, outside)] == [True, True, False]
    assert inside["median"] == pytest.approx(0.0, abs=1e-6)
    assert [inside["low_50"], inside["high_50"]] == pytest.approx([-0.6745, 0.6745], abs=1e-3)
    assert [inside["low_95"], inside["high_95"]] == pytest.approx([-1.96, 1.96], abs=5e-3)
    assert [row["primary"] for row in (inside, wide, outside)] == [False, False, True], "the last counts for the trial"
    assert inside["crps"] == pytest.approx(crps_normal(0.0, 1.0, 0.3), abs=1e-3)
    assert "rival_crps" not in inside
    assert score_rows([], None) == []


def test_rivals_are_scored_with_the_comparisons_own_error() -> None:
    (row,) = score_rows([comparison(0.3)], {RIVALS[0]: (-0.2, 1.2), RIVALS[1]: (0.3, 0.0)})
    assert row["rival_crps"][RIVALS[0]] == pytest.approx(crps_normal(-0.2, 1.3, 0.3))
    assert row["rival_crps"][RIVALS[1]] == pytest.approx(crps_normal(0.3, 0.5, 0.3))


def scored(name: str, inside: tuple[bool, bool], own: float, rival: tuple[float, float], primary: bool = True) -> Any:
    return {
        "trial": name,
        "primary": primary,
        "inside_50": inside[0],
        "inside_95": inside[1],
        "crps": own,
        "rival_crps": dict(zip(RIVALS, rival, strict=True)),
    }


def test_coverage_counts_each_trial_once_and_is_tested_exactly() -> None:
    rows = [scored(f"t{i}", (i < 2, i < 9), 0.2, (0.3, 0.3)) for i in range(10)]
    rows.append(scored("t0", (False, False), 0.2, (0.3, 0.3), primary=False))
    found = summary(rows)["coverage"]
    assert (found["50%"]["inside"], found["50%"]["trials"]) == (2, 10)
    assert found["50%"]["p_value"] == pytest.approx(2 * sum(math.comb(10, k) for k in range(3)) / 2**10)
    assert (found["95%"]["inside"], found["95%"]["rows_inside"], found["95%"]["rows"]) == (9, 9, 11)
    one_or_more = 1.0 - 0.95**10
    assert found["95%"]["p_value"] == pytest.approx(one_or_more), "10 of 10 is likelier than 9 and no misfit"
    assert set(found) == {f"{100 * level:.0f}%" for level in LEVELS}


def test_scores_are_means_over_trials_and_each_trial_has_one_vote() -> None:
    rows = [
        scored("a", (True, True), 0.1, (0.3, 0.2), primary=False),
        scored("a", (True, True), 0.3, (0.5, 0.2)),
        scored("b", (True, True), 0.6, (0.2, 0.7)),
        {"trial": "no rival", "primary": True, "inside_50": True, "inside_95": True, "crps": 9.0},
    ]
    found = summary(rows)
    assert found["crps"] == pytest.approx((0.2 + 0.6) / 2)
    assert found["rivals"] == {RIVALS[0]: pytest.approx((0.4 + 0.2) / 2), RIVALS[1]: pytest.approx((0.2 + 0.7) / 2)}
    assert found["trials_won"] == {RIVALS[0]: 1, RIVALS[1]: 1}
    assert found["trials_scored"] == 2
    assert found["beats_rivals"] is False, "it must beat both"
    better = [scored("a", (True, True), 0.1, (0.3, 0.2))]
    assert summary(better)["beats_rivals"] is True


# --- predictive draws ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def few() -> Design:
    return design_of("feder2021", "rodriguez2013", "abdallah2022", "durgam2016")


@pytest.fixture(scope="module")
def drawn(few: Design) -> tuple[dict[str, np.ndarray], Predicted]:
    table = [{**some_values(1), "trial_sd": 0.3, "ssri_trial_sd": 0.1, "placebo_trial_sd": 0.2}] * 3000
    draws = {name: np.array([row[name] for row in table]) for name in table[0]}
    return draws, predict(few, draws, seed=4)


def test_predictions_without_errors_are_the_models_means(few: Design) -> None:
    values = some_values(2)
    draws = {name: np.array([value, value]) for name, value in values.items()}
    found = predict(few, draws, errors=False)
    parts = likelihood.falls(few, values, families(), {name: np.zeros(4) for name in likelihood.TRIAL_EFFECTS})
    means = np.asarray(likelihood.mean_changes(few, parts))
    assert found.means[0] == pytest.approx(means)
    assert found.figures[1] == pytest.approx(few.mean_map @ means)
    assert found.bounds[0] == pytest.approx(few.bound_map @ means)
    rates = np.asarray(likelihood.response_rates(few, parts))
    assert found.events[0] == pytest.approx(rates * few.people)
    assert np.array_equal(found.figures[0], found.figures[1])


def test_predictions_of_a_new_trial_spread_by_its_own_effect_and_the_reading_error(
    few: Design, drawn: tuple[dict[str, np.ndarray], Predicted]
) -> None:
    _, found = drawn
    reading = found.figures - found.means @ few.mean_map.T
    assert reading.mean(axis=0) == pytest.approx(np.zeros(2), abs=0.25)
    assert reading.std(axis=0) == pytest.approx([row.error for _, row in few.figures], rel=0.05)
    differences = (found.means @ few.mean_map.T).std(axis=0)
    sd = few.readouts.endpoint_sd
    assert differences[0] == pytest.approx(0.3 * sd[few.key_index[0, "ket", 336.0]], rel=0.35)
    assert differences[1] == pytest.approx(0.1 * sd[few.key_index[3, "drug", 1344.0]], rel=0.35)
    # A bound's own effect is added to what its placebo response brings.
    parts = [float((found.means @ few.bound_map.T).std()), float(few.bound_error[0]), 0.3]
    assert found.bounds.std() == pytest.approx(math.hypot(*parts), rel=0.05)
    assert np.all(found.events == np.round(found.events))
    assert np.all((found.events >= 0.0) & (found.events <= few.people))
    expected = (found.rates * few.people).mean(axis=0)
    assert np.all(np.abs(found.events.mean(axis=0) - expected) < 4.0 * found.events.std(axis=0) / math.sqrt(3000))


def test_predictions_depend_on_the_seed_alone(few: Design, drawn: tuple[dict[str, np.ndarray], Predicted]) -> None:
    draws, found = drawn
    again, other = predict(few, draws, seed=4), predict(few, draws, seed=5)
    assert np.array_equal(found.figures, again.figures)
    assert np.array_equal(found.events, again.events)
    assert not np.array_equal(found.figures, other.figures)


def test_rows_of_a_prediction_name_every_figure_and_where_it_fell(
    few: Design, drawn: tuple[dict[str, np.ndarray], Predicted]
) -> None:
    _, found = drawn
    rows = rows_of(few, found)
    assert [(row["trial"], row["kind"]) for row in rows] == [
        ("feder2021", "difference"),
        ("feder2021", "responders"),
        ("rodriguez2013", "responders"),
        ("rodriguez2013", "responders"),
        ("abdallah2022", "bound"),
        ("durgam2016", "difference"),
    ]
    by_kind = {(row["trial"], row["arm"]): row for row in rows}
    feder = by_kind["feder2021", "ket against mdz"]
    assert (feder["observed"], feder["unit"], feder["people"]) == (-11.88, "points", 30)
    for row in rows:
        assert row["low_95"] <= row["low_50"] <= row["median"] <= row["high_50"] <= row["high_95"]
    draws = found.figures[:, 0]
    assert feder["median"] == pytest.approx(np.median(draws))
    assert [feder["low_95"], feder["high_50"]] == pytest.approx(np.quantile(draws, [0.025, 0.75]))
    assert feder["inside_95"] == (feder["low_95"] <= -11.88 <= feder["high_95"])
    ocd = by_kind["rodriguez2013", "ket"]
    assert (ocd["observed"], ocd["unit"]) == (50.0, "% responding")
    assert ocd["median"] == pytest.approx(np.median(found.events[:, 1]) / 8 * 100)
    bound = by_kind["abdallah2022", "ket05 against sal"]
    assert bound["observed"] is None
    assert bound["inside_50"] is bound["inside_95"] is None
    assert bound["bound"] == pytest.approx(0.387, abs=0.001)
    assert bound["probability_within_bound"] == pytest.approx(np.mean(np.abs(found.bounds[:, 0]) < bound["bound"]))


def test_a_share_is_of_the_difference_at_the_later_time() -> None:
    design = make((trial("taylor2006"),))
    values = {**middle_values(), "ssri_half_life_d_mdd": 14.0}
    found = predict(design, {name: np.array([value]) for name, value in values.items()}, errors=False)
    week_1, week_6 = (1.0 - 2.0 ** (-days / 14.0) for days in (7.0, 42.0))
    assert found.shares[0, 0] == pytest.approx(week_1 / week_6, rel=0.03), "but for scores at the scale's maximum"
    (row,) = rows_of(design, found)
    assert (row["observed"], row["unit"]) == (0.33, "share")


def test_thinned_draws_are_evenly_spaced_and_without_effects_of_trials() -> None:
    fit = made_up_fit((trial("feder2021"),), chains=2, draws=50)
    own = thinned(fit, draws=10)
    assert "trial_benefit" not in own
    assert "trial_placebo" not in own
    flat = fit.flat()
    at = np.linspace(0, 99, 10).round().astype(int)
    for name in ("trial_sd", "z_drive_half_saturation", "multiplier_ptsd"):
        assert own[name] == pytest.approx(flat[name][at])
    assert len(thinned(fit, draws=1000)["trial_sd"]) == 100, "never more than there are"


# --- the whole of it -----------------------------------------------------------------------------------


def test_every_trial_is_scored_with_its_own_refit_and_rivals_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = ("rodriguez2013", "murrough2013", "lapidus2014", "feder2021", "abdallah2022", "durgam2016")
    design = make(tuple(trial(key) for key in keys))
    fits = {key: made_up_fit(design.trials, draws=60, seed=number) for number, key in enumerate(keys)}
    asked: dict[str, dict[str, tuple[float, float]]] = {}
    whole = leave_one_out.rival_predictions

    def spy(own: Trial, trials: Mapping[str, Trial], primary: Mapping[str, tuple[float, float]]) -> Any:
        asked[own.key] = dict(primary)
        return whole(own, trials, primary)

    monkeypatch.setattr(leave_one_out, "rival_predictions", spy)
    settings = calibration.Settings(folder=None, chains=2, warm_up=100, draws=100, seed=3, workers=1)  # type: ignore[arg-type]
    found = calibration._left_out(design, settings, fits)
    assert [row["trial"] for row in found["rows"]] == [key for key in keys if key != "abdallah2022"]
    assert set(asked) == set(keys) - {"durgam2016"}, "an SSRI trial has no ketamine rivals"
    assert asked["feder2021"]["abdallah2022"][0] == 0.0, "the null trial counts for the rivals, at nothing"
    assert set(asked["feder2021"]) == set(keys) - {"durgam2016"}
    assert [row["trial"] for row in found["rows"] if "rival_crps" not in row] == ["durgam2016"]
    assert found["all"]["coverage"]["95%"]["trials"] == 5
    assert found["ketamine"]["coverage"]["95%"]["trials"] == 4
    feder = next(row for row in found["rows"] if row["trial"] == "feder2021")
    (own,) = (
        item
        for item in comparisons(design, predict(design, thinned(fits["feder2021"]), 3))
        if item.trial == "feder2021"
    )
    assert feder["crps"] == crps(own.predicted, own.observed)


def test_a_trials_own_observation_does_not_move_its_prediction() -> None:
    """Of what is left out only the observed figure is read: the draws stay as they are."""
    design = design_of("feder2021", "durgam2016")
    fit = made_up_fit(design.trials, draws=30)
    before = comparisons(design, predict(design, thinned(fit), 1))
    row = replace(design.figures[0][1], value=7.0)
    after = comparisons(replace(design, figures=((0, row), design.figures[1])), predict(design, thinned(fit), 1))
    assert after[0].observed == pytest.approx(7.0 / -11.88 * before[0].observed)
    assert np.array_equal(after[0].predicted, before[0].predicted)
