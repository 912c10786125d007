"""The time grid of one regimen: dense after every change of input, growing geometrically, hitting every wanted time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class GridRule:
    """Step length: `first_step_h` right after a change of input, growing by `growth` per hour since that change.

    `longest_step_h` bounds it: nothing in the chain is faster than that when no dose acts.
    """

    first_step_h: float = 0.025
    growth: float = 0.3
    longest_step_h: float = 24.0

    def refined(self) -> GridRule:
        """The rule with half the step everywhere."""
        return GridRule(self.first_step_h / 2.0, self.growth / 2.0, self.longest_step_h / 2.0)


DEFAULT_RULE = GridRule()


def make_grid(changes_h: Iterable[float], wanted_h: Iterable[float], until_h: float, rule: GridRule) -> np.ndarray:
    """Ascending times from 0 to `until_h`, shape (steps + 1,), containing every change and every wanted time.

    changes_h: starts and ends of inputs; wanted_h: output times. Times after `until_h` are left out.
    """
    import numpy as np

    tolerance = 1e-9
    changes = sorted({0.0, *(t for t in changes_h if 0.0 <= t < until_h)})
    stops = sorted({*changes, *(t for t in wanted_h if 0.0 < t < until_h), until_h})
    times = [0.0]
    last_change = 0.0
    next_change = 0
    for stop in stops:
        if stop <= times[-1] + tolerance:
            if next_change < len(changes) and stop == changes[next_change]:
                last_change = stop
                next_change += 1
            continue
        while True:
            now = times[-1]
            step = min(rule.first_step_h + rule.growth * (now - last_change), rule.longest_step_h)
            left = stop - now
            if left <= 1.0001 * step:
                times.append(stop)
                break
            # Two equal steps rather than a long one and a sliver.
            times.append(now + (left / 2.0 if left < 2.0 * step else step))
        if next_change < len(changes) and stop == changes[next_change]:
            last_change = stop
            next_change += 1
    return np.asarray(times)


def halved(grid: np.ndarray) -> np.ndarray:
    """The grid with the middle of every step added; the error estimate compares the two."""
    import numpy as np

    middle = 0.5 * (grid[1:] + grid[:-1])
    return np.sort(np.concatenate([grid, middle]))
