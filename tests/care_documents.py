"""Answers of `find` for the tests: real rows of the 2022 directory as the search returns them."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

from ketascope.care.guide import checks, guide

HOSTILE = "<script>alert('x')</script> & \"quoted\" {{ 7*7 }}"
DAY = date(2026, 11, 23)

_DIRECTORY = {
    "source": "samhsa-directory",
    "source_label": "SAMHSA National Directory of Mental Health Treatment Facilities",
    "edition": "2022",
}
_KETAMINE = {"kind": "service", "code": "KIT", "name": "Ketamine Infusion Therapy"}
_TELEHEALTH = {"kind": "service", "code": "TELE", "name": "Telemedicine/telehealth therapy"}
_MEDICARE = {"kind": "payment", "code": "MC", "name": "Medicare"}
_PRIVATE = {"kind": "payment", "code": "PI", "name": "Private health insurance"}
_SELF = {"kind": "payment", "code": "SF", "name": "Cash or self-payment"}


def place_row(name: str, distance_km: float, **fields: Any) -> dict[str, Any]:
    """One result; every field that is not given is what a source without that column leaves."""
    return {
        "name": name,
        "unit": "",
        "street": "",
        "street2": "",
        "city": "",
        "state": "NJ",
        "zip": "",
        "phone": "",
        "website": "",
        "latitude": 40.0,
        "longitude": -74.0,
        "located_by": "census",
        "distance_km": distance_km,
        "out_of_state": False,
        "veterans_only": False,
        "offers": ["ketamine-infusion"],
        "services": [_KETAMINE],
        "ketamine_infusion": "listed",
        "esketamine_certified": "unknown",
        "licensed": "unknown",
        "npi": "",
        "npi_active": "unknown",
        **_DIRECTORY,
        "row_date": "",
        "other_sources": [],
        **fields,
    }


_PLACES = [
    place_row(
        "VA NY Harbor Healthcare System",
        3.94,
        unit="Manhattan Campus",
        street="423 East 23rd Street",
        city="New York",
        state="NY",
        zip="10010",
        phone="212-686-7500 x7521",
        latitude=40.739065,
        longitude=-73.982255,
        out_of_state=True,
        veterans_only=True,
        offers=["ketamine-infusion", "telehealth"],
        services=[_KETAMINE, _TELEHEALTH, _PRIVATE, _SELF],
    ),
    place_row(
        "Mount Sinai Medical Center",
        8.61,
        unit="Behavioral Health Unit",
        street="1 Gustave L Levy Place",
        street2="P.O. Box 1230",
        city="New York",
        state="NY",
        zip="10029",
        phone="212-659-8785",
        latitude=40.791763,
        longitude=-73.943970,
        out_of_state=True,
        offers=["ketamine-infusion", "telehealth"],
        services=[_KETAMINE, _TELEHEALTH, _MEDICARE, _PRIVATE, _SELF],
    ),
    place_row(
        "North Star Health Systems Inc",
        11.55,
        street="354 Avenue C",
        street2="Penthouse Suite",
        city="Bayonne",
        zip="07002",
        phone="201-535-5959",
        latitude=40.662214,
        longitude=-74.110259,
        offers=["ketamine-infusion", "telehealth"],
        services=[_KETAMINE, _TELEHEALTH, _MEDICARE, _PRIVATE, _SELF],
    ),
    place_row(
        "Care Plus NJ Inc",
        21.92,
        street="610 Valley Health Plaza",
        city="Paramus",
        zip="07652",
        phone="201-265-8200",
        latitude=40.948152,
        longitude=-74.070441,
        offers=["ketamine-infusion", "telehealth"],
        services=[_KETAMINE, _TELEHEALTH, _MEDICARE, _PRIVATE, _SELF],
    ),
    place_row(
        "Institute for Living",
        160.2,
        unit="Hartford Hospital",
        street="200 Retreat Avenue",
        city="Hartford",
        state="CT",
        zip="06106",
        phone="860-545-7001",
        latitude=41.749847,
        longitude=-72.695089,
        out_of_state=True,
        offers=["ketamine-infusion", "telehealth"],
        services=[_KETAMINE, _TELEHEALTH, _MEDICARE, _PRIVATE, _SELF],
    ),
]


def near_hoboken(places: int = 4) -> dict[str, Any]:
    """Ketamine infusion near 07030, from the packaged directory alone."""
    results = copy.deepcopy(_PLACES[:places])
    return {
        "version": "0.4.0",
        "place": {
            "label": "07030 (Hoboken, NJ)",
            "latitude": 40.745251,
            "longitude": -74.027926,
            "state": "NJ",
            "found_by": "ZIP",
            "note": "Distances are from the middle of the ZIP area and are good to 1-3 km.",
        },
        "query": {
            "within_km": None,
            "limit": places,
            "offers": ["ketamine-infusion"],
            "payment": [],
            "age_group": [],
            "language": [],
            "telehealth": False,
        },
        "results": results,
        "counts": {
            "matching": len(results),
            "shown": len(results),
            "veterans_only": sum(result["veterans_only"] for result in results),
            "out_of_state": sum(result["out_of_state"] for result in results),
        },
        "coverage": {
            "answer": "complete",
            "words": "Every ketamine infusion site that the 2022 directory lists is in this answer. Facilities that "
            "did not answer its survey, and most private ketamine clinics, are not.",
            "unlisted_states": [],
        },
        "checks": checks("NJ"),
        "guide": dict(guide(DAY)),
        "store": {
            "built_at": "2026-11-23T08:00:00+00:00",
            "packaged_only": True,
            "sources": [
                {
                    "source": _DIRECTORY["source"],
                    "label": _DIRECTORY["source_label"],
                    "edition": "2022",
                    "edition_date": "2022-05-01",
                    "age_years": 4.6,
                    "credit": "Source: Substance Abuse and Mental Health Services Administration, public domain.",
                    "places": 1490,
                }
            ],
        },
        "flags": [],
    }


def nothing_found() -> dict[str, Any]:
    """A search with a small radius and a filter that nothing passes."""
    document = near_hoboken(0)
    document["query"] |= {"within_km": 8.04672, "payment": ["medicaid"], "telehealth": True}
    document["coverage"] = {
        "answer": "cannot tell",
        "words": "For this question the packaged directory cannot tell: it is complete only for NJ, NY, PA, CT and DE.",
        "unlisted_states": ["MD"],
    }
    return document


def hostile() -> dict[str, Any]:
    """Near Hoboken, with markup, formulas, control characters and a script address in every text of a file."""
    document = near_hoboken(2)
    document["place"] |= {"label": HOSTILE, "note": HOSTILE}
    document["coverage"]["words"] = HOSTILE
    document["flags"] = [{"code": "x", "message": HOSTILE}]
    document["store"]["sources"][0] |= {"label": HOSTILE, "credit": HOSTILE}
    document["results"][0] |= dict.fromkeys(
        ("name", "unit", "street", "street2", "city", "zip", "phone", "source_label", "row_date"), HOSTILE
    )
    document["results"][0]["website"] = "javascript:alert('x')"
    document["results"][1] |= {"name": '=HYPERLINK("http://example.org")\x1b[31m', "phone": "+1 212 659 8785"}
    return document
