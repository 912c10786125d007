"""The figures of one comparison, gathered from the outcome rows that it names.

Arms that share one control are taken together, so that a trial counts once: numbers, means and SDs by the formulae of
the Cochrane Handbook (version 6, section 6.5.2.10), counts by addition. What was assumed is said in `assumed`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ketascope.errors import InputError
from ketascope.evidence.studies.tables import CHECK_GRADES, SEPARATOR, Contrast, Outcome, arms, outcome, study

KEYS: tuple[str, ...] = (
    "measure",
    "of",
    "unit",
    "n_treatment",
    "n_control",
    "n_total",
    "mean_treatment",
    "sd_treatment",
    "mean_control",
    "sd_control",
    "events_treatment",
    "events_control",
    "difference",
    "standard_error",
    "ci_low",
    "ci_high",
    "ci_level",
    "p_value",
    "smd",
    "bound",
    "verified",
    "outcome_ids",
    "assumed",
)
CI_LEVEL = 0.95
_COUNTED = {"response": "responders", "remission": "remitters"}


def figures(contrast: Contrast) -> dict[str, Any]:
    """Figures of a comparison as a dict with all of `KEYS`; None where nothing was printed.

    `measure` says which figures are there: "counts" (events and n of both groups), "groups" (n, mean and SD of both;
    `of` is "change" or "mean"), "difference" (with `standard_error`, an interval `ci_low` to `ci_high`, or `p_value`,
    two-sided), "smd", "bound" (no figure was printed and the test was not significant: the standardised difference
    is below `bound` in size, with `standard_error` in SD units) or "none". Differences are treatment minus control in
    `unit`.
    """
    found: dict[str, Any] = dict.fromkeys(KEYS)
    ids = [name for name in (contrast.treatment_outcome_id, contrast.control_outcome_id) if name]
    ids += [contrast.difference_outcome_id] if contrast.difference_outcome_id else []
    rows = [outcome(name) for text in ids for name in text.split()]
    found["outcome_ids"] = tuple(row.outcome_id for row in rows)
    found["verified"] = max((row.verified for row in rows), key=CHECK_GRADES.index, default=None)
    found["assumed"] = ""
    found["measure"] = "none"
    if contrast.difference_outcome_id:
        _from_difference(contrast, rows, found)
    else:
        _from_groups(contrast, found)
    _say_assumed_sizes(contrast, found)
    return found


def arm_size(study_name: str, names: str) -> int | None:
    """People in these arms together; None where one is unknown or known from memory only."""
    sizes = {arm.arm: arm.n for arm in arms(study_name) if arm.verified != "recall"}
    wanted = [sizes.get(name) for name in names.split(SEPARATOR)]
    return None if None in wanted else sum(size for size in wanted if size is not None)


def _say_assumed_sizes(contrast: Contrast, found: dict[str, Any]) -> None:
    used = {*contrast.treatment_arm.split(SEPARATOR), *contrast.control_arm.split(SEPARATOR)}
    reasons = {arm.n_from for arm in arms(contrast.study) if arm.arm in used and arm.n_from.startswith("assumed")}
    found["assumed"] = "; ".join(text for text in (found["assumed"], *sorted(reasons)) if text)


def not_significant_bound(n_treatment: float, n_control: float, level: float = CI_LEVEL) -> tuple[float, float]:
    """Largest standardised difference that a two-sided t test would not call significant, and its standard error.

    t(level, n1 + n2 - 2) * sqrt(1/n1 + 1/n2), the two-sample t statistic solved for the difference in SD units.
    """
    from scipy.special import stdtrit  # The quantile of t without scipy.stats, which takes long to import.

    error = math.sqrt(1.0 / n_treatment + 1.0 / n_control)
    critical = float(stdtrit(n_treatment + n_control - 2.0, 0.5 + level / 2.0))
    return critical * error, error


def _from_difference(contrast: Contrast, rows: Sequence[Outcome], found: dict[str, Any]) -> None:
    found["n_treatment"] = arm_size(contrast.study, contrast.treatment_arm)
    found["n_control"] = arm_size(contrast.study, contrast.control_arm)
    found["n_total"] = rows[0].n
    found["unit"] = rows[0].unit
    if None in (found["n_treatment"], found["n_control"]) and rows[0].n and study(contrast.study).kind == "crossover":
        found["n_treatment"] = found["n_control"] = rows[0].n / 2.0
        found["assumed"] = "a crossover whose sequence sizes were not read counts as two groups of half its people"
    if contrast.bound:
        found["measure"], found["unit"] = "bound", "sd units"
        found["bound"], found["standard_error"] = not_significant_bound(found["n_treatment"], found["n_control"])
        return
    differences = [row for row in rows if row.measure == "difference" and row.value is not None]
    standardised = [row for row in rows if row.measure == "smd" and row.value is not None]
    names = contrast.treatment_arm.split(SEPARATOR)
    if len(names) > 1:
        _joined_differences(contrast, names, differences, standardised, found)
        return
    if standardised:
        found.update(measure="smd", smd=standardised[0].value, unit="sd units")
        _spread(standardised[0], found)
    if differences:
        found.update(measure="difference", difference=differences[0].value, unit=differences[0].unit)
        _spread(differences[0], found)
        found["p_value"] = differences[0].p_value


def _spread(row: Outcome, found: dict[str, Any]) -> None:
    if row.spread == "se":
        found["standard_error"] = row.spread_high
    elif row.spread in ("ci95", "cri95"):
        found.update(ci_low=row.spread_low, ci_high=row.spread_high, ci_level=CI_LEVEL)


def _joined_differences(
    contrast: Contrast,
    names: Sequence[str],
    differences: Sequence[Outcome],
    standardised: Sequence[Outcome],
    found: dict[str, Any],
) -> None:
    """Doses against one control as one comparison: means weighted by people, SD from difference over SMD."""
    if not len(names) == len(differences) == len(standardised):
        raise InputError(f"contrast '{contrast.contrast_id}': each joined arm needs a difference and an SMD")
    sizes = [arm_size(contrast.study, name) for name in names]
    total = sum(size for size in sizes if size is not None)
    weights = [(size or 0) / total for size in sizes]
    difference = sum(w * (row.value or 0.0) for w, row in zip(weights, differences, strict=True))
    smd = sum(w * (row.value or 0.0) for w, row in zip(weights, standardised, strict=True))
    error = math.sqrt(1.0 / found["n_treatment"] + 1.0 / found["n_control"])
    found.update(measure="difference", difference=difference, smd=smd, unit=differences[0].unit)
    found["standard_error"] = difference / smd * error
    found["assumed"] = "SD taken as difference over standardised difference; doses joined by their numbers of people"


def _from_groups(contrast: Contrast, found: dict[str, Any]) -> None:
    sides = (
        ("treatment", contrast.treatment_outcome_id, contrast.treatment_arm),
        ("control", contrast.control_outcome_id, contrast.control_arm),
    )
    for side, text, names in sides:
        rows = [outcome(name) for name in text.split()]
        if len(rows) > 1 and len(rows) != len(names.split(SEPARATOR)):
            raise InputError(f"contrast '{contrast.contrast_id}': {len(rows)} outcome rows for the arms '{names}'")
        sizes = [
            row.n or arm_size(contrast.study, name) for row, name in zip(rows, names.split(SEPARATOR), strict=False)
        ]
        found[f"n_{side}"] = None if None in sizes else sum(size for size in sizes if size is not None)
        found["unit"] = rows[0].unit if rows else None
        if contrast.outcome in _COUNTED:
            events = [row.events for row in rows]
            found[f"events_{side}"] = None if None in events else sum(item for item in events if item is not None)
            continue
        found["of"] = rows[0].measure if rows else None
        found[f"mean_{side}"], found[f"sd_{side}"] = _join(rows, sizes)
        if any(row.spread == "se" for row in rows):
            found["assumed"] = "SD taken as the standard error of a model's mean times the root of n"
    if contrast.outcome in _COUNTED:
        complete = all(
            found[key] is not None for key in ("events_treatment", "n_treatment", "events_control", "n_control")
        )
        found["measure"] = "counts" if complete else "none"
    elif found["mean_treatment"] is not None and found["mean_control"] is not None:
        found["measure"] = "groups"


def _sd(row: Outcome, n: int | None) -> float | None:
    if row.spread == "sd":
        return row.spread_high
    if row.spread == "se" and row.spread_high is not None and n:
        return row.spread_high * math.sqrt(n)
    return None


def _join(rows: Sequence[Outcome], sizes: Sequence[int | None]) -> tuple[float | None, float | None]:
    """Mean and SD of groups taken as one group, one after another."""
    if not rows:
        return None, None
    mean, sd, n = rows[0].value, _sd(rows[0], sizes[0]), sizes[0]
    for row, size in zip(rows[1:], sizes[1:], strict=True):
        other_sd = _sd(row, size)
        if mean is None or row.value is None or not n or not size:
            return None, None
        apart = mean - row.value
        together = n + size
        if sd is not None and other_sd is not None:
            squares = (n - 1) * sd**2 + (size - 1) * other_sd**2 + n * size / together * apart**2
            sd = math.sqrt(squares / (together - 1))
        else:
            sd = None
        mean = (n * mean + size * row.value) / together
        n = together
    return mean, sd
