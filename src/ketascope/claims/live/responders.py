"""Counts of people who responded: the exact test of one trial, and a claimed percentage against the trials' rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ketascope.claims.library import Claim
from ketascope.claims.live.bench import Bench, of_check
from ketascope.claims.live.result import Finding, LackingError, Matched
from ketascope.claims.live.wording import capital, number, plain, trials_text


@dataclass(frozen=True)
class Rate:
    """Responders of a group with the Wilson interval, in percent."""

    events: int
    n: int
    low: float
    high: float

    @property
    def percent(self) -> float:
        """Responders in 100."""
        return 100.0 * self.events / self.n


def rate_of(events: float, n: float, level: float) -> Rate:
    """The rate with its Wilson interval (Wilson 1927)."""
    from scipy.stats import binomtest

    found = binomtest(int(events), int(n)).proportion_ci(confidence_level=level, method="wilson")
    return Rate(int(events), int(n), 100.0 * float(found.low), 100.0 * float(found.high))


def fisher(name: str, bench: Bench, claim: Claim | None, match: Matched | None) -> Finding:
    """Fisher's exact test, two-sided, on the responders of one trial as the study tables hold them."""
    from scipy.stats import fisher_exact

    from ketascope.evidence.studies import contrasts, study

    rule = of_check(name)
    row = next((row for row in contrasts() if row.contrast_id == rule["contrast"]), None)
    if row is None:
        raise LackingError(f"the study tables hold no comparison {rule['contrast']}")
    figures, trial = row.data(), study(row.study)
    counts = [figures[key] for key in ("events_treatment", "n_treatment", "events_control", "n_control")]
    if None in counts or figures["measure"] != "counts":
        raise LackingError(f"{trial.label} printed no counts of responders")
    treatment = rate_of(counts[0], counts[1], float(rule["level"]))
    control = rate_of(counts[2], counts[3], float(rule["level"]))
    table = [[each.events, each.n - each.events] for each in (treatment, control)]
    p_value = float(fisher_exact(table, alternative="two-sided").pvalue)
    words = (
        f"In {trial.label} {treatment.events} of {treatment.n} people on {row.drug} responded "
        f"({_with_interval(treatment)}, 95% Wilson interval) and {control.events} of {control.n} on "
        f"{trial.comparator}; Fisher's exact test, two-sided, gives p = {plain(p_value, 3)}. "
        f"{capital(_most(treatment) + _chance(p_value))}"
    )
    numbers = {
        "p_value": p_value,
        **_numbers("treatment", treatment),
        **_numbers("control", control),
    }
    rows = ", ".join(figures["outcome_ids"])
    return Finding(words, numbers, f"{trial.label}, doi {trial.doi} ({figures['verified']}); outcome rows {rows}")


def response_rates(name: str, bench: Bench, claim: Claim | None, match: Matched | None) -> Finding:
    """Responders in the controlled trials, and whether a claimed percentage lies inside their interval."""
    from ketascope.evidence.summaries.certainty import in_sentence

    rule = of_check(name)
    treatment = _treatment(claim, match, str(rule["treatment"]))
    indications = list(claim.conditions if claim else ()) or [str(each) for each in rule["indications"]]
    turned = claim is not None and claim.id in rule["not_responding"]
    claimed = _claimed(claim, match, rule["meant"])
    sentences: list[str] = []
    numbers: dict[str, float] = {}
    used: list[str] = []
    for indication in indications:
        document = bench.evidence(indication, "response", treatment)
        counted = [s for s in document["studies"] if s["in_pooling"] and s["events_treatment"] is not None]
        if not counted:
            continue
        used.append(f"{document['label']}: {', '.join(study['label'] for study in counted)}")
        given = _sum(counted, "treatment", turned, float(rule["level"]))
        control = _sum(counted, "control", turned, float(rule["level"]))
        single = [rate_of(*_counts(study, "treatment", turned), float(rule["level"])).percent for study in counted]
        did = "did not respond" if turned else "responded"
        which = f"{trials_text(len(counted))} of {in_sentence(document['treatment_label'])}"
        text = (
            f"in {which} in {document['label']} {given.events} of {given.n} {did} ({_with_interval(given)}), against "
            f"{control.events} of {control.n} on control ({_with_interval(control)})"
        )
        if len(single) > 1:
            text += f", single trials {number(min(single), 'percent')} to {number(max(single), 'percent')}%"
        if claimed is not None:
            span = f"{plain(given.low, 0)} to {plain(given.high, 0)}%"
            text += f": the claimed {_range(*claimed)} lies {_place(claimed, given)} {span}"
            if len(single) > 1 and _place(claimed, given) == OUTSIDE and min(single) <= claimed[1] <= max(single):
                text += ", though not outside what single trials saw"
            numbers[f"{indication}_claimed_inside"] = float(_place(claimed, given) == INSIDE)
        sentences.append(text)
        numbers |= _numbers(f"{indication}_treatment", given) | _numbers(f"{indication}_control", control)
        numbers[f"{indication}_trials"] = float(len(counted))
    if not sentences:
        raise LackingError(f"no controlled trial with counts of responders to {treatment} was read for this")
    if claimed is not None:
        numbers |= {"claimed_low": claimed[0], "claimed_high": claimed[1]}
    words = (
        f"{capital('; '.join(sentences))} (counts of the trials added up; 95% Wilson intervals, which leave out that "
        "trials differ)."
    )
    return Finding(words, numbers, f"ketascope evidence, response; {'; '.join(used)}")


INSIDE, OUTSIDE, PARTLY = "inside", "outside", "partly inside"


def _place(claimed: tuple[float, float], rate: Rate) -> str:
    low, high = claimed
    if rate.low <= low and high <= rate.high:
        return INSIDE
    return OUTSIDE if high < rate.low or low > rate.high else PARTLY


def _claimed(
    claim: Claim | None, match: Matched | None, meant: Sequence[Mapping[str, Any]]
) -> tuple[float, float] | None:
    """The percentage that the sentence states, else the claim's, else what its words mean."""
    if match is not None and match.quantity is not None and match.quantity[2] == "percent":
        return float(match.quantity[0]), float(match.quantity[1])
    if claim is None:
        return None
    if claim.quantity is not None and claim.quantity.what == "percent":
        return claim.quantity.low, claim.quantity.high
    return next(((float(row["low"]), float(row["high"])) for row in meant if row["claim"] == claim.id), None)


def _treatment(claim: Claim | None, match: Matched | None, default: str) -> str:
    for drug in (match.drug if match else "", claim.drug if claim else ""):
        if drug in ("ketamine", "esketamine", "ssri"):
            return drug
    return default


def _counts(study: Mapping[str, Any], side: str, turned: bool) -> tuple[float, float]:
    events, n = float(study[f"events_{side}"]), float(study[f"n_{side}"])
    return (n - events if turned else events), n


def _sum(studies: Sequence[Mapping[str, Any]], side: str, turned: bool, level: float) -> Rate:
    counts = [_counts(study, side, turned) for study in studies]
    return rate_of(sum(events for events, _ in counts), sum(n for _, n in counts), level)


def _numbers(name: str, rate: Rate) -> dict[str, float]:
    return {
        f"{name}_events": float(rate.events),
        f"{name}_n": float(rate.n),
        f"{name}_percent": rate.percent,
        f"{name}_percent_low": rate.low,
        f"{name}_percent_high": rate.high,
    }


def _with_interval(rate: Rate) -> str:
    return f"{plain(rate.percent, 0)}%, {plain(rate.low, 0)} to {plain(rate.high, 0)}%"


def _range(low: float, high: float) -> str:
    return f"{number(low)}%" if low == high else f"{number(low)} to {number(high)}%"


def _most(rate: Rate) -> str:
    if rate.percent > 50.0:
        return ""
    return f"{rate.events} of {rate.n} is {'half' if rate.percent == 50.0 else 'less than half'}, not most; "


def _chance(p_value: float) -> str:
    if p_value < 0.05:
        return "the difference is larger than chance alone gives in 1 of 20 such trials."
    return "chance alone gives so large a difference in more than 1 of 20 such trials."
