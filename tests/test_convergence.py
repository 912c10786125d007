"""Whether chains agree: definitions by hand, and what misses a limit is named and nothing else."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ketascope.errors import InputError
from ketascope.estimation.convergence import (
    R_HAT_LIMIT,
    SAMPLE_SIZE_LIMIT,
    _ranked,
    _sample_size,
    _split_r_hat,
    convergence,
    has_converged,
    unconverged,
    worst,
)
from ketascope.estimation.numpyro_extra import need_numpyro
from ketascope.report.convergence import convergence_words, diagnostic

GOOD = {"name": "a", "r_hat": 1.0, "bulk_sample_size": 800.0, "tail_sample_size": 700.0}


def test_r_hat_is_the_one_of_the_definition() -> None:
    """Two chains halved: within and between variance of four, by hand."""
    table = np.array([[1.0, 2.0, 4.0, 3.0, 9.0, 7.0], [2.0, 1.0, 3.0, 6.0, 8.0, 5.0]])
    halves = table.reshape(4, 3)
    within = halves.var(axis=1, ddof=1).mean()
    between = 3.0 * halves.mean(axis=1).var(ddof=1)
    assert _split_r_hat(table) == pytest.approx(np.sqrt((2.0 / 3.0 * within + between / 3.0) / within))


def test_draws_are_ranked_to_normal_scores() -> None:
    scores = _ranked(np.array([[10.0, -3.0], [5.0, 1e9]]))
    from scipy.stats import norm

    expected = norm.ppf((np.array([[3.0, 1.0], [2.0, 4.0]]) - 0.375) / 4.25)
    assert scores == pytest.approx(expected)
    assert _ranked(np.array([[1.0, 1.0], [1.0, 1.0]])) == pytest.approx(np.zeros((2, 2))), "ties share a rank"


def test_independent_draws_count_in_full_and_correlated_ones_by_their_correlation() -> None:
    rng = np.random.default_rng(0)
    white = rng.standard_normal((4, 2000))
    assert _sample_size(white) == pytest.approx(8000, rel=0.1)
    slow = np.zeros_like(white)
    for column in range(1, white.shape[1]):
        slow[:, column] = 0.8 * slow[:, column - 1] + white[:, column]
    assert _sample_size(slow) == pytest.approx(8000 * 0.2 / 1.8, rel=0.25)


def test_each_number_of_convergence_has_its_definition() -> None:
    table = np.random.default_rng(1).standard_normal((4, 500)) ** 3
    found = convergence(table)
    folded = np.abs(table - np.median(table))
    assert found["r_hat"] == max(_split_r_hat(_ranked(table)), _split_r_hat(_ranked(folded)))
    assert found["bulk_sample_size"] == _sample_size(_ranked(table))
    tails = [_sample_size((table <= np.quantile(table, level)).astype(float)) for level in (0.05, 0.95)]
    assert found["tail_sample_size"] == min(tails)
    assert found["r_hat"] < 1.01


def test_only_folded_draws_show_chains_with_one_middle_and_other_widths() -> None:
    table = np.random.default_rng(2).standard_normal((4, 500))
    table[3] *= 3.0
    assert _split_r_hat(_ranked(table)) < R_HAT_LIMIT < convergence(table)["r_hat"]


def test_ranks_judge_draws_without_a_mean_where_plain_variances_do_not() -> None:
    """Cauchy draws of chains that lie apart: their variances are so large that plain R-hat sees nothing."""
    table = np.random.default_rng(3).standard_cauchy((4, 1000))
    table[0] += 1.0
    assert _split_r_hat(table) < R_HAT_LIMIT < convergence(table)["r_hat"]


def test_chains_that_stood_still_have_no_value_and_have_not_converged() -> None:
    still = {"name": "b", **convergence(np.full((4, 500), 0.3))}
    assert math.isnan(still["r_hat"])
    assert not has_converged(still)
    for rows in ([GOOD, still], [still, GOOD]):
        assert unconverged(rows) == ["b"]
        assert all(math.isnan(value) for value in worst(rows).values()), "never hidden behind one that has a value"


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({}, True),
        ({"r_hat": R_HAT_LIMIT}, True),
        ({"r_hat": 1.0101}, False),
        ({"bulk_sample_size": SAMPLE_SIZE_LIMIT}, True),
        ({"bulk_sample_size": 399.0}, False),
        ({"tail_sample_size": 399.0}, False),
    ],
)
def test_every_limit_counts(change: dict[str, float], kept: bool) -> None:
    assert (R_HAT_LIMIT, SAMPLE_SIZE_LIMIT) == (1.01, 400.0)
    assert has_converged(GOOD | change) is kept
    assert unconverged([GOOD | change]) == ([] if kept else ["a"])


def test_the_worst_of_each_number_is_found_wherever_it_stands() -> None:
    rows = [GOOD, GOOD | {"r_hat": 1.2}, GOOD | {"bulk_sample_size": 5.0}, GOOD | {"tail_sample_size": 6.0}]
    assert worst(rows) == {"largest_r_hat": 1.2, "smallest_bulk_sample_size": 5.0, "smallest_tail_sample_size": 6.0}


def test_a_sentence_states_numbers_limits_and_what_misses_one() -> None:
    record = {**worst([GOOD]), "divergences": 0, "unconverged": []}
    assert convergence_words(record) == (
        "largest R-hat 1.0000 (limit 1.01), smallest bulk sample size 800 and tail sample size 700 (limit 400), "
        "0 divergent transitions. None misses a limit."
    )
    missed = convergence_words(record | {"largest_r_hat": None, "unconverged": ["sd_clearance", "b"]})
    assert missed.startswith("largest R-hat \N{EN DASH} (limit")
    assert missed.endswith("Missing a limit: sd_clearance, b.")
    assert diagnostic(1138.4, 0) == "1,138"


def test_without_numpyro_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    need_numpyro("fit with sampling")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        InputError, match=r"^fit with sampling needs NumPyro: install ketascope with its extra 'bayes'$"
    ):
        need_numpyro("fit with sampling")
