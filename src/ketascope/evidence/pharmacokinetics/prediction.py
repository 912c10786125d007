"""Predictions of observed rows for the typical person of each study, in JAX, exact and differentiable.

An input into a depot or into plasma over a duration d from its start leaves in a mode of rate r, after the time t

    A(t) = (1 - exp(-r t))/(r d) while it runs, exp(-r (t - d)) (1 - exp(-r d))/(r d) later, exp(-r t) where d = 0,

and the area under A up to t is (share given - A(t))/r, since dA/dt = input - r A.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ketascope.evidence.pharmacokinetics.design import Design, analyte_numbers, event_arrays
from ketascope.evidence.pharmacokinetics.structures import Structure
from ketascope.model.absorption import individual_depots
from ketascope.model.covariates import apply_body_size, apply_first_pass
from ketascope.model.disposition import enantiomer_disposition, steps_of
from ketascope.model.pharmacokinetics import SERIES, Depots, diagonalise
from ketascope.model.plasma import Plasma, plasma

Array = Any
NG_PER_ML_PER_MG_PER_L = 1000.0
PEAK_POWER = 60.0
"""The time of a peak is the mean time weighted by the curve to this power: differentiable, and near the peak."""


def predictor(
    design: Design, parameters: Mapping[str, float], structure: Structure
) -> Callable[[Mapping[str, Array]], Array]:
    """A function from parameter values to the prediction of every row of `design`, shape (rows,), in its own unit.

    parameters: central values of all rows by full name. The function takes values by full name, each a number or
    (columns,), that replace them.
    """
    import jax.numpy as jnp

    place = plasma("venous")
    steps = structure.steps(steps_of(parameters, place))
    weights = np.asarray([column.weight_kg for column in design.columns])
    relative = weights / parameters["covariates.reference_weight_kg"]
    arterial = np.asarray([column.site == "arterial" for column in design.columns])
    lines = event_arrays(design)
    plans = [design.plan(column) for column in range(len(design.columns))]
    rows = _row_arrays(design)

    def predict(replaced: Mapping[str, Array]) -> Array:
        values = {
            name: jnp.broadcast_to(jnp.asarray(replaced.get(name, value)), (len(weights),))
            for name, value in parameters.items()
            if name.startswith((f"{place.parameters}.", "covariates."))
        }
        # An arterial sample is one of an arm through which all blood passes unchanged: one program serves both sites.
        shunt = f"{place.parameters}.arm_shunt_fraction"
        values[shunt] = jnp.where(arterial, 1.0, values[shunt])
        apply_body_size(jnp, values, place, relative)
        apply_first_pass(jnp, values, place)
        return _assemble(_curves(values, place, steps, lines, plans, len(design.points)), rows)

    return predict


def _curves(values: Any, place: Plasma, steps: frozenset[str], lines: Any, plans: Any, count: int) -> Array:
    """Levels and areas of every series at every point, (2 enantiomers, series, points)."""
    import jax
    import jax.numpy as jnp

    # Columns share a few kinds of depots: each kind is laid out for all columns, and every column picks its own.
    kinds = list(dict.fromkeys(plan.depots for plan in plans))
    width = max(1, max(len(depots) for depots in kinds))
    like = values[f"{place.parameters}.central_volume_l"]
    laid_out = [individual_depots(jnp, depots, values, width, like) for depots in kinds]
    own = np.asarray([kinds.index(plan.depots) for plan in plans]), np.arange(len(plans))

    def picked(parts: list[Array]) -> Array:
        return jnp.stack(parts)[own[0], :, own[1]].T

    def joined(name: str) -> Array:
        """Both enantiomers side by side along the patient axis, so that they are diagonalised at once."""
        s, r = (picked([getattr(depots[which], name) for depots, _ in laid_out]) for which in (0, 1))
        return jnp.concatenate([s, r], axis=1)

    fraction = picked([fraction for _, fraction in laid_out])
    depots = Depots(joined("rate_per_h"), joined("to_ketamine"), joined("to_norketamine"))
    both = [enantiomer_disposition(values, place, enantiomer, steps) for enantiomer in "sr"]
    joined_disposition = _side_by_side(*both)
    modes = diagonalise(jnp, joined_disposition, depots)
    column, depot = lines["column"], lines["depot"]
    at = np.stack([column, column + len(plans)])  # (2 enantiomers, lines)
    rate = modes.rate_per_h[:, at]
    share = lines["fixed"] + lines["absorbed"] * jnp.where(depot >= 0, fraction[jnp.maximum(depot, 0), column], 0.0)
    mass = jnp.asarray(np.stack([lines["mass_s"], lines["mass_r"]])) * share
    left = _amount_left(rate, lines["elapsed_h"], lines["duration_h"])
    given = np.where(
        lines["duration_h"] > 0.0, np.minimum(lines["elapsed_h"] / np.maximum(lines["duration_h"], 1e-12), 1.0), 1.0
    )
    amount = jnp.where(lines["area"] > 0.0, (given - left) / rate, left) * modes.inputs[:, depot, at] * mass
    curve = jnp.einsum("smel,mel->les", modes.outputs[:, :, at], amount) * NG_PER_ML_PER_MG_PER_L
    return jax.ops.segment_sum(curve, lines["point"], num_segments=count).transpose(1, 2, 0)


def _amount_left(rate: Array, elapsed_h: Any, duration_h: Any) -> Array:
    """What a unit input has left in a mode (see the module's equation)."""
    import jax.numpy as jnp

    length = np.where(duration_h > 0.0, duration_h, 1.0)
    running = np.minimum(elapsed_h, length)
    after = np.where(duration_h > 0.0, elapsed_h - running, elapsed_h)
    filled = -jnp.expm1(-rate * running) / (rate * length)
    return jnp.exp(-rate * after) * jnp.where(duration_h > 0.0, filled, 1.0)


def _row_arrays(design: Design) -> dict[str, Any]:
    """Tasks as arrays: weights over (enantiomer, series) and point numbers, padded by repeating the last point."""
    longest = max(len(task.points) for task in design.tasks)
    points = np.asarray([[*task.points] + [task.points[-1]] * (longest - len(task.points)) for task in design.tasks])

    def curve_weights(names: list[str]) -> np.ndarray:
        table = np.zeros((len(names), 2, len(SERIES)))
        for row, name in enumerate(names):
            for enantiomer, series in analyte_numbers(name) if name else []:
                table[row, enantiomer, series] = 1.0
        return table

    return {
        "points": points,
        "times_h": np.asarray([time_h for _, time_h, _ in design.points])[points],
        "weights": curve_weights([task.analyte for task in design.tasks]),
        "other": curve_weights([task.other for task in design.tasks]),
        "reference": np.asarray([max(task.reference, 0) for task in design.tasks]),
        "dose_mg": np.asarray([task.dose_mg for task in design.tasks]),
        "corners": np.asarray([task.corners for task in design.tasks]),
        "kind": np.asarray([task.kind for task in design.tasks]),
    }


def _assemble(curves: Array, rows: Mapping[str, Any]) -> Array:
    import jax.numpy as jnp

    levels = jnp.einsum("res,esrp->rp", rows["weights"], curves[:, :, rows["points"]])
    first, kind = levels[:, 0], rows["kind"]
    largest = _refined_largest(levels, rows["times_h"], rows["corners"])
    power = (levels / levels.max(axis=1)[:, None]) ** PEAK_POWER
    # Points of a peak stand in a geometric series, so each stands for a stretch that grows with its time.
    stretch = power * rows["times_h"]
    peak_h = jnp.sum(stretch * rows["times_h"], axis=1) / jnp.maximum(jnp.sum(stretch, axis=1), 1e-300)
    below = jnp.einsum("res,esr->r", rows["other"], curves[:, :, rows["points"][:, 0]])
    reference = jnp.einsum("res,esr->r", rows["weights"], curves[:, :, rows["reference"]])
    result = first
    result = jnp.where(kind == "cmax", largest, result)
    result = jnp.where(kind == "tmax", peak_h, result)
    result = jnp.where(kind == "auc_ratio", first / jnp.where(kind == "auc_ratio", below, 1.0), result)
    whole = jnp.where((kind == "f") | (kind == "cl"), reference, 1.0)
    result = jnp.where(kind == "f", first / whole, result)
    return jnp.where(kind == "cl", rows["dose_mg"] * NG_PER_ML_PER_MG_PER_L / whole, result)


def _refined_largest(levels: Array, times_h: np.ndarray, corners: np.ndarray) -> Array:
    """The largest level of each row, by the parabola over log time through its three points around an inner maximum.

    The first `corners` points of a row are ends of infusions, which no parabola smooths.
    """
    import jax.numpy as jnp

    rows = np.arange(levels.shape[0])
    top = jnp.argmax(levels, axis=1)
    inner = jnp.clip(top, 1, levels.shape[1] - 2)
    x = jnp.log(times_h)
    x0, x1, x2 = (x[rows, inner + k] for k in (-1, 0, 1))
    y0, y1, y2 = (levels[rows, inner + k] for k in (-1, 0, 1))
    smooth = (top == inner) & (inner > corners) & (x1 > x0) & (x2 > x1)
    left, right = jnp.where(smooth, x1 - x0, 1.0), jnp.where(smooth, x2 - x1, 1.0)
    slope01, slope12 = (y1 - y0) / left, (y2 - y1) / right
    bend = jnp.where(smooth & (slope01 > slope12), (slope12 - slope01) / (left + right), -1.0)
    away = 0.5 * (left + slope01 / -bend)  # of the parabola's top from the left point
    refined = y0 + slope01 * away + bend * away * (away - left)
    return jnp.where(smooth, jnp.maximum(refined, y1), levels[rows, top])


def _side_by_side(s: Any, r: Any) -> Any:
    """Two dispositions as one along the patient axis, steps within steps included."""
    import dataclasses

    import jax.numpy as jnp

    if s is None or isinstance(s, int):
        return s
    if dataclasses.is_dataclass(s):
        fields = {f.name: _side_by_side(getattr(s, f.name), getattr(r, f.name)) for f in dataclasses.fields(s)}
        return dataclasses.replace(s, **fields)  # type: ignore[type-var]
    return jnp.concatenate([s, r])
