"""How far glutamate rises in the model after an infusion, and whether that reaches the claimed fold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ketascope.claims.library import Claim
from ketascope.claims.live.bench import Bench, figures, of_check
from ketascope.claims.live.result import Finding, Matched
from ketascope.claims.live.wording import duration, joined, kind_of, number, percent, sized

if TYPE_CHECKING:
    import numpy as np

    from ketascope.one_regimen import Simulation


def glutamate_fold(name: str, bench: Bench, claim: Claim | None, match: Matched | None) -> Finding:
    """Peak fold over the uncertainty of the model and over patients, and the lowest fold under anaesthesia."""
    from ketascope import parameters
    from ketascope.comparing.quantity import over_parameters, over_patients

    rule = of_check(name)
    site, until_h = str(rule["sampling"]), float(rule["until_h"])
    infusion = bench.simulation(str(rule["infusion"]), sampling=site, until_h=until_h)
    anaesthetic = bench.simulation(str(rule["anaesthetic"]), sampling=site, until_h=until_h)
    threshold = _threshold(claim, match, float(rule["threshold_fold"]))
    columns = max(infusion.patients, 1)
    size, time_h = _peaks(infusion)
    # Columns after the patients are the typical patient under every draw of what is uncertain.
    uncertain, when = over_parameters(size[columns:]), over_parameters(time_h[columns:])
    patients = over_patients(size[:columns])
    draws_at, patients_at = (float((part >= threshold).mean()) for part in (size[columns:], size[:columns]))
    lowest = _lowest(anaesthetic)
    grades = {row: parameters(row)[0].grade for row in rule["rows"]}
    gain = str(rule["rows"][0])
    human = joined([str(row["text"]) for row in rule["human"]])
    words = (
        f"In the model {rule['infusion']} raises glutamate at its peak to {sized(uncertain, 'fold')} times the resting "
        f"level ({kind_of(uncertain)}), {duration(when['median'])} after the start; {threshold:g}-fold is reached by "
        f"{percent(patients_at)} of {columns} virtual patients, and in {percent(draws_at)} of {len(size) - columns} "
        f"draws of what is uncertain. The size of this rise is {grades[gain]} (set between two readings in people: "
        f"{human}), so it shows what these readings allow and proves nothing; under an anaesthetic dose the level "
        f"first falls, to {number(lowest, 'fold')} times."
    )
    numbers = {
        **figures("peak_fold", uncertain),
        **figures("peak_fold_patients", patients),
        **figures("peak_h", when),
        "threshold_fold": threshold,
        "share_of_patients_at_threshold": patients_at,
        "share_of_draws_at_threshold": draws_at,
        "anaesthetic_lowest_fold": lowest,
        **{str(row["key"]): float(row["value"]) for row in rule["human"]},
    }
    place = infusion.document()["sampling"]
    rows = ", ".join(f"{row} ({grade})" for row, grade in grades.items())
    read = "; ".join(f"{row['source']} ({row['checked']})" for row in rule["human"])
    return Finding(words, numbers, f"ketascope simulate, {place} plasma; parameter rows {rows}; people: {read}")


def _threshold(claim: Claim | None, match: Matched | None, default: float) -> float:
    """The smallest fold that the sentence, or else the claim, states."""
    if match is not None and match.quantity is not None and match.quantity[2] == "fold":
        return float(match.quantity[0])
    if claim is not None and claim.quantity is not None and claim.quantity.what == "fold":
        return claim.quantity.low
    return default


def _peaks(simulation: Simulation) -> tuple[np.ndarray, np.ndarray]:
    """Size and time of every column's peak, as the comparison finds it."""
    from ketascope.comparing.exposure_summary import refined_peak
    from ketascope.simulation import input_changes_h

    run = simulation.run
    assert run is not None  # the sentences of the data file give ketamine (tested)
    return refined_peak(run.grid_h, run.channel("glutamate_fold"), input_changes_h(run.plan))


def _lowest(simulation: Simulation) -> float:
    """The lowest fold, median over patients."""
    import numpy as np

    run = simulation.run
    assert run is not None
    course = run.channel("glutamate_fold")[:, : max(simulation.patients, 1)]
    return float(np.median(course.min(axis=0)))
