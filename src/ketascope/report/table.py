"""The comparison as a tidy CSV: one row an option and quantity, nothing rounded, nothing invented for a gap."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ketascope.files import csv_text, write_aside
from ketascope.report.catalogue import EVIDENCE, PRACTICAL, Column, lookup, scale_name, sections
from ketascope.report.format import words
from ketascope.report.notes import is_caveat, reasons_for_gap

COLUMNS = (
    "option_id",
    "label",
    "section",
    "quantity",
    "unit",
    "median",
    "low",
    "high",
    "interval_of",
    "flags",
    "text",
)

# Quantities are stored as fractions and hours; the file keeps them so and says so.
_STORED_UNITS = {"percent_of_one": "fraction", "people": "%", "time": "h"}

Row = dict[str, Any]


def comparison_rows(document: Mapping[str, Any]) -> list[Row]:
    """Every quantity of every option; a null has empty numbers and the codes of the flags that say why."""
    columns = [(section.id, column) for section in sections(scale_name(document)) for column in section.columns]
    rows: list[Row] = []
    for option in document["options"]:
        rows += [_quantity_row(option, section, column) for section, column in columns]
        rows += [_practical_row(option, column) for column in (*PRACTICAL, *EVIDENCE)]
        rows += _harm_rows(option)
    return rows


def comparison_csv(document: Mapping[str, Any]) -> str:
    """The rows as CSV text."""
    return csv_text(COLUMNS, comparison_rows(document))


def write_csv(path: str | os.PathLike[str], document: Mapping[str, Any]) -> Path:
    """Write the comparison as CSV; the file appears whole or not at all."""
    return write_aside(path, comparison_csv(document))


def _row(option: Mapping[str, Any], section: str, column: Column, flags: Sequence[Mapping[str, Any]]) -> Row:
    empty: Row = dict.fromkeys(COLUMNS, "")
    codes = ";".join(dict.fromkeys(str(flag["code"]) for flag in flags))
    unit = _STORED_UNITS.get(column.kind, column.unit)
    return empty | {
        "option_id": option["id"],
        "label": option["label"],
        "section": section,
        "quantity": column.name,
        "unit": unit,
        "flags": codes,
    }


def _flags(option: Mapping[str, Any], column: Column) -> list[Mapping[str, Any]]:
    if lookup(option, column.path) is None:
        return list(reasons_for_gap(option, column.name))
    return [flag for flag in option["flags"] if is_caveat(flag, column.name)]


def _quantity_row(option: Mapping[str, Any], section: str, column: Column) -> Row:
    row = _row(option, section, column, _flags(option, column))
    quantity = lookup(option, column.path)
    if quantity is not None:
        row |= {key: quantity[key] for key in ("median", "low", "high", "interval_of")}
    return row


def _practical_row(option: Mapping[str, Any], column: Column) -> Row:
    """Setting, cost and evidence: a plain number stands as the median, a range as its ends, words as text."""
    row = _row(option, column.path[0], column, _flags(option, column))
    value = lookup(option, column.path)
    if isinstance(value, Mapping):
        # csv writes None as an empty field: a price that is unknown stays empty.
        row |= {"low": value["low"], "high": value["high"], "interval_of": "prices found"}
        row["text"] = f"a {value['per']}; {value['source']}"
    elif isinstance(value, int | float):
        row["median"] = value
    elif value is not None:
        row["text"] = words(value or None)
    return row


def _harm_rows(option: Mapping[str, Any]) -> list[Row]:
    column = Column(("harms",), "", "", "text")
    rows = []
    for harm in option["harms"] or ():
        frequency = "unknown" if harm.get("frequency") is None else harm["frequency"]
        source = f" ({harm['source']})" if harm.get("source") else ""
        row = _row(option, "harms", column, [])
        rows.append(row | {"quantity": f"harm: {harm['harm']}", "text": f"{frequency}{source}"})
    return rows or [_row(option, "harms", column, reasons_for_gap(option, "harms")) | {"text": "unknown"}]
