"""One regimen in full: event table, courses of every state, non-compartmental analysis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ketascope._version import __version__
from ketascope.comparing.acute_summary import acute_course
from ketascope.comparing.failed_patients import leave_out_failed
from ketascope.comparing.flags import Flags, flag_assumed
from ketascope.comparing.limits import flag_regimen
from ketascope.comparing.option_row import band
from ketascope.comparing.practical_facts import evidence_of, watched_first
from ketascope.comparing.setting import (
    DEFAULTS,
    Setting,
    make_setting,
    patient_columns,
    person_row,
    rows_behind,
    run_option,
    state_course,
)
from ketascope.errors import InputError
from ketascope.model import cascade
from ketascope.model.disposition import steps_of
from ketascope.model.exposure import NG_PER_ML_PER_MG_PER_L, concentrations, ketamine_doses, prepare
from ketascope.model.occasions import first_occasion_end_h
from ketascope.model.pharmacokinetics import SERIES
from ketascope.model.plasma import plasma
from ketascope.model.symptoms import patient_scores
from ketascope.noncompartmental.options import FLAG_MEANINGS
from ketascope.noncompartmental.profile import analyse
from ketascope.noncompartmental.summaries import geometric_summary
from ketascope.people import RANDOM_EFFECTS
from ketascope.regimen import Regimen, parse
from ketascope.regimen.spans import span_text
from ketascope.simulation import ERROR_TOLERANCE, PatientRun

if TYPE_CHECKING:
    import numpy as np
    import xarray

    from ketascope.regimen import Dose

SHOWN_POINTS = 200
# Always among the output times where none are asked for: the times that trials and readers name.
STANDARD_TIMES_H = (0.25, 40.0 / 60.0, 1.0, 2.0, 4.0, 8.0, 24.0, 72.0, 168.0, 336.0, 672.0, 1344.0)
CHANNEL_UNITS = {"_mg_per_l": "mg/L", "_fold": "fold of baseline"}
CONCENTRATIONS: Mapping[str, tuple[str, ...]] = {
    "ketamine_ng_per_ml": ("s_ketamine_mg_per_l", "r_ketamine_mg_per_l"),
    "s_ketamine_ng_per_ml": ("s_ketamine_mg_per_l",),
    "r_ketamine_ng_per_ml": ("r_ketamine_mg_per_l",),
    "norketamine_ng_per_ml": ("s_norketamine_mg_per_l", "r_norketamine_mg_per_l"),
    "s_norketamine_ng_per_ml": ("s_norketamine_mg_per_l",),
    "r_norketamine_ng_per_ml": ("r_norketamine_mg_per_l",),
    "effect_site_ng_per_ml": ("effect_site_mg_per_l",),
}
STATES = ("block", "glutamate_fold", "plasticity")
ANALYSED = {"ketamine": "ketamine_ng_per_ml", "norketamine": "norketamine_ng_per_ml"}
NCA_NUMBERS = ("cmax_ng_per_ml", "tmax_h", "auc_last_ng_h_per_ml", "auc_inf_ng_h_per_ml", "half_life_h")


@dataclass(frozen=True)
class Simulation:
    """The result: `document()` is the contract of `ketascope simulate --json`; `rows`: parameter rows it rests on."""

    contract: dict[str, Any]
    run: PatientRun | None = field(repr=False)
    patients: int
    rows: tuple[str, ...] = field(repr=False)

    def document(self) -> dict[str, Any]:
        """The simulation as plain data."""
        return self.contract

    def trajectories(self) -> xarray.Dataset:
        """Every patient's course of every state: dimensions patient and time (h from the first dose), units in `attrs`.

        Raises InputError where no ketamine is given, since there is nothing to follow.
        """
        import xarray

        if self.run is None:
            raise InputError(f"'{self.contract['sentence']}' gives no ketamine, so there are no trajectories")
        variables = {}
        for name in cascade.CHANNELS:
            unit = next((unit for ending, unit in CHANNEL_UNITS.items() if name.endswith(ending)), "1")
            values = self.run.channel(name)[:, : self.patients].T
            variables[name] = (("patient", "time"), values, {"units": unit})
        times = ("time", self.run.grid_h, {"units": "h"})
        attributes = {key: self.contract[key] for key in ("sentence", "sampling", "seed", "version")}
        return xarray.Dataset(variables, coords={"time": times, "patient": range(self.patients)}, attrs=attributes)


def simulate(
    regimen: str | Regimen,
    *,
    indication: str | None = None,
    weight_kg: float | None = None,
    age_years: float | None = None,
    sex: str | None = None,
    hepatic: str = "normal",
    interactions: Sequence[str] = (),
    until_h: float | None = None,
    patients: int | None = None,
    seed: int | None = None,
    sampling: str | None = None,
    scenarios: Sequence[str] = (),
    times_h: Sequence[float] | None = None,
) -> Simulation:
    """Simulate one regimen in people and show everything that happens.

    Arguments as for `compare`; `patients=0` gives the typical patient, whose low and high equal the median. times_h:
    output times in hours (default: about 200 times that follow the doses). Series hold medians and the central 95% over
    patients; the score includes placebo response. Raises InputError for input that cannot be used.
    """
    given = {
        "indication": indication,
        "weight_kg": weight_kg,
        "age_years": age_years,
        "until_h": until_h,
        "patients": patients,
        "seed": seed,
        "sampling": sampling,
    }
    # What is wrong with the regimen or the times is told before the heavy work starts.
    regimen = parse(regimen) if isinstance(regimen, str) else regimen
    doses = doses_in_time(regimen, weight_kg, until_h)
    wanted = _checked_times(times_h, DEFAULTS["until_h"] if until_h is None else until_h)
    setting = make_setting(given, sex, hepatic, interactions, scenarios)
    flags = Flags()
    allowed = flag_regimen(regimen, doses, setting.person, setting.indication, setting.sampling, flags)
    ketamine = ketamine_doses(doses)
    leading = (ketamine or doses)[0]
    evidence_of(leading.drug, leading.route, setting.indication.name, flags)  # raises what is extrapolated
    standard = tuple(time for time in STANDARD_TIMES_H if time < setting.until_h)
    everyone = run_option(setting, ketamine, wanted or standard) if ketamine else None
    asked, run = setting.patients, everyone
    if run is None:
        flags.add("not_ketamine")
    else:
        setting, run = leave_out_failed(setting, run, str(regimen), flags)
        if run.error_estimate > ERROR_TOLERANCE:
            flags.add("numerical_error", error=f"{run.error_estimate:.1e}", tolerance=f"{ERROR_TOLERANCE:.0e}")
    rows = tuple(sorted(set(rows_behind(setting, run))))
    flag_assumed(setting.model.parameters, rows, flags)
    times = _output_times(run, wanted, setting.until_h)
    contract = {
        "version": __version__,
        "seed": setting.seed,
        "sentence": str(regimen),
        "indication": setting.indication.name,
        "person": person_row(setting.person),
        "horizon_h": setting.until_h,
        "sampling": setting.sampling,
        "control": setting.model.control,
        "patients": asked,
        "scenarios": list(setting.model.scenarios),
        "defaulted": list(setting.defaulted),
        "error_estimate": None if run is None else run.error_estimate,
        "events": regimen.event_table(setting.person.weight_kg),
        "times_h": times.tolist(),
        "series": _series(setting, run, doses, times, allowed, flags),
        "nca": _nca(setting, run, ketamine),
        "flags": flags.as_list(),
    }
    return Simulation(contract, everyone, max(asked, 1), rows)


def simulate_first(document: Mapping[str, Any], choices: Mapping[str, Any]) -> dict[str, Any] | None:
    """The simulation document of a comparison's first option that gives ketamine, None without one.

    choices: the arguments of `simulate` with which the comparison was made.
    """
    for option in document["options"]:
        if option["sentence"] is not None and option["receptor"]["peak_block"] is not None:
            return simulate(option["sentence"], **choices).document()
    return None


def doses_in_time(regimen: Regimen, weight_kg: float | None, until_h: float | None) -> tuple[Dose, ...]:
    """The doses for a weight, in order of time; None means the default weight and time.

    Raises InputError for a dose over a limit per kg, and where what is given begins after the simulated time.
    """
    doses = watched_first(regimen.doses(DEFAULTS["weight_kg"] if weight_kg is None else weight_kg))
    ends_h = DEFAULTS["until_h"] if until_h is None else until_h
    first = (ketamine_doses(doses) or doses)[0]
    if first.time_h >= ends_h and first.time_h > 0.0:
        begins, ends = span_text(first.time_h), span_text(ends_h)
        raise InputError(f"the first dose of {first.drug} is at {begins}; until must be later than that, not {ends}")
    return doses


def _checked_times(times_h: Sequence[float] | None, until_h: float) -> tuple[float, ...] | None:
    if times_h is None:
        return None
    for time in times_h:
        if not 0.0 <= time <= until_h:
            raise InputError(f"times: {time:g} h is not within the simulated time, 0 to {until_h:g} h")
    return tuple(sorted(set(times_h)))


def _output_times(run: PatientRun | None, wanted: tuple[float, ...] | None, until_h: float) -> np.ndarray:
    import numpy as np

    if wanted is not None:
        return np.asarray(wanted)
    if run is None:
        spaced = np.geomspace(0.25, until_h, SHOWN_POINTS - 1)
        return np.unique([0.0, *spaced, *(time for time in STANDARD_TIMES_H if time <= until_h)])
    rows = np.linspace(0, len(run.grid_h) - 1, min(SHOWN_POINTS, len(run.grid_h))).round().astype(int)
    standard = np.searchsorted(run.grid_h, [time - 1e-7 for time in STANDARD_TIMES_H if time <= until_h])
    return run.grid_h[np.union1d(rows, standard)]


def _series(
    setting: Setting, run: PatientRun | None, doses: Sequence[Dose], times: np.ndarray, allowed: bool, flags: Flags
) -> dict[str, dict[str, list[float | None]]]:
    import numpy as np

    columns = patient_columns(setting)
    series: dict[str, dict[str, Any]] = {}
    if run is not None:
        for name, channels in CONCENTRATIONS.items():
            total = sum(run.at(channel, times)[:, :columns] for channel in channels)
            series[name] = band(np.asarray(total) * NG_PER_ML_PER_MG_PER_L)
        series |= _hydroxynorketamine(setting, run, ketamine_doses(doses), times)
        for name in STATES:
            series[name] = band(run.at(name, times)[:, :columns])
        course = acute_course(run, ketamine_doses(doses), setting.sampling, setting.model.parameters, flags)
        rows = np.searchsorted(run.grid_h, times - 1e-7)
        for name in () if course is None else ("dissociation", "systolic_rise_mmhg"):
            series[name] = band(getattr(course, name)[rows, :columns])
    if allowed:
        flags.add("score_holds_placebo")
        states = state_course(setting, run, slice(0, columns), doses, times)
        effects = dict(zip(RANDOM_EFFECTS, setting.normals.T, strict=True))
        scores = patient_scores(setting.indication, setting.model.parameters, setting.effects, states, effects)
        shown = (times >= setting.indication.recall_window_h - 1e-9) | (times == 0.0)
        if not shown.all():
            flags.add("scale_recall_longer", scale=setting.indication.scale_label)
        series["score"] = {
            name: [value if keep else None for value, keep in zip(values, shown, strict=True)]
            for name, values in band(scores.T).items()
        }
    return series


def _hydroxynorketamine(
    setting: Setting, run: PatientRun, doses: Sequence[Dose], times: np.ndarray
) -> dict[str, dict[str, list[float]]]:
    """Courses of hydroxynorketamine where the parameter set has it; it drives nothing, so it is computed on its own."""
    place = plasma(setting.sampling)
    if "hydroxynorketamine" not in steps_of(setting.model.parameters, place):
        return {}
    columns = patient_columns(setting)
    values = {name: value[:columns] for name, value in run.values.items()}
    both = concentrations(*prepare(doses, values, setting.model.parameters, place, None), times)
    s, r = both[:, SERIES.index("hydroxynorketamine")] * NG_PER_ML_PER_MG_PER_L
    return {f"{of}hydroxynorketamine_ng_per_ml": band(level) for of, level in (("", s + r), ("s_", s), ("r_", r))}


def _nca(setting: Setting, run: PatientRun | None, doses: Sequence[Dose]) -> dict[str, Any] | None:
    """First-session analysis of every patient's full profile: geometric mean, geometric CV, and the flags raised."""
    import numpy as np

    if run is None:
        return None
    columns = patient_columns(setting)
    start = doses[0].time_h
    end = first_occasion_end_h(doses, setting.model.parameters, setting.until_h)
    inside = (run.grid_h >= start - 1e-9) & (run.grid_h <= end + 1e-9)
    times = run.grid_h[inside] - start  # times of peaks count from the dose
    result: dict[str, Any] = {"method": "linear-up/log-down", "window_h": [start, start + float(times[-1])]}
    for analyte, name in ANALYSED.items():
        total = np.asarray(sum(run.channel(channel)[inside, :columns] for channel in CONCENTRATIONS[name]))
        # Values that rounding left a hair below zero are zero.
        profiles = np.maximum(total * NG_PER_ML_PER_MG_PER_L, 0.0)
        rows = [analyse(times, profiles[:, index]) for index in range(columns)]
        part: dict[str, Any] = {}
        for number in NCA_NUMBERS:
            values = np.array([row[number] for row in rows if row[number] is not None and row[number] > 0.0])
            part[number] = geometric_summary(values) if len(values) else None
        codes = [code for row in rows for code in row["flags"]]
        part["flags"] = [
            {"code": code, "message": meaning, "patients_percent": 100.0 * codes.count(code) / len(rows)}
            for code, meaning in FLAG_MEANINGS.items()
            if code in codes
        ]
        result[analyte] = part
    return result
