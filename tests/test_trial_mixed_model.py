"""The mixed model: against least squares by hand, and what it is for, ratings missing at random."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from ketascope.errors import InputError
from ketascope.virtual_trials.analyses import mixed_model
from ketascope.virtual_trials.analyses.ancova import ancova_contrasts
from ketascope.virtual_trials.analyses.mixed_model import mixed_model_contrasts
from ketascope.virtual_trials.analyses.ratings import (
    CONSTANT_BASELINE,
    CONSTANT_SCORES,
    NO_CONVERGENCE,
    NO_FAILURE,
    TOO_FEW,
)
from ketascope.virtual_trials.analysing import observed_ratings
from virtual_trials_by_hand import make_design, make_ratings, make_trials

ALPHA = 0.05


def _ratings(people: int = 30, missing: float = 0.0, replicates: int = 1, seed: int = 4):
    design = make_design(people=people)
    return observed_ratings(design, make_trials(design, replicates, effects=-4.0, missing=missing, seed=seed))


def test_on_balanced_data_it_is_least_squares_with_compound_symmetry_by_hand() -> None:
    ratings = _ratings()
    found = mixed_model_contrasts(ratings, ALPHA)
    # The same covariates at every visit: estimates are those of each visit alone. REML of the two variances follows
    # from the eigenvalues of compound symmetry, the person's mean and the deviations from it.
    design = np.column_stack([ratings.arm == 0, ratings.arm == 1, ratings.baseline[0]]).astype(float)
    residual = ratings.scores[0] - design @ np.linalg.lstsq(design, ratings.scores[0], rcond=None)[0]
    people, visits = residual.shape
    covariance = residual.T @ residual / (people - 3)
    of_means = covariance.sum() / visits
    within = (np.trace(covariance) - of_means) / (visits - 1)
    one_visit = within + (of_means - within) / visits
    contrast = np.array([-1.0, 1.0, 0.0])
    error = np.sqrt(one_visit * contrast @ np.linalg.inv(design.T @ design) @ contrast)
    plain = ancova_contrasts(ratings, ALPHA)
    assert found.failure[0, 0] == NO_FAILURE
    assert found.estimate[0, 0] == pytest.approx(plain.estimate[0, 0], abs=1e-8)
    assert found.standard_error[0, 0] == pytest.approx(error, rel=1e-4)
    assert found.degrees_of_freedom[0, 0] == plain.degrees_of_freedom[0, 0] == people - 3
    assert found.low[0, 0] < found.estimate[0, 0] < found.high[0, 0]


def test_with_missing_ratings_it_is_generalised_least_squares_at_the_reml_variance_ratio() -> None:
    ratings = _ratings(people=24, missing=0.25)
    found = mixed_model_contrasts(ratings, ALPHA)
    has = np.isfinite(ratings.scores[0])
    person, visit = np.nonzero(has)
    response = ratings.scores[0][has]
    design = np.zeros((len(person), 9))
    rows = np.arange(len(person))
    design[rows, 3 * visit + ratings.arm[person]] = 1.0
    design[rows, 3 * visit + 2] = ratings.baseline[0][person] - 32.0
    same = (person[:, None] == person).astype(float)

    def fit(ratio: float):
        inverse = np.linalg.inv(np.eye(len(person)) + ratio * same)
        information = design.T @ inverse @ design
        effects = np.linalg.solve(information, design.T @ inverse @ response)
        residual = response - design @ effects
        freedom = len(person) - design.shape[1]
        scale = residual @ inverse @ residual / freedom
        criterion = freedom * np.log(scale) - np.linalg.slogdet(inverse)[1] + np.linalg.slogdet(information)[1]
        return criterion, effects, scale * np.linalg.inv(information)

    best = minimize_scalar(lambda logarithm: fit(np.exp(logarithm))[0], bounds=(-6.0, 6.0), method="bounded")
    _, effects, covariance = fit(np.exp(best.x))
    contrast = np.zeros(9)
    contrast[7], contrast[6] = 1.0, -1.0
    assert found.estimate[0, 0] == pytest.approx(contrast @ effects, rel=1e-3)
    assert found.standard_error[0, 0] == pytest.approx(np.sqrt(contrast @ covariance @ contrast), rel=1e-3)
    assert found.analysed[0, 0] == len(np.unique(person))


def test_where_ratings_are_missing_at_random_it_is_less_biased_than_complete_cases() -> None:
    # In the active arm whoever did badly at the first visit has no last rating; in the control nobody leaves.
    truth, replicates = -4.0, 6
    design = make_design(people=160)
    trials = make_trials(design, replicates, effects=truth, correlation=0.7, seed=11)
    observed = trials.observed.copy()
    leaves = (trials.arm == 1) & (trials.complete[:, :, 0] > 18.0)
    assert 0.3 < leaves[:, trials.arm == 1].mean() < 0.7
    observed[leaves, 1:] = np.nan
    ratings = make_ratings(trials.baseline, observed, trials.arm)
    # Against complete data of the same people, so that chance plays a small part.
    complete = ancova_contrasts(make_ratings(trials.baseline, trials.complete, trials.arm), ALPHA).estimate[:, 0]
    mixed = mixed_model_contrasts(ratings, ALPHA).estimate[:, 0] - complete
    plain = ancova_contrasts(ratings, ALPHA).estimate[:, 0] - complete
    assert plain.mean() < -1.5
    assert abs(mixed.mean()) < 0.5 * abs(plain.mean())
    assert abs(mixed.mean()) < 3.0 * mixed.std(ddof=1) / np.sqrt(replicates)


def test_of_a_single_visit_it_is_the_analysis_of_covariance() -> None:
    design = make_design(people=40, visits_h=(24.0,), primary_visit_h=24.0)
    ratings = observed_ratings(design, make_trials(design, 2, missing=0.1))
    found, plain = mixed_model_contrasts(ratings, ALPHA), ancova_contrasts(ratings, ALPHA)
    np.testing.assert_allclose(found.estimate, plain.estimate, atol=1e-9)
    np.testing.assert_allclose(found.standard_error, plain.standard_error, rtol=1e-6)
    np.testing.assert_allclose(found.p_value, plain.p_value, rtol=1e-5)


def test_people_who_do_not_resemble_themselves_are_no_failure() -> None:
    # Ratings that do not correlate within people put the variance of the intercepts at its edge, zero.
    design = make_design(people=24)
    ratings = observed_ratings(design, make_trials(design, 5, correlation=0.0, missing=0.1))
    found = mixed_model_contrasts(ratings, ALPHA)
    assert (found.failure == NO_FAILURE).all()
    plain = ancova_contrasts(ratings, ALPHA)
    np.testing.assert_allclose(found.estimate, plain.estimate, atol=1.5)


def test_three_arms_have_a_contrast_each() -> None:
    generator = np.random.default_rng(6)
    arm = np.resize([0, 1, 2], 36)
    baseline = generator.normal(30.0, 5.0, (1, 36))
    scores = baseline[:, :, None] + generator.normal(-5.0, 4.0, (1, 36, 2)) - 3.0 * arm[:, None]
    ratings = make_ratings(baseline, scores, arm, arms=3)
    found, plain = mixed_model_contrasts(ratings, ALPHA), ancova_contrasts(ratings, ALPHA)
    np.testing.assert_allclose(found.estimate, plain.estimate, atol=1e-7)
    np.testing.assert_array_equal(found.active_mean, plain.active_mean)


def test_a_fit_that_does_not_converge_is_counted_and_has_no_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mixed_model, "_fitter", lambda: lambda table: None)
    found = mixed_model_contrasts(_ratings(replicates=2), ALPHA)
    assert found.failure[:, 0].tolist() == [NO_CONVERGENCE, NO_CONVERGENCE]
    assert np.isnan(found.estimate).all()
    assert np.isnan(found.active_mean).all()


def test_data_without_spread_or_people_are_named_before_any_fit() -> None:
    ratings = _ratings(people=20, replicates=4)
    baseline, scores = ratings.baseline.copy(), ratings.scores.copy()
    scores[0, ratings.arm == 1, -1] = np.nan
    baseline[1] = 30.0
    scores[2] = 20.0
    found = mixed_model_contrasts(make_ratings(baseline, scores, ratings.arm), ALPHA)
    assert found.failure[:, 0].tolist() == [TOO_FEW, CONSTANT_BASELINE, CONSTANT_SCORES, NO_FAILURE]
    assert np.isnan(found.low[:3]).all()


def test_a_visit_without_ratings_of_an_arm_is_left_out_and_the_rest_is_used() -> None:
    ratings = _ratings(people=24)
    scores = ratings.scores.copy()
    scores[0, ratings.arm == 0, 0] = np.nan
    found = mixed_model_contrasts(make_ratings(ratings.baseline, scores, ratings.arm), ALPHA)
    without = mixed_model_contrasts(make_ratings(ratings.baseline, scores[:, :, 1:], ratings.arm), ALPHA)
    assert found.estimate[0, 0] == pytest.approx(without.estimate[0, 0], abs=1e-9)
    assert found.failure[0, 0] == NO_FAILURE


def test_without_statsmodels_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "statsmodels.regression.mixed_linear_model", None)
    with pytest.raises(InputError, match="install ketascope with its extra 'trials'"):
        mixed_model_contrasts(_ratings(), ALPHA)
