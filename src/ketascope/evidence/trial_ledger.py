"""The trials' part of the credibility ledger: every figure predicted against observed, and what the model gets wrong.

All of it follows from the record of a fit (`symptom_trials/posterior.py`): nothing is computed anew, and no sentence
on a trial is typed in. A prediction is for a new trial like the one at hand: it has trial effects of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

from ketascope.evidence.studies.arm_words import arm_words
from ketascope.evidence.studies.tables import outcome, published, studies
from ketascope.evidence.summaries.choices import indications
from ketascope.evidence.symptom_trials.posterior import load_record
from ketascope.evidence.uncompared_rows import is_outcome, reasons, uncompared
from ketascope.report.format import duration, number, plain, signed

Row = Mapping[str, Any]

FIT = "fit"
LEVELS = ("50", "95")
DECIMALS: Mapping[str, int] = {"points": 1, "SD": 2, "% responding": 0, "share": 2}
STANDS_OUT = 1.0
"""SDs between trials from which the middle of a trial's own effect is named, if its 95% interval leaves out none."""
UNLIKELY = 0.05
"""A bound that fewer predictions than this keep is a misfit, as is an observation outside the 95% interval."""
CLEAR = 2.0
"""Standard errors from which a difference in scores counts as more than chance."""


def trial_ledger(record: Row | None = None) -> dict[str, Any]:
    """The ledger of the packaged fit, or of the fit behind `record`, as plain data.

    rows: every figure with its predicted median, 50% and 95% interval, inside or not (None where nothing was
    estimated), and use (fit, or a check). leave_one_out: the same for comparisons, in standardised differences, with
    its trial left out of the fit. not_compared: every other row of the study tables, with why.
    """
    record = load_record() if record is None else record
    rows = ledger_rows(record)
    left_out = [_left_out_row(row, what) for row, what in _with_words(record["leave_one_out"]["rows"], rows)]
    others = uncompared(rows)
    return {
        "rows": rows,
        "summary": _summary(rows),
        "leave_one_out": {**record["leave_one_out"], "rows": left_out},
        "known_misfits": known_misfits(record),
        "dose_support": dose_support(record),
        "not_compared": others,
        "reasons": reasons(others),
    }


def ledger_rows(record: Row) -> list[dict[str, Any]]:
    """The posterior predictive rows of a record, each with its source's label, its indication's, and what it is of."""
    names = indications()
    return [
        {
            **row,
            "label": source_label(row["outcomes"]),
            "indication_label": names.get(row["indication"], row["indication"]),
            "what": _what(row),
        }
        for row in record["posterior_predictive"]
    ]


def source_label(names: Sequence[str]) -> str:
    """First author and year of the source of outcome rows (or of published pooled estimates)."""
    name = names[0]
    if is_outcome(name):
        return studies()[outcome(name).study].label
    return next(row.label for row in published() if row.meta_id == name)


def _what(row: Row) -> str:
    """The arm or comparison in words; of a published pool our own words, with the kind of control."""
    if not all(is_outcome(name) for name in row["outcomes"]):
        return f"{row['arm']} ({row['control']})"
    found = (outcome(name) for name in row["outcomes"])
    return " against ".join(dict.fromkeys(arm_words(each.study, each.arm) for each in found))


def _with_words(left_out: Sequence[Row], rows: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Each comparison with the ledger row of its treatment; rows of one arm and time pair in their order."""
    waiting: dict[tuple[str, str, float], list[Row]] = {}
    for row in rows:
        if row["use"] == FIT:
            arm = row["arm"].partition(" against ")[0]
            waiting.setdefault((row["trial"], arm, row["time_h"]), []).append(row)
    return [(row, waiting[row["trial"], row["arm"], row["time_h"]].pop(0)) for row in left_out]


def _left_out_row(row: Row, of: Row) -> dict[str, Any]:
    own = {name: of[name] for name in ("label", "indication", "indication_label", "what", "control")}
    return {**row, **own, "unit": "SD"}


def _summary(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """By use: rows, those with an estimate to compare, and how many of these lie inside each interval."""
    found = []
    for use in dict.fromkeys(row["use"] for row in rows):
        own = [row for row in rows if row["use"] == use]
        seen = [row for row in own if row["observed"] is not None]
        inside = {f"inside_{level}": sum(row[f"inside_{level}"] for row in seen) for level in LEVELS}
        found.append({"use": use, "rows": len(own), "compared": len(seen), **inside})
    return found


def known_misfits(record: Row) -> list[str]:
    """What the model gets wrong, a sentence each: outside the 95% interval, broken bounds, trials that stand out."""
    rows = ledger_rows(record)
    outside = sorted((row for row in rows if row["inside_95"] is False), key=lambda row: row["use"] != FIT)
    broken = [row for row in rows if row.get("bound") is not None and row["probability_within_bound"] < UNLIKELY]
    left_out = [(row, of) for row, of in _with_words(record["leave_one_out"]["rows"], rows) if not row["inside_95"]]
    labels = {row["trial"]: row["label"] for row in reversed(rows)}
    effects = [row for row in record["trial_effects"] if _stands_out(*row["benefit"])]
    return [
        *(_outside(row) for row in outside),
        *(_broken(row) for row in broken),
        *(_outside(_left_out_row(row, of), "predicted from the other trials") for row, of in left_out),
        *(_effect(labels.get(row["trial"], row["trial"]), row["benefit"]) for row in effects),
    ]


def _stands_out(low: float, middle: float, high: float) -> bool:
    return abs(middle) > STANDS_OUT and low * high > 0.0


def _outside(row: Row, how: str | None = None) -> str:
    side = "below" if row["observed"] < row["low_95"] else "above"
    figures = {name: _figure(row[name], row["unit"]) for name in ("observed", "median", "low_95", "high_95")}
    how = how or ("in the fit" if row["use"] == FIT else row["use"])
    return (
        f"{_subject(row)}: observed {figures['observed']} {row['unit']}, {side} the 95% interval of the prediction, "
        f"{figures['median']} ({figures['low_95']} to {figures['high_95']}); {how}."
    )


def _broken(row: Row) -> str:
    return (
        f"{_subject(row)}: no difference was found, so it is below {_figure(row['bound'], row['unit'])} {row['unit']} "
        f"either way; {number(row['probability_within_bound'], 'percent_of_one')}% of predictions are."
    )


def _effect(label: str, benefit: Sequence[float]) -> str:
    low, middle, high = (_figure(value, "SD") for value in benefit)
    which = "more" if benefit[1] > 0.0 else "less"
    return (
        f"{label}: {which} benefit than its drug, dose, route, time and control explain; its own effect is {middle} "
        f"({low} to {high}) SDs between trials."
    )


def _subject(row: Row) -> str:
    return f"{row['label']}, {row['what']} at {duration(row['time_h'])}"


def _figure(value: float, unit: str) -> str:
    return plain(value, DECIMALS[unit])


def dose_support(record: Row) -> str:
    """What predicting trials left out says of dose and route: whether the mechanism beats models that know neither."""
    scores = record["leave_one_out"]["ketamine"]
    if not scores["trials_scored"] or scores["crps"] is None:
        return "Whether the trials support route and dose is unknown: none could be left out and predicted."
    beside = " and ".join(f"{plain(value, 3)} ({name})" for name, value in scores["rivals"].items())
    found = (
        f"mean CRPS {plain(scores['crps'], 3)} for the mechanism and {beside} for models that know neither, over "
        f"{scores['trials_scored']} ketamine and esketamine trials left out one by one (smaller is better)"
    )
    margins = {name: _margin(record, name) for name in scores["rivals"]}
    differences = " and ".join(f"{signed(mean, 3)} ({plain(error, 3)})" for mean, error in margins.values())
    found += f"; mean difference (standard error) {differences}"
    if not scores["beats_rivals"]:
        return f"By these trials route and dose are not supported by the data: {found}."
    if all(mean < -CLEAR * error for mean, error in margins.values()):
        return f"Route and dose are supported by the data: {found}."
    return f"Route and dose are weakly supported by the data, by a margin that chance may explain: {found}."


def _margin(record: Row, rival: str) -> tuple[float, float]:
    """Mean over trials of own minus rival's CRPS, below 0 where the mechanism is better, and its standard error."""
    found: dict[str, list[float]] = {}
    for row in record["leave_one_out"]["rows"]:
        if "rival_crps" in row:
            found.setdefault(row["trial"], []).append(row["crps"] - row["rival_crps"][rival])
    means = [fmean(values) for values in found.values()]
    return fmean(means), stdev(means) / math.sqrt(len(means)) if len(means) > 1 else math.inf
