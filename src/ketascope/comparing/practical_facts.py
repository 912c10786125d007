"""Harms, setting, cost, approval and evidence of one option: looked up, with unknown shown as unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ketascope.comparing.flags import Flags

if TYPE_CHECKING:
    from ketascope.regimen import Dose


def row_key(rows: Mapping[str, Any], drug: str) -> str:
    """The key that a drug's rows stand under in a data file: its own name where it has one, else its class."""
    from ketascope.regimen import drugs

    return drug if drug in rows else drugs()[drug].drug_class


def harms_of(drug: str, route: str) -> list[dict[str, Any]]:
    """[{"harm", "frequency", "source"}, ...]: everything that must be shown for a drug, known or not."""
    from ketascope.data import load

    table = load("harms")
    kind = row_key(table["must_show"], drug)
    shown = []
    for name in table["must_show"][kind]:
        harm = table["harm"][name]
        rows = [row for row in harm["rows"] if drug in row["drugs"] or kind in row["drugs"]]
        chosen = [row for row in rows if route in row["routes"]] or [row for row in rows if "*" in row["routes"]]
        for row in chosen:
            shown.append({"harm": harm["label"], "frequency": row["frequency"], "source": row["source"]})
        if not chosen:
            shown.append({"harm": harm["label"], "frequency": table["unknown"]["text"], "source": None})
    for row in table["contraindications"].get(kind, []):
        shown.append({"harm": f"do not use: {row['text']}", "frequency": "contraindication", "source": row["source"]})
    return shown


def practical_row(drug: str, route: str, flags: Flags) -> Mapping[str, Any] | None:
    """The row of data/practical.toml for a drug and a route, through its fall-backs; None where nothing is known."""
    from ketascope.data import load, through_fallbacks

    table = load("practical")
    row, key = through_fallbacks(table, table["practical"], f"{drug}:{route}")
    if row is None:
        flags.add("setting_unknown")
    elif key != f"{drug}:{route}":
        flags.add("borrowed_practical", lender=key)
    return row


def watched_first(doses: Sequence[Dose]) -> tuple[Dose, ...]:
    """Doses in order of time, of those at one moment the one that is watched longest first.

    The first dose says how a session goes and where; a sentence may name what is given together in any order.
    """

    def observation_min(dose: Dose) -> float:
        told = (practical_row(dose.drug, dose.route, Flags()) or {}).get("observation_min", {})
        return float(told.get("value") or 0.0)

    return tuple(sorted(doses, key=lambda dose: (dose.time_h, -observation_min(dose), dose.drug, dose.route)))


def practical_facts(row: Mapping[str, Any] | None, indication: str, flags: Flags) -> dict[str, Any]:
    """The `practical` part of an option."""
    cost = (row or {}).get("cost_usd")
    if cost is None:
        flags.add("cost_unknown")
    told = (row or {}).get("observation_min", {})
    observation = told.get("value")
    text = (row or {}).get("observation_text", "not in our sources")
    if row and observation is None:
        flags.add("observation_not_in_minutes", text=text)
    if told.get("grade") == "assumed":
        flags.add("observation_assumed", text=text)
    return {
        "setting": row["setting"] if row else None,
        "observation_min": observation,
        "approval": row.get("approval_us", {}).get(indication, row["approval"]) if row else None,
        "cost_usd": _price(cost) if cost else None,
    }


def _price(cost: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "low": cost.get("low", cost.get("value")),
        "high": cost.get("high", cost.get("value")),
        "per": cost["per"],
        "source": f"{cost['source']}; {cost['date']}",
    }


def evidence_of(drug: str, route: str, indication: str, flags: Flags) -> dict[str, Any]:
    """The `evidence` part of an option: trials, participants, certainty; flags say what is extrapolated."""
    from ketascope.data import load, through_fallbacks

    table = load("evidence_summary")
    row, _ = through_fallbacks(table, table["evidence"][indication], f"{drug}:{route}")
    if row is None:
        row = table["default"][row_key(table["default"], drug)]
    texts = [table["flag"][name] for name in row.get("flags", [])]
    if texts:
        flags.add("extrapolated", reason=" ".join(texts))
    return {
        "trials": row["trials"],
        "participants": row["participants"],
        "certainty": row["certainty"],
        "reasons": list(row.get("reasons", [])),
    }
