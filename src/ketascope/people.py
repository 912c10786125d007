"""Who receives it: one person's covariates, and virtual patients around that person.

Patient `i` of seed `k` owns a fixed block of a counter-based random stream (Philox), so that the same patient has the
same numbers in any batch, on any number of workers.
"""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from ketascope.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from ketascope.model.parameter_store import Parameter, ParameterSet

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
                near = difflib.get_close_matches(name, load_interactions(), n=1)
                hint = f"; did you mean '{near[0]}'?" if near else "."
                known = ", ".join(load_interactions())
                raise InputError(f"interaction '{name}' is unknown{hint} Known: {known}")


@lru_cache(maxsize=1)
def load_interactions() -> dict[str, dict[str, Any]]:
    """Interactions by name, each with its ratios, source and grade."""
    file = resources.files("ketascope.model") / "interactions.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


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


def spread_values(parameter: Parameter, kind: str, deviation: np.ndarray) -> np.ndarray:
    """The parameter's value moved by `deviation` (in SDs times the SD) on its own scale."""
    import numpy as np

    if kind == "log-normal":
        moved: np.ndarray = parameter.value * np.exp(deviation)
        return moved
    if kind == "logit-normal":
        logit = math.log(parameter.value / (1.0 - parameter.value))
        return np.asarray(1.0 / (1.0 + np.exp(-(logit + deviation))))
    return parameter.value + deviation


def individual_values(
    parameters: ParameterSet, person: Person, normals: np.ndarray, sampling: str
) -> dict[str, np.ndarray]:
    """Each patient's own value of every parameter that pharmacokinetics and plasticity read, shape (patients,).

    normals: (patients, len(RANDOM_EFFECTS)) from `random_normals` or `typical_normals`.
    """
    import numpy as np

    effects = dict(zip(RANDOM_EFFECTS, np.asarray(normals).T, strict=True))
    for first, second, row in CORRELATED:
        r = parameters.value(f"{sampling}.{row}")
        effects[second] = r * effects[first] + math.sqrt(1.0 - r * r) * effects[second]
    values: dict[str, np.ndarray] = {}
    for name, parameter in parameters.items():
        spread = parameter.between_patient
        if spread is None:
            values[name] = np.full(len(normals), parameter.value)
        else:
            assert spread.effect is not None
            below_mean = 0.5 * spread.sd**2 if spread.value_is == "mean" else 0.0
            values[name] = spread_values(parameter, spread.kind, spread.sd * effects[spread.effect] - below_mean)
    _apply_covariates(values, parameters, person, sampling)
    return values


def _apply_covariates(values: dict[str, np.ndarray], parameters: ParameterSet, person: Person, sampling: str) -> None:
    import numpy as np

    covariates = parameters.values_of("covariates")
    relative_weight = person.weight_kg / covariates["reference_weight_kg"]
    on_volume = relative_weight ** covariates["volume_weight_exponent"]
    on_clearance = relative_weight ** covariates["clearance_weight_exponent"]
    peripheral = parameters.value(f"{sampling}.peripheral_weight_exponent")

    def scale(name: str, factor: float) -> None:
        values[f"{sampling}.{name}"] = values[f"{sampling}.{name}"] * factor

    for name in ("central_volume_l", "norketamine_central_volume_l"):
        scale(name, on_volume)
    for name in ("fast_peripheral_volume_l", "slow_peripheral_volume_l", "norketamine_peripheral_volume_l"):
        scale(name, on_volume**peripheral)
    for name in (
        "fast_intercompartmental_clearance_l_per_h",
        "slow_intercompartmental_clearance_l_per_h",
        "norketamine_intercompartmental_clearance_l_per_h",
    ):
        scale(name, on_clearance**peripheral)

    years_over = max(0.0, person.age_years - covariates["older_age_years"])
    clearance = on_clearance * max(0.1, 1.0 - covariates["clearance_loss_per_year_over_older_age"] * years_over)
    if person.hepatic == "moderate":
        clearance *= covariates["hepatic_moderate_clearance_ratio"]
    norketamine_clearance, swallowed = on_clearance, 1.0
    for name in person.interactions:
        row: Mapping[str, Any] = load_interactions()[name]
        clearance *= row["clearance_ratio"]
        norketamine_clearance *= row["norketamine_clearance_ratio"]
        swallowed *= row["swallowed_ratio"]
    scale("clearance_s_ketamine_l_per_h", clearance)
    scale("clearance_s_norketamine_l_per_h", norketamine_clearance)
    if swallowed != 1.0:
        key = "absorption.swallowed_ketamine_fraction"
        limit = parameters.value("absorption.swallowed_ketamine_fraction_limit")
        values[key] = np.minimum(values[key] * swallowed, np.maximum(limit, values[key]))
