"""The reference problem of every speed figure: eight infusions, two months, seven parameters that vary between people.

Constants, draws and output times are fixed by the design; every tool of the benchmark reads them here. Time is in
hours, amounts are in mg, concentrations in mg/L, the score in points.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from ketascope.model.pharmacokinetics import three_compartment_modes, two_compartment_modes
from ketascope.solver.collocation import linear_step
from ketascope.solver.linear import Modes

DOSE_MG = 35.0
INFUSION_H = 40.0 / 60.0
DOSE_TIMES_H = tuple(24.0 * day for day in (0, 3, 7, 10, 14, 17, 21, 24))
UNTIL_H = 56.0 * 24.0
AFTER_DOSE_H = tuple(
    [minutes / 60.0 for minutes in (5, 10, 20, 30, 40, 50)] + [1, 1.25, 1.5, 2, 3, 4, 6, 8, 10, 12, 16, 20]
)
POPULATION = 100_000
VARIED = ("clearance", "central_volume", "slow_volume", "surge", "structure_rate", "structure_loss", "score_fall")

# Typical values; ketamine in three compartments, norketamine in two.
CLEARANCE_L_PER_H, CENTRAL_VOLUME_L, FAST_VOLUME_L, SLOW_VOLUME_L = 79.0, 20.0, 60.0, 170.0
FAST_CLEARANCE_L_PER_H, SLOW_CLEARANCE_L_PER_H = 120.0, 60.0
NORKETAMINE_FRACTION, NORKETAMINE_CLEARANCE_L_PER_H = 0.8, 60.0
NORKETAMINE_VOLUME_L, NORKETAMINE_PERIPHERAL_VOLUME_L, NORKETAMINE_DISTRIBUTION_L_PER_H = 60.0, 100.0, 60.0
HALF_BLOCK_KETAMINE_MG_PER_L, HALF_BLOCK_NORKETAMINE_MG_PER_L = 0.4, 1.5
SURGE, GLUTAMATE_PER_H, SIGNAL_PER_H = 4.0, 4.0, 0.35
SIGNAL_POWER, SIGNAL_HALF = 1.5, 0.5
STRUCTURE_RATE_PER_H, STRUCTURE_LOSS_PER_H = 0.25, math.log(2.0) / 120.0
SCORE_START, SCORE_PER_H, SCORE_FALL, SCORE_HALF = 25.0, 0.15, 0.7, 0.3
STATES = ("glutamate", "signal", "plasticity", "score")
CHANNELS = ("ketamine_mg_per_l", "score")


@cache
def output_times_h() -> np.ndarray:
    """The 200 output times: every day, and 18 moments after each dose."""
    daily = [24.0 * day for day in range(1, 57)]
    times = np.unique(np.round([*daily, *(dose + after for dose in DOSE_TIMES_H for after in AFTER_DOSE_H)], 12))
    assert len(times) == 200
    return times


@cache
def draws() -> Mapping[str, np.ndarray]:
    """The seven varied parameters of 100,000 people, each (100000,); use the first n."""
    normals = np.random.default_rng(20260101).standard_normal((POPULATION, len(VARIED))).T
    spread = math.sqrt(math.log(1.0 + 0.3**2))
    typical = (CLEARANCE_L_PER_H, CENTRAL_VOLUME_L, SLOW_VOLUME_L, SURGE, STRUCTURE_RATE_PER_H, STRUCTURE_LOSS_PER_H)
    values = {name: t * np.exp(spread * z) for name, t, z in zip(VARIED[:6], typical, normals[:6], strict=True)}
    logit = math.log(SCORE_FALL / (1.0 - SCORE_FALL)) + 0.3 * normals[6]
    return values | {"score_fall": 1.0 / (1.0 + np.exp(-logit))}


def people(count: int) -> dict[str, np.ndarray]:
    """The first `count` people, repeated from the first where there are more than were drawn."""
    rows = np.arange(count) % POPULATION
    return {name: value[rows] for name, value in draws().items()}


def modes(varied: Mapping[str, Any], xp: Any = np) -> Modes:
    """The concentrations as five independent modes; one substance pair stands where ketascope has two enantiomers.

    rate_per_h: (1, 5, people), inputs: (1, 5, 1, people), outputs: (1, 2 series, 5, people).
    """
    clearance, volume = varied["clearance"], varied["central_volume"]
    own = SimpleNamespace(
        clearance_l_per_h=clearance,
        central_volume_l=volume,
        fast_volume_l=FAST_VOLUME_L + 0.0 * volume,
        fast_clearance_l_per_h=FAST_CLEARANCE_L_PER_H,
        slow_volume_l=varied["slow_volume"],
        slow_clearance_l_per_h=SLOW_CLEARANCE_L_PER_H,
        norketamine_clearance_l_per_h=NORKETAMINE_CLEARANCE_L_PER_H + 0.0 * volume,
        norketamine_volume_l=NORKETAMINE_VOLUME_L,
        norketamine_peripheral_volume_l=NORKETAMINE_PERIPHERAL_VOLUME_L,
        norketamine_distribution_l_per_h=NORKETAMINE_DISTRIBUTION_L_PER_H,
    )
    ketamine, weights = three_compartment_modes(xp, own)  # type: ignore[arg-type]
    norketamine, shares = two_compartment_modes(xp, own)  # type: ignore[arg-type]
    formed = NORKETAMINE_FRACTION * clearance / volume * weights
    from_ketamine = formed[None] / (norketamine[:, None] - ketamine[None])  # (norketamine, ketamine, people)
    zero = xp.zeros_like(shares)
    inputs = xp.concatenate([xp.ones_like(ketamine), -from_ketamine.sum(axis=1)])
    to_ketamine = xp.concatenate([weights / volume, zero])
    to_norketamine = xp.concatenate([(shares[:, None] * from_ketamine).sum(axis=0), shares]) / NORKETAMINE_VOLUME_L
    return Modes(
        xp.concatenate([ketamine, norketamine])[None],
        inputs[None, :, None],
        xp.stack([to_ketamine, to_norketamine])[None],
    )


def advance(xp: Any, step_h: Any, concentration: Any, states: Any, varied: Mapping[str, Any]) -> tuple[Any, ...]:
    """Stage values of the four states over one step; concentration: [0][series][node]."""
    x = concentration[0][0] / HALF_BLOCK_KETAMINE_MG_PER_L + concentration[0][1] / HALF_BLOCK_NORKETAMINE_MG_PER_L
    block = x / (1.0 + x)
    source = GLUTAMATE_PER_H * (1.0 + varied["surge"] * block)
    nodes = range(len(source))
    g = linear_step(step_h, states[0], tuple(source[i] for i in nodes), (GLUTAMATE_PER_H,) * len(nodes))
    above = [xp.maximum(value - 1.0, 0.0) for value in g]
    power = [value * xp.sqrt(value) for value in above]
    drive = [SIGNAL_PER_H * value / (SIGNAL_HALF**SIGNAL_POWER + value) for value in power]
    signal = linear_step(step_h, states[1], tuple(drive), (SIGNAL_PER_H,) * len(nodes))
    grown = tuple(varied["structure_rate"] * value for value in signal)
    plasticity = linear_step(step_h, states[2], grown, tuple(value + varied["structure_loss"] for value in grown))
    target = tuple(
        SCORE_PER_H * SCORE_START * (1.0 - varied["score_fall"] * value / (SCORE_HALF + value)) for value in plasticity
    )
    score = linear_step(step_h, states[3], target, (SCORE_PER_H,) * len(nodes))
    return g, signal, plasticity, score


def observe(xp: Any, concentration: Any, states: Any, varied: Mapping[str, Any]) -> list[Any]:
    """Ketamine and score; concentration: [0][series]."""
    return [concentration[0][0], states[3]]


def start_states(people: int) -> tuple[np.ndarray, ...]:
    """Before the first dose: glutamate 1, score 25, nothing else; each (people,)."""
    return np.ones(people), np.zeros(people), np.zeros(people), np.full(people, SCORE_START)


def right_hand_side(y: Any, rate_mg_per_h: float, p: Mapping[str, float]) -> list[Any]:
    """dy/dt of the nine states: ketamine in three compartments and norketamine in two (mg), then `STATES`."""
    k, k_fast, k_slow, n, n_peripheral, g, signal, plasticity, score = y
    ketamine, norketamine = k / p["central_volume"], n / NORKETAMINE_VOLUME_L
    to_fast = FAST_CLEARANCE_L_PER_H * (ketamine - k_fast / FAST_VOLUME_L)
    to_slow = SLOW_CLEARANCE_L_PER_H * (ketamine - k_slow / p["slow_volume"])
    to_peripheral = NORKETAMINE_DISTRIBUTION_L_PER_H * (norketamine - n_peripheral / NORKETAMINE_PERIPHERAL_VOLUME_L)
    cleared = p["clearance"] * ketamine
    x = ketamine / HALF_BLOCK_KETAMINE_MG_PER_L + norketamine / HALF_BLOCK_NORKETAMINE_MG_PER_L
    power = max(g - 1.0, 0.0) ** SIGNAL_POWER
    return [
        rate_mg_per_h - cleared - to_fast - to_slow,
        to_fast,
        to_slow,
        NORKETAMINE_FRACTION * cleared - NORKETAMINE_CLEARANCE_L_PER_H * norketamine - to_peripheral,
        to_peripheral,
        GLUTAMATE_PER_H * (1.0 + p["surge"] * x / (1.0 + x) - g),
        SIGNAL_PER_H * (power / (SIGNAL_HALF**SIGNAL_POWER + power) - signal),
        p["structure_rate"] * signal * (1.0 - plasticity) - p["structure_loss"] * plasticity,
        SCORE_PER_H * (SCORE_START * (1.0 - p["score_fall"] * plasticity / (SCORE_HALF + plasticity)) - score),
    ]


def pieces() -> list[tuple[float, float, float]]:
    """(start, end, infusion rate in mg/h) between the starts and ends of infusions."""
    edges = sorted({*DOSE_TIMES_H, *(dose + INFUSION_H for dose in DOSE_TIMES_H), UNTIL_H})
    return [
        (start, end, DOSE_MG / INFUSION_H if start in DOSE_TIMES_H else 0.0)
        for start, end in zip(edges, edges[1:], strict=False)
    ]


def integrate(p: Mapping[str, float], relative: float, absolute: float = 1e-12, method: str = "LSODA") -> np.ndarray:
    """One person by SciPy, started anew at every change of input: (200 times, `CHANNELS`)."""
    y = np.array([0.0] * 5 + [1.0, 0.0, 0.0, SCORE_START])
    times, found = output_times_h(), []
    for start, end, rate in pieces():
        inside = times[(times > start + 1e-9) & (times <= end + 1e-9)]
        wanted = np.unique(np.append(np.minimum(inside, end), end))
        result = solve_ivp(
            lambda t, y, rate=rate: right_hand_side(y, rate, p),
            (start, end),
            y,
            method=method,
            t_eval=wanted,
            rtol=relative,
            atol=absolute,
        )
        found.append(result.y[:, : len(inside)])
        y = result.y[:, -1]
    states = np.concatenate(found, axis=1)
    return np.stack([states[0] / p["central_volume"], states[8]], axis=1)


@cache
def truth(count: int = 50) -> np.ndarray:
    """SciPy's LSODA at a relative tolerance of 1e-11: (200 times, `CHANNELS`, people)."""
    own = people(count)
    return np.stack([integrate({k: float(v[i]) for k, v in own.items()}, 1e-11) for i in range(count)], axis=-1)


def largest_relative_error(found: np.ndarray) -> dict[str, float]:
    """Largest relative error of each channel against `truth`; found: (200 times, `CHANNELS`, people).

    A concentration that has fallen below a thousandth of its peak is measured against that thousandth: four days after
    a dose nothing is left but rounding, in every tool.
    """
    exact = truth(min(50, found.shape[-1]))
    scale = np.maximum(np.abs(exact), 1e-3 * np.abs(exact).max(axis=0))
    relative = (np.abs(found[..., : exact.shape[-1]] - exact) / scale).max(axis=(0, 2))
    return dict(zip(CHANNELS, relative.tolist(), strict=True))
