"""Analysis of covariance of the score at the primary visit: arms, and the baseline as covariate.

    y_ij = mu_j + beta (x_ij - mean x) + e_ij,  e normal with one variance

Score and change from baseline give the same differences, because the baseline is in the model. People without a rating
at the visit are left out (complete cases), which is right only where ratings are missing completely at random, or
given arm and baseline. Closed form over all replicates at once (Cochran 1957, Biometrics 13:261): with
within-arm sums S of squares and products about arm means,

    beta = Sxy / Sxx,  estimate = (ya - yc) - beta (xa - xc),  s2 = (Syy - Sxy^2 / Sxx) / (n - arms - 1)
    standard error^2 = s2 [1/na + 1/nc + (xa - xc)^2 / Sxx]
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ketascope.virtual_trials.analyses.ratings import (
    CONSTANT_BASELINE,
    CONSTANT_SCORES,
    NO_FAILURE,
    TOO_FEW,
    Contrasts,
    Numbers,
    Ratings,
)

# Sums of squares below this share of the sum about zero are rounding, not spread.
ROUNDING = 1e-12


@dataclass(frozen=True)
class _Sums:
    """count, mean_baseline, mean_score: (replicates, arms); the others, pooled within arms: (replicates,)."""

    count: Numbers
    mean_baseline: Numbers
    mean_score: Numbers
    baselines: Numbers
    products: Numbers
    scores: Numbers
    baseline_spreads: np.ndarray
    score_spreads: np.ndarray


def ancova_contrasts(ratings: Ratings, alpha: float) -> Contrasts:
    """Each active arm against the control at the primary visit, for all replicates at once.

    Estimates are adjusted differences of scores in points; two-sided p-values and intervals at 1 - alpha from the t
    distribution with people analysed - arms - 1 degrees of freedom. A replicate with an empty arm or no degree of
    freedom, without spread of the baseline, or without spread of the scores about the model has NaN and a failure.
    """
    from scipy.special import stdtr

    sums = _within_arms(ratings)
    used = (sums.count > 0).sum(axis=1)
    freedom = sums.count.sum(axis=1) - used - 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(sums.baseline_spreads, sums.products / sums.baselines, np.nan)
        residual = np.maximum(sums.scores - slope * sums.products, 0.0)
        variance = np.where(freedom > 0, residual / freedom, np.nan)
        raw_variance = np.where(freedom > -1, sums.scores / (freedom + 1.0), np.nan)
    has_residual = sums.score_spreads & (residual > ROUNDING * sums.scores)
    quantile = t_quantile(freedom, alpha)
    found = Contrasts.empty(ratings.replicates, len(ratings.active))
    for column, arm in enumerate(ratings.active):
        n_active, n_control = sums.count[:, arm], sums.count[:, ratings.control]
        enough = (n_active > 0) & (n_control > 0) & (freedom > 0)
        failure = np.select(
            [~enough, ~sums.baseline_spreads, ~has_residual],
            [TOO_FEW, CONSTANT_BASELINE, CONSTANT_SCORES],
            NO_FAILURE,
        )
        ok = failure == NO_FAILURE
        apart = sums.mean_baseline[:, arm] - sums.mean_baseline[:, ratings.control]
        with np.errstate(divide="ignore", invalid="ignore"):
            estimate = sums.mean_score[:, arm] - sums.mean_score[:, ratings.control] - slope * apart
            error = np.sqrt(variance * (1.0 / n_active + 1.0 / n_control + apart**2 / sums.baselines))
            p_value = 2.0 * stdtr(freedom, -np.abs(estimate / error))
        active_change = sums.mean_score[:, arm] - sums.mean_baseline[:, arm]
        control_change = sums.mean_score[:, ratings.control] - sums.mean_baseline[:, ratings.control]
        for target, values in (
            (found.estimate, estimate),
            (found.standard_error, error),
            (found.degrees_of_freedom, freedom),
            (found.p_value, p_value),
            (found.low, estimate - quantile * error),
            (found.high, estimate + quantile * error),
            (found.active_mean, active_change),
            (found.control_mean, control_change),
            (found.standard_deviation, np.sqrt(raw_variance)),
        ):
            target[:, column] = np.where(ok, values, np.nan)
        found.analysed[:, column] = sums.count.sum(axis=1)
        found.failure[:, column] = failure
    return found


def t_quantile(freedom: Numbers, alpha: float) -> Numbers:
    """Upper alpha/2 quantile of the t distribution by degrees of freedom, NaN where these are not above 0."""
    from scipy.special import stdtrit  # the distributions of scipy.stats take every worker a second to load

    found: Numbers = np.where(freedom > 0.0, -stdtrit(np.maximum(freedom, 1.0), 0.5 * alpha), math.nan)
    return found


def _within_arms(ratings: Ratings) -> _Sums:
    """Arm means and pooled sums about them.

    Each row is summed by itself, over contiguous memory: a replicate's numbers do not depend on its neighbours, which a
    matrix product would not promise.
    """
    scores = ratings.primary_scores
    has = ratings.is_in & np.isfinite(scores) & np.isfinite(ratings.baseline)
    replicates, arms = ratings.replicates, ratings.arms
    count, mean_x, mean_y = (np.full((replicates, arms), np.nan) for _ in range(3))
    sxx, sxy, syy, size_x, size_y = (np.zeros(replicates) for _ in range(5))
    for arm in range(arms):
        mine = np.flatnonzero(ratings.arm == arm)
        own = np.take(has, mine, axis=1)
        x = np.where(own, np.take(ratings.baseline, mine, axis=1), 0.0)
        y = np.where(own, np.take(scores, mine, axis=1), 0.0)
        n = own.sum(axis=1)
        count[:, arm] = n
        divisor = np.maximum(n, 1)
        mean_x[:, arm] = x.sum(axis=1) / divisor
        mean_y[:, arm] = y.sum(axis=1) / divisor
        size_x += (x * x).sum(axis=1)
        size_y += (y * y).sum(axis=1)
        x = np.where(own, x - mean_x[:, arm, None], 0.0)
        y = np.where(own, y - mean_y[:, arm, None], 0.0)
        sxx += (x * x).sum(axis=1)
        sxy += (x * y).sum(axis=1)
        syy += (y * y).sum(axis=1)
    return _Sums(count, mean_x, mean_y, sxx, sxy, syy, sxx > ROUNDING * size_x, syy > ROUNDING * size_y)
