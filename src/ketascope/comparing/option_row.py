"""One row of a comparison: everything about one option, and the curves that the charts draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ketascope.comparing.acute_summary import NAMES as ACUTE_NAMES
from ketascope.comparing.acute_summary import acute_course, acute_summary
from ketascope.comparing.exposure_summary import exposure_and_mechanism
from ketascope.comparing.failed_patients import leave_out_failed
from ketascope.comparing.flags import Flags, flag_assumed
from ketascope.comparing.limits import flag_person, flag_regimen
from ketascope.comparing.practical_facts import evidence_of, harms_of, practical_facts, practical_row, watched_first
from ketascope.comparing.quantity import PERCENTILES
from ketascope.comparing.setting import (
    Setting,
    antidepressant_times,
    patient_columns,
    rows_behind,
    run_option,
    state_course,
)
from ketascope.comparing.symptom_summary import (
    HORIZONS_H,
    empty_symptoms,
    option_means,
    rated_columns,
    reference_summary,
    symptom_summary,
)
from ketascope.model import placebo
from ketascope.model.exposure import ketamine_doses
from ketascope.model.symptoms import as_expectancy, patient_scores, population_means, untreated_means
from ketascope.people import RANDOM_EFFECTS
from ketascope.simulation import ERROR_TOLERANCE, PatientRun

if TYPE_CHECKING:
    import numpy as np

    from ketascope.regimen import Dose, Option, Regimen

CURVE_POINTS = 110
FULL_DETAIL_H = 24.0  # until then every grid point is drawn
PK_NAMES = (
    "ketamine_cmax_ng_per_ml",
    "ketamine_tmax_h",
    "ketamine_auc_ng_h_per_ml",
    "norketamine_cmax_ng_per_ml",
    "norketamine_auc_ng_h_per_ml",
    "bioavailability",
)


def option_row(setting: Setting, option: Option, regimen: Regimen | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """The option's part of the contract, and its curves."""
    flags = Flags()
    doses = () if regimen is None else watched_first(regimen.doses(setting.person.weight_kg))
    ketamine = ketamine_doses(doses)
    leading = (ketamine or doses)[:1]  # with an SSRI beside it, acute and practical facts are ketamine's
    drug, route = (leading[0].drug, leading[0].route) if leading else (None, None)
    row = _empty_row(setting, option, drug, route)
    curve: dict[str, Any] = {
        "error_estimate": None,
        "id": option.id,
        "label": option.label,
        "drug": drug,
        "route": route,
        "kind": option.kind,
    }
    allowed = True
    facts = None
    if regimen is not None and drug is not None and route is not None:
        allowed = flag_regimen(regimen, doses, setting.person, setting.indication, setting.sampling, flags)
        facts = practical_row(drug, route, flags)
        row |= _facts_in_row(facts, regimen, drug, route, setting.indication.name, flags)
    else:
        flag_person(setting.person, flags)
        flags.add("not_a_treatment")
    wanted = [time for time in HORIZONS_H.values() if time < setting.until_h]
    run = run_option(setting, doses, wanted) if ketamine else None
    if run is not None:
        setting, run = leave_out_failed(setting, run, option.label, flags)
    if run is None:
        flags.add("not_ketamine")
        times = _curve_times(setting, None)
    else:
        times = _curve_times(setting, run.grid_h)
        _flag_reading(setting, flags)
        row |= exposure_and_mechanism(
            run, ketamine, setting.sampling, setting.model.parameters, patient_columns(setting), setting.until_h
        )
        _acute(setting, run, ketamine, times, facts, row, curve, flags)
        curve["error_estimate"] = run.error_estimate
        if run.error_estimate > ERROR_TOLERANCE:
            flags.add("numerical_error", error=f"{run.error_estimate:.1e}", tolerance=f"{ERROR_TOLERANCE:.0e}")
    if option.kind == "untreated":
        _untreated(setting, times, row, curve, flags)
    elif allowed:
        _symptoms(setting, option, run, doses, times, row, curve, flags)
    if option.kind != "untreated":
        flag_assumed(setting.model.parameters, rows_behind(setting, run), flags)
    row["flags"] = flags.as_list()
    return row, curve


def _empty_row(setting: Setting, option: Option, drug: str | None, route: str | None) -> dict[str, Any]:
    """The option's part of the contract before anything is known of it."""
    return {
        "id": option.id,
        "label": option.label,
        "sentence": option.sentence,
        "drug": drug,
        "route": route,
        "pk": dict.fromkeys(PK_NAMES),
        "pk_typical": dict.fromkeys(PK_NAMES),
        "receptor": {"peak_block": None},
        "glutamate": {"peak_fold": None, "peak_h": None},
        "plasticity": {"peak": None, "peak_h": None},
        "symptoms": empty_symptoms(setting.indication),
        "symptoms_if_expectancy": empty_symptoms(setting.indication),
        "acute": dict.fromkeys(ACUTE_NAMES),
        "harms": [],
        "practical": {"setting": None, "observation_min": None, "approval": None, "cost_usd": None},
        "evidence": {"trials": None, "participants": None, "certainty": None, "reasons": []},
    }


def _facts_in_row(
    facts: Mapping[str, Any] | None, regimen: Regimen, drug: str, route: str, indication: str, flags: Flags
) -> dict[str, Any]:
    """What is known of the treatment without simulating it: practice, evidence, and the harms of all that is given."""
    given = dict.fromkeys((course.drug, course.route) for course in regimen.courses)
    return {
        "practical": practical_facts(facts, indication, flags),
        "evidence": evidence_of(drug, route, indication, flags),
        "harms": [harm for key in given for harm in harms_of(*key)],
    }


def _flag_reading(setting: Setting, flags: Flags) -> None:
    """That the fast part may be expectancy, and what trials left out say of dose and route."""
    from ketascope.evidence.symptom_trials.posterior import left_out_scores  # NumPy comes with it

    if "expectancy" not in setting.model.scenarios:
        flags.add("reading")
    scores = left_out_scores()
    if not scores["beats_rivals"]:
        rivals = " and ".join(f"{value:.2f}" for value in scores["rivals"].values())
        flags.add("dose_not_supported", trials=scores["trials_scored"], own=f"{scores['crps']:.2f}", rivals=rivals)


def _curve_times(setting: Setting, grid_h: np.ndarray | None) -> np.ndarray:
    """Times of the curves: grid points, thinned evenly, always with the horizons that are reported."""
    import numpy as np

    reported = np.array([time for time in HORIZONS_H.values() if time <= setting.until_h])
    if grid_h is None:
        grid_h = np.concatenate([[0.0], np.geomspace(0.25, setting.until_h, CURVE_POINTS - 1)])
        return np.unique(np.concatenate([grid_h, reported, [setting.until_h]]))
    first_day = np.flatnonzero(grid_h <= FULL_DETAIL_H)
    left = max(CURVE_POINTS - len(first_day), 2)
    later = np.linspace(len(first_day) - 1, len(grid_h) - 1, min(left, len(grid_h))).round().astype(int)
    at_reported = np.searchsorted(grid_h, reported - 1e-7)
    return grid_h[np.unique(np.concatenate([first_day, later, at_reported]))]


def _acute(
    setting: Setting,
    run: PatientRun,
    doses: Sequence[Dose],
    times: np.ndarray,
    facts: Mapping[str, Any] | None,
    row: dict[str, Any],
    curve: dict[str, Any],
    flags: Flags,
) -> None:
    import numpy as np

    parameters, columns = setting.model.parameters, patient_columns(setting)
    course = acute_course(run, doses, setting.sampling, parameters, flags)
    observation = (facts or {}).get("observation_min", {}).get("value")
    row["acute"] = acute_summary(
        run, course, doses, setting.sampling, parameters, columns, setting.until_h, observation, flags
    )
    rows = np.searchsorted(run.grid_h, times - 1e-7)
    curve["time_h"] = times.tolist()
    for name in () if course is None else ("dissociation", "systolic_rise_mmhg"):
        curve[name] = band(getattr(course, name)[rows, :columns])


def band(samples: np.ndarray) -> dict[str, list[float]]:
    """Median and central 95% over patients at each time. samples: (times, patients)."""
    import numpy as np

    low, median, high = np.percentile(samples, PERCENTILES, axis=1)
    return {"median": median.tolist(), "low": low.tolist(), "high": high.tolist()}


def _symptoms(
    setting: Setting,
    option: Option,
    run: PatientRun | None,
    doses: Sequence[Dose],
    times: np.ndarray,
    row: dict[str, Any],
    curve: dict[str, Any],
    flags: Flags,
) -> None:
    import numpy as np

    indication, parameters, effects = setting.indication, setting.model.parameters, setting.effects
    ssri_times = antidepressant_times(doses)
    count = len(setting.normals)
    of_draws = state_course(setting, run, slice(count, None), doses, times)
    of_ssri = state_course(setting, None, slice(None), setting.ssri_doses, times)
    means = option_means(indication, parameters, effects, of_draws, of_ssri, option.kind == "active")
    only_ssri = bool(ssri_times) and run is None
    if only_ssri:
        flags.add("ssri_exposure_not_modelled")
    if ssri_times or option.kind == "placebo" or doses:
        flags.add("populations_differ")
    if option.kind == "active":
        smd = parameters.value("trials.trial_sd" if run is not None else "trials.ssri_trial_sd")
        flags.add("trials_differ", smd=smd, points=smd * indication.endpoint_sd, scale=indication.scale_label)
        row["symptoms"] = symptom_summary(indication, means, setting.until_h, only_ssri, flags)
        row["symptoms_if_expectancy"] = row["symptoms"]
        if run is not None:
            # Placebo and the SSRI are the same in both readings.
            other = population_means(indication, parameters, as_expectancy(effects), of_draws, True, means.rated)
            second = replace(means, option=other)
            own = Flags()
            row["symptoms_if_expectancy"] = symptom_summary(indication, second, setting.until_h, only_ssri, own)
            flags.merge(own, "if the fast part is expectancy: ")
    else:
        row["symptoms"] = reference_summary(indication, times, means.option, setting.until_h, flags)
        row["symptoms_if_expectancy"] = row["symptoms"]
        flags.add("placebo_pill")

    effects_of = dict(zip(RANDOM_EFFECTS, setting.normals.T, strict=True))
    of_patients = state_course(setting, run, slice(0, count), doses, times)
    scores = patient_scores(indication, parameters, effects, of_patients, effects_of)
    changes = scores - scores[:, :1]
    _change_curve(setting, times, means.option.change, changes, curve)
    if option.kind == "active":
        # The line that the difference from placebo is taken to: the same visits and control, without the drug.
        own_placebo = np.median(means.placebo.change, axis=0)
        curve["change"]["placebo_mean"] = _listed(setting, times, own_placebo)


def _listed(setting: Setting, times: np.ndarray, values: np.ndarray) -> list[float | None]:
    """Values for a curve; None where the scale cannot be asked yet."""
    shown = (times >= setting.indication.recall_window_h - 1e-9) | (times == 0.0)
    return [float(value) if keep else None for value, keep in zip(values, shown, strict=True)]


def _change_curve(
    setting: Setting, times: np.ndarray, mean: np.ndarray, patients: np.ndarray | None, curve: dict[str, Any]
) -> None:
    import numpy as np

    def listed(values: np.ndarray) -> list[float | None]:
        return _listed(setting, times, values)

    low, median, high = np.percentile(mean, PERCENTILES, axis=0)
    curve["time_h"] = [float(time) for time in times]
    curve["change"] = {"mean": listed(median), "mean_low": listed(low), "mean_high": listed(high)}
    if patients is not None:
        below, _, above = np.percentile(patients, PERCENTILES, axis=0)
        curve["change"] |= {"patients_low": listed(below), "patients_high": listed(above)}


def _untreated(setting: Setting, times: np.ndarray, row: dict[str, Any], curve: dict[str, Any], flags: Flags) -> None:
    import numpy as np

    indication, parameters = setting.indication, setting.model.parameters
    if indication.untreated_smd is None:
        flags.add("no_untreated_evidence", indication=indication.label)
        return
    flags.add("untreated_waiting_list")
    half_life = np.array([parameters.value("placebo.untreated_half_life_d")])
    approach = placebo.plateau_approach(times, half_life)[0]
    shift = setting.draws["placebo.untreated_smd_shift"]
    change = untreated_means(indication, parameters, approach, shift, rated_columns(times))
    row["symptoms"] = reference_summary(indication, times, change, setting.until_h, flags)
    row["symptoms_if_expectancy"] = row["symptoms"]
    _change_curve(setting, times, change.change, None, curve)
