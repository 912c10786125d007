"""Measure peers, each in a process of its own on one core; `python -m peers.measuring [people [peer ...]]` prints JSON.

Run from benchmarks/.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

import peers

BENCHMARKS = Path(__file__).resolve().parent.parent
REPEATS, ROUNDS, JUDGED, LONGEST_S = 5, 3, 50, 600.0
# The libraries read these when they load, so they are set before the process starts.
ONE_THREAD = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"),
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "JAX_PLATFORMS": "cpu",
}

# Before NumPy is imported, so that every thread made later is held to the same core; macOS and Windows cannot pin.
_CHILD = """
import os, sys
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
from peers.measuring import _here
_here(*sys.argv[1:])
"""


@dataclass(frozen=True)
class Measured:
    """One peer's speed after warm-up, on one thread.

    errors: largest relative error on the first 50 people, of each channel; peak_memory_mib: of the whole process, with
    imports and compilation; compile_s: imports of the tool not counted; first_call_s: the first call after compilation;
    patients_per_cpu_second: by processor time, which says the same on an idle machine and more on a busy one.
    """

    name: str
    version: str
    note: str
    people: int
    repeats: int
    relative_tolerance: float
    absolute_tolerance: float
    patients_per_second: float
    slowest_per_second: float
    fastest_per_second: float
    patients_per_cpu_second: float
    compile_s: float
    first_call_s: float
    peak_memory_mib: float
    errors: dict[str, float]


def measure(peer: peers.Peer, count: int, repeats: int = REPEATS) -> Measured:
    """Measure `peer` in a process of its own, held to one core; count is cut to what the peer can do in seconds.

    RuntimeError where that process fails, with the last line it wrote.
    """
    import reference_problem as reference

    with tempfile.TemporaryDirectory() as folder:
        written, courses = Path(folder) / "measured.json", Path(folder) / "courses.npy"
        wanted = [peer.key, str(min(count, peer.most_people)), str(repeats), str(written), str(courses)]
        sources = [str(BENCHMARKS), str(BENCHMARKS.parent / "src")]
        path = os.pathsep.join([*sources, *filter(None, [os.environ.get("PYTHONPATH")])])
        finished = subprocess.run(
            [sys.executable, "-c", _CHILD, *wanted],
            env={**os.environ, **ONE_THREAD, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
        )
        if finished.returncode:
            lines = finished.stderr.strip().splitlines() or [f"ended with code {finished.returncode}"]
            raise RuntimeError(f"{peer.name}: {lines[-1]}")
        timed = json.loads(written.read_text(encoding="utf-8"))
        return Measured(**timed, errors=reference.largest_relative_error(np.load(courses)))


def measure_all(
    count: int, names: tuple[str, ...] = peers.NAMES, repeats: int = REPEATS, rounds: int = ROUNDS
) -> dict[str, object]:
    """Every named peer that is installed, and why each other one is missing; ready for JSON.

    The tools take turns in several rounds, and of each the round with the median speed stands: a machine that was
    disturbed for a minute then disturbs no ratio.
    """
    found, missing = peers.available()
    measured: dict[str, list[Measured]] = {}
    for _ in range(rounds):
        for key in (name for name in names if name in found and name not in missing):
            try:
                measured.setdefault(key, []).append(measure(found[key], count, repeats))
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                missing[key] = str(error)
                measured.pop(key, None)
    middle = {
        key: sorted(turns, key=lambda each: each.patients_per_second)[len(turns) // 2]
        for key, turns in measured.items()
    }
    return {
        "peers": {key: asdict(each) for key, each in middle.items()},
        "missing": {key: why for key, why in missing.items() if key in names},
    }


def _here(key: str, people: str, repeats: str, written: str, courses: str) -> None:
    from peers.segments import RELATIVE

    peer, count = peers.load(key), int(people)
    compiled = _seconds(peer.prepare)
    first = _seconds(lambda: peer.solve(count))
    times, processor = [], []
    for _ in range(int(repeats)):
        before = time.process_time()
        times.append(_seconds(lambda: peer.solve(count)))
        processor.append(time.process_time() - before)
    peak = _peak_memory_mib()
    np.save(courses, peer.solve(JUDGED))
    timed = {
        "name": peer.name,
        "version": peer.version,
        "note": peer.note,
        "people": count,
        "repeats": int(repeats),
        "relative_tolerance": RELATIVE,
        "absolute_tolerance": peer.absolute_tolerance,
        "patients_per_second": count / statistics.median(times),
        "slowest_per_second": count / max(times),
        "fastest_per_second": count / min(times),
        "patients_per_cpu_second": count / statistics.median(processor),
        "compile_s": compiled,
        "first_call_s": first,
        "peak_memory_mib": peak,
    }
    Path(written).write_text(json.dumps(timed), encoding="utf-8")


def _peak_memory_mib() -> float:
    # Not getrusage on Linux: what that gives starts from the memory of the process that started this one.
    status = Path("/proc/self/status")
    if status.is_file():
        lines = status.read_text(encoding="utf-8").splitlines()
        return float(next(line.split()[1] for line in lines if line.startswith("VmHWM:"))) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def main(arguments: list[str]) -> None:
    """Print what `measure_all` finds; arguments: number of people, names of peers."""
    count = int(arguments[0]) if arguments else 1000
    print(json.dumps(measure_all(count, tuple(arguments[1:]) or peers.NAMES), indent=1))


if __name__ == "__main__":
    main(sys.argv[1:])
