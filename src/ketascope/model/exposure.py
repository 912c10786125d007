"""Concentrations of the typical patient at any times, in NumPy: exact, and without starting JAX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ketascope.model.absorption import Depot, InputPlan, individual_depots, plan_inputs
from ketascope.model.disposition import modes_of_both, steps_of
from ketascope.model.parameter_store import ParameterSet, load_parameters
from ketascope.model.pharmacokinetics import SERIES
from ketascope.solver.linear import Modes, step_factors

if TYPE_CHECKING:
    import numpy as np

    from ketascope.model.plasma import Plasma
    from ketascope.people import Person
    from ketascope.regimen import Dose

NG_PER_ML_PER_MG_PER_L = 1000.0


def enantiomer_composition() -> dict[str, tuple[float, float]]:
    """Drug -> fraction of a dose that is (S, R)-ketamine; drugs without both are left out."""
    from ketascope.data import load

    return {
        name: (row.get("fraction_s", 0.0), row.get("fraction_r", 0.0))
        for name, row in load("drugs").items()
        if row.get("fraction_s", 0.0) + row.get("fraction_r", 0.0) > 0.0
    }


def ketamine_doses(doses: Sequence[Dose]) -> tuple[Dose, ...]:
    """The doses that hold S- or R-ketamine, in their order."""
    composition = enantiomer_composition()
    return tuple(dose for dose in doses if dose.drug in composition)


def absorption_rows(depots: Sequence[Depot], parameters: ParameterSet, plasma: Plasma) -> list[str]:
    """Full names of the parameter rows that these depots rest on."""
    from ketascope.model.covariates import first_pass_rows

    names: list[str] = []
    for depot in depots:
        for part in (depot.rate, depot.ketamine, depot.norketamine, depot.total, depot.fraction):
            if part.startswith("first_pass."):
                names += first_pass_rows(plasma)
            elif part in parameters:
                names.append(part)
    return names


def prepare(
    doses: Sequence[Dose],
    values: Mapping[str, np.ndarray],
    parameters: ParameterSet,
    plasma: Plasma,
    width: int | None,
    steps: frozenset[str] | None = None,
) -> tuple[InputPlan, Modes, np.ndarray]:
    """The input plan, the modes of S and R, and each depot's absorbed fraction, for one regimen.

    width: number of depots to pad to (None: as many as needed). steps: optional steps to keep, all that the
    parameter set has by default. Shapes as in `solver.linear.Modes` with a leading axis for (S, R).
    """
    import numpy as np

    plan = plan_inputs(doses, enantiomer_composition(), plasma, parameters.value)
    padded = max(len(plan.depots), 1) if width is None else width
    like = values[f"{plasma.parameters}.central_volume_l"]
    depots, fraction = individual_depots(np, plan.depots, values, padded, like)
    modes = modes_of_both(np, values, plasma, depots, steps_of(parameters, plasma) if steps is None else steps)
    return plan, modes, fraction


def concentrations(plan: InputPlan, modes: Modes, fraction: np.ndarray, times_h: np.ndarray) -> np.ndarray:
    """Exact concentrations in mg/L, shape (2 enantiomers, series, times, patients); series as in `SERIES`.

    times_h: ascending, from 0. Between two changes of input every mode is one exponential, so all times in such an
    interval are evaluated at once.
    """
    import numpy as np

    times = np.asarray(times_h, dtype=float)
    ends = [event.start_h + event.duration_h for event in plan.events if event.duration_h > 0.0]
    breaks = np.unique([0.0, *(event.start_h for event in plan.events), *ends])
    state = np.zeros_like(modes.rate_per_h)  # (2, modes, patients)
    result = np.zeros((*modes.outputs.shape[:2], len(times), state.shape[-1]))
    for index, start in enumerate(breaks):
        stop = breaks[index + 1] if index + 1 < len(breaks) else np.inf
        rate = np.zeros_like(state)
        for event in plan.events:
            mass = np.asarray(event.enantiomer_mg)[:, None, None] * (
                event.fixed + event.absorbed * (fraction[event.column] if event.absorbed else 0.0)
            )
            if event.duration_h > 0.0 and event.start_h <= start < event.start_h + event.duration_h:
                rate = rate + modes.inputs[:, :, event.column] * mass / event.duration_h
            elif event.duration_h == 0.0 and event.start_h == start:
                state = state + modes.inputs[:, :, event.column] * mass
        inside = (times >= start) & (times < stop)
        # A time that falls on a later bolus belongs to the next interval, where the bolus has been given.
        if inside.any():
            elapsed = (times[inside] - start)[:, None]
            decay, gain = step_factors(np, modes.rate_per_h[:, :, None, :], elapsed)
            y = state[:, :, None, :] * decay + rate[:, :, None, :] * gain
            result[:, :, inside] = np.einsum("esmn,emtn->estn", modes.outputs, y)
        if np.isfinite(stop):
            decay, gain = step_factors(np, modes.rate_per_h, stop - start)
            state = state * decay + rate * gain
    return np.maximum(result, 0.0)


def typical_concentrations(
    doses: Sequence[Dose],
    person: Person,
    sampling: str,
    times_h: np.ndarray,
    parameters: ParameterSet | None = None,
) -> dict[str, np.ndarray]:
    """Concentrations of the typical patient in ng/mL at `times_h` (shape (times,) each).

    Keys: s_ketamine, r_ketamine, s_norketamine, r_norketamine, s_effect_site, r_effect_site, and where the parameter
    set models it s_hydroxynorketamine, r_hydroxynorketamine. sampling: a name of `plasma.plasmas()`.
    """
    from ketascope.model.plasma import plasma
    from ketascope.people import individual_values, typical_normals

    rows = parameters if parameters is not None else load_parameters()
    values = individual_values(rows, person, typical_normals(), plasma(sampling))
    plan, modes, fraction = prepare(doses, values, rows, plasma(sampling), None)
    table = concentrations(plan, modes, fraction, times_h)[..., 0] * NG_PER_ML_PER_MG_PER_L
    return {
        f"{e}_{series}": table[i, k]
        for i, e in enumerate("sr")
        for k, series in zip(range(table.shape[1]), SERIES, strict=False)
    }
