"""The study tables of the package: studies, their arms, their outcomes and the comparisons to pool.

Every figure stands once, in `data/study_outcomes.csv`; a comparison holds only the names of the rows that its figures
come from. The same trial published under several names shares a `trial_key` and counts once. Rows known from memory
(`verified` is "recall") are kept and shown and never count.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import Any

from ketascope.errors import InputError, did_you_mean
from ketascope.evidence.studies.rows import (
    CHECK_GRADES,
    CONTROLS,
    INDICATIONS,
    KINDS,
    POOLED_OUTCOMES,
    RISKS_OF_BIAS,
    SEPARATOR,
    TREATMENTS,
    Arm,
    Contrast,
    Outcome,
    Published,
    Study,
    read_table,
)

__all__ = [
    "Arm",
    "CHECK_GRADES",
    "CONTROLS",
    "Contrast",
    "INDICATIONS",
    "KINDS",
    "Outcome",
    "POOLED_OUTCOMES",
    "Published",
    "RISKS_OF_BIAS",
    "SEPARATOR",
    "Study",
    "TREATMENTS",
    "read_table",
    "arms",
    "contrasts",
    "outcome",
    "outcomes",
    "published",
    "studies",
    "study",
    "table_text",
]


def table_text(name: str) -> str:
    """A packaged table as text."""
    return resources.files("ketascope.evidence").joinpath("data", name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _studies() -> dict[str, Study]:
    rows = read_table(Study, table_text("studies.csv"), "studies.csv")
    return {row.study: row for row in rows}


@lru_cache(maxsize=1)
def _arms() -> dict[str, tuple[Arm, ...]]:
    return _by_study(read_table(Arm, table_text("study_arms.csv"), "study_arms.csv"))


@lru_cache(maxsize=1)
def _outcomes() -> tuple[Outcome, ...]:
    return read_table(Outcome, table_text("study_outcomes.csv"), "study_outcomes.csv")


@lru_cache(maxsize=1)
def _outcomes_by_study() -> dict[str, tuple[Outcome, ...]]:
    return _by_study(_outcomes())


@lru_cache(maxsize=1)
def _outcomes_by_id() -> dict[str, Outcome]:
    return {row.outcome_id: row for row in _outcomes()}


def _by_study(rows: tuple[Any, ...]) -> dict[str, tuple[Any, ...]]:
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row.study, []).append(row)
    return {name: tuple(items) for name, items in found.items()}


def studies() -> dict[str, Study]:
    """Every study by its name, in the order of the table."""
    return dict(_studies())


def study(name: str) -> Study:
    """The study of this name; an unknown name is an InputError that offers the nearest."""
    table = _studies()
    if name in table:
        return table[name]
    hint = did_you_mean(name, table, cutoff=0.5, otherwise="; 'ketascope evidence list' shows all of them")
    raise InputError(f"unknown study '{name}'{hint}")


def arms(name: str) -> tuple[Arm, ...]:
    """The arms of a study; empty for a source that reports none (a review, a registry record)."""
    return _arms().get(study(name).study, ())


def outcomes(name: str | None = None) -> tuple[Outcome, ...]:
    """The outcome rows of a study, or of all studies."""
    return _outcomes() if name is None else _outcomes_by_study().get(study(name).study, ())


def outcome(outcome_id: str) -> Outcome:
    """One outcome row by its id; an unknown id is an InputError."""
    table = _outcomes_by_id()
    if outcome_id not in table:
        raise InputError(f"unknown outcome '{outcome_id}'; an id is the study's name, a colon and a number")
    return table[outcome_id]


@lru_cache(maxsize=1)
def contrasts() -> tuple[Contrast, ...]:
    """Every comparison, whether its figures may be pooled or not."""
    return read_table(Contrast, table_text("study_contrasts.csv"), "study_contrasts.csv")


@lru_cache(maxsize=1)
def published() -> tuple[Published, ...]:
    """Published pooled estimates, to hold ours against."""
    return read_table(Published, table_text("published_pooled.csv"), "published_pooled.csv")
