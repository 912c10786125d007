"""Whether a sentence states something about ketamine, esketamine or SSRIs as treatment."""

from __future__ import annotations

from functools import cache

from ketascope.claims.matching.discourse import is_future, is_invitation, makes_no_claim, supposed
from ketascope.claims.matching.patterns import patterns
from ketascope.claims.matching.reading import Reading, drug_of, read
from ketascope.claims.matching.tokens import words

_DRUGS = ("ketamine", "esketamine", "ssri")
_ENOUGH = 2
_COMMON = words(
    "act be before better better_result clinic common cost course exist first_step full immediate induce keep known "
    "little_relief lowers most needed no_change notice outcome provider raises repeated research safe_fit sent "
    "standard_dose still stop takes used worse"
)
"""Concepts of words that any sentence may have."""


def is_factual(sentence: str, before: str = "") -> bool:
    """The sentence states something of these drugs: where no claim is found in it, it was not assessed.

    A sentence that names none counts where `before` names one and its words are those of claims: "it cannot be
    taken home".
    """
    reading = read(sentence)
    if len(reading.tokens) < 4 or makes_no_claim(reading) or is_invitation(reading) or is_future(reading):
        return False
    if reading.has("call", "crime", "trade"):
        return False
    named = [at for name in _DRUGS for at, _ in reading.concepts.get(name, ())]
    if named:
        return not all(supposed(reading, at) for at in named)
    if reading.has("implied_strong"):
        return True
    if not before or not read(before).has(*_DRUGS):
        return False
    drug = drug_of(reading, (0, len(reading.tokens)), 0, read(before))
    return drug in ("", *_DRUGS) and _on_subject(reading)


def _on_subject(reading: Reading) -> bool:
    """At least two concepts that claims are made of, in words of their own."""
    taken: set[int] = set()
    found = 0
    for name in sorted(_subjects() & reading.concepts.keys()):
        for a, b in reading.concepts[name]:
            if taken.isdisjoint(range(a, b)):
                taken.update(range(a, b))
                found += 1
    return found >= _ENOUGH


@cache
def _subjects() -> frozenset[str]:
    """The concepts that patterns ask for, apart from the drugs."""
    elements = (element for pattern in patterns() for element in pattern.elements if not element.subject)
    return frozenset(name for element in elements for name in element.names) - _COMMON
