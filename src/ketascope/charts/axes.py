"""The hours-to-weeks axis, and small arithmetic of layout."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ketascope.charts.style import load_style

# A Vega expression, so that the labels are made in the browser without any helper script.
TIME_LABEL = (
    "datum.value < 0.99 ? format(datum.value * 60, '.0f') + ' min' : "
    "datum.value < 23.9 ? format(datum.value, '~r') + ' h' : "
    "datum.value < 167.9 ? format(datum.value / 24, '~r') + ' d' : "
    "format(datum.value / 168, '~r') + ' wk'"
)


# Labels closer than this share of the axis would run into each other.
_LEAST_GAP, _LEAST_GAP_FEW, _LEAST_FROM_START = 0.06, 0.16, 0.05


def constant_h(first_h: float = 0.0) -> float:
    """Where the axis turns from even to logarithmic: early for curves that start at once, else near their start."""
    usual = float(load_style()["time_axis"]["constant_h"])
    return max(usual, first_h / 2)


def time_ticks(last_h: float, first_h: float = 0.0, few: bool = False) -> list[float]:
    """The labelled times up to `last_h`; the last always stays, others give way where they would touch it."""
    settings = load_style()["time_axis"]
    inside = [float(tick) for tick in settings["ticks_h"] if tick <= last_h * 1.001]
    wanted = [tick for tick in inside if not few or tick in settings["few_ticks_h"] or tick == inside[-1]]
    kept: list[float] = []
    for tick in reversed(wanted):
        here = place(tick, last_h, first_h)
        least = _LEAST_GAP_FEW if few else _LEAST_GAP
        if here >= _LEAST_FROM_START and (not kept or place(kept[0], last_h, first_h) - here >= least):
            kept.insert(0, tick)
    return kept


def place(time_h: float, last_h: float, first_h: float) -> float:
    """Where a time stands on the axis, 0 at the first dose and 1 at the end."""
    turn_h = constant_h(first_h)
    return math.log1p(time_h / turn_h) / math.log1p(last_h / turn_h)


def time_encoding(
    field: str,
    last_h: float,
    first_h: float = 0.0,
    few: bool = False,
    labels: bool = True,
    title: str | None = "Time since first dose",
) -> dict[str, Any]:
    """An x encoding in hours on which both minutes and weeks can be read."""
    axis: dict[str, Any] = {
        "values": time_ticks(last_h, first_h, few),
        "labelExpr": TIME_LABEL,
        "labelOverlap": "greedy",
        "labels": labels,
        "ticks": labels,
        "grid": True,
        "title": title if labels else None,
    }
    return {
        "field": field,
        "type": "quantitative",
        "scale": {"type": "symlog", "constant": constant_h(first_h), "domain": [0, last_h], "nice": False},
        "axis": axis,
    }


def nice_domain(values: Sequence[float], include: float = 0.0) -> list[float]:
    """Rounded limits that hold all values and `include`, so that panels share one scale."""
    low, high = min([*values, include]), max([*values, include])
    span = high - low or 1.0
    step = 10 ** math.floor(math.log10(span))
    step = next(step * part for part in (0.2, 0.5, 1.0) if span / (step * part) <= 10)
    # A hair beyond a round number is rounding error, not a reason for one more step.
    return [math.floor(low / step + 1e-6) * step, math.ceil(high / step - 1e-6) * step]


def spread(wanted: Sequence[float], gap: Sequence[float], low: float, high: float) -> list[float]:
    """Places as near the wanted ones as room allows, `gap[i]` long each, inside low..high, order kept.

    Used to keep direct labels from lying on each other: blocks of touching labels are moved together.
    """
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    blocks: list[tuple[list[int], float]] = []
    for index in order:
        members, start = [index], wanted[index] - gap[index] / 2
        start = _inside(start, gap[index], low, high)
        while blocks and blocks[-1][1] + sum(gap[i] for i in blocks[-1][0]) > start:
            earlier, _ = blocks.pop()
            members = earlier + members
            length, offset, total = sum(gap[i] for i in members), 0.0, 0.0
            for i in members:
                total += wanted[i] - offset - gap[i] / 2
                offset += gap[i]
            start = _inside(total / len(members), length, low, high)
        blocks.append((members, start))
    placed = [0.0] * len(wanted)
    for members, start in blocks:
        for i in members:
            placed[i] = start + gap[i] / 2
            start += gap[i]
    return placed


def _inside(start: float, length: float, low: float, high: float) -> float:
    return max(low, min(start, high - length))


def nearest_index(times_h: Sequence[float], time_h: float) -> int:
    """Index of the grid time nearest to a time."""
    return min(range(len(times_h)), key=lambda index: abs(times_h[index] - time_h))
