"""What all options of one comparison share, and how one option is run and turned into states."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ketascope.comparing.reference import reference_states
from ketascope.errors import InputError
from ketascope.model import cascade, placebo, ssri
from ketascope.model.disposition import disposition_rows
from ketascope.model.exposure import absorption_rows
from ketascope.model.occasions import given_on_site, occasion_starts
from ketascope.model.plasma import plasma
from ketascope.model.scenario import ModelChoice, choose_model
from ketascope.model.symptoms import (
    CONTRAST_ROWS,
    PARTS,
    Effects,
    Indication,
    StateCourse,
    effects_from_draws,
    load_indication,
)
from ketascope.model.uncertainty import population_draws
from ketascope.people import Person, typical_normals
from ketascope.regimen import drugs, load_presets, parse
from ketascope.regimen.catalogue import input_limit
from ketascope.simulation import PatientRun, check_numbers, patient_normals, run_patients

if TYPE_CHECKING:
    import numpy as np

    from ketascope.model.parameter_store import ParameterSet
    from ketascope.regimen import Dose

DRAWS = 256  # of the uncertainty of population means; draw 0 is central
SHORTEST_HORIZON_H = 24.0  # a first session must fit in
DEFAULTS: Mapping[str, Any] = {
    "indication": "gad",
    "weight_kg": 70.0,
    "age_years": 40.0,
    "until_h": 1344.0,
    "patients": 1000,
    "seed": 0,
    "sampling": "venous",
}


@dataclass(frozen=True)
class Setting:
    """What all options of one comparison share. draws: (draws,) by row; normals: (patients, effects)."""

    indication: Indication
    person: Person
    model: ModelChoice
    sampling: str
    patients: int
    seed: int
    until_h: float
    effects: Effects
    draws: Mapping[str, np.ndarray]
    normals: np.ndarray
    ssri_doses: tuple[Dose, ...]
    defaulted: tuple[str, ...]


def make_setting(
    given: Mapping[str, Any],
    sex: str | None,
    hepatic: str,
    interactions: Sequence[str],
    scenarios: Sequence[str],
) -> Setting:
    """Check all inputs and fill in defaults. given: the keys of `DEFAULTS`, None where a default is wanted.

    Raises InputError for anything out of range or unknown, before any work starts.
    """
    unknown = set(given) - set(DEFAULTS)
    assert not unknown, unknown
    chosen = {name: default if given.get(name) is None else given[name] for name, default in DEFAULTS.items()}
    person = Person(chosen["weight_kg"], chosen["age_years"], sex, hepatic, tuple(interactions))
    check_numbers(chosen["patients"], chosen["seed"], chosen["sampling"])
    high = input_limit("horizon_h")
    if not SHORTEST_HORIZON_H <= chosen["until_h"] <= high:
        raise InputError(f"until {chosen['until_h']:g} h: must be {SHORTEST_HORIZON_H:g} h to {high / 24.0:g} d")
    indication = load_indication(chosen["indication"])
    model = choose_model(scenarios)
    draws = population_draws(model.parameters, DRAWS, chosen["seed"])
    reference = reference_states(model, chosen["sampling"], draws)
    sentence = next(option.sentence for option in load_presets(indication.name) if option.id == "ssri")
    assert sentence is not None  # presets.toml has one for every indication (tested)
    return Setting(
        indication=indication,
        person=person,
        model=model,
        sampling=chosen["sampling"],
        patients=chosen["patients"],
        seed=chosen["seed"],
        until_h=chosen["until_h"],
        defaulted=tuple(name for name in DEFAULTS if given.get(name) is None),
        effects=effects_from_draws(indication, draws, reference, model.parameters, model.control),
        draws=draws,
        normals=patient_normals(chosen["patients"], chosen["seed"]),
        ssri_doses=ssri_throughout(parse(sentence).doses(person.weight_kg), chosen["until_h"]),
    )


def person_row(person: Person) -> dict[str, Any]:
    """The person as plain data for a document."""
    return {
        "weight_kg": person.weight_kg,
        "age_years": person.age_years,
        "sex": person.sex,
        "hepatic": person.hepatic,
        "interactions": list(person.interactions),
    }


def ssri_throughout(doses: Sequence[Dose], until_h: float) -> tuple[Dose, ...]:
    """The reference SSRI taken until the horizon, so that catching up is not judged against one that was stopped."""
    interval = doses[1].time_h - doses[0].time_h
    added = math.ceil(max(until_h - doses[-1].time_h, 0.0) / interval)
    return (*doses, *(replace(doses[-1], time_h=doses[-1].time_h + (i + 1) * interval) for i in range(added)))


def patient_columns(setting: Setting) -> int:
    """Columns of a run that are patients (the typical one where none were asked for)."""
    return max(setting.patients, 1)


def run_option(setting: Setting, doses: Sequence[Dose], wanted_h: Sequence[float]) -> PatientRun:
    """One run for the patients and, after them, the typical patient under every draw of the uncertainty."""
    import numpy as np

    draw_count = len(setting.effects.fast)
    normals = np.concatenate([setting.normals, typical_normals(draw_count)])
    central = np.zeros(len(setting.normals))
    draws = {name: np.concatenate([central, values]) for name, values in setting.draws.items()}
    return run_patients(
        doses,
        setting.person,
        setting.sampling,
        setting.model.parameters,
        normals,
        setting.until_h,
        wanted_h,
        draws,
        keep_individual=len(setting.normals),
    )


def antidepressant_times(doses: Sequence[Dose]) -> tuple[float, ...]:
    """Times of the doses of an SSRI or SNRI, ascending."""
    return tuple(sorted(dose.time_h for dose in doses if drugs()[dose.drug].drug_class in ("ssri", "snri")))


def state_course(
    setting: Setting, run: PatientRun | None, columns: slice, doses: Sequence[Dose], times_h: np.ndarray
) -> StateCourse:
    """States that the score needs at `times_h` (grid points of the run), for a range of the run's columns."""
    import numpy as np

    zero = np.zeros((1, len(times_h)))

    def state(name: str) -> np.ndarray:
        return zero if run is None else run.at(name, times_h)[:, columns].T

    parameters = setting.model.parameters
    return StateCourse(
        times_h=times_h,
        fast=state("fast"),
        slow=state("plasticity"),
        unblinding=state("unblinding"),
        ssri=ssri.ssri_state(ssri_courses(doses, parameters), setting.effects.ssri_half_life_d, times_h),
        visits=visit_lifts(given_on_site(doses), parameters, setting.until_h, times_h),
    )


def ssri_courses(doses: Sequence[Dose], parameters: ParameterSet) -> list[tuple[float, float]]:
    """Spans (start_h, end_h) over which an SSRI or SNRI is taken."""
    return ssri.courses_of(antidepressant_times(doses), parameters.value("placebo.home_dosing_interval_h"))


def visit_lifts(attended: Sequence[Dose], parameters: ParameterSet, until_h: float, times_h: np.ndarray) -> np.ndarray:
    """Lift of all earlier procedures in units of one visit's log fall, (times,). attended: doses given at a visit."""
    procedures = [time for time in occasion_starts(attended, parameters) if time < until_h]
    return placebo.visit_lift(
        procedures,
        times_h,
        parameters.value("placebo.visit_half_life_h"),
        parameters.value("placebo.visit_rise_half_life_h"),
    )


def rows_behind(setting: Setting, run: PatientRun | None) -> list[str]:
    """Full names of the parameter rows that an option's numbers rest on."""
    name = setting.indication.name
    files = [f"symptoms.{name}_", "placebo."]
    names = ["symptoms.drug_response_sd", CONTRAST_ROWS[setting.model.control]]
    names += ["trials.visit_log_fall", "trials.placebo_half_life_d"]
    own = [row for row in setting.model.parameters if row.startswith("trials.") and row.endswith(f"_{name}")]
    names += [row for row in own if run is not None or not row.startswith("trials.multiplier_")]
    if run is not None:
        files.append("acute.")
        names += disposition_rows(setting.model.parameters, plasma(setting.sampling))
        names += [*cascade.INDIVIDUAL_ROWS, "symptoms.opioid_gate", "symptoms.expectancy_share_of_fast"]
        names += [f"trials.{part}_log_fall" for part in PARTS]
    if setting.person.hepatic == "moderate":
        names.append("covariates.hepatic_moderate_clearance_ratio")
    names += [name for name in setting.model.parameters if name.startswith(tuple(files))]
    if run is None:
        return names
    return names + absorption_rows(run.plan.depots, setting.model.parameters, plasma(setting.sampling))
