"""Pooling: its parts by hand, its symmetries, what it refuses."""

from __future__ import annotations

import json
import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ketascope.errors import InputError
from ketascope.evidence.pooling.effect_sizes import Effect
from ketascope.evidence.pooling.heterogeneity import ESTIMATORS
from ketascope.evidence.pooling.models import PREDICTION_RULES, TESTS, check_one_scale, pool, pool_effects

ESTIMATES, VARIANCES = [-0.9, -0.3, -0.55, 0.1], [0.04, 0.02, 0.09, 0.06]

studies = st.lists(st.tuples(st.floats(-5, 5), st.floats(1e-3, 10)), min_size=2, max_size=12)
estimators = st.sampled_from(sorted(ESTIMATORS))
tests = st.sampled_from(sorted(TESTS))


def unzip(rows):
    return [y for y, _ in rows], [v for _, v in rows]


# --- by hand


def test_a_common_effect_is_the_weighted_mean():
    pooled = pool(ESTIMATES, VARIANCES, estimator="FE", test="z")
    weights = 1 / np.array(VARIANCES)
    mean = float(weights @ ESTIMATES / weights.sum())
    assert pooled.estimate == pytest.approx(mean)
    assert pooled.standard_error == pytest.approx(weights.sum() ** -0.5)
    assert pooled.weights == pytest.approx(100 * weights / weights.sum())
    assert pooled.q == pytest.approx(float(weights @ (np.array(ESTIMATES) - mean) ** 2))
    assert pooled.q_p == pytest.approx(stats.chi2.sf(pooled.q, 3))
    assert (pooled.tau2, pooled.k, pooled.q_df) == (0.0, 4, 3)
    assert pooled.i2 == pytest.approx(100 * (1 - 3 / pooled.q))
    assert pooled.h2 == pytest.approx(pooled.q / 3)


def test_dersimonian_laird_by_hand():
    weights = 1 / np.array(VARIANCES)
    q = pool(ESTIMATES, VARIANCES, estimator="FE").q
    wanted = (q - 3) / (weights.sum() - (weights**2).sum() / weights.sum())
    pooled = pool(ESTIMATES, VARIANCES, estimator="DL", test="z")
    assert pooled.tau2 == pytest.approx(wanted)
    assert pooled.i2 == pytest.approx(100 * (1 - 3 / q)), "for DL the two definitions of I2 are one"
    assert pooled.p_value == pytest.approx(2 * stats.norm.sf(abs(pooled.estimate / pooled.standard_error)))


def test_knapp_hartung_by_hand():
    plain, adjusted = pool(ESTIMATES, VARIANCES, test="z"), pool(ESTIMATES, VARIANCES, test="KH")
    weights = 1 / (np.array(VARIANCES) + plain.tau2)
    factor = float(weights @ (np.array(ESTIMATES) - plain.estimate) ** 2) / 3
    assert adjusted.estimate == plain.estimate
    assert adjusted.standard_error == pytest.approx(plain.standard_error * math.sqrt(factor))
    margin = stats.t.ppf(0.975, 3) * adjusted.standard_error
    assert (adjusted.low, adjusted.high) == pytest.approx((plain.estimate - margin, plain.estimate + margin))
    assert adjusted.p_value == pytest.approx(2 * stats.t.sf(abs(plain.estimate) / adjusted.standard_error, 3))


def test_two_equally_precise_studies_have_tau2_in_closed_form():
    """Half the squared distance less the variance, by REML, DL and PM alike."""
    for estimator in ("REML", "DL", "PM"):
        pooled = pool([0.0, 2.0], [0.5, 0.5], estimator=estimator)
        assert pooled.tau2 == pytest.approx(1.5, rel=1e-9)
        assert pooled.estimate == pytest.approx(1.0)
        assert pooled.converged


# --- prediction intervals


def test_each_prediction_rule_by_hand():
    pooled = pool(ESTIMATES, VARIANCES, test="z")
    adjusted = pool(ESTIMATES, VARIANCES, test="KH").standard_error
    spread = {
        "z": stats.norm.ppf(0.975) * math.sqrt(pooled.tau2 + pooled.standard_error**2),
        "KH t(k-1)": stats.t.ppf(0.975, 3) * math.sqrt(pooled.tau2 + adjusted**2),
        "t(k-2)": stats.t.ppf(0.975, 2) * math.sqrt(pooled.tau2 + pooled.standard_error**2),
    }
    assert set(spread) == set(PREDICTION_RULES)
    for rule, margin in spread.items():
        assert pooled.predictions[rule] == pytest.approx((pooled.estimate - margin, pooled.estimate + margin))


def test_predictions_do_not_depend_on_the_test_but_for_the_ad_hoc_factor():
    by_test = {test: pool([0.1, 0.2, 0.15, 0.12], [0.04, 0.05, 0.03, 0.08], test=test).predictions for test in TESTS}
    assert by_test["z"] == by_test["KH"]
    assert by_test["KH ad hoc"]["z"] == by_test["z"]["z"]
    assert by_test["KH ad hoc"]["KH t(k-1)"][1] > by_test["KH"]["KH t(k-1)"][1]


def test_a_rule_without_degrees_of_freedom_is_left_open():
    pooled = pool([0.0, 1.0], [0.1, 0.1])
    assert pooled.predictions["t(k-2)"] is None
    assert pooled.predictions["z"] is not None
    assert set(pool(ESTIMATES, VARIANCES, estimator="FE").predictions.values()) == {None}


@given(studies, st.sampled_from(["REML", "DL", "PM", "ML"]), tests)
def test_a_prediction_is_never_narrower_than_the_interval_of_its_kind(rows, estimator, test):
    pooled = pool(*unzip(rows), estimator=estimator, test=test)
    rule = "z" if test == "z" else "KH t(k-1)"
    low, high = pooled.predictions[rule]
    assert low <= pooled.low + 1e-9
    assert high >= pooled.high - 1e-9


# --- symmetries


@given(studies, estimators, tests)
def test_the_order_of_the_studies_does_not_matter(rows, estimator, test):
    one = pool(*unzip(rows), estimator=estimator, test=test)
    other = pool(*unzip(rows[::-1]), estimator=estimator, test=test)
    assert other.tau2 == pytest.approx(one.tau2, rel=1e-6, abs=1e-8)
    assert other.estimate == pytest.approx(one.estimate, rel=1e-5, abs=1e-7)
    assert other.standard_error == pytest.approx(one.standard_error, rel=1e-5, abs=1e-8)


@given(studies, estimators, tests, st.floats(-20, 20))
def test_shifting_all_estimates_shifts_the_pool(rows, estimator, test, shift):
    estimates, variances = unzip(rows)
    one = pool(estimates, variances, estimator=estimator, test=test)
    moved = pool([y + shift for y in estimates], variances, estimator=estimator, test=test)
    assert moved.estimate - shift == pytest.approx(one.estimate, abs=1e-5)
    assert moved.tau2 == pytest.approx(one.tau2, rel=1e-4, abs=1e-6)


@given(studies, estimators, tests, st.floats(0.05, 20))
def test_a_change_of_unit_changes_every_figure_by_its_power(rows, estimator, test, factor):
    estimates, variances = unzip(rows)
    one = pool(estimates, variances, estimator=estimator, test=test)
    scaled = pool([factor * y for y in estimates], [factor**2 * v for v in variances], estimator=estimator, test=test)
    assert scaled.estimate == pytest.approx(factor * one.estimate, rel=1e-5, abs=1e-6)
    assert scaled.tau2 == pytest.approx(factor**2 * one.tau2, rel=1e-5, abs=1e-6)
    assert (scaled.q, scaled.i2) == pytest.approx((one.q, one.i2), rel=1e-4, abs=1e-4)


@given(studies, estimators, tests)
def test_turning_all_signs_turns_the_pool(rows, estimator, test):
    estimates, variances = unzip(rows)
    one = pool(estimates, variances, estimator=estimator, test=test)
    turned = pool([-y for y in estimates], variances, estimator=estimator, test=test)
    assert turned.estimate == pytest.approx(-one.estimate, abs=1e-9)
    assert (turned.low, turned.high) == pytest.approx((-one.high, -one.low), abs=1e-8)
    assert turned.p_value == pytest.approx(one.p_value, abs=1e-8)


@given(studies, estimators, tests)
def test_every_result_is_whole(rows, estimator, test):
    pooled = pool(*unzip(rows), estimator=estimator, test=test)
    assert min(unzip(rows)[0]) - 1e-9 <= pooled.estimate <= max(unzip(rows)[0]) + 1e-9
    assert pooled.low <= pooled.estimate <= pooled.high
    assert 0.0 <= pooled.p_value <= 1.0
    assert 0.0 <= pooled.i2 <= 100.0
    assert sum(pooled.weights) == pytest.approx(100.0)
    assert 0.0 <= pooled.tau2_low <= pooled.tau2_high
    assert pooled.converged
    assert pooled.message
    assert json.loads(json.dumps(asdict(pooled)))["k"] == len(rows)


@given(studies, tests, st.floats(0.5, 0.99))
def test_a_lower_level_gives_a_narrower_interval(rows, test, level):
    wide, narrow = pool(*unzip(rows), test=test, level=0.995), pool(*unzip(rows), test=test, level=level)
    assert narrow.high - narrow.low <= wide.high - wide.low
    assert narrow.tau2_low >= wide.tau2_low
    assert narrow.tau2_high <= wide.tau2_high


@given(studies, estimators)
def test_the_ad_hoc_variant_is_the_wider_of_the_two_errors(rows, estimator):
    errors = {
        test: pool(*unzip(rows), estimator=estimator, test=test).standard_error for test in ("z", "KH", "KH ad hoc")
    }
    assert errors["KH ad hoc"] == pytest.approx(max(errors["z"], errors["KH"]), rel=1e-12)


def test_identical_studies_leave_knapp_hartung_without_an_error_and_it_says_so():
    pooled = pool([0.4, 0.4, 0.4], [0.1, 0.2, 0.3])
    assert pooled.standard_error == pytest.approx(0.0, abs=1e-12)
    assert pooled.p_value < 1e-6
    assert "KH narrows the interval by 0.00" in pooled.message
    assert pool([0.4, 0.4, 0.4], [0.1, 0.2, 0.3], test="KH ad hoc").p_value > 0.05
    assert pool([0.0, 0.0], [0.1, 0.1]).p_value == 1.0


# --- refusals


@pytest.mark.parametrize("rows", [([], []), ([0.3], [0.1])])
def test_fewer_than_two_studies_are_not_pooled(rows):
    with pytest.raises(InputError, match="^pooling needs at least two studies; one is shown as it is$"):
        pool(*rows)
    with pytest.raises(InputError, match="at least two"):
        pool_effects([Effect(f"{y}", y, v, "SMD") for y, v in zip(*rows, strict=True)])


@pytest.mark.parametrize("variance", [0.0, -0.2, math.nan, math.inf])
def test_an_impossible_variance_is_refused_with_its_row(variance):
    with pytest.raises(InputError, match=r"row 2 \('feder2021'\): variance .* above zero"):
        pool([0.1, 0.2], [0.1, variance], names=["taylor2018", "feder2021"])


def test_an_impossible_estimate_is_refused_with_its_row():
    with pytest.raises(InputError, match=r"row 1 \('study 1'\): estimate nan should be a finite number"):
        pool([math.nan, 0.2], [0.1, 0.1])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"estimator": "reml"}, "estimator 'reml' is unknown; did you mean 'REML'"),
        ({"estimator": "XYZ"}, "estimator 'XYZ' is unknown. Known: REML, DL, PM, ML, FE"),
        ({"test": "KH adhoc"}, "test 'KH adhoc' is unknown; did you mean 'KH ad hoc'"),
        ({"level": 95}, "level 95 should be between 0 and 1"),
        ({"names": ["a"]}, "1 names for 2 studies"),
    ],
)
def test_an_unknown_option_is_refused(options, words):
    with pytest.raises(InputError) as refusal:
        pool([0.1, 0.2], [0.1, 0.1], **options)
    assert words.lower() in str(refusal.value).lower() or words.split(";")[0] in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_estimates_and_variances_come_in_pairs():
    with pytest.raises(InputError, match="3 estimates and 2 variances"):
        pool([1, 2, 3], [1, 2])
    with pytest.raises(InputError, match="one of each per study"):
        pool([[1.0, 2.0]], [[1.0, 2.0]])


def test_mixed_scales_are_refused_and_both_studies_named():
    mixed = [Effect("a", 0.1, 0.1, "SMD"), Effect("b", -3.0, 1.0, "MD CAPS-5")]
    with pytest.raises(InputError, match="'b' is a MD CAPS-5 but 'a' is a SMD; effects are pooled on one scale"):
        pool_effects(mixed)
    assert check_one_scale(mixed[:1]) == "SMD"


def test_effects_pool_as_their_arrays_do():
    effects = [Effect(f"{y}", y, v, "SMD") for y, v in zip(ESTIMATES, VARIANCES, strict=True)]
    assert pool_effects(effects, estimator="PM") == pool(ESTIMATES, VARIANCES, estimator="PM")
