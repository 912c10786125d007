"""The linear part as the solver takes it: modes that decay on their own, and what flows in at each step.

    y(t + h) = y(t) exp(-r h) + b u (1 - exp(-r h)) / r        u: input, constant over the step

Every function works on NumPy and on JAX arrays alike (`xp` is the array namespace); the patient axis is last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

Array = Any  # a NumPy or JAX array; shapes are given in each docstring


@dataclass(frozen=True)
class Modes:
    """A diagonal system.

    rate_per_h: (modes, patients); inputs: (modes, depots + 1, patients), the last column being the compartment that
    doses without a depot go into; outputs: (series, modes, patients), what each series reads from the modes. Two
    enantiomers stand on an axis in front of each.
    """

    rate_per_h: Array
    inputs: Array
    outputs: Array


@dataclass(frozen=True)
class StepInputs:
    """Inputs of each step, the same for all patients up to the absorbed fraction F.

    step_h: (steps,); bolus_mg and rate_mg_per_h: (steps, 2 enantiomers, depots + 1, 2), the last axis being the
    fixed part and the part multiplied by F.
    """

    step_h: np.ndarray
    bolus_mg: np.ndarray
    rate_mg_per_h: np.ndarray


def inverse_rates(xp: Any, rate_per_h: Array) -> Array:
    """1/r in hours, and 0 for a mode that does not decay."""
    decays = rate_per_h > 0.0
    return xp.where(decays, 1.0 / xp.where(decays, rate_per_h, 1.0), 0.0)


def step_factors(xp: Any, rate_per_h: Array, step_h: Array, inverse_h: Array | None = None) -> tuple[Array, Array]:
    """exp(-r h) and (1 - exp(-r h))/r, the latter being h where r is 0.

    inverse_h: `inverse_rates` where they are needed again and again (a division costs as much as an exponential).
    """
    decay = xp.exp(-rate_per_h * step_h)
    inverse = inverse_rates(xp, rate_per_h) if inverse_h is None else inverse_h
    return decay, xp.where(rate_per_h > 0.0, (1.0 - decay) * inverse, step_h)
