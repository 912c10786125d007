"""Whether a sentence states something about ketamine, esketamine or SSRIs as treatment."""

from __future__ import annotations

from ketascope.claims.matching.discourse import is_future, is_invitation, makes_no_claim, supposed
from ketascope.claims.matching.reading import read

_DRUGS = ("ketamine", "esketamine", "ssri")


def is_factual(sentence: str) -> bool:
    """The sentence states something of these drugs: where no claim is found in it, it was not assessed."""
    reading = read(sentence)
    if len(reading.tokens) < 4 or makes_no_claim(reading) or is_invitation(reading) or is_future(reading):
        return False
    if reading.has("call", "crime", "trade"):
        return False
    named = [at for name in _DRUGS for at, _ in reading.concepts.get(name, ())]
    if named:
        return not all(supposed(reading, at) for at in named)
    return reading.has("implied_strong")
