"""Runs a chain of states over a grid for many patients, in JAX.

The compiled program advances a fixed number of steps for a fixed number of patients. Every regimen is a sequence of
such blocks, so one program serves all regimens; a short last block is padded with steps of length zero, and
patients are padded to whole chunks. What happens in a step is given by a `chain` (see `model/cascade.py`).
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from ketascope.solver.collocation import NODES, tableau
from ketascope.solver.linear import Modes, StepInputs, inverse_rates, step_factors

if TYPE_CHECKING:
    import numpy as np

STEPS_PER_BLOCK = 32
# Patients in one compiled program. One width only: another width may round the last bit another way.
CHUNK = 80

Chain = Callable[..., tuple[Any, Any]]


@lru_cache(maxsize=1)
def configure_jax() -> Any:
    """Import JAX once: float64, and a compilation cache on disk so that the next process need not compile."""
    from platformdirs import user_cache_path

    jax: Any = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    # With asynchronous dispatch XLA runs one computation at a time per device; without it each thread runs its own
    # chunk.
    jax.config.update("jax_cpu_enable_async_dispatch", False)
    folder = user_cache_path("ketascope", appauthor=False) / "compiled"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return jax  # no writable cache folder: everything works, each process compiles again
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
    return jax


def advance_block(
    chain: Chain,
    modes: Modes,
    fraction: Any,
    individual: Mapping[str, Any],
    carry: Any,
    inputs: Any,
    stages: int = len(NODES),
) -> Any:
    """Advance all patients over one block of steps; returns (carry, outputs of shape (steps, channels, patients)).

    carry: (mode amounts (2, modes, patients), chain states). stages: collocation nodes in a step. Pure and
    differentiable.
    """
    import jax.numpy as jnp
    from jax import lax

    nodes = jnp.asarray(tableau(stages)[0])[None, None, :, None]
    rates = modes.rate_per_h[:, :, None, :]
    inverse_h = inverse_rates(jnp, rates)

    def one_step(state: Any, step: Any) -> Any:
        amounts, states = state
        step_h, bolus, rate = step
        given = bolus[..., 0, None] + bolus[..., 1, None] * fraction
        flowing = rate[..., 0, None] + rate[..., 1, None] * fraction
        amounts = amounts + jnp.sum(modes.inputs * given[:, None], axis=2)
        source = jnp.sum(modes.inputs * flowing[:, None], axis=2)
        decay, gain = step_factors(jnp, rates, nodes * step_h, inverse_h)
        at_nodes = amounts[:, :, None, :] * decay + source[:, :, None, :] * gain
        # (2 enantiomers, 3 series, 3 nodes, patients)
        concentration = jnp.sum(modes.outputs[:, :, :, None, :] * at_nodes[:, None], axis=2)
        states, outputs = chain(step_h, concentration, states, individual)
        return (at_nodes[:, :, -1, :], states), outputs

    return lax.scan(one_step, carry, inputs)


@lru_cache(maxsize=1)
def _register_modes() -> None:
    """Let JAX pass `Modes` in and out of compiled programs; allowed once in a process."""
    from jax import tree_util

    tree_util.register_dataclass(Modes, ["rate_per_h", "inputs", "outputs"], [])


@lru_cache(maxsize=8)
def _compiled(chain: Chain, stages: int = len(NODES)) -> Any:
    jax = configure_jax()
    _register_modes()
    return jax.jit(partial(advance_block, chain, stages=stages))


def solve(
    chain: Chain,
    start: Callable[[int], tuple[Any, ...]],
    channels: int,
    modes: Modes,
    fraction: np.ndarray,
    individual: Mapping[str, np.ndarray],
    inputs: StepInputs,
    threads: int | None = None,
    stages: int = len(NODES),
) -> np.ndarray:
    """Outputs after each step, shape (steps, channels, patients).

    start: gives the initial chain states for a number of patients; individual: values by name, each (patients,).
    Patients run in
    chunks on `threads` threads (default: all cores); the numbers do not depend on chunks or threads.
    """
    import numpy as np

    run = _compiled(chain, stages)
    to_device = configure_jax().device_put
    patients = modes.rate_per_h.shape[-1]
    size = CHUNK
    blocks = [to_device(block) for block in _blocks(inputs)]
    steps = len(inputs.step_h)
    result = np.empty((steps, channels, patients))

    def one_chunk(first: int) -> None:
        take = np.minimum(np.arange(first, first + size), patients - 1)
        own = Modes(modes.rate_per_h[..., take], modes.inputs[..., take], modes.outputs[..., take])
        own_fraction = np.concatenate([fraction[:, take], np.zeros((1, size))])
        own_values = {name: value[take] for name, value in individual.items()}
        own, own_fraction, own_values = to_device((own, own_fraction, own_values))
        carry = to_device((np.zeros(own.rate_per_h.shape), start(size)))
        keep = min(size, patients - first)
        for index, block in enumerate(blocks):
            carry, outputs = run(own, own_fraction, own_values, carry, block)
            low = index * STEPS_PER_BLOCK
            high = min(low + STEPS_PER_BLOCK, steps)
            result[low:high, :, first : first + keep] = np.asarray(outputs)[: high - low, :, :keep]

    chunks = range(0, patients, size)
    workers = threads or os.cpu_count() or 1
    if len(chunks) == 1 or workers == 1:
        for first in chunks:
            one_chunk(first)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(one_chunk, chunks))
    return result


def _blocks(inputs: StepInputs) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    import numpy as np

    steps = len(inputs.step_h)
    padded = -steps % STEPS_PER_BLOCK
    step_h = np.concatenate([inputs.step_h, np.zeros(padded)])
    bolus = np.concatenate([inputs.bolus_mg, np.zeros((padded, *inputs.bolus_mg.shape[1:]))])
    rate = np.concatenate([inputs.rate_mg_per_h, np.zeros((padded, *inputs.rate_mg_per_h.shape[1:]))])
    return [
        (step_h[i : i + STEPS_PER_BLOCK], bolus[i : i + STEPS_PER_BLOCK], rate[i : i + STEPS_PER_BLOCK])
        for i in range(0, steps + padded, STEPS_PER_BLOCK)
    ]
