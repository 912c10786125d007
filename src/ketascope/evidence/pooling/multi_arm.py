"""Trials with several active arms and one control: three named ways to let each trial count once.

Source: Cochrane Handbook 6.5, sections 6.5.2.10 (combining groups) and 23.3.4 (shared control); Borenstein et al. 2009,
chapter 25 (several comparisons within one study).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeVar

from ketascope.errors import InputError
from ketascope.evidence.pooling.effect_sizes import Counts, Effect, Group
from ketascope.evidence.pooling.inputs import choose
from ketascope.evidence.pooling.models import check_one_scale

Arm = TypeVar("Arm", Group, Counts)

RULES: Mapping[str, str] = {
    "combine arms": "all active arms become one group: one comparison",
    "split control": "each active arm keeps its own comparison with an equal share of the control's people",
}
SHARED_CONTROL_CORRELATION = 0.5
"""Correlation of two contrasts with one control where all arms are of one size and spread."""


def combine_arms(active: Sequence[Arm], control: Arm, rule: str = "combine arms") -> tuple[tuple[Arm, Arm], ...]:
    """(treatment, control) pairs of one trial by one of RULES: a single pair, or a pair for each active arm."""
    choose(rule, RULES, "rule for several arms")
    if not active:
        raise InputError("a trial needs at least one active arm")
    if rule == "combine arms":
        return ((_together(active), control),)
    return tuple((arm, _share(control, len(active))) for arm in active)


def average_contrasts(effects: Sequence[Effect], name: str, correlation: float = SHARED_CONTROL_CORRELATION) -> Effect:
    """Mean of correlated effects of one trial, for papers that print contrasts and no arms.

    Variance: (sum of variances + correlation * sum over pairs of products of standard errors) / m^2 (Borenstein et
    al. 2009, chapters 24 and 25). A correlation of 1 gives the most cautious variance.
    """
    scale = check_one_scale(effects)
    if len(effects) == 1:
        return effects[0]
    if not 0.0 <= correlation <= 1.0:
        raise InputError(f"correlation {correlation:g} of effects that share a control should lie between 0 and 1")
    m = len(effects)
    errors = [effect.standard_error for effect in effects]
    squares = sum(error**2 for error in errors)
    variance = (squares + correlation * (sum(errors) ** 2 - squares)) / m**2
    note = f"mean of {m} effects of one trial, correlation {correlation:g}"
    return Effect(name, sum(effect.estimate for effect in effects) / m, variance, scale, note)


def _together(arms: Sequence[Arm]) -> Arm:
    """One group of several: counts add up; the standard deviation keeps the spread within and between arms."""
    first, n = arms[0], sum(arm.n for arm in arms)
    if isinstance(first, Counts):
        return Counts(sum(arm.events for arm in arms if isinstance(arm, Counts)), n)
    groups = [arm for arm in arms if isinstance(arm, Group)]
    mean = sum(group.n * group.mean for group in groups) / n
    squares = sum((group.n - 1.0) * group.sd**2 + group.n * (group.mean - mean) ** 2 for group in groups)
    return Group(n, mean, math.sqrt(squares / (n - 1.0)))


def _share(control: Arm, parts: int) -> Arm:
    if isinstance(control, Counts):
        return Counts(control.events / parts, control.n / parts)
    return Group(control.n / parts, control.mean, control.sd)
