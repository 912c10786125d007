"""The trials: who was treated with what, what was measured, and which figures may be pooled."""

from ketascope.evidence.studies.tables import (
    Arm,
    Contrast,
    Outcome,
    Published,
    Study,
    arms,
    contrasts,
    outcomes,
    published,
    studies,
    study,
)

__all__ = [
    "Arm",
    "Contrast",
    "Outcome",
    "Published",
    "Study",
    "arms",
    "contrasts",
    "outcomes",
    "published",
    "studies",
    "study",
]
