"""Every number of the model, with unit, population, spread, source and grade.

The rows live in `model/parameters/*.toml`; nothing in the code holds a value of its own. A row's full name is
`file.key`, for example `pooled.clearance_s_ketamine_l_per_h`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, Literal, get_args

from ketascope.errors import InputError, did_you_mean
from ketascope.files import toml_of

Grade = Literal["established", "plausible", "assumed", "estimated", "not informed by trials"]
GRADES: tuple[Grade, ...] = get_args(Grade)
SPREAD_KINDS: tuple[str, ...] = ("log-normal", "logit-normal", "normal")
REQUIRED_FIELDS: tuple[str, ...] = ("value", "unit", "population", "source", "grade")
OPTIONAL_FIELDS: tuple[str, ...] = ("between_patient", "uncertainty", "note", "range")


@dataclass(frozen=True)
class Spread:
    """How a parameter varies: `sd` is on the log scale (log-normal), the logit scale, or the parameter's own.

    `effect` names the random effect that carries the variation between patients; parameters that share an effect
    vary together (S- and R-ketamine clearance, for example). `value_is` says whether the row's value is the median of
    patients or, for a log-normal, their mean.
    """

    kind: str
    sd: float
    effect: str | None = None
    value_is: str = "median"


@dataclass(frozen=True)
class Parameter:
    """One row of the parameter tables."""

    name: str
    value: float
    unit: str
    population: str
    source: str
    grade: Grade
    between_patient: Spread | None = None
    uncertainty: Spread | None = None
    note: str = ""
    range: tuple[float, float] | None = None


class ParameterSet(Mapping[str, Parameter]):
    """All rows by full name; `values_of(file)` gives plain numbers for one file."""

    def __init__(self, rows: Mapping[str, Parameter]) -> None:
        self._rows = dict(rows)

    def __getitem__(self, name: str) -> Parameter:
        if name not in self._rows:
            files = {row.partition(".")[0] for row in self._rows}
            hint = did_you_mean(name, [*self._rows, *sorted(files)], cutoff=0.5)
            raise InputError(f"parameter '{name}' is unknown{hint} ('ketascope parameters' lists all)")
        return self._rows[name]

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def value(self, name: str) -> float:
        """The central value of a row, in the row's unit. Raises InputError for an unknown name."""
        return self[name].value

    def values_of(self, file: str) -> dict[str, float]:
        """Central values of one file by short name (the part after the dot)."""
        start = file + "."
        return {name[len(start) :]: row.value for name, row in self._rows.items() if name.startswith(start)}

    def replaced(self, values: Mapping[str, float]) -> ParameterSet:
        """The same rows with some central values replaced. Raises InputError for an unknown name."""
        from dataclasses import replace

        rows = dict(self._rows)
        for name, value in values.items():
            rows[name] = replace(self[name], value=value)
        return ParameterSet(rows)


def _spread(name: str, field: str, raw: Any) -> Spread:
    is_table = isinstance(raw, Mapping)
    unknown = set(raw) - {"kind", "sd", "effect", "value_is"} if is_table else {"not a table"}
    if unknown or raw.get("kind") not in SPREAD_KINDS or not _is_number(raw.get("sd")) or raw["sd"] < 0.0:
        raise InputError(f"parameter '{name}': {field} needs kind ({', '.join(SPREAD_KINDS)}) and sd >= 0")
    value_is = raw.get("value_is", "median")
    if value_is not in ("median", "mean") or (value_is == "mean" and raw["kind"] != "log-normal"):
        raise InputError(f"parameter '{name}': value_is must be median, or mean for a log-normal")
    return Spread(raw["kind"], float(raw["sd"]), raw.get("effect"), value_is)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def parameter_from_row(name: str, raw: Mapping[str, Any]) -> Parameter:
    """Check one TOML row and return it. Raises InputError that names the row and the field."""
    _check_fields(name, raw)
    return Parameter(
        name=name,
        value=_central_value(name, raw["value"]),
        unit=raw["unit"],
        population=raw["population"],
        source=raw["source"],
        grade=raw["grade"],
        between_patient=_between_patient(name, raw.get("between_patient")),
        uncertainty=_spread(name, "uncertainty", raw["uncertainty"]) if "uncertainty" in raw else None,
        note=raw.get("note", ""),
        range=_range(name, raw.get("range")),
    )


def _check_fields(name: str, raw: Any) -> None:
    """That a row has the fields it needs, no other, and words where words belong."""
    if not isinstance(raw, Mapping):
        raise InputError(f"parameter '{name}' is no table of fields; every row needs {', '.join(REQUIRED_FIELDS)}")
    for field in REQUIRED_FIELDS:
        if field not in raw or raw[field] == "":
            raise InputError(f"parameter '{name}' has no {field}; every row needs {', '.join(REQUIRED_FIELDS)}")
    for field in raw:
        if field not in REQUIRED_FIELDS + OPTIONAL_FIELDS:
            raise InputError(f"parameter '{name}' has an unknown field '{field}'")
    if raw["grade"] not in GRADES:
        raise InputError(f"parameter '{name}': grade '{raw['grade']}' is none of {', '.join(GRADES)}")
    for field in ("unit", "population", "source", "note"):
        if not isinstance(raw.get(field, ""), str):
            raise InputError(f"parameter '{name}': {field} must be a text")


def _central_value(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"parameter '{name}': value must be a number")
    if not math.isfinite(value):
        raise InputError(f"parameter '{name}': value must be finite")
    return float(value)


def _between_patient(name: str, between: Any) -> Spread | None:
    if between is None:
        return None
    if not isinstance(between, Mapping) or not isinstance(between.get("effect"), str):
        raise InputError(f"parameter '{name}': between_patient needs the name of its random effect")
    return _spread(name, "between_patient", between)


def _range(name: str, span: Any) -> tuple[float, float] | None:
    if span is None:
        return None
    if not (isinstance(span, list) and len(span) == 2 and all(map(_is_number, span))):
        raise InputError(f"parameter '{name}': range must be two numbers")
    return float(span[0]), float(span[1])


@lru_cache(maxsize=1)
def load_parameters() -> ParameterSet:
    """Read every row of `model/parameters/*.toml`. Raises InputError for a damaged file or a row without a field."""
    rows: dict[str, Parameter] = {}
    folder = resources.files("ketascope.model") / "parameters"
    for file in sorted(folder.iterdir(), key=lambda item: item.name):
        if not file.name.endswith(".toml"):
            continue
        stem = file.name.removesuffix(".toml")
        table = toml_of(file, f"parameters/{file.name}")
        for key, raw in table.items():
            rows[f"{stem}.{key}"] = parameter_from_row(f"{stem}.{key}", raw)
    return ParameterSet(rows)


def parameters(name: str | None = None, grade: str | None = None) -> list[Parameter]:
    """The parameter rows: all, or those whose full name is `name` or starts with `name.`, and of one grade.

    Raises InputError for a name that fits no row, with the nearest one, and for an unknown grade.
    """
    if grade is not None and grade not in GRADES:
        raise InputError(f"grade '{grade}' is unknown; grades: {', '.join(GRADES)}")
    rows = load_parameters()
    fitting = [row for full, row in rows.items() if name is None or full == name or full.startswith(f"{name}.")]
    if not fitting and name is not None:
        fitting = [rows[name]]  # says that it is unknown, with the nearest name
    return [row for row in fitting if grade is None or row.grade == grade]
