"""Ways of giving ketamine: what reaches the blood, how fast, and whether that goes with benefit in the model."""

from __future__ import annotations

from typing import Any

from ketascope.claims.library import Claim
from ketascope.claims.live.bench import Bench, figures, known, of_check, short_name
from ketascope.claims.live.result import Finding, Matched
from ketascope.claims.live.wording import duration, joined, kind_of, number, sized, trials_text
from ketascope.data import load

PEAK, PEAK_TIME, AREA = "ketamine_cmax_ng_per_ml", "ketamine_tmax_h", "ketamine_auc_ng_h_per_ml"


def route_comparison(name: str, bench: Bench, claim: Claim | None, match: Matched | None) -> Finding:
    """Ranks by peak, by time of the peak, and by the difference from placebo at one day."""
    from scipy.stats import spearmanr

    rule = of_check(name)
    keys, time = [str(key) for key in rule["options"]], str(rule["time"])
    rows = {key: bench.option(key) for key in keys}
    peaks = {key: known(rows[key]["pk"][PEAK], "peak") for key in keys}
    times = {key: known(rows[key]["pk"][PEAK_TIME], "time of the peak") for key in keys}
    leads = {key: known(rows[key]["symptoms"]["versus_placebo"][time], f"difference at {time}") for key in keys}
    by_peak = sorted(keys, key=lambda key: -peaks[key]["median"])
    by_speed = sorted(keys, key=lambda key: times[key]["median"])
    by_lead = sorted(keys, key=lambda key: leads[key]["median"])
    apart = sum(not _overlap(leads[a], leads[b]) for at, a in enumerate(keys) for b in keys[at + 1 :])
    pairs = len(keys) * (len(keys) - 1) // 2
    # Benefit is negative, so both are turned to "more" before they are ranked.
    benefit = [-leads[key]["median"] for key in keys]
    with_peak = float(spearmanr([peaks[key]["median"] for key in keys], benefit).statistic)
    with_speed = float(spearmanr([-times[key]["median"] for key in keys], benefit).statistic)
    trials = {key: _trials(rows[key]) for key in keys}
    where = [f"{short_name(key)} ({trials_text(n)}, {people:.0f} people)" for key, (n, people) in trials.items() if n]
    first, last = by_peak[0], by_peak[-1]
    soonest, label = by_speed[0], load("indications")[bench.indication]["label"]
    words = (
        f"In the model the peak in the blood ranks {_ranked(by_peak)}, from "
        f"{sized(peaks[first], 'concentration', 'ng/mL')} to {sized(peaks[last], 'concentration', 'ng/mL')} "
        f"({kind_of(peaks[first])}; the earliest is {short_name(soonest)}'s, {duration(times[soonest]['median'])}), "
        f"while the lead over placebo {rule['time_text']} ranks {_ranked(by_lead)}, from "
        f"{sized(leads[by_lead[0]], 'points')} to {sized(leads[by_lead[-1]], 'points')} {bench.scale()} points "
        f"({kind_of(leads[first])}): {pairs - apart} of {pairs} pairs overlap, and the two orders correlate at "
        f"{number(with_peak, 'fold')} (1 would be the same order). Trials with a comparison group in {label} exist for "
        f"{joined(where) if where else 'none of these'}, so the order of benefit is a projection, not a finding."
    )
    numbers = {
        "rank_correlation_peak_and_benefit": with_peak,
        "rank_correlation_speed_and_benefit": with_speed,
        "pairs": float(pairs),
        "pairs_that_do_not_overlap": float(apart),
    }
    for key in keys:
        numbers |= figures(f"{key}_cmax_ng_per_ml", peaks[key]) | figures(f"{key}_tmax_h", times[key])
        numbers |= figures(f"{key}_versus_placebo_{time}", leads[key])
        numbers |= {
            f"{key}_rank_cmax": 1.0 + by_peak.index(key),
            f"{key}_rank_tmax": 1.0 + by_speed.index(key),
            f"{key}_rank_benefit": 1.0 + by_lead.index(key),
            f"{key}_trials": float(trials[key][0]),
            f"{key}_people": float(trials[key][1]),
        }
    return Finding(words, numbers, _compared(bench))


def exposure_of_routes(name: str, bench: Bench, claim: Claim | None, match: Matched | None) -> Finding:
    """Peak and total exposure of doses by mouth beside an infusion, and what trials compared them."""
    rule = of_check(name)
    keys = [str(rule["reference"]), *(str(key) for key in rule["options"])]
    time = str(rule["time"])
    rows = {key: bench.option(key) for key in keys}
    peaks = {key: known(rows[key]["pk"][PEAK], "peak") for key in keys}
    areas = {key: known(rows[key]["pk"][AREA], "total exposure") for key in keys}
    reference = keys[0]
    said = [
        f"{short_name(key)} {sized(peaks[key], 'concentration', 'ng/mL')} and "
        f"{sized(areas[key], 'concentration', 'ng·h/mL')}"
        for key in keys
    ]
    tried = sum(_trials(rows[key])[0] for key in keys[1:])
    people = sum(_trials(rows[key])[1] for key in keys[1:])
    label = load("indications")[bench.indication]["label"]
    counted = "no trial" if not tried else f"{trials_text(tried)} ({people:.0f} people)"
    words = (
        f"In the model peak and total exposure in the blood are: {'; '.join(said)} ({kind_of(peaks[reference])}). "
        f"Exposure is not benefit: {counted} in {label} stands behind these doses by mouth."
    )
    numbers: dict[str, float] = {"trials_by_mouth": float(tried), "people_by_mouth": float(people)}
    for key in keys:
        numbers |= figures(f"{key}_cmax_ng_per_ml", peaks[key]) | figures(f"{key}_auc_ng_h_per_ml", areas[key])
        numbers[f"{key}_cmax_percent_of_{reference}"] = 100.0 * peaks[key]["median"] / peaks[reference]["median"]
        numbers[f"{key}_auc_percent_of_{reference}"] = 100.0 * areas[key]["median"] / areas[reference]["median"]
        lead = rows[key]["symptoms"]["versus_placebo"][time]
        if lead is not None:
            numbers |= figures(f"{key}_versus_placebo_{time}", lead)
    return Finding(words, numbers, _compared(bench))


def bioavailability(name: str, bench: Bench, claim: Claim | None, match: Matched | None) -> Finding:
    """Share of the dose that reaches the blood as ketamine, for the typical person and over patients."""
    from ketascope import parameters

    rule = of_check(name)
    said: list[str] = []
    numbers: dict[str, float] = {}
    for key in (str(each) for each in rule["options"]):
        row = bench.option(key)
        typical = known(row["pk_typical"]["bioavailability"], "bioavailability")
        persons = known(row["pk"]["bioavailability"], "bioavailability")
        numbers |= figures(f"{key}_percent", _scaled(typical)) | figures(f"{key}_percent_patients", _scaled(persons))
        said.append(f"{short_name(key)} {sized(_scaled(typical), 'percent', '%')}")
    widest = max((str(each) for each in rule["options"]), key=lambda key: _width(bench.option(key)))
    persons = _scaled(bench.option(widest)["pk"]["bioavailability"])
    rows = {row: parameters(row)[0].grade for row in rule["rows"]}
    words = (
        f"In the model this much of a dose reaches the blood as the drug itself: {joined(said)} "
        f"({kind_of(typical)}). Persons differ more than that: "
        f"{short_name(widest)} {sized(persons, 'percent', '%')} ({kind_of(persons)})."
    )
    graded = ", ".join(f"{row} ({grade})" for row, grade in rows.items())
    return Finding(words, numbers, f"{_compared(bench)}; parameter rows {graded}")


def _scaled(share: Any) -> dict[str, Any]:
    return {**share, **{key: 100.0 * share[key] for key in ("median", "low", "high")}}


def _width(row: Any) -> float:
    return float(row["pk"]["bioavailability"]["high"] - row["pk"]["bioavailability"]["low"])


def _overlap(a: Any, b: Any) -> bool:
    return bool(a["low"] <= b["high"] and b["low"] <= a["high"])


def _trials(row: Any) -> tuple[int, int]:
    return int(row["evidence"]["trials"] or 0), int(row["evidence"]["participants"] or 0)


def _ranked(keys: list[str]) -> str:
    return " > ".join(short_name(key) for key in keys)


def _compared(bench: Bench) -> str:
    document = bench.comparison()
    label = load("indications")[bench.indication]["label"]
    return f"ketascope compare, {document['patients']} virtual patients, seed {document['seed']}, {label}"
