"""Mixed model for repeated measures with a random intercept, fitted by statsmodels' MixedLM, one replicate at a time.

    y_ijv = mu_jv + beta_v (x_ij - mean x) + b_ij + e_ijv

Arm means and the slope of the baseline are free at every visit (visit as a factor, by arm, and baseline by visit); b
and e are normal, so ratings of one person have one correlation whatever their distance in time (compound symmetry).
Estimation: REML. All ratings of everyone rated at least once are used, so that ratings missing at random, given what
was rated before, do not bias the estimate when the correlation is as assumed. Unlike an unstructured MMRM it does not
adapt to correlations that fall with time.

Degrees of freedom are those of the ANCOVA at one visit with the same people, n - arms - 1: a simple rule on the
cautious side for balanced data, in place of Kenward and Roger's.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketascope.errors import InputError
from ketascope.virtual_trials.analyses.ancova import ancova_contrasts, t_quantile
from ketascope.virtual_trials.analyses.ratings import (
    CONSTANT_BASELINE,
    CONSTANT_SCORES,
    NO_CONVERGENCE,
    NO_FAILURE,
    TOO_FEW,
    Contrasts,
    Numbers,
    Ratings,
)

NEEDS = "the mixed model needs statsmodels: install ketascope with its extra 'trials'"
OPTIMISERS = ("bfgs", "lbfgs", "powell")  # in turn, until one has converged
LEAST_SHARE = 0.05  # of the variance that starts as the people's, so that the optimiser does not begin at its edge
LEAST_RATINGS = 2  # of an arm at a visit; a visit with fewer has no mean and spread of its own and is left out


@dataclass(frozen=True)
class _Table:
    """One replicate as a regression: rows are ratings, columns by visit: arms, then the baseline."""

    response: Numbers
    design: Numbers
    person: NDArray[np.int64]
    people: int
    first_column: int  # of the primary visit


@dataclass(frozen=True)
class _Fit:
    effects: Numbers
    covariance: Numbers


def mixed_model_contrasts(ratings: Ratings, alpha: float) -> Contrasts:
    """Each active arm against the control at the primary visit, one fit a replicate (slow: see the module).

    Estimates are differences of scores in points. A replicate whose fit does not converge, or that has too few ratings
    at the primary visit, has NaN and a failure. Raises InputError where statsmodels is missing.
    """
    from scipy.special import stdtr

    fitter = _fitter()
    plain = ancova_contrasts(ratings, alpha)
    found = Contrasts.empty(ratings.replicates, len(ratings.active))
    for row in range(ratings.replicates):
        table = _table(ratings, row)
        if isinstance(table, int):
            found.failure[row] = table
            continue
        fitted = fitter(table)
        found.analysed[row] = table.people
        if fitted is None:
            found.failure[row] = NO_CONVERGENCE
            continue
        freedom = table.people - ratings.arms - 1.0
        for column, arm in enumerate(ratings.active):
            contrast = np.zeros(len(fitted.effects))
            contrast[table.first_column + arm], contrast[table.first_column + ratings.control] = 1.0, -1.0
            estimate = float(contrast @ fitted.effects)
            error = float(np.sqrt(contrast @ fitted.covariance @ contrast))
            found.estimate[row, column], found.standard_error[row, column] = estimate, error
            found.degrees_of_freedom[row, column] = freedom
            found.p_value[row, column] = 2.0 * float(stdtr(freedom, -abs(estimate / error)))
    margin = t_quantile(found.degrees_of_freedom, alpha) * found.standard_error
    found.low[:], found.high[:] = found.estimate - margin, found.estimate + margin
    # What was seen at the primary visit is described as for the ANCOVA.
    ok = found.failure == NO_FAILURE
    for name in ("active_mean", "control_mean", "standard_deviation"):
        getattr(found, name)[ok] = getattr(plain, name)[ok]
    return found


def _table(ratings: Ratings, row: int) -> _Table | int:
    """The regression of one replicate, or the failure that stands in its way."""
    is_rated = (
        ratings.is_in[row][:, None] & np.isfinite(ratings.scores[row]) & np.isfinite(ratings.baseline[row])[:, None]
    )
    by_arm = np.stack([is_rated[ratings.arm == arm].sum(axis=0) for arm in range(ratings.arms)])
    used = np.flatnonzero((by_arm >= LEAST_RATINGS).all(axis=0))
    if ratings.primary not in used:
        return TOO_FEW
    person, visit = np.nonzero(is_rated[:, used])
    people = np.unique(person)
    if len(people) <= ratings.arms + 1:
        return TOO_FEW
    baseline = ratings.baseline[row] - ratings.baseline[row][people].mean()
    for column in range(len(used)):
        rated = person[visit == column]
        if max(np.ptp(baseline[rated[ratings.arm[rated] == arm]]) for arm in range(ratings.arms)) <= 0.0:
            return CONSTANT_BASELINE
    response = ratings.scores[row][:, used][person, visit]
    width = ratings.arms + 1
    design = np.zeros((len(person), width * len(used)))
    index = np.arange(len(person))
    design[index, visit * width + ratings.arm[person]] = 1.0
    design[index, visit * width + ratings.arms] = baseline[person]
    first_column = int(np.flatnonzero(used == ratings.primary)[0]) * width
    residual = response - design @ np.linalg.lstsq(design, response, rcond=None)[0]
    if np.abs(residual).max() <= 1e-9 * max(np.abs(response).max(), 1.0):
        return CONSTANT_SCORES
    return _Table(response, design, person, len(people), first_column)


def _fitter() -> Any:
    """The function that fits one table and gives its fixed effects with their covariance, or None."""
    try:
        from statsmodels.regression.mixed_linear_model import MixedLM
    except ImportError:
        raise InputError(NEEDS) from None

    def fit(table: _Table) -> _Fit | None:
        with warnings.catch_warnings():
            # What they say is read from the results below. A variance of the intercepts at zero is warned of, too, and
            # is no failure.
            warnings.simplefilter("ignore")
            model = MixedLM(table.response, table.design, groups=table.person)
            for optimiser in OPTIMISERS:
                try:
                    result = model.fit(reml=True, method=optimiser, start_params=_start(table))
                except np.linalg.LinAlgError:
                    continue
                size = table.design.shape[1]
                effects, covariance = np.asarray(result.fe_params), np.asarray(result.cov_params())[:size, :size]
                # Some run into a singular variance, where the likelihood breaks down, and call that converged.
                is_sound = result.converged and np.isfinite(result.llf) and np.isfinite(effects).all()
                if is_sound and (np.diag(covariance) > 0.0).all():
                    return _Fit(effects, covariance)
        return None

    return fit


def _start(table: _Table) -> Numbers:
    """Where the optimiser starts: root of the people's variance over that of ratings, from products within people."""
    residual = table.response - table.design @ np.linalg.lstsq(table.design, table.response, rcond=None)[0]
    sums, count = np.bincount(table.person, residual), np.bincount(table.person)
    pairs = float((count * (count - 1)).sum())
    total = float((residual**2).mean())
    shared = (float((sums**2).sum()) - float((residual**2).sum())) / max(pairs, 1.0)
    shared = min(max(shared, LEAST_SHARE * total), (1.0 - LEAST_SHARE) * total)
    return np.array([math.sqrt(shared / (total - shared))])
