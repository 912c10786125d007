"""The reference problem on a graphics card by the same JAX program, in float64 and float32, against the card's limits.

Run as `python benchmarks/gpu.py`; with `--cpu` a few people on the processor show that the path works. People are
solved in chunks, so memory does not depend on their number; what they start from lies on the card before the clock
starts, and what they end in is kept there chunk by chunk, or reduced to a mean with `--reduce`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import reference_problem as reference
from gradients import reference_problem
from peers.ketascope_native import CHAIN

from ketascope.solver.engine import advance_block, configure_jax
from ketascope.solver.gradients import jax_step, solve_at
from ketascope.solver.linear import Modes

PEOPLE = (1_000, 10_000, 100_000, 1_000_000)
ON_PROCESSOR = (50, 400)
CHUNK = 65_536
COMPARED = 50
TURNS = 3
# An exponential is counted as so many operations (a range reduction and a polynomial of degree 11 or so).
OPERATIONS_OF_AN_EXPONENTIAL = 20
PRECISIONS = ("float64", "float32")


NO_CARD = "No graphics card that JAX can use was at hand; nothing was measured (--cpu shows that the path works)."


@dataclass(frozen=True)
class Card:
    """Peaks of a card without its tensor units: operations a second (float64, float32) and bytes a second."""

    name: str
    float64: float
    float32: float
    bytes_per_s: float


# Peaks as NVIDIA's data sheets of these cards state them; float64 of the L40S is 1/64 of its float32.
CARDS = (
    Card("H100 PCIe", 26e12, 51e12, 2.0e12),
    Card("H100 NVL", 30e12, 60e12, 3.9e12),
    Card("H100", 34e12, 67e12, 3.35e12),
    Card("H200", 34e12, 67e12, 4.8e12),
    Card("A100", 9.7e12, 19.5e12, 2.0e12),
    Card("V100", 7.8e12, 15.7e12, 0.9e12),
    Card("L40S", 1.4e12, 91.6e12, 0.864e12),
)


@dataclass(frozen=True)
class Floor:
    """What one person cannot do without: arithmetic operations, and bytes read once and written once."""

    operations: float
    bytes: float

    def seconds(self, card: Card, precision: str) -> tuple[float, float]:
        """Least time a person by operations and by bytes."""
        return self.operations / float(getattr(card, precision)), self.bytes / card.bytes_per_s


def card_of(device: Any) -> Card | None:
    """The row of the table for a device, by the name it gives itself; the most exact one comes first."""
    kind = device.device_kind.lower()
    return next((card for card in CARDS if all(word in kind for word in card.name.lower().split())), None)


def precise(jax: Any, precision: str) -> Any:
    """Numbers of that precision inside; the solver takes whatever it is given."""
    return jax.enable_x64(False) if precision == "float32" else nullcontext()


def chunks(people: int, size: int) -> Iterator[np.ndarray]:
    """Numbers of the people in each chunk; the last is filled up with its last person, so that all have one shape."""
    for first in range(0, people, size):
        yield np.minimum(np.arange(first, first + size), people - 1)


def prepared(people: int, size: int, precision: str) -> list[tuple[Any, ...]]:
    """Modes and varied values of each chunk, made in float64 and rounded."""
    varied = reference.people(people)
    found = []
    for rows in chunks(people, size):
        own = {name: value[rows] for name, value in varied.items()}
        modes = reference.modes(own)
        fields = tuple(np.asarray(value, precision) for value in (modes.rate_per_h, modes.inputs, modes.outputs))
        found.append((fields, {name: value.astype(precision) for name, value in own.items()}))
    return found


def solved(own: tuple[Any, ...], inputs: Any) -> Any:
    """Channels at the 200 times, (200, 2, people)."""
    fields, varied = own
    nothing_absorbed = np.zeros((0, fields[0].shape[-1]), fields[0].dtype)
    return solve_at(CHAIN, Modes(*fields), nothing_absorbed, varied, inputs)


def floor(precision: str) -> tuple[int, Floor]:
    """Steps, and the floor of a person: XLA's count of one step's operations as written, times the steps."""
    jax = configure_jax()
    problem = reference_problem(COMPARED)
    steps = len(problem.inputs.step_h)
    block = tuple(value[:1] for value in (problem.inputs.step_h, problem.inputs.bolus_mg, problem.inputs.rate_mg_per_h))
    step = jax_step(CHAIN)
    start = (np.zeros(problem.modes.rate_per_h.shape), CHAIN.start(COMPARED))

    def one(fields: Any, varied: Any, carry: Any, block: Any) -> Any:
        absorbed = np.zeros((1, COMPARED))
        return advance_block(step, Modes(*fields), absorbed, varied, carry, block)

    counted = jax.jit(one).lower(problem.own[:3], problem.own[4], start, block).cost_analysis()
    operations = counted["flops"] + OPERATIONS_OF_AN_EXPONENTIAL * counted.get("transcendentals", 0.0)
    numbers = sum(leaf.size for leaf in jax.tree.leaves(problem.own)) / COMPARED + len(problem.wanted) * CHAIN.channels
    return steps, Floor(steps * operations / COMPARED, numbers * np.dtype(precision).itemsize)


@dataclass(frozen=True)
class Timing:
    """People a second (the best of the turns), seconds to compile and call once, and errors by channel."""

    people_per_s: float
    first_call_s: float
    errors: dict[str, float]


def measured(people: int, precision: str, size: int, is_reduced: bool) -> Timing:
    """Solve so many people on the device that JAX finds first."""
    jax = configure_jax()
    size = min(size, people)
    with precise(jax, precision):
        own = jax.device_put(prepared(people, size, precision))
        inputs = jax.device_put(reference_problem(1).segments())
        run = jax.jit(lambda own, inputs: solved(own, inputs).mean(axis=-1) if is_reduced else solved(own, inputs))
        start = time.perf_counter()
        jax.block_until_ready(run(own[0], inputs))
        first = time.perf_counter() - start
        seconds = []
        for _ in range(TURNS):
            start = time.perf_counter()
            for chunk in own:
                # Waiting here bounds memory: the results of one chunk are gone before those of the next are there.
                jax.block_until_ready(run(chunk, inputs))
            seconds.append(time.perf_counter() - start)
        few = jax.device_put(prepared(COMPARED, COMPARED, precision)[0])
        values = np.asarray(jax.jit(solved)(few, inputs))
    assert values.dtype == precision
    return Timing(people / min(seconds), first, reference.largest_relative_error(values.astype(np.float64)))


def report(people: Sequence[int], size: int, card: Card | None, is_reduced: bool) -> list[str]:
    """Lines of a Markdown page: people a second, shares of the floor and errors, by number of people and precision."""
    jax = configure_jax()
    device = jax.devices()[0]
    steps, _ = floor(PRECISIONS[0])
    kept = "reduced to their mean" if is_reduced else "kept on it"
    lines = [
        f"{device.device_kind}, {steps} steps, chunks of {size}, the outputs of a chunk {kept}; best of {TURNS} turns. "
        "Shares: time that the card's peak would need for the operations as written, or to read each person's values "
        "once and write all outputs once, against the time taken."
        + ("" if card else " Its peaks are not known here: give them with --flops and --bandwidth."),
        "",
        "| people | numbers | people/s | of the operations' floor | of the bytes' floor "
        "| error, ketamine | error, score | first call, s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for precision in PRECISIONS:
        for count in people:
            timing = measured(count, precision, size, is_reduced)
            least = floor(precision)[1].seconds(card, precision) if card else ()
            shares = [f"{100.0 * seconds * timing.people_per_s:.2g}%" for seconds in least] or ["unknown"] * 2
            errors = (f"{timing.errors[name]:.0e}" for name in reference.CHANNELS)
            row = [count, precision, f"{timing.people_per_s:.3g}", *shares, *errors, f"{timing.first_call_s:.1f}"]
            lines.append("| " + " | ".join(map(str, row)) + " |")
    return lines


def for_page() -> list[str]:
    """Lines of the page of all benchmarks: the table, or that no card was at hand."""
    device = configure_jax().devices()[0]
    if device.platform == "cpu":
        return [NO_CARD]
    return report(PEOPLE, CHUNK, card_of(device), is_reduced=False)


def main() -> int:
    """Print the page, or one line where there is no card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cpu", action="store_true", help="a few people on the processor, where there is no card")
    parser.add_argument("--people", type=int, nargs="+", help=f"numbers of people (default {PEOPLE})")
    parser.add_argument("--chunk", type=int, default=CHUNK, help=f"people solved at once (default {CHUNK})")
    parser.add_argument("--reduce", action="store_true", help="keep the mean of a chunk only")
    parser.add_argument("--flops", type=float, nargs=2, metavar=("FLOAT64", "FLOAT32"), help="peak operations a second")
    parser.add_argument("--bandwidth", type=float, help="peak bytes a second")
    chosen = parser.parse_args()
    if (chosen.flops is None) != (chosen.bandwidth is None):
        parser.error("--flops and --bandwidth belong together")
    device = configure_jax().devices()[0]
    if device.platform == "cpu" and not chosen.cpu:
        print(NO_CARD)
        return 0
    card = Card("given", *chosen.flops, chosen.bandwidth) if chosen.flops else card_of(device)
    people = chosen.people or (ON_PROCESSOR if device.platform == "cpu" else PEOPLE)
    print("\n".join(report(people, chosen.chunk, card, chosen.reduce)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
