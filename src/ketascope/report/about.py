"""What this copy of ketascope rests on: version, parameters by grade, evidence, claims, places; and how to cite it."""

from __future__ import annotations

import tomllib
from collections import Counter
from functools import cache
from importlib import resources
from typing import Any

from ketascope._version import __version__

_FITS = {
    "pooled": "drug in the blood, estimated from published concentrations",
    "trials": "symptoms, estimated from published trials",
}


def about() -> dict[str, Any]:
    """Counts, editions and the citation of this copy.

    Returns {"version", "funding", "citation", "parameters": {"count", "by_grade"}, "fits": draws of each estimation,
    "evidence": studies, trials and observed concentrations, "claims": how many and checked from when to when,
    "places": the editions behind the list of places}.
    """
    from ketascope.care.finding import editions
    from ketascope.claims.library import claims
    from ketascope.evidence import pk_observed
    from ketascope.evidence.studies.tables import studies
    from ketascope.model.parameter_store import GRADES, parameters
    from ketascope.model.uncertainty import load_joint_draws

    told = _told()
    grades = Counter(row.grade for row in parameters())
    days = sorted(known.date_checked for known in claims().values())
    listed = studies().values()
    return {
        "version": __version__,
        "funding": told["funding"]["words"],
        "citation": {**told["citation"], "version": __version__},
        "parameters": {
            "count": sum(grades.values()),
            "by_grade": [{"grade": grade, "count": grades[grade], "meaning": told["grade"][grade]} for grade in GRADES],
        },
        "fits": [
            {
                "name": name,
                "of": of,
                "draws": len(load_joint_draws(name)[1]),
                "parameters": len(load_joint_draws(name)[0]),
            }
            for name, of in _FITS.items()
        ],
        "evidence": {
            "studies": len(listed),
            "trials": len({study.trial_key for study in listed}),
            "observed_concentrations": len(pk_observed.load()),
        },
        "claims": {"count": len(days), "checked_from": days[0].isoformat(), "checked_to": days[-1].isoformat()},
        "places": editions(),
    }


def citation_words(document: dict[str, Any]) -> str:
    """The citation on one line."""
    cite = document["citation"]
    return f"{', '.join(cite['authors'])}. {cite['title']}. Version {cite['version']}. {cite['license']} licence."


@cache
def _told() -> dict[str, Any]:
    text = resources.files("ketascope.report").joinpath("about.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
