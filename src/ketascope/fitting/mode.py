"""The most probable random effects of a person, and the normal approximation around them (Laplace).

    minus log posterior(z) = sum of minus log densities + |z|^2 / 2

Found by Gauss-Newton steps with damping (Levenberg 1944, Marquardt 1963) from several starts at once, ended by Newton
steps with the full second derivatives. The curve of a person is cheap for many sets of random effects at once, so
derivatives are central differences: errors about 1e-8, far below what the intervals need.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ketascope.fitting.likelihood import SMALLEST, Measured, minus_log_density, slopes
from ketascope.fitting.prediction import Schedule, predicted

if TYPE_CHECKING:
    from ketascope.fitting.frame import Frame

STARTS = 4
START_SD = 0.7
"""The first start is the typical person; the others lie this far around it, in SDs of the random effects."""
_STEPS_MOST, _NEWTON_STEPS = 60, 4
_DIFFERENCE, _SECOND_DIFFERENCE = 1e-4, 1e-3
_LONGEST_STEP = 2.0
CONVERGED_BELOW = 1e-7
"""Newton decrement: half of it is what a further step could still gain in log posterior."""
SAME_OPTIMUM = 1e-3
PROPOSALS, DEGREES_OF_FREEDOM = 2000, 6.0
FEWEST_EFFECTIVE = 100.0
OTHER_OPTIMUM_WITHIN = 2.0
"""Another optimum less than this far in log posterior is worth a warning: the normal approximation knows one only."""


@dataclass(frozen=True)
class Case:
    """One person's data and frame, with the population values that the fit rests on."""

    frame: Frame
    schedule: Schedule
    data: Measured
    centres: Mapping[str, float] | None = None

    def log_predicted(self, z: np.ndarray) -> np.ndarray:
        """Log concentrations at the points, (points, draws)."""
        return np.asarray(np.log(np.maximum(predicted(self.frame, self.schedule, z, self.centres), SMALLEST)))

    def cost(self, z: np.ndarray) -> np.ndarray:
        """Minus the log posterior without its constant, (draws,)."""
        from scipy.special import log_ndtr

        terms = minus_log_density(np, log_ndtr, self.data.arrays(), self.log_predicted(z))
        return np.asarray(terms.sum(axis=0) + 0.5 * (z**2).sum(axis=0))

    def jacobian(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log predictions (points, draws) and their slopes in every random effect (points, effects, draws)."""
        effects, draws = z.shape
        shift = _DIFFERENCE * np.eye(effects)[:, :, None]
        columns = np.concatenate([z[:, None], z[:, None] + shift, z[:, None] - shift], axis=1)
        table = self.log_predicted(columns.reshape(effects, -1)).reshape(-1, 1 + 2 * effects, draws)
        slope = (table[:, 1 : 1 + effects] - table[:, 1 + effects :]) / (2.0 * _DIFFERENCE)
        return table[:, 0], slope


@dataclass(frozen=True)
class Mode:
    """The most probable random effects and how sure they are.

    z: (effects,); covariance: (effects, effects), of the normal approximation; cost: minus log posterior; decrement:
    see CONVERGED_BELOW; starts_agreeing: starts that ended here, of `starts`; other_optimum: how much less probable
    (log) the nearest other optimum is, None where there is none. is_exact: False where the second derivatives were not
    positive and those of Gauss-Newton stand in for them.
    """

    z: np.ndarray
    covariance: np.ndarray
    cost: float
    decrement: float
    starts: int
    starts_agreeing: int
    other_optimum: float | None
    is_exact: bool

    @property
    def converged(self) -> bool:
        """Whether a further step would change nothing."""
        return self.decrement < CONVERGED_BELOW and self.is_exact


def find_mode(case: Case, generator: np.random.Generator, starts: int = STARTS) -> Mode:
    """The best of several starts. generator: of this person alone, so that nobody else changes the numbers."""
    effects = len(case.frame.effects)
    begin = START_SD * generator.standard_normal((effects, starts))
    begin[:, 0] = 0.0
    found, costs = _descend(case, begin)
    best = int(np.argmin(costs))
    z, covariance, cost, decrement, is_exact = _polish(case, found[:, best])
    above = costs - cost
    near = None
    for index in np.argsort(above):
        if not SAME_OPTIMUM < above[index] < OTHER_OPTIMUM_WITHIN:
            continue
        # A start that was still under way is no optimum: only one whose own step would gain next to nothing counts.
        _, _, other_cost, other_decrement, _ = _polish(case, found[:, index])
        if other_decrement < CONVERGED_BELOW and other_cost - cost > SAME_OPTIMUM:
            near = other_cost - cost
            break
    return Mode(z, covariance, cost, decrement, starts, int((above <= SAME_OPTIMUM).sum()), near, is_exact)


def _descend(case: Case, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Damped Gauss-Newton from every start (effects, starts); returns where they end and their costs."""
    z = z.copy()
    effects, starts = z.shape
    damping = np.full(starts, 1e-2)
    costs = case.cost(z)
    going = np.ones(starts, bool)
    data = case.data.arrays()
    for _ in range(_STEPS_MOST):
        active = np.flatnonzero(going)
        if not active.size:
            break
        log_predicted, slope = case.jacobian(z[:, active])
        first, second = slopes(data, log_predicted)
        gradient = np.einsum("pkn,pn->kn", slope, first) + z[:, active]
        weighted = slope * np.maximum(second, 0.0)[:, None]
        hessian = np.einsum("pkn,pln->nkl", slope, weighted) + np.eye(effects)
        damped = hessian + damping[active][:, None, None] * np.einsum("nkl,kl->nkl", hessian, np.eye(effects))
        step = -np.linalg.solve(damped, gradient.T[:, :, None])[:, :, 0].T
        step *= np.minimum(1.0, _LONGEST_STEP / np.maximum(np.linalg.norm(step, axis=0), 1e-300))
        trial = z[:, active] + step
        cost = case.cost(trial)
        better = cost < costs[active]
        gain = np.where(better, costs[active] - cost, 0.0)
        z[:, active] = np.where(better, trial, z[:, active])
        costs[active] = np.where(better, cost, costs[active])
        damping[active] = np.clip(np.where(better, 0.2 * damping[active], 8.0 * damping[active]), 1e-9, 1e9)
        still = (better & (gain > 1e-8)) | (~better & (damping[active] < 1e6) & (np.linalg.norm(step, axis=0) > 1e-7))
        going[active] = still
    return z, costs


def _polish(case: Case, z: np.ndarray) -> tuple[np.ndarray, np.ndarray, float, float, bool]:
    """Newton steps: the mode, the covariance, the cost, the last decrement, whether the Hessian was positive."""
    cost, decrement, is_exact = float(case.cost(z[:, None])[0]), np.inf, False
    covariance = np.eye(len(z))
    for _ in range(_NEWTON_STEPS):
        hessian, gauss_newton, gradient = _second_derivatives(case, z)
        is_exact = bool(np.linalg.eigvalsh(hessian)[0] > 0.0)
        covariance = np.linalg.inv(hessian if is_exact else gauss_newton)
        step = -covariance @ gradient
        decrement = float(gradient @ covariance @ gradient)
        if decrement < CONVERGED_BELOW:
            break
        trial = z + step
        trial_cost = float(case.cost(trial[:, None])[0])
        if not trial_cost < cost:
            break
        z, cost = trial, trial_cost
    return z, covariance, cost, decrement, is_exact


def _second_derivatives(case: Case, z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hessian by second differences, that of Gauss-Newton, and the gradient of the cost."""
    effects, h = len(z), _SECOND_DIFFERENCE
    pairs = [(i, j) for i in range(effects) for j in range(i, effects)]
    unit = h * np.eye(effects)
    ahead = np.stack([z + unit[i] + unit[j] for i, j in pairs], axis=1)
    behind = np.stack([z - unit[i] - unit[j] for i, j in pairs], axis=1)
    single = np.concatenate([z[:, None] + unit, z[:, None] - unit, z[:, None]], axis=1)
    costs = case.cost(np.concatenate([ahead, behind, single], axis=1))
    count = len(pairs)
    up, down, centre = costs[2 * count : 2 * count + effects], costs[2 * count + effects : -1], costs[-1]
    hessian = np.empty((effects, effects))
    for number, (i, j) in enumerate(pairs):
        both = costs[number] + costs[count + number]
        value = (both - up[i] - up[j] - down[i] - down[j] + 2.0 * centre) / (2.0 * h * h)
        hessian[i, j] = hessian[j, i] = value
    log_predicted, slope = case.jacobian(z[:, None])
    first, second = slopes(case.data.arrays(), log_predicted)
    own = slope[:, :, 0]
    gauss_newton = own.T @ (np.maximum(second, 0.0) * own) + np.eye(effects)
    return hessian, gauss_newton, own.T @ first[:, 0] + z


@dataclass(frozen=True)
class Refined:
    """Draws of the posterior itself, (effects, draws), from weighted draws of the normal approximation.

    sample_size: how many independent draws the weights are worth. Below `FEWEST_EFFECTIVE` the draws are those of the
    normal approximation, unweighted, and `is_weighted` is False.
    """

    z: np.ndarray
    sample_size: float
    is_weighted: bool


def refined_draws(case: Case, mode: Mode, draws: int, generator: np.random.Generator) -> Refined:
    """Importance sampling: proposals from a t distribution around the mode, resampled by posterior over proposal.

    Weights are cut at their mean times the root of their number (Ionides 2008, doi:10.1198/106186008X320456), so that
    no single draw carries the result.
    """
    effects = len(mode.z)
    root = np.linalg.cholesky(mode.covariance)
    normal = generator.standard_normal((effects, PROPOSALS))
    spread = np.sqrt(DEGREES_OF_FREEDOM / generator.chisquare(DEGREES_OF_FREEDOM, PROPOSALS))
    z = mode.z[:, None] + root @ (normal * spread)
    standard = (normal * spread) ** 2
    log_proposal = -0.5 * (DEGREES_OF_FREEDOM + effects) * np.log1p(standard.sum(axis=0) / DEGREES_OF_FREEDOM)
    log_weight = -case.cost(z) - log_proposal
    weight = np.exp(log_weight - log_weight.max())
    weight = np.minimum(weight, weight.mean() * np.sqrt(PROPOSALS))
    sample_size = float(weight.sum() ** 2 / (weight**2).sum())
    if sample_size < FEWEST_EFFECTIVE:
        return Refined(mode.z[:, None] + root @ normal[:, :draws], sample_size, False)
    at = (np.arange(draws) + generator.random()) / draws
    chosen = np.searchsorted(np.cumsum(weight) / weight.sum(), at)
    return Refined(z[:, np.minimum(chosen, PROPOSALS - 1)], sample_size, True)
