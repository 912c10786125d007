"""What a figure of a trial can be: ranges, spreads, counts, intervals and signs, for packaged and users' tables alike.

Each rule takes numbers and returns what is wrong and what would be right, or "" where nothing is. None stands for
"not given" and passes: a rule judges only what is there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ketascope.errors import did_you_mean

PERCENT_TOLERANCE = 1.0
"""Printed percentages are rounded, and sometimes truncated."""
ROUNDING = 1e-9
SMALLEST_SHARE = 1e-6
"""Of the largest SD that a scale allows, or of a point where it has no upper end.

A smaller one is a slip, and its square is lost beside other numbers.
"""
HALF_WIDTHS = (1.85, 4.4)
"""Half of a 95% interval in standard errors: 1.96 less rounding, and the t value of two degrees of freedom."""


def scales() -> Mapping[str, Mapping[str, Any]]:
    """The rating scales that the package knows, by key."""
    from ketascope import data

    return data.load("scales")


def scale_key(word: str) -> str:
    """Key of a scale from its key or label in any case ("CAPS-5", "caps_5"); "" where it is not known."""
    names = {name: key for key, row in scales().items() for name in (_plain(key), _plain(row["label"]))}
    return names.get(_plain(word), "")


def _plain(word: str) -> str:
    return "".join(letter for letter in word.lower() if letter.isalnum())


def unknown_scale(word: str) -> str:
    """Why a scale is not known, with the nearest that is."""
    if scale_key(word):
        return ""
    labels = sorted(str(row["label"]) for row in scales().values())
    hint = did_you_mean(word, labels, cutoff=0.4, otherwise=f"; known: {', '.join(labels)}")
    return f"unknown scale '{word}'{hint}"


def limits(key: str) -> tuple[float, float]:
    """Lowest and highest score; an open end is infinite."""
    row = scales()[key]
    return float(row["minimum"]), float(row.get("maximum", math.inf))


def score_outside(value: float | None, key: str) -> str:
    """A score or mean score outside the scale."""
    low, high = limits(key)
    if value is None or low <= value <= high:
        return ""
    return f"{value:g} is no score on {_label(key)}, which runs from {low:g} to {_end(high)}"


def change_too_large(value: float | None, key: str) -> str:
    """A change or difference larger than the scale is wide."""
    low, high = limits(key)
    if value is None or abs(value) <= high - low:
        return ""
    return f"{value:g} is no change on {_label(key)}, which is {high - low:g} points wide"


def largest_sd(key: str, n: int | None, of_change: bool) -> float:
    """Largest possible SD of n scores, half at each end: width/2 * sqrt(n/(n-1)); twice that for changes."""
    low, high = limits(key)
    people = max(n, 2) if n else 2
    return (high - low) * (1.0 if of_change else 0.5) * math.sqrt(people / (people - 1.0))


def _range(largest: float) -> float:
    """What a share is taken of: the largest SD, or a point on a scale without an upper end."""
    return largest if math.isfinite(largest) else 1.0


def sd_impossible(sd: float | None, key: str, n: int | None, of_change: bool) -> str:
    """An SD that is not positive, or larger than scores of the scale can have."""
    if sd is None:
        return ""
    if not sd > 0.0:
        return f"an SD of {sd:g} is impossible; it must be above 0"
    top = largest_sd(key, n, of_change)
    if sd < SMALLEST_SHARE * _range(top):
        return f"an SD of {sd:g} is impossible; {_label(key)} is not rated so finely"
    if sd <= top + ROUNDING:
        return ""
    what = "changes" if of_change else "scores"
    return f"an SD of {sd:g} is impossible; {what} on {_label(key)} have at most {top:.3g}"


def standard_error_impossible(error: float | None, top_sd: float, n_parts: float | None) -> str:
    """A standard error that is not positive, or larger than `top_sd` over the root of people allows.

    `n_parts` is n for a mean, and 1/(1/n1 + 1/n2) for a difference.
    """
    if error is None:
        return ""
    if not error > 0.0:
        return f"a standard error of {error:g} is impossible; it must be above 0"
    if error < SMALLEST_SHARE**2 * _range(top_sd):
        return f"a standard error of {error:g} is impossible; no trial is so exact"
    top = top_sd / math.sqrt(n_parts) if n_parts else top_sd
    if error <= top + ROUNDING:
        return ""
    return f"a standard error of {error:g} is impossible with so many people; at most {top:.3g} (an SD given?)"


def counts_impossible(events: int | None, n: int | None) -> str:
    """More events than people, or fewer than none."""
    if events is not None and events < 0:
        return f"{events} events are impossible; a count is 0 or more"
    if events is not None and n is not None and events > n:
        return f"{events} events are more than the {n} people; at most {n}"
    return ""


def percent_outside(value: float | None) -> str:
    """A percentage of people outside 0 to 100."""
    return "" if value is None or 0.0 <= value <= 100.0 else f"{value:g} is no percentage; it runs from 0 to 100"


def percent_disagrees(value: float | None, events: int | None, n: int | None) -> str:
    """A percentage more than a point away from its counts."""
    if value is None or events is None or not n:
        return ""
    counted = 100.0 * events / n
    if abs(value - counted) <= PERCENT_TOLERANCE:
        return ""
    return f"{value:g}% disagrees with {events} of {n}, which is {counted:.1f}%"


def interval_misses(value: float | None, low: float | None, high: float | None) -> str:
    """Interval ends in the wrong order, or an estimate outside them."""
    if low is None or high is None:
        return ""
    if low >= high:
        return f"the interval from {low:g} to {high:g} is turned round; the lower end comes first"
    if value is None or low <= value <= high:
        return ""
    return f"{value:g} lies outside its interval from {low:g} to {high:g}; check its sign"


def interval_disagrees(error: float | None, low: float | None, high: float | None) -> str:
    """A standard error that cannot belong to a 95% interval: half of it is 1.96 of them, or more by few people."""
    if error is None or low is None or high is None:
        return ""
    half = (high - low) / 2.0
    if HALF_WIDTHS[0] <= half / error <= HALF_WIDTHS[1]:
        return ""
    return f"{error:g} does not belong to the 95% interval from {low:g} to {high:g}; about {half / 1.96:.3g} would"


def _label(key: str) -> str:
    return str(scales()[key]["label"])


def _end(high: float) -> str:
    return "no upper end" if math.isinf(high) else f"{high:g}"
