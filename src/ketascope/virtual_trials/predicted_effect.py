"""The distribution of the estimate that a trial of this design would print, and where a real trial's result falls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ketascope.virtual_trials.design import Design, Observed
from ketascope.virtual_trials.monte_carlo import normal_ends, share

if TYPE_CHECKING:
    import numpy as np

QUANTILES = {"low_95": 0.025, "low_50": 0.25, "median": 0.5, "high_50": 0.75, "high_95": 0.975}
BINS = 40


@dataclass(frozen=True)
class Estimates:
    """Of every replicate with an estimate: the difference from the control, and the same in standard deviations."""

    points: np.ndarray
    smd: np.ndarray


def collect(design: Design, parts: Iterable[Mapping[str, np.ndarray]]) -> dict[str, Estimates]:
    """Estimates by arm, by the first of the design's analyses that estimates points, for the trial as designed."""
    import numpy as np

    method = next((name for name in design.analyses if name != "responders"), None)
    found: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {arm.name: [] for arm in design.active}
    if method is None:
        return {}
    for table in parts:
        own = (table["method"] == method) & (table["curve_people"] == 0) & np.isfinite(table["estimate"])
        for arm, rows in found.items():
            its = own & (table["contrast"] == arm)
            rows.append((table["estimate"][its], table["estimate"][its] / table["standard_deviation"][its]))
    return {
        arm: Estimates(*(np.concatenate(columns) for columns in zip(*rows, strict=True))) for arm, rows in found.items()
    }


def predicted_effects(design: Design, estimates: Mapping[str, Estimates]) -> list[dict[str, Any]]:
    """One row an arm: quantiles of the estimate in points, and how often it falls into each of `BINS` equal bins."""
    import numpy as np

    rows = []
    for arm, found in estimates.items():
        if not len(found.points):
            continue
        values = np.quantile(found.points, list(QUANTILES.values()))
        counts, edges = np.histogram(found.points, BINS)
        rows.append(
            {
                "arm": arm,
                "replicates": len(found.points),
                **{name: float(value) for name, value in zip(QUANTILES, values, strict=True)},
                "bin_edges": edges.tolist(),
                "bin_counts": counts.tolist(),
            }
        )
    return rows


def observed_row(observed: Observed, estimates: Mapping[str, Estimates]) -> dict[str, Any] | None:
    """A real trial's result against the distribution; None where there is no estimate to hold it against.

    With an estimate: its normal 95% interval where a standard error is known, its percentile (share of replicates with
    a lower, that is better, estimate), the share at least as far from the median on either side, and whether it lies
    inside the central 50% and 95%. With a bound alone: the share of replicates whose standardised difference stays
    within it, and no more can be said.
    """
    import numpy as np

    found = estimates.get(observed.arm)
    if found is None or not len(found.points):
        return None
    said: dict[str, Any] = {
        "arm": observed.arm,
        "label": observed.label,
        "source": observed.source,
        "estimate": observed.estimate,
        "standard_error": observed.standard_error,
        "low": None,
        "high": None,
        "smd_within": observed.smd_within,
        "percentile": None,
        "as_far_percent": None,
        "inside_50": None,
        "inside_95": None,
        "within_bound": None,
    }
    if observed.estimate is not None:
        below = float(np.mean(found.points < observed.estimate) + 0.5 * np.mean(found.points == observed.estimate))
        said |= {
            "percentile": 100.0 * below,
            "as_far_percent": 200.0 * min(below, 1.0 - below),
            "inside_50": 0.25 <= below <= 0.75,
            "inside_95": 0.025 <= below <= 0.975,
        }
        if observed.standard_error is not None:
            said["low"], said["high"] = normal_ends(observed.estimate, observed.standard_error)
    if observed.smd_within is not None:
        known = found.smd[np.isfinite(found.smd)]
        said["within_bound"] = share(int((np.abs(known) <= observed.smd_within).sum()), len(known))
    return said
