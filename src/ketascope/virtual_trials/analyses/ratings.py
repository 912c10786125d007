"""What every analysis reads, ratings of many replicates side by side, and what every analysis gives back."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

FAILURES = (
    "none",
    "too few people",
    "baseline without spread",
    "scores without spread",
    "no convergence",
)
"""Why a replicate has no estimate, by the index kept in tables; 0 is no failure."""
NO_FAILURE, TOO_FEW, CONSTANT_BASELINE, CONSTANT_SCORES, NO_CONVERGENCE = range(len(FAILURES))


@dataclass(frozen=True)
class Ratings:
    """Ratings in points, NaN where missing; people stand in the order in which they entered.

    arm: (people,), index among `arms` arms. control: the index that the others, `active`, are compared with. baseline:
    (replicates, people). scores: (replicates, people, visits), none of them the baseline. primary: column of the visit
    that the trial is judged by. is_in: (replicates, people), who is looked at.
    """

    arm: NDArray[np.int64]
    arms: int
    control: int
    baseline: Numbers
    scores: Numbers
    primary: int
    is_in: Flags

    @property
    def active(self) -> tuple[int, ...]:
        """Indices of the arms that are compared with the control, in their order."""
        return tuple(index for index in range(self.arms) if index != self.control)

    @property
    def replicates(self) -> int:
        """Number of replicates."""
        return len(self.baseline)

    @property
    def primary_scores(self) -> Numbers:
        """Scores at the primary visit, (replicates, people)."""
        return self.scores[:, :, self.primary]

    def entered(self, first: NDArray[np.int64] | int, last: NDArray[np.int64] | int) -> Ratings:
        """The same ratings with people first, ..., last - 1 looked at; first and last: one number or (replicates,).

        Whoever comes after one common `last` is left out of the arrays, which changes no bit of what follows for one
        replicate or many; a `last` of each replicate's own must not shorten them, because others would then count.
        """
        if isinstance(last, int):
            kept = replace(self, arm=self.arm[:last], baseline=self.baseline[:, :last], scores=self.scores[:, :last])
        else:
            kept = self
        place = np.arange(len(kept.arm))
        is_in = (place >= np.reshape(first, (-1, 1))) & (place < np.reshape(last, (-1, 1)))
        return replace(kept, is_in=np.broadcast_to(is_in, kept.baseline.shape))

    def rows(self, index: NDArray[np.int64]) -> Ratings:
        """The same ratings of these replicates only, each at most once and in order."""
        if len(index) == self.replicates:
            return self
        return replace(self, baseline=self.baseline[index], scores=self.scores[index], is_in=self.is_in[index])


@dataclass(frozen=True)
class Contrasts:
    """Each active arm against the control, every field (replicates, active arms); NaN where `failure` is not 0.

    estimate is active minus control: a difference of scores in points at the primary visit, or of shares of responders.
    low, high: the interval at the analysis's level. active_mean, control_mean: mean change from baseline of those
    rated, or shares of responders. standard_deviation: of scores within arms at the primary visit, NaN for shares.
    analysed: people behind the estimate. failure: index into `FAILURES`.
    """

    estimate: Numbers
    standard_error: Numbers
    degrees_of_freedom: Numbers
    p_value: Numbers
    low: Numbers
    high: Numbers
    active_mean: Numbers
    control_mean: Numbers
    standard_deviation: Numbers
    analysed: NDArray[np.int32]
    failure: NDArray[np.int8]

    @classmethod
    def empty(cls, replicates: int, contrasts: int) -> Contrasts:
        """No estimates yet."""
        shape = (replicates, contrasts)
        numbers = {field.name: np.full(shape, np.nan) for field in fields(cls)[:-2]}
        return cls(**numbers, analysed=np.zeros(shape, np.int32), failure=np.zeros(shape, np.int8))

    def put(self, chosen: Flags, found: Contrasts, taken: Flags) -> None:
        """Take over the `taken` values of `found` at the `chosen` places, as many and in the same order."""
        for field in fields(self):
            getattr(self, field.name)[chosen] = getattr(found, field.name)[taken]

    def fail(self, places: Flags, failure: int) -> None:
        """Take the numbers away at these places, (replicates, active arms), for a failure that came later."""
        for field in fields(self)[:-2]:
            getattr(self, field.name)[places] = np.nan
        self.failure[places & (self.failure == NO_FAILURE)] = failure
