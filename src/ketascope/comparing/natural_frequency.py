"""Responders beyond placebo as a number needed to treat."""

from __future__ import annotations

from ketascope.comparing.quantity import Quantity

OF_PEOPLE = 100.0
LARGEST_NUMBER = 1000.0  # beyond it the difference is one that no trial could tell from none


def number_needed_to_treat(difference: Quantity) -> Quantity | None:
    """How many people must be treated for one more responder than with placebo.

    Args:
        difference: responders of 100 people with the option minus those of 100 with placebo, with its interval.

    Returns the reciprocal of the difference, with that of its better end as `low` and of its worse end as `high`; the
    latter is None where fewer than one person in a thousand more respond there, or even fewer than on placebo, since
    the number then has no upper limit (Altman 1998). None where that holds of the difference itself.
    """
    least = OF_PEOPLE / LARGEST_NUMBER
    if difference["median"] < least:
        return None
    worse = difference["low"]
    return {
        "median": OF_PEOPLE / difference["median"],
        "low": OF_PEOPLE / difference["high"],
        "high": OF_PEOPLE / worse if worse >= least else None,
        "interval_of": difference["interval_of"],
    }
