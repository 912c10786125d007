"""Dosing occasions: doses so close together that a person lives through them as one session.

A split dose, a loading dose before an infusion, the devices of a nasal session and injections an hour apart are one
occasion. Exposure of "the first session", tolerance, acute effects and visits all count occasions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ketascope.model.parameter_store import ParameterSet
    from ketascope.regimen import Dose


def occasion_starts(doses: Sequence[Dose], parameters: ParameterSet) -> tuple[float, ...]:
    """Start of every occasion in hours, ascending.

    A dose opens a new one when it starts later than `acute.occasion_gap_h` after the end of all doses before it.
    """
    gap_h = parameters.value("acute.occasion_gap_h")
    starts: list[float] = []
    end = float("-inf")
    for dose in sorted(doses, key=lambda dose: dose.time_h):
        if dose.time_h > end + gap_h:
            starts.append(dose.time_h)
        end = max(end, dose.time_h + dose.duration_h)
    return tuple(starts)


def given_on_site(doses: Sequence[Dose]) -> tuple[Dose, ...]:
    """Ketamine doses that are a procedure under observation, by what data/practical.toml says of drug and route."""
    from ketascope.data import load, through_fallbacks
    from ketascope.model.exposure import ketamine_doses

    table = load("practical")

    def is_on_site(drug: str, route: str) -> bool:
        row, _ = through_fallbacks(table, table["practical"], f"{drug}:{route}")
        return bool((row or {}).get("on_site"))

    ketamine = ketamine_doses(doses)
    on_site = {key: is_on_site(*key) for key in {(dose.drug, dose.route) for dose in ketamine}}
    return tuple(dose for dose in ketamine if on_site[dose.drug, dose.route])


def first_occasion_end_h(doses: Sequence[Dose], parameters: ParameterSet, until_h: float) -> float:
    """When the second occasion starts, or the horizon where there is none."""
    starts = occasion_starts(doses, parameters)
    return min(starts[1], until_h) if len(starts) > 1 else until_h
