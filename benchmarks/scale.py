"""How the reference problem and the real model scale: people, cores, and a million people at once.

python benchmarks/scale.py million|reference-million    one run in a process of its own; prints JSON
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "benchmarks")]

from peers import ketascope_native as ours  # noqa: E402
from peers.measuring import _peak_memory_mib as peak_memory_mib  # noqa: E402

PEOPLE = (100, 1000, 10_000, 100_000)
MILLION = 1_000_000
SENTENCE = "ketamine 0.5 mg/kg IV over 40 min q 3.5 d x 6"
TIMES_H = (2 / 3, 2.0, 24.0, 168.0, 672.0, 1344.0)
TURNS = 5


def per_second(count: int, threads: int) -> float:
    """People a second on the reference problem, median of a few turns."""
    ours.solve(count, threads)
    times = []
    for _ in range(TURNS if count < MILLION else 1):
        start = time.perf_counter()
        ours.solve(count, threads)
        times.append(time.perf_counter() - start)
    return count / statistics.median(times)


def reference_million() -> dict[str, float]:
    """The reference problem in a million people, both channels reduced to quantiles at all 200 times on the way."""
    import reference_problem as reference

    from ketascope.many_people import QuantileCounts, _in_turn

    grid = ours.tuned()[0]
    counts = QuantileCounts(400)
    varied = {name: np.resize(value, MILLION) for name, value in reference.draws().items()}
    start = time.perf_counter()

    def one_batch(first: int) -> np.ndarray:
        part = {name: value[first : first + ours.BATCH] for name, value in varied.items()}
        return np.maximum(ours.on_grid(part, grid), 0.0).reshape(400, -1)

    for found in _in_turn(one_batch, range(0, MILLION, ours.BATCH), threads=2):
        counts.add(found)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "peak_mib": peak_memory_mib(), "median_score": float(counts.quantiles([0.5])[0, 399])}


def model_million() -> dict[str, float]:
    """Six infusions of the real model in a million people, every series at six times."""
    from ketascope.many_people import population

    start = time.perf_counter()
    document = population(SENTENCE, patients=MILLION, times_h=TIMES_H).document()
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "peak_mib": peak_memory_mib(), "redone": document["redone"]}


RUNS = {"million": model_million, "reference-million": reference_million}


def in_own_process(name: str) -> dict[str, Any]:
    """One of `RUNS` in a process of its own, so that its peak of memory is its own."""
    finished = subprocess.run([sys.executable, __file__, name], capture_output=True, text=True, check=True)
    result: dict[str, Any] = json.loads(finished.stdout)
    return result


def report(reference_per_second: float) -> list[str]:
    """Lines of Markdown; reference_per_second: 1,000 people on one thread, of the same run."""
    lines = ["| people | one thread | two threads | two against one |", "|---|---|---|---|"]
    for count in PEOPLE:
        one, two = per_second(count, 1), per_second(count, 2)
        lines.append(
            f"| {count:,} | {one / reference_per_second:.2f} | {two / reference_per_second:.2f} | {two / one:.2f} |"
        )
    reference, model = (in_own_process(name) for name in ("reference-million", "million"))
    rate = MILLION / reference["seconds"] / reference_per_second
    lines.append(f"| 1,000,000, reduced to quantiles at 200 times | | {rate:.2f} | |")
    lines += [
        "",
        "Speed against 1,000 people on one thread in the same run. A million people: peak memory of the whole process "
        f"{reference['peak_mib'] / 1024:.2f} GiB for the reference problem (all 200 times) and "
        f"{model['peak_mib'] / 1024:.2f} GiB for six infusions of the real model (`ketascope.population`, 12 series at "
        f"six times; {model['redone']:.0f} people were solved again on a finer grid; "
        f"{MILLION / model['seconds'] / reference_per_second:.2f} times the speed of the reference problem, score, "
        "parameters and counting included).",
    ]
    return lines


if __name__ == "__main__":
    print(json.dumps(RUNS[sys.argv[1]]()))
