"""`calibrate`: one verb for the two parts of the model that are estimated, in the order of the biology."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ketascope.errors import InputError, unknown
from ketascope.estimation.numpyro_extra import need_numpyro

PARTS = ("trials", "pharmacokinetics")
"""Symptoms from the trials (the default); concentrations from published figures, which the trials then rest on."""
DEFAULT_LENGTH = {"trials": (700, 1000), "pharmacokinetics": (600, 600)}
"""Warm-up steps and draws of each chain."""


def calibrate(
    folder: str | Path,
    *,
    part: str = "trials",
    chains: int = 4,
    warm_up: int | None = None,
    draws: int | None = None,
    seed: int = 1,
    workers: int = 2,
    report: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Estimate a part of the model again and write its files below `folder`; returns the record of the fit.

    part: "trials" (the symptom model, from the trials) or "pharmacokinetics" (the pooled model, from published
    figures). chains, warm_up, draws: of the sampler; workers: processes at a time, which change no number; report: told
    a line when a step is done. Finished steps are kept in the folder, so that a stopped run goes on. The packaged model
    stays as it is. Raises InputError for an unknown part, a number out of range, and where NumPyro (extra `bayes`) is
    not installed.
    """
    if part not in PARTS:
        raise InputError(unknown("part", part, PARTS))
    need_numpyro("calibrate")
    warm_up = DEFAULT_LENGTH[part][0] if warm_up is None else warm_up
    draws = DEFAULT_LENGTH[part][1] if draws is None else draws
    if part == "pharmacokinetics":
        from ketascope.evidence.pharmacokinetics.calibration import calibrate as calibrate_pharmacokinetics

        return calibrate_pharmacokinetics(
            folder, chains=chains, warm_up=warm_up, draws=draws, seed=seed, workers=workers, report=report
        )
    from ketascope.evidence.fit_settings import Settings
    from ketascope.evidence.symptom_trials.calibration import calibrate_on_trials

    return calibrate_on_trials(Settings(Path(folder), chains, warm_up, draws, seed, workers), report)
