"""What a live check takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

Kind = Literal["model", "evidence", "fact"]


class Matched(Protocol):
    """The part of a match that checks read: which drug the sentence means, and the figure that it states."""

    @property
    def drug(self) -> str:
        """A drug of the claim library, or "any"."""
        ...

    @property
    def quantity(self) -> tuple[float, float, str] | None:
        """Low, high and unit as stated in the sentence."""
        ...


@dataclass(frozen=True)
class LiveResult:
    """One computed number with its words.

    words: one or two plain sentences with number, unit, interval and what kind of interval it is. numbers: every figure
    behind them, by name. computed False means that data are lacking; `words` then begins with "cannot be computed:".
    """

    name: str
    words: str
    numbers: Mapping[str, float]
    source: str
    kind: Kind
    computed: bool = True
    took_s: float = field(default=0.0, compare=False)


@dataclass(frozen=True)
class Finding:
    """What a check found, before it is named and timed."""

    words: str
    numbers: Mapping[str, float]
    source: str


class LackingError(Exception):
    """Data that a check needs are not there; the message says which. Anything else that fails is an error."""
