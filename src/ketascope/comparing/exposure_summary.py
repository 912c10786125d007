"""Exposure and mechanism of one option: plasma, block, glutamate, plasticity, over patients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ketascope.comparing.quantity import over_parameters, over_patients
from ketascope.model.absorption import CENTRAL, individual_depots
from ketascope.model.disposition import enantiomer_disposition
from ketascope.model.exposure import NG_PER_ML_PER_MG_PER_L, enantiomer_composition
from ketascope.model.occasions import first_occasion_end_h
from ketascope.model.pharmacokinetics import ENANTIOMERS
from ketascope.model.plasma import plasma
from ketascope.simulation import input_changes_h

if TYPE_CHECKING:
    import numpy as np

    from ketascope.model.parameter_store import ParameterSet
    from ketascope.regimen import Dose
    from ketascope.simulation import PatientRun


def refined_peak(times_h: np.ndarray, course: np.ndarray, changes_h: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Size and time of the largest value, each (patients,). course: (times, patients).

    A smooth peak between grid points is found from the parabola through the three points around the largest one; at a
    change of input (end of an infusion) the curve has a corner and the grid point itself is the peak.
    """
    import numpy as np

    top = course.argmax(axis=0)
    if len(times_h) < 3:
        return course[top, np.arange(course.shape[1])], times_h[top]
    inner = np.clip(top, 1, len(times_h) - 2)
    columns = np.arange(course.shape[1])
    t0, t1, t2 = (times_h[inner + k] for k in (-1, 0, 1))
    y0, y1, y2 = (course[inner + k, columns] for k in (-1, 0, 1))
    slope01, slope12 = (y1 - y0) / (t1 - t0), (y2 - y1) / (t2 - t1)
    bend = (slope12 - slope01) / (t2 - t0)
    corner = np.isin(times_h[top], np.asarray(changes_h)) | (top == 0) | (top == len(times_h) - 1) | (bend >= 0.0)
    safe = np.where(corner, -1.0, bend)
    at = np.clip(0.5 * (t0 + t1) - slope01 / (2.0 * safe), t0, t2)
    size = y0 + slope01 * (at - t0) + safe * (at - t0) * (at - t1)
    return np.where(corner, course[top, columns], size), np.where(corner, times_h[top], at)


def session_areas(
    run: PatientRun, doses: Sequence[Dose], sampling: str, first_session_h: float
) -> dict[str, np.ndarray]:
    """Areas to infinity after the first session and bioavailability, each (patients,): exact, dose absorbed over
    clearance.

    Keys: ketamine (ng h/mL), norketamine (ng h/mL), bioavailability (ketamine reaching plasma over the dose).
    """
    import numpy as np

    composition = enantiomer_composition()
    given_mg = sum(dose.amount_mg for dose in doses if dose.time_h < first_session_h and dose.drug in composition)
    place = plasma(sampling)
    like = run.values[f"{place.parameters}.central_volume_l"]
    both, fraction = individual_depots(np, run.plan.depots, run.values, max(len(run.plan.depots), 1), like)
    events = [event for event in run.plan.events if event.start_h < first_session_h]
    zero = np.zeros(fraction.shape[1])
    ketamine, norketamine, absorbed_mg = zero, zero, zero
    for index, enantiomer in enumerate(ENANTIOMERS):
        # Delays change no area, so the optional steps are left out.
        d = enantiomer_disposition(run.values, place, enantiomer, frozenset())
        depots = both[index]
        as_ketamine, as_norketamine = zero, zero
        for event in events:
            mass = event.enantiomer_mg[index]
            if event.column == CENTRAL:
                as_ketamine = as_ketamine + mass
            else:
                entering = mass * (event.fixed + event.absorbed * fraction[event.column])
                as_ketamine = as_ketamine + entering * depots.to_ketamine[event.column]
                as_norketamine = as_norketamine + entering * depots.to_norketamine[event.column]
        ketamine = ketamine + as_ketamine / d.clearance_l_per_h
        formed = (as_norketamine + as_ketamine * d.fraction_to_norketamine) * d.norketamine_mass_ratio
        norketamine = norketamine + formed / d.norketamine_clearance_l_per_h
        absorbed_mg = absorbed_mg + as_ketamine
    return {
        "ketamine": ketamine * NG_PER_ML_PER_MG_PER_L,
        "norketamine": norketamine * NG_PER_ML_PER_MG_PER_L,
        "bioavailability": absorbed_mg / given_mg,
    }


def exposure_and_mechanism(
    run: PatientRun, doses: Sequence[Dose], sampling: str, parameters: ParameterSet, patients: int, until_h: float
) -> dict[str, Any]:
    """The `pk`, `pk_typical`, `receptor`, `glutamate` and `plasticity` parts of an option.

    Intervals are over the first `patients` columns; for `pk_typical` over the others, which are the typical patient
    under draws of the parameters. Peaks of plasma and glutamate are those of the first session; peak block and
    plasticity those of the whole course.
    """
    end = first_occasion_end_h(doses, parameters, until_h)
    changes = input_changes_h(run.plan)
    first = run.grid_h <= end + 1e-9
    areas = session_areas(run, doses, sampling, end)

    def course(*names: str) -> np.ndarray:
        total: np.ndarray = sum(run.channel(name) for name in names)  # type: ignore[assignment]
        return total

    def peak(values: np.ndarray, keep: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        return refined_peak(
            run.grid_h if keep is None else run.grid_h[keep],
            values if keep is None else values[keep],
            changes,
        )

    cmax, tmax = peak(course("s_ketamine_mg_per_l", "r_ketamine_mg_per_l"), first)
    norketamine, _ = peak(course("s_norketamine_mg_per_l", "r_norketamine_mg_per_l"), first)
    exposure = {
        "ketamine_cmax_ng_per_ml": cmax * NG_PER_ML_PER_MG_PER_L,
        "ketamine_tmax_h": tmax - doses[0].time_h,
        "ketamine_auc_ng_h_per_ml": areas["ketamine"],
        "norketamine_cmax_ng_per_ml": norketamine * NG_PER_ML_PER_MG_PER_L,
        "norketamine_auc_ng_h_per_ml": areas["norketamine"],
        "bioavailability": areas["bioavailability"],
    }
    block, _ = peak(course("block")[:, :patients])
    fold, fold_h = peak(course("glutamate_fold")[:, :patients], first)
    structure, structure_h = peak(course("plasticity")[:, :patients])
    return {
        "pk": {name: over_patients(values[:patients]) for name, values in exposure.items()},
        "pk_typical": {name: over_parameters(values[patients:]) for name, values in exposure.items()},
        "receptor": {"peak_block": over_patients(block)},
        "glutamate": {"peak_fold": over_patients(fold), "peak_h": over_patients(fold_h - doses[0].time_h)},
        "plasticity": {"peak": over_patients(structure), "peak_h": over_patients(structure_h - doses[0].time_h)},
    }
