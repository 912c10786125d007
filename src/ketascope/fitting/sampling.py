"""Draws of a person's posterior by the No-U-Turn sampler (Hoffman and Gelman 2014), beside the normal approximation.

The model is that of `mode.py`, with slopes by JAX. People of like shape share one compiled program: points and inputs
are filled up to fixed numbers, and what differs between people is an argument of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ketascope.estimation.convergence import convergence, has_settled, unconverged, worst
from ketascope.fitting.frame import individual_values
from ketascope.fitting.likelihood import SMALLEST, minus_log_density
from ketascope.fitting.prediction import concentrations

if TYPE_CHECKING:
    from ketascope.fitting.frame import Frame
    from ketascope.fitting.mode import Case

CHAINS, WARM_UP, DRAWS = 4, 400, 600
TARGET_ACCEPTANCE = 0.9
_POINTS_OF, _INPUTS_OF = 8, 4
"""Points and inputs are filled up to the next multiple of these."""


@dataclass(frozen=True)
class Draws:
    """Draws of the random effects, (effects, draws), and whether the chains that they come from agree."""

    z: np.ndarray
    agreement: Agreement


@dataclass(frozen=True)
class Agreement:
    """How far chains agree: the largest R-hat and the smallest bulk or tail sample size of any of their numbers.

    Either is None where it has no value (chains that stood still). settled: no limit is missed, no step diverged.
    """

    largest_r_hat: float | None
    smallest_sample_size: float | None
    divergences: int
    settled: bool


def agreement(chains: np.ndarray, divergences: int) -> Agreement:
    """How far chains agree. chains: (chains, draws, numbers)."""
    rows = [{"name": k, **convergence(chains[..., k])} for k in range(chains.shape[-1])]
    found = worst(rows)
    smallest = float(np.min([found["smallest_bulk_sample_size"], found["smallest_tail_sample_size"]]))
    return Agreement(
        _or_none(found["largest_r_hat"]),
        _or_none(smallest),
        divergences,
        has_settled(unconverged(rows), divergences),
    )


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


def filled(arrays: Mapping[str, np.ndarray], points: int, inputs: int) -> dict[str, np.ndarray]:
    """Schedule and data filled up to fixed numbers of points and inputs; what is added takes no part.

    An added input is never seen; an added point repeats nothing: it has a value of 1 and does not count.
    """
    result: dict[str, np.ndarray] = {}
    for name, table in arrays.items():
        widths = [(0, 0)] * table.ndim
        if name in ("elapsed_h", "seen"):
            widths = [(0, points - table.shape[0]), (0, inputs - table.shape[1])]
        elif name == "mass_mg":
            widths = [(0, 0), (0, inputs - table.shape[1])]
        elif name in ("duration_h", "fixed", "absorbed", "column", "depot"):
            widths = [(0, inputs - len(table))]
        else:
            widths[0] = (0, points - len(table))
        filling = {"residual": 1.0, "depot": -1}.get(name, 0)
        result[name] = np.pad(table, widths, constant_values=filling)
    return result


def own_arrays(frame: Frame) -> dict[str, Any]:
    """What differs between people of one shape beside schedule and data."""
    return {
        "weights": frame.weights,
        "relative_weight": np.asarray(frame.relative_weight),
        "clearance_ratio": np.asarray(frame.clearance_ratio),
    }


def log_likelihood(
    frame: Frame, arrays: Mapping[str, Any], own: Mapping[str, Any], z: Any, centres: Mapping[str, Any] | None = None
) -> Any:
    """Log likelihood of one person in JAX. arrays: filled schedule and data; z: (effects,)."""
    import jax.numpy as jnp
    from jax.scipy.special import log_ndtr

    values = individual_values(jnp, frame, z[:, None], centres, own)
    levels = concentrations(jnp, frame, arrays, values)
    log_predicted = jnp.log(jnp.maximum(levels, SMALLEST))
    return -minus_log_density(jnp, log_ndtr, dict(arrays), log_predicted).sum()


@dataclass
class Sampler:
    """Samples people one after another; compiled programs are kept by shape: compiling takes longest."""

    chains: int = CHAINS
    warm_up: int = WARM_UP
    draws: int = DRAWS
    _programs: dict[Any, Any] = field(default_factory=dict)

    def sample(self, case: Case, start: np.ndarray, seed: int, index: int) -> Draws:
        """Draws of one person. start: the mode, where every chain begins; index: of the person among the data."""
        from ketascope.solver.engine import configure_jax

        jax = configure_jax()
        frame = case.frame
        points = -(-len(case.data.counts) // _POINTS_OF) * _POINTS_OF
        inputs = -(-len(frame.inputs) // _INPUTS_OF) * _INPUTS_OF
        arrays = filled({**case.schedule.arrays(), **case.data.arrays()}, points, inputs)
        key = (frame.place, frame.depots, frame.effects, frame.columns, points, inputs)
        if key not in self._programs:
            self._programs[key] = self._program(frame)
        keys = jax.random.split(jax.random.fold_in(jax.random.PRNGKey(seed), index), self.chains)
        kept, diverging = self._programs[key](keys, start, arrays, own_arrays(frame), case.centres or {})
        table = np.asarray(kept)  # (chains, draws, effects)
        return Draws(table.reshape(-1, table.shape[-1]).T, agreement(table, int(np.asarray(diverging).sum())))

    def _program(self, frame: Frame) -> Any:
        """One compiled function for a shape: (keys, start, arrays, own, centres) -> draws, diverging."""
        import jax
        import jax.numpy as jnp
        from numpyro.infer.hmc import hmc

        def potential_of(arrays: Mapping[str, Any], own: Mapping[str, Any], centres: Mapping[str, Any]) -> Any:
            return lambda z: 0.5 * jnp.sum(z * z) - log_likelihood(frame, arrays, own, z, centres)

        def chain(key: Any, start: Any, arrays: Any, own: Any, centres: Any) -> tuple[Any, Any]:
            begin, advance = hmc(potential_fn_gen=potential_of, algo="NUTS")
            data = (arrays, own, centres)
            state = begin(
                start,
                self.warm_up,
                dense_mass=True,
                target_accept_prob=TARGET_ACCEPTANCE,
                model_args=data,
                rng_key=key,
            )

            def step(state: Any, _: None) -> tuple[Any, tuple[Any, Any]]:
                state = advance(state, data)
                return state, (state.z, state.diverging)

            _, (z, diverging) = jax.lax.scan(step, state, None, length=self.warm_up + self.draws)
            return z[self.warm_up :], diverging[self.warm_up :]

        return jax.jit(jax.vmap(chain, in_axes=(0, None, None, None, None)))


@lru_cache(maxsize=1)
def shared_sampler() -> Sampler:
    """The sampler of this process, so that compiled programs serve all its people."""
    return Sampler()
