"""Trials with several active arms and one control, of which each is to count once.

Where a paper prints the arms, `evidence/studies/figures.py` takes them together as one group (Cochrane Handbook 6.5,
6.5.2.10); here are those that print contrasts alone (Borenstein et al. 2009, chapter 25).
"""

from __future__ import annotations

from collections.abc import Sequence

from ketascope.errors import InputError
from ketascope.evidence.pooling.effect_sizes import Effect
from ketascope.evidence.pooling.models import check_one_scale

SHARED_CONTROL_CORRELATION = 0.5
"""Correlation of two contrasts with one control where all arms are of one size and spread."""


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
