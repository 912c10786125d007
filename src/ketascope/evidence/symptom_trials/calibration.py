"""The whole calibration on the trials: chains, trials left out one by one, sensitivities, checks, and the files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ketascope.data import load
from ketascope.engines import map_chunks
from ketascope.estimation.convergence import unconverged, worst
from ketascope.evidence.fit_files import keep, kept, rounded
from ketascope.evidence.fit_settings import Settings
from ketascope.evidence.priors import load_prior_rows, priors_of
from ketascope.evidence.symptom_trials import leave_one_out, posterior, predictive
from ketascope.evidence.symptom_trials.design import Design, make_design
from ketascope.evidence.symptom_trials.estimation import (
    PRIOR_FILE,
    Chain,
    Fit,
    Sampler,
    diagnostics,
    families,
    multiplier_names,
    prior_values,
    together,
)
from ketascope.evidence.symptom_trials.trial_file import assumptions, load_trials
from ketascope.model.parameter_store import ParameterSet, load_parameters

SECOND_SEED = 1000
"""Added to the seed for the run that shows what Monte-Carlo error is left."""
SHORT_CHAIN = 350
"""Draws (and as many warm-up steps) of a refit with something left out, at most: its intervals need fewer."""
SHORT_CHAINS = {"sensitivity": 2, "left out": 1}
FULL_WEIGHT = 1.0
INDICATION_SIZES = ("baseline_score", "endpoint_sd", "response")
"""What the fit reads of an indication."""


@dataclass(frozen=True)
class Task:
    """One chain: which posterior it belongs to (what is left out, and how much pooled estimates weigh)."""

    left_out: str | None
    pooled_weight: float
    seed: int
    number: int
    warm_up: int
    draws: int


def calibrate_on_trials(settings: Settings, report: Callable[[str], None] = lambda line: None) -> dict[str, Any]:
    """Fit the symptom model to the trials and write its files below the folder; returns the record of the fit.

    Finished chains are kept in the folder, so that a stopped run goes on. The packaged model stays as it is.
    """
    settings.check(SECOND_SEED)
    design = packaged_design(FULL_WEIGHT)  # predictions have the errors that were printed
    tasks = _tasks(settings, design)
    found = _run(settings, tasks, report)

    def fit_of(group: str) -> Fit:
        return together(design, [found[task] for task in tasks[group]])

    fit = fit_of("main")
    rows = diagnostics(fit)
    whole = {
        "seed": settings.seed,
        "chains": settings.chains,
        "warm_up": settings.warm_up,
        "draws": settings.draws,
        "divergences": int(fit.divergences.sum()),
        **worst(rows),
        "unconverged": unconverged(rows),
        "parameters": [row for row in rows if "median" in row],
        "trial_effects": _trial_effects(fit),
        "second_seed": _second_seed(fit, fit_of("second seed")),
        "sensitivity": _sensitivity(
            {
                "0": fit_of("without pooled estimates"),
                f"{assumptions()['pooled_estimate_weight']:g}": fit,
                "1": fit_of("pooled estimates in full"),
            }
        ),
        "posterior_predictive": _predictive_rows(design, fit, settings.seed),
        "prior_predictive": _prior_predictive_rows(design, settings.seed),
        "leave_one_out": _left_out(
            design, settings, {trial.key: fit_of(f"without {trial.key}") for trial in design.trials if not trial.pooled}
        ),
        "model_means": _model_means(design, fit),
    }
    document: dict[str, Any] = rounded(whole, posterior.DIGITS)
    posterior.write(fit, rows, document, settings.folder)
    return document


def calibration_parameters() -> ParameterSet:
    """The packaged rows with the estimated ones at their prior medians, so that a fit never depends on the last one."""
    rows = dict(load_parameters())
    for name, row in load_prior_rows(PRIOR_FILE).items():
        full = f"{posterior.PARAMETER_FILE}.{name}"
        rows[full] = replace(rows[full], value=float(row["value"]))
    return ParameterSet(rows)


@lru_cache(maxsize=2)
def packaged_design(pooled_weight: float) -> Design:
    """The trials of the package as arrays, with published pooled estimates at this power."""
    return make_design(
        load_trials(),
        calibration_parameters(),
        priors_of(PRIOR_FILE),
        multiplier_names(),
        pooled_weight=pooled_weight,
    )


def check_designs() -> tuple[Design, Design]:
    """Rows that are only held against the model: those of trials in the fit, and published pools."""
    arguments = (calibration_parameters(), priors_of(PRIOR_FILE), multiplier_names())
    in_fit = tuple(trial for trial in load_trials() if trial.checks)
    pools = make_design(load_trials(check=True), *arguments, pooled_weight=FULL_WEIGHT)
    return make_design(in_fit, *arguments, checks=True), pools


def _tasks(settings: Settings, design: Design) -> dict[str, list[Task]]:
    """Chains by the posterior that they belong to; the main fit first, the trials left out last."""
    weight = assumptions()["pooled_estimate_weight"]

    def main(seed: int) -> list[Task]:
        return [Task(None, weight, seed, number, settings.warm_up, settings.draws) for number in range(settings.chains)]

    def short(kind: str, left_out: str | None, of: float = weight) -> list[Task]:
        length = (min(settings.warm_up, SHORT_CHAIN), min(settings.draws, SHORT_CHAIN))
        return [Task(left_out, of, settings.seed, number, *length) for number in range(SHORT_CHAINS[kind])]

    groups = {
        "main": main(settings.seed),
        "second seed": main(settings.seed + SECOND_SEED),
        "without pooled estimates": short("sensitivity", POOLED),
        "pooled estimates in full": short("sensitivity", None, FULL_WEIGHT),
    }
    for trial in design.trials:
        if not trial.pooled:
            groups[f"without {trial.key}"] = short("left out", trial.key)
    return groups


POOLED = "published pooled estimates"
"""Leaves out every published pool at once."""


def _run(settings: Settings, groups: Mapping[str, Sequence[Task]], report: Callable[[str], None]) -> dict[Task, Chain]:
    """Every chain, read where a run with the same data finished it, else sampled; kept as soon as it is there."""
    tasks = [task for group in groups.values() for task in group]
    name_of = {task: name for name, group in groups.items() for task in group}
    found: dict[Task, Chain] = {}
    todo: list[Task] = []
    for task in tasks:
        file = _file(settings, task)
        if file.exists():
            found[task] = kept(file)
        else:
            todo.append(task)
    if found:
        report(f"{len(found)} of {len(tasks)} chains were there")
    # Closed whatever happens: a run that fails or is stopped does not sample what is still queued.
    with closing(map_chunks(_sample, todo, workers=settings.workers)) as chains:
        for index, chain in chains:
            task = todo[index]
            found[task] = chain
            keep(_file(settings, task), chain)
            said = f"{chain.divergences} divergences, {chain.steps:.0f} steps a draw"
            report(f"{len(found)} of {len(tasks)}: {name_of[task]}, chain {task.number + 1}: {said}")
    return found


@lru_cache(maxsize=3)
def _sampler(pooled_weight: float, warm_up: int, draws: int) -> Sampler:
    return Sampler(packaged_design(pooled_weight), warm_up, draws)


def _sample(task: Task) -> Chain:
    sampler = _sampler(task.pooled_weight, task.warm_up, task.draws)
    pools = tuple(trial.key for trial in sampler.design.trials if trial.pooled)
    left_out = pools if task.left_out == POOLED else (task.left_out,) if task.left_out else ()
    return sampler.chain(task.seed, task.number, left_out)


def _file(settings: Settings, task: Task) -> Path:
    """Where a chain is kept; its name depends on the data, so that changed data never meet an old chain."""
    data = [replace(trial, note="", checks=()) for trial in load_trials()]
    sizes = [(name, *(row[key]["value"] for key in INDICATION_SIZES)) for name, row in load("indications").items()]
    limits = [(name, row.get("minimum"), row.get("maximum")) for name, row in load("scales").items()]
    model = sorted((name, row.value) for name, row in calibration_parameters().items())
    text = f"{data}{sizes}{limits}{assumptions()}{priors_of(PRIOR_FILE)}{families()}{model}"
    key = hashlib.sha256(f"{text}{task}".encode()).hexdigest()[:20]
    return settings.folder / "chains" / f"{(task.left_out or 'all').replace(' ', '-')}-{task.number}-{key}.pickle"


def _trial_effects(fit: Fit) -> list[dict[str, Any]]:
    """Each trial's own benefit (standard normal: how far it stands from the others) and placebo effect."""
    return [
        {
            "trial": trial,
            **{
                name: [float(value) for value in np.quantile(fit.sites[f"trial_{name}"][..., k], [0.025, 0.5, 0.975])]
                for name in ("benefit", "placebo")
            },
        }
        for k, trial in enumerate(fit.trials)
    ]


def _second_seed(one: Fit, other: Fit) -> dict[str, Any]:
    """Largest distance of two runs' means, in posterior SDs and in Monte-Carlo standard errors of the difference."""
    from numpyro.diagnostics import effective_sample_size

    # The error of a mean goes by the draws as they are, so this sample size is of no ranks.
    first, second = one.values(), other.values()
    rows: list[dict[str, Any]] = []
    for name, table in first.items():
        sd = float(table.std())
        apart = abs(float(table.mean() - second[name].mean()))
        errors = [float(t.std()) / np.sqrt(float(effective_sample_size(t))) for t in (table, second[name])]
        rows.append({"name": name, "in_sd": apart / sd, "in_errors": apart / float(np.hypot(*errors))})
    return {
        "largest_in_posterior_sd": max(row["in_sd"] for row in rows),
        "largest_in_monte_carlo_errors": max(row["in_errors"] for row in rows),
        "rows": rows,
    }


def _sensitivity(fits: Mapping[str, Fit]) -> list[dict[str, Any]]:
    """Medians and 95% intervals of the drug's parts at other weights of the published pooled estimates."""
    parts = ("fast_log_fall", "slow_log_fall", "unblinding_log_fall", "trial_sd", "multiplier_sd")
    names = (*parts, *(f"multiplier_{name}" for name in multiplier_names()[1:]))
    table = {weight: fit.values() for weight, fit in fits.items()}
    return [
        {
            "name": name,
            "by_weight": {
                weight: [float(x) for x in np.quantile(values[name], [0.5, 0.025, 0.975])]
                for weight, values in table.items()
            },
        }
        for name in names
    ]


def _predictive_rows(design: Design, fit: Fit, seed: int) -> list[dict[str, Any]]:
    draws = predictive.thinned(fit)
    in_fit = predictive.rows_of(design, predictive.predict(design, draws, seed))
    held = [predictive.rows_of(own, predictive.predict(own, draws, seed)) for own in check_designs()]
    return [
        *({**row, "use": "fit"} for row in in_fit),
        *({**row, "use": "check: same people as a fitted row"} for row in held[0]),
        *({**row, "use": _use_of_check(row["trial"])} for row in held[1]),
    ]


def _use_of_check(key: str) -> str:
    pooled = {trial.key for trial in load_trials(check=True) if trial.pooled}
    return "check: published pool" if key in pooled else "check: trial outside the fit"


def _prior_predictive_rows(design: Design, seed: int) -> list[dict[str, Any]]:
    """What the priors alone would have said of each row; wide, and around what is possible."""
    draws = {name: values[: predictive.DRAWS] for name, values in prior_values(seed).items()}
    return predictive.rows_of(design, predictive.predict(design, draws, seed))


def _left_out(design: Design, settings: Settings, fits: Mapping[str, Fit]) -> dict[str, Any]:
    """Every trial predicted from the others, and what two models without a mechanism make of it."""
    trials = {trial.key: trial for trial in design.trials}
    items = leave_one_out.comparisons(design, predictive.predict(design, predictive.thinned(fits[next(iter(fits))]), 0))
    primary = {
        item.trial: (item.observed, item.error) for item in items if trials[item.trial].is_ketamine
    }  # the last one of each trial stays
    for k, row in design.bounds:
        if design.trials[k].is_ketamine:
            primary[design.trials[k].key] = (0.0, row.error)
    rows: list[dict[str, Any]] = []
    for key, fit in fits.items():
        predicted = predictive.predict(design, predictive.thinned(fit), settings.seed)
        own = [item for item in leave_one_out.comparisons(design, predicted) if item.trial == key]
        rivals = leave_one_out.rival_predictions(trials[key], trials, primary) if trials[key].is_ketamine else None
        rows += leave_one_out.score_rows(own, rivals)
    ketamine = [row for row in rows if trials[row["trial"]].is_ketamine]
    return {"rows": rows, "all": leave_one_out.summary(rows), "ketamine": leave_one_out.summary(ketamine)}


def _model_means(design: Design, fit: Fit) -> list[dict[str, Any]]:
    """Model's mean difference for each fitted comparison, in SDs: what stands behind the intervals of the table."""
    predicted = predictive.predict(design, predictive.thinned(fit), errors=False)
    return [
        {
            "trial": item.trial,
            "arm": item.label,
            "time_h": item.time_h,
            "model": [float(x) for x in np.quantile(item.predicted, [0.025, 0.5, 0.975])],
        }
        for item in leave_one_out.comparisons(design, predicted)
    ]
