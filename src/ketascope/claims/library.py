"""The claim library: what articles say about ketamine, how true it is, and what to say instead.

Everything is data: `data/claims/*.toml` holds the claims, one file a topic; `data/approvals.toml` what is approved for
what and where; `data/left_out.toml` what an article should not leave out; `data/discern.toml` items on quality, which
is judged apart from truth.

A claim has an asserted form and two others, because "is approved", "is not approved" and "may be approved" deserve
verdicts of their own:

- `verdict` is that of the asserted form, `verdict_negated` of the statement denied, `verdict_hedged` of the statement
  with "may", "could" or "early studies suggest". Hedging rescues a claim only where the hedge fits the evidence: it
  does not rescue a false legal status, and at very low certainty it is still "partly".
- `corrected` says what is right whichever form the article used; `corrected_negated` stands in for it where it would
  read wrong after the denial.
- `certainty` is that of the corrected statement, not of the article's.
- `quantity` is the figure in the claim as claimed; `supported_range` judges another figure by where it stands.
- `live` names a check that is computed at audit time; empty where there is none.
- `expires` is the day on which the rule behind the claim ends; after it the verdict has to be checked again.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from ketascope.errors import InputError, did_you_mean, unknown
from ketascope.files import packaged_toml

__all__ = [
    "CERTAINTIES",
    "CHECKS",
    "CONDITIONS",
    "DRUGS",
    "FORMS",
    "KINDS",
    "STATUSES",
    "TOPICS",
    "UNITS",
    "VERDICTS",
    "Approval",
    "Claim",
    "LeftOutItem",
    "QualityItem",
    "Quantity",
    "Source",
    "SupportedRange",
    "approvals",
    "claim",
    "claims",
    "left_out_items",
    "quality_answers",
    "quality_items",
]

VERDICTS = ("supported", "partly", "overstated", "wrong", "not testable")
FORMS = ("asserted", "negated", "hedged")
KINDS = ("fact", "evidence", "model")
CERTAINTIES = ("high", "moderate", "low", "very low")
TOPICS = ("approval", "mechanism", "efficacy", "comparison", "routes", "safety", "practice")
DRUGS = ("ketamine", "esketamine", "ssri", "any")
CONDITIONS = ("gad", "sad", "ptsd", "ocd", "mdd", "panic", "anxiety")
UNITS = ("fold", "percent", "hours", "weeks", "mg_per_kg", "usd", "sessions")
CHECKS = ("text", "secondary", "recall")
STATUSES = ("approved", "not approved", "off-label")
_LISTS: Mapping[str, tuple[str, ...]] = {
    "verdict": VERDICTS,
    "verdict_negated": VERDICTS,
    "verdict_hedged": VERDICTS,
    "verdict_inside": VERDICTS,
    "verdict_outside": VERDICTS,
    "kind": KINDS,
    "certainty": CERTAINTIES,
    "drug": DRUGS,
    "checked": CHECKS,
    "what": UNITS,
    "status": STATUSES,
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a statement comes from and how far that was checked: read as text, at second hand, or from memory."""

    text: str
    checked: str


@dataclass(frozen=True, slots=True)
class Quantity:
    """The figure that a claim carries, as claimed, in the unit `what`; low equals high for a single figure."""

    what: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class SupportedRange:
    """Figures in the unit `what` that the evidence allows, and the verdict on a figure inside and outside of them."""

    what: str
    low: float
    high: float
    source: str
    verdict_inside: str
    verdict_outside: str

    def verdict(self, low: float, high: float) -> str:
        """The verdict on a claimed figure or range: inside only where all of it lies inside."""
        return self.verdict_inside if self.low <= low and high <= self.high else self.verdict_outside


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement about ketamine with its verdicts, in the fields that the module's docstring explains."""

    id: str
    statement: str
    negated: str
    hedged: str
    verdict: str
    verdict_negated: str
    verdict_hedged: str
    corrected: str
    kind: str
    certainty: str
    topic: str
    drug: str
    conditions: tuple[str, ...]
    live: str
    sources: tuple[Source, ...]
    date_checked: date
    article_letter: str | None = None
    corrected_negated: str | None = None
    quantity: Quantity | None = None
    supported_range: SupportedRange | None = None
    expires: date | None = None
    leaves_out: tuple[str, ...] = ()
    note: str | None = None

    def wording(self, form: str) -> str:
        """The sentence in the form "asserted", "negated" or "hedged"."""
        return {"asserted": self.statement, "negated": self.negated, "hedged": self.hedged}[_form(form)]

    def verdict_on(self, form: str) -> str:
        """The verdict on the form "asserted", "negated" or "hedged"."""
        verdicts = {"asserted": self.verdict, "negated": self.verdict_negated, "hedged": self.verdict_hedged}
        return verdicts[_form(form)]

    def correction_of(self, form: str) -> str:
        """What is right, worded to follow the form that the article used."""
        return (self.corrected_negated or self.corrected) if _form(form) == "negated" else self.corrected

    def expired_on(self, day: date) -> bool:
        """Whether the rule behind the claim has ended by that day, so that the verdict has to be checked again."""
        return self.expires is not None and day > self.expires


@dataclass(frozen=True, slots=True)
class Approval:
    """One product, use and country: approved, not approved or off-label."""

    id: str
    drug: str
    form: str
    indication: str
    use: str
    agency: str
    country: str
    status: str
    conditions_of_use: str
    source: str
    checked: str
    date_checked: date
    year: int | None = None


@dataclass(frozen=True, slots=True)
class LeftOutItem:
    """Something that an article should say, and the patterns of which `needed` show that it does."""

    id: str
    label: str
    why: str
    needed: int
    patterns: tuple[re.Pattern[str], ...]


@dataclass(frozen=True, slots=True)
class QualityItem:
    """A question on the quality of a text, signs that answer it, signs against it, and what a machine cannot see."""

    id: str
    group: str
    question: str
    needed: int
    signals: tuple[re.Pattern[str], ...]
    limits: str
    against: tuple[re.Pattern[str], ...] = ()


@functools.cache
def claims() -> Mapping[str, Claim]:
    """Every claim by its id, in the order of the files. Raises InputError for a row that cannot be read."""
    found: dict[str, Claim] = {}
    for topic in TOPICS:
        for row in _rows(f"claims/{topic}", "claim"):
            read = _claim(row)
            if read.id in found:
                raise InputError(f"claim '{read.id}' stands twice")
            if read.topic != topic:
                raise InputError(f"claim '{read.id}' of topic '{read.topic}' stands in {topic}.toml")
            found[read.id] = read
    return MappingProxyType(found)


def claim(name: str) -> Claim:
    """The claim of that id. Raises InputError for an unknown one, with the nearest."""
    known = claims()
    if name not in known:
        hint = did_you_mean(name, known, cutoff=0.4, otherwise=f"; the library holds {len(known)} claims")
        raise InputError(f"unknown claim '{name}'{hint}")
    return known[name]


@functools.cache
def approvals() -> tuple[Approval, ...]:
    """The table of approvals; absent means that nothing was read, not that nothing exists.

    Raises InputError for a word that is none of its list.
    """
    table = _table("approvals")
    for row in table["approval"]:
        _check_words(f"approval '{row.get('id')}'", row)
    day = date.fromisoformat(table["date_checked"])
    return tuple(Approval(**row, date_checked=day) for row in table["approval"])


@functools.cache
def left_out_items() -> tuple[LeftOutItem, ...]:
    """What an article on ketamine should say."""
    rows = _rows("left_out", "item")
    return tuple(LeftOutItem(**{**row, "patterns": _patterns(row["patterns"])}) for row in rows)


@functools.cache
def quality_answers() -> Mapping[str, str]:
    """What "yes", "partly" and "no" mean for a question on quality, and the limits of all of them."""
    return MappingProxyType(dict(_table("discern")["answers"]))


@functools.cache
def quality_items() -> tuple[QualityItem, ...]:
    """The questions on quality, apart from truth."""
    rows = _rows("discern", "item")
    compiled = (
        {**row, "signals": _patterns(row["signals"]), "against": _patterns(row.get("against", ()))} for row in rows
    )
    return tuple(QualityItem(**row) for row in compiled)


def _claim(row: Mapping[str, Any]) -> Claim:
    where = f"claim '{row.get('id')}'"
    for part in (row, *row["sources"], row.get("quantity", {}), row.get("supported_range", {})):
        _check_words(where, part)
    for condition in row["conditions"]:
        if condition not in CONDITIONS:
            raise InputError(f"{where}, conditions: '{condition}' is none of {', '.join(CONDITIONS)}")
    _check_live(where, str(row.get("live", "")))
    read = dict(row)
    read["conditions"] = tuple(row["conditions"])
    read["leaves_out"] = tuple(row.get("leaves_out", ()))
    read["sources"] = tuple(Source(**source) for source in row["sources"])
    read["date_checked"] = date.fromisoformat(row["date_checked"])
    if "expires" in row:
        read["expires"] = date.fromisoformat(row["expires"])
    if "quantity" in row:
        read["quantity"] = Quantity(**row["quantity"])
    if "supported_range" in row:
        read["supported_range"] = SupportedRange(**row["supported_range"])
    try:
        return Claim(**read)
    except TypeError as error:
        raise InputError(f"{where}: {error}") from None


def _check_live(where: str, name: str) -> None:
    """That a live check of that name is there; empty for none."""
    from ketascope.claims.live import check_names  # it needs the claims of this module

    if name and name not in check_names():
        raise InputError(f"{where}, live: {unknown('live check', name, check_names())}")


def _check_words(where: str, row: Mapping[str, Any]) -> None:
    """That each field which has a list holds a word of it."""
    for field, allowed in _LISTS.items():
        if field in row and row[field] not in allowed:
            raise InputError(f"{where}, {field}: '{row[field]}' is none of {', '.join(allowed)}")


def _form(form: str) -> str:
    if form not in FORMS:
        raise InputError(f"unknown form {form!r} of a claim; forms: {', '.join(FORMS)}")
    return form


def _patterns(written: list[str] | tuple[()]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in written)


def _rows(name: str, key: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = _table(name)[key]
    return rows


def _table(name: str) -> dict[str, Any]:
    return packaged_toml(f"claims/data/{name}.toml")
