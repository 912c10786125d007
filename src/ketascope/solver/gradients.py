"""Values at wanted steps as one JAX function of everything individual, with slopes in both directions.

Reverse mode needs every step's intermediate values once more, backwards; kept as they come, they grow with the number
of doses. Here the steps are leaves of a tree of scans and only the state before each branch is kept: a level of n
branches keeps n states while it is walked, and what is below a branch is run again when the way back reaches it. With
levels of n1, n2, ... branches the kept states number n1 + n2 + ... and the steps n1 n2 ... `STEPS_KEPT`. The sum never
exceeds `CHECKPOINTS`; longer courses get more levels, not more states:

    levels   steps at most   runs of a step in a gradient (forward, and once more for each level)
    1        128             2
    2        1,024           3
    3        4,000           4
    4        16,384          5

Forward mode goes through the same function and keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from ketascope.solver.chain import Chain
from ketascope.solver.engine import advance_block
from ketascope.solver.linear import Modes, StepInputs

if TYPE_CHECKING:
    import numpy as np

CHECKPOINTS = 32
# Steps whose intermediate values are kept at once: fewer cost more calls, more cost memory and gain nothing.
STEPS_KEPT = 4
# One level has a multiple of this many branches, so that regimens of about the same length share a compiled program.
BRANCHES = 8
# For `jax.jit` of a gradient on a processor: XLA's library kernels for small sums double its time.
COMPILER_OPTIONS = {"xla_cpu_experimental_ynn_fusion_type": ""}


class SegmentedInputs(NamedTuple):
    """Inputs of each step in the shape of the tree, (levels ..., `STEPS_KEPT`); a tuple of arrays, so JAX takes it.

    step_h: hours, 0 where padded; bolus_mg and rate_mg_per_h: as in `StepInputs`. row: where the values after a step
    go, beyond the end where they are not wanted. wanted_row: (wanted,), the row of each wanted step.
    """

    step_h: Any
    bolus_mg: Any
    rate_mg_per_h: Any
    row: Any
    wanted_row: Any


def tree_shape(steps: int) -> tuple[int, ...]:
    """Branches of each level, and last the steps of a leaf, for at least `steps` steps."""
    leaves = max(-(-steps // STEPS_KEPT), 1)
    if leaves <= CHECKPOINTS:
        return (BRANCHES * -(-leaves // BRANCHES), STEPS_KEPT)
    levels = 2
    # Three branches are the most economical tree; it reaches 200,000 steps before it exceeds the limit.
    while (inner := _root(leaves, levels)) * levels > CHECKPOINTS and inner > 3:
        levels += 1
    outer = -(-leaves // inner ** (levels - 1))
    return (outer, *(inner,) * (levels - 1), STEPS_KEPT)


def _root(number: int, degree: int) -> int:
    """The smallest whole number whose power is at least `number`."""
    root = 1
    while root**degree < number:
        root += 1
    return root


def segmented(inputs: StepInputs, wanted_steps: Sequence[int] | np.ndarray) -> SegmentedInputs:
    """Lay inputs out for `solve_at`, which gives the values at the ends of `wanted_steps` (0 is the first step).

    Steps of length zero fill the tree, so few shapes occur. Raises ValueError for a step that does not exist.
    """
    import numpy as np

    steps = len(inputs.step_h)
    wanted, wanted_row = np.unique(np.asarray(wanted_steps, dtype=np.int64), return_inverse=True)
    if wanted.size and not 0 <= wanted[0] <= wanted[-1] < steps:
        raise ValueError(f"wanted step {wanted[0] if wanted[0] < 0 else wanted[-1]}: there are steps 0 to {steps - 1}")
    shape = tree_shape(steps)
    total = int(np.prod(shape))

    def laid_out(values: np.ndarray) -> np.ndarray:
        padding = np.zeros((total - steps, *values.shape[1:]))
        return np.concatenate([values, padding]).reshape(*shape, *values.shape[1:])

    # Rows beyond the end all differ: a scatter that knows its rows to be unique needs no atomic operations.
    row = len(wanted) + np.arange(total, dtype=np.int32)
    row[wanted] = np.arange(len(wanted))
    return SegmentedInputs(
        laid_out(inputs.step_h),
        laid_out(inputs.bolus_mg),
        laid_out(inputs.rate_mg_per_h),
        row.reshape(shape),
        wanted_row,
    )


def solve_at(chain: Chain, modes: Modes, fraction: Any, individual: Mapping[str, Any], inputs: SegmentedInputs) -> Any:
    """Channels at the wanted steps, (wanted, channels, patients), in the units of the chain's channels.

    modes: as in `Modes`, with a leading axis of enantiomers; fraction: absorbed from each depot, (depots, patients);
    individual: values by name, each (patients,). Pure and differentiable in these three, in reverse with bounded
    memory and forward; the type of numbers is that of the modes. Call `engine.configure_jax` first, and compile it
    inside a function that takes `inputs` as an argument, so that regimens of one shape share the program.
    """
    import jax
    import jax.numpy as jnp
    from jax import lax

    patients, number = modes.rate_per_h.shape[-1], modes.rate_per_h.dtype
    absorbed = jnp.concatenate([jnp.asarray(fraction), jnp.zeros((1, patients), number)])
    own = {name: individual[name] for name in chain.values}
    step = jax_step(chain)

    def leaf(carry: Any, block: Any) -> Any:
        before, kept = carry
        step_h, bolus, rate, row = block
        after, outputs = advance_block(step, modes, absorbed, own, before, (step_h, bolus, rate))
        return (after, kept.at[row].add(outputs, mode="drop", unique_indices=True, wrap_negative_indices=False)), None

    def branches(below: Callable[..., Any]) -> Callable[..., Any]:
        # Inside a scan nothing can be merged with the first run, so the costly guard against that is left out.
        again = jax.checkpoint(below, prevent_cse=False)
        return lambda carry, blocks: lax.scan(again, carry, blocks)

    run: Callable[..., Any] = leaf
    for _ in range(inputs.step_h.ndim - 1):
        run = branches(run)
    start = tuple(jnp.asarray(value, number) for value in chain.start(patients))
    kept = jnp.zeros((inputs.wanted_row.shape[0], chain.channels, patients), number)
    (_, kept), _ = run(((jnp.zeros(modes.rate_per_h.shape, number), start), kept), tuple(inputs[:4]))
    return kept[inputs.wanted_row]


def jax_step(chain: Chain) -> Callable[..., Any]:
    """The chain's equations in JAX as `engine.advance_block` takes them."""
    import jax.numpy as jnp

    xp = _namespace()

    def step(step_h: Any, concentration: Any, states: Any, values: Mapping[str, Any]) -> Any:
        new = tuple(stages[-1] for stages in chain.advance(xp, step_h, concentration, states, values))
        return new, jnp.stack(chain.observe(xp, concentration[:, :, -1], new, values))

    return step


def _namespace() -> Any:
    """`jax.numpy` with a square root whose slope at 0 is 0.

    Its true slope there is infinite, and x sqrt(x), flat at 0, would get the slope 0 times infinity.
    """
    import jax.numpy as jnp

    def sqrt(value: Any) -> Any:
        is_zero = value == 0.0
        return jnp.where(is_zero, 0.0, jnp.sqrt(jnp.where(is_zero, 1.0, value)))

    return SimpleNamespace(**vars(jnp) | {"sqrt": sqrt})
