"""Power of a two-arm ANCOVA by formula: what simulated trials are planned beside, and checked against."""

from __future__ import annotations

import math

import numpy as np

from ketascope.errors import InputError

QUADRATURE_NODES = 96
LARGEST_TRIAL = 1_000_000


def ancova_power(
    active: int,
    control: int,
    difference: float,
    standard_deviation: float,
    *,
    correlation: float = 0.0,
    alpha: float = 0.05,
) -> float:
    """Power of the two-sided t test of an ANCOVA with one normal baseline, 0 to 1, both directions counted.

    active, control: people analysed in each arm; difference and standard_deviation: of the scores, in points;
    correlation: of score and baseline within arms. With n people in all, the variance of the estimate is
    SD^2 (1 - r^2) (1/na + 1/nc) (1 + F / (n - 2)) for the chance imbalance F ~ F(1, n - 2) of the baselines, and given
    F the statistic is a noncentral t with n - 3 degrees of freedom; the power is its mean over F (Shieh 2020,
    Psychometrika 85:101). Raises InputError for arms that are too small and for values out of range.
    """
    from scipy.special import fdtri, nctdtr, stdtrit

    people = active + control
    if active < 1 or control < 1 or people < 4:
        raise InputError(f"{active} and {control} people: an ANCOVA needs at least 4, and 1 in each arm")
    if not standard_deviation > 0.0 or not -1.0 < correlation < 1.0 or not 0.0 < alpha < 1.0:
        raise InputError(
            "power needs a standard deviation above 0, a correlation between -1 and 1, alpha between 0 and 1"
        )
    freedom = people - 3.0
    residual = standard_deviation * math.sqrt(1.0 - correlation**2)
    nodes, weights = np.polynomial.legendre.leggauss(QUADRATURE_NODES)
    imbalance = fdtri(1.0, people - 2.0, 0.5 * (nodes + 1.0))
    error = residual * np.sqrt((1.0 / active + 1.0 / control) * (1.0 + imbalance / (people - 2.0)))
    critical = float(stdtrit(freedom, 1.0 - 0.5 * alpha))
    centre = abs(difference) / error
    # The other direction by symmetry: P(T < -c | centre) = P(T > c | -centre).
    found = 1.0 - nctdtr(freedom, centre, critical) + nctdtr(freedom, centre, -critical)
    return float(0.5 * weights @ found)


def ancova_people(
    target: float,
    difference: float,
    standard_deviation: float,
    *,
    correlation: float = 0.0,
    alpha: float = 0.05,
    shares: tuple[int, int] = (1, 1),
) -> int:
    """Smallest number of people analysed, both arms together and a whole number of blocks, with this power.

    shares: people of the active arm and of the control in a block. Raises InputError for a target outside 0 to 1 and
    for one that a million people do not reach.
    """
    if not 0.0 < target < 1.0:
        raise InputError(f"target {target:g}: must be between 0 and 1")

    def power(blocks: int) -> float:
        sizes = blocks * shares[0], blocks * shares[1]
        return ancova_power(*sizes, difference, standard_deviation, correlation=correlation, alpha=alpha)

    block = sum(shares)
    low, high = math.ceil(4 / block), math.ceil(4 / block)
    while power(high) < target:
        low, high = high + 1, 2 * high
        if high * block > LARGEST_TRIAL:
            raise InputError(
                f"power {target:g} needs more than {LARGEST_TRIAL:,} people at a difference of {difference:g}"
            )
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle) >= target else (middle + 1, high)
    return high * block
