"""Where a real trial's result falls among the estimates that simulated trials of its design print."""

from __future__ import annotations

import numpy as np
import pytest

from ketascope.virtual_trials.design import Observed
from ketascope.virtual_trials.monte_carlo import share
from ketascope.virtual_trials.predicted_effect import BINS, Estimates, observed_row, predicted_effects
from virtual_trials_by_hand import make_design

# 200 estimates, -100 to 99 points; half a standard deviation for every ten points, two of them unknown.
POINTS = np.arange(200.0) - 100.0
SMD = np.where(np.arange(200) < 2, np.nan, POINTS / 20.0)
ESTIMATES = {"drug": Estimates(POINTS, SMD)}


def observed(arm: str = "drug", **figures: float) -> Observed:
    return Observed(arm=arm, label="Rossi 2027", source="made up", **figures)


@pytest.mark.parametrize(
    ("estimate", "percentile", "as_far", "inside_50", "inside_95"),
    [
        (-50.5, 25.0, 50.0, True, True),
        (-51.5, 24.5, 49.0, False, True),
        (-51.0, 24.75, 49.5, False, True),
        (-0.5, 50.0, 100.0, True, True),
        (60.5, 80.5, 39.0, False, True),
        (-97.5, 1.5, 3.0, False, False),
        (98.5, 99.5, 1.0, False, False),
    ],
)
def test_a_result_is_told_by_the_share_of_trials_below_it_and_of_those_as_far_from_the_middle(
    estimate: float, percentile: float, as_far: float, inside_50: bool, inside_95: bool
) -> None:
    row = observed_row(observed(estimate=estimate, standard_error=2.0), ESTIMATES)
    assert row is not None
    assert (row["estimate"], row["standard_error"], row["within_bound"]) == (estimate, 2.0, None)
    assert row["percentile"] == pytest.approx(percentile)
    assert row["as_far_percent"] == pytest.approx(as_far)
    assert (row["inside_50"], row["inside_95"]) == (inside_50, inside_95)


def test_a_bound_alone_is_told_by_the_share_of_known_sizes_within_it_on_either_side() -> None:
    row = observed_row(observed(smd_within=0.5), ESTIMATES)
    assert row is not None
    assert row["within_bound"] == share(21, 198)
    assert row["percentile"] is row["as_far_percent"] is row["inside_50"] is row["inside_95"] is None


def test_without_estimates_of_its_arm_there_is_nothing_to_hold_a_result_against() -> None:
    assert observed_row(observed(arm="another", estimate=-1.0), ESTIMATES) is None
    assert observed_row(observed(estimate=-1.0), {"drug": Estimates(np.zeros(0), np.zeros(0))}) is None


def test_the_distribution_has_its_quantiles_and_every_replicate_in_a_bin() -> None:
    (row,) = predicted_effects(make_design(), ESTIMATES | {"none": Estimates(np.zeros(0), np.zeros(0))})
    assert (row["arm"], row["replicates"], sum(row["bin_counts"])) == ("drug", 200, 200)
    assert len(row["bin_edges"]) == BINS + 1
    assert (row["bin_edges"][0], row["bin_edges"][-1]) == (-100.0, 99.0)
    found = [row[name] for name in ("low_95", "low_50", "median", "high_50", "high_95")]
    assert found == pytest.approx(np.quantile(POINTS, [0.025, 0.25, 0.5, 0.75, 0.975]))
