"""Reference values of other meta-analysis software, and the call of ours that should give the same."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ketascope.evidence.pooling.cumulative import cumulative, leave_one_out
from ketascope.evidence.pooling.effect_sizes import (
    Counts,
    Effect,
    Group,
    hedges_g,
    log_odds_ratio,
    log_risk_ratio,
    mean_difference,
)
from ketascope.evidence.pooling.influence import influence
from ketascope.evidence.pooling.models import pool
from ketascope.evidence.pooling.regression import meta_regression
from ketascope.evidence.pooling.small_study import begg, egger, trim_and_fill

FILE = Path(__file__).parent / "fixtures" / "metafor_references.json"


@functools.cache
def fixture() -> dict[str, Any]:
    return json.loads(FILE.read_text(encoding="utf-8"))


def effects(data: Mapping[str, Any], measure: str) -> list[Effect]:
    """The effects of a data set that holds counts or groups."""
    if data["kind"] == "counts":
        ratio = log_odds_ratio if measure == "log OR" else log_risk_ratio
        keys = ("events_treatment", "n_treatment", "events_control", "n_control")
        tables = zip(*(data[key] for key in keys), strict=True)
        found = [ratio(f"{i}", Counts(a, n1), Counts(c, n2)) for i, (a, n1, c, n2) in enumerate(tables)]
        assert all(isinstance(effect, Effect) for effect in found)
        return found
    keys = ("n_treatment", "mean_treatment", "sd_treatment", "n_control", "mean_control", "sd_control")
    rows = list(zip(*(data[key] for key in keys), strict=True))
    if measure.startswith("SMD first four"):
        correction = "approximate" if measure.endswith("approximate J") else "exact"
        groups = [(Group(*row[:3]), Group(*row[3:])) for row in rows[:4]]
        return [hedges_g(f"{i}", *pair, correction=correction) for i, pair in enumerate(groups)]
    found = []
    for i, (n1, m1, s1, n2, m2, s2) in enumerate(rows):
        # Normand pools the two standard deviations of each study first.
        sd = math.sqrt(((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / (n1 + n2 - 2))
        found.append(mean_difference(f"{i}", Group(n1, m1, sd), Group(n2, m2, sd)))
    return found


def arrays(data: Mapping[str, Any], measure: str) -> tuple[list[float], list[float]]:
    """Estimates and variances of a data set."""
    if data["kind"] == "estimates":
        return data["estimates"], data["variances"]
    found = effects(data, measure)
    return [effect.estimate for effect in found], [effect.variance for effect in found]


def ours(record: Mapping[str, Any]) -> dict[str, Any]:
    """Our figures for the quantities of one record, by the same names."""
    return _ours(json.dumps(record))


@functools.cache
def _ours(text: str) -> dict[str, Any]:
    record = json.loads(text)
    data, options = fixture()["data"][record["data"]], dict(record["options"])
    estimates, variances = arrays(data, record["measure"])
    moderators = {name: data["moderators"][name] for name in options.pop("moderators", [])}
    at, order = options.pop("at", None), options.pop("order", None)
    method = record["method"]
    if method == "effects":
        return {"estimate": estimates, "variance": variances}
    if method in ("pool", "ratio", "predictions"):
        pooled = pool(estimates, variances, **options)
        if method == "ratio":
            return {name: math.exp(getattr(pooled, name)) for name in ("estimate", "low", "high")}
        ends = {
            f"{rule} {end}": both
            for rule, pair in pooled.predictions.items()
            if pair
            for end, both in zip(("low", "high"), pair, strict=True)
        }
        return {**vars(pooled), "tau": math.sqrt(pooled.tau2), **ends}
    if method in ("regression", "predicted_ratio"):
        regression = meta_regression(estimates, variances, moderators, **options)
        if method == "predicted_ratio":
            return dict(zip(("estimate", "low", "high"), map(math.exp, regression.predict(at)), strict=True))
        found = vars(regression) | {"intercept": regression.coefficients[0].estimate}
        for each in regression.coefficients:
            found |= {f"slope {each.name}": each.estimate, f"error {each.name}": each.standard_error}
            found |= {f"p {each.name}": each.p_value}
        return found
    if method in ("influence", "influence_first"):
        options.pop("test")
        rows = influence(estimates, variances, moderators, **options)
        found = {name: [getattr(row, name) for row in rows] for name in vars(rows[0])}
        for i, name in enumerate(("intercept", *moderators)):
            found[f"dfbetas_{name}"] = [row.dfbetas[i] for row in rows]
        found["influential"] = [float(bool(row.influential)) for row in rows]
        return found if method == "influence" else {name: values[0] for name, values in found.items()}
    if method in ("leave_one_out", "cumulative"):
        rows = (
            leave_one_out(estimates, variances, **options)
            if order is None
            else cumulative(estimates, variances, data["moderators"][order], **options)
        )
        return {name: [getattr(row, name) for row in rows] for name in vars(rows[0])}
    if method == "trim_and_fill":
        filled = trim_and_fill(estimates, variances, **options)
        return vars(filled.pooled) | vars(filled)
    return vars({"egger": egger, "begg": begg}[method](estimates, variances))


def pairs(record: Mapping[str, Any]) -> list[tuple[str, float, float]]:
    """(quantity, theirs, ours) of one record; a list of studies gives one pair each, numbered from 1."""
    found, mine = [], ours(record)
    for name, value in record["values"].items():
        if isinstance(value, Sequence):
            assert len(value) == len(mine[name]), name
            both = enumerate(zip(value, mine[name], strict=True), 1)
            found += [(f"{name} of {i}", float(theirs), float(our)) for i, (theirs, our) in both]
        else:
            found.append((name, float(value), float(mine[name])))
    return found


def described(record: Mapping[str, Any]) -> str:
    """One record's analysis in a few words."""
    options = dict(record["options"])
    names = " + ".join(options.pop("moderators", []))
    at = ", ".join(f"{name} = {value}" for name, value in options.pop("at", {}).items())
    words = [record["data"], record["measure"], record["method"].replace("_", " "), *options.values(), names, at]
    return ", ".join(word for word in words if word)


def agrees(theirs: float, our: float, digits: int) -> bool:
    """Whether ours rounds to what was printed with this many decimals."""
    return abs(theirs - our) <= 0.5 * 10.0**-digits * (1.0 + 1e-6)


def printed_rows() -> list[str]:
    """Table of the printed references: one line a quantity, or a list of studies with its largest difference."""
    rows = []
    for record in fixture()["references"]:
        mine, digits = ours(record), record["digits"]
        for name, value in record["values"].items():
            if isinstance(value, Sequence):
                widest = max(abs(a - b) for a, b in zip(value, mine[name], strict=True))
                shown = (f"{len(value)} values", f"{len(value)} values", f"{widest:.{digits + 2}f} at most")
            else:
                gap = round(mine[name] - value, digits + 2) + 0.0
                shown = (f"{value:.{digits}f}", f"{mine[name]:.{digits + 2}f}", f"{gap:+.{digits + 2}f}")
            rows.append(f"| {described(record)} | {name} | {record['source']} | {' | '.join(shown)} |")
    return rows


def oracle_rows() -> list[str]:
    """Table of PyMARE and statsmodels: one line an analysis with the largest relative difference, rounded up."""
    rows = []
    for record in fixture()["oracles"]:
        widest = max(abs(theirs - our) / max(1.0, abs(theirs)) for _, theirs, our in pairs(record))
        limit = 10.0 ** math.ceil(math.log10(max(widest, 1e-10)) - 1e-3)
        quantities = ", ".join(record["values"])
        rows.append(f"| {described(record)} | {record['tool']} | {quantities} | {limit:.0e} |")
    return rows


if __name__ == "__main__":
    print("\n".join([*printed_rows(), "", *oracle_rows()]))
