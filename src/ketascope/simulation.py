"""One regimen in people: from doses to the states of the whole chain over time, with an error estimate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ketascope.errors import InputError
from ketascope.model import cascade
from ketascope.model.absorption import CENTRAL, InputPlan
from ketascope.model.disposition import steps_of
from ketascope.model.exposure import enantiomer_composition, prepare
from ketascope.model.parameter_store import ParameterSet
from ketascope.model.pharmacokinetics import Modes
from ketascope.model.plasma import Plasma, plasma
from ketascope.people import Person, individual_values, random_normals, typical_normals
from ketascope.solver import engine
from ketascope.solver.grid import DEFAULT_RULE, GridRule, halved, make_grid

if TYPE_CHECKING:
    import numpy as np

    from ketascope.regimen import Dose

# Grid against halved grid: above this the grid is refined, up to three times; what then remains is flagged.
ERROR_TOLERANCE = 1e-4
REFINEMENTS = 3
# The grid is judged on the typical patient and a fixed cohort, so that it never depends on who else is simulated.
CHECK_SEED = 20260101
JUST_AFTER_H = 1.0 / 3600.0
DEPOT_WIDTHS = (2, 4, 8, 16, 32)
PATIENT_LIMIT = 20_000  # every state of every patient is kept in memory


@dataclass(frozen=True)
class PatientRun:
    """States of many patients after one regimen.

    grid_h: (times,); outputs: (times, channels, patients), channels as in `cascade.CHANNELS`; values: every parameter
    of every patient; error_estimate: largest relative difference between the grid and its halved grid.
    """

    grid_h: np.ndarray
    outputs: np.ndarray
    values: Mapping[str, np.ndarray]
    plan: InputPlan
    error_estimate: float

    def channel(self, name: str) -> np.ndarray:
        """One channel, (times, patients)."""
        column: np.ndarray = self.outputs[:, cascade.CHANNELS.index(name)]
        return column

    def at(self, name: str, times_h: np.ndarray) -> np.ndarray:
        """One channel at times that are grid points, (times, patients)."""
        import numpy as np

        rows = np.searchsorted(self.grid_h, np.asarray(times_h) - 1e-7)
        return self.channel(name)[rows]


def check_numbers(patients: int, seed: int, sampling: str) -> None:
    """Raise InputError for a number of patients, a seed or a sampling site that cannot be used."""
    if not 0 <= patients <= PATIENT_LIMIT:
        raise InputError(f"patients {patients}: must be 0 (the typical patient) to {PATIENT_LIMIT}")
    if not 0 <= seed < 2**63:
        raise InputError(f"seed {seed}: must be a whole number from 0 to 2^63 - 1")
    plasma(sampling)


def patient_normals(patients: int, seed: int, first: int = 0) -> np.ndarray:
    """Random effects of `patients` people; 0 patients means the typical patient alone."""
    return random_normals(seed, patients, first) if patients else typical_normals()


def run_patients(
    doses: Sequence[Dose],
    person: Person,
    sampling: str,
    parameters: ParameterSet,
    normals: np.ndarray,
    until_h: float,
    wanted_h: Sequence[float] = (),
    draws: Mapping[str, np.ndarray] | None = None,
    threads: int | None = None,
    check: bool = True,
    keep_individual: int = 0,
) -> PatientRun:
    """Solve one regimen for every row of `normals` up to `until_h`.

    wanted_h: times that must be grid points. draws: population values by full name, (patients,), that replace the
    central ones (posterior draws). check False skips the error estimate (given as NaN) where the same doses were
    checked.
    """
    import numpy as np

    place = plasma(sampling)
    central = np.arange(len(normals)) < keep_individual
    drawn = {name: np.where(central, parameters.value(name), value) for name, value in (draws or {}).items()}
    values = individual_values(parameters, person, normals, place, drawn)
    rule, error = DEFAULT_RULE, math.nan
    if check:
        few = np.concatenate([typical_normals(), random_normals(CHECK_SEED, engine.CHUNK - 1)])
        trial = individual_values(parameters, person, few, place)
        error = _grid_error(doses, trial, place, parameters, until_h, wanted_h, rule)
        for _ in range(REFINEMENTS):
            if error <= ERROR_TOLERANCE:
                break
            rule = rule.refined()
            error = _grid_error(doses, trial, place, parameters, until_h, wanted_h, rule)
    plan, modes, fraction = _prepare(doses, values, parameters, place)
    grid = _grid(plan, until_h, wanted_h, rule)
    outputs = _solve(plan, modes, fraction, values, grid, threads)
    return PatientRun(grid, outputs, values, plan, error)


def _prepare(
    doses: Sequence[Dose], values: Mapping[str, np.ndarray], parameters: ParameterSet, place: Plasma
) -> tuple[InputPlan, Modes, np.ndarray]:
    depots = len(prepare_plan(doses, parameters, place).depots)
    width = next((width for width in DEPOT_WIDTHS if depots <= width), None)
    if width is None:
        raise InputError(f"the regimen needs {depots} absorption depots; at most {DEPOT_WIDTHS[-1]} are supported")
    # Hydroxynorketamine drives nothing; `simulate` adds it afterwards.
    return prepare(doses, values, parameters, place, width, steps_of(parameters, place) - {"hydroxynorketamine"})


def prepare_plan(doses: Sequence[Dose], parameters: ParameterSet, place: Plasma) -> InputPlan:
    """The depots and inputs of a schedule (the same for every patient)."""
    from ketascope.model.absorption import plan_inputs

    return plan_inputs(doses, enantiomer_composition(), place, parameters.value)


def input_changes_h(plan: InputPlan) -> list[float]:
    """Times at which a concentration may have a corner: starts and ends of inputs, and just after a bolus."""
    changes = [event.start_h for event in plan.events] + [event.start_h + event.duration_h for event in plan.events]
    return changes + [event.start_h + JUST_AFTER_H for event in plan.events if event.duration_h == 0.0]


def _grid(plan: InputPlan, until_h: float, wanted_h: Sequence[float], rule: GridRule) -> np.ndarray:
    at_once: set[float] = set()
    gentle: dict[float, float] = {}
    for event in plan.events:
        end = event.start_h + event.duration_h
        if event.column == CENTRAL:
            at_once |= {event.start_h, end}
        else:
            gentle[event.start_h] = rule.after_depot_filled_h
            if event.duration_h > 0.0:
                gentle.setdefault(end, rule.after_release_ended_h)
    # Just after a bolus into plasma, so that its peak is a grid point (values are kept at the ends of steps).
    after_bolus = [e.start_h + JUST_AFTER_H for e in plan.events if e.duration_h == 0.0 and e.column == CENTRAL]
    return make_grid(at_once, [*wanted_h, *after_bolus], until_h, rule, gentle)


def _solve(
    plan: InputPlan,
    modes: Modes,
    fraction: np.ndarray,
    values: Mapping[str, np.ndarray],
    grid: np.ndarray,
    threads: int | None,
) -> np.ndarray:
    import numpy as np

    own = {name: value for name, value in values.items() if name in cascade.INDIVIDUAL_ROWS}
    inputs = engine.step_inputs(plan, fraction.shape[0], grid)
    after = engine.solve(
        cascade.chain_step, cascade.start_states, len(cascade.CHANNELS), modes, fraction, own, inputs, threads
    )
    before = np.zeros((1, *after.shape[1:]))
    before[:, cascade.CHANNELS.index("glutamate_fold")] = 1.0
    return np.concatenate([before, after])


def _grid_error(
    doses: Sequence[Dose],
    values: Mapping[str, np.ndarray],
    place: Plasma,
    parameters: ParameterSet,
    until_h: float,
    wanted_h: Sequence[float],
    rule: GridRule,
) -> float:
    import numpy as np

    plan, modes, fraction = _prepare(doses, values, parameters, place)
    grid = _grid(plan, until_h, wanted_h, rule)
    with ThreadPoolExecutor(2) as pool:
        on_grid = pool.submit(_solve, plan, modes, fraction, values, grid, 1)
        fine = _solve(plan, modes, fraction, values, halved(grid), 1)[::2]
        coarse = on_grid.result()
    largest = np.abs(fine).max(axis=0)
    relative = np.abs(coarse - fine).max(axis=0) / np.where(largest > 0.0, largest, 1.0)
    return float(relative.max())
