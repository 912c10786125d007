"""What is felt and measured in the first session of an option: dissociation, blood pressure, sedation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ketascope.comparing.exposure_summary import first_session_end_h, refined_peak
from ketascope.comparing.flags import Flags
from ketascope.comparing.quantity import over_patients, reported
from ketascope.model import acute
from ketascope.model.exposure import NG_PER_ML_PER_MG_PER_L
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
) -> AcuteCourse:
    """Dissociation and systolic rise of every patient; amplitudes are those of the first dose's route."""
    route = doses[0].route
    starts = sorted({dose.session: dose.time_h for dose in reversed(doses)}.values())
    site = run.channel("effect_site_mg_per_l") * NG_PER_ML_PER_MG_PER_L
    sizes = {name: acute.amplitude(name, route, sampling, parameters) for name in ("dissociation", "systolic")}
    for name, size in sizes.items():
        if size is not None and size.borrowed_from:
            flags.add("amplitude_borrowed", effect=name, route=route, lender=size.borrowed_from)
    dissociation, systolic = sizes["dissociation"], sizes["systolic"]
    # acute_references.toml lends to every route.
    assert dissociation is not None
    assert systolic is not None
    values = dict(run.values)
    session = acute.session_numbers(starts, run.grid_h)
    return AcuteCourse(
        acute.dissociation_points(site, dissociation, values, session, parameters),
        acute.systolic_rise_mmhg(site, systolic, values),
    )


def acute_summary(
    run: PatientRun,
    course: AcuteCourse,
    doses: Sequence[Dose],
    parameters: ParameterSet,
    patients: int,
    until_h: float,
    observation_min: float | None,
    flags: Flags,
) -> dict[str, Any]:
    """The `acute` part of an option. `over` is never earlier than the observation time where there is one."""
    import numpy as np

    route = doses[0].route
    first = run.grid_h <= first_session_end_h(doses, until_h) + 1e-9
    times = run.grid_h[first]
    changes = input_changes_h(run.plan)
    felt = course.dissociation[first, :patients]
    pressure = course.systolic_rise_mmhg[first, :patients]
    fraction = parameters.value("acute.over_fraction_of_peak")
    over = acute.over_h(times, felt, doses[0].time_h, fraction)
    if observation_min is None:
        flags.add("no_observation_time", route=route)
    else:
        over = np.maximum(over, observation_min / MINUTES_PER_HOUR)
        flags.add("acute_floor", minutes=f"{observation_min:g}")
    systolic = refined_peak(times, pressure, changes)[0]
    sedation = acute.load_references()["sedation"].get(route)
    if sedation is None:
        flags.add("sedation_unknown", route=route)
    row = parameters[sedation["row"]] if sedation else None
    return {
        "dissociation_peak": over_patients(refined_peak(times, felt, changes)[0]),
        "dissociation_over_h": over_patients(over),
        "systolic_rise_mmhg": over_patients(systolic),
        "diastolic_rise_mmhg": over_patients(systolic * parameters.value("acute.diastolic_to_systolic")),
        "sedation_percent": reported(row.value, *row.range) if row is not None and row.range else None,
    }
