"""Who receives it: one person's covariates, and virtual patients around that person.

Patient `i` of seed `k` owns a fixed block of a counter-based random stream (Philox), so that the same patient has the
same numbers in any batch, on any number of workers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ketascope.errors import InputError, unknown
from ketascope.files import packaged_toml

if TYPE_CHECKING:
    import numpy as np

    from ketascope.model.parameter_store import ParameterSet
    from ketascope.model.plasma import Plasma

AGE_LIMITS_YEARS = (18.0, 120.0)
SEXES = ("female", "male")
HEPATIC_FUNCTIONS = ("normal", "mild", "moderate")

# The order is the position in the random stream: append only, never reorder, or every seed changes its meaning.
RANDOM_EFFECTS: tuple[str, ...] = (
    "central_volume",
    "clearance",
    "norketamine_volume",
    "norketamine_clearance",
    "slow_distribution",
    "transit",
    "mucosal_fraction",
    "mucosal_rate",
    "swallowed_rate",
    "swallowed_fraction",
    "depot_rate",
    "acute_sensitivity",
    "dissociation_size",
    "pressure_size",
    "structure_off",
    "placebo_response",
    "drug_response",
    "baseline",
    "residual",
    "visit_response",
)
STREAM_WIDTH = 32  # random numbers reserved for each patient; a multiple of 4 because Philox makes four at a time
CORRELATED = (
    ("central_volume", "clearance", "volume_clearance_correlation"),
    ("norketamine_volume", "norketamine_clearance", "norketamine_volume_clearance_correlation"),
)


@dataclass(frozen=True)
class Person:
    """Covariates that change exposure, and nothing else: no prediction about the person follows from them.

    weight_kg 20-300, age_years 18 or over, sex "female", "male" or None (no effect in the default model), hepatic
    "normal", "mild" or "moderate" (Child-Pugh A and B), interactions by name (see `interaction_names()`).
    Raises InputError for a value outside these.
    """

    weight_kg: float = 70.0
    age_years: float = 40.0
    sex: str | None = None
    hepatic: str = "normal"
    interactions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        from ketascope.regimen.catalogue import input_limit

        object.__setattr__(self, "interactions", tuple(dict.fromkeys(self.interactions)))
        low, high = input_limit("lightest_kg"), input_limit("heaviest_kg")
        if not (math.isfinite(self.weight_kg) and low <= self.weight_kg <= high):
            raise InputError(f"weight {self.weight_kg:g} kg: must be {low:g} to {high:g} kg")
        if not math.isfinite(self.age_years) or self.age_years > AGE_LIMITS_YEARS[1]:
            raise InputError(
                f"age {self.age_years:g}: must be {AGE_LIMITS_YEARS[0]:g} to {AGE_LIMITS_YEARS[1]:g} years"
            )
        if self.age_years < AGE_LIMITS_YEARS[0]:
            raise InputError(f"age {self.age_years:g}: ketascope covers adults only, 18 years and over")
        if self.sex is not None and self.sex not in SEXES:
            raise InputError(f"sex '{self.sex}': must be one of {', '.join(SEXES)}, or left out")
        if self.hepatic not in HEPATIC_FUNCTIONS:
            hint = " (severe impairment has not been studied)" if self.hepatic == "severe" else ""
            raise InputError(f"hepatic '{self.hepatic}': must be one of {', '.join(HEPATIC_FUNCTIONS)}{hint}")
        for name in self.interactions:
            if name not in load_interactions():
                raise InputError(unknown("interaction", name, load_interactions()))


@lru_cache(maxsize=1)
def load_interactions() -> dict[str, dict[str, Any]]:
    """Interactions by name, each with its ratios, source and grade."""
    return packaged_toml("model/interactions.toml")


def random_normals(seed: int, patients: int, first: int = 0) -> np.ndarray:
    """Independent standard normals, shape (patients, len(RANDOM_EFFECTS)), for patients first, first+1, ...

    Row i depends on `seed` and `first + i` alone. Method: Philox counter stream, one 64-bit word per number, inverse
    normal distribution function.
    """
    import numpy as np
    from scipy.special import ndtri

    stream = np.random.Philox(key=seed)
    stream.advance(first * (STREAM_WIDTH // 4))
    words = stream.random_raw(patients * STREAM_WIDTH).reshape(patients, STREAM_WIDTH)[:, : len(RANDOM_EFFECTS)]
    uniforms = ((words >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    normals: np.ndarray = ndtri(uniforms)
    return normals


def typical_normals(patients: int = 1) -> np.ndarray:
    """Random effects of the typical patient: zeros, shape (patients, len(RANDOM_EFFECTS))."""
    import numpy as np

    return np.zeros((patients, len(RANDOM_EFFECTS)))


def spread_values(centre: Any, kind: str, deviation: Any, xp: Any = None) -> Any:
    """A central value moved by `deviation` (in SDs times the SD) on its own scale: "log-normal", "logit-normal" or
    "normal". xp: NumPy, which is the default, or JAX."""
    if xp is None:
        import numpy as xp  # noqa: ICN001 - the namespace is an argument

    if kind == "log-normal":
        return xp.asarray(centre * xp.exp(deviation))
    if kind == "logit-normal":
        # In the odds: a centre that has been rounded to 1 stays there, and its slope is a number.
        return xp.asarray(1.0 / (1.0 + (1.0 / xp.asarray(centre) - 1.0) * xp.exp(-deviation)))
    return xp.asarray(centre + deviation)


def individual_values(
    parameters: ParameterSet,
    person: Person,
    normals: np.ndarray,
    plasma: Plasma,
    population: Mapping[str, np.ndarray] | None = None,
) -> dict[str, np.ndarray]:
    """Each patient's own value of every parameter that pharmacokinetics and plasticity read, shape (patients,).

    normals: (patients, len(RANDOM_EFFECTS)) from `random_normals` or `typical_normals`. population: population values
    by full name, (patients,), that stand in for the rows' central values (draws of what is uncertain).
    """
    import numpy as np

    from ketascope.model.covariates import apply_body_size, apply_person

    effects = dict(zip(RANDOM_EFFECTS, np.asarray(normals).T, strict=True))
    for first, second, row in CORRELATED:
        r = parameters.value(f"{plasma.parameters}.{row}")
        effects[second] = r * effects[first] + math.sqrt(1.0 - r * r) * effects[second]
    drawn = population or {}
    values: dict[str, np.ndarray] = {}
    for name, parameter in parameters.items():
        centre = drawn[name] if name in drawn else np.full(len(normals), parameter.value)
        spread = parameter.between_patient
        if spread is None:
            values[name] = centre
        else:
            assert spread.effect is not None
            below_mean = 0.5 * spread.sd**2 if spread.value_is == "mean" else 0.0
            values[name] = spread_values(centre, spread.kind, spread.sd * effects[spread.effect] - below_mean)
    relative_weight = person.weight_kg / parameters.value("covariates.reference_weight_kg")
    apply_body_size(np, values, plasma, relative_weight)
    medicines = [load_interactions()[name] for name in person.interactions]
    apply_person(np, values, plasma, person.age_years, person.hepatic, medicines)
    return values
