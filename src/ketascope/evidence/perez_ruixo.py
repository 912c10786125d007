"""The nasal esketamine model of Perez-Ruixo 2021 with its own parameters, to verify structure and arithmetic.

Perez-Ruixo et al. 2021, doi:10.1007/s40262-020-00953-4: a nasal depot feeds the central compartment; the
swallowed rest enters a gut depot at a constant rate, and from there a hepato-portal compartment that
exchanges with the central one and loses drug to noresketamine and to other metabolites. The paper's Table 4
is output of this model, so agreement with it says that the model was read correctly. It says nothing about
patients, and stays out of every fold error.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ketascope.errors import InputError
from ketascope.evidence.pk_observed import ObservedRow, load
from ketascope.files import packaged_toml
from ketascope.model.parameter_store import Parameter, parameter_from_row

STUDY = "Perez-Ruixo 2021"
HORIZON_H = 24.0
"""Table 4 prints exposures to 24 h."""
LONGEST_STEP_H = 0.02
"""Peaks are read off steps of this length; amounts and areas do not depend on it."""

_NAMES = ("nasal", "swallowed", "central", "shallow", "deep", "hepatoportal", "nor_central", "nor_deep")
# The integrals of both concentrations ride along as states and the swallowed input as a constant one, so that
# one matrix exponential gives amounts and areas without any quadrature.
_STATES = (*_NAMES, "area", "nor_area", "one")
_AT = {name: index for index, name in enumerate(_STATES)}


@dataclass(frozen=True)
class Stratum:
    """A column of the paper's Table 4: the covariates that the model knows."""

    name: str
    age_years: float
    asian: bool = False
    japanese: bool = False


@dataclass(frozen=True)
class Exposure:
    """Typical exposure after one nasal session, to 24 h."""

    cmax_ng_per_ml: float
    auc_ng_h_per_ml: float
    nor_cmax_ng_per_ml: float
    nor_auc_ng_h_per_ml: float


@lru_cache(maxsize=1)
def parameters() -> dict[str, Parameter]:
    """The published parameters by name, each with unit, source and grade."""
    table = packaged_toml("evidence/data/perez_ruixo_2021.toml")
    return {name: parameter_from_row(f"perez_ruixo_2021.{name}", raw) for name, raw in table.items()}


def stratum_from_population(population: str) -> Stratum:
    """Translate the population text of a Table 4 row. Raises InputError for one without a covariate."""
    ages = {"18-60 y": "typical_age_up_to_60_years", "over 60 y": "typical_age_over_60_years"}
    origins = {"Caucasian": (False, False), "Asian non-Japanese": (True, False), "Japanese": (True, True)}
    for age_text, parameter in ages.items():
        for origin, (asian, japanese) in origins.items():
            if population == f"{age_text} {origin}":
                return Stratum(population, parameters()[parameter].value, asian, japanese)
    raise InputError(f"population '{population}' is no stratum of {STUDY}; one is '18-60 y Caucasian'")


def _system(stratum: Stratum) -> Any:
    """Rate matrix of the amounts (mg) for one stratum; columns feed rows."""
    import numpy as np

    p = {name: row.value for name, row in parameters().items()}
    flow = p["hepatoportal_flow_l_per_h"] - p["hepatoportal_flow_loss_l_per_h_per_year"] * max(
        0.0, stratum.age_years - p["hepatoportal_flow_age_limit_years"]
    )
    other_loss = p["other_loss_rate_per_h"] * (p["asian_factor_other_loss"] if stratum.asian else 1.0)
    nor_clearance = p["noresketamine_clearance_l_per_h"] * (
        p["asian_factor_noresketamine_clearance"] if stratum.asian else 1.0
    )
    central_l, hepatoportal_l = p["central_volume_l"], p["hepatoportal_volume_l"]
    nor_l, formation = p["noresketamine_central_volume_l"], p["noresketamine_formation_rate_per_h"]
    matrix = np.zeros((len(_STATES), len(_STATES)))

    def flux(source: str, target: str | None, rate_per_h: float, arriving: float = 1.0) -> None:
        matrix[_AT[source], _AT[source]] -= rate_per_h
        if target is not None:
            matrix[_AT[target], _AT[source]] += rate_per_h * arriving

    def exchange(first: str, first_l: float, second: str, second_l: float, flow_l_per_h: float) -> None:
        flux(first, second, flow_l_per_h / first_l)
        flux(second, first, flow_l_per_h / second_l)

    flux("nasal", "central", p["nasal_absorption_rate_per_h"])
    flux("swallowed", "hepatoportal", p["swallowed_absorption_rate_per_h"], arriving=p["gut_fraction"])
    exchange("central", central_l, "hepatoportal", hepatoportal_l, flow)
    shallow_l, deep_l = p["first_peripheral_volume_l"], p["second_peripheral_volume_l"]
    exchange("central", central_l, "shallow", shallow_l, p["first_intercompartmental_clearance_l_per_h"])
    exchange("central", central_l, "deep", deep_l, p["second_intercompartmental_clearance_l_per_h"])
    flux("hepatoportal", None, other_loss)
    flux("hepatoportal", "nor_central", formation)
    flux("nor_central", None, nor_clearance / nor_l)
    nor_deep_l = p["noresketamine_peripheral_volume_l"]
    nor_flow_l_per_h = p["noresketamine_intercompartmental_clearance_l_per_h"]
    exchange("nor_central", nor_l, "nor_deep", nor_deep_l, nor_flow_l_per_h)
    matrix[_AT["area"], _AT["central"]] = 1.0 / central_l
    matrix[_AT["nor_area"], _AT["nor_central"]] = 1.0 / nor_l
    return matrix


def exposure(dose_mg: float, stratum: Stratum) -> Exposure:
    """Typical exposure after a nasal session of whole devices. Raises InputError for a part of a device."""
    import numpy as np
    from scipy.linalg import expm

    p = {name: row.value for name, row in parameters().items()}
    devices = round(dose_mg / p["device_mg"])
    if devices < 1 or abs(devices * p["device_mg"] - dose_mg) > 1e-9:
        raise InputError(f"dose {dose_mg:g} mg is not a whole number of {p['device_mg']:g} mg nasal devices")
    starts_h = [device * p["device_interval_h"] for device in range(devices)]
    ends_h = [start + p["swallowed_input_h"] for start in starts_h]
    factor = p["japanese_factor_nasal_fraction"] if stratum.japanese else 1.0
    fractions = [
        p["nasal_fraction_first_device"] * factor * (p["nasal_factor_later_devices"] if device else 1.0)
        for device in range(devices)
    ]
    system = _system(stratum)
    state = np.zeros(len(_STATES))
    state[_AT["one"]] = 1.0
    peak = nor_peak = 0.0
    edges_h = sorted({*starts_h, *ends_h, HORIZON_H})
    for start_h, end_h in zip(edges_h, edges_h[1:], strict=False):
        rate_mg_per_h = 0.0
        for device, fraction in enumerate(fractions):
            if start_h == starts_h[device]:
                state[_AT["nasal"]] += fraction * p["device_mg"]
            if starts_h[device] <= start_h < ends_h[device]:
                rate_mg_per_h += (1.0 - fraction) * p["device_mg"] / p["swallowed_input_h"]
        driven = system.copy()
        driven[_AT["swallowed"], _AT["one"]] = rate_mg_per_h
        steps = int(np.ceil((end_h - start_h) / LONGEST_STEP_H))
        step = expm(driven * ((end_h - start_h) / steps))
        for _ in range(steps):
            state = step @ state
            peak = max(peak, float(state[_AT["central"]]))
            nor_peak = max(nor_peak, float(state[_AT["nor_central"]]))
    nanograms_per_ml = 1000.0  # mg/L to ng/mL
    return Exposure(
        cmax_ng_per_ml=nanograms_per_ml * peak / p["central_volume_l"],
        auc_ng_h_per_ml=nanograms_per_ml * float(state[_AT["area"]]),
        nor_cmax_ng_per_ml=nanograms_per_ml * nor_peak / p["noresketamine_central_volume_l"],
        nor_auc_ng_h_per_ml=nanograms_per_ml * float(state[_AT["nor_area"]]),
    )


def _reproduced(row: ObservedRow) -> float:
    """The figure of one Table 4 row as this model gives it."""
    session = _cached_exposure(float(row.dose), stratum_from_population(row.population))
    parent = row.analyte_key == "s_ketamine"
    if row.statistic_kind == "cmax":
        return session.cmax_ng_per_ml if parent else session.nor_cmax_ng_per_ml
    return session.auc_ng_h_per_ml if parent else session.nor_auc_ng_h_per_ml


@lru_cache(maxsize=64)
def _cached_exposure(dose_mg: float, stratum: Stratum) -> Exposure:
    return exposure(dose_mg, stratum)


def verification() -> list[dict[str, Any]]:
    """Each published exposure of Table 4 beside the one reproduced here, in the order of the table.

    `expected` is False for the noresketamine AUC: the published figures do not follow from the published
    parameters.
    `agrees` says whether the two are within the row `verification_tolerance` of the parameter file.
    """
    tolerance = parameters()["verification_tolerance"].value
    rows = []
    for row in load():
        if row.study != STUDY or row.value_norm is None:
            continue
        reproduced = _reproduced(row)
        nor_area = row.statistic_kind == "auc" and row.analyte_key == "s_norketamine"
        rows.append(
            {
                "row_id": row.row_id,
                "stratum": row.population,
                "dose_mg": float(row.dose),
                "quantity": f"{row.analyte} {row.statistic.removeprefix('model-based ')}",
                "unit": row.unit_norm,
                "published": row.value_norm,
                "reproduced": reproduced,
                "ratio": reproduced / row.value_norm,
                "expected": not nor_area,
                "agrees": abs(reproduced / row.value_norm - 1.0) <= tolerance,
                "source": row.source,
            }
        )
    return rows
