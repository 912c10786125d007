"""What the model says a trial would have shown: predictive draws of every figure, as if its trial were a new one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ketascope.evidence.symptom_trials import likelihood
from ketascope.evidence.symptom_trials.design import Design
from ketascope.evidence.symptom_trials.estimation import Fit, families

DRAWS = 1000
INTERVALS = (0.025, 0.25, 0.5, 0.75, 0.975)


@dataclass(frozen=True)
class Predicted:
    """Predictive draws. means: (draws, readouts), mean changes without reading error; the others (draws, rows).

    figures: with reading error; rates and events: of the responder rows; bounds: standardised differences.
    """

    means: np.ndarray
    figures: np.ndarray
    rates: np.ndarray
    events: np.ndarray
    bounds: np.ndarray
    shares: np.ndarray


def thinned(fit: Fit, draws: int = DRAWS) -> dict[str, np.ndarray]:
    """Evenly spaced draws of the parameters and of their standard normals, (draws,) each; trials' effects left out."""
    flat = {name: table for name, table in fit.flat().items() if not name.startswith("trial_") or name == "trial_sd"}
    total = len(next(iter(flat.values())))
    rows = np.linspace(0, total - 1, min(draws, total)).round().astype(int)
    return {name: table[rows] for name, table in flat.items()}


def predict(design: Design, draws: Mapping[str, np.ndarray], seed: int = 0, errors: bool = True) -> Predicted:
    """Predictive draws of every row of a design for parameters `draws`; each trial gets effects of its own anew.

    errors False leaves out sampling and reading errors and trials' effects: the model's mean for such a trial.
    """
    import jax
    import jax.numpy as jnp

    from ketascope.solver.engine import configure_jax

    configure_jax()
    count = len(next(iter(draws.values())))
    rng = np.random.default_rng(seed)
    size = (count, len(design.trials))
    own = {name: rng.standard_normal(size) if errors else np.zeros(size) for name in likelihood.TRIAL_EFFECTS}

    def one(values: Mapping[str, Any], effects: Mapping[str, Any]) -> Any:
        parts = likelihood.falls(design, values, families(), likelihood.trial_effects(design, values, effects))
        rates = likelihood.response_rates(design, parts) if len(design.events) else jnp.zeros(0)
        return likelihood.mean_changes(design, parts), rates

    means, rates = (np.asarray(table) for table in jax.jit(jax.vmap(one))(dict(draws), own))
    figures = means @ design.mean_map.T
    bounds = means @ design.bound_map.T
    events = rates * design.people
    if errors:
        if figures.shape[1]:
            figures = figures + rng.standard_normal(figures.shape) @ np.linalg.cholesky(design.covariance).T
        own_sd = [("trial_sd" if design.trials[k].is_ketamine else "ssri_trial_sd") for k in design.bound_trial]
        tau = np.stack([draws[name] for name in own_sd], axis=1) if own_sd else np.zeros((count, 0))
        bounds = bounds + rng.standard_normal(bounds.shape) * np.hypot(design.bound_error, tau)
        events = rng.binomial(design.people.astype(int), np.clip(rates, 0.0, 1.0)).astype(float)
    early, late = design.share_map
    shares = (means @ early.T) / (means @ late.T)
    return Predicted(means, figures, rates, events, bounds, shares)


def rows_of(design: Design, predicted: Predicted) -> list[dict[str, Any]]:
    """One row for every figure of a design: observed, predicted median, 50% and 95% interval, inside or not."""
    rows: list[dict[str, Any]] = []
    for index, (k, figure) in enumerate(design.figures):
        unit = "SD" if figure.kind == "smd" else "points"
        rows.append(_row(design, k, figure, unit, figure.value, predicted.figures[:, index]))
    for index, (k, figure) in enumerate(design.responses):
        percent = 100.0 / figure.n
        draws = predicted.events[:, index] * percent
        rows.append(_row(design, k, figure, "% responding", figure.value * percent, draws))
    for index, (k, figure) in enumerate(design.bounds):
        rows.append(_row(design, k, figure, "SD", None, predicted.bounds[:, index], bound=figure.value))
    for index, (k, figure) in enumerate(design.shares):
        rows.append(_row(design, k, figure, "share", figure.value, predicted.shares[:, index]))
    order = {trial.key: position for position, trial in enumerate(design.trials)}
    return sorted(rows, key=lambda row: order[row["trial"]])


def _row(
    design: Design,
    k: int,
    figure: Any,
    unit: str,
    observed: float | None,
    draws: np.ndarray,
    bound: float | None = None,
) -> dict[str, Any]:
    low, quarter, middle, three_quarters, high = (float(value) for value in np.quantile(draws, INTERVALS))
    trial = design.trials[k]
    row: dict[str, Any] = {
        "trial": trial.key,
        "indication": trial.indication,
        "kind": figure.kind,
        "arm": figure.arm if figure.against is None else f"{figure.arm} against {figure.against}",
        "control": trial.control,
        "time_h": figure.time_h,
        "unit": unit,
        "observed": observed,
        "people": figure.n or None,
        "median": middle,
        "low_50": quarter,
        "high_50": three_quarters,
        "low_95": low,
        "high_95": high,
        "inside_50": None if observed is None else bool(quarter <= observed <= three_quarters),
        "inside_95": None if observed is None else bool(low <= observed <= high),
        "imputed_spread": figure.imputed,
        "outcomes": list(figure.outcomes),
    }
    if bound is not None:
        row["bound"] = bound
        row["probability_within_bound"] = float(np.mean(np.abs(draws) < bound))
    return row
