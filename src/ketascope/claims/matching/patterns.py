"""Patterns of the claims, read from data/patterns/*.toml.

A pattern is concepts between spaces, all of which have to stand in the same clause, or in clauses side by side:
`a|b` either concept, `!c` spoils the pattern, `<` between two asks for that order, `~` for at most five words between
them, `percent:62-97` is a quantity that meets that range. `needs` state the claim, `denies` state its contrary.
Of a table, `drug` says of which drug the claim speaks (ketamine, esketamine, either, ssri, none: need not be named,
unnamed: the same, but it speaks of no other drug),
`allow` lists contexts in which it may stand all the same, `bonus` favours a claim over its rivals, and claims of one
`family` may share their words ("harms the bladder and the liver"). `sure` lists words that do not hedge this claim
("may lawfully"), `yields` the claims beside which this one is not given; a
`weak` claim has to stand in one clause and gives way to all claims that are not weak; one that is
`near` has to stand in one clause, or in two of which the second starts with "not" ("as X, not for Y").
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ketascope.claims.matching.lexicon import data_files, lexicon, read_toml
from ketascope.claims.matching.quantities import Found
from ketascope.claims.matching.tokens import words
from ketascope.errors import InputError

SUBJECTS = frozenset({"ketamine", "esketamine", "ssri", "implied_drug", "usual_medication"})
_UNITS = words("fold percent minutes hours days weeks months years decades mg_per_kg mg usd sessions people")


@dataclass(frozen=True)
class Amount:
    """A quantity of some unit that meets a range."""

    unit: str
    low: float
    high: float

    def fits(self, found: Found) -> bool:
        """The quantity meets the range."""
        low, high, unit = found.quantity
        if unit != self.unit:
            return False
        return low <= self.high and high >= self.low


@dataclass(frozen=True)
class Element:
    """Concepts or amounts of which one has to be there; `link` is "<", "~" or "" towards the element before."""

    names: tuple[str, ...]
    amounts: tuple[Amount, ...]
    link: str
    subject: bool


@dataclass(frozen=True)
class Pattern:
    """One way to state a claim, or to deny it."""

    claim_id: str
    denies: bool
    elements: tuple[Element, ...]
    spoilers: frozenset[str]
    drug: str
    allow: frozenset[str]
    bonus: float
    family: str
    sure: frozenset[str]
    yields: frozenset[str]
    weak: bool
    near: bool


def _names(table: dict[str, object], key: str) -> frozenset[str]:
    """A list of names of a table."""
    names = table.get(key, [])
    assert isinstance(names, list)
    return frozenset(str(name) for name in names)


def _pattern(claim_id: str, text: str, table: dict[str, object], denies: bool) -> Pattern:
    """One pattern from its line."""
    elements: list[Element] = []
    spoilers: set[str] = set()
    link = ""
    known = lexicon().names
    for part in text.split():
        if part in {"<", "~"}:
            link = part
            continue
        names: list[str] = []
        amounts: list[Amount] = []
        for name in part.lstrip("!").split("|"):
            unit, _, span = name.partition(":")
            if span:
                low, high = span.split("-")
                amounts.append(Amount(unit, float(low), float(high)))
            else:
                names.append(name)
            if unit not in (_UNITS if span else known):
                raise InputError(f"claims/data/patterns: {claim_id}: no concept or unit {unit!r} in {text!r}")
        if part.startswith("!"):
            spoilers.update(names)
        else:
            subject = not amounts and set(names) <= SUBJECTS
            elements.append(Element(tuple(names), tuple(amounts), link, subject))
        link = ""
    drug, bonus = table.get("drug", "either"), table.get("bonus", 0.0)
    return Pattern(
        claim_id, denies, tuple(elements), frozenset(spoilers), str(drug),
        _names(table, "allow"),
        float(bonus),  # type: ignore[arg-type]
        str(table.get("family", "")), _names(table, "sure"), _names(table, "yields"),
        table.get("weak") is True,
        table.get("near") is True,
    )  # fmt: skip


@cache
def patterns() -> tuple[Pattern, ...]:
    """All patterns of the package."""
    out: list[Pattern] = []
    for name in data_files("patterns"):
        for claim_id, table in read_toml("patterns", name).items():
            assert isinstance(table, dict)
            out += [_pattern(claim_id, text, table, False) for text in table.get("needs", [])]
            out += [_pattern(claim_id, text, table, True) for text in table.get("denies", [])]
    return tuple(out)


__all__ = ["Amount", "Element", "Pattern", "SUBJECTS", "patterns"]
