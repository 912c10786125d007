"""Patients for whom the solver has no numbers, or none that settle: counted and named, never averaged in."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

from ketascope.comparing.setting import Setting, patient_columns
from ketascope.errors import InputError
from ketascope.model.symptoms import Effects

if TYPE_CHECKING:
    import numpy as np

    from ketascope.comparing.flags import Flags
    from ketascope.simulation import PatientRun

MOST_NAMED = 5


def leave_out_failed(setting: Setting, run: PatientRun, sentence: str, flags: Flags) -> tuple[Setting, PatientRun]:
    """The setting and the run of an option without the patients and draws that have no finite numbers.

    run: patients first, then the typical patient under every draw, as `run_option` makes it. Flags name how many are
    left out, and how many have numbers on which no two grids agree. Raises InputError where nobody is left, or the
    typical patient at the central values is not.
    """
    import numpy as np

    columns = patient_columns(setting)
    doubtful = (run.doubtful & ~run.failed)[:columns]
    if doubtful.any():
        flags.add("patients_doubtful", count=int(doubtful.sum()), patients=columns, which=_named(doubtful))
    if not run.failed.any():
        return setting, run
    patients, draws = np.split(run.failed, [columns])
    if patients.all() or draws[0]:
        whom = "any patient" if patients.all() else "the typical patient"
        raise InputError(f"'{sentence}': the solver finds no finite numbers for {whom}")
    if patients.any():
        flags.add("patients_failed", count=int(patients.sum()), patients=columns, which=_named(patients))
    if draws.any():
        flags.add("draws_failed", count=int(draws.sum()), draws=len(draws))
    effects = Effects(**{field.name: getattr(setting.effects, field.name)[~draws] for field in fields(Effects)})
    kept = replace(
        setting,
        patients=int((~patients).sum()) if setting.patients else 0,
        normals=setting.normals[~patients],
        draws={name: values[~draws] for name, values in setting.draws.items()},
        effects=effects,
    )
    return kept, run.take(~run.failed)


def _named(chosen: np.ndarray) -> str:
    """Numbers of the first few patients, counted from 1."""
    import numpy as np

    numbers = [str(number + 1) for number in np.flatnonzero(chosen)]
    return ", ".join(numbers[:MOST_NAMED]) + (", ..." if len(numbers) > MOST_NAMED else "")
