"""Reference values of other programs for non-compartmental analysis, and our own figures for the same data."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ketascope.noncompartmental.crosswalk import name_in, names
from ketascope.noncompartmental.occasion import analyse_occasion, occasions_of
from ketascope.noncompartmental.options import NcaOptions
from ketascope.noncompartmental.samples import GivenDose, Sample, Series

FILE = Path(__file__).parent / "fixtures" / "nca_references.json"
NG_PER_ML_PER_MG_PER_L = 1000.0


@functools.cache
def fixture() -> dict[str, Any]:
    return json.loads(FILE.read_text(encoding="utf-8"))


def references() -> dict[str, dict[str, Any]]:
    return {reference["id"]: reference for reference in fixture()["references"]}


def our_figures(reference: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The analysis of every person of a reference's data, with its settings."""
    data = fixture()["data"][reference["data"]]
    options = NcaOptions(
        area_rule=reference["area_rule"],
        lowest_share_of_peak=0.0,
        peak_in_terminal_fit=reference["peak_in_terminal_fit"],
    )
    dose = GivenDose(0.0, data["dose_mg"], reference["infusion_h"], reference["intravenous"], 1)
    found = []
    for identity, person in data["people"].items():
        levels = [NG_PER_ML_PER_MG_PER_L * value for value in person["conc_mg_per_l"]]
        samples = [Sample(t, c, 1) for t, c in zip(person["time_h"], levels, strict=True)]
        (occasion,) = occasions_of(Series(identity, "conc", samples, [dose]))
        figures, _ = analyse_occasion(occasion, options, None, is_metabolite=False)
        found.append(figures)
    return found


def our_name(reference: Mapping[str, Any], theirs: str) -> str:
    """Our name of a figure of a reference program, by the crosswalk."""
    # PKNCA has one name for clearance (and volume) with and without bioavailability.
    taken = [n for n in names() if name_in(reference["names"], n, reference["intravenous"]) == theirs]
    if len(taken) > 1:
        taken = [n for n in taken if n.startswith("apparent") != reference["intravenous"]]
    (name,) = taken
    return name


def in_their_unit(name: str, value: float) -> float:
    """A figure in the tools' units: concentrations and areas in mg/L instead of ng/mL."""
    return value / NG_PER_ML_PER_MG_PER_L if names()[name]["unit"].startswith("ng") else value
