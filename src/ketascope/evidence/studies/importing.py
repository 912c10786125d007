"""A user's own CSV of comparisons, read with the same rules as the packaged tables.

One row is one comparison of a treatment with a control:

    study, year                                 name of the trial (not one of the package's), year of publication
    indication                                  gad, sad, ptsd, ocd, mdd, anxiety_mixed
    outcome                                     symptoms, response, remission
    scale, time_h                               rating scale (CAPS-5 or caps_5); hours after the first dose
    treatment, control                          ketamine, esketamine, ssri, snri; inert, active, pill, masked
    n_treatment, n_control                      people in each group
    mean_treatment, sd_treatment, mean_control, sd_control          for symptoms
    events_treatment, events_control            for response and remission
    difference, standard_error, ci_low, ci_high, p_value            treatment minus control; the interval is 95%
    verified                                    text, secondary, recall (recall is shown and never pooled)
    unit                                        see below

`unit` is "people" for response and remission. For symptoms it is "points" (mean scores at that time), "points of
change" (mean changes; a fall has a minus sign) or "sd units" (only for a standardised difference). Columns that a file
does not need may be left out. One broken row and nothing is imported.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ketascope.errors import InputError, did_you_mean
from ketascope.evidence.studies import rules
from ketascope.evidence.studies.figures import CI_LEVEL, KEYS
from ketascope.evidence.studies.tables import CHECK_GRADES, CONTROLS, INDICATIONS, POOLED_OUTCOMES, TREATMENTS, studies
from ketascope.regimen.records import Record, read_records

REQUIRED: tuple[str, ...] = (
    "study",
    "indication",
    "outcome",
    "scale",
    "time_h",
    "treatment",
    "control",
    "verified",
    "unit",
)
WHOLE: tuple[str, ...] = ("year", "n_treatment", "n_control", "events_treatment", "events_control")
DECIMAL: tuple[str, ...] = (
    "mean_treatment",
    "sd_treatment",
    "mean_control",
    "sd_control",
    "difference",
    "standard_error",
    "ci_low",
    "ci_high",
    "p_value",
)
COLUMNS: tuple[str, ...] = (*REQUIRED, *WHOLE, *DECIMAL)
SYMPTOM_UNITS: tuple[str, ...] = ("points", "points of change", "sd units")
COUNT_UNIT = "people"
LARGEST_SD_UNITS = 5.0
"""No treatment moves a group's mean by this many SDs; such a figure is in another unit."""
MOST_PEOPLE = 1_000_000
"""No group of a trial comes near; a pool of larger numbers is a slip of the pen."""
LATEST_H = 100_000.0
"""Eleven years after the first dose, longer than anybody was followed."""
_SIDES = ("treatment", "control")


@dataclass(frozen=True)
class ImportedContrast:
    """A comparison from a user's file, with the fields of a packaged `Contrast` and the figures in `values`."""

    contrast_id: str
    study: str
    trial_key: str
    label: str
    year: int | None
    indication: str
    drug: str
    control: str
    outcome: str
    scale: str
    time_h: float
    verified: str
    in_pooling: bool
    why_not: str
    values: Mapping[str, Any] = field(repr=False)
    route: str = ""
    dose: str = ""
    dose_mg_per_kg_racemic_iv: float | None = None
    treatment_arm: str = ""
    control_arm: str = ""
    bound: bool = False
    note: str = "from the study file"
    risk_of_bias: str = "not stated"

    def data(self) -> dict[str, Any]:
        """The figures in the form of `ketascope.evidence.studies.figures.figures`."""
        return dict(self.values)


class _Row:
    """The cells of one row; what is wrong with one becomes an InputError that names file, row and field.

    Unlike a record of an event table an empty cell is a text here, and a single point is not a missing value.
    """

    def __init__(self, record: Record) -> None:
        self.number, self.place, self.cells = record.number, record.place, record.cells
        self.numbers: dict[str, Any] = {}

    def fail(self, field_name: str, message: str) -> None:
        if message:
            raise InputError(f"{self.place}, {field_name}: {message}")

    def text(self, field_name: str) -> str:
        return self.cells.get(field_name, "").strip()

    def __getitem__(self, field_name: str) -> Any:
        return self.numbers[field_name]

    def read(self, field_name: str, convert: Callable[[str], Any], what: str) -> None:
        text = self.text(field_name)
        try:
            value = convert(text) if text else None
            is_wrong = value is not None and not math.isfinite(value)
        except (ValueError, OverflowError):
            value, is_wrong = None, True
        if is_wrong:
            self.fail(field_name, f"'{text}' must be {what}")
        self.numbers[field_name] = value


def read_study_file(path: str | os.PathLike[str]) -> tuple[ImportedContrast, ...]:
    """Every comparison of the file; the first row that breaks a rule is an InputError and nothing is imported."""
    file = Path(path)
    found: list[ImportedContrast] = []
    seen: dict[tuple[Any, ...], int] = {}
    for record in read_records(file, lambda cells: _header(file.name, cells), row=f"{file.name} row"):
        row = _Row(record)
        contrast = _contrast(row)
        key = (
            contrast.study.lower(),
            contrast.drug,
            contrast.control,
            contrast.outcome,
            contrast.scale,
            contrast.time_h,
        )
        if key in seen:
            row.fail("outcome", f"the same comparison stands in row {seen[key]}; keep one of the two")
        seen[key] = row.number
        found.append(contrast)
    if not found:
        raise InputError(f"{file.name} holds no comparison; its first row names columns, each row below is one")
    return tuple(found)


def _header(name: str, cells: list[str]) -> list[str]:
    header = [cell.strip() for cell in cells]
    if not header:
        return header
    for column in header:
        if column not in COLUMNS:
            hint = did_you_mean(column, COLUMNS, otherwise=f"; columns are {', '.join(COLUMNS)}")
            raise InputError(f"{name} row 1: unknown column '{column}'{hint}")
        if header.count(column) > 1:
            raise InputError(f"{name} row 1: column '{column}' stands twice; keep one")
    missing = [column for column in REQUIRED if column not in header]
    if missing:
        raise InputError(f"{name} row 1: column '{missing[0]}' is missing; every file needs {', '.join(REQUIRED)}")
    return header


def _contrast(row: _Row) -> ImportedContrast:
    for name in REQUIRED:
        row.fail(name, "" if row.text(name) else "is empty; every row needs it")
    for name, allowed in (
        ("indication", INDICATIONS),
        ("outcome", POOLED_OUTCOMES),
        ("treatment", TREATMENTS),
        ("control", CONTROLS),
        ("verified", CHECK_GRADES),
    ):
        _one_of(row, name, allowed)
    _known_trial(row)
    row.fail("scale", rules.unknown_scale(row.text("scale")))
    key = rules.scale_key(row.text("scale"))
    for name in WHOLE:
        row.read(name, int, "a whole number")
    for name in (*DECIMAL, "time_h"):
        row.read(name, float, "a number")
    if row["time_h"] < 0.0:
        row.fail("time_h", f"{row['time_h']:g} h is before the first dose; times are 0 or more")
    if row["time_h"] > LATEST_H:
        row.fail("time_h", f"{row['time_h']:g} h is later than anybody was followed; at most {LATEST_H:g}")
    for side in _SIDES:
        size = row[f"n_{side}"]
        is_possible = size is None or 0 < size <= MOST_PEOPLE
        row.fail(f"n_{side}", "" if is_possible else f"{size} people are impossible; 1 to {MOST_PEOPLE}")
    values = dict.fromkeys(KEYS) | {"assumed": "", "outcome_ids": (), "verified": row.text("verified")}
    if row.text("outcome") == "symptoms":
        _symptoms(row, key, values)
    else:
        _counts(row, values)
    recalled = row.text("verified") == "recall"
    study = row.text("study")
    return ImportedContrast(
        contrast_id=f"{study}/file-{row.number}",
        study=study,
        trial_key=study,
        label=f"{study} (your file)",
        year=row["year"],
        indication=row.text("indication"),
        drug=row.text("treatment"),
        control=row.text("control"),
        outcome=row.text("outcome"),
        scale=key,
        time_h=row["time_h"],
        verified=row.text("verified"),
        in_pooling=not recalled,
        why_not="from recall" if recalled else "",
        values=values,
    )


def _one_of(row: _Row, name: str, allowed: tuple[str, ...]) -> None:
    word = row.text(name)
    if word not in allowed:
        hint = did_you_mean(word, allowed, otherwise=f"; it is one of {', '.join(allowed)}")
        row.fail(name, f"unknown word '{word}'{hint}")


def _known_trial(row: _Row) -> None:
    names = {known.lower() for item in studies().values() for known in (item.study, item.trial_key)}
    if row.text("study").lower() in names:
        row.fail("study", f"'{row.text('study')}' is in the package's tables; a trial counts once, so leave it out")


def _counts(row: _Row, values: dict[str, Any]) -> None:
    if row.text("unit") != COUNT_UNIT:
        row.fail(
            "unit", f"'{row.text('unit')}' is wrong for {row.text('outcome')}; counts have the unit '{COUNT_UNIT}'"
        )
    for side in _SIDES:
        for name in (f"n_{side}", f"events_{side}"):
            if row[name] is None:
                row.fail(name, "is empty; response and remission need events and people of both groups")
        row.fail(f"events_{side}", rules.counts_impossible(row[f"events_{side}"], row[f"n_{side}"]))
        values |= {name: row[name] for name in (f"n_{side}", f"events_{side}")}
    for name in DECIMAL:
        row.fail(name, "" if row[name] is None else "is not used with counts; leave it empty")
    values |= {"measure": "counts", "unit": "percent"}


def _symptoms(row: _Row, key: str, values: dict[str, Any]) -> None:
    unit = row.text("unit")
    if unit not in SYMPTOM_UNITS:
        row.fail("unit", f"'{unit}' is wrong for symptoms; it is one of {', '.join(SYMPTOM_UNITS)}")
    for name in ("events_treatment", "events_control"):
        row.fail(name, "" if row[name] is None else "belongs to response or remission; leave it empty for symptoms")
    values |= {name: row[name] for name in ("n_treatment", "n_control", *DECIMAL) if name in KEYS}
    _means(row, key, unit)
    _difference(row, key, unit)
    has_groups = all(row[f"{what}_{side}"] is not None for what in ("n", "mean", "sd") for side in _SIDES)
    if row["difference"] is not None:
        values |= {"measure": "difference", "unit": "points", "ci_level": None if row["ci_low"] is None else CI_LEVEL}
        if unit == "sd units":
            values |= {"measure": "smd", "smd": row["difference"], "difference": None, "unit": unit}
    elif has_groups:
        values |= {"measure": "groups", "of": "change" if unit == "points of change" else "mean", "unit": "points"}
    else:
        row.fail("difference", "is empty, and so is a mean, SD or number of people; give one or the other")


def _means(row: _Row, key: str, unit: str) -> None:
    of_change = unit == "points of change"
    means = [row["mean_treatment"], row["mean_control"]]
    given = [value for value in means if value is not None]
    if unit == "sd units" and given:
        row.fail("unit", "'sd units' belongs to a standardised difference; means are in 'points' or 'points of change'")
    if not of_change and any(value < 0.0 for value in given):
        name = "mean_treatment" if (means[0] or 0.0) < 0.0 else "mean_control"
        row.fail(name, f"{row[name]:g} is no score; a change has the unit 'points of change'")
    if of_change and len(given) == 2 and min(given) > 0.0:
        row.fail("mean_treatment", "both groups rise, so a sign is lost; a fall has a minus sign")
    for side in _SIDES:
        mean, sd = row[f"mean_{side}"], row[f"sd_{side}"]
        judge = rules.change_too_large if of_change else rules.score_outside
        row.fail(f"mean_{side}", judge(mean, key))
        if (mean is None) != (sd is None) and row["difference"] is None:
            row.fail(f"sd_{side}" if sd is None else f"mean_{side}", "is empty; a mean needs its SD and an SD its mean")
        row.fail(f"sd_{side}", rules.sd_impossible(sd, key, row[f"n_{side}"], of_change))


def _difference(row: _Row, key: str, unit: str) -> None:
    difference, error, p_value = row["difference"], row["standard_error"], row["p_value"]
    low, high = row["ci_low"], row["ci_high"]
    if (low is None) != (high is None):
        row.fail("ci_low" if low is None else "ci_high", "is empty; an interval has two ends")
    if difference is None:
        for name in ("standard_error", "ci_low", "ci_high", "p_value"):
            row.fail(name, "" if row[name] is None else "is given without a difference; give the difference too")
        return
    if unit == "sd units" and abs(difference) > LARGEST_SD_UNITS:
        row.fail("difference", f"{difference:g} is too large for SD units; is it in 'points'?")
    if unit != "sd units":
        row.fail("difference", rules.change_too_large(difference, key))
    row.fail(
        "ci_low" if low is not None and high is not None and low >= high else "difference",
        rules.interval_misses(difference, low, high),
    )
    means = row["mean_treatment"], row["mean_control"]
    if None not in means and (means[0] - means[1]) * difference < 0.0:
        row.fail("difference", f"{difference:g} has the wrong sign; treatment minus control is {means[0] - means[1]:g}")
    if p_value is not None and not 0.0 < p_value < 1.0:
        row.fail("p_value", f"{p_value:g} is no p value; it lies between 0 and 1")
    people = [row["n_treatment"], row["n_control"]]
    parts = None if None in people else 1.0 / (1.0 / people[0] + 1.0 / people[1])
    if unit != "sd units":
        sds = [sd for sd in (row["sd_treatment"], row["sd_control"]) if sd is not None]
        # People who left widen an interval beyond what the printed SDs say, but not to twice.
        top = 2.0 * max(sds) if len(sds) == 2 else rules.largest_sd(key, None, of_change=True)
        row.fail("standard_error", rules.standard_error_impossible(error, top, parts))
    elif error is not None:
        row.fail(
            "standard_error", "" if error > 0.0 else f"a standard error of {error:g} is impossible; it must be above 0"
        )
    row.fail("standard_error", rules.interval_disagrees(error, low, high))
    if error is None and low is None and p_value is None and not (unit == "sd units" and parts):
        row.fail("standard_error", "is empty; a difference needs it, an interval or a p value")
    if p_value is not None and error is None and low is None and parts is None:
        row.fail("n_treatment", "is empty; a p value alone needs the number of people in both groups")
