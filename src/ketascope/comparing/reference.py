"""States after the reference regimen: what the log falls that the trials found after it are divided by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ketascope.model.scenario import ModelChoice
from ketascope.people import Person, typical_normals
from ketascope.regimen import parse
from ketascope.simulation import run_patients

if TYPE_CHECKING:
    import numpy as np

READ_AT_H = 24.0  # the fast and slow effects are given as log falls at this time


def reference_states(
    model: ModelChoice, sampling: str, draws: Mapping[str, np.ndarray], threads: int | None = None
) -> dict[str, np.ndarray]:
    """Unblinding at its rating time, fast and slow state at 24 h, in the typical patient; each (draws,)."""
    import numpy as np

    rows = model.parameters.values_of("symptoms")
    sentence = f"ketamine {rows['reference_dose_mg_per_kg']:g} mg/kg IV over {rows['reference_infusion_min']:g} min"
    person = Person()
    felt_h = rows["unblinding_reference_h"]
    draw_count = len(draws["symptoms.opioid_gate"])
    run = run_patients(
        parse(sentence).doses(person.weight_kg),
        person,
        sampling,
        model.reference_parameters,
        typical_normals(draw_count),
        READ_AT_H,
        (felt_h,),
        draws,
        threads,
        check=False,
    )
    return {
        "unblinding": run.at("unblinding", np.array([felt_h]))[0],
        "fast": run.at("fast", np.array([READ_AT_H]))[0],
        "slow": run.at("plasticity", np.array([READ_AT_H]))[0],
    }
