"""The whole calibration: structures compared, the chosen one sampled, the test groups predicted, files written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ketascope.engines import map_chunks
from ketascope.evidence.fit_files import keep, kept
from ketascope.evidence.fit_settings import Settings
from ketascope.evidence.pharmacokinetics import cross_validation, likelihood, posterior
from ketascope.evidence.pharmacokinetics.estimation import Estimate, estimate, predictive
from ketascope.evidence.pharmacokinetics.observations import PARTS, Observation, observations
from ketascope.evidence.pharmacokinetics.priors import PARAMETER_FILE, load_rows
from ketascope.evidence.pharmacokinetics.structures import CANDIDATES, Structure
from ketascope.model.parameter_store import Parameter, ParameterSet, load_parameters

NOT_BEATEN = 2.0
"""Log density by which a structure must be better to beat a simpler one: less is within the noise of a dozen groups."""
INTERVAL = (0.05, 0.5, 0.95)


def calibrate(
    folder: str | Path,
    *,
    chains: int = 4,
    warm_up: int = 600,
    draws: int = 600,
    seed: int = 1,
    workers: int = 2,
    report: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Fit the pooled pharmacokinetic model again and write its files below `folder`; returns the record of the fit.

    chains, warm_up, draws: of the sampler; workers: processes at a time, which change no number; report: told a line
    when a step is done. Finished steps are kept in the folder, so that a stopped run goes on. The packaged model stays
    as it is. Raises InputError for a number out of range.
    """
    settings = Settings(Path(folder), chains, warm_up, draws, seed, workers)
    settings.check()
    parameters = prior_parameters()
    training = observations("training")
    scores = _scored(settings, training, parameters, report)
    chosen = choose(scores)
    report(f"structure kept: {chosen.name}")
    fit = _sampled(settings, training, parameters, chosen, report)
    everything = observations()
    intervals = predictive_intervals(fit, everything, parameters, settings.seed)
    document = posterior.record(fit, scores, intervals, settings.seed)
    posterior.write(fit, document, settings.folder)
    return document


def prior_parameters() -> ParameterSet:
    """The packaged rows with the pooled ones at their prior medians, so that a fit does not depend on the last one."""
    rows: dict[str, Parameter] = dict(load_parameters())
    for name, row in load_rows().items():
        full = f"{PARAMETER_FILE}.{name}"
        rows[full] = replace(rows[full], value=float(row["value"])) if full in rows else _row(full, row)
    return ParameterSet(rows)


def _row(name: str, row: dict[str, Any]) -> Parameter:
    return Parameter(name, float(row["value"]), row["unit"], row["population"], row["source"], row["grade"])


def choose(scores: list[cross_validation.Score]) -> Structure:
    """The structure with the fewest estimates among those that the best one does not beat and that lack nothing.

    Where only a structure that lacks something is unbeaten, the best of the others is kept.
    """
    able = [score for score in scores if not score.structure.lacks]
    best = max(score.total for score in able)
    unbeaten = [score for score in able if best - score.total < NOT_BEATEN]
    return min(unbeaten, key=lambda score: (score.estimated, -score.total)).structure


def predictive_intervals(
    fit: Estimate, rows: list[Observation], parameters: ParameterSet, seed: int
) -> dict[str, list[float]]:
    """5%, 50% and 95% of the predictive distribution of each row, as if its group were new, by row_id."""
    figures = predictive(fit, rows, parameters, seed)
    low, middle, high = np.quantile(figures, INTERVAL, axis=0)
    scale = [item.row.value_norm / item.value for item in rows if item.row.value_norm is not None]
    # The fit takes a mean down to the middle of its group; the intervals are for the figure as printed.
    return {
        item.row.row_id: [float(a * factor), float(b * factor), float(c * factor)]
        for item, a, b, c, factor in zip(rows, low, middle, high, scale, strict=True)
    }


def _scored(
    settings: Settings, training: list[Observation], parameters: ParameterSet, report: Callable[[str], None]
) -> list[cross_validation.Score]:
    """Every candidate's score; each is kept as soon as it is there, so that a stopped run loses one at most."""
    files = [_step_file(settings, f"structure {structure.name}") for structure in CANDIDATES]
    todo = [number for number, file in enumerate(files) if not file.exists()]
    tasks = [(CANDIDATES[number], training, parameters) for number in todo]
    with closing(map_chunks(_score, tasks, workers=settings.workers)) as found:
        for index, score in found:
            keep(files[todo[index]], score)
            report(f"{score.structure.name}: log density of groups left out {score.total:.1f}")
    return [kept(file) for file in files]


def _score(task: tuple[Structure, list[Observation], ParameterSet]) -> cross_validation.Score:
    return cross_validation.score(*task)


def _sampled(
    settings: Settings,
    training: list[Observation],
    parameters: ParameterSet,
    structure: Structure,
    report: Callable[[str], None],
) -> Estimate:
    file = _step_file(settings, f"chains {structure.name} {settings.chains} {settings.warm_up} {settings.draws}")
    if file.exists():
        there: Estimate = kept(file)
        return there
    fit = estimate(
        training,
        parameters,
        structure,
        settings.seed,
        settings.chains,
        settings.warm_up,
        settings.draws,
        settings.workers,
        report,
    )
    keep(file, fit)
    return fit


def _step_file(settings: Settings, step: str) -> Path:
    """Where a step's result is kept; its name depends on the data, so that changed data never meet an old result."""
    sides = {part: [item.row.row_id for item in observations(part)] for part in PARTS}
    data = [(item.row, item.study, item.value, item.error_sd, item.weight) for item in observations()]
    key = hashlib.sha256(
        f"{step}{settings.seed}{data}{sides}{likelihood.STUDY_EFFECTS}{likelihood.RESIDUALS}{load_rows()}{CANDIDATES}".encode()
    ).hexdigest()[:16]
    return settings.folder / "steps" / f"{step.replace(' ', '-')}-{key}.pickle"
