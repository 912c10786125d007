"""From doses to inputs: which depot receives how much, when and for how long.

Rules are data (`absorption_rules.toml`), numbers are parameter rows named there in full. The amount that enters a
depot is `dose * (fixed + absorbed * F)` with F the individual's absorbed fraction, so one schedule serves
all patients.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ketascope.errors import InputError
from ketascope.files import packaged_toml
from ketascope.model.pharmacokinetics import Array, Depots
from ketascope.solver.linear import StepInputs

if TYPE_CHECKING:
    import numpy as np

    from ketascope.model.plasma import Plasma
    from ketascope.regimen import Dose

CENTRAL = -1


@dataclass(frozen=True)
class Depot:
    """One absorption compartment; the strings are full names of parameter rows ('' where not used)."""

    rate: str
    ketamine: str
    norketamine: str = ""
    total: str = ""
    fraction: str = ""


@dataclass(frozen=True)
class InputEvent:
    """One input: `enantiomer_mg` (S, R) times `fixed + absorbed * F`, at once (duration 0) or at constant rate."""

    start_h: float
    duration_h: float
    column: int
    enantiomer_mg: tuple[float, float]
    fixed: float
    absorbed: float


@dataclass(frozen=True)
class InputPlan:
    """All depots and inputs of one regimen, in time order."""

    depots: tuple[Depot, ...]
    events: tuple[InputEvent, ...]


@lru_cache(maxsize=1)
def load_rules() -> dict[str, Any]:
    """The absorption rules by "drug:route" (see the file's head)."""
    return packaged_toml("model/absorption_rules.toml")


def find_rule(drug: str, route: str, plasma: Plasma) -> Mapping[str, Any]:
    """The rule for a drug, a route and a parameter set. Raises InputError where there is none."""
    rules = load_rules()
    own = plasma.parameters
    for key in (f"{drug}:{route}@{own}", f"*:{route}@{own}", f"{drug}:{route}", f"*:{route}"):
        if key in rules:
            rule: Mapping[str, Any] = rules[key]
            return rules[rule["same_as"]] if "same_as" in rule else rule
    raise InputError(f"no absorption rule for {drug} by route {route}; rules exist for {', '.join(sorted(rules))}")


def plan_inputs(
    doses: Sequence[Dose],
    composition: Mapping[str, tuple[float, float]],
    plasma: Plasma,
    numbers: Callable[[str], float],
) -> InputPlan:
    """Depots and inputs for a schedule.

    composition: drug -> fraction of the dose that is (S, R); drugs that are not in it (an SSRI) have no
    pharmacokinetics here and are skipped. numbers: gives the central value of a row by its full name (durations,
    lags and the device factor do not vary between patients).
    """
    depots: dict[tuple[str, str, int], int] = {}
    rows: list[Depot] = []
    events: list[InputEvent] = []
    for dose in doses:
        if dose.drug not in composition:
            continue
        s_fraction, r_fraction = composition[dose.drug]
        amounts = (dose.amount_mg * s_fraction, dose.amount_mg * r_fraction)
        rule = find_rule(dose.drug, dose.route, plasma)
        factor = numbers(rule["device_factor"]) if dose.device > 1 else 1.0
        if not rule["parts"]:
            events.append(InputEvent(dose.time_h, dose.duration_h, CENTRAL, amounts, 1.0, 0.0))
        for index, part in enumerate(rule["parts"]):
            key = (dose.drug, dose.route, index)
            if key not in depots:
                depots[key] = len(rows)
                rows.append(_depot(part))
            start = dose.time_h + (numbers(part["lag"]) if "lag" in part else 0.0)
            # A subcutaneous infusion fills its depot over its own duration.
            duration = numbers(part["duration"]) if "duration" in part else dose.duration_h
            fixed, absorbed = {"all": (1.0, 0.0), "absorbed": (0.0, factor), "rest": (1.0, -factor)}[part["share"]]
            events.append(InputEvent(start, duration, depots[key], amounts, fixed, absorbed))
    events.sort(key=lambda event: (event.start_h, event.column))
    return InputPlan(tuple(rows), tuple(events))


def step_inputs(plan: InputPlan, depots: int, grid_h: np.ndarray) -> StepInputs:
    """Lay a plan's inputs over a grid that contains all their starts and ends."""
    import numpy as np

    steps = len(grid_h) - 1
    bolus = np.zeros((steps, 2, depots + 1, 2))
    rate = np.zeros((steps, 2, depots + 1, 2))
    starts = grid_h[:-1]
    for event in plan.events:
        mass = np.outer(event.enantiomer_mg, [event.fixed, event.absorbed])
        first = int(np.searchsorted(starts, event.start_h - 1e-9))
        if first >= steps:
            continue
        if event.duration_h == 0.0:
            bolus[first, :, event.column] += mass
        else:
            last = int(np.searchsorted(starts, event.start_h + event.duration_h - 1e-9))
            rate[first:last, :, event.column] += mass / event.duration_h
    return StepInputs(np.diff(grid_h), bolus, rate)


def _depot(part: Mapping[str, str]) -> Depot:
    return Depot(
        rate=part["rate"],
        ketamine=part["ketamine"],
        norketamine=part.get("norketamine", ""),
        total=part.get("total", ""),
        fraction=part.get("fraction", ""),
    )


def individual_depots(
    xp: Any, depots: Sequence[Depot], values: Mapping[str, Array], width: int, like: Array
) -> tuple[tuple[Depots, Depots], Array]:
    """Depots of S and of R as arrays (width, patients), padded with idle ones, and the absorbed fraction F of each.

    values: individual values by full name, each (patients,); a row that has a version for each enantiomer carries
    `_s` or `_r` at the end of its name. like: any array (patients,).
    """
    one = xp.ones_like(like)

    def of(name: str, enantiomer: str) -> Array:
        both = f"{name}_{enantiomer}"
        return values[both] if both in values else values[name]

    def columns(enantiomer: str) -> Depots:
        rate, ketamine, norketamine = [], [], []
        for depot in depots:
            to_ketamine = {"all": one, "none": 0.0 * one}.get(depot.ketamine)
            if to_ketamine is None:
                to_ketamine = of(depot.ketamine, enantiomer)
            to_norketamine = 0.0 * one
            if depot.norketamine:
                to_norketamine = of(depot.norketamine, enantiomer)
            elif depot.total:
                to_norketamine = xp.maximum(of(depot.total, enantiomer) - to_ketamine, 0.0)
            rate.append(of(depot.rate, enantiomer))
            ketamine.append(to_ketamine)
            norketamine.append(to_norketamine)
        for idle in range(len(depots), width):
            rate.append((1.0 + idle) * one)
            ketamine.append(0.0 * one)
            norketamine.append(0.0 * one)
        return Depots(xp.stack(rate), xp.stack(ketamine), xp.stack(norketamine))

    fraction = [values[depot.fraction] if depot.fraction else 0.0 * one for depot in depots]
    fraction += [0.0 * one] * (width - len(depots))
    return (columns("s"), columns("r")), xp.stack(fraction)
