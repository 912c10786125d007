"""The analysis of covariance of many replicates at once, against a regression package and against theory."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm

from ketascope.virtual_trials.analyses.ancova import ancova_contrasts
from ketascope.virtual_trials.analyses.ratings import CONSTANT_BASELINE, CONSTANT_SCORES, NO_FAILURE, TOO_FEW
from ketascope.virtual_trials.analysing import analyse
from ketascope.virtual_trials.analytic_power import ancova_power
from virtual_trials_by_hand import SD_POINTS, make_design, make_ratings, quick_trials

ALPHA = 0.05


def _random_ratings(replicates: int, people: int, arms: int, missing: float = 0.0):
    generator = np.random.default_rng(5)
    arm = np.resize(np.arange(arms), people)
    baseline = generator.normal(30.0, 5.0, (replicates, people))
    scores = 0.6 * baseline + generator.normal(3.0, 6.0, (replicates, people)) - 2.0 * arm
    scores[generator.random(scores.shape) < missing] = np.nan
    return make_ratings(baseline, scores, arm, arms=arms)


def _by_regression(ratings, row: int, alpha: float = ALPHA):
    scores, baseline = ratings.primary_scores[row], ratings.baseline[row]
    has = ratings.is_in[row] & np.isfinite(scores)
    dummies = [(ratings.arm == arm).astype(float) for arm in ratings.active]
    design = np.column_stack([np.ones(len(baseline)), *dummies, baseline])[has]
    fitted = sm.OLS(scores[has], design).fit()
    columns = slice(1, 1 + len(dummies))
    return fitted, columns, fitted.conf_int(alpha)[columns]


@pytest.mark.parametrize(("arms", "missing"), [(2, 0.0), (2, 0.3), (3, 0.0), (3, 0.3)])
def test_every_replicate_agrees_with_least_squares_of_a_regression_package(arms: int, missing: float) -> None:
    ratings = _random_ratings(12, 45, arms, missing)
    found = ancova_contrasts(ratings, ALPHA)
    assert (found.failure == NO_FAILURE).all()
    for row in range(ratings.replicates):
        fitted, columns, limits = _by_regression(ratings, row)
        np.testing.assert_allclose(found.estimate[row], fitted.params[columns], rtol=1e-10)
        np.testing.assert_allclose(found.standard_error[row], fitted.bse[columns], rtol=1e-10)
        np.testing.assert_allclose(found.p_value[row], fitted.pvalues[columns], rtol=1e-9)
        np.testing.assert_allclose(found.low[row], limits[:, 0], rtol=1e-10)
        np.testing.assert_allclose(found.high[row], limits[:, 1], rtol=1e-10)
        np.testing.assert_array_equal(found.degrees_of_freedom[row], fitted.df_resid)
        np.testing.assert_array_equal(found.analysed[row], fitted.nobs)


def test_people_who_have_not_entered_are_not_looked_at() -> None:
    ratings = _random_ratings(4, 60, 2, 0.1)
    some = ratings.entered(0, np.array([20, 30, 40, 60]))
    found = ancova_contrasts(some, 0.1)
    for row in range(4):
        fitted, columns, limits = _by_regression(some, row, 0.1)
        np.testing.assert_allclose(found.estimate[row], fitted.params[columns], rtol=1e-10)
        np.testing.assert_allclose(found.low[row], limits[:, 0], rtol=1e-10)


def test_a_replicate_has_the_same_bits_alone_and_among_others() -> None:
    ratings = _random_ratings(9, 53, 3, 0.2)
    together = ancova_contrasts(ratings, ALPHA)
    for row in range(9):
        alone = ancova_contrasts(ratings.rows(np.array([row])), ALPHA)
        for name in ("estimate", "standard_error", "p_value", "low", "standard_deviation", "active_mean"):
            assert getattr(alone, name).tobytes() == getattr(together, name)[row : row + 1].tobytes()


def test_means_and_spread_are_those_of_the_people_analysed() -> None:
    ratings = _random_ratings(3, 40, 2, 0.25)
    found = ancova_contrasts(ratings, ALPHA)
    for row in range(3):
        scores, has = ratings.primary_scores[row], np.isfinite(ratings.primary_scores[row])
        change = scores - ratings.baseline[row]
        groups = [has & (ratings.arm == arm) for arm in (0, 1)]
        assert found.control_mean[row, 0] == pytest.approx(change[groups[0]].mean(), abs=1e-12)
        assert found.active_mean[row, 0] == pytest.approx(change[groups[1]].mean(), abs=1e-12)
        squares = sum(((scores[group] - scores[group].mean()) ** 2).sum() for group in groups)
        assert found.standard_deviation[row, 0] == pytest.approx(math.sqrt(squares / (has.sum() - 2)), rel=1e-12)


def test_replicates_that_cannot_be_analysed_have_no_numbers_and_say_why() -> None:
    ratings = _random_ratings(5, 20, 2)
    baseline, scores = ratings.baseline.copy(), ratings.primary_scores.copy()
    scores[0, ratings.arm == 1] = np.nan  # an empty arm
    scores[1, 3:] = np.nan  # no degree of freedom
    baseline[2] = 28.3  # nobody differs at baseline
    scores[3] = 12.7  # nobody differs in the end
    found = ancova_contrasts(make_ratings(baseline, scores, ratings.arm), ALPHA)
    assert found.failure[:, 0].tolist() == [TOO_FEW, TOO_FEW, CONSTANT_BASELINE, CONSTANT_SCORES, NO_FAILURE]
    for name in ("estimate", "standard_error", "degrees_of_freedom", "p_value", "low", "high", "active_mean"):
        values = getattr(found, name)[:, 0]
        assert np.isnan(values[:4]).all(), name
        assert np.isfinite(values[4]), name
    assert found.analysed[:, 0].tolist() == [10, 3, 20, 20, 20]


def test_an_empty_arm_does_not_spoil_the_other_comparison() -> None:
    ratings = _random_ratings(1, 45, 3)
    scores = ratings.primary_scores.copy()
    scores[:, ratings.arm == 2] = np.nan
    found = ancova_contrasts(make_ratings(ratings.baseline, scores, ratings.arm, arms=3), ALPHA)
    assert found.failure[0].tolist() == [NO_FAILURE, TOO_FEW]
    kept = ratings.arm < 2
    two = make_ratings(ratings.baseline[:, kept], scores[:, kept], ratings.arm[kept])
    assert found.p_value[0, 0] == pytest.approx(ancova_contrasts(two, ALPHA).p_value[0, 0], rel=1e-12)


def test_ten_thousand_trials_without_a_difference_err_as_often_as_alpha_says() -> None:
    design = make_design(people=40, visits_h=(24.0,), primary_visit_h=24.0, is_null=True)
    replicates = 10_000
    rows = analyse(design, quick_trials(design, replicates))
    share = rows["is_significant"].mean()
    monte_carlo_se = math.sqrt(0.05 * 0.95 / replicates)
    assert abs(share - 0.05) < 2.0 * monte_carlo_se
    # Not only at 5%: p-values without a difference are uniform.
    for level in (0.01, 0.1, 0.5):
        error = math.sqrt(level * (1.0 - level) / replicates)
        assert abs((rows["p_value"] <= level).mean() - level) < 3.0 * error


@pytest.mark.parametrize(("people", "effect", "correlation"), [(30, -6.0, 0.6), (80, -4.0, 0.3)])
def test_power_agrees_with_the_noncentral_t_formula(people: int, effect: float, correlation: float) -> None:
    design = make_design(people=people, visits_h=(24.0,), primary_visit_h=24.0)
    replicates = 10_000
    rows = analyse(design, quick_trials(design, replicates, effect=effect, correlation=correlation, seed=2))
    expected = ancova_power(people // 2, people // 2, effect, SD_POINTS, correlation=correlation)
    assert 0.3 < expected < 0.9
    assert abs(rows["is_significant"].mean() - expected) < 2.5 * math.sqrt(expected * (1.0 - expected) / replicates)
