"""Each trial predicted from all others: coverage, and whether the mechanism beats models that know no dose or route.

Every comparison with a control is put in standard deviations, negative where the treatment is better. Two rivals are
scored on the same rows: a random-effects model of all ketamine trials that knows neither dose nor route nor indication,
and one that gives each trial the mean of its indication. Score: CRPS (Gneiting and Raftery 2007,
doi:10.1198/016214506000001437), smaller is better; each trial counts once, with the mean over its rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ketascope.evidence.pooling.models import pool
from ketascope.evidence.symptom_trials.design import Design
from ketascope.evidence.symptom_trials.predictive import Predicted
from ketascope.evidence.symptom_trials.trial_file import Trial

LEVELS = (0.5, 0.95)
RIVALS = ("dose-blind random effects", "mean of the indication")
FEWEST_FOR_SPREAD = 2


@dataclass(frozen=True)
class Comparison:
    """A treatment against its control in one trial: observed difference in SDs with its error, and predictive draws."""

    trial: str
    label: str
    time_h: float
    observed: float
    error: float
    predicted: np.ndarray


def comparisons(design: Design, predicted: Predicted) -> list[Comparison]:
    """Every comparison with a control that a design holds, in the order of its trials and rows."""
    found: list[tuple[int, Comparison]] = []
    for index, (k, row) in enumerate(design.figures):
        if row.kind == "smd":
            continue
        sd = _sd(design, k, row.arm, row.time_h)
        if row.kind in ("difference", "followup"):
            item = (row.value / sd, row.error / sd, predicted.figures[:, index] / sd)
        elif row.kind == "change" and _is_treated(design.trials[k], row.arm):
            other = _control_row(design.figures, k, row, index, design.trials[k])
            control = design.figures[other][1]
            draws = (predicted.figures[:, index] - predicted.figures[:, other]) / sd
            item = ((row.value - control.value) / sd, math.hypot(row.error, control.error) / sd, draws)
        else:
            continue
        found.append((k, Comparison(design.trials[k].key, row.arm, row.time_h, *item)))
    for index, (k, row) in enumerate(design.responses):
        if not _is_treated(design.trials[k], row.arm):
            continue
        other = _control_row(design.responses, k, row, index, design.trials[k])
        control = design.responses[other][1]
        observed, error = smd_of_counts(row.value, row.n, control.value, control.n)
        draws, _ = smd_of_counts(predicted.events[:, index], row.n, predicted.events[:, other], control.n)
        found.append((k, Comparison(design.trials[k].key, row.arm, row.time_h, float(observed), float(error), draws)))
    return [item for _, item in sorted(found, key=lambda pair: (pair[0], pair[1].time_h))]


def smd_of_counts(events: Any, n: int, control_events: Any, control_n: int) -> tuple[Any, Any]:
    """Standardised difference that a pair of counts implies, and its error: -log OR sqrt(3)/pi, 0.5 added to each cell.

    Chinn 2000, doi:10.1002/1097-0258(20001130)19:22<3127::AID-SIM784>3.0.CO;2-M. Negative where more respond.
    """
    a, b = events + 0.5, n - events + 0.5
    c, d = control_events + 0.5, control_n - control_events + 0.5
    factor = math.sqrt(3.0) / math.pi
    return -factor * np.log(a * d / (b * c)), factor * np.sqrt(1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d)


def _is_treated(trial: Trial, arm: str) -> bool:
    own = trial.arms[arm]
    return bool(own.sentences) if trial.is_ketamine else own.antidepressant


def _control_row(rows: Sequence[tuple[int, Any]], k: int, row: Any, index: int, trial: Trial) -> int:
    """The control's row at the same time: the arm with this one's visits, else the only one; groups pair in order."""
    same = [i for i, (m, x) in enumerate(rows) if m == k and x.time_h == row.time_h]
    controls = [i for i in same if not _is_treated(trial, rows[i][1].arm)]
    own = [i for i in controls if trial.arms[rows[i][1].arm].control_of == row.arm]
    twins = [i for i in same if rows[i][1].arm == row.arm]
    return (own or controls)[twins.index(index) if len(own or controls) == len(twins) else 0]


def _sd(design: Design, k: int, arm: str, time_h: float) -> float:
    return float(design.readouts.endpoint_sd[design.key_index[k, arm, time_h]])


def crps(draws: np.ndarray, observed: float) -> float:
    """Continuous ranked probability score of predictive draws: E|X - y| - E|X - X'|/2."""
    ordered = np.sort(draws)
    n = len(ordered)
    spread = 2.0 * float(((2.0 * np.arange(1, n + 1) - n - 1.0) * ordered).sum()) / n**2
    return float(np.abs(ordered - observed).mean()) - 0.5 * spread


def crps_normal(mean: float, sd: float, observed: float) -> float:
    """The same for a normal prediction, in closed form (Gneiting 2005, doi:10.1175/MWR2904.1)."""
    from scipy.stats import norm

    z = (observed - mean) / sd
    return float(sd * (z * (2.0 * norm.cdf(z) - 1.0) + 2.0 * norm.pdf(z) - 1.0 / math.sqrt(math.pi)))


def rival_predictions(
    trial: Trial, trials: Mapping[str, Trial], primary: Mapping[str, tuple[float, float]]
) -> dict[str, tuple[float, float]]:
    """Mean and SD that each rival gives a new comparison of `trial`, from the other trials' primary comparisons.

    primary: observed difference and error of each trial. The SD is without the comparison's own error.
    """
    others = {key: value for key, value in primary.items() if key != trial.key}
    kin = {key: value for key, value in others.items() if trials[key].indication == trial.indication}
    return {
        RIVALS[0]: _random_effects(others),
        RIVALS[1]: _random_effects(kin) if len(kin) >= FEWEST_FOR_SPREAD else _random_effects(others),
    }


def _random_effects(rows: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
    estimates = np.array([value for value, _ in rows.values()])
    variances = np.array([error**2 for _, error in rows.values()])
    pooled = pool(estimates, variances, estimator="REML", test="z")
    return pooled.estimate, math.sqrt(pooled.standard_error**2 + pooled.tau2)


def score_rows(items: Sequence[Comparison], rivals: Mapping[str, tuple[float, float]] | None) -> list[dict[str, Any]]:
    """Coverage and CRPS of one trial's comparisons; the last one is its primary."""
    rows = []
    for position, item in enumerate(items):
        bounds = {level: np.quantile(item.predicted, [0.5 - level / 2, 0.5 + level / 2]) for level in LEVELS}
        row: dict[str, Any] = {
            "trial": item.trial,
            "arm": item.label,
            "time_h": item.time_h,
            "observed": item.observed,
            "error": item.error,
            "median": float(np.median(item.predicted)),
            "low_50": float(bounds[0.5][0]),
            "high_50": float(bounds[0.5][1]),
            "low_95": float(bounds[0.95][0]),
            "high_95": float(bounds[0.95][1]),
            "inside_50": bool(bounds[0.5][0] <= item.observed <= bounds[0.5][1]),
            "inside_95": bool(bounds[0.95][0] <= item.observed <= bounds[0.95][1]),
            "primary": position == len(items) - 1,
            "crps": crps(item.predicted, item.observed),
        }
        if rivals is not None:
            row["rival_crps"] = {
                name: crps_normal(mean, math.hypot(sd, item.error), item.observed)
                for name, (mean, sd) in rivals.items()
            }
        rows.append(row)
    return rows


def summary(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Coverage of the primary comparisons with exact binomial tests, and mean CRPS beside the rivals'."""
    from scipy.stats import binomtest

    primary = [row for row in rows if row["primary"]]
    coverage = {}
    for level in LEVELS:
        inside = sum(row[f"inside_{level * 100:.0f}"] for row in primary)
        everywhere = sum(row[f"inside_{level * 100:.0f}"] for row in rows)
        coverage[f"{level * 100:.0f}%"] = {
            "inside": inside,
            "trials": len(primary),
            "p_value": float(binomtest(inside, len(primary), level).pvalue),
            "rows_inside": everywhere,
            "rows": len(rows),
        }
    scored = [row for row in rows if "rival_crps" in row]
    own = _by_trial(scored, lambda row: row["crps"])
    rivals = {name: _by_trial(scored, lambda row, name=name: row["rival_crps"][name]) for name in RIVALS}
    return {
        "coverage": coverage,
        "crps": float(np.mean(list(own.values()))),
        "rivals": {name: float(np.mean(list(values.values()))) for name, values in rivals.items()},
        "trials_won": {
            name: sum(own[trial] < value for trial, value in values.items()) for name, values in rivals.items()
        },
        "trials_scored": len(own),
        "beats_rivals": bool(all(np.mean(list(own.values())) < np.mean(list(v.values())) for v in rivals.values())),
    }


def _by_trial(rows: Sequence[Mapping[str, Any]], value: Any) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for row in rows:
        found.setdefault(row["trial"], []).append(value(row))
    return {trial: float(np.mean(values)) for trial, values in found.items()}
