"""Who goes to which arm: permuted blocks, so that any first k people are balanced as far as the shares allow."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ketascope.model.uncertainty import stream_uniforms

if TYPE_CHECKING:
    import numpy as np

    from ketascope.virtual_trials.design import Design

STREAM = "trial.allocation"


def block_of(design: Design) -> tuple[int, ...]:
    """The smallest block: the index of each arm as often as its share, without a common factor."""
    common = math.gcd(*(arm.share for arm in design.arms))
    return tuple(index for index, arm in enumerate(design.arms) for _ in range(arm.share // common))


def allocation(design: Design) -> np.ndarray:
    """Index of the arm of each person in the order of entry, (people,), the same in every replicate.

    Blocks are permuted by the order of uniform numbers that depend on the seed and the person's place alone.
    """
    import numpy as np

    block = np.array(block_of(design))
    blocks = -(-design.people_simulated // len(block))
    order = stream_uniforms(STREAM, blocks * len(block), design.seed).reshape(blocks, len(block)).argsort(axis=1)
    arms: np.ndarray = block[order].ravel()[: design.people_simulated]
    return arms
