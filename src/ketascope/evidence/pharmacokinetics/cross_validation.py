"""Structures compared by what they predict of a study they have not seen.

Each training group of volunteers is left out in turn. The rest is fitted by penalised least squares on the log scale
(the mode of the posterior with the spread between studies and the residual at the scales of `likelihood.py`); the group
left out is predicted with everything that is uncertain: parameters (Laplace), its own study effect, and residual
error. The score is the log density of its rows under that normal prediction, summed over groups.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ketascope.evidence.pharmacokinetics import likelihood
from ketascope.evidence.pharmacokinetics.observations import Observation
from ketascope.evidence.pharmacokinetics.priors import priors
from ketascope.evidence.pharmacokinetics.structures import Structure

if TYPE_CHECKING:
    from ketascope.model.parameter_store import ParameterSet

STEPS = 25
DIFFERENCE = 1e-4
ROUGH_SD = math.sqrt(2.0 / math.pi)
"""Mean of a half-normal over its scale: the spread that the comparison takes as given."""


@dataclass(frozen=True)
class Score:
    """One structure: log predictive density and fold error of each left-out group, and of the fit to all."""

    structure: Structure
    estimated: int
    groups: tuple[str, ...]
    rows: np.ndarray
    log_density: np.ndarray
    fold_error: np.ndarray
    fitted_fold_error: float

    @property
    def left_out_fold_error(self) -> float:
        """Geometric mean fold error over all rows, each predicted without its own group."""
        return math.exp(float(np.sum(self.rows * np.log(self.fold_error)) / np.sum(self.rows)))

    @property
    def total(self) -> float:
        """Summed log predictive density."""
        return float(self.log_density.sum())


def score(structure: Structure, observations: Sequence[Observation], parameters: ParameterSet) -> Score:
    """Leave each group out, fit, predict it."""
    import jax
    import jax.numpy as jnp

    from ketascope.solver.engine import configure_jax

    configure_jax()
    data = likelihood.make_data(observations, parameters, structure)
    own = structure.priors(priors())
    names = tuple(own)
    fixed = structure.fixed_values()
    effects = tuple(likelihood.STUDY_EFFECTS)
    scales = np.asarray([likelihood.STUDY_EFFECTS[effect][0] for effect in effects]) * ROUGH_SD
    many = len(data.studies)

    def log_prediction(normals: jax.Array) -> jax.Array:
        values = {**fixed, **{name: own[name].at(jnp, normals[i]) for i, name in enumerate(names)}}
        shifts = normals[len(names) :].reshape(len(effects), many)
        moved = {effect: scales[i] * shifts[i] for i, effect in enumerate(effects)}
        return jnp.log(jnp.maximum(likelihood.predictions(data, values, moved), 1e-12))

    both = jax.jit(lambda normals: _with_slope(log_prediction, normals))
    residual = np.asarray(list(likelihood.RESIDUALS.values()))[data.residual] * ROUGH_SD
    sd = np.sqrt((residual**2 + data.error_sd**2) / data.weight)
    group = np.asarray([data.studies.index(item.study) for item in observations])
    size = len(names) + len(effects) * many

    def fit(keep: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        weight = np.where(keep, 1.0 / sd**2, 0.0)
        normals, damping, best = start.copy(), 1e-2, math.inf
        predicted, slope = (np.asarray(part) for part in both(normals))
        best = _cost(predicted, data.log_values, weight, normals)
        for _ in range(STEPS):
            information = slope.T @ (weight[:, None] * slope) + np.eye(size)
            gradient = slope.T @ (weight * (data.log_values - predicted)) - normals
            step = np.linalg.solve(information + damping * np.diag(np.diag(information)), gradient)
            trial = normals + step
            there, slope_there = (np.asarray(part) for part in both(trial))
            cost = _cost(there, data.log_values, weight, trial)
            if cost < best:
                done = best - cost < 1e-6 * (1.0 + abs(best))
                normals, predicted, slope, best = trial, there, slope_there, cost
                damping = max(damping / 5.0, 1e-9)
                if done:
                    break
            else:
                damping *= 8.0
        information = slope.T @ (weight[:, None] * slope) + np.eye(size)
        return normals, np.linalg.inv(information)

    everything, _ = fit(np.ones(len(group), dtype=bool), np.zeros(size))
    population = everything.copy()
    population[len(names) :] = 0.0
    log_ratio = np.asarray(log_prediction(jnp.asarray(population))) - data.log_values
    densities, folds, counts = [], [], []
    for number in range(many):
        left_out = group == number
        normals, covariance = fit(~left_out, everything)
        predicted, slope = (np.asarray(part) for part in both(normals))
        error = data.log_values[left_out] - predicted[left_out]
        spread = slope[left_out] @ covariance @ slope[left_out].T + np.diag(sd[left_out] ** 2)
        _, log_determinant = np.linalg.slogdet(spread)
        quadratic = error @ np.linalg.solve(spread, error)
        densities.append(-0.5 * (quadratic + log_determinant + len(error) * math.log(2.0 * math.pi)))
        folds.append(math.exp(np.abs(error).mean()))
        counts.append(len(error))
    return Score(
        structure,
        len(names),
        data.studies,
        np.asarray(counts),
        np.asarray(densities),
        np.asarray(folds),
        math.exp(np.abs(log_ratio).mean()),
    )


def _with_slope(function: Callable[[Any], Any], normals: Any) -> tuple[Any, Any]:
    """A function of normals with its slope, (rows, normals), by central differences.

    Differences, because XLA takes minutes to compile the exact slope of the cascade and seconds for the function; with
    this step their error is about 1e-8, far below what a Gauss-Newton step notices.
    """
    import jax.numpy as jnp
    from jax import lax

    moves = DIFFERENCE * jnp.eye(len(normals))
    ahead = lax.map(lambda move: function(normals + move), moves)
    behind = lax.map(lambda move: function(normals - move), moves)
    return function(normals), ((ahead - behind) / (2.0 * DIFFERENCE)).T


def _cost(predicted: np.ndarray, observed: np.ndarray, weight: np.ndarray, normals: np.ndarray) -> float:
    return float(0.5 * np.sum(weight * (observed - predicted) ** 2) + 0.5 * np.sum(normals**2))
