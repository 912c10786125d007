"""What every method of the package asks of its input, checked once: the row at fault is named."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ketascope.errors import InputError, unknown

Array = NDArray[np.float64]

TOO_FEW = "pooling needs at least two studies; one is shown as it is"


@dataclass(frozen=True)
class Data:
    """Checked input: estimates (k,) and variances (k,) on one scale, a name per study, the design (k, p)."""

    estimates: Array
    variances: Array
    names: tuple[str, ...]
    design: Array

    @property
    def k(self) -> int:
        """Number of studies."""
        return len(self.estimates)

    @property
    def degrees_of_freedom(self) -> int:
        """Studies less coefficients."""
        return self.design.shape[0] - self.design.shape[1]

    def keep(self, kept: Sequence[int] | NDArray[np.intp] | NDArray[np.bool_]) -> Data:
        """The same data with these studies only."""
        index = np.arange(self.k)[np.asarray(kept)]
        names = tuple(self.names[i] for i in index)
        return Data(self.estimates[index], self.variances[index], names, self.design[index])


def check(
    estimates: ArrayLike,
    variances: ArrayLike,
    names: Sequence[str] | None = None,
    moderators: Mapping[str, ArrayLike] | None = None,
) -> Data:
    """Checked data with an intercept and one column a moderator; InputError names the first row that cannot be.

    Raises InputError for fewer than two studies, lengths that differ, a value that is not finite, a variance that is
    not positive, and moderators that are constant or repeat one another.
    """
    estimate, variance = np.atleast_1d(np.asarray(estimates, float)), np.atleast_1d(np.asarray(variances, float))
    if estimate.ndim != 1 or estimate.shape != variance.shape:
        raise InputError(f"{estimate.size} estimates and {variance.size} variances; one of each per study is needed")
    labels = tuple(f"study {i + 1}" for i in range(estimate.size)) if names is None else tuple(names)
    if len(labels) != estimate.size:
        raise InputError(f"{len(labels)} names for {estimate.size} studies; one per study is needed")
    for row, (label, y, v) in enumerate(zip(labels, estimate, variance, strict=True), 1):
        if not math.isfinite(y):
            raise InputError(f"row {row} ('{label}'): estimate {y:g} should be a finite number")
        if not (math.isfinite(v) and v > 0.0):
            raise InputError(f"row {row} ('{label}'): variance {v:g} should be finite and above zero")
    if estimate.size < 2:
        raise InputError(TOO_FEW)
    columns = [np.ones_like(estimate)]
    for name, values in (moderators or {}).items():
        columns.append(_moderator(name, np.asarray(values, float), labels))
    design = np.column_stack(columns)
    _check_rank(design, tuple(moderators or ()))
    return Data(estimate, variance, labels, design)


def _moderator(name: str, values: Array, labels: Sequence[str]) -> Array:
    if values.shape != (len(labels),):
        raise InputError(f"moderator '{name}' has {values.size} values for {len(labels)} studies")
    for row, (label, value) in enumerate(zip(labels, values, strict=True), 1):
        if not math.isfinite(value):
            raise InputError(f"row {row} ('{label}'): moderator '{name}' should be a finite number, not {value:g}")
    if np.ptp(values) == 0.0:
        raise InputError(f"moderator '{name}' is {values[0]:g} in every study, so its effect cannot be estimated")
    return values


def _check_rank(design: Array, moderators: Sequence[str]) -> None:
    k, p = design.shape
    if p > 1 and k <= p:
        raise InputError(f"{k} studies are too few for {p} coefficients; at least {p + 1} are needed")
    if not is_full_rank(design):
        raise InputError(f"moderators {', '.join(moderators)} repeat one another; leave one of them out")


def is_full_rank(design: Array) -> bool:
    """Whether the columns can be told apart, once brought to one size: years and doses differ by orders."""
    sizes = np.linalg.norm(design, axis=0)
    return bool(sizes.all() and np.linalg.matrix_rank(design / sizes) == design.shape[1])


def choose(value: str, known: Iterable[str], what: str) -> str:
    """The value itself if known; otherwise InputError with the nearest known name."""
    names = list(known)
    if value not in names:
        raise InputError(unknown(what, value, names, cutoff=0.4))
    return value


def check_level(level: float) -> float:
    """The confidence level itself if between 0 and 1."""
    if not 0.0 < level < 1.0:
        raise InputError(f"level {level:g} should be between 0 and 1, such as 0.95")
    return level
