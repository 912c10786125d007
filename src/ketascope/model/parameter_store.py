"""Every number of the model, with unit, population, spread, source and grade.

The rows live in `model/parameters/*.toml`; nothing in the code holds a value of its own. A row's full name is
`file.key`, for example `pooled.clearance_s_ketamine_l_per_h`.
"""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, Literal

from ketascope.errors import INSTALL_AGAIN, InputError

Grade = Literal["established", "plausible", "assumed", "estimated", "not informed by trials"]
GRADES: tuple[str, ...] = ("established", "plausible", "assumed", "estimated", "not informed by trials")
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
    grade: str
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
            near = difflib.get_close_matches(name, [*self._rows, *sorted(files)], n=1, cutoff=0.5)
            hint = f"; did you mean '{near[0]}'?" if near else "."
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
    if isinstance(raw["value"], bool) or not isinstance(raw["value"], int | float):
        raise InputError(f"parameter '{name}': value must be a number")
    if not math.isfinite(raw["value"]):
        raise InputError(f"parameter '{name}': value must be finite")
    for field in ("unit", "population", "source", "note"):
        if not isinstance(raw.get(field, ""), str):
            raise InputError(f"parameter '{name}': {field} must be a text")
    between = raw.get("between_patient")
    if between is not None and (not isinstance(between, Mapping) or not isinstance(between.get("effect"), str)):
        raise InputError(f"parameter '{name}': between_patient needs the name of its random effect")
    span = raw.get("range")
    if span is not None and not (isinstance(span, list) and len(span) == 2 and all(map(_is_number, span))):
        raise InputError(f"parameter '{name}': range must be two numbers")
    return Parameter(
        name=name,
        value=float(raw["value"]),
        unit=raw["unit"],
        population=raw["population"],
        source=raw["source"],
        grade=raw["grade"],
        between_patient=_spread(name, "between_patient", between) if between is not None else None,
        uncertainty=_spread(name, "uncertainty", raw["uncertainty"]) if "uncertainty" in raw else None,
        note=raw.get("note", ""),
        range=(float(span[0]), float(span[1])) if span is not None else None,
    )


@lru_cache(maxsize=1)
def load_parameters() -> ParameterSet:
    """Read every row of `model/parameters/*.toml`. Raises InputError for a damaged file or a row without a field."""
    rows: dict[str, Parameter] = {}
    folder = resources.files("ketascope.model") / "parameters"
    for file in sorted(folder.iterdir(), key=lambda item: item.name):
        if not file.name.endswith(".toml"):
            continue
        stem = file.name.removesuffix(".toml")
        try:
            table = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise InputError(f"the parameter file {file.name} is damaged: {error}; {INSTALL_AGAIN}") from None
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
