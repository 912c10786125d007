"""Linear pharmacokinetics of S- and R-ketamine and their metabolites, solved exactly.

For each enantiomer the compartments form a cascade: depots -> three-compartment ketamine -> (transit) ->
two-compartment norketamine -> (one-compartment hydroxynorketamine). Effect site and arm veins follow the central
concentrations with a delay. Each block is first written in its own modes, which makes the whole system lower
triangular with the rates on its diagonal; a triangular system diagonalises by forward substitution. After that every
mode decays on its own, and concentrations exist in closed form at any time:

    y(t + h) = y(t) exp(-r h) + b u (1 - exp(-r h)) / r        u: input, constant over the step

Sources: mammillary modes, Gibaldi and Perrier, Pharmacokinetics (1982), chapter 2 and appendix B. Structure and
values: the rows of `parameters/pooled.toml` (estimated from published figures), `parameters/fanta_otto.toml` (Fanta
2015, Otto 2021) and `parameters/simons.toml` (Simons 2022).

Every function works on NumPy and on JAX arrays alike (`xp` is the array namespace); the patient axis is last.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ketascope.solver.linear import Modes

Array = Any  # a NumPy or JAX array; shapes are given in each docstring

ENANTIOMERS = ("s", "r")
# Two rates closer than this (relative) are moved apart: the exponentials then differ by about 1e-6 at most, while
# the partial fractions keep ten digits. Without it coinciding rates would divide by zero.
RATE_SEPARATION = 1e-6
SMALLEST_RATE_PER_H = 1e-12
# The two transit steps have one rate; split evenly around it, the error is of second order (about 1e-9).
TRANSIT_SPLIT = (1.0 - 5e-5, 1.0 + 5e-5)
# Arm compartments in series share one rate too; by their number.
ARM_SPLITS: tuple[tuple[float, ...], ...] = ((), (1.0,), TRANSIT_SPLIT)
SERIES = ("ketamine", "norketamine", "effect_site", "hydroxynorketamine")
METABOLITES = ("norketamine", "hydroxynorketamine")


@dataclass(frozen=True)
class Disposition:
    """Individual disposition of one enantiomer; every field has shape (patients,).

    None means that the parameter set has no such step: no transit, no arm veins between artery and sampling site, no
    hydroxynorketamine.
    """

    central_volume_l: Array
    clearance_l_per_h: Array
    fast_volume_l: Array
    fast_clearance_l_per_h: Array
    slow_volume_l: Array
    slow_clearance_l_per_h: Array
    fraction_to_norketamine: Array
    norketamine_mass_ratio: Array
    norketamine_volume_l: Array
    norketamine_clearance_l_per_h: Array
    norketamine_peripheral_volume_l: Array
    norketamine_distribution_l_per_h: Array
    effect_site_rate_per_h: Array
    transit_rate_per_h: Array | None = None
    arm: Arm | None = None
    hydroxynorketamine: Hydroxynorketamine | None = None


@dataclass(frozen=True)
class Arm:
    """From artery to arm vein: a share of the flow passes unchanged, the rest through tissue; fields (patients,).

    C_vein = shunt C_artery + (1 - shunt) C_tissue, the tissue following the artery through `compartments` steps of
    equal rate (Levitt 2004, doi:10.1186/1472-6904-4-2).
    """

    shunt_fraction: Array
    rate_per_h: Array
    compartments: int = 1


@dataclass(frozen=True)
class Hydroxynorketamine:
    """One compartment fed by the share of norketamine's clearance that forms it; fields (patients,)."""

    fraction_of_norketamine: Array
    mass_ratio_to_ketamine: Array
    volume_l: Array
    clearance_l_per_h: Array


@dataclass(frozen=True)
class Depots:
    """Absorption of one enantiomer; every field has shape (depots, patients)."""

    rate_per_h: Array
    to_ketamine: Array
    to_norketamine: Array


def three_compartment_modes(xp: Any, d: Disposition) -> tuple[Array, Array]:
    """Rates (1/h) and weights of the central compartment's unit impulse response, each (3, patients)."""
    k10 = d.clearance_l_per_h / d.central_volume_l
    k12, k21 = d.fast_clearance_l_per_h / d.central_volume_l, d.fast_clearance_l_per_h / d.fast_volume_l
    k13, k31 = d.slow_clearance_l_per_h / d.central_volume_l, d.slow_clearance_l_per_h / d.slow_volume_l
    # Roots of the characteristic cubic; all three are real and non-negative for a mammillary system.
    a2 = k10 + k12 + k13 + k21 + k31
    a1 = k10 * (k21 + k31) + k12 * k31 + k13 * k21 + k21 * k31
    a0 = k10 * k21 * k31
    p = a2 * a2 / 9.0 - a1 / 3.0
    q = a2 * a2 * a2 / 27.0 - a2 * a1 / 6.0 + a0 / 2.0
    root_p = xp.sqrt(p)
    angle = xp.arccos(xp.clip(q / (p * root_p), -1.0, 1.0)) / 3.0
    two_pi_thirds = 2.0 * math.pi / 3.0
    first = a2 / 3.0 + 2.0 * root_p * xp.cos(angle)
    second = a2 / 3.0 + 2.0 * root_p * xp.cos(angle - two_pi_thirds)
    # The smallest root by the product of the roots: the difference form loses digits there.
    third = a0 / (first * second)
    rates = xp.stack([first, second, third])
    others = ((1, 2), (0, 2), (0, 1))
    weights = xp.stack(
        [
            (k21 - rates[j]) * (k31 - rates[j]) / ((rates[m] - rates[j]) * (rates[n] - rates[j]))
            for j, (m, n) in enumerate(others)
        ]
    )
    return rates, weights


def two_compartment_modes(xp: Any, d: Disposition) -> tuple[Array, Array]:
    """Rates (1/h) and weights of norketamine's central unit impulse response, each (2, patients)."""
    k10 = d.norketamine_clearance_l_per_h / d.norketamine_volume_l
    k12 = d.norketamine_distribution_l_per_h / d.norketamine_volume_l
    k21 = d.norketamine_distribution_l_per_h / d.norketamine_peripheral_volume_l
    total = k10 + k12 + k21
    fast = 0.5 * (total + xp.sqrt(total * total - 4.0 * k10 * k21))
    slow = k10 * k21 / fast
    rates = xp.stack([fast, slow])
    weights = xp.stack([(fast - k21) / (fast - slow), (k21 - slow) / (fast - slow)])
    return rates, weights


def separate_rates(xp: Any, rates: list[Array]) -> list[Array]:
    """Move coinciding rates apart by `RATE_SEPARATION` (relative), leaving all others untouched."""
    separated: list[Array] = []
    for rate in rates:
        for _ in range(2):
            for earlier in separated:
                # The second term is for modes that do not decay at all (no exchange with a compartment).
                apart = RATE_SEPARATION * xp.abs(earlier) + SMALLEST_RATE_PER_H
                rate = xp.where(xp.abs(rate - earlier) < apart, earlier + 2.0 * apart, rate)
        separated.append(rate)
    return separated


def diagonalise(xp: Any, d: Disposition, depots: Depots) -> Modes:
    """The cascade of one enantiomer as independent modes (see the module's equation)."""
    k_rates, k_weights = three_compartment_modes(xp, d)
    n_rates, n_weights = two_compartment_modes(xp, d)
    system = _Cascade()
    sources = [system.add(depots.rate_per_h[s]) for s in range(depots.rate_per_h.shape[0])]
    ketamine = [system.add(k_rates[j]) for j in range(3)]
    transit = [] if d.transit_rate_per_h is None else [system.add(d.transit_rate_per_h * f) for f in TRANSIT_SPLIT]
    norketamine = [system.add(n_rates[i]) for i in range(2)]
    k_outputs = [(m, k_weights[j] / d.central_volume_l) for j, m in enumerate(ketamine)]
    n_outputs = [
        (m, n_weights[i] * d.norketamine_mass_ratio / d.norketamine_volume_l) for i, m in enumerate(norketamine)
    ]
    effect = system.follow(k_outputs, d.effect_site_rate_per_h)
    hydroxy: int | None = None
    if d.arm is not None:
        k_outputs, n_outputs = (system.through_arm(concentration, d.arm) for concentration in (k_outputs, n_outputs))
    if d.hydroxynorketamine is not None:
        hydroxy = system.add(d.hydroxynorketamine.clearance_l_per_h / d.hydroxynorketamine.volume_l)
    rates = separate_rates(xp, system.rates)

    formation = d.fraction_to_norketamine * d.clearance_l_per_h / d.central_volume_l
    metabolite_entry = transit[:1] or norketamine
    for s in sources:
        for m in ketamine:
            system.couple(s, m, rates[s] * depots.to_ketamine[s])
        for m in metabolite_entry:
            system.couple(s, m, rates[s] * depots.to_norketamine[s])
    for j, k in enumerate(ketamine):
        for m in metabolite_entry:
            system.couple(k, m, formation * k_weights[j])
    if transit:
        system.couple(transit[0], transit[1], rates[transit[0]])
        for m in norketamine:
            system.couple(transit[1], m, rates[transit[1]])
    outputs = [k_outputs, n_outputs, effect]
    if d.hydroxynorketamine is not None and hydroxy is not None:
        onward = d.hydroxynorketamine.fraction_of_norketamine * d.norketamine_clearance_l_per_h
        for i, m in enumerate(norketamine):
            system.couple(m, hydroxy, onward / d.norketamine_volume_l * n_weights[i])
        scale = d.hydroxynorketamine.mass_ratio_to_ketamine / d.hydroxynorketamine.volume_l
        outputs.append([(hydroxy, scale)])
    return system.modes(xp, rates, sources, ketamine, outputs)


Output = list[tuple[int, Array]]  # a concentration: the modes it is read from and their weights


class _Cascade:
    """A lower-triangular linear system under construction: each mode is fed only by modes added before it."""

    def __init__(self) -> None:
        self.rates: list[Array] = []
        self._coupling: dict[tuple[int, int], Array] = {}

    def add(self, rate_per_h: Array) -> int:
        """A new mode that decays at `rate_per_h`; returns its number."""
        self.rates.append(rate_per_h)
        return len(self.rates) - 1

    def couple(self, source: int, target: int, rate: Array) -> None:
        """Let `source` feed `target` at `rate` times its amount."""
        self._coupling[target, source] = rate

    def follow(self, concentration: Output, rate_per_h: Array) -> Output:
        """A site whose concentration runs after another one: dC/dt = rate (C_source - C)."""
        mode = self.add(rate_per_h)
        for source, weight in concentration:
            self.couple(source, mode, rate_per_h * weight)
        return [(mode, 1.0 + 0.0 * rate_per_h)]

    def through_arm(self, artery: Output, arm: Arm) -> Output:
        """The concentration in an arm vein, from the one in the artery."""
        tissue = artery
        for split in ARM_SPLITS[arm.compartments]:
            tissue = self.follow(tissue, arm.rate_per_h * split)
        return [(mode, arm.shunt_fraction * weight) for mode, weight in artery] + [
            (mode, (1.0 - arm.shunt_fraction) * weight) for mode, weight in tissue
        ]

    def modes(self, xp: Any, rates: list[Array], depots: list[int], entry: list[int], outputs: list[Output]) -> Modes:
        """The diagonal form: eigenvectors and their inverse by forward substitution; both have a unit diagonal.

        entry: the modes that a dose into the central compartment reaches, each in full.
        """
        count = len(rates)
        zero, one = xp.zeros_like(rates[0]), xp.ones_like(rates[0])
        coupling = [[self._coupling.get((m, k)) for k in range(count)] for m in range(count)]
        vectors: list[list[Array | None]] = [[None] * count for _ in range(count)]
        inverse: list[list[Array | None]] = [[None] * count for _ in range(count)]
        for k in range(count):
            vectors[k][k] = one
            for m in range(k + 1, count):
                total = _sum_of_products(coupling[m][k:m], [vectors[i][k] for i in range(k, m)])
                vectors[m][k] = None if total is None else total / (rates[m] - rates[k])
        for k in range(count):
            inverse[k][k] = one
            for m in range(k + 1, count):
                total = _sum_of_products(vectors[m][k:m], [inverse[i][k] for i in range(k, m)])
                inverse[m][k] = None if total is None else -total

        def dense(entry: Array | None) -> Array:
            return zero if entry is None else entry

        columns = [xp.stack([dense(inverse[m][s]) for m in range(count)]) for s in depots]
        columns.append(xp.stack([sum(dense(inverse[m][k]) for k in entry) for m in range(count)]))
        series = [
            xp.stack([zero + sum(weight * dense(vectors[row][m]) for row, weight in output) for m in range(count)])
            for output in outputs
        ]
        return Modes(xp.stack(rates), xp.stack(columns, axis=1), xp.stack(series))


def _sum_of_products(left: list[Array | None], right: list[Array | None]) -> Array | None:
    total = None
    for a, b in zip(left, right, strict=True):
        if a is not None and b is not None:
            total = a * b if total is None else total + a * b
    return total


def both_enantiomers(xp: Any, s: Modes, r: Modes) -> Modes:
    """Stack two enantiomers: an axis of length 2 (S, R) goes in front of every field."""
    return Modes(
        xp.stack([s.rate_per_h, r.rate_per_h]),
        xp.stack([s.inputs, r.inputs]),
        xp.stack([s.outputs, r.outputs]),
    )
