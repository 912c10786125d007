"""What is felt and measured during a session: blood pressure and dissociation."""

from __future__ import annotations

from ketascope.claims.library import Claim
from ketascope.claims.live.bench import Bench, figures, known, of_check, short_name
from ketascope.claims.live.result import Finding, Matched
from ketascope.claims.live.wording import joined, kind_of, sized


def blood_pressure(name: str, bench: Bench, claim: Claim | None, match: Matched | None) -> Finding:
    """Largest rise of systolic and diastolic pressure in a session."""
    said: list[str] = []
    numbers: dict[str, float] = {}
    rule = of_check(name)
    read: list[str] = []
    for key in (str(each) for each in rule["options"]):
        acute = bench.option(key)["acute"]
        systolic = known(acute["systolic_rise_mmhg"], "rise in blood pressure")
        diastolic = known(acute["diastolic_rise_mmhg"], "rise in blood pressure")
        numbers |= figures(f"{key}_systolic_rise_mmhg", systolic) | figures(f"{key}_diastolic_rise_mmhg", diastolic)
        said.append(f"{sized(systolic, 'pressure', 'mmHg')} after {short_name(key)}")
        harm = next((each for each in bench.option(key)["harms"] if each["harm"] == rule["harm"]), None)
        if harm is not None and harm["source"]:
            read.append(f"{short_name(key)}: {harm['frequency']}")
    words = f"In the model systolic blood pressure rises at its highest by {joined(said)} ({kind_of(systolic)})."
    if read:
        words += f" Read in people: {'; '.join(read)}."
    return Finding(words, numbers, _source(name, bench))


def dissociation(name: str, bench: Bench, claim: Claim | None, match: Matched | None) -> Finding:
    """Peak of dissociation and when it is over."""
    rule = of_check(name)
    said: list[str] = []
    numbers: dict[str, float] = {}
    for key in (str(each) for each in rule["options"]):
        row = bench.option(key)
        peak = known(row["acute"]["dissociation_peak"], "dissociation")
        over = known(row["acute"]["dissociation_over_h"], "time at which dissociation is over")
        numbers |= figures(f"{key}_peak_cadss", peak) | figures(f"{key}_over_h", over)
        said.append(f"{sized(peak, 'points')} CADSS points after {short_name(key)}, over after {sized(over, 'time')}")
        if row["practical"]["observation_min"] is not None:
            numbers[f"{key}_observation_h"] = row["practical"]["observation_min"] / 60.0
    words = (
        f"In the model dissociation peaks at {joined(said)} ({kind_of(peak)}; never shown as over before the "
        "observation time that goes with the route)."
    )
    if claim is not None and claim.id in rule["on_benefit"]:
        words += (
            " By construction dissociation changes the model's score only through knowing what one was given, so the "
            "model cannot say whether benefit needs it."
        )
    return Finding(words, numbers, _source(name, bench))


def _source(name: str, bench: Bench) -> str:
    from ketascope import parameters

    rows = [parameters(str(row))[0] for row in of_check(name)["rows"]]
    read = "; ".join(f"{row.name}: {row.source}" for row in rows)
    document = bench.comparison()
    return f"ketascope compare, {document['patients']} virtual patients, seed {document['seed']}; {read}"
