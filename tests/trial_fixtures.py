"""What the tests of the calibration on trials share: changed outcome rows, small designs, and values to try."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from ketascope.evidence.priors import priors_of
from ketascope.evidence.studies import tables
from ketascope.evidence.symptom_trials import trial_file
from ketascope.evidence.symptom_trials.calibration import calibration_parameters
from ketascope.evidence.symptom_trials.design import Design, make_design
from ketascope.evidence.symptom_trials.estimation import PRIOR_FILE, Fit, multiplier_names
from ketascope.evidence.symptom_trials.likelihood import TRIAL_EFFECTS, TRUNCATED
from ketascope.evidence.symptom_trials.states import LIMIT
from ketascope.evidence.symptom_trials.trial_file import Figure, Trial, load_trials


def trial(key: str) -> Trial:
    """A trial of the fit or of the checks by its key."""
    return next(item for item in (*load_trials(), *load_trials(check=True)) if item.key == key)


def figures(key: str, kind: str) -> list[Figure]:
    return [row for row in trial(key).rows if row.kind == kind]


def change_outcomes(monkeypatch: pytest.MonkeyPatch, changes: Mapping[str, Mapping[str, Any]]) -> None:
    """Let the trial file read outcome rows of which some cells are different."""
    unknown = set(changes) - {row.outcome_id for row in tables.outcomes()}
    assert not unknown, unknown

    def changed(name: str | None = None) -> tuple[tables.Outcome, ...]:
        return tuple(replace(row, **changes.get(row.outcome_id, {})) for row in tables.outcomes(name))

    monkeypatch.setattr(trial_file, "outcomes", changed)


def change_file(monkeypatch: pytest.MonkeyPatch, key: str, **changes: Any) -> dict[str, Any]:
    """Let the trial file hold one trial alone, some of its cells different; returns its raw table to change further."""
    raw = copy.deepcopy(trial_file._raw())
    own = {**raw[key], **changes}
    monkeypatch.setattr(trial_file, "_raw", lambda: {**{name: raw[name] for name in trial_file.NOT_TRIALS}, key: own})
    return own


@lru_cache(maxsize=8)
def design_of(*keys: str) -> Design:
    """The design of a few trials of the package, in the order given."""
    return make(tuple(trial(key) for key in keys))


def make(trials: tuple[Trial, ...], **options: Any) -> Design:
    return make_design(trials, calibration_parameters(), priors_of(PRIOR_FILE), multiplier_names(), **options)


def some_values(seed: int, width: float = 1.0) -> dict[str, float]:
    """One draw of everything that a prediction needs, `width` prior SDs wide."""
    rng = np.random.default_rng(seed)
    values: dict[str, float] = {}
    for name, prior in priors_of(PRIOR_FILE).items():
        z = float(np.clip(width * rng.standard_normal(), -LIMIT, LIMIT))
        z = abs(z) if prior.kind == "half-normal" else z
        if name in TRUNCATED:
            values[f"z_{name}"] = z
        values[name] = float(prior.at(np, z))
    return values


def middle_values() -> dict[str, float]:
    """The middle of every prior, and no spread between indications or trials."""
    return some_values(0, width=0.0)


def no_effects(design: Design) -> dict[str, np.ndarray]:
    return {name: np.zeros(len(design.trials)) for name in TRIAL_EFFECTS}


def made_up_fit(trials: tuple[Trial, ...], chains: int = 2, draws: int = 200, seed: int = 0, width: float = 1.0) -> Fit:
    """A fit whose draws are independent draws from the prior, times `width`."""
    rng = np.random.default_rng(seed)
    sites: dict[str, np.ndarray] = {}
    for name, prior in priors_of(PRIOR_FILE).items():
        z = np.clip(width * rng.standard_normal((chains, draws)), -LIMIT, LIMIT)
        sites[f"z_{name}"] = np.abs(z) if prior.kind == "half-normal" else z
    for name in TRIAL_EFFECTS:
        sites[f"trial_{name}"] = rng.standard_normal((chains, draws, len(trials)))
    keys = tuple(item.key for item in trials)
    return Fit(priors_of(PRIOR_FILE), keys, sites, np.zeros(chains, dtype=int))
