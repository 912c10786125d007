"""The time grid of one regimen: dense after every change of input, growing geometrically, hitting every wanted time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class GridRule:
    """Step length: `first_step_h` right after a change of input, growing by `growth` per hour since that change.

    `longest_step_h` bounds it: nothing in the chain is faster than that when no dose acts. After a change that
    reaches plasma only through a depot the first step may be longer.
    """

    first_step_h: float = 0.025
    growth: float = 0.3
    longest_step_h: float = 24.0
    after_depot_filled_h: float = 0.03
    after_release_ended_h: float = 0.2

    def refined(self) -> GridRule:
        """The rule with half the step everywhere."""
        return GridRule(
            self.first_step_h / 2.0,
            self.growth / 2.0,
            self.longest_step_h / 2.0,
            self.after_depot_filled_h / 2.0,
            self.after_release_ended_h / 2.0,
        )


DEFAULT_RULE = GridRule()


def make_grid(
    changes_h: Iterable[float],
    wanted_h: Iterable[float],
    until_h: float,
    rule: GridRule,
    gentle_h: Mapping[float, float] | None = None,
) -> np.ndarray:
    """Ascending times from 0 to `until_h`, shape (steps + 1,), containing every change and every wanted time.

    changes_h: changes that act at once; steps start again at `rule.first_step_h`. gentle_h: changes that act slowly (a
    depot fills), with their own first step; they shorten steps only where these have grown longer. wanted_h: output
    times. Times after `until_h` are left out.
    """
    import numpy as np

    tolerance = 1e-9
    first_steps = {time: step for time, step in (gentle_h or {}).items() if 0.0 <= time < until_h}
    first_steps |= {time: rule.first_step_h for time in changes_h if 0.0 <= time < until_h}
    stops = sorted({0.0, *first_steps, *(t for t in wanted_h if 0.0 < t < until_h), until_h})
    times = [0.0]
    since, first = 0.0, first_steps.get(0.0, rule.first_step_h)

    def step_at(now: float) -> float:
        return min(first + rule.growth * (now - since), rule.longest_step_h)

    for stop in stops:
        while stop > times[-1] + tolerance:
            now = times[-1]
            step, left = step_at(now), stop - now
            if left <= 1.0001 * step:
                times.append(stop)
            else:
                # Two equal steps rather than a long one and a sliver.
                times.append(now + (left / 2.0 if left < 2.0 * step else step))
        if stop in first_steps and first_steps[stop] <= step_at(stop):
            since, first = stop, first_steps[stop]
    return np.asarray(times)


def halved(grid: np.ndarray) -> np.ndarray:
    """The grid with the middle of every step added; the error estimate compares the two."""
    import numpy as np

    middle = 0.5 * (grid[1:] + grid[:-1])
    return np.sort(np.concatenate([grid, middle]))
