"""The probability model that joins the observed rows, and where each of its numbers comes from.

    log y_ij = log f_ij(theta * exp(study effects of i)) + e_ij
    e_ij ~ Student-t(4) with SD^2 = (residual^2 + error of the figure^2) / weight

Study effects are normal on the log scale (bioavailability: logit), shared by all rows of one group of volunteers:
clearance, volumes and early distribution, first pass and absorption through mucosa, and each metabolite. They stand for
assays, weights, populations and everything else that differs between studies and is not modelled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ketascope.evidence.pharmacokinetics.design import Design
from ketascope.evidence.pharmacokinetics.observations import Observation
from ketascope.evidence.pharmacokinetics.prediction import predictor
from ketascope.evidence.pharmacokinetics.priors import PARAMETER_FILE, Prior
from ketascope.evidence.pharmacokinetics.structures import FULL, Structure
from ketascope.people import spread_values

if TYPE_CHECKING:
    from ketascope.model.parameter_store import ParameterSet

Array = Any
DEGREES_OF_FREEDOM = 4.0

# Scale of the half-normal prior of each study effect's SD, the parameters that it moves, and on which scale.
STUDY_EFFECTS: Mapping[str, tuple[float, tuple[str, ...], str]] = {
    "clearance": (0.15, ("clearance_s_ketamine_l_per_h",), "log"),
    "distribution": (
        0.20,
        ("central_volume_l", "fast_peripheral_volume_l", "slow_peripheral_volume_l"),
        "log",
    ),
    "bioavailability": (
        0.60,
        ("gut_survival_fraction", "transmucosal_fraction", "nasal_esketamine_fraction", "nasal_ketamine_fraction")
        + ("rectal_fraction",),
        "logit",
    ),
    "norketamine": (0.20, ("clearance_s_norketamine_l_per_h", "norketamine_central_volume_l"), "log"),
    # Assays of hydroxynorketamine differ in the isomers that they see; reports of one trial differ fivefold.
    "hydroxynorketamine": (0.50, ("clearance_s_hydroxynorketamine_l_per_h", "hydroxynorketamine_volume_l"), "log"),
}
RESIDUALS: Mapping[str, float] = {"ketamine": 0.15, "norketamine": 0.15, "hydroxynorketamine": 0.25, "other": 0.25}
"""Scale of the half-normal prior of the residual SD, by analyte; `other` are times of peaks."""


@dataclass(frozen=True)
class Data:
    """Rows of a fit as arrays, with the function that predicts them."""

    observations: Sequence[Observation]
    log_values: np.ndarray
    error_sd: np.ndarray
    weight: np.ndarray
    residual: np.ndarray
    studies: tuple[str, ...]
    column_study: np.ndarray
    predict: Callable[[Mapping[str, Array]], Array]


def make_data(observations: Sequence[Observation], parameters: ParameterSet, structure: Structure = FULL) -> Data:
    """Arrays and predictor for these observations. parameters: the central values of everything that is fixed."""
    design = Design(parameters)
    for item in observations:
        design.add(item.row, item.study)
    studies = tuple(dict.fromkeys(column.study for column in design.columns))
    groups = tuple(RESIDUALS)
    residual = [
        groups.index("other" if item.row.statistic_kind == "tmax" else item.row.analyte_group) for item in observations
    ]
    return Data(
        observations=observations,
        log_values=np.log([item.value for item in observations]),
        error_sd=np.asarray([item.error_sd for item in observations]),
        weight=np.asarray([item.weight for item in observations]),
        residual=np.asarray(residual),
        studies=studies,
        column_study=np.asarray([studies.index(column.study) for column in design.columns]),
        predict=predictor(design, {name: row.value for name, row in parameters.items()}, structure),
    )


def predictions(data: Data, values: Mapping[str, Array], effects: Mapping[str, Array]) -> Array:
    """Predictions of all rows in their own units. values: by short name; effects: (studies,) by study effect."""
    import jax.numpy as jnp

    columns: dict[str, Array] = {f"{PARAMETER_FILE}.{name}": value for name, value in values.items()}
    for effect, (_, names, scale) in STUDY_EFFECTS.items():
        for name in names:
            shift = effects[effect][data.column_study]
            columns[f"{PARAMETER_FILE}.{name}"] = spread_values(values[name], f"{scale}-normal", shift, jnp)
    return data.predict(columns)


def model(data: Data, priors: Mapping[str, Prior], fixed: Mapping[str, float]) -> None:
    """The NumPyro model: parameters by `z_NAME` (standard normals), study effects, residuals, rows."""
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as dist

    values: dict[str, Array] = dict(fixed)
    for name, prior in priors.items():
        normal = numpyro.sample(f"z_{name}", dist.Normal(0.0, 1.0))
        values[name] = prior.at(jnp, normal)
    effects = {}
    for effect, (scale, _, _) in STUDY_EFFECTS.items():
        sd = numpyro.sample(f"sd_{effect}", dist.HalfNormal(scale))
        effects[effect] = sd * numpyro.sample(f"study_{effect}", dist.Normal(0.0, 1.0).expand([len(data.studies)]))
    residual = jnp.stack([numpyro.sample(f"residual_{name}", dist.HalfNormal(at)) for name, at in RESIDUALS.items()])
    log_predicted = jnp.log(jnp.maximum(predictions(data, values, effects), 1e-12))
    sd = jnp.sqrt((residual[data.residual] ** 2 + data.error_sd**2) / data.weight)
    numpyro.sample("rows", dist.StudentT(DEGREES_OF_FREEDOM, log_predicted, sd), obs=data.log_values)
