"""Estimators of tau2 on hard inputs: they always end, and where they end is the right place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from ketascope.errors import InputError
from ketascope.evidence.pooling.heterogeneity import (
    ESTIMATORS,
    estimate_tau2,
    log_likelihood,
    q_profile,
    relative_spread,
)
from ketascope.evidence.pooling.inputs import check
from ketascope.evidence.pooling.weighting import fit
from pooling_references import arrays, fixture

# Variances up to a hundred million times apart, estimates from alike to absurd.
hard = st.lists(
    st.tuples(st.floats(-100, 100), st.floats(-4, 4).map(lambda power: 10.0**power)), min_size=2, max_size=10
)
likely = st.sampled_from([True, False])
TWO_PEAKS = [(-0.073207, 0.02), (-0.415375, 0.050569), (5.226533, 2.721731), (-0.785429, 0.041877), (-2.088512, 5.0)]


def data_of(rows):
    return check([y for y, _ in rows], [v for _, v in rows])


def score(data, tau2, restricted):
    """Derivative of the log-likelihood."""
    fitted = fit(data, tau2)
    matrix = fitted.projection if restricted else np.diag(fitted.weights)
    return 0.5 * float(np.sum((fitted.weights * fitted.residuals) ** 2) - np.trace(matrix))


# --- every estimator ends


@given(hard, st.sampled_from(sorted(ESTIMATORS)))
@example([(0.0, 1e-4), (100.0, 1e4)], "REML")
@example([(0.0, 1e-4), (0.0, 1e4)], "ML")
@example(TWO_PEAKS, "REML")
def test_every_estimator_ends_and_says_that_it_converged(rows, estimator):
    found = estimate_tau2(data_of(rows), estimator)
    assert found.converged
    assert np.isfinite(found.tau2)
    assert found.tau2 >= 0.0
    assert found.message
    assert ("lower limit" in found.message) == (found.tau2 == 0.0 and estimator != "FE")


@given(hard, likely)
def test_likelihood_estimates_are_peaks(rows, restricted):
    """The slope is nothing at the estimate, or falls away from zero; and no other tau2 is likelier."""
    data = data_of(rows)
    tau2 = estimate_tau2(data, "REML" if restricted else "ML").tau2
    height = log_likelihood(data, tau2, restricted)
    for other in [0.0, *np.geomspace(1e-6, 1e5, 45)]:
        assert log_likelihood(data, float(other), restricted) <= height + 1e-7 * (1.0 + abs(height))
    slope = score(data, tau2, restricted)
    if tau2 == 0.0:
        assert slope <= 1e-6 * float(np.sum(fit(data, 0.0).weights))
    else:
        weights = fit(data, tau2).weights
        assert abs(slope) <= 1e-5 * float(weights.sum())


@given(hard, likely, st.sampled_from([0, 1, 2]))
def test_where_scoring_is_cut_short_the_bracketed_search_finds_the_same_peak(rows, restricted, steps):
    data = data_of(rows)
    estimator = "REML" if restricted else "ML"
    full, short = estimate_tau2(data, estimator), estimate_tau2(data, estimator, most_steps=steps)
    assert short.converged
    heights = [log_likelihood(data, each.tau2, restricted) for each in (full, short)]
    assert heights[1] == pytest.approx(heights[0], rel=1e-6, abs=1e-6)
    if steps == 0:
        assert "bracketed search" in short.message
        assert "did not settle in 0 steps" in short.message


@given(hard)
def test_paule_mandel_makes_the_generalised_q_equal_to_its_degrees_of_freedom(rows):
    data = data_of(rows)
    tau2 = estimate_tau2(data, "PM").tau2
    q = fit(data, tau2).q
    if tau2 > 0.0:
        assert q == pytest.approx(data.degrees_of_freedom, rel=1e-6)
    else:
        assert q <= data.degrees_of_freedom * (1.0 + 1e-9)


@given(st.lists(st.floats(-10, 10), min_size=2, max_size=10), st.floats(0.01, 10))
def test_for_equal_variances_reml_dl_and_pm_are_one(estimates, variance):
    """The sample variance of the estimates less the sampling variance, or zero; ML divides by k instead of k - 1."""
    data = check(estimates, [variance] * len(estimates))
    wanted = max(0.0, float(np.var(estimates, ddof=1)) - variance)
    for estimator in ("REML", "DL", "PM"):
        assert estimate_tau2(data, estimator).tau2 == pytest.approx(wanted, rel=1e-6, abs=1e-7)
    likelier = max(0.0, float(np.var(estimates)) - variance)
    assert estimate_tau2(data, "ML").tau2 == pytest.approx(likelier, rel=1e-6, abs=1e-7)


def test_a_likelihood_with_two_peaks_gives_the_higher_one_and_says_so():
    found = estimate_tau2(data_of(TWO_PEAKS), "REML")
    assert found.tau2 == pytest.approx(3.0539, abs=1e-4)
    assert "more than one peak" in found.message
    low_peak = min(log_likelihood(data_of(TWO_PEAKS), tau2, True) for tau2 in (0.3, 0.6, 1.0))
    assert log_likelihood(data_of(TWO_PEAKS), found.tau2, True) > low_peak


def test_studies_that_agree_have_no_heterogeneity():
    for estimator in ESTIMATORS:
        assert estimate_tau2(check([0.5, 0.5, 0.5], [0.1, 1.0, 10.0]), estimator).tau2 == 0.0


def test_an_unknown_estimator_is_refused():
    with pytest.raises(InputError, match="estimator 'SJ' is unknown"):
        estimate_tau2(check([0.0, 1.0], [1.0, 1.0]), "SJ")


# --- interval of tau2


@given(hard, st.floats(0.5, 0.99))
def test_the_ends_of_the_q_profile_have_the_wanted_tail_areas(rows, level):
    data = data_of(rows)
    low, high = q_profile(data, level)
    tail, df = 0.5 * (1.0 - level), data.degrees_of_freedom
    assert 0.0 <= low <= high
    for end, area in ((low, tail), (high, 1.0 - tail)):
        found = float(stats.chi2.sf(fit(data, end).q, df))
        if end > 0.0:
            assert found == pytest.approx(area, abs=1e-6)
        else:
            assert found >= area - 1e-9


@given(hard)
def test_the_interval_holds_the_paule_mandel_estimate(rows):
    data = data_of(rows)
    low, high = q_profile(data)
    assert low * (1 - 1e-9) <= estimate_tau2(data, "PM").tau2 <= high * (1 + 1e-9) + 1e-12


def test_the_interval_is_empty_at_zero_where_studies_agree_too_well():
    assert q_profile(check([0.5] * 12, [1.0] * 12)) == (0.0, 0.0)


def test_the_interval_covers_as_often_as_it_says():
    """1,000 simulated meta-analyses of eight studies; binomial error at 95% is 0.7%."""
    random = np.random.default_rng(20)
    variances = np.array([0.02, 0.05, 0.1, 0.2, 0.3, 0.05, 0.15, 0.4])
    inside = 0
    for _ in range(1000):
        estimates = random.normal(0.3, np.sqrt(variances + 0.1))
        low, high = q_profile(check(estimates, variances))
        inside += low <= 0.1 <= high
    assert 0.93 <= inside / 1000 <= 0.97


# --- I2 and H2


@given(hard, st.sampled_from(["REML", "DL", "PM", "ML"]))
def test_i2_and_h2_are_two_ways_to_say_one_thing(rows, estimator):
    data = data_of(rows)
    i2, h2 = relative_spread(data, estimate_tau2(data, estimator).tau2, estimator)
    assert 0.0 <= i2 <= 100.0
    assert i2 == pytest.approx(100.0 * (1.0 - 1.0 / h2), abs=1e-6)


def test_i2_of_a_common_effect_model_comes_from_q():
    data = check(*arrays(fixture()["data"]["bcg"], "log RR"))
    i2, h2 = relative_spread(data, 0.0, "FE")
    assert i2 == pytest.approx(100.0 * (152.2330 - 12) / 152.2330, abs=1e-4)
    assert h2 == pytest.approx(152.2330 / 12, abs=1e-4)
    assert relative_spread(check([1.0, 1.0], [1.0, 2.0]), 0.0, "FE") == pytest.approx((0.0, 0.0), abs=1e-12)


# --- weighted least squares


@given(hard, st.floats(0.0, 10.0))
def test_the_fit_solves_the_normal_equations(rows, tau2):
    data = data_of(rows)
    fitted = fit(data, tau2)
    assert float(fitted.hat.sum()) == pytest.approx(1.0)
    assert fitted.covariance[0, 0] == pytest.approx(1.0 / fitted.weights.sum())
    # The projection removes what the design explains and gives the weighted residuals.
    assert fitted.projection @ data.design[:, 0] == pytest.approx(np.zeros(data.k), abs=1e-7 * fitted.weights.max())
    assert fitted.q >= 0.0
