"""Effects of single studies with their sampling variances, from whatever a paper prints.

Direction is always treatment minus control (treatment over control for ratios). Sources: Hedges 1981, J Educ Stat 6:107
(exact J); Hedges 1982, Psychol Bull 92:490 (variance of g); Borenstein et al. 2009, Introduction to Meta-Analysis,
chapters 4 and 5; Cochrane Handbook 6.5, section 10.4.4, and Sweeting et al. 2004, Stat Med 23:1351 (zero cells).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import final

from scipy import special, stats

from ketascope.errors import InputError
from ketascope.evidence.pooling.inputs import check_level, choose

MD, SMD, LOG_OR, LOG_RR = "MD", "SMD", "log OR", "log RR"

CORRECTIONS: Mapping[str, str] = {
    "exact": "Hedges' J by the gamma function",
    "approximate": "J = 1 - 3 / (4 df - 1)",
    "none": "no correction: Cohen's d",
}
ZERO_CELLS: Mapping[str, str] = {
    "half if any": "0.5 is added to all four cells of a table with an empty cell",
    "half to all": "0.5 is added to all four cells of every table",
    "opposite arm": "empty tables get the reciprocal size of the opposite arm, summing to 1 (treatment arm correction)",
    "none": "a table with an empty cell is refused",
}


@dataclass(frozen=True)
class Effect:
    """One study's effect; `variance` is the sampling variance, `scale` what may be pooled together, `note` how."""

    name: str
    estimate: float
    variance: float
    scale: str
    note: str = ""
    is_bound: bool = False

    @property
    def standard_error(self) -> float:
        """Square root of the sampling variance."""
        return math.sqrt(self.variance)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Normal interval at this level."""
        margin = float(stats.norm.isf(0.5 * (1.0 - check_level(level)))) * self.standard_error
        return self.estimate - margin, self.estimate + margin


@dataclass(frozen=True)
class Excluded:
    """A study that gives no effect on this scale, with the reason to show."""

    name: str
    why: str


@final
@dataclass(frozen=True)
class Group:
    """One arm measured on a scale: people (may be a fraction after a split), mean and standard deviation."""

    n: float
    mean: float
    sd: float


@final
@dataclass(frozen=True)
class Counts:
    """One arm counted: people with the event, and all people (fractions after a split)."""

    events: float
    n: float


def mean_difference(name: str, treatment: Group, control: Group, *, scale: str = MD) -> Effect:
    """Difference of means without assuming equal variances; `scale` should name the instrument."""
    _check_groups(name, treatment, control)
    variance = treatment.sd**2 / treatment.n + control.sd**2 / control.n
    return Effect(name, treatment.mean - control.mean, variance, scale, "means and standard deviations")


def hedges_g(name: str, treatment: Group, control: Group, *, correction: str = "exact") -> Effect:
    """Standardised mean difference over the pooled standard deviation, corrected by J."""
    _check_groups(name, treatment, control)
    df = treatment.n + control.n - 2.0
    pooled_sd = math.sqrt(((treatment.n - 1.0) * treatment.sd**2 + (control.n - 1.0) * control.sd**2) / df)
    d = (treatment.mean - control.mean) / pooled_sd
    return _corrected(name, d, treatment.n, control.n, correction, "means and standard deviations")


def hedges_g_from_difference(
    name: str,
    difference: float,
    standard_error: float,
    n_treatment: float,
    n_control: float,
    *,
    correction: str = "exact",
) -> Effect:
    """g from a difference of means and its standard error: d = t sqrt(1/n1 + 1/n2) with t = difference / error.

    An error from an adjusted model (ANCOVA, mixed model) is smaller than that of raw scores, so g comes out larger.
    """
    _check_sizes(name, n_treatment, n_control)
    if not (math.isfinite(difference) and math.isfinite(standard_error) and standard_error > 0.0):
        raise InputError(f"'{name}': a finite difference and a standard error above zero are needed")
    d = difference / standard_error * math.sqrt(1.0 / n_treatment + 1.0 / n_control)
    return _corrected(name, d, n_treatment, n_control, correction, "difference and its standard error")


def small_sample_factor(df: float, correction: str = "exact") -> float:
    """Hedges' J, by which d is multiplied (Hedges 1981): below 1, near 1 for large studies."""
    choose(correction, CORRECTIONS, "correction")
    if correction == "none":
        return 1.0
    if correction == "approximate":
        return 1.0 - 3.0 / (4.0 * df - 1.0)
    log_j = special.gammaln(df / 2.0) - special.gammaln((df - 1.0) / 2.0) - 0.5 * math.log(df / 2.0)
    return math.exp(float(log_j))


def _corrected(name: str, d: float, n1: float, n2: float, correction: str, origin: str) -> Effect:
    """g = J d with the large-sample variance 1/n1 + 1/n2 + g^2 / (2 (n1 + n2)) (Hedges 1982, equation 8)."""
    g = small_sample_factor(n1 + n2 - 2.0, correction) * d
    return Effect(name, g, 1.0 / n1 + 1.0 / n2 + g * g / (2.0 * (n1 + n2)), SMD, f"{origin}; J {correction}")


def reported(name: str, estimate: float, standard_error: float, scale: str, note: str = "as reported") -> Effect:
    """An effect that a paper prints with its standard error (see `standard_errors` for intervals and p values).

    Ratios enter as logarithms.
    """
    if not (math.isfinite(estimate) and math.isfinite(standard_error) and standard_error > 0.0):
        raise InputError(f"'{name}': a finite estimate and a standard error above zero are needed")
    return Effect(name, estimate, standard_error**2, scale, note)


def bound(name: str, standard_error: float, scale: str = SMD) -> Effect:
    """A null result without an estimate: it enters as no difference with this standard error, and is marked as such."""
    effect = reported(name, 0.0, standard_error, scale, "bound: no estimate was published, entered as no difference")
    return replace(effect, is_bound=True)


def log_odds_ratio(
    name: str, treatment: Counts, control: Counts, *, zero_cells: str = "half if any"
) -> Effect | Excluded:
    """log(a d / (b c)) with variance 1/a + 1/b + 1/c + 1/d; Excluded where neither arm differs from all or none."""
    cells = _cells(name, treatment, control, zero_cells)
    if isinstance(cells, Excluded):
        return cells
    (a, b, c, d), note = cells
    return Effect(name, math.log(a * d / (b * c)), 1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d, LOG_OR, note)


def log_risk_ratio(
    name: str, treatment: Counts, control: Counts, *, zero_cells: str = "half if any"
) -> Effect | Excluded:
    """log((a/n1) / (c/n2)) with variance 1/a - 1/n1 + 1/c - 1/n2; Excluded as for the odds ratio."""
    cells = _cells(name, treatment, control, zero_cells)
    if isinstance(cells, Excluded):
        return cells
    (a, b, c, d), note = cells
    variance = 1.0 / a - 1.0 / (a + b) + 1.0 / c - 1.0 / (c + d)
    return Effect(name, math.log(a * (c + d) / (c * (a + b))), variance, LOG_RR, note)


def _cells(
    name: str, treatment: Counts, control: Counts, zero_cells: str
) -> tuple[tuple[float, float, float, float], str] | Excluded:
    """Events and non-events of both arms after the named rule for empty cells, and a note on what it did."""
    choose(zero_cells, ZERO_CELLS, "rule for zero cells")
    for label, arm in (("treatment", treatment), ("control", control)):
        if not (0.0 <= arm.events <= arm.n and math.isfinite(arm.n) and arm.n > 0.0):
            raise InputError(f"'{name}': {label} has {arm.events:g} events in {arm.n:g}; events lie between 0 and n")
    cells = (treatment.events, treatment.n - treatment.events, control.events, control.n - control.events)
    if cells[0] == cells[2] == 0.0:
        return Excluded(name, "no event in either arm, so a ratio cannot be learned from it")
    if cells[1] == cells[3] == 0.0:
        return Excluded(name, "every person had the event in both arms, so a ratio cannot be learned from it")
    if zero_cells == "half to all":
        return _plus(cells, 0.5, 0.5), "counts; 0.5 added to each cell"
    if min(cells) > 0.0:
        return cells, "counts"
    if zero_cells == "none":
        raise InputError(f"'{name}': a cell of the table is empty; name a rule for zero cells")
    if zero_cells == "opposite arm":
        share = treatment.n / (treatment.n + control.n)
        return _plus(cells, share, 1.0 - share), "counts; empty cell corrected by the size of the opposite arm"
    return _plus(cells, 0.5, 0.5), "counts; 0.5 added to each cell because one was empty"


def _plus(
    cells: tuple[float, float, float, float], in_treatment: float, in_control: float
) -> tuple[float, float, float, float]:
    a, b, c, d = cells
    return a + in_treatment, b + in_treatment, c + in_control, d + in_control


def _check_groups(name: str, *groups: Group) -> None:
    _check_sizes(name, *(group.n for group in groups))
    for group in groups:
        if not (math.isfinite(group.mean) and math.isfinite(group.sd) and group.sd > 0.0):
            raise InputError(f"'{name}': mean {group.mean:g} and SD {group.sd:g} should be finite, the SD above zero")


def _check_sizes(name: str, *sizes: float) -> None:
    if any(not math.isfinite(n) or n < 2.0 for n in sizes):
        shown = " and ".join(f"{n:g}" for n in sizes)
        raise InputError(f"'{name}': arms of {shown} people; at least two in each are needed")
