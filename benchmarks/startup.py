"""What starting costs: `ketascope compare` beside `python -c "import jax"`, medians of several runs side by side.

Run as `python benchmarks/startup.py`. The first comparison of a machine compiles and fills the cache on disk; it is run
once before the clock starts, and its time is printed apart.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

LIMIT_S = 4.0
RUNS = 3
COMMANDS = {
    "python, nothing else": ["-c", "pass"],
    "ketascope --help": ["-m", "ketascope", "--help"],
    "ketascope, bad input": ["-m", "ketascope", "compare", "ketamin 35 mg IV"],
    "import jax": ["-c", "import jax"],
    "ketascope compare": ["-m", "ketascope", "compare", "--json"],
}


def seconds(arguments: list[str]) -> float:
    """Wall time of one run of this Python with `arguments`."""
    source = str(Path(__file__).resolve().parent.parent / "src")
    environment = os.environ | {"PYTHONPATH": source}
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, check=False)
    return time.perf_counter() - start


def measured(runs: int) -> tuple[float, dict[str, list[float]]]:
    """Seconds of the first comparison, and of each command, `runs` times."""
    first = seconds(COMMANDS["ketascope compare"])
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    # Interleaved, so that a busy moment of the machine falls on all commands alike.
    for _ in range(runs):
        for name, arguments in COMMANDS.items():
            times[name].append(seconds(arguments))
    return first, times


def difference_s(times: dict[str, list[float]]) -> float:
    """Median of a later comparison less the median of importing JAX."""
    return statistics.median(times["ketascope compare"]) - statistics.median(times["import jax"])


def report(runs: int = RUNS) -> list[str]:
    """Lines of a Markdown page: medians side by side, and the difference that is bounded."""
    first, times = measured(runs)
    unit = statistics.median(times["import jax"])
    lines = [
        f"Wall time against `import jax` on the same machine, median of {runs} runs in turn. The first "
        f"comparison, which fills an empty cache of compiled programs, took {first / unit:.1f} times as long.",
        "",
        "| command | times `import jax` | least to most |",
        "|---|---|---|",
    ]
    for name, values in times.items():
        middle, least, most = (value / unit for value in (statistics.median(values), min(values), max(values)))
        lines.append(f"| `{name}` | {middle:.2f} | {least:.2f} to {most:.2f} |")
    lines += [
        "",
        f"A later comparison takes {difference_s(times):.2f} s more than importing JAX (limit {LIMIT_S:g} s).",
    ]
    return lines


def main() -> int:
    """Print the medians and the difference; the exit code says whether the limit holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help=f"runs of each command (default {RUNS})")
    first, times = measured(parser.parse_args().runs)
    print(f"{'first compare, filling the cache if it is empty':50} {first:6.2f} s")
    for name, values in times.items():
        print(f"{name:50} {statistics.median(values):6.2f} s   ({min(values):.2f} to {max(values):.2f})")
    print(f"{'compare over import jax':50} {difference_s(times):6.2f} s   (limit {LIMIT_S:g} s)")
    return 0 if difference_s(times) <= LIMIT_S else 1


if __name__ == "__main__":
    raise SystemExit(main())
