"""Replicates followed from look to look: who has entered, which comparison stops, and what it then shows.

A look at k people takes the first k that entered, and assumes that all of them have finished the primary visit: entry
pauses, or is slow against the time to that visit. Each comparison with the control stops by itself, and the trial with
the last of them; an arm that has stopped goes on entering people here, which makes `people` an upper bound with several
arms. With several arms boundaries follow Holm's steps at every look (Maurer & Bretz 2013, Stat Biopharm Res 5:311):
with j comparisons not yet rejected, each is held to the boundary of alpha / j. One look makes this Holm's test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketascope.errors import InputError
from ketascope.virtual_trials.analyses.ratings import TOO_FEW, Contrasts, Flags, Numbers, Ratings
from ketascope.virtual_trials.design import Design
from ketascope.virtual_trials.sequential import boundaries, conditional_power, reestimated_people

Estimator = Callable[[Ratings], Contrasts]

REASONS = ("planned end", "end after more people", "benefit", "harm", "futility")
"""Why a comparison ended, by index."""
PLANNED_END, RAISED_END, BENEFIT, HARM, FUTILITY = range(len(REASONS))
ROUNDING_Z = 1e-12


@dataclass(frozen=True)
class Schedule:
    """When a trial is looked at and what stops it.

    people: at each look, as planned. information: their share of the last. bounds: (comparisons, looks), row j - 1 for
    alpha / j. The rest as in `design.Adaptation`.
    """

    people: tuple[int, ...]
    information: tuple[float, ...]
    bounds: Numbers
    futility_below: float | None = None
    people_most: int | None = None
    wanted_power: float | None = None

    @property
    def reestimates(self) -> bool:
        """Whether the size may be changed at the first look."""
        return self.people_most is not None


@dataclass(frozen=True)
class Followed:
    """Each comparison at its last look, every field (replicates, active arms).

    is_significant: some look up to the last crossed the boundary of the whole alpha, as if there were no other arm.
    is_significant_adjusted: it crossed the one that Holm's steps hold it to. Both count either direction.
    """

    contrasts: Contrasts
    look: NDArray[np.int8]
    people: NDArray[np.int32]
    reason: NDArray[np.int8]
    is_significant: Flags
    is_significant_adjusted: Flags


def schedule(design: Design) -> Schedule:
    """The looks that a design asks for; the last is at its people.

    Raises InputError for looks that fall on the same number of people, and for a re-estimation without an earlier look
    or without the power it is for.
    """
    adaptation = design.adaptation
    people = tuple(round(share * design.people) for share in adaptation.information)
    if people[0] < 1 or any(later <= sooner for sooner, later in zip(people, people[1:], strict=False)):
        raise InputError(
            f"looks at {', '.join(map(str, people))} people: each must have more people than the one before"
        )
    if adaptation.people_most is not None:
        if len(people) < 2:
            raise InputError("sample-size re-estimation needs a look before the last, such as information = [0.5, 1]")
        if adaptation.wanted_power is None:
            raise InputError("sample-size re-estimation needs wanted_power, the conditional power to aim for")
        if adaptation.people_most < design.people:
            raise InputError(
                f"people_most {adaptation.people_most}: must be at least the {design.people} people planned"
            )
    information = tuple(count / people[-1] for count in people)
    return Schedule(
        people=people,
        information=information,
        bounds=_bounds(information, len(design.active), design.alpha, adaptation.spending),
        futility_below=adaptation.futility_below,
        people_most=adaptation.people_most,
        wanted_power=adaptation.wanted_power,
    )


def fixed_schedule(design: Design, people: int) -> Schedule:
    """One look, at so many people: a trial of fixed size."""
    return Schedule((people,), (1.0,), _bounds((1.0,), len(design.active), design.alpha, design.adaptation.spending))


def follow(plan: Schedule, ratings: Ratings, estimator: Estimator, benefit: float) -> Followed:
    """Follow all replicates through the looks. benefit: the sign of an estimate that favours the active arm."""
    replicates, arms, looks = ratings.replicates, len(ratings.active), len(plan.people)
    shape = (replicates, arms)
    found = Followed(
        Contrasts.empty(replicates, arms),
        look=np.zeros(shape, np.int8),
        people=np.zeros(shape, np.int32),
        reason=np.zeros(shape, np.int8),
        is_significant=np.zeros(shape, bool),
        is_significant_adjusted=np.zeros(shape, bool),
    )
    is_open = np.ones(shape, bool)
    size = np.tile(np.asarray(plan.people, np.int64), (replicates, 1))
    combined = np.zeros(shape)
    for k in range(looks):
        rows = np.flatnonzero(is_open.any(axis=1))
        if not len(rows):
            break
        own = ratings.rows(rows)
        contrasts = estimator(own.entered(0, size[rows, k] if plan.reestimates else plan.people[k]))
        z = signed_z(contrasts, benefit)
        if plan.reestimates:
            if k > 0:
                z = signed_z(estimator(own.entered(size[rows, k - 1], size[rows, k])), benefit)
            before = plan.information[k - 1] if k else 0.0
            combined[rows] += np.sqrt(plan.information[k] - before) * z
            z = combined[rows] / np.sqrt(plan.information[k])
        now_open = is_open[rows]
        crossed = _crossed(plan.bounds[:, k], z, now_open, found.is_significant_adjusted[rows])
        found.is_significant_adjusted[rows] |= crossed
        found.is_significant[rows] |= now_open & (np.abs(z) >= plan.bounds[0, k] - ROUNDING_Z)
        reason = np.where(crossed, np.where(z > 0.0, BENEFIT, HARM), PLANNED_END)
        closes = crossed.copy()
        if k == looks - 1:
            closes = now_open.copy()
            reason = np.where(size[rows, k] > plan.people[k], RAISED_END, PLANNED_END)[:, None] + np.zeros_like(reason)
            contrasts.fail(now_open & np.isnan(z), TOO_FEW)
        elif plan.futility_below is not None:
            factor = (size[rows, -1] - size[rows, k]) / (plan.people[-1] - plan.people[k])
            power = conditional_power(z, plan.information[k], plan.bounds[-1, -1], factor[:, None])
            is_futile = now_open & ~crossed & (power < plan.futility_below)
            closes |= is_futile
            reason[is_futile] = FUTILITY
        chosen = np.zeros(shape, bool)
        chosen[rows] = closes
        found.contrasts.put(chosen, contrasts, closes)
        found.look[chosen], found.reason[chosen] = k + 1, reason[closes]
        found.people[chosen] = np.broadcast_to(size[rows, k][:, None], closes.shape)[closes]
        is_open &= ~chosen
        if k == 0 and plan.reestimates:
            _reestimate(plan, size, rows, np.where(is_open[rows], z, -np.inf))
    return found


def signed_z(contrasts: Contrasts, benefit: float) -> Numbers:
    """The normal statistic of a two-sided p-value, above 0 where the estimate favours the active arm."""
    from scipy.special import ndtri

    return -np.asarray(ndtri(0.5 * contrasts.p_value)) * np.sign(benefit * contrasts.estimate)


def _bounds(information: tuple[float, ...], contrasts: int, alpha: float, spending: str) -> Numbers:
    return np.array([boundaries(information, alpha / j, spending) for j in range(1, contrasts + 1)])


def _crossed(bounds: Numbers, z: Numbers, is_open: Flags, rejected: Flags) -> Flags:
    """Holm's steps at one look: comparisons rejected now. bounds: (comparisons,); the others (replicates, active)."""
    contrasts = z.shape[1]
    now = np.zeros_like(is_open)
    for _ in range(contrasts):
        left = contrasts - (rejected | now).sum(axis=1)
        bound = bounds[np.maximum(left, 1) - 1]
        new = is_open & ~rejected & ~now & (np.abs(z) >= bound[:, None] - ROUNDING_Z)
        if not new.any():
            break
        now |= new
    return now


def _reestimate(plan: Schedule, size: NDArray[np.int64], rows: NDArray[np.int64], z: Numbers) -> None:
    """Change the sizes of later looks in place. z: of comparisons that go on, -inf for the others; the best decides."""
    assert plan.people_most is not None
    assert plan.wanted_power is not None
    first, planned = plan.people[0], plan.people[-1]
    best = np.where(np.isnan(z), -np.inf, z).max(axis=1)
    total = reestimated_people(best, first, planned, plan.people_most, plan.bounds[-1, -1], plan.wanted_power)
    growth = (total - first) / (planned - first)
    for k in range(1, len(plan.people)):
        size[rows, k] = first + np.rint(growth * (plan.people[k] - first)).astype(np.int64)
