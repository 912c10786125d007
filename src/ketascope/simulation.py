"""One regimen in people: from doses to the states of the whole chain over time, with an error estimate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ketascope.errors import InputError
from ketascope.model import cascade
from ketascope.model.absorption import CENTRAL, InputPlan, step_inputs
from ketascope.model.disposition import steps_of
from ketascope.model.exposure import prepare
from ketascope.model.parameter_store import ParameterSet
from ketascope.model.plasma import Plasma, plasma
from ketascope.people import Person, individual_values, random_normals, typical_normals
from ketascope.solver.grid import DEFAULT_RULE, GridRule, halved, make_grid
from ketascope.solver.linear import Modes

if TYPE_CHECKING:
    import numpy as np

    from ketascope.regimen import Dose
    from ketascope.solver.native.engine import Solution

# Grid against halved grid: above this the grid is refined, up to three times; what then remains is flagged.
ERROR_TOLERANCE = 1e-4
REFINEMENTS = 3
SMALLEST_ERROR = 1e-12
# States run from 0 to 1 and follow glutamate's distance from 1, whose rounding, up to 1e-12 in the fast state, no grid
# makes smaller. A state that stays below this is nothing to anybody, and its rounding is far below the tolerance.
NEGLIGIBLE_STATE = 1e-7
# The grid is judged on the typical patient and a fixed cohort, so that it never depends on who else is simulated.
CHECK_SEED = 20260101
CHECK_PATIENTS = 80
JUST_AFTER_H = 1.0 / 3600.0
PATIENT_LIMIT = 20_000  # every state of every patient is kept in memory


@dataclass(frozen=True)
class PatientRun:
    """States of many patients after one regimen.

    grid_h: (times,); outputs: (times, channels, patients), channels as in `cascade.CHANNELS`; values: every parameter
    of every patient; error_estimate: largest relative difference between the grid and its halved grid in the checked
    cohort and in the patients that were checked themselves. patient_error: the same of each patient for whom that
    cohort does not speak, NaN for the others; redone: who has numbers from a finer grid for that reason; doubtful: for
    whom no two grids agree; failed: who has a number that is not finite. All (patients,).
    """

    grid_h: np.ndarray
    outputs: np.ndarray
    values: Mapping[str, np.ndarray]
    plan: InputPlan
    error_estimate: float
    patient_error: np.ndarray
    redone: np.ndarray
    doubtful: np.ndarray
    failed: np.ndarray

    def take(self, patients: np.ndarray) -> PatientRun:
        """The run of some of the patients, an index or a mask."""
        from dataclasses import replace

        own = {name: getattr(self, name)[patients] for name in ("patient_error", "redone", "doubtful", "failed")}
        values = {name: value[patients] for name, value in self.values.items()}
        return replace(self, outputs=self.outputs[..., patients], values=values, **own)

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
    check: bool | CheckedGrid = True,
    keep_individual: int = 0,
    only_wanted: bool = False,
) -> PatientRun:
    """Solve one regimen for every row of `normals` up to `until_h`.

    wanted_h: times that must be grid points. draws: population values by full name, (patients,), that replace the
    central ones (posterior draws). check: False skips the error estimate (given as NaN); a grid that was checked for
    the same doses is used as it is. only_wanted: keep the start and the wanted times, not every grid point.
    """
    import numpy as np

    place = plasma(sampling)
    central = np.arange(len(normals)) < keep_individual
    drawn = {name: np.where(central, parameters.value(name), value) for name, value in (draws or {}).items()}
    values = individual_values(parameters, person, normals, place, drawn)
    checked = check if isinstance(check, CheckedGrid) else UNCHECKED
    if check is True:
        checked = check_grid(doses, person, place, parameters, until_h, wanted_h)
    case = Case.of(doses, values, place, parameters)
    grid = case.grid(until_h, wanted_h, checked.rule)
    is_kept = np.full(len(grid), not only_wanted)
    is_kept[[0, *np.searchsorted(grid, np.asarray(wanted_h) - 1e-7)]] = True
    solution = case.solve(grid, threads, is_kept)
    patient_error, redone, doubtful = _check_patients(case, grid, solution, is_kept, checked, threads)
    # Where the cohort speaks for nobody, what was found for each patient stands in its place; else the larger counts,
    # so that a patient whom no grid resolves is not hidden behind a cohort that had no such one.
    found = patient_error[np.isfinite(patient_error)]
    is_for_all = len(found) == len(patient_error)
    error = float(max([*found, *([] if is_for_all else [checked.error])]))
    failed = ~np.isfinite(solution.values.sum(axis=(0, 1)))
    return PatientRun(grid[is_kept], solution.values, values, case.plan, error, patient_error, redone, doubtful, failed)


@dataclass(frozen=True)
class CheckedGrid:
    """A grid rule and what the check of a fixed cohort says of it.

    error: largest relative difference between the grid and its halved grid. roughest: (states,), how rough a
    patient's states may be for the cohort to speak for them too (see `Solution.roughness`).
    """

    rule: GridRule
    error: float
    roughest: np.ndarray | float


UNCHECKED = CheckedGrid(DEFAULT_RULE, math.nan, math.inf)


def check_grid(
    doses: Sequence[Dose],
    person: Person,
    place: Plasma,
    parameters: ParameterSet,
    until_h: float,
    wanted_h: Sequence[float] = (),
    coarsest: GridRule = DEFAULT_RULE,
) -> CheckedGrid:
    """The coarsest rule whose grid solves a fixed cohort to `ERROR_TOLERANCE`; the finest one where none does.

    In that case the cohort speaks for nobody, and every patient is checked. coarsest: the rule to begin with.
    """
    import numpy as np

    few = np.concatenate([typical_normals(), random_normals(CHECK_SEED, CHECK_PATIENTS - 1)])
    cohort = Case.of(doses, individual_values(parameters, person, few, place), place, parameters)
    rule = coarsest
    for refinement in range(REFINEMENTS + 1):
        rule = rule.refined() if refinement else rule
        grid = cohort.grid(until_h, wanted_h, rule)
        coarse = cohort.solve(grid, None)
        error = float(relative_difference(coarse.values, cohort.solve(halved(grid), None).values[::2]).max())
        if error <= ERROR_TOLERANCE:
            # The error goes with the square of the roughness, so what is left to the tolerance leaves room; of it a
            # quarter is used: with that, none of 49,152 people with an error above the tolerance was missed.
            room = max(0.25 * math.sqrt(ERROR_TOLERANCE / max(error, SMALLEST_ERROR)), 1.0)
            return CheckedGrid(rule, error, room * coarse.roughness.max(axis=1))
    return CheckedGrid(rule, error, -math.inf)


def relative_difference(found: np.ndarray, better: np.ndarray) -> np.ndarray:
    """Largest difference in any channel at any time, relative to that channel's peak: (patients,) of (.., patients).

    A state whose peak is below `NEGLIGIBLE_STATE`, as after a dose of micrograms, is compared with that.
    """
    import numpy as np

    least = np.array([[NEGLIGIBLE_STATE if name in cascade.STATES else 0.0] for name in cascade.CHANNELS])
    largest = np.maximum(np.abs(better).max(axis=0), least)
    difference = np.abs(found - better).max(axis=0) / np.where(largest > 0.0, largest, 1.0)
    worst: np.ndarray = difference.max(axis=0)
    return worst


def _check_patients(
    case: Case,
    grid: np.ndarray,
    solution: Solution,
    is_kept: np.ndarray,
    checked: CheckedGrid,
    threads: int | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Solve patients for whom the cohort does not speak again on halved grids, until two grids agree.

    Where the first two agree the patient's numbers stay as they are; else the finer ones are put into `solution`.
    Returns each one's difference between the last two grids (NaN for patients that were not checked), who was given
    finer numbers, and for whom no two grids agree; all (patients,).
    """
    import numpy as np

    rough: np.ndarray = np.any(~(solution.roughness <= np.reshape(checked.roughest, (-1, 1))), axis=0)
    error = np.full(len(rough), math.nan)
    redone = np.zeros(len(rough), bool)
    left = np.flatnonzero(rough)
    fine, every = grid, 1
    for _ in range(REFINEMENTS):
        if not left.size:
            break
        fine, every = halved(fine), 2 * every
        again = case.take(left).solve(fine, threads).values[::every][is_kept]
        error[left] = relative_difference(solution.values[..., left], again)
        differs = ~(error[left] <= ERROR_TOLERANCE)
        left = left[differs]
        solution.values[..., left] = again[..., differs]
        redone[left] = True
    return error, redone, np.isin(np.arange(len(rough)), left)


@dataclass(frozen=True)
class Case:
    """Doses prepared for patients: what the solver needs but for the grid."""

    plan: InputPlan
    modes: Modes
    fraction: np.ndarray
    values: Mapping[str, np.ndarray]

    @classmethod
    def of(
        cls, doses: Sequence[Dose], values: Mapping[str, np.ndarray], place: Plasma, parameters: ParameterSet
    ) -> Case:
        """Prepare doses for people with `values`."""
        # Hydroxynorketamine drives nothing; `simulate` adds it afterwards.
        steps = steps_of(parameters, place) - {"hydroxynorketamine"}
        plan, modes, fraction = prepare(doses, values, parameters, place, None, steps)
        return cls(plan, modes, fraction, {name: values[name] for name in cascade.INDIVIDUAL_ROWS})

    def take(self, patients: np.ndarray) -> Case:
        """The same doses in some of the patients."""
        own = Modes(*(getattr(self.modes, name)[..., patients] for name in ("rate_per_h", "inputs", "outputs")))
        values = {name: value[patients] for name, value in self.values.items()}
        return Case(self.plan, own, self.fraction[:, patients], values)

    def grid(self, until_h: float, wanted_h: Sequence[float], rule: GridRule) -> np.ndarray:
        """Times in hours, dense after every change of input."""
        at_once: set[float] = set()
        gentle: dict[float, float] = {}
        for event in self.plan.events:
            end = event.start_h + event.duration_h
            if event.column == CENTRAL:
                at_once |= {event.start_h, end}
            else:
                gentle[event.start_h] = rule.after_depot_filled_h
                if event.duration_h > 0.0:
                    gentle.setdefault(end, rule.after_release_ended_h)
        # Just after a bolus into plasma, so that its peak is a grid point (values are kept at the ends of steps).
        after_bolus = [
            e.start_h + JUST_AFTER_H for e in self.plan.events if e.duration_h == 0.0 and e.column == CENTRAL
        ]
        return make_grid(at_once, [*wanted_h, *after_bolus], until_h, rule, gentle)

    def solve(self, grid: np.ndarray, threads: int | None, is_kept: np.ndarray | None = None) -> Solution:
        """Channels at the start and at the grid points that are kept (default: all), and each patient's roughness."""
        import numpy as np

        from ketascope.solver.native.engine import ends, solve

        inputs = step_inputs(self.plan, self.fraction.shape[0], grid)
        after = np.ones(len(grid) - 1, bool) if is_kept is None else is_kept[1:]
        solution = solve(
            cascade.CHAIN, self.modes, self.fraction, self.values, inputs, ends(after, first_row=1), threads
        )
        solution.values[0] = 0.0
        solution.values[0, cascade.CHANNELS.index("glutamate_fold")] = 1.0
        return solution


def input_changes_h(plan: InputPlan) -> list[float]:
    """Times at which a concentration may have a corner: starts and ends of inputs, and just after a bolus."""
    changes = [event.start_h for event in plan.events] + [event.start_h + event.duration_h for event in plan.events]
    return changes + [event.start_h + JUST_AFTER_H for event in plan.events if event.duration_h == 0.0]
