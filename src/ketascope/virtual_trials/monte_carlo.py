"""What a finite number of simulated trials says of a share, a mean or a quantile: the value and its interval.

Each gives {"value", "low", "high"}; the interval is Monte-Carlo error alone, at `LEVEL`, and shrinks with more
replicates. It says nothing of how patients or parameters vary.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ketascope.virtual_trials.analyses.responders import wilson

Figure = dict[str, float | None]

LEVEL = 0.95
SHARE_INTERVAL = "Wilson"
MEAN_INTERVAL = "normal, by the standard deviation over replicates"
QUANTILE_INTERVAL = "order statistics, by the binomial distribution"
NOTHING: Mapping[str, None] = {"value": None, "low": None, "high": None}


def share(events: int, trials: int) -> Figure:
    """A share of replicates with Wilson's interval; None without any."""
    if trials < 1:
        return dict(NOTHING)
    value, low, high = wilson(np.array([events]), np.array([trials]), 1.0 - LEVEL)
    return {"value": float(value[0]), "low": float(low[0]), "high": float(high[0])}


def mean(values: NDArray[np.float64]) -> Figure:
    """Mean of the finite values; no interval of fewer than two."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return dict(NOTHING)
    value = float(finite.mean())
    if len(finite) < 2:
        return {"value": value, "low": None, "high": None}
    low, high = normal_ends(value, float(finite.std(ddof=1)) / math.sqrt(len(finite)))
    return {"value": value, "low": low, "high": high}


def quantile(values: NDArray[np.float64], at: float) -> Figure:
    """A quantile of the finite values; where they are too few for an interval its end is None."""
    from scipy.stats import binom

    finite = np.sort(values[np.isfinite(values)])
    count = len(finite)
    if not count:
        return dict(NOTHING)
    tail = 0.5 * (1.0 - LEVEL)
    low, high = int(binom.ppf(tail, count, at)) - 1, int(binom.ppf(1.0 - tail, count, at))
    return {
        "value": float(np.quantile(finite, at)),
        "low": float(finite[low]) if low >= 0 else None,
        "high": float(finite[high]) if high < count else None,
    }


def root_mean(values: NDArray[np.float64]) -> Figure:
    """Square root of the mean, 0 where it comes out below: for variances, and differences of them."""
    found = mean(values)
    return {name: None if value is None else math.sqrt(max(value, 0.0)) for name, value in found.items()}


def monotone(values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """The closest non-decreasing sequence in least squares (pool adjacent violators; Ayer et al. 1955)."""
    blocks: list[tuple[float, int]] = []
    for value in values:
        total, count = float(value), 1
        while blocks and blocks[-1][0] / blocks[-1][1] >= total / count:
            before, size = blocks.pop()
            total, count = total + before, count + size
        blocks.append((total, count))
    return np.concatenate([np.full(count, total / count) for total, count in blocks]) if blocks else np.zeros(0)


def normal_ends(value: float, standard_error: float) -> tuple[float, float]:
    """Both ends of the normal interval at `LEVEL` of a value with a standard error; for shares see `share`."""
    from scipy.special import ndtri

    half = -float(ndtri(0.5 * (1.0 - LEVEL))) * standard_error
    return value - half, value + half
