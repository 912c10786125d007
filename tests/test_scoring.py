"""The functions that simulator and calibration share: against quadrature, against JAX, and at their limits."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import ndtr

from ketascope.model import scoring
from ketascope.solver.engine import configure_jax

SCALES = ((0.0, 56.0, 25.0), (0.0, 144.0, 78.0), (0.0, 80.0, 45.0), (0.0, 60.0, 33.0), (17.0, 85.0, 56.0))
FALLS = np.array([-3.0, -0.8, -0.3, 0.0, 0.2, 0.56, 1.5, 4.0])
SPREADS = np.array([0.0, 1e-12, 0.05, 0.25, 0.47, 0.85, 2.0])


@pytest.fixture(scope="module")
def jnp() -> ModuleType:
    numpy_of_jax: ModuleType = configure_jax().numpy
    return numpy_of_jax


def capped(minimum: float, maximum: float, baseline: float, fall: Any, spread: Any) -> Any:
    return scoring.capped_mean(np, ndtr, minimum, maximum, baseline, fall, spread)


def by_integration(minimum: float, maximum: float, baseline: float, fall: float, spread: float) -> float:
    """The mean of min(score, maximum) over a normal log fall, split where the scale ends."""

    def weighted(z: float) -> float:
        score = minimum + (baseline - minimum) * math.exp(-fall - spread * z)
        return min(score, maximum) * math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)

    corner = -(math.log((maximum - minimum) / (baseline - minimum)) + fall) / spread
    ends = sorted({-14.0, min(max(corner, -14.0), 14.0), 14.0})
    return sum(
        quad(weighted, low, high, epsabs=1e-13, epsrel=1e-13, limit=200)[0]
        for low, high in zip(ends, ends[1:], strict=False)
    )


class TestTheCappedMean:
    @pytest.mark.parametrize("scale", SCALES)
    @pytest.mark.parametrize("spread", [0.05, 0.25, 0.47, 0.85, 2.0])
    def test_it_is_the_integral_over_patients(self, scale: tuple[float, float, float], spread: float) -> None:
        for fall in FALLS:
            expected = by_integration(*scale, float(fall), spread)
            assert capped(*scale, fall, spread) == pytest.approx(expected, rel=1e-11), fall

    def test_it_agrees_with_sampling(self) -> None:
        z = np.random.default_rng(20260101).standard_normal(1_000_000)
        for fall, spread in ((0.0, 0.47), (-0.6, 0.8), (0.56, 0.25)):
            scores = np.minimum(25.0 * np.exp(-fall - spread * z), 56.0)
            error = scores.std() / math.sqrt(len(z))
            assert capped(0.0, 56.0, 25.0, fall, spread) == pytest.approx(scores.mean(), abs=4.0 * error)

    @pytest.mark.parametrize("scale", SCALES)
    def test_jax_gives_the_same_to_1e_12(self, scale: tuple[float, float, float], jnp: ModuleType) -> None:
        from jax.scipy.special import ndtr as ndtr_of_jax

        fall, spread = FALLS[:, None], SPREADS[None, :]
        ours = capped(*scale, fall, spread)
        theirs = scoring.capped_mean(jnp, ndtr_of_jax, *scale, jnp.asarray(fall), jnp.asarray(spread))
        assert ours.shape == theirs.shape == (len(FALLS), len(SPREADS))
        assert np.asarray(theirs) == pytest.approx(ours, rel=1e-12)

    @pytest.mark.parametrize("scale", SCALES)
    def test_without_spread_it_is_the_score_of_the_one_fall(self, scale: tuple[float, float, float]) -> None:
        minimum, maximum, baseline = scale
        for spread in (0.0, 1e-12, 1e-9):
            expected = np.minimum(minimum + (baseline - minimum) * np.exp(-FALLS), maximum)
            assert capped(*scale, FALLS, spread) == pytest.approx(expected, rel=1e-8)
        assert capped(*scale, 0.0, 0.0) == pytest.approx(baseline, rel=1e-12)

    def test_where_nobody_meets_the_maximum_it_is_the_mean_of_the_log_normal(self) -> None:
        """E exp(-X) = exp(-m + s^2/2): 25 exp(-0.5 + 0.02) on a scale that ends far above."""
        assert capped(0.0, 1e9, 25.0, 0.5, 0.2) == pytest.approx(25.0 * math.exp(-0.48), rel=1e-12)

    def test_a_huge_harm_ends_at_the_maximum_and_a_huge_benefit_at_the_minimum(self) -> None:
        ends = capped(17.0, 85.0, 56.0, np.array([-50.0, 50.0]), 0.4)
        assert ends == pytest.approx([85.0, 17.0], abs=1e-9)

    def test_it_is_finite_and_within_the_scale_for_any_input(self) -> None:
        fall, spread = np.meshgrid(np.linspace(-40.0, 40.0, 81), np.array([0.0, 1e-6, 0.1, 1.0, 3.0]))
        mean = capped(0.0, 60.0, 33.0, fall, spread)
        assert np.isfinite(mean).all()
        assert (mean >= 0.0).all()
        assert (mean <= 60.0 * (1.0 + 1e-12)).all()

    @given(
        fall=st.floats(-2.0, 3.0),
        more=st.floats(0.01, 2.0),
        spread=st.floats(0.0, 1.5),
        scale=st.sampled_from(SCALES),
    )
    def test_a_larger_fall_never_leaves_a_higher_mean(
        self, fall: float, more: float, spread: float, scale: tuple[float, float, float]
    ) -> None:
        assert capped(*scale, fall + more, spread) <= capped(*scale, fall, spread) + 1e-12

    def test_all_arguments_broadcast(self) -> None:
        """As the calibration has it: a scale for each row, nodes along the other axis."""
        minimum, maximum, baseline = (np.array(column)[:, None] for column in zip(*SCALES, strict=True))
        fall, spread = np.tile(FALLS, (len(SCALES), 1)), np.full((len(SCALES), 1), 0.4)
        together = scoring.capped_mean(np, ndtr, minimum, maximum, baseline, fall, spread)
        for row, scale in enumerate(SCALES):
            assert together[row] == pytest.approx(capped(*scale, FALLS, 0.4), rel=1e-14)

    def test_its_slope_is_that_of_finite_differences_and_finite_at_no_spread(self, jnp: ModuleType) -> None:
        """The sampler follows the gradient; at a first rating, before any spread, it must not be a NaN."""
        jax = configure_jax()
        from jax.scipy.special import ndtr as ndtr_of_jax

        def mean(fall: Any, spread: Any) -> Any:
            return scoring.capped_mean(jnp, ndtr_of_jax, 0.0, 56.0, 25.0, fall, spread)

        for fall, spread in ((0.3, 0.4), (-0.7, 0.5), (1.5, 0.2)):
            step = 1e-6
            for argument in (0, 1):
                at = np.array([fall, spread])
                up, down = at + step * np.eye(2)[argument], at - step * np.eye(2)[argument]
                slope = float(jax.grad(mean, argnums=argument)(fall, spread))
                assert slope == pytest.approx(float(mean(*up) - mean(*down)) / (2.0 * step), rel=1e-6)
        assert float(jax.grad(mean)(0.3, 0.0)) == pytest.approx(-25.0 * math.exp(-0.3), rel=1e-9)
        assert math.isfinite(float(jax.grad(mean, argnums=1)(0.3, 0.0)))


class TestTheScore:
    @pytest.mark.parametrize("scale", SCALES)
    def test_all_of_the_baseline_is_the_baseline_and_none_the_minimum(self, scale: tuple[float, float, float]) -> None:
        minimum, maximum, baseline = scale
        found = scoring.score_from_share(np, minimum, maximum, baseline, np.array([0.0, 0.5, 1.0]))
        assert found == pytest.approx([minimum, 0.5 * (minimum + baseline), baseline], rel=1e-15)

    def test_what_is_above_the_scale_counts_as_its_maximum(self) -> None:
        assert scoring.score_from_share(np, 0.0, 56.0, 25.0, np.array([2.24, 3.0, 1e9])).tolist() == [56.0] * 3

    def test_jax_gives_the_same(self, jnp: ModuleType) -> None:
        share = np.exp(-FALLS)
        for scale in SCALES:
            theirs = scoring.score_from_share(jnp, *scale, jnp.asarray(share))
            assert np.asarray(theirs) == pytest.approx(scoring.score_from_share(np, *scale, share), rel=1e-15)


class TestTheLinkOfTheSsri:
    def test_it_makes_the_mean_differ_by_its_points(self) -> None:
        """A fall further by the link multiplies the mean above the minimum: 16 becomes 16 - 3 = 13."""
        link = scoring.ssri_link(np, np.array(3.0), np.array(16.0))
        assert link == pytest.approx(math.log(16.0 / 13.0), rel=1e-15)
        assert 16.0 * math.exp(-link) == pytest.approx(13.0, rel=1e-15)

    @pytest.mark.parametrize("spread", [0.0, 0.25, 0.47])
    def test_added_to_the_fall_it_lowers_the_mean_over_patients_by_its_points(self, spread: float) -> None:
        """Exact where nobody meets the maximum of the scale, as the factor is the same for every patient."""
        placebo = capped(0.0, 1e9, 25.0, 0.4, spread)
        link = scoring.ssri_link(np, 2.5, placebo)
        assert placebo - capped(0.0, 1e9, 25.0, 0.4 + link, spread) == pytest.approx(2.5, rel=1e-12)

    def test_no_difference_is_no_link_and_harm_is_below_zero(self) -> None:
        assert scoring.ssri_link(np, 0.0, 16.0) == 0.0
        assert scoring.ssri_link(np, -2.0, 16.0) == pytest.approx(-math.log(1.125), rel=1e-15)

    def test_an_impossible_difference_stays_finite(self) -> None:
        """No more than 95% of what is left above the minimum."""
        links = scoring.ssri_link(np, np.array([15.2, 16.0, 1e6]), 16.0)
        assert links == pytest.approx(np.full(3, -math.log(0.05)), rel=1e-12)

    def test_jax_gives_the_same_to_1e_12(self, jnp: ModuleType) -> None:
        points, mean = np.linspace(-10.0, 30.0, 41)[:, None], np.array([5.0, 16.0, 40.0])[None, :]
        theirs = scoring.ssri_link(jnp, jnp.asarray(points), jnp.asarray(mean))
        assert np.asarray(theirs) == pytest.approx(scoring.ssri_link(np, points, mean), rel=1e-12, abs=1e-15)
