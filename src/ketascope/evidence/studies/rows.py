"""The rows of the study tables: what each column holds, and how a row is read from text."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ketascope.data import load
from ketascope.errors import InputError
from ketascope.evidence.pooling_rules import rules

KINDS: tuple[str, ...] = (
    "controlled",
    "crossover",
    "open",
    "withdrawal",
    "cohort",
    "case",
    "post_hoc",
    "pooled",
    "registry",
    "review",
)
CHECK_GRADES: tuple[str, ...] = ("text", "secondary", "recall")
RISKS_OF_BIAS: tuple[str, ...] = ("low", "some", "high", "very high", "not stated")
INDICATIONS: tuple[str, ...] = (*load("indications"), *rules()["indication"])
"""Those of the model, and the diagnoses that only the tables hold."""
TREATMENTS: tuple[str, ...] = ("ketamine", "esketamine", "ssri", "snri")
CONTROLS: tuple[str, ...] = ("inert", "active", "pill", "masked")
POOLED_OUTCOMES: tuple[str, ...] = ("symptoms", "response", "remission")
_AUTHOR_AND_YEAR = re.compile(r"(?P<author>[^\W\d][\w'-]*) [A-Z]{1,3} et al\. (?P<year>(?:19|20)\d\d)\b")
SEPARATOR = "; "
"""Between arms that are taken together as one."""


@dataclass(frozen=True)
class Study:
    """One source: a trial, a part of one, a cohort or a review. Times in hours after the first dose."""

    study: str
    trial_key: str
    within: tuple[str, ...]
    kind: str
    drug_class: tuple[str, ...]
    first_author: str
    year: int | None
    title: str
    doi: str
    pmid: str
    registration: str
    country: str
    design: str
    blinding: str
    comparator: str
    indication: str
    condition: str
    population: str
    n_randomised: int | None
    n_analysed: int | None
    primary_scale: str
    primary_time_h: float | None
    follow_up_days: float | None
    funding: str
    risk_of_bias: str
    risk_of_bias_note: str
    source: str
    verified: str
    note: str
    no_comparison: str
    table: str

    @property
    def label(self) -> str:
        """First author and year; without a year the registration or that it was not read; a record by its number."""
        author = self.first_author.partition(" (")[0]
        if not author or author == "registry record":
            return self.registration or self.study
        return f"{author} {self.year}" if self.year else f"{author} ({self.registration or 'year not read'})"


@dataclass(frozen=True)
class Arm:
    """One group of a study: what it was given, and how many people it held."""

    study: str
    arm: str
    treatment: str
    drug: str
    drug_class: str
    control: str
    route: str
    route_key: str
    dose: str
    dose_unit: str
    infusion_min: float | None
    n_doses: int | None
    schedule: str
    n: int | None
    n_from: str
    mean_age: float | None
    percent_female: float | None
    source: str
    verified: str
    note: str


@dataclass(frozen=True)
class Outcome:
    """One published figure, in `unit`; `arm` is an arm, or names a comparison such as "ket-vs-mdz".

    For `spread` "sd" and "se" the figure is `spread_high`. Negative changes and differences are better on scales where
    higher is worse. For shares of people `value` is a percentage and `events` of `n` the counts.
    """

    outcome_id: str
    study: str
    arm: str
    scale: str
    scale_key: str
    time_h: float | None
    window_start_h: float | None
    measure: str
    value: float | None
    unit: str
    spread: str
    spread_low: float | None
    spread_high: float | None
    n: int | None
    events: int | None
    count_from: str
    p_value: float | None
    definition: str
    source: str
    verified: str
    note: str


@dataclass(frozen=True)
class Contrast:
    """One comparison of a treatment with a control; `data()` gathers its figures from the outcome rows.

    `holds` names the trials that a pool of several stands for; empty where the comparison is its trial's own.
    """

    contrast_id: str
    study: str
    trial_key: str
    indication: str
    drug: str
    route: str
    dose: str
    dose_mg_per_kg_racemic_iv: float | None
    treatment_arm: str
    control_arm: str
    control: str
    outcome: str
    scale: str
    time_h: float | None
    treatment_outcome_id: str
    control_outcome_id: str
    difference_outcome_id: str
    bound: bool
    in_pooling: bool
    why_not: str
    note: str
    holds: tuple[str, ...]

    def data(self) -> dict[str, Any]:
        """The figures, as `ketascope.evidence.studies.figures.figures` describes them; None where not printed."""
        from ketascope.evidence.studies.figures import figures

        return figures(self)


@dataclass(frozen=True)
class Published:
    """One published pooled estimate: a check beside ours, never data. `favours` says which sign is better."""

    meta_id: str
    citation: str
    doi: str
    indication: str
    outcome: str
    time: str
    model: str
    k: int | None
    studies: str
    measure: str
    estimate: float | None
    ci_low: float | None
    ci_high: float | None
    favours: str
    unit: str
    i2: float | None
    kind: str
    source: str
    verified: str
    note: str

    @property
    def label(self) -> str:
        """First author and year; where the authors were not read, the title as far as its first mark."""
        found = _AUTHOR_AND_YEAR.match(self.citation)
        return f"{found['author']} {found['year']}" if found else re.split("[:,]", self.citation)[0]


Row = TypeVar("Row", Study, Arm, Outcome, Contrast, Published)


def _yes(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError("yes or no")
    return text == "yes"


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


WHOLE_NUMBERS = frozenset(("year", "n_randomised", "n_analysed", "n_doses", "n", "events", "k"))
DECIMAL_NUMBERS = frozenset(
    (
        "primary_time_h",
        "follow_up_days",
        "infusion_min",
        "mean_age",
        "percent_female",
        "time_h",
        "window_start_h",
        "value",
        "spread_low",
        "spread_high",
        "p_value",
        "dose_mg_per_kg_racemic_iv",
        "estimate",
        "ci_low",
        "ci_high",
        "i2",
    )
)
_NUMBERS: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys(WHOLE_NUMBERS, int),
    **dict.fromkeys(DECIMAL_NUMBERS, float),
}
_OTHERS: Mapping[str, Callable[[str], Any]] = {
    "within": _names,
    "drug_class": _names,
    "holds": _names,
    "in_pooling": _yes,
    "bound": _yes,
}


def _from_text(row_type: type[Row], where: str, raw: Mapping[str, str]) -> Row:
    values: dict[str, Any] = {}
    for name, field in row_type.__dataclass_fields__.items():
        text = raw[name]
        if name in _NUMBERS:
            values[name] = _number(where, name, text)
        elif name in _OTHERS and field.type != "str":
            try:
                values[name] = _OTHERS[name](text)
            except ValueError as error:
                raise InputError(f"{where}, {name}: '{text}' must be {error}") from None
        else:
            values[name] = text
    return row_type(**values)


def _number(where: str, field: str, text: str) -> Any:
    if text == "":
        return None
    try:
        return _NUMBERS[field](text)
    except ValueError:
        what = "a whole number" if field in WHOLE_NUMBERS else "a number"
        raise InputError(f"{where}, {field}: '{text}' must be empty or {what}") from None


def read_table(row_type: type[Row], text: str, name: str) -> tuple[Row, ...]:
    """The rows of a table as text; InputError names the row and the field that cannot be read."""
    reader = csv.DictReader(io.StringIO(text))
    expected = tuple(row_type.__dataclass_fields__)
    if tuple(reader.fieldnames or ()) != expected:
        raise InputError(f"{name}: the columns must be {', '.join(expected)}")
    key = next(iter(expected))
    return tuple(_from_text(row_type, f"{name} row {number} ({raw[key]})", raw) for number, raw in enumerate(reader, 2))
