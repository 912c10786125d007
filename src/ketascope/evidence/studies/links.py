"""Rules over several study tables: names that lead nowhere, outcomes that stand twice, trials that count twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ketascope.evidence.studies import tables
from ketascope.evidence.studies.tables import Arm, Contrast, Outcome, Study

OUTCOME_KEY: tuple[str, ...] = ("study", "arm", "scale", "time_h", "measure", "definition")
"""What names an outcome; a second analysis of the same figure says so in its definition."""


def cross_table_problems(
    studies: Mapping[str, Study],
    arms: Mapping[str, tuple[Arm, ...]],
    outcomes: Iterable[Outcome],
    contrasts: Iterable[Contrast],
) -> tuple[str, ...]:
    """Names that lead nowhere, outcomes that stand twice, and trials that would count twice."""
    rows = list(outcomes)
    found: list[str] = []
    for study in studies.values():
        if study.trial_key not in studies:
            found.append(f"studies.csv ({study.study}), trial_key: '{study.trial_key}' is no study of the table")
        for part in study.within:
            if part not in studies:
                found.append(f"studies.csv ({study.study}), within: '{part}' is no study of the table")
    found += [f"study_arms.csv, study: '{name}' is not in studies.csv" for name in arms if name not in studies]
    found += _outcome_problems(studies, rows)
    found += _contrast_problems(studies, arms, {row.outcome_id: row for row in rows}, contrasts)
    return tuple(found)


def _outcome_problems(studies: Mapping[str, Study], rows: Iterable[Outcome]) -> Iterable[str]:
    running: dict[str, int] = {}
    seen: dict[tuple[Any, ...], str] = {}
    for row in rows:
        where = f"study_outcomes.csv ({row.outcome_id})"
        if row.study not in studies:
            yield f"{where}, study: '{row.study}' is not in studies.csv"
        running[row.study] = running.get(row.study, 0) + 1
        expected = f"{row.study}:{running[row.study]}"
        if row.outcome_id != expected:
            yield f"{where}, outcome_id: must be '{expected}', the study and a running number"
        key = tuple(getattr(row, name) for name in OUTCOME_KEY)
        if key in seen:
            yield f"{where}, definition: the outcome stands twice, see {seen[key]}; keep one or say how they differ"
        seen.setdefault(key, row.outcome_id)


def _contrast_problems(
    studies: Mapping[str, Study],
    arms: Mapping[str, tuple[Arm, ...]],
    outcomes: Mapping[str, Outcome],
    contrasts: Iterable[Contrast],
) -> Iterable[str]:
    counted: dict[tuple[Any, ...], str] = {}
    for row in contrasts:
        where = f"study_contrasts.csv ({row.contrast_id})"
        if row.study not in studies or studies[row.study].trial_key != row.trial_key:
            yield f"{where}, study: '{row.study}' with trial_key '{row.trial_key}' is not in studies.csv"
            continue
        for problem in (*_names_of_contrast(row, studies, arms, outcomes), *_counted_twice(row, counted)):
            yield f"{where}, {problem}"


def _names_of_contrast(
    row: Contrast,
    studies: Mapping[str, Study],
    arms: Mapping[str, tuple[Arm, ...]],
    outcomes: Mapping[str, Outcome],
) -> Iterable[str]:
    """Arms, outcomes and trials that a comparison names and its study has not, or that may not count."""
    known = {arm.arm for arm in arms.get(row.study, ())}
    for name in (*row.treatment_arm.split(tables.SEPARATOR), *row.control_arm.split(tables.SEPARATOR)):
        if name not in known:
            yield f"treatment_arm: '{name}' is no arm of {row.study}"
    ids = " ".join((row.treatment_outcome_id, row.control_outcome_id, row.difference_outcome_id)).split()
    for name in ids:
        if name not in outcomes or outcomes[name].study != row.study:
            yield f"outcome ids: '{name}' is no outcome of {row.study}"
        elif row.in_pooling and outcomes[name].verified == "recall":
            yield f"in_pooling: '{name}' is from recall, which never counts"
    for name in row.holds:
        if name not in studies[row.study].within:
            yield f"holds: '{name}' is not among the trials that {row.study} lies within"


def _counted_twice(row: Contrast, counted: dict[tuple[Any, ...], str]) -> Iterable[str]:
    """Trials of a pooled comparison that count already; `counted` takes up the others."""
    for trial in (row.holds or (row.trial_key,)) if row.in_pooling else ():
        key = (trial, row.drug, row.indication, row.outcome, row.time_h)
        if key in counted:
            yield f"in_pooling: {trial} counts already as {counted[key]}; one comparison a time"
        counted.setdefault(key, row.contrast_id)
