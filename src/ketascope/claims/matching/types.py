"""What a matcher takes and gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Form = Literal["asserted", "negated", "hedged"]
Quantity = tuple[float, float, str]
"""Low, high and unit: fold, percent, minutes to decades, mg_per_kg, mg, usd, sessions, people."""


@dataclass(frozen=True)
class Match:
    """A claim of the library found in a sentence; `start` and `end` are offsets within that sentence."""

    claim_id: str
    form: Form
    drug: str
    quantity: Quantity | None
    start: int
    end: int
    score: float


class Matcher(Protocol):
    """Finds the claims that a sentence makes; `previous` is the sentence before it, which names what "it" means."""

    def match(self, sentence: str, previous: str = "") -> tuple[Match, ...]:
        """The claims of `sentence`, in the order in which they stand there."""
        ...
