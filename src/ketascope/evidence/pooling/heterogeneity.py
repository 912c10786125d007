"""How far the studies' true effects differ: tau2 by five estimators, and its interval by the Q profile.

Sources: DerSimonian & Laird 1986, Control Clin Trials 7:177; Paule & Mandel 1982, J Res NBS 87:377; Viechtbauer 2005,
J Educ Behav Stat 30:261 (ML and REML by Fisher scoring); Viechtbauer 2007, Stat Med 26:37 (Q profile).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from ketascope.evidence.pooling.inputs import Array, Data, check_level, choose
from ketascope.evidence.pooling.weighting import fit, log_likelihoods

ESTIMATORS: Mapping[str, str] = {
    "REML": "restricted maximum likelihood",
    "DL": "DerSimonian-Laird",
    "PM": "Paule-Mandel",
    "ML": "maximum likelihood",
    "FE": "common effect: no heterogeneity is assumed",
}

MOST_STEPS = 200
_GRID_POINTS = 60
_TOLERANCE = 1e-11


@dataclass(frozen=True)
class Heterogeneity:
    """An estimate of tau2 (squared units of the effect) and how the search for it ended."""

    tau2: float
    converged: bool
    iterations: int
    message: str


def estimate_tau2(data: Data, estimator: str, most_steps: int = MOST_STEPS) -> Heterogeneity:
    """tau2 by one of ESTIMATORS; it always ends, and `message` says how.

    `most_steps` bounds Fisher scoring for ML and REML; when they do not suffice a bracketed search takes over.
    """
    choose(estimator, ESTIMATORS, "estimator")
    if estimator == "FE":
        return Heterogeneity(0.0, True, 0, "common effect: tau2 is zero by assumption")
    if estimator == "DL":
        first = fit(data, 0.0)
        tau2 = (first.q - data.degrees_of_freedom) / float(np.trace(first.projection))
        return Heterogeneity(max(0.0, tau2), True, 0, "closed form" + ("" if tau2 > 0.0 else _AT_ZERO))
    if estimator == "PM":
        tau2, steps = _where_q_is(data, float(data.degrees_of_freedom))
        return Heterogeneity(tau2, True, steps, "root of the generalised Q" + ("" if tau2 > 0.0 else _AT_ZERO))
    return _most_likely(data, estimator == "REML", most_steps)


_AT_ZERO = "; tau2 is at its lower limit, zero"


def log_likelihood(data: Data, tau2: float, restricted: bool) -> float:
    """Log-likelihood of one tau2 (see `weighting.log_likelihoods`)."""
    return float(log_likelihoods(data, np.array([tau2]), restricted)[0])


def _most_likely(data: Data, restricted: bool, most_steps: int) -> Heterogeneity:
    """The highest peak of the likelihood: the best point of a grid, refined by Fisher scoring with step halving.

    The grid comes first because the likelihood can have two peaks when variances differ much, and scoring alone
    stops at the one nearest to its start.
    """
    grid = _grid(data)
    heights = log_likelihoods(data, grid, restricted)
    best = int(np.argmax(heights))
    tau2, steps, converged = _score(data, float(grid[best]), restricted, most_steps)
    message = f"Fisher scoring, {steps} steps"
    if not converged:
        low, high = float(grid[max(0, best - 1)]), float(grid[min(len(grid) - 1, best + 1)])
        tau2, converged, searched = _bracketed(data, low, high, restricted)
        message, steps = f"Fisher scoring did not settle in {steps} steps; bracketed search", steps + searched
    if tau2 == 0.0:
        message += _AT_ZERO
    higher = np.concatenate([[True], np.diff(heights) > 0.0])
    lower = np.concatenate([np.diff(heights) < 0.0, [True]])
    if np.count_nonzero(higher & lower) > 1:
        message += "; the likelihood has more than one peak, the highest was taken"
    return Heterogeneity(tau2, converged, steps, message)


def _grid(data: Data) -> Array:
    """Zero, then geometric up to a bound that no peak lies beyond: four times the sum of squares of the estimates."""
    spread = float(np.sum((data.estimates - data.estimates.mean()) ** 2))
    low, high = 1e-2 * float(data.variances.min()), 4.0 * spread
    if high <= low:
        return np.array([0.0, max(high, low)])
    return np.concatenate([[0.0], np.geomspace(low, high, _GRID_POINTS)])


def _score(data: Data, tau2: float, restricted: bool, most_steps: int) -> tuple[float, int, bool]:
    """Fisher scoring with step halving: tau2, steps used, and whether the last step was negligible."""
    height, smallest = log_likelihood(data, tau2, restricted), float(data.variances.min())
    for step_number in range(1, most_steps + 1):
        fitted = fit(data, tau2)
        information = fitted.projection if restricted else np.diag(fitted.weights)
        squares = float(np.sum((fitted.weights * fitted.residuals) ** 2))
        step = (squares - float(np.trace(information))) / float(np.sum(information**2))
        nearer = max(0.0, tau2 + step)
        negligible = abs(nearer - tau2) <= _TOLERANCE * (tau2 + smallest)
        # Near the peak the gain is lost in rounding, so a fall of that size is no fall.
        while not negligible and log_likelihood(data, nearer, restricted) < height - 1e-12 * (1.0 + abs(height)):
            nearer = 0.5 * (nearer + tau2)
            negligible = abs(nearer - tau2) <= _TOLERANCE * (tau2 + smallest)
        tau2, height = nearer, log_likelihood(data, nearer, restricted)
        if negligible:
            return tau2, step_number, True
    return tau2, most_steps, False


def _bracketed(data: Data, low: float, high: float, restricted: bool) -> tuple[float, bool, int]:
    """The peak between two grid points by bounded search: tau2, success, evaluations."""
    found = optimize.minimize_scalar(
        lambda tau2: -log_likelihood(data, float(tau2), restricted),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-9 * high, "maxiter": 500},
    )
    tau2 = float(found.x)
    if low == 0.0 and log_likelihood(data, 0.0, restricted) >= log_likelihood(data, tau2, restricted):
        tau2 = 0.0
    return tau2, bool(found.success), int(found.nfev)


def _where_q_is(data: Data, target: float) -> tuple[float, int]:
    """The tau2 at which the generalised Q equals `target`, and steps used; 0 where Q is below it from the start.

    Q falls steadily from its value at zero towards nothing, so the root is unique and doubling must bracket it.
    """

    def excess(tau2: float) -> float:
        return fit(data, tau2).q - target

    if excess(0.0) <= 0.0:
        return 0.0, 0
    high, doublings = float(np.median(data.variances)), 0
    while excess(high) > 0.0:
        high, doublings = 2.0 * high, doublings + 1
    root, report = optimize.brentq(excess, 0.0, high, xtol=1e-14 * high, rtol=1e-14, full_output=True)
    return float(root), doublings + int(report.iterations)


def q_profile(data: Data, level: float = 0.95) -> tuple[float, float]:
    """Interval for tau2 whose ends make the generalised Q equal to the chi-squared quantiles (Viechtbauer 2007).

    Both ends are 0 when the studies agree better than chance would let them.
    """
    tail = 0.5 * (1.0 - check_level(level))
    high_quantile = float(stats.chi2.isf(tail, data.degrees_of_freedom))
    low_quantile = float(stats.chi2.ppf(tail, data.degrees_of_freedom))
    return _where_q_is(data, high_quantile)[0], _where_q_is(data, low_quantile)[0]


def relative_spread(data: Data, tau2: float, estimator: str) -> tuple[float, float]:
    """I2 in percent and H2: tau2 against the typical within-study variance (k - p) / trace(P) at tau2 = 0.

    Higgins & Thompson 2002, Stat Med 21:1539, in the form that allows moderators. A common-effect
    model has no tau2; its figures come from Q, as H2 = Q / (k - p).
    """
    plain = fit(data, 0.0)
    if estimator == "FE":
        h2 = plain.q / data.degrees_of_freedom
        return max(0.0, 100.0 * (1.0 - 1.0 / h2)) if h2 > 0.0 else 0.0, h2
    typical = data.degrees_of_freedom / float(np.trace(plain.projection))
    return 100.0 * tau2 / (tau2 + typical), tau2 / typical + 1.0
