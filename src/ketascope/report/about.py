"""What this copy of ketascope rests on: version, parameters by grade, evidence, claims, places; and how to cite it."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

from ketascope._version import __version__

if TYPE_CHECKING:
    from ketascope.model.parameter_store import Grade
from ketascope.files import packaged_toml

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
    from ketascope.model.parameter_store import parameters
    from ketascope.model.uncertainty import load_joint_draws

    told = _told()
    grades: Counter[str] = Counter(row.grade for row in parameters())
    days = sorted(known.date_checked for known in claims().values())
    listed = studies().values()
    return {
        "version": __version__,
        "funding": told["funding"]["words"],
        "citation": {**told["citation"], "version": __version__},
        "parameters": {
            "count": sum(grades.values()),
            "by_grade": [
                {"grade": grade, "count": grades[grade], "meaning": meaning}
                for grade, meaning in grade_meanings().items()
            ],
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


def grade_meanings() -> dict[Grade, str]:
    """What each grade of a parameter means to a reader, in the order of the grades."""
    from ketascope.model.parameter_store import GRADES

    meanings = _told()["grade"]
    return {grade: meanings[grade] for grade in GRADES}


def citation_words(document: dict[str, Any]) -> str:
    """The citation on one line."""
    cite = document["citation"]
    return f"{', '.join(cite['authors'])}. {cite['title']}. Version {cite['version']}. {cite['license']} licence."


@cache
def _told() -> dict[str, Any]:
    return packaged_toml("report/about.toml")
