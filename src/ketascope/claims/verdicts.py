"""The verdict on a claim as an article words it: stated, denied or hedged, and with the article's own number."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ketascope.claims.library import Claim
    from ketascope.claims.matching.types import Match, Quantity

_HOURS = {"minutes": 1 / 60, "hours": 1.0, "days": 24.0, "weeks": 168.0, "months": 730.5, "years": 8766.0}


def in_unit(quantity: Quantity, unit: str) -> tuple[float, float] | None:
    """Low and high of a quantity in another unit, or None where it is of another kind."""
    low, high, own = quantity
    if own == unit:
        return low, high
    if own in _HOURS and unit in _HOURS:
        step = _HOURS[own] / _HOURS[unit]
        return low * step, high * step
    if unit == "fold" and own == "percent":
        return 1 + low / 100, 1 + high / 100
    return None


def verdict_of(claim: Claim, match: Match) -> str:
    """The verdict on `claim` in the form in which `match` found it.

    A number in the sentence counts where the claim has a range that evidence supports: within it the range's own
    verdict holds. Denials keep the verdict of the denial, since what they deny is the claim as the library words it.
    """
    verdict = claim.verdict_on(match.form)
    allowed = claim.supported_range
    if allowed is None or match.quantity is None or match.form != "asserted":
        return verdict
    figures = in_unit(match.quantity, allowed.what)
    if figures is None:
        return verdict
    return allowed.verdict(*figures)
