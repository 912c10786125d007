"""What a search for a place gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FoundBy = Literal["ZIP", "town", "coordinates"]


@dataclass(frozen=True)
class Place:
    """A point in degrees and how it was found; all fields are text or numbers, so it goes into JSON as it is.

    `state` is the two-letter code that the point counts as, "" if none can be told; `note` says in one sentence
    what the point stands for.
    """

    label: str
    latitude: float
    longitude: float
    state: str
    found_by: FoundBy
    note: str
