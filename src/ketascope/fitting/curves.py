"""Courses of a person's concentrations for charts: the typical person with the spread of people, and the person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ketascope.fitting.prediction import predicted, schedule_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ketascope.exchange.nonmem_data import Observation
    from ketascope.fitting.mode import Case

DRAWS = 100
POINTS = 40
AFTER_LAST = 1.1
"""A course ends a tenth of its length after the last sample of its occasion."""
LEAST_H = 0.5


def course_rows(
    case: Case, observations: Sequence[Observation], z: np.ndarray, own: np.ndarray, people: np.ndarray
) -> list[dict[str, Any]]:
    """One course an analyte and occasion with samples. z: the mode; own, people: draws after and before the data."""
    rows: list[dict[str, Any]] = []
    stacked = np.concatenate([np.zeros((len(z), 1)), z[:, None], people, own], axis=1)
    for analyte, occasion in dict.fromkeys((item.analyte, item.occasion) for item in observations):
        here = [item for item in observations if (item.analyte, item.occasion) == (analyte, occasion)]
        begin = _begin(case, here)
        length = max(AFTER_LAST * (max(item.time_h for item in here) - begin), LEAST_H)
        times = np.unique(np.concatenate([np.linspace(0, length, POINTS), *_changes(case, begin, length)]))
        levels = predicted(
            case.frame, schedule_at(case.frame, begin + times, [analyte] * len(times)), stacked, case.centres
        )
        count = people.shape[1]
        before, after = levels[:, 2 : 2 + count], levels[:, 2 + count :]
        rows.append(
            {
                "analyte": analyte,
                "occasion": occasion + 1,
                "start_h": begin,
                "time_h": times.tolist(),
                "pred_ng_per_ml": levels[:, 0].tolist(),
                "pred_low_ng_per_ml": np.quantile(before, 0.05, axis=1).tolist(),
                "pred_high_ng_per_ml": np.quantile(before, 0.95, axis=1).tolist(),
                "ipred_ng_per_ml": levels[:, 1].tolist(),
                "ipred_low_ng_per_ml": np.quantile(after, 0.05, axis=1).tolist(),
                "ipred_high_ng_per_ml": np.quantile(after, 0.95, axis=1).tolist(),
            }
        )
    return rows


def _begin(case: Case, here: Sequence[Observation]) -> float:
    """The last dose before the first sample of the occasion, or the first dose of all."""
    starts = [item.event.start_h for item in case.frame.inputs]
    before = [start for start in starts if start <= min(item.time_h for item in here)]
    last = max(before, default=min(starts))
    # Devices of one session and the parts of one dose begin minutes apart: the course starts with the first of them.
    together = [start for start in before if last - start < LEAST_H]
    return min(together, default=last)


def _changes(case: Case, begin: float, length: float) -> list[list[float]]:
    """Times after `begin` at which an infusion ends or a dose falls, where a curve has a corner."""
    times = {item.event.start_h + item.event.duration_h for item in case.frame.inputs}
    times |= {item.event.start_h for item in case.frame.inputs}
    return [[time - begin for time in sorted(times) if 0.0 < time - begin < length]]
