"""How soon and for how long: one infusion against an SSRI, the fading of one infusion, the onset of an SSRI."""

from __future__ import annotations

import math
from typing import Any

from ketascope.claims.library import Claim
from ketascope.claims.live.bench import Bench, figures, known, of_check
from ketascope.claims.live.result import Finding, LackingError, Matched
from ketascope.claims.live.wording import capital, duration, joined, kind_of, number, plain, sized
from ketascope.data import load


def hours_against_weeks(name: str, bench: Bench, claim: Claim | None, match: Matched | None) -> Finding:
    """Onset, catch-up, and the scores early and late, of one infusion and of an SSRI."""
    rule = of_check(name)
    fast, slow = (bench.option(str(rule[key]))["symptoms"] for key in ("fast", "slow"))
    early, late, scale = str(rule["early"]), str(rule["late"]), bench.scale()
    onset = known(fast["onset_h"], "onset of the infusion")
    slow_onset = known(slow["onset_h"], "onset of the SSRI")
    catches_up = known(fast["ssri_catches_up_h"], "time at which the SSRI catches up")
    change = {
        f"{drug}_change_{time}": known(part["change"][time], f"change on {scale} at {time}")
        for drug, part in (("infusion", fast), ("ssri", slow))
        for time in (early, late)
    }
    lead = {
        f"{drug}_versus_placebo_{time}": known(part["versus_placebo"][time], f"difference on {scale} at {time}")
        for drug, part in (("infusion", fast), ("ssri", slow))
        for time in (early, late)
    }

    def score(drug: str, time: str) -> str:
        return sized(change[f"{drug}_change_{time}"], "points")

    words = (
        f"In the model for {_label(bench)} one infusion reaches half of its largest lead over placebo after "
        f"{sized(onset, 'time')}, the SSRI after {sized(slow_onset, 'time')}, and the SSRI's average catches up after "
        f"{sized(catches_up, 'time')}. {capital(rule['early_text'])} the average change with all placebo response is "
        f"{score('infusion', early)} {scale} points against {score('ssri', early)}, and {rule['late_text']} "
        f"{score('infusion', late)} against {score('ssri', late)}, of which the drug's own lead over placebo is then "
        f"{sized(lead[f'infusion_versus_placebo_{late}'], 'points')} against "
        f"{sized(lead[f'ssri_versus_placebo_{late}'], 'points')} (each {kind_of(onset)})."
    )
    numbers = {**figures("onset_h", onset), **figures("ssri_onset_h", slow_onset)}
    numbers |= figures("ssri_catches_up_h", catches_up)
    for key, quantity in (change | lead).items():
        numbers |= figures(key, quantity)
    return Finding(words, numbers, _compared(bench))


def duration_of_benefit(name: str, bench: Bench, claim: Claim | None, match: Matched | None) -> Finding:
    """How the lead over placebo fades after one infusion, its half-life, and what trials saw."""
    from ketascope import parameters
    from ketascope.evidence.symptom_trials.trial_file import Z_95

    rule = of_check(name)
    symptoms = bench.option(str(rule["option"]))["symptoms"]
    lead = {time: known(symptoms["versus_placebo"][time], f"difference at {time}") for time in rule["times"]}
    hours = {time: float(rule["hours"][time]) for time in rule["times"]}
    first, second = rule["times"][:2]
    half_life_h = _half_life_h(lead[first]["median"], lead[second]["median"], hours[second] - hours[first])
    row = parameters(str(rule["row"]))[0]
    assert row.uncertainty is not None  # an estimated row (tested)
    spread = math.exp(Z_95 * row.uncertainty.sd)
    slow = {"median": 24.0 * row.value, "low": 24.0 * row.value / spread, "high": 24.0 * row.value * spread}
    shown = [f"{sized(lead[time], 'points')} at {duration(hours[time])}" for time in rule["times"]]
    found = [(trial, *_trial_days(trial)) for trial in rule["trials"]]
    seen = [f"{trial['text']} {_days(low, high)}" for trial, low, high, _ in found]
    words = (
        f"In the model for {_label(bench)} the lead of one infusion over placebo is {joined(shown)} "
        f"({bench.scale()} points, {kind_of(lead[first])}); it halves in about {duration(half_life_h)} in the first "
        f"week, its slow part in {sized(slow, 'time')} (95% interval, {row.grade}). {capital(joined(seen))}."
    )
    numbers = {"half_life_h": half_life_h, **figures("slow_part_half_life_h", slow)}
    for time, quantity in lead.items():
        numbers |= figures(f"versus_placebo_{time}", quantity)
    for trial, low, high, _ in found:
        numbers |= {f"{trial['key']}_low_d": low, f"{trial['key']}_high_d": high}
    sources = "; ".join(source for *_, source in found)
    return Finding(words, numbers, f"{_compared(bench)}; parameter row {row.name}; trials: {sources}")


def ssri_onset(name: str, bench: Bench, claim: Claim | None, match: Matched | None) -> Finding:
    """Share of an SSRI's gain over placebo at week 6 that is there after 1, 2 and 4 weeks."""
    import numpy as np

    from ketascope.comparing.quantity import over_draws
    from ketascope.comparing.setting import DRAWS
    from ketascope.model.scenario import choose_model
    from ketascope.model.ssri import ssri_state
    from ketascope.model.uncertainty import population_draws

    rule = of_check(name)
    parameters = choose_model(bench.scenarios).parameters
    draws = population_draws(parameters, DRAWS, bench.seed)
    weeks, last = [float(week) for week in rule["weeks"]], float(rule["reference_week"])
    times_h = 168.0 * np.array([*weeks, last])
    parts: list[str] = []
    numbers: dict[str, float] = {}
    rows: list[str] = []
    for indication in rule["indications"]:
        row = parameters[f"trials.ssri_half_life_d_{indication}"]
        state = ssri_state([(0.0, float(times_h[-1]))], draws[row.name], times_h)
        shares = 100.0 * state[:, :-1] / state[:, -1:]
        quantities = [over_draws(shares[:, index]) for index in range(len(weeks))]
        said = [f"{sized(q, 'percent', '%')} at week {number(week)}" for week, q in zip(weeks, quantities, strict=True)]
        parts.append(f"{joined(said)} in {load('indications')[indication]['label']}")
        for week, quantity in zip(weeks, quantities, strict=True):
            numbers |= figures(f"{indication}_percent_week_{number(week)}", quantity)
        rows.append(f"{row.name} ({row.grade})")
    words = (
        f"In the model, of what an SSRI gains over placebo by week {number(last)} there is "
        f"{'; '.join(parts)} (95% interval of the average). "
        "Weekly figures were read for few weeks only, so the shape between them is assumed."
    )
    return Finding(words, numbers, f"SSRI part of the model; parameter rows {', '.join(rows)}")


def _half_life_h(first: float, second: float, apart_h: float) -> float:
    if first >= 0.0 or second >= 0.0 or second <= first:
        raise LackingError("in this model the lead over placebo does not shrink in the first week")
    return apart_h * math.log(2.0) / math.log(first / second)


def _trial_days(trial: dict[str, Any]) -> tuple[float, float, str]:
    rows = load("indications")[trial["indication"]].get("duration", [])
    row = next((row for row in rows if row["what"] == trial["what"]), None)
    if row is None:
        raise LackingError(f"the data of {trial['indication']} hold no row '{trial['what']}'")
    low, high = float(row.get("low", row.get("value"))), float(row.get("high", row.get("value")))
    return low, high, f"{row['source']} ({row['checked']}; {row['population']})"


def _days(low: float, high: float) -> str:
    return plain(low, 0 if low.is_integer() else 1) + ("" if low == high else f" to {plain(high, 0)}")


def _label(bench: Bench) -> str:
    return str(load("indications")[bench.indication]["label"])


def _compared(bench: Bench) -> str:
    document = bench.comparison()
    return f"ketascope compare, {document['patients']} virtual patients, seed {document['seed']}, {_label(bench)}"
