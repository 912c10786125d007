"""Where treatment is listed near a place: the answer of `ketascope find`, with what it does not know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from ketascope._version import __version__
from ketascope.care.coverage import coverage
from ketascope.care.guide import checks, ended_rules, guide
from ketascope.care.places.place import Place, find_place
from ketascope.care.radius import read_radius
from ketascope.care.sources.services import Group, QueryWord, query_word, query_words
from ketascope.care.store import search
from ketascope.errors import InputError

LARGEST_LIMIT = 500
_OLD_AFTER_YEARS = 1.5
INFUSION = "ketamine-infusion"


def find(
    place: str,
    *,
    within: str | None = None,
    limit: int = 10,
    offers: Iterable[str] = (),
    payment: Iterable[str] = (),
    age_group: Iterable[str] = (),
    language: Iterable[str] = (),
    telehealth: bool = False,
    store: Path | None = None,
) -> dict[str, Any]:
    """Listed places nearest to `place` ("07030", "Princeton, NJ" or "40.7,-74.0"), by great-circle distance in km.

    within: "50mi" or "80km"; words of one group are alternatives, groups must all be met. Returns the document of
    `find --json`: place, results nearest first, coverage, where to check what is unknown, and the store's editions.
    Raises InputError for an unknown place, radius, service, payment, age group or language.
    """
    within_km = None if within is None else _radius(within)
    if not 1 <= limit <= LARGEST_LIMIT:
        raise InputError(f"--limit: {limit} is not between 1 and {LARGEST_LIMIT}")
    groups = {
        "offers": _words(offers, "offers"),
        "payment": _words(payment, "payment"),
        "age-group": _words(age_group, "age-group"),
        "language": _words(language, "language"),
        "telehealth": list(query_words("telehealth").values()) if telehealth else [],
    }
    point = find_place(place)
    return _answer(point, groups, within_km, limit, store)


def _answer(
    point: Place, groups: Mapping[str, list[QueryWord]], within_km: float | None, limit: int, store: Path | None
) -> dict[str, Any]:
    from ketascope.care.store.current import answering_store
    from ketascope.care.store.reading import opened

    unlisted = [word for words in groups.values() for word in words if not word.listed_by]
    filters = [_filter(words) for words in groups.values() if words]
    path = answering_store() if store is None else store
    with opened(path) as connection:
        files = _files(connection)
        found = search.Found([], 0)
        # A group in which some word is listed can be answered by that word; one without any cannot.
        if all(wanted.codes for wanted in filters):
            found = search.nearest(
                connection, point.latitude, point.longitude, filters, within_km=within_km, limit=limit
            )
        site_ids = [site["site_id"] for site in found.sites]
        rows = search.rows_of_sites(connection, site_ids)
        services = search.services_of_places(connection, site_ids)
        built_at = search.built_at(connection)
    results = _results(point, found.sites, rows, services)
    radius_km = within_km if within_km is not None else (results[-1]["distance_km"] if results else None)
    return {
        "version": __version__,
        "place": {
            "label": point.label,
            "latitude": point.latitude,
            "longitude": point.longitude,
            "state": point.state,
            "found_by": point.found_by,
            "note": point.note,
        },
        "query": {
            "within_km": within_km,
            "limit": limit,
            **{name.replace("-", "_"): [word.key for word in words] for name, words in groups.items()},
            "telehealth": bool(groups["telehealth"]),
        },
        "results": results,
        "counts": {
            "matching": found.matching,
            "shown": len(results),
            "veterans_only": sum(result["veterans_only"] for result in results),
            "out_of_state": sum(result["out_of_state"] for result in results),
        },
        "coverage": coverage(
            files,
            state=point.state,
            latitude=point.latitude,
            longitude=point.longitude,
            radius_km=radius_km,
            offered_codes=[word.code for word in groups["offers"] if word.listed_by],
            unlisted=[word.reason for word in unlisted],
        ),
        "checks": checks(point.state),
        "guide": guide(),
        "store": {
            "built_at": built_at,
            "packaged_only": all(row["packaged"] for row in files),
            "sources": [_edition(row) for row in files],
        },
        "flags": _flags(results, files),
    }


def editions(store: Path | None = None) -> list[dict[str, Any]]:
    """The files behind every answer: source, edition, its age in years, how many places it gave, and whom to credit."""
    from ketascope.care.store.current import answering_store
    from ketascope.care.store.reading import opened

    with opened(answering_store() if store is None else store) as connection:
        return [_edition(row) for row in _files(connection)]


def _files(connection: Any) -> list[dict[str, Any]]:
    # A file of which newer ones replaced every row has no part in an answer.
    return [file for file in search.sources(connection) if file["places"] or not file["rows_superseded"]]


def _radius(text: str) -> float:
    try:
        return read_radius(text)
    except InputError as error:
        raise InputError(f"--within: {error}") from None


def _words(texts: Iterable[str], group: Group) -> list[QueryWord]:
    """Words of one group without repeats; a comma separates alternatives as a second option does.

    A text alone is one entry and not a row of letters.
    """
    wanted: dict[str, QueryWord] = {}
    for text in [texts] if isinstance(texts, str) else texts:
        for part in str(text).split(","):
            word = _word(part.strip(), group)
            wanted[word.key] = word
    return list(wanted.values())


def _word(text: str, group: Group) -> QueryWord:
    try:
        return query_word(text, group)
    except InputError as error:
        raise InputError(f"--{group}: {error}") from None


def _filter(words: Sequence[QueryWord]) -> search.Filter:
    table = "payment" if words[0].group == "payment" else "service"
    return search.Filter(table, tuple(sorted({word.code for word in words if word.listed_by})))


def _results(
    point: Place,
    sites: Sequence[Mapping[str, Any]],
    rows: Sequence[Mapping[str, Any]],
    services: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    said: dict[int, list[dict[str, Any]]] = {}
    for service in services:
        entry = {name: service[name] for name in ("kind", "code", "name")}
        said.setdefault(service["place_id"], []).append(entry)
    by_site: dict[int, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_site.setdefault(row["site_id"], []).append(row)
    return [_result(point, site, by_site[site["site_id"]], said) for site in sites]


def _result(
    point: Place, site: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], said: Mapping[int, list[dict[str, Any]]]
) -> dict[str, Any]:
    """One site: the row that stands for it, what any source says about it, and each source with its date."""
    (row,) = (row for row in rows if row["place_id"] == site["place_id"])
    others = [other for other in rows if other["place_id"] != site["place_id"]]
    listed = [entry for one in rows for entry in said.get(one["place_id"], [])]
    unique = [dict(pairs) for pairs in dict.fromkeys(tuple(entry.items()) for entry in listed)]
    codes = {entry["code"] for entry in unique}
    npi = next((one["npi"] for one in rows if one["npi"]), "")
    keys = [word.key for word in query_words("offers").values() if word.listed_by and word.code in codes]
    return {
        **{name: row[name] for name in ("name", "unit", "street", "street2", "city", "state", "zip")},
        "phone": row["phone"] or next((one["phone"] for one in others if one["phone"]), ""),
        "website": row["website"] or next((one["website"] for one in others if one["website"]), ""),
        "latitude": row["latitude"],
        "longitude": row["longitude"],
        "located_by": row["located_by"],
        "distance_km": round(site["distance_km"], 2),
        "out_of_state": bool(point.state) and row["state"] != point.state,
        "veterans_only": any(one["veterans_only"] for one in rows),
        "offers": keys,
        "services": unique,
        "ketamine_infusion": "listed" if INFUSION in keys else "not listed",
        "ketamine_infusion_listed_by": [
            _origin(one) for one in rows if _infusion(said.get(one["place_id"], [])) == "listed"
        ],
        "esketamine_certified": "unknown",
        "licensed": "unknown",
        "npi": npi,
        "npi_active": "active" if npi else "unknown",
        **_origin(row),
        "other_sources": [
            {**_origin(other), "ketamine_infusion": _infusion(said.get(other["place_id"], []))} for other in others
        ],
    }


def _origin(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "source": row["source"],
        "source_label": row["source_label"],
        "edition": row["edition"],
        "row_date": row["checked_date"],
    }


def _infusion(entries: Sequence[Mapping[str, Any]]) -> str:
    code = query_words("offers")[INFUSION].code
    return "listed" if any(entry["code"] == code for entry in entries) else "not listed"


def age_years(edition_date: str) -> float:
    """Years from an ISO date, of which day or month may be missing, to today; 0 where the clock is behind it."""
    parts = [int(part) for part in edition_date.split("-")]
    then = date(parts[0], parts[1] if len(parts) > 1 else 1, parts[2] if len(parts) > 2 else 1)
    return max((date.today() - then).days, 0) / 365.25


def _edition(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "source": row["source"],
        "label": row["label"],
        "edition": row["edition"],
        "edition_date": row["edition_date"],
        "age_years": round(age_years(row["edition_date"]), 1),
        "credit": row["credit"],
        "places": row["places"],
    }


def _flags(results: Sequence[Mapping[str, Any]], files: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    flags = []
    rows = [row for result in results for row in (result, *result["other_sources"])]
    used = {(row["source"], row["edition"]) for row in rows}
    for row in files:
        age = age_years(row["edition_date"])
        if age > _OLD_AFTER_YEARS and ((row["source"], row["edition"]) in used or not results):
            flags.append(
                {
                    "code": "old_edition",
                    "message": f"{row['label']}, edition {row['edition']}, is {age:.1f} years old: call first.",
                }
            )
    if any(result["located_by"] != "source" for result in results):
        flags.append(
            {
                "code": "zip_point",
                "message": "Places are put at the middle of their ZIP code: a distance may be 1 to 3 km off.",
            }
        )
    if any(result["veterans_only"] for result in results):
        flags.append({"code": "veterans_only", "message": "Sites of Veterans Affairs are open to veterans only."})
    return [*flags, *ended_rules()]
