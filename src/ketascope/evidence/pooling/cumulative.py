"""The pooled effect as studies come in one by one, and with each study left out in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from ketascope.errors import InputError
from ketascope.evidence.pooling.inputs import check, check_level
from ketascope.evidence.pooling.models import DEFAULT_ESTIMATOR, DEFAULT_TEST, Pooled, pool_data


@dataclass(frozen=True)
class Row:
    """One line of a table of pooled effects; a line that could not be pooled has None and says why in `note`."""

    name: str
    k: int
    estimate: float | None
    low: float | None
    high: float | None
    tau2: float | None
    i2: float | None
    converged: bool | None
    note: str


def unpooled(name: str, k: int, why: str) -> Row:
    """A line without numbers."""
    return Row(name, k, None, None, None, None, None, None, why)


def row_of(name: str, pooled: Pooled, note: str = "") -> Row:
    """A pooled effect as a line of a table."""
    kept = (pooled.estimate, pooled.low, pooled.high, pooled.tau2, pooled.i2, pooled.converged)
    return Row(name, pooled.k, *kept, note or pooled.message)


def cumulative(
    estimates: ArrayLike,
    variances: ArrayLike,
    order: ArrayLike,
    *,
    estimator: str = DEFAULT_ESTIMATOR,
    test: str = DEFAULT_TEST,
    level: float = 0.95,
    names: Sequence[str] | None = None,
) -> tuple[Row, ...]:
    """One row a study, pooled with all before it by `order` (such as the year; ties keep their place).

    The first row is that study as it is, with its normal interval.
    """
    data, places = check(estimates, variances, names), np.asarray(order, float)
    if places.shape != (data.k,) or not np.isfinite(places).all():
        raise InputError(f"order needs one finite number for each of {data.k} studies")
    sequence = np.argsort(places, kind="stable")
    first = data.keep(sequence[:1])
    value, margin = float(first.estimates[0]), float(np.sqrt(first.variances[0]))
    margin *= float(stats.norm.isf(0.5 * (1.0 - check_level(level))))
    rows = [Row(first.names[0], 1, value, value - margin, value + margin, None, None, None, "one study, as it is")]
    for count in range(2, data.k + 1):
        part = data.keep(sequence[:count])
        rows.append(row_of(part.names[-1], pool_data(part, estimator=estimator, test=test, level=level)))
    return tuple(rows)


def leave_one_out(
    estimates: ArrayLike,
    variances: ArrayLike,
    *,
    estimator: str = DEFAULT_ESTIMATOR,
    test: str = DEFAULT_TEST,
    level: float = 0.95,
    names: Sequence[str] | None = None,
) -> tuple[Row, ...]:
    """One row a study, pooled without it; at least three studies are needed."""
    data = check(estimates, variances, names)
    if data.k < 3:
        raise InputError(f"leaving one out of {data.k} studies leaves nothing to pool; at least three are needed")
    rows = []
    for i, name in enumerate(data.names):
        part = data.keep(np.arange(data.k) != i)
        rows.append(row_of(name, pool_data(part, estimator=estimator, test=test, level=level)))
    return tuple(rows)
