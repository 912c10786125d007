"""What the simulator draws of the two packaged tables of joint draws, the same rules for both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ketascope.model.parameter_store import load_parameters
from ketascope.model.uncertainty import JOINT_FILES, joint_draws, load_joint_draws, population_draws

ROWS = {
    "pooled": ("clearance_s_ketamine_l_per_h",),
    "trials": ("slow_log_fall", "fast_off_half_life_h", "contrast_active", "placebo_log_fall_gad"),
}
FIRST_ROWS = [(file, f"{file}.{names[0]}") for file, names in ROWS.items()]


def together(file: str, drawn: dict[str, np.ndarray]) -> np.ndarray:
    """Draws as rows of the file's table, (draws, names)."""
    return np.stack([drawn[f"{file}.{name}"] for name in load_joint_draws(file)[0]], axis=1)


def test_these_are_all_the_tables() -> None:
    assert tuple(ROWS) == JOINT_FILES


@pytest.mark.parametrize("file", ROWS)
def test_draw_0_is_central_and_the_others_are_rows_of_the_table(file: str) -> None:
    names, table = load_joint_draws(file)
    drawn = joint_draws(file, load_parameters(), 200, seed=7)
    assert set(drawn) == {f"{file}.{name}" for name in names}
    first, *others = map(tuple, together(file, drawn).tolist())
    assert list(first) == [load_parameters().value(f"{file}.{name}") for name in names]
    rows = {tuple(row) for row in table.tolist()}
    assert all(row in rows for row in others), "a draw is one row, so that correlation is kept"
    assert len(set(others)) > 0.5 * min(len(table), 199)


@pytest.mark.parametrize(("file", "name"), FIRST_ROWS)
def test_draws_depend_on_the_seed_and_on_nothing_else(file: str, name: str) -> None:
    parameters = load_parameters()
    first, again, other = (joint_draws(file, parameters, 50, seed)[name] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first[1:], other[1:])
    assert first[0] == other[0]
    assert np.array_equal(joint_draws(file, parameters, 20, 1)[name], first[:20]), "more draws add, and change none"
    assert np.array_equal(population_draws(parameters, 50, 1)[name], first)


@pytest.mark.parametrize("file", ROWS)
@pytest.mark.parametrize("draws", [1, 2])
def test_one_draw_is_the_central_value(file: str, draws: int) -> None:
    drawn = joint_draws(file, load_parameters(), draws, seed=3)
    assert all(len(values) == draws for values in drawn.values())
    assert all(values[0] == load_parameters().value(name) for name, values in drawn.items())


@pytest.mark.parametrize(("file", "scale", "within"), [("pooled", np.log, 0.06), ("trials", np.asarray, 0.1)])
def test_many_draws_have_the_correlation_of_the_table(file: str, scale: Callable[[Any], Any], within: float) -> None:
    names, table = load_joint_draws(file)
    drawn = together(file, joint_draws(file, load_parameters(), 20_001, seed=5))[1:]
    expected = np.corrcoef(scale(table.T))
    assert np.abs(np.corrcoef(scale(drawn.T)) - expected).max() < within
    assert np.abs(expected - np.eye(len(names))).max() > 0.3, "there is a correlation to keep"


@pytest.mark.parametrize("name", [f"{file}.{name}" for file, names in ROWS.items() for name in names])
def test_a_row_that_was_replaced_is_not_drawn_and_the_others_are_as_before(name: str) -> None:
    parameters, file = load_parameters(), name.partition(".")[0]
    replaced = joint_draws(file, parameters.replaced({name: 0.123}), 40, seed=1)
    plain = joint_draws(file, parameters, 40, seed=1)
    assert replaced[name].tolist() == [0.123] * 40
    for other in plain:
        if other != name:
            assert np.array_equal(replaced[other], plain[other]), other
