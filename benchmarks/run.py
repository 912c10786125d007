"""Every benchmark, side by side in one run, written to docs/benchmarks.md. Ratios only: seconds belong to a machine.

`make bench` runs it. The rival is SciPy's LSODA on the full compartment equations (the oracle of the tests), one
patient at a time as the field's simulators work, at the relative tolerance that users of such tools choose. Its
right-hand side is NumPy; a compiled one is about five times as fast, and the page says so.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import startup  # noqa: E402  (benchmarks/startup.py, beside this file)

import test_solver_oracle as reference  # noqa: E402
from ketascope.files import write_aside  # noqa: E402
from ketascope.model.parameter_store import load_parameters  # noqa: E402
from ketascope.model.plasma import plasma  # noqa: E402
from ketascope.people import Person, individual_values, random_normals  # noqa: E402
from ketascope.regimen import load_presets, parse  # noqa: E402
from ketascope.simulation import run_patients  # noqa: E402

OURS, THEIRS, REPEATS = 1000, 4, 3
TOLERANCE = 1e-6
NOTE = (
    "LSODA integrates the full compartments with a right-hand side in NumPy; compiled tools of the field are a few to",
    "fifty times as fast as that. So these ratios say how far ahead of SciPy this is, and not of those tools.",
)
PRESETS = ("iv-single", "iv-six", "nasal-84")


def median_time(action: Callable[[], object]) -> float:
    """Median wall time of `REPEATS` runs, after one that warms up."""
    action()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def speed_ratio(sentence: str) -> tuple[float, int]:
    """How many times more patients a second than LSODA, on one thread each, and the number of grid points."""
    person, parameters = Person(), load_parameters()
    doses = parse(sentence).doses(person.weight_kg)
    until_h = reference.UNTIL_H

    def ours() -> int:
        normals = random_normals(0, OURS)
        run = run_patients(doses, person, "venous", parameters, normals, until_h, threads=1, check=False)
        return len(run.grid_h)

    points = ours()
    grid = run_patients(doses, person, "venous", parameters, random_normals(0, 1), until_h, check=False).grid_h

    def theirs() -> None:
        for patient in range(THEIRS):
            values = individual_values(parameters, person, random_normals(0, 1, patient), plasma("venous"))
            reference.oracle(doses, values, "venous", grid)

    reference.RELATIVE_TOLERANCE = TOLERANCE
    reference.ABSOLUTE_TOLERANCE = TOLERANCE
    per_patient_ours, per_patient_theirs = median_time(ours) / OURS, median_time(theirs) / THEIRS
    return per_patient_theirs / per_patient_ours, points


def main() -> None:
    """Run everything and write the page."""
    lines = ["# Benchmarks", "", "Ratios measured side by side in one run (`make bench`), medians of three.", ""]
    lines += ["| Preset, 8 weeks | Grid points | Patients a second, ratio to SciPy LSODA at 1e-6, one thread each |"]
    lines += ["|---|---|---|"]
    sentences = {option.id: option.sentence for option in load_presets("gad")}
    for name in PRESETS:
        sentence = sentences[name]
        assert sentence is not None
        ratio, points = speed_ratio(sentence)
        lines.append(f"| `{sentence}` | {points} | {float(np.format_float_positional(ratio, 2, fractional=False)):g} |")
    lines += ["", *NOTE, ""]
    lines += [*startup.report(), ""]
    write_aside(ROOT / "docs" / "benchmarks.md", "\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
