"""Random numbers of people: each person of each replicate has a fixed place in every stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ketascope.model.uncertainty import spaced_uniforms
from ketascope.people import random_normals

if TYPE_CHECKING:
    import numpy as np

PEOPLE_MOST = 2**17
"""Places of a replicate: person p of replicate i has place i * PEOPLE_MOST + p, however many people are simulated, so
that a larger trial of the same seed has the people of the smaller one and more."""


def person_uniforms(stream: str, seed: int, first: int, count: int, people: int) -> np.ndarray:
    """Uniform numbers in (0, 1) of the people of replicates first, first+1, ..., (count, people)."""
    return spaced_uniforms(stream, seed, first * PEOPLE_MOST, (count, people), PEOPLE_MOST)


def person_normals(seed: int, first: int, count: int, people: int) -> np.ndarray:
    """Random effects of the people of replicates first, first+1, ..., (count, people, effects) as `RANDOM_EFFECTS`."""
    import numpy as np

    replicates = range(first, first + count)
    return np.stack([random_normals(seed, people, index * PEOPLE_MOST) for index in replicates])
