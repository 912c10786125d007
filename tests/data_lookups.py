"""Look-ups in the data files by their own rules, written apart from the package so that tests can hold it to them."""

from __future__ import annotations

from typing import Any

from ketascope import data

# What errors list; names and order are held by tests/test_regimen_data.py and tests/test_data_files.py.
DRUGS = ", ".join(data.load("drugs"))
ROUTES = ", ".join(data.load("routes"))
INDICATIONS = ", ".join(data.load("indications"))


def class_name(drug: str) -> str:
    """A drug's class where its rows stand under the class, else its own name."""
    drugs = data.load("drugs")
    kind = drugs[drug]["class"] if drug in drugs else drug
    return kind if kind in ("ssri", "snri") else drug


def practical_row(key: str) -> tuple[str, dict[str, Any]]:
    file = data.load("practical")
    while key not in file["practical"]:
        key = file["fallback"][key]
    return key, file["practical"][key]


def evidence_row(indication: str, key: str) -> tuple[str, dict[str, Any]]:
    file = data.load("evidence_summary")
    rows = file["evidence"][indication]
    drug = key.split(":")[0]
    while key not in rows and key in file["fallback"]:
        key = file["fallback"][key]
    if key in rows:
        return key, rows[key]
    name = class_name(drug)
    return f"default.{name}", file["default"][name]


def harm_rows(harm: str, drug: str, route: str) -> list[dict[str, Any]]:
    file = data.load("harms")
    called = {drug, class_name(drug)}
    mine = [row for row in file["harm"][harm]["rows"] if called & set(row["drugs"])]
    own_route = [row for row in mine if route in row["routes"]]
    return own_route or [row for row in mine if row["routes"] == ["*"]]


def effects(indication: str, **wanted: Any) -> list[dict[str, Any]]:
    rows = data.load("indications")[indication]["ketamine_effects"]
    return [row for row in rows if all(row.get(key) == value for key, value in wanted.items())]


def ssri(indication: str, use: str = "default") -> dict[str, Any]:
    rows = data.load("indications")[indication]["ssri_minus_placebo"]
    return next(row for row in rows if row["use"] == use)
