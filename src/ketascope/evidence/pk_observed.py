"""Observed concentrations and exposures: the table, and the contract that it keeps.

`data/pk_observed.csv` holds every figure that was found, with the regimen as a dose sentence and the value
in one unit per kind. A row that no prediction can be held against stays in the table and says why.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from ketascope.errors import InputError

UNITS_OF_KIND: dict[str, tuple[str, ...]] = {
    "concentration": ("ng/mL",),
    "cmax": ("ng/mL",),
    "tmax": ("h",),
    "auc": ("ng*h/mL",),
    "half_life": ("h",),
    "f": ("fraction",),
    "cl": ("L/h", "L/h per 70 kg"),
    "auc_ratio": ("ratio",),
    "vss": ("L",),
    "ratio": ("ratio",),
    "other": ("fraction",),
}
"""Kinds of statistic and the units that `value_norm` may have for each."""

FOLD_ERROR_KINDS: tuple[str, ...] = ("concentration", "cmax", "auc")
COMPARED_KINDS: tuple[str, ...] = (*FOLD_ERROR_KINDS, "auc_ratio", "tmax", "f", "cl")
CHECK_GRADES: tuple[str, ...] = ("text", "secondary", "recall")
SAMPLING_SITES: tuple[str, ...] = ("venous", "arterial", "unknown")
ANALYTES: dict[str, tuple[str, ...]] = {
    "s_ketamine": ("s_ketamine",),
    "r_ketamine": ("r_ketamine",),
    "ketamine": ("s_ketamine", "r_ketamine"),
    "s_norketamine": ("s_norketamine",),
    "r_norketamine": ("r_norketamine",),
    "norketamine": ("s_norketamine", "r_norketamine"),
    "s_hydroxynorketamine": ("s_hydroxynorketamine",),
    "r_hydroxynorketamine": ("r_hydroxynorketamine",),
    "hydroxynorketamine": ("s_hydroxynorketamine", "r_hydroxynorketamine"),
}
"""Analytes that the model predicts, as sums of its concentration curves."""


def is_analyte(key: str) -> bool:
    """Whether the model predicts this analyte, or both sides of an `over:under` ratio."""
    return all(part in ANALYTES for part in key.split(":"))


@dataclass(frozen=True)
class ObservedRow:
    """One published figure; the fields up to `note` are as found, the rest is what code needs."""

    row_id: str
    study: str
    n: str
    population: str
    drug: str
    route: str
    dose: str
    dose_unit: str
    infusion_min: str
    sampling: str
    analyte: str
    statistic: str
    time_h: str
    value: str
    unit: str
    spread_type: str
    spread: str
    source: str
    verified: str
    note: str
    value_norm: float | None
    unit_norm: str
    route_key: str
    sentence: str
    weight_kg: float | None
    sampling_used: str
    statistic_kind: str
    analyte_key: str
    sample_time_h: float | None
    auc_to_h: float | None
    in_sample: bool
    compared: bool
    used: bool
    why_not: str
    conversion_note: str

    @property
    def analyte_group(self) -> str:
        """`ketamine`, `norketamine`, `hydroxynorketamine`, or `other` for what the model does not predict."""
        if not is_analyte(self.analyte_key):
            return "other"
        return self.analyte_key.partition(":")[0].removeprefix("s_").removeprefix("r_")


def known_routes() -> tuple[str, ...]:
    """The routes of the dose grammar, in the order of the data file."""
    from ketascope import data

    return tuple(data.load("routes"))


COLUMNS: tuple[str, ...] = tuple(ObservedRow.__dataclass_fields__)
_NUMBERS: tuple[str, ...] = ("value_norm", "weight_kg", "sample_time_h", "auc_to_h")
_FLAGS: tuple[str, ...] = ("in_sample", "compared", "used")


def _positive(where: str, field: str, text: str) -> float | None:
    if text == "":
        return None
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not 0.0 < number < float("inf"):
        raise InputError(f"{where}: {field} '{text}' must be empty or a positive number")
    return number


def _one_of(where: str, field: str, text: str, allowed: tuple[str, ...]) -> None:
    if text not in allowed:
        names = ", ".join(item or "empty" for item in allowed)
        raise InputError(f"{where}: {field} '{text}' is none of {names}")


def _row_from_text(where: str, raw: Mapping[str, str]) -> ObservedRow:
    """One checked row. Every broken rule is an InputError that names the row and the field."""
    for field in ("row_id", "study", "unit", "source", "analyte_key"):
        if not raw[field]:
            raise InputError(f"{where}: {field} is empty; every row needs one")
    _one_of(where, "verified", raw["verified"], CHECK_GRADES)
    _one_of(where, "sampling_used", raw["sampling_used"], SAMPLING_SITES)
    _one_of(where, "statistic_kind", raw["statistic_kind"], tuple(UNITS_OF_KIND))
    _one_of(where, "route_key", raw["route_key"], (*known_routes(), ""))
    for field in _FLAGS:
        _one_of(where, field, raw[field], ("yes", "no"))
    numbers = {field: _positive(where, field, raw[field]) for field in _NUMBERS}
    if numbers["value_norm"] is not None:
        _one_of(where, "unit_norm", raw["unit_norm"], UNITS_OF_KIND[raw["statistic_kind"]])
    flags = {field: raw[field] == "yes" for field in _FLAGS}
    row = ObservedRow(**{**raw, **numbers, **flags})  # type: ignore[arg-type]
    _check_use(where, row)
    return row


def _check_use(where: str, row: ObservedRow) -> None:
    """A used row has all that a prediction needs; an unused one has a reason."""
    if row.used == bool(row.why_not):
        raise InputError(f"{where}: a used row has an empty why_not and an unused row gives its reason there")
    if row.used and not row.compared:
        raise InputError(f"{where}: used is yes, so compared must be yes")
    if not row.compared:
        return
    if row.verified == "recall":
        raise InputError(f"{where}: a figure from recall is never compared with a prediction")
    if not is_analyte(row.analyte_key):
        raise InputError(
            f"{where}: analyte_key '{row.analyte_key}' is none of {', '.join(ANALYTES)}, nor a ratio of two"
        )
    _one_of(where, "route_key", row.route_key, known_routes())
    _one_of(where, "statistic_kind", row.statistic_kind, FOLD_ERROR_KINDS if row.used else COMPARED_KINDS)
    needed: dict[str, str | float | None] = {
        field: getattr(row, field) for field in ("value", "value_norm", "weight_kg", "sentence")
    }
    if row.statistic_kind == "concentration":
        needed["sample_time_h"] = row.sample_time_h
    if row.statistic_kind in ("auc", "auc_ratio"):
        needed["auc_to_h"] = row.auc_to_h
    for field, content in needed.items():
        if not content:
            raise InputError(f"{where}: {field} is empty, but the row is compared with a prediction")


def parse_table(text: str, name: str = "pk_observed.csv") -> list[ObservedRow]:
    """Read and check a table of observations. Raises InputError with the file, the row and the field."""
    reader = csv.DictReader(io.StringIO(text))
    header = reader.fieldnames or []
    missing = [column for column in COLUMNS if column not in header]
    unknown = [column for column in header if column not in COLUMNS]
    if missing or unknown:
        wrong = f"column '{missing[0]}' is missing" if missing else f"column '{unknown[0]}' is unknown"
        raise InputError(f"{name}: {wrong}; the columns are {', '.join(COLUMNS)}")
    rows: list[ObservedRow] = []
    seen: dict[str, int] = {}
    for number, raw in enumerate(reader, start=2):
        where = f"{name} row {number}"
        if None in raw or None in raw.values():
            raise InputError(f"{where}: the number of cells is not that of the {len(COLUMNS)} columns")
        row = _row_from_text(where, raw)
        if row.row_id in seen:
            raise InputError(f"{where}: row_id '{row.row_id}' already stands in row {seen[row.row_id]}")
        seen[row.row_id] = number
        rows.append(row)
    return rows


@lru_cache(maxsize=1)
def _load() -> tuple[ObservedRow, ...]:
    text = (resources.files("ketascope.evidence") / "data" / "pk_observed.csv").read_text(encoding="utf-8")
    return tuple(parse_table(text))


def load() -> list[ObservedRow]:
    """Every row of the packaged table, used or not. Raises InputError when the table breaks its contract."""
    return list(_load())
