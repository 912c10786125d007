"""Predicted courses beside observed ones, study by study: what a visual predictive check shows.

The band is for the middle of a new group of people at the printed weight: parameters from the posterior, study
effects drawn anew, and the residual and reading error of a figure. People within a group are not in it, since the
observed figures are means and medians.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ketascope.evidence.pharmacokinetics.likelihood import DEGREES_OF_FREEDOM, STUDY_EFFECTS
from ketascope.evidence.pharmacokinetics.observations import Observation, observations, part_of
from ketascope.evidence.pharmacokinetics.posterior import load_spread_draws
from ketascope.evidence.pharmacokinetics.priors import PARAMETER_FILE
from ketascope.evidence.pk_observed import ANALYTES

if TYPE_CHECKING:
    from ketascope.model.parameter_store import ParameterSet

TIMES = 60
FEWEST_POINTS = 3
"""A course with fewer observed points is a figure, not a course."""
LIMITS = (0.05, 0.5, 0.95)


@dataclass(frozen=True)
class Profile:
    """One analyte after one regimen in one study; concentrations in ng/mL, band (times,) each."""

    study: str
    part: str
    sentence: str
    analyte: str
    site: str
    time_h: np.ndarray
    low: np.ndarray
    median: np.ndarray
    high: np.ndarray
    observed: tuple[tuple[float, float], ...]


def profiles(parameters: ParameterSet | None = None, seed: int = 0) -> list[Profile]:
    """Every observed course with at least three points, with its predictive band."""
    from ketascope.model.parameter_store import load_parameters

    rows = parameters if parameters is not None else load_parameters()
    courses: dict[tuple[str, str, str], list[Observation]] = {}
    for item in observations():
        if item.row.statistic_kind == "concentration":
            courses.setdefault((item.row.study, item.row.sentence, item.row.analyte_key), []).append(item)
    return [_profile(items, rows, seed) for items in courses.values() if len(items) >= FEWEST_POINTS]


def _profile(items: Sequence[Observation], parameters: ParameterSet, seed: int) -> Profile:
    first = items[0].row
    assert first.weight_kg is not None
    seen = [(item.row.sample_time_h, item.row.value_norm) for item in items]
    observed = tuple(
        sorted((float(time), float(value)) for time, value in seen if time is not None and value is not None)
    )
    time_h = np.unique(
        np.concatenate([np.linspace(0.0, observed[-1][0] * 1.02, TIMES), [time for time, _ in observed]])
    )
    site = "arterial" if first.sampling_used == "arterial" else "venous"
    curves = posterior_concentrations(first.sentence, first.weight_kg, site, time_h, parameters, seed)
    level = sum(curves[name] for name in ANALYTES[first.analyte_key])
    spread = load_spread_draws()
    rng = np.random.default_rng(seed)
    residual = spread[f"residual_{first.analyte_group}"]
    sd = np.sqrt(residual**2 + items[0].error_sd ** 2)
    noise = np.exp(sd * rng.standard_t(DEGREES_OF_FREEDOM, (len(time_h), len(sd))))
    low, median, high = np.quantile(np.asarray(level) * noise, LIMITS, axis=1)
    part = part_of(first)
    assert part is not None
    return Profile(first.study, part, first.sentence, first.analyte_key, site, time_h, low, median, high, observed)


def posterior_concentrations(
    sentence: str, weight_kg: float, site: str, time_h: np.ndarray, parameters: ParameterSet, seed: int
) -> Mapping[str, np.ndarray]:
    """Courses of the typical person of new groups, (times, draws) in ng/mL by enantiomer and series."""
    from ketascope.model.exposure import NG_PER_ML_PER_MG_PER_L, concentrations, prepare
    from ketascope.model.pharmacokinetics import SERIES
    from ketascope.model.plasma import plasma
    from ketascope.model.uncertainty import load_joint_draws
    from ketascope.people import Person, individual_values, spread_values, typical_normals
    from ketascope.regimen import parse

    names, table = load_joint_draws(PARAMETER_FILE)
    drawn: dict[str, Any] = {f"{PARAMETER_FILE}.{name}": table[:, index] for index, name in enumerate(names)}
    spread = load_spread_draws()
    rng = np.random.default_rng(seed)
    for effect, (_, moves, scale) in STUDY_EFFECTS.items():
        shift = spread[f"sd_{effect}"] * rng.standard_normal(len(table))
        for name in moves:
            full = f"{PARAMETER_FILE}.{name}"
            drawn[full] = spread_values(drawn[full], f"{scale}-normal", shift)
    place = plasma(site)
    values = individual_values(parameters, Person(weight_kg=weight_kg), typical_normals(len(table)), place, drawn)
    doses = parse(sentence).doses(weight_kg)
    both = concentrations(*prepare(doses, values, parameters, place, None), time_h) * NG_PER_ML_PER_MG_PER_L
    return {f"{e}_{series}": both[i, k] for i, e in enumerate("sr") for k, series in enumerate(SERIES)}
