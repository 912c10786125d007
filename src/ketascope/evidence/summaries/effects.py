"""From the figures of one comparison to an effect on the scale of a pool, or to the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ketascope.evidence.pooling.effect_sizes import (
    LOG_OR,
    LOG_RR,
    MD,
    SMD,
    Counts,
    Effect,
    Excluded,
    Group,
    bound,
    hedges_g,
    hedges_g_from_difference,
    log_odds_ratio,
    log_risk_ratio,
    mean_difference,
    reported,
)
from ketascope.evidence.pooling.standard_errors import from_interval, from_p_value

Figures = Mapping[str, Any]


def effect_of(name: str, figures: Figures, measure: str) -> Effect | Excluded:
    """The effect of one comparison on `measure` (SMD, MD, log OR, log RR), or Excluded with the reason.

    figures: as `ketascope.evidence.studies.figures.figures` gathers them. Formulae are those of `pooling.effect_sizes`;
    a standard error that was not printed comes from the interval, else from an exact p value.
    """
    kind = figures["measure"]
    if kind == "none":
        return Excluded(name, "no figures were printed")
    if measure in (LOG_OR, LOG_RR):
        if kind != "counts":
            return Excluded(name, "no counts of people were printed")
        treatment = Counts(float(figures["events_treatment"]), float(figures["n_treatment"]))
        control = Counts(float(figures["events_control"]), float(figures["n_control"]))
        return (log_odds_ratio if measure == LOG_OR else log_risk_ratio)(name, treatment, control)
    if kind == "counts":
        return Excluded(name, "counts of people have no mean")
    if kind == "bound":
        if measure == MD:
            return Excluded(name, "a bound in SD units has no raw points")
        return bound(name, float(figures["standard_error"]), SMD)
    if kind == "groups":
        return _from_groups(name, figures, measure)
    return _from_difference(name, figures, measure)


def _from_groups(name: str, figures: Figures, measure: str) -> Effect | Excluded:
    sides = []
    for side in ("treatment", "control"):
        n, mean, sd = (figures[f"{part}_{side}"] for part in ("n", "mean", "sd"))
        for value, what in ((n, "number of people"), (sd, "standard deviation")):
            if value is None:
                return Excluded(name, f"no {what} was printed for the {side} group")
        sides.append(Group(float(n), float(mean), float(sd)))
    return (hedges_g if measure == SMD else mean_difference)(name, *sides)


def _from_difference(name: str, figures: Figures, measure: str) -> Effect | Excluded:
    sizes = [figures["n_treatment"], figures["n_control"]]
    difference = figures["difference"]
    error = None if difference is None else _standard_error(figures, difference, sizes)
    if measure == MD:
        if difference is None or error is None:
            return Excluded(name, "no difference with a spread was printed")
        return reported(name, float(difference), error, MD, "difference and its spread as printed")
    if None in sizes:
        return Excluded(name, "the numbers of people in the groups were not printed")
    n_treatment, n_control = float(sizes[0]), float(sizes[1])
    if difference is not None and error is not None:
        return hedges_g_from_difference(name, float(difference), error, n_treatment, n_control)
    if figures["smd"] is None:
        return Excluded(name, "the difference was printed without a spread")
    # A printed Cohen's d is a difference whose standard deviation is 1.
    error = float((1.0 / n_treatment + 1.0 / n_control) ** 0.5)
    return hedges_g_from_difference(name, float(figures["smd"]), error, n_treatment, n_control)


def _standard_error(figures: Figures, difference: float, sizes: list[Any]) -> float | None:
    """As printed, else from the interval (t where the sizes are known), else from the p value; None without any."""
    if figures["standard_error"] is not None:
        return float(figures["standard_error"])
    freedom = None if None in sizes else float(sum(sizes) - 2.0)
    if figures["ci_low"] is not None and figures["ci_high"] is not None:
        level = float(figures["ci_level"] or 0.95)
        return from_interval(figures["ci_low"], figures["ci_high"], level=level, degrees_of_freedom=freedom)
    if figures["p_value"] is not None:
        return from_p_value(difference, float(figures["p_value"]), degrees_of_freedom=freedom)
    return None
