"""What is felt and measured in the first session of an option: dissociation, blood pressure, sedation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ketascope.comparing.exposure_summary import refined_peak
from ketascope.comparing.flags import Flags
from ketascope.comparing.quantity import Quantity, over_patients, reported
from ketascope.model import acute
from ketascope.model.exposure import NG_PER_ML_PER_MG_PER_L
from ketascope.model.occasions import first_occasion_end_h, occasion_starts
from ketascope.simulation import input_changes_h

if TYPE_CHECKING:
    import numpy as np

    from ketascope.model.parameter_store import ParameterSet
    from ketascope.regimen import Dose
    from ketascope.simulation import PatientRun

MINUTES_PER_HOUR = 60.0
NAMES = (
    "dissociation_peak",
    "dissociation_over_h",
    "systolic_rise_mmhg",
    "diastolic_rise_mmhg",
    "sedation_percent",
)


@dataclass(frozen=True)
class AcuteCourse:
    """Effects over time, each (times, patients)."""

    dissociation: np.ndarray
    systolic_rise_mmhg: np.ndarray


def acute_course(
    run: PatientRun, doses: Sequence[Dose], sampling: str, parameters: ParameterSet, flags: Flags
) -> AcuteCourse | None:
    """Dissociation and systolic rise of every patient; amplitudes are those of the first dose's route.

    None, with a flag, where a drug is given whose acute effects nobody measured.
    """
    unknown = acute.not_measured(doses)
    if unknown:
        flags.add("acute_not_known", drug=" and ".join(unknown))
        return None
    route = doses[0].route
    site = run.channel("effect_site_mg_per_l") * NG_PER_ML_PER_MG_PER_L
    sizes = {name: acute.amplitude(name, route, sampling) for name in ("dissociation", "systolic")}
    for name, size in sizes.items():
        if size is not None and size.borrowed_from:
            flags.add("amplitude_borrowed", effect=name, route=route, lender=size.borrowed_from)
    dissociation, systolic = sizes["dissociation"], sizes["systolic"]
    # acute_references.toml lends to every route.
    assert dissociation is not None
    assert systolic is not None
    values = dict(run.values)
    session = acute.session_numbers(occasion_starts(doses, parameters), run.grid_h)
    return AcuteCourse(
        acute.dissociation_points(site, dissociation, values, session, parameters),
        acute.systolic_rise_mmhg(site, systolic, values),
    )


def acute_summary(
    run: PatientRun,
    course: AcuteCourse | None,
    doses: Sequence[Dose],
    sampling: str,
    parameters: ParameterSet,
    patients: int,
    until_h: float,
    observation_min: float | None,
    flags: Flags,
) -> dict[str, Any]:
    """The `acute` part of an option. `over` is never earlier than the observation time where there is one."""
    if course is None:
        return dict.fromkeys(NAMES)
    route = doses[0].route
    first = run.grid_h <= first_occasion_end_h(doses, parameters, until_h) + 1e-9
    times = run.grid_h[first]
    changes = input_changes_h(run.plan)
    felt = course.dissociation[first, :patients]
    pressure = course.systolic_rise_mmhg[first, :patients]
    over = _over(times, felt, doses[0], parameters, observation_min, flags)
    systolic = refined_peak(times, pressure, changes)[0]
    measured = _within_measured(run, first, patients, route, sampling, parameters)
    if not measured:
        flags.add("pressure_not_extrapolated", route=route)
    sedation = acute.load_references()["sedation"].get(route)
    flags.add("sedation_unknown" if sedation is None else "sedation_range", route=route)
    row = parameters[sedation["row"]] if sedation else None
    return {
        "dissociation_peak": over_patients(refined_peak(times, felt, changes)[0]),
        "dissociation_over_h": over,
        "systolic_rise_mmhg": over_patients(systolic) if measured else None,
        "diastolic_rise_mmhg": over_patients(systolic * parameters.value("acute.diastolic_to_systolic"))
        if measured
        else None,
        "sedation_percent": reported(row.value, *row.range) if row is not None and row.range else None,
    }


def _over(
    times: np.ndarray,
    felt: np.ndarray,
    first_dose: Dose,
    parameters: ParameterSet,
    observation_min: float | None,
    flags: Flags,
) -> Quantity | None:
    """When dissociation is over; null where it is still felt at the next session or at the end of the simulation."""
    import numpy as np

    fraction = parameters.value("acute.over_fraction_of_peak")
    floor = parameters.value("acute.dissociation_floor_points")
    over = acute.over_h(times, felt, first_dose.time_h, fraction, floor)
    if observation_min is None:
        flags.add("no_observation_time", route=first_dose.route)
    else:
        over = np.maximum(over, observation_min / MINUTES_PER_HOUR)
        flags.add("acute_floor", minutes=f"{observation_min:g}")
    if np.isnan(over).any():
        flags.add("acute_not_over")
        return None
    return over_patients(over)


def _within_measured(
    run: PatientRun, first: np.ndarray, patients: int, route: str, sampling: str, parameters: ParameterSet
) -> bool:
    """Whether the median patient's effect site stays within the multiple of the reference at which pressure was
    measured.
    """
    import numpy as np

    size = acute.amplitude("systolic", route, sampling)
    assert size is not None
    peaks = run.channel("effect_site_mg_per_l")[first, :patients].max(axis=0) * NG_PER_ML_PER_MG_PER_L
    limit = parameters.value("acute.largest_multiple_of_reference") * size.reference_peak_ng_per_ml
    return bool(np.median(peaks) <= limit)
