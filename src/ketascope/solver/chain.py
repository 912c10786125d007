"""What the solver needs to know of a model: its equations over an array namespace, and their sizes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple


class Chain(NamedTuple):
    """A model's non-linear part: states that are each linear in themselves and driven by those before them.

    advance(xp, step_h, concentration, states, values): stage values of each state, from concentration[enantiomer]
    [series] at the nodes of a step. observe(xp, concentration, states, values): the channels at one time, from
    concentration[enantiomer][series]. start(patients): the states before the first dose, each (patients,). values:
    names of the individual values that the equations read.
    """

    advance: Callable[..., Sequence[Any]]
    observe: Callable[..., Sequence[Any]]
    start: Callable[[int], tuple[Any, ...]]
    states: int
    channels: int
    values: tuple[str, ...]
    enantiomers: int
    series: int
