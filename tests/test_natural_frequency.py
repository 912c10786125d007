"""The number needed to treat from a difference in responders."""

from __future__ import annotations

import pytest

from ketascope.comparing.natural_frequency import number_needed_to_treat
from ketascope.report.format import interval


def more(median: float, low: float, high: float) -> dict[str, float | str]:
    return {"median": median, "low": low, "high": high, "interval_of": "population mean"}


def test_it_is_the_reciprocal_of_the_difference_and_its_ends_change_places() -> None:
    # Ten more of 100 respond (5 to 20): one more of every ten (5 to 20).
    assert number_needed_to_treat(more(10.0, 5.0, 20.0)) == more(10.0, 5.0, 20.0)
    assert number_needed_to_treat(more(25.0, 20.0, 50.0)) == more(4.0, 2.0, 5.0)


@pytest.mark.parametrize("worse", [0.0, -3.0, 0.05])
def test_where_no_more_may_respond_it_has_no_upper_limit(worse: float) -> None:
    found = number_needed_to_treat(more(10.0, worse, 20.0))
    assert found is not None
    assert found["high"] is None
    assert interval(found, "people_treated") == ("10", "5.0 to no limit")


@pytest.mark.parametrize("median", [0.0, -2.0, 0.09])
def test_without_a_difference_there_is_none(median: float) -> None:
    assert number_needed_to_treat(more(median, -10.0, 10.0)) is None


def test_what_it_is_over_is_kept() -> None:
    found = number_needed_to_treat(more(10.0, 5.0, 20.0))
    assert found is not None
    assert found["interval_of"] == "population mean"
