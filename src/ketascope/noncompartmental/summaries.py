"""Summaries over people: geometric mean and CV, median and range."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


_LARGEST_LOG_VARIANCE = 400.0
"""The CV of values so far apart, over 1e88 percent, says nothing but that; a larger one would be beyond any number."""


def geometric_summary(values: np.ndarray) -> dict[str, float]:
    """Geometric mean and geometric CV (percent) of positive values."""
    import numpy as np

    logs = np.log(values)
    variance = float(logs.var(ddof=1)) if len(values) > 1 else 0.0
    return {
        "geometric_mean": float(np.exp(logs.mean())),
        "geometric_cv_percent": 100.0 * math.sqrt(math.expm1(min(variance, _LARGEST_LOG_VARIANCE))),
    }


def group_summaries(
    rows: Iterable[Mapping[str, Any]], by: Sequence[str], quantities: Sequence[str]
) -> list[dict[str, Any]]:
    """For every group (the values of `by`) and quantity: n, geometric mean and CV (percent), median, low and high.

    n counts the values; those that are zero or missing are in no geometric mean, and `left_out` counts them. One value
    has no CV (None).
    """
    import numpy as np

    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in by), []).append(row)
    summaries = []
    for key, members in groups.items():
        for quantity in quantities:
            found = [row.get(quantity) for row in members]
            values = np.array([value for value in found if value is not None], dtype=float)
            if not values.size:
                continue
            positive = values[values > 0.0]
            summary: dict[str, Any] = dict(zip(by, key, strict=True)) | {"quantity": quantity, "n": len(values)}
            summary["left_out"] = len(found) - len(positive)
            summary |= geometric_summary(positive) if positive.size else dict.fromkeys(_GEOMETRIC)
            if len(positive) == 1:
                summary["geometric_cv_percent"] = None
            summary |= {"median": float(np.median(values)), "low": float(values.min()), "high": float(values.max())}
            summaries.append(summary)
    return summaries


_GEOMETRIC = ("geometric_mean", "geometric_cv_percent")
