"""What all options of one comparison share, and how one option is run and turned into states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ketascope.comparing.reference import reference_states
from ketascope.errors import InputError
from ketascope.model import cascade, placebo, ssri
from ketascope.model.exposure import ketamine_doses
from ketascope.model.scenario import ModelChoice, choose_model
from ketascope.model.symptoms import Effects, Indication, StateCourse, effects_from_draws, load_indication
from ketascope.model.uncertainty import population_draws
from ketascope.people import Person, typical_normals
from ketascope.regimen import drugs, load_presets, parse
from ketascope.simulation import PatientRun, check_numbers, patient_normals, run_patients

if TYPE_CHECKING:
    import numpy as np

    from ketascope.regimen import Dose

DRAWS = 256  # of the uncertainty of population means; draw 0 is central
UNTIL_LIMITS_H = (1.0, 17520.0)
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
    low, high = UNTIL_LIMITS_H
    if not low <= chosen["until_h"] <= high:
        raise InputError(f"until {chosen['until_h']:g} h: must be {low:g} h to {high / 24.0:g} d")
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
        ssri_doses=parse(sentence).doses(person.weight_kg),
    )


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


def session_starts(doses: Sequence[Dose]) -> tuple[float, ...]:
    """Start of every session, ascending."""
    return tuple(sorted({dose.session: dose.time_h for dose in reversed(doses)}.values()))


def state_course(
    setting: Setting, run: PatientRun | None, columns: slice, doses: Sequence[Dose], times_h: np.ndarray
) -> StateCourse:
    """States that the score needs at `times_h` (grid points of the run), for a range of the run's columns."""
    import numpy as np

    parameters = setting.model.parameters
    zero = np.zeros((1, len(times_h)))

    def state(name: str) -> np.ndarray:
        return zero if run is None else run.at(name, times_h)[:, columns].T

    spans = ssri.courses_of(antidepressant_times(doses), parameters.value("placebo.home_dosing_interval_h"))
    procedures = placebo.procedure_visits(session_starts(ketamine_doses(doses)), setting.until_h, parameters)
    return StateCourse(
        times_h=times_h,
        fast=state("fast"),
        slow=state("plasticity"),
        unblinding=state("unblinding"),
        ssri=ssri.ssri_state(spans, setting.effects.ssri_half_life_d, times_h),
        visits=placebo.visit_lift(
            procedures,
            times_h,
            parameters.value("placebo.visit_half_life_h"),
            parameters.value("placebo.visit_rise_half_life_h"),
        ),
        approach=placebo.plateau_approach(times_h, parameters.value("placebo.half_life_d")),
    )


def rows_behind(setting: Setting, run: PatientRun | None) -> list[str]:
    """Full names of the parameter rows that an option's numbers rest on."""
    names = [name for name in setting.model.parameters if name.startswith(f"symptoms.{setting.indication.name}_")]
    names += [name for name in setting.model.parameters if name.startswith("placebo.")]
    if run is None:
        return names
    names += [*cascade.INDIVIDUAL_ROWS]
    names += [name for name in setting.model.parameters if name.startswith(f"{setting.sampling}.")]
    for depot in run.plan.depots:
        parts = (depot.rate, depot.ketamine, depot.norketamine, depot.total, depot.fraction)
        names += [f"absorption.{part}" for part in parts if f"absorption.{part}" in setting.model.parameters]
    return names
