"""diffrax: explicit Tsit5, adaptive, float64, vmapped over batches of people, steps clipped at input changes."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import reference_problem as reference

from peers.equations import SIGNAL_HALF
from peers.segments import RELATIVE, segments, start_state, varied

ABSOLUTE = 1e-8
BATCH = 250


@cache
def _compiled(batch: int, solver: str) -> Any:
    import jax

    jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]
    import diffrax
    import jax.numpy as jnp

    r, cut = reference, segments()
    starts = jnp.asarray(cut.times_h[cut.first[:-1]])
    rates = jnp.asarray(cut.rate_mg_per_h)
    wanted = jnp.asarray(reference.output_times_h())

    def field(t: Any, y: Any, args: Any) -> Any:
        clearance, volume, slow_volume, surge, structure_rate, structure_loss, fall = args
        rate = rates[jnp.searchsorted(starts, t, side="right") - 1]
        k, k_fast, k_slow, n, n_far, g, signal, plasticity, score = y
        ketamine, norketamine = k / volume, n / r.NORKETAMINE_VOLUME_L
        to_fast = r.FAST_CLEARANCE_L_PER_H * (ketamine - k_fast / r.FAST_VOLUME_L)
        to_slow = r.SLOW_CLEARANCE_L_PER_H * (ketamine - k_slow / slow_volume)
        to_far = r.NORKETAMINE_DISTRIBUTION_L_PER_H * (norketamine - n_far / r.NORKETAMINE_PERIPHERAL_VOLUME_L)
        cleared = clearance * ketamine
        x = ketamine / r.HALF_BLOCK_KETAMINE_MG_PER_L + norketamine / r.HALF_BLOCK_NORKETAMINE_MG_PER_L
        above = jnp.maximum(g - 1.0, 0.0)
        power = above * jnp.sqrt(above)
        return (
            rate - cleared - to_fast - to_slow,
            to_fast,
            to_slow,
            r.NORKETAMINE_FRACTION * cleared - r.NORKETAMINE_CLEARANCE_L_PER_H * norketamine - to_far,
            to_far,
            r.GLUTAMATE_PER_H * (1.0 + surge * x / (1.0 + x) - g),
            r.SIGNAL_PER_H * (power / (SIGNAL_HALF + power) - signal),
            structure_rate * signal * (1.0 - plasticity) - structure_loss * plasticity,
            r.SCORE_PER_H * (r.SCORE_START * (1.0 - fall * plasticity / (r.SCORE_HALF + plasticity)) - score),
        )

    def person(args: Any, absolute: Any) -> Any:
        control = diffrax.PIDController(rtol=RELATIVE, atol=absolute)
        control = diffrax.ClipStepSizeController(control, jump_ts=starts)
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(field),
            getattr(diffrax, solver)(),
            0.0,
            r.UNTIL_H,
            None,
            tuple(jnp.asarray(value) for value in start_state()),
            tuple(args),
            saveat=diffrax.SaveAt(ts=wanted, fn=lambda t, y, args: jnp.stack([y[0] / args[1], y[8]])),
            stepsize_controller=control,
            max_steps=1_000_000,
            adjoint=diffrax.ForwardMode(),
            throw=False,
        )
        return solution.ys, solution.result == diffrax.RESULTS.successful

    return jax.jit(jax.vmap(person, in_axes=(0, None)))


def prepare(batch: int = BATCH, solver: str = "Tsit5") -> None:
    """Compile."""
    import jax.numpy as jnp

    run = _compiled(batch, solver)
    run.lower(jnp.asarray(varied(batch)), 1e-8).compile()


def solve(count: int, absolute: float = ABSOLUTE, batch: int = BATCH, solver: str = "Tsit5") -> np.ndarray:
    """Ketamine and score at the 200 times: (200, 2, count)."""
    run, found = _compiled(batch, solver), np.empty((200, 2, count))
    people = varied(-(-count // batch) * batch)
    for first in range(0, count, batch):
        courses, success = run(people[first : first + batch], absolute)
        if not bool(success.all()):
            raise RuntimeError(f"diffrax gave up on one of people {first} to {first + batch - 1}")
        own = min(batch, count - first)
        found[:, :, first : first + own] = np.moveaxis(np.asarray(courses)[:own], 0, -1)
    return found
