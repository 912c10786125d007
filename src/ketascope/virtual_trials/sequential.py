"""Group-sequential boundaries, conditional power and sample-size re-estimation: the numbers, without any trial.

Boundaries are two-sided and symmetric, by alpha spending (Lan & DeMets 1983, Biometrika 70:659), from the recursion of
Armitage, McPherson & Rowe 1969, J R Stat Soc A 132:235: with B(t) = Z sqrt(t) a Brownian motion, the density of the
paths still inside at look k is

    f_k(x) = integral over |u| < b_{k-1} of f_{k-1}(u) phi((x - u) / s) / s du,  s^2 = t_k - t_{k-1}

Futility is not binding: boundaries are computed as if it did not exist, so ignoring it costs no type I error.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ketascope.errors import InputError
from ketascope.virtual_trials.design import SPENDING

Numbers = NDArray[np.float64]

PANEL_NODES = 16
FARTHEST_Z = 12.0  # beyond it a normal tail is below 1e-32: no boundary is looked for there
SEQUENTIAL_METHOD = (
    "Lan-DeMets alpha spending, two-sided and symmetric; several arms by Holm's steps at each look "
    "(Maurer & Bretz 2013)"
)
REESTIMATION_METHOD = (
    "promising zone of Mehta & Pocock 2011 (its lower end by Gao, Ware & Mehta 2008); test: stage-wise p-values "
    "combined by the inverse normal method with weights fixed in advance (Lehmacher & Wassmer 1999; Cui, Hung & Wang "
    "1999)"
)


def spent(spending: str, alpha: float, information: float) -> float:
    """Two-sided type I error spent up to a share of the information (0 to 1).

    obrien-fleming: 4 - 4 Phi(z_{alpha/4} / sqrt t), which is Lan and DeMets' function for alpha/2 in each tail; pocock:
    alpha ln(1 + (e - 1) t). Raises InputError for another name.
    """
    from scipy.special import ndtr, ndtri

    if spending not in SPENDING:
        raise InputError(f"spending '{spending}': must be one of {', '.join(SPENDING)}")
    if information <= 0.0:
        return 0.0
    share = min(information, 1.0)
    if spending == "pocock":
        return alpha * math.log1p((math.e - 1.0) * share)
    return 4.0 * float(ndtr(ndtri(0.25 * alpha) / math.sqrt(share)))


@lru_cache(maxsize=256)
def boundaries(information: tuple[float, ...], alpha: float, spending: str) -> tuple[float, ...]:
    """|Z| from which a look stops the trial, one for each share of the information (ascending, the last is 1).

    inf where a look has no error to spend that double precision can show. One look has the normal quantile.
    """
    from scipy.optimize import brentq

    paths, bounds, before = _Paths(), [], 0.0
    for share in information:
        total = spent(spending, alpha, share)
        step, before = total - before, total
        paths = paths.moved_to(share)
        if step <= paths.outside(FARTHEST_Z):
            bounds.append(math.inf)
            continue
        found = brentq(lambda z, paths=paths, step=step: paths.outside(z) / step - 1.0, 0.0, FARTHEST_Z, xtol=1e-13)
        bounds.append(float(found))
        paths = paths.inside(float(found))
    return tuple(bounds)


class _Paths:
    """Paths of B(t) that have crossed nothing yet, as masses on nodes at the time of the last look.

    `share` is the time at which tails are asked for; `at` the time of the nodes.
    """

    def __init__(
        self,
        nodes: Numbers | None = None,
        masses: Numbers | None = None,
        at: float = 0.0,
        share: float = 0.0,
    ) -> None:
        self.nodes = np.zeros(1) if nodes is None else nodes
        self.masses = np.ones(1) if masses is None else masses
        self.at, self.share = at, share

    @property
    def _step(self) -> float:
        return math.sqrt(self.share - self.at)

    def moved_to(self, share: float) -> _Paths:
        """The same paths, asked at a later time."""
        return _Paths(self.nodes, self.masses, self.at, share)

    def outside(self, z: float) -> float:
        """Probability of |Z| > z, Z of this time."""
        from scipy.special import ndtr

        limit = z * math.sqrt(self.share)
        low = self.masses @ ndtr((-limit - self.nodes) / self._step)
        high = self.masses @ ndtr((self.nodes - limit) / self._step)
        return float(low + high)

    def inside(self, z: float) -> _Paths:
        """Paths with |Z| < z: Gauss-Legendre nodes on panels narrower than one step's standard deviation."""
        limit = min(z, FARTHEST_Z) * math.sqrt(self.share)
        panels = max(8, math.ceil(2.0 * limit / self._step))
        nodes, weights = np.polynomial.legendre.leggauss(PANEL_NODES)
        edges = np.linspace(-limit, limit, panels + 1)
        half = 0.5 * np.diff(edges)[:, None]
        x = (edges[:-1, None] + half * (nodes + 1.0)).ravel()
        width = (half * weights).ravel()
        scaled = (x[:, None] - self.nodes) / self._step
        density = np.exp(-0.5 * scaled**2) @ self.masses / (self._step * math.sqrt(2.0 * math.pi))
        return _Paths(x, density * width, self.share, self.share)


def conditional_power(z: Numbers, share: float, bound: float, people_factor: Numbers | float = 1.0) -> Numbers:
    """Probability that the last look crosses +bound, given Z = z at a share of the information and the trend seen.

    Trend: the effect is what the data so far show. people_factor: people still to come over those planned; the last
    statistic keeps its planned weights. Looks between are ignored. Jennison & Turnbull 2000, section 10.2.
    """
    from scipy.special import ndtr

    left = math.sqrt(1.0 - share)
    needed = (bound - z * math.sqrt(share)) / left
    return np.asarray(ndtr(z * left / math.sqrt(share) * np.sqrt(people_factor) - needed))


def reestimated_people(
    z: Numbers, first_people: int, people: int, people_most: int, bound: float, wanted_power: float
) -> NDArray[np.int64]:
    """People of the whole trial after the first look, `people` where the result lies outside the promising zone.

    z: the benefit's Z at `first_people`, (replicates,). In the zone the conditional power by the trend falls short of
    `wanted_power`, and the larger trial would not be helped by testing it as if its size had been planned (Gao, Ware &
    Mehta 2008, J Biopharm Stat 18:1184); there the trial grows until the conditional power is as wanted, or to
    `people_most`. Zone: Mehta & Pocock 2011, Stat Med 30:3267.
    """
    from scipy.special import ndtri

    share = first_people / people
    # Where nothing is promised, any number will do for the sums below.
    is_promising = (z > 0.0) & (conditional_power(z, share, bound) < wanted_power)
    seen = np.where(is_promising, z, 1.0)
    needed = (bound - seen * math.sqrt(share)) / math.sqrt(1.0 - share) + float(ndtri(wanted_power))
    grown = np.clip(first_people * (1.0 + (needed / seen) ** 2), people, people_most)
    growth = np.sqrt((grown - first_people) / (people - first_people))
    so_far = seen * math.sqrt(first_people)
    as_if_planned = (growth * (bound * math.sqrt(people) - so_far) + so_far) / np.sqrt(grown)
    is_promising &= as_if_planned <= bound
    return np.where(is_promising, np.ceil(grown), people).astype(np.int64)
