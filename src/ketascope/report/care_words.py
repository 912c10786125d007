"""One answer of a search for places as words: what the terminal, the page and the map all say alike."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from ketascope.care.guide import licence_checks
from ketascope.care.radius import KM_PER_MILE
from ketascope.care.sources.services import Group, query_words
from ketascope.report.cleaning import clean
from ketascope.report.format import counted, plain
from ketascope.report.layout import HELPLINE

Document = Mapping[str, Any]

NOT_LISTED = "not listed here (unknown)"
NOTHING_FOUND = "No place in these sources matches. That is not proof that there is none."

# Field of the query, group of words, what stands before the words.
_GROUPS: tuple[tuple[str, Group, str], ...] = (
    ("offers", "offers", ""),
    ("payment", "payment", "payment"),
    ("age_group", "age-group", "for"),
    ("language", "language", "language"),
)
# Near by, a tenth is a walk; far away, no ZIP's point is that exact.
_WITH_DECIMAL_BELOW_KM = 100
_PHONE = re.compile(r"\+?1?[\s.(-]*(\d{3})[\s.)-]*(\d{3})[\s.-]*(\d{4})(?:\s*(?:x|ext\.?)\s*(\d{1,6}))?", re.IGNORECASE)


def heading(document: Document) -> str:
    """What was looked for and where."""
    offers = _labels("offers", document["query"]["offers"])
    what = " or ".join([*offers[:1], *(f"{label[:1].lower()}{label[1:]}" for label in offers[1:])])
    return f"{what or 'Places for treatment'} near {clean(document['place']['label'])}"


def _labels(group: Group, keys: Sequence[str]) -> list[str]:
    known = query_words(group)
    return [known[key].label if key in known else clean(key) for key in keys]


def query_parts(document: Document) -> list[str]:
    """The filters of the search as parts of a sentence; none where all places were asked for."""
    query = document["query"]
    said = [] if query["within_km"] is None else [f"within {distance_words(query['within_km'])}"]
    for field, group, name in _GROUPS:
        if query[field]:
            said.append(f"{name} {' or '.join(_labels(group, query[field]))}".strip())
    if query["telehealth"]:
        said += [f"also {word.label[:1].lower()}{word.label[1:]}" for word in query_words("telehealth").values()]
    return said


def place_note(document: Document) -> str:
    """How the place that was asked for became a point, as a sentence."""
    note = clean(document["place"]["note"])
    return f"Distances are from: {note}." if note else ""


def distance_words(distance_km: float) -> str:
    """A distance in kilometres in both units, as exact as it is known."""
    decimals = 1 if distance_km < _WITH_DECIMAL_BELOW_KM else 0
    amounts = [_amount(value, decimals) for value in (distance_km, distance_km / KM_PER_MILE)]
    return f"{amounts[0]} km ({amounts[1]} mi)"


def _amount(value: float, decimals: int) -> str:
    return "under 0.1" if value < 0.1 else plain(value, decimals).removesuffix(".0")


def count_words(document: Document) -> list[str]:
    """How many places were found and shown, and how many need a second look."""
    counts = document["counts"]
    if not counts["matching"]:
        return [NOTHING_FOUND]
    said = [f"{counted(counts['matching'], 'place')} found, nearest first."]
    if counts["shown"] < counts["matching"]:
        said = [f"{counts['shown']} of {counted(counts['matching'], 'place')} shown, nearest first."]
    if counts["veterans_only"]:
        said.append(f"{counts['veterans_only']} for veterans only.")
    if counts["out_of_state"]:
        said.append(f"{counts['out_of_state']} in another state.")
    return [*said, "The order is distance alone; it says nothing about quality."]


def name_words(result: Mapping[str, Any]) -> str:
    """Name of the organisation and, where it has one, the unit."""
    return ", ".join(text for text in (clean(result["name"]), clean(result["unit"])) if text)


def street_words(result: Mapping[str, Any]) -> str:
    """Street and second line; dashes that a source writes for an unknown street are none."""
    lines = (clean(result["street"]), clean(result["street2"]))
    return ", ".join(text for text in lines if any(map(str.isalnum, text)))


def city_words(result: Mapping[str, Any]) -> str:
    """City, state and ZIP."""
    return f"{clean(result['city'])}, {clean(result['state'])} {clean(result['zip'])}".strip(", ")


def address_words(result: Mapping[str, Any]) -> str:
    """The address on one line."""
    return ", ".join(text for text in (street_words(result), city_words(result)) if text)


def marks(result: Mapping[str, Any]) -> list[str]:
    """What would make a trip useless if it were overlooked."""
    found = []
    if result["veterans_only"]:
        found.append("veterans only")
    if result["out_of_state"]:
        found.append("other state")
    return found


def infusion_words(result: Mapping[str, Any], is_short: bool = False) -> str:
    """Whether a source lists ketamine infusion; a gap is unknown, never no.

    Where the row that is shown does not list it and another source's row does, that source is named (by its key where
    short) with its edition.
    """
    if result["ketamine_infusion"] != "listed":
        return NOT_LISTED
    origins = result.get("ketamine_infusion_listed_by", [])
    if not origins or any((row["source"], row["edition"]) == (result["source"], result["edition"]) for row in origins):
        return "listed"
    field = "source" if is_short else "source_label"
    return "listed by " + " and ".join(f"{clean(row[field])}, edition {clean(row['edition'])}" for row in origins)


def unknown_fields(result: Mapping[str, Any]) -> list[str]:
    """Names of what no source says about a place."""
    names = [name for name in ("esketamine_certified", "licensed", "npi_active") if result[name] == "unknown"]
    return (["ketamine_infusion"] if result["ketamine_infusion"] != "listed" else []) + names


def source_words(document: Document, result: Mapping[str, Any], is_short: bool = False) -> str:
    """Source (its key where short), edition and age of a row, and which other sources have the same place."""
    field = "source" if is_short else "source_label"
    said = _one_source(document, result, field)
    others = [_one_source(document, other, field) for other in result["other_sources"]]
    return f"{said}; also in {'; '.join(others)}" if others else said


def _one_source(document: Document, row: Mapping[str, Any], field: str) -> str:
    edition = store_source(document, row)
    age = "" if edition is None else f", {age_words(edition['age_years'])}"
    dated = f", row of {clean(row['row_date'])}" if row["row_date"] else ""
    return f"{clean(row[field])}, edition {clean(row['edition'])}{age}{dated}"


def store_source(document: Document, row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The store's own entry for the source and edition of a row."""
    for source in document["store"]["sources"]:
        if (source["source"], source["edition"]) == (row["source"], row["edition"]):
            return source
    return None


def age_words(age_years: float | None) -> str:
    """How old an edition is, in words a reader would use."""
    if age_years is None:
        return "age unknown"
    months = round(age_years * 12)
    if months < 1:
        return "under a month old"
    if months < 24:
        return f"{counted(months, 'month')} old"
    return f"{plain(age_years, 1).removesuffix('.0')} years old"


def edition_words(source: Mapping[str, Any]) -> str:
    """One source of the store: name, edition, age, places, and whom to credit."""
    said = f"{clean(source['label'])}, edition {clean(source['edition'])}, {age_words(source['age_years'])}"
    return f"{said}, {counted(source['places'], 'place')}. {clean(source['credit'])}".strip()


def all_checks(document: Document) -> list[Mapping[str, str]]:
    """Where to check: the document's own entries, and the licences of the other states in the list."""
    own = list(document["checks"])
    others = dict.fromkeys(str(result["state"]) for result in document["results"])
    others.pop(document["place"]["state"], None)
    # The last entry, where to find more places, stays last.
    return [*own[:-1], *licence_checks(list(others)), *own[-1:]]


def suggestions(document: Document) -> list[str]:
    """What to try where little or nothing was found."""
    query = document["query"]
    said = []
    if query["within_km"] is not None:
        said.append(f"Look farther than {distance_words(query['within_km'])}, or leave the distance out.")
    filters = [part for part in query_parts(document) if not part.startswith("within ")]
    if filters:
        said.append(f"Leave out a filter ({'; '.join(filters)}): a place that is not listed for it may still offer it.")
    return [*said, *(f"{entry['what']}: {contact_words(entry)}." for entry in document["checks"][-1:]), HELPLINE]


def contact_words(entry: Mapping[str, str]) -> str:
    """Address and telephone of a place to check."""
    return ", ".join(part for part in (entry["url"], entry["phone"]) if part)


def telephone_link(phone: str) -> str:
    """A `tel:` address for a number of the United States, "" for anything else, so that no other text is linked."""
    match = _PHONE.fullmatch(clean(phone))
    if match is None:
        return ""
    area, exchange, line, extension = match.groups()
    return f"tel:+1-{area}-{exchange}-{line}" + (f";ext={extension}" if extension else "")


def web_link(website: str) -> str:
    """A web address that a page may link to, "" where the text is none."""
    text = clean(website)
    if re.match(r"^[\w-]+(\.[\w-]+)+(/|$)", text):
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in ("http", "https") and "." in (parts.hostname or "") and " " not in text else ""


def section_sources(page: Mapping[str, Any], section: Mapping[str, Any]) -> str:
    """The sources of a section's statements, each once, by how far they were checked, and for when they hold."""
    said = []
    for grade, words in page["checked"].items():
        of_grade = [item["source"].split("; ") for item in section["items"] if item["checked"] == grade]
        named = dict.fromkeys(source for sources in of_grade for source in sources)
        if named:
            said.append(f"{words}: {'; '.join(named)}.")
    months = sorted({item["status_date"] for item in section["items"]})
    return f"Status {' to '.join(dict.fromkeys((months[0], months[-1])))}. {' '.join(said)}"
