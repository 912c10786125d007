"""The time grid of a regimen: it hits what it must hit, grows after every change of input, and can be halved."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketascope.solver.grid import DEFAULT_RULE, GridRule, halved, make_grid

TOLERANCE_H = 1e-9
MANY = settings(max_examples=300)

times = st.one_of(st.integers(0, 1500).map(float), st.floats(0.0, 1500.0), st.sampled_from((2 / 3, 84.0, 84.0 + 2 / 3)))
lists = st.lists(times, max_size=12)
horizons = st.one_of(st.floats(0.01, 1344.0), st.sampled_from((1.0, 24.0, 1344.0)))
rules = st.builds(GridRule, st.floats(0.005, 0.5), st.floats(0.05, 1.0), st.floats(1.0, 48.0))


def is_hit(grid: np.ndarray, time_h: float) -> bool:
    return bool(np.abs(grid - time_h).min() <= TOLERANCE_H)


@MANY
@given(lists, lists, horizons, rules)
def test_every_change_and_every_wanted_time_within_the_horizon_is_hit(
    changes: list[float], wanted: list[float], until_h: float, rule: GridRule
) -> None:
    grid = make_grid(changes, wanted, until_h, rule)
    for time_h in [*changes, *wanted]:
        if time_h < until_h:
            assert is_hit(grid, time_h)


@MANY
@given(lists, lists, horizons, rules)
def test_it_ascends_from_zero_to_the_horizon(
    changes: list[float], wanted: list[float], until_h: float, rule: GridRule
) -> None:
    grid = make_grid(changes, wanted, until_h, rule)
    assert grid[0] == 0.0
    assert grid[-1] == pytest.approx(until_h, abs=TOLERANCE_H)
    assert (np.diff(grid) > 0.0).all()


@MANY
@given(lists, lists, horizons, rules)
def test_no_step_is_longer_than_the_rule_allows(
    changes: list[float], wanted: list[float], until_h: float, rule: GridRule
) -> None:
    grid = make_grid(changes, wanted, until_h, rule)
    inside = np.array(sorted({0.0, *(t for t in changes if t < until_h)}))
    last = inside[np.searchsorted(inside, grid[:-1] + TOLERANCE_H, side="right") - 1]
    allowed = np.minimum(rule.first_step_h + rule.growth * (grid[:-1] - last), rule.longest_step_h)
    assert (np.diff(grid) <= 1.0002 * allowed + TOLERANCE_H).all()


@MANY
@given(lists, lists, horizons)
def test_the_order_and_the_repetition_of_times_do_not_matter(
    changes: list[float], wanted: list[float], until_h: float
) -> None:
    plain = make_grid(changes, wanted, until_h, DEFAULT_RULE)
    shuffled = make_grid([*reversed(changes), *changes], [*wanted, *reversed(wanted)], until_h, DEFAULT_RULE)
    np.testing.assert_array_equal(plain, shuffled)


@MANY
@given(lists, horizons)
def test_times_after_the_horizon_are_left_out(wanted: list[float], until_h: float) -> None:
    beyond = [until_h + 1.0 + time for time in wanted]
    np.testing.assert_array_equal(
        make_grid(beyond, beyond, until_h, DEFAULT_RULE), make_grid([], [], until_h, DEFAULT_RULE)
    )


@pytest.mark.parametrize("change_h", [0.0, 24.0, 84.0])
def test_the_first_step_after_a_change_is_the_short_one(change_h: float) -> None:
    grid = make_grid([change_h], [], 200.0, DEFAULT_RULE)
    at = int(np.searchsorted(grid, change_h - TOLERANCE_H))
    assert grid[at] == pytest.approx(change_h, abs=TOLERANCE_H)
    assert grid[at + 1] - grid[at] == pytest.approx(DEFAULT_RULE.first_step_h)
    steps = np.diff(grid[at : at + 20])
    assert (np.diff(steps) > 0.0).all()


def test_a_wanted_time_does_not_restart_the_short_steps() -> None:
    grid = make_grid([0.0], [100.0], 200.0, DEFAULT_RULE)
    at = int(np.searchsorted(grid, 100.0))
    assert grid[at + 1] - grid[at] > 10.0


def test_a_change_that_is_also_wanted_restarts_them() -> None:
    grid = make_grid([100.0], [100.0, 50.0], 200.0, DEFAULT_RULE)
    at = int(np.searchsorted(grid, 100.0))
    assert grid[at + 1] - grid[at] == pytest.approx(DEFAULT_RULE.first_step_h)


def test_a_quiet_week_is_crossed_in_steps_of_a_day() -> None:
    grid = make_grid([0.0], [], 24.0 * 60, DEFAULT_RULE)
    assert np.diff(grid).max() == pytest.approx(24.0)
    assert len(grid) < 100


def test_changes_closer_than_a_microsecond_are_one() -> None:
    grid = make_grid([5.0, 5.0 + 1e-12], [5.0 - 1e-12], 10.0, DEFAULT_RULE)
    assert (np.diff(grid) > TOLERANCE_H).all()
    assert is_hit(grid, 5.0)


def test_two_changes_within_the_first_step_are_both_hit() -> None:
    grid = make_grid([0.0, 1.0 / 3600.0], [], 1.0, DEFAULT_RULE)
    assert grid[1] == pytest.approx(1.0 / 3600.0)
    assert grid[2] - grid[1] == pytest.approx(DEFAULT_RULE.first_step_h)


# Changes that act slowly --------------------------------------------------------------------------------------


@MANY
@given(lists, st.dictionaries(times, st.floats(0.02, 0.5), max_size=8), lists, horizons)
def test_gentle_changes_are_hit_too_and_never_loosen_the_steps_after_a_sudden_one(
    changes: list[float], gentle: dict[float, float], wanted: list[float], until_h: float
) -> None:
    grid = make_grid(changes, wanted, until_h, DEFAULT_RULE, gentle)
    for time_h in [*changes, *gentle, *wanted]:
        if time_h < until_h:
            assert is_hit(grid, time_h)
    assert (np.diff(grid) > 0.0).all()
    for change in changes:
        at = int(np.abs(grid - change).argmin())
        if change < until_h - 1e-6:
            assert grid[at + 1] - grid[at] <= 1.0002 * DEFAULT_RULE.first_step_h


@pytest.mark.parametrize("first_step_h", [0.03, 0.2])
def test_a_gentle_change_has_a_first_step_of_its_own(first_step_h: float) -> None:
    grid = make_grid([], [], 200.0, DEFAULT_RULE, {50.0: first_step_h})
    at = int(np.searchsorted(grid, 50.0))
    assert grid[at] == 50.0
    assert grid[at + 1] - grid[at] == pytest.approx(first_step_h)


def test_a_gentle_change_soon_after_a_sudden_one_leaves_its_short_steps_alone() -> None:
    grid = make_grid([0.0], [], 1.0, DEFAULT_RULE, {0.05: 0.2})
    assert np.diff(grid)[:3].max() < 0.06


def test_a_moment_that_is_both_sudden_and_gentle_is_sudden() -> None:
    grid = make_grid([10.0], [], 20.0, DEFAULT_RULE, {10.0: 0.2})
    at = int(np.searchsorted(grid, 10.0))
    assert grid[at + 1] - grid[at] == pytest.approx(DEFAULT_RULE.first_step_h)


# Halving ------------------------------------------------------------------------------------------------------


@MANY
@given(lists, lists, horizons, rules)
def test_the_halved_grid_keeps_every_point_and_adds_every_middle(
    changes: list[float], wanted: list[float], until_h: float, rule: GridRule
) -> None:
    grid = make_grid(changes, wanted, until_h, rule)
    fine = halved(grid)
    assert len(fine) == 2 * len(grid) - 1
    np.testing.assert_array_equal(fine[::2], grid)
    np.testing.assert_allclose(fine[1::2], 0.5 * (grid[1:] + grid[:-1]), rtol=0, atol=0)


@pytest.mark.parametrize("rule", [DEFAULT_RULE, GridRule(0.1, 0.5, 12.0)])
def test_a_refined_rule_has_half_the_steps_and_about_twice_the_points(rule: GridRule) -> None:
    assert astuple(rule.refined()) == tuple(0.5 * value for value in astuple(rule))
    coarse, fine = (make_grid([0.0, 0.7], [24.0], 600.0, each) for each in (rule, rule.refined()))
    assert 1.6 * len(coarse) < len(fine) < 2.6 * len(coarse)
