"""Exposure after a further regimen, given what a person's samples say: for research use, not for dosing.

The regimen is given on its own, nothing left of earlier doses. Intervals hold what is still unknown of the person, and
how occasions differ; a random effect that the data did not inform is as wide as in the population. They are of the
concentration itself, not of a measured value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ketascope.fitting.frame import Frame, make_frame
from ketascope.fitting.prediction import predicted, schedule_at
from ketascope.fitting.variability import occasion_shares
from ketascope.model.exposure import ketamine_doses
from ketascope.model.occasions import occasion_starts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ketascope.fitting.mode import Case
    from ketascope.regimen import Dose, Regimen

WINDOW_H = 24.0
FIRST_POINT_H, LAST_AFTER_CHANGE_H = 1.0 / 60.0, 4.0
POINTS_IN_WINDOW, POINTS_AFTER_CHANGE = 40, 12
ANALYTES = ("ketamine", "norketamine")
"""Concentrations are looked at for the first occasion: to the start of the next one, or 24 h after its last dose."""


def next_exposure(case: Case, regimen: Regimen, z: np.ndarray, generator: np.random.Generator) -> dict[str, Any]:
    """Cmax, area and trough of the first occasion of `regimen`, each with its 90% interval, beside the typical spread.

    z: draws of the person's posterior (effects, draws). The window is in the result.
    """
    frame = case.frame
    doses = ketamine_doses(regimen.doses(frame.person.weight_kg))
    start_h, end_h, first = first_occasion(doses, case)
    ahead = make_frame(first, [0] * len(first), set(), frame.person, frame.parameters, frame.place)
    fresh = generator.standard_normal((len(ahead.effects), z.shape[1]))
    own = carried_over(frame, ahead, z, fresh)
    result: dict[str, Any] = {"sentence": str(regimen), "window_h": [start_h, end_h]}
    for analyte in ANALYTES:
        before = exposures(ahead, fresh, analyte, start_h, end_h, case.centres)
        after = exposures(ahead, own, analyte, start_h, end_h, case.centres)
        for name, values in after.items():
            result[f"{analyte}_{name}"] = _band(values) | {"typical": _band(before[name])}
    return result


def first_occasion(doses: Sequence[Dose], case: Case) -> tuple[float, float, tuple[Dose, ...]]:
    """Start and end of the window in hours, and the doses in it."""
    starts = occasion_starts(doses, case.frame.parameters)
    until = starts[1] if len(starts) > 1 else np.inf
    first = tuple(dose for dose in doses if dose.time_h < until)
    ends = max(dose.time_h + dose.duration_h for dose in first)
    return starts[0], float(until if np.isfinite(until) else ends + WINDOW_H), first


def carried_over(frame: Frame, ahead: Frame, z: np.ndarray, fresh: np.ndarray) -> np.ndarray:
    """Random effects of a new occasion (effects of `ahead`, draws): what is the person's own as fitted, the rest anew.

    fresh: standard normals of that shape. With the share s of an effect's variance that belongs to occasions, two
    occasions of a person correlate by 1 - s. Where several were fitted the person's own part is known by itself.
    """
    shares = occasion_shares()
    known = {effect.name: number for number, effect in enumerate(frame.effects) if effect.occasion is None}
    result = fresh.copy()
    for number, effect in enumerate(ahead.effects):
        if effect.name in known:
            share = shares.get(effect.name, 0.0)
            kept = np.sqrt(1.0 - share) if effect.name in frame.shares else 1.0 - share
            result[number] = kept * z[known[effect.name]] + np.sqrt(1.0 - kept**2) * fresh[number]
    return result


def exposures(
    frame: Frame, z: np.ndarray, analyte: str, start_h: float, end_h: float, centres: Mapping[str, float] | None
) -> dict[str, np.ndarray]:
    """Cmax, area over the window and level at its end, (draws,) each."""
    events = [item.event for item in frame.inputs]
    changes = sorted({event.start_h for event in events} | {event.start_h + event.duration_h for event in events})
    whole = start_h + np.geomspace(FIRST_POINT_H, end_h - start_h, POINTS_IN_WINDOW)
    near = np.concatenate([[0.0], np.geomspace(FIRST_POINT_H, LAST_AFTER_CHANGE_H, POINTS_AFTER_CHANGE)])
    times = np.unique(np.concatenate([whole, *(change + near for change in changes)]))
    times = times[times < end_h]
    levels = predicted(frame, schedule_at(frame, times, [analyte] * len(times)), z, centres)
    # A bolus at the very end of the window belongs to the next one.
    end = schedule_at(frame, [end_h], [analyte], [0], [0] * (1 + max(item.dose for item in frame.inputs)))
    return {
        "cmax_ng_per_ml": levels.max(axis=0),
        "auc_ng_h_per_ml": predicted(frame, end, z, centres, area=True)[0],
        "trough_ng_per_ml": predicted(frame, end, z, centres)[0],
    }


def _band(values: np.ndarray) -> dict[str, float]:
    low, median, high = np.quantile(values, [0.05, 0.5, 0.95])
    return {"median": float(median), "low": float(low), "high": float(high)}
