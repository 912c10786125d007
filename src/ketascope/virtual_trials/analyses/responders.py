"""Responders: people whose score at the primary visit fell by the indication's share of their baseline, or more.

A missing rating counts as no response. Interval of the difference of shares: Newcombe 1998, Stat Med 17:873, method 10
(from Wilson's limits, no continuity correction). Test: Mantel-Haenszel chi-squared of the one table, (N - 1)/N times
Pearson's, and the Fisher-Irwin test where an expected count is below 1 (Campbell 2007, Stat Med 26:3661). Number needed
to treat: Altman 1998, BMJ 317:1309.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ketascope.virtual_trials.analyses.ratings import NO_FAILURE, TOO_FEW, Contrasts, Numbers, Ratings

TEST = "Mantel-Haenszel chi-squared, Fisher-Irwin where an expected count is below 1"
INTERVAL = "Newcombe"
SMALLEST_EXPECTED = 1.0
# A fall that meets the threshold on paper must not miss it by rounding, e.g. 21 of 30 points for a fall of 30%.
ROUNDING_POINTS = 1e-9


def responder_contrasts(ratings: Ratings, alpha: float, response_fall: float) -> Contrasts:
    """Each active arm's share of responders minus the control's, for all replicates at once.

    response_fall: share of the baseline score. Everyone who entered counts; a missing rating is no response. Standard
    errors are of the difference of two independent shares; degrees of freedom are infinite. An empty arm is a failure.
    """
    counts, people = response_counts(ratings, response_fall)
    found = Contrasts.empty(ratings.replicates, len(ratings.active))
    c_n, c_events = people[:, ratings.control], counts[:, ratings.control]
    for column, arm in enumerate(ratings.active):
        n, events = people[:, arm], counts[:, arm]
        ok = (n > 0) & (c_n > 0)
        share, c_share = events / np.maximum(n, 1), c_events / np.maximum(c_n, 1)
        error = np.sqrt(share * (1.0 - share) / np.maximum(n, 1) + c_share * (1.0 - c_share) / np.maximum(c_n, 1))
        low, high = newcombe(events, n, c_events, c_n, alpha)
        for target, values in (
            (found.estimate, share - c_share),
            (found.standard_error, error),
            (found.degrees_of_freedom, np.full(len(share), np.inf)),
            (found.p_value, two_by_two_p(events, n, c_events, c_n)),
            (found.low, low),
            (found.high, high),
            (found.active_mean, share),
            (found.control_mean, c_share),
        ):
            target[:, column] = np.where(ok, values, np.nan)
        found.analysed[:, column] = n + c_n
        found.failure[:, column] = np.where(ok, NO_FAILURE, TOO_FEW)
    return found


def response_counts(ratings: Ratings, response_fall: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Responders and people who entered, both (replicates, arms)."""
    with np.errstate(invalid="ignore"):  # a missing rating compares as False: no response
        responds = ratings.primary_scores <= (1.0 - response_fall) * ratings.baseline + ROUNDING_POINTS
    responds = responds & ratings.is_in
    shape = (ratings.replicates, ratings.arms)
    counts, people = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for arm in range(ratings.arms):
        mine = np.flatnonzero(ratings.arm == arm)
        counts[:, arm] = np.take(responds, mine, axis=1).sum(axis=1)
        people[:, arm] = np.take(ratings.is_in, mine, axis=1).sum(axis=1)
    return counts, people


def newcombe(
    events: np.ndarray, people: np.ndarray, control_events: np.ndarray, control_people: np.ndarray, alpha: float
) -> tuple[Numbers, Numbers]:
    """Limits at 1 - alpha of the difference of two independent shares, the shape of the counts; NaN without people."""
    share, low, high = wilson(events, people, alpha)
    c_share, c_low, c_high = wilson(control_events, control_people, alpha)
    difference = share - c_share
    return difference - np.hypot(share - low, c_high - c_share), difference + np.hypot(high - share, c_share - c_low)


def wilson(events: np.ndarray, people: np.ndarray, alpha: float) -> tuple[Numbers, Numbers, Numbers]:
    """A share with its limits at 1 - alpha (Wilson 1927, J Am Stat Assoc 22:209); NaN without people."""
    from scipy.special import ndtri

    z = -float(ndtri(0.5 * alpha))
    n = np.where(np.asarray(people) > 0, people, np.nan).astype(float)
    share = events / n
    centre = (share + z * z / (2.0 * n)) / (1.0 + z * z / n)
    half = z * np.sqrt(share * (1.0 - share) / n + z * z / (4.0 * n * n)) / (1.0 + z * z / n)
    # At no or only events the limit is 0 or 1 exactly; the formula misses it by rounding.
    low = np.where(np.asarray(events) == 0, 0.0 * n, centre - half)
    high = np.where(np.asarray(events) == people, 0.0 * n + 1.0, centre + half)
    return share, low, high


def two_by_two_p(
    events: np.ndarray, people: np.ndarray, control_events: np.ndarray, control_people: np.ndarray
) -> Numbers:
    """Two-sided p-values of one table of two shares each, (tables,), by the test named in `TEST`; 1 where nobody or
    everybody responds.
    """
    from scipy.special import chdtrc

    n = (people + control_people).astype(float)
    yes = (events + control_events).astype(float)
    no = n - yes
    with np.errstate(divide="ignore", invalid="ignore"):
        cross = events * (control_people - control_events) - control_events * (people - events)
        statistic = (n - 1.0) * cross.astype(float) ** 2 / (people * 1.0 * control_people * yes * no)
        expected = np.minimum(people, control_people) * np.minimum(yes, no) / n
    p_value = np.asarray(chdtrc(1.0, statistic))
    small = np.flatnonzero((expected < SMALLEST_EXPECTED) & (people > 0) & (control_people > 0))
    if len(small):
        from scipy.stats import fisher_exact  # it takes a second to load

        tables = np.stack([events, people, control_events, control_people], axis=1)[small]
        different, place = np.unique(tables, axis=0, return_inverse=True)
        exact = [float(fisher_exact([[a, m - a], [b, k - b]]).pvalue) for a, m, b, k in different.tolist()]
        p_value[small] = np.asarray(exact)[place.reshape(-1)]
    return p_value


def number_needed_to_treat(difference: float, low: float, high: float) -> dict[str, float | str | None]:
    """Number needed to treat for one more responder with its interval, from a difference of shares with its interval.

    An interval that holds no difference gives no single interval of the number: "low" is then the smallest number
    needed to treat, "high" None, and "harm" the smallest number needed to harm. A number without bound is None.
    """
    return {
        "value": _one_in(difference),
        "low": _one_in(high),
        "high": _one_in(low),
        "harm": _one_in(-low),
    }


def _one_in(share: float) -> float | None:
    """How many people hold one more; None where no number does, or none that is finite."""
    if not share > 0.0:
        return None
    number = 1.0 / float(share)
    return number if math.isfinite(number) else None
