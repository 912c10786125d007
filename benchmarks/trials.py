"""Virtual trials at size: engines side by side, the same content from all, and runs in which something is killed.

    python benchmarks/trials.py [--replicates 10000] [--small] [--folder FOLDER]

10,000 replicates of two arms of 75 people, seven visits, every visit written. Writes docs/trial-benchmark.md (ratios
within this run) and benchmarks/trials.json (the figures), and from that docs/trial-costs.md; seconds are printed.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "benchmarks")]

from ketascope.files import write_aside  # noqa: E402

PAGE, FIGURES = ROOT / "docs" / "trial-benchmark.md", ROOT / "benchmarks" / "trials.json"
DESIGN = "two-arm-gad"
REPLICATES, REPLICATES_SMALL = 10_000, 670
KILLED_AT = 0.6
SAMPLED_EVERY_S = 0.1
MIB = 2**20
ENGINES = {
    "one process": ("processes", 1),
    "two processes": ("processes", 2),
    "Dask, local cluster of two": ("dask://local", 2),
}


def design(replicates: int) -> Any:
    """The packaged design with 2 x 75 people and nothing beside it: no curves, no null run."""
    from dataclasses import replace

    from ketascope.virtual_trials.design_file import read_design

    return replace(read_design(DESIGN), replicates=replicates, people_curve=(), dose_curve=())


def one_run(engine: str, workers: int, replicates: int, output: str) -> dict[str, Any]:
    """One run in this process and its workers; seconds count from the call, workers started included."""
    from ketascope.virtual_trials.running import trial

    chosen = design(replicates)
    start = time.perf_counter()
    result = trial(chosen, null_replicates=0, engine=engine, workers=workers, output=output)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "hash": result.content_hash(), "found": result.found, "computed": result.computed}


def command(engine: str, workers: int, replicates: int, output: Path) -> list[str]:
    """The command of a run in a process of its own."""
    return [sys.executable, __file__, "--run", engine, str(workers), str(replicates), str(output)]


def watched(arguments: list[str], act: Callable[[Any], bool] | None = None) -> dict[str, Any]:
    """Run a command; gives what it printed and the peak memory of it and its workers, all together and of the largest.

    act: called again and again with the process until it returns true.
    """
    import psutil

    peak_together = peak_of_one = 0
    acted = act is None
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as started:
        tree = psutil.Process(started.pid)
        while started.poll() is None:
            sizes = [_resident(process) for process in [tree, *_children(tree)]]
            peak_together, peak_of_one = max(peak_together, sum(sizes)), max(peak_of_one, *sizes)
            if not acted:
                acted = bool(act is not None and act(tree))
            time.sleep(SAMPLED_EVERY_S)
        printed = started.stdout.read() if started.stdout is not None else ""
    found: dict[str, Any] = json.loads(printed) if printed.strip() else {}
    return found | {"peak_mib": peak_together / MIB, "largest_process_mib": peak_of_one / MIB, "acted": acted}


def _children(tree: Any) -> list[Any]:
    import psutil

    try:
        return list(tree.children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def _resident(process: Any) -> int:
    import psutil

    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def finished(output: Path) -> dict[str, int]:
    """Finished chunks with the time at which each was written."""
    return {file.name: file.stat().st_mtime_ns for file in (output / "checksums").glob("0*.json")}


def kill_worker(engine: str, workers: int, replicates: int, output: Path, chunks: int) -> dict[str, Any]:
    """A worker is killed when 60% of the chunks are finished; the run goes on by itself."""
    before: dict[str, int] = {}

    def act(tree: Any) -> bool:
        if len(finished(output)) < KILLED_AT * chunks:
            return False
        before.update(finished(output))
        max(_children(tree), key=_resident).send_signal(signal.SIGKILL)
        return True

    found = watched(command(engine, workers, replicates, output), act)
    after = finished(output)
    again = sum(after[name] != at for name, at in before.items())
    return found | {"finished_before": len(before), "finished_chunks_done_again": again, "chunks": len(after)}


def kill_run(engine: str, workers: int, replicates: int, output: Path, chunks: int) -> dict[str, Any]:
    """The process that hands out work is killed at 60%; then the same command is given again."""
    import psutil

    workers_of: list[Any] = []

    def act(tree: Any) -> bool:
        if len(finished(output)) < KILLED_AT * chunks:
            return False
        workers_of.extend(_children(tree))
        os.kill(tree.pid, signal.SIGKILL)
        return True

    watched(command(engine, workers, replicates, output), act)
    _, left = psutil.wait_procs(workers_of, timeout=10.0)
    kept = len(finished(output))
    again = watched(command(engine, workers, replicates, output))
    return again | {"finished_before": kept, "workers_left_behind": len(left), "chunks": len(finished(output))}


def measured(replicates: int, folder: Path) -> dict[str, Any]:
    """All figures of a run of this benchmark."""
    import trial_costs

    from ketascope.virtual_trials.chunks import chunks_of, replicates_in_chunk

    chosen = design(replicates)
    chunks = len(chunks_of("design", chosen, replicates, keeps_visits=True))
    engines: dict[str, dict[str, Any]] = {}
    for name, (engine, workers) in ENGINES.items():
        output = folder / name.replace(" ", "-").replace(",", "")
        engines[name] = watched(command(engine, workers, replicates, output)) | {"workers": workers}
        say(name, engines[name])
    size = sum(file.stat().st_size for file in output.rglob("*.parquet"))
    killed: dict[str, dict[str, Any]] = {}
    for name in ("two processes", "Dask, local cluster of two"):
        engine, workers = ENGINES[name]
        for number, (what, action) in enumerate({"a worker": kill_worker, "the whole run": kill_run}.items()):
            title = f"{what}, {name}"
            killed[title] = action(
                engine, workers, replicates, folder / f"killed-{workers}-{engine[:4]}-{number}", chunks
            )
            say(f"killed: {title}", killed[title])
    return {
        "replicates": replicates,
        "people": chosen.people,
        "visits": len(chosen.visits_h),
        "cores": os.cpu_count(),
        "chunks": chunks,
        "replicates_in_chunk": replicates_in_chunk(chosen),
        "output_mib": size / MIB,
        "engines": engines,
        "killed": killed,
        "parts": trial_costs.parts(),
    }


def say(name: str, figures: dict[str, Any]) -> None:
    """Seconds and the rest of one run, for whoever watches."""
    print(name, json.dumps(figures), file=sys.stderr, flush=True)


def page(figures: dict[str, Any]) -> str:
    """The page: ratios within this run, never seconds."""
    engines = figures["engines"]
    one = engines["one process"]
    people = figures["replicates"] * figures["people"]
    lines = [
        "# Virtual trials: benchmark",
        "",
        "`python benchmarks/trials.py` writes this page. "
        f"{figures['replicates']:,} replicates of two arms of {figures['people'] // 2} people with {figures['visits']} "
        f"visits after the baseline ({people:,} people, {people * figures['visits']:,} ratings, ANCOVA and responders; "
        f"{figures['output_mib']:.0f} MiB of Parquet in {figures['chunks']} chunks of {figures['replicates_in_chunk']} "
        f"replicates), on {figures['cores']} cores. Starting workers counts.",
        "",
        "## Engines",
        "",
        "| engine | speed against one process | peak memory, all processes | largest process | same content |",
        "|---|---|---|---|---|",
    ]
    for name, row in engines.items():
        lines.append(
            f"| {name} | {one['seconds'] / row['seconds']:.2f} | {row['peak_mib']:.0f} MiB "
            f"| {row['largest_process_mib']:.0f} MiB | {_same(row, one)} |"
        )
    lines += [
        "",
        "Same content: SHA-256 over the bytes of every Parquet file in order. Memory is resident memory summed over "
        "processes, so shared pages count in each.",
        "",
        "## Killed",
        "",
        f"`kill -9` when {100.0 * KILLED_AT:.0f}% of the chunks were finished. After the whole run was killed the same "
        "command was given again.",
        "",
        "| killed | chunks | finished before | of these done again | computed afterwards | same content |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in figures["killed"].items():
        is_run = "workers_left_behind" in row
        again = row["finished_before"] - row["found"] if is_run else row["finished_chunks_done_again"]
        after = row["computed"] if is_run else row["chunks"] - row["finished_before"]
        lines.append(f"| {name} | {row['chunks']} | {row['finished_before']} | {again} | {after} | {_same(row, one)} |")
    left = sum(row.get("workers_left_behind", 0) for row in figures["killed"].values())
    lines += ["", f"Workers that outlived a killed run: {left}.", ""]
    return "\n".join(lines)


def _same(row: dict[str, Any], one: dict[str, Any]) -> str:
    return "yes" if row["hash"] == one["hash"] else "NO"


def main() -> None:
    """Measure and write the pages."""
    import trial_costs

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=REPLICATES)
    parser.add_argument("--small", action="store_true", help="a few chunks, nothing written")
    parser.add_argument("--folder", type=Path, help="where parts are written (default: a temporary folder)")
    parser.add_argument("--run", nargs=4, metavar=("ENGINE", "WORKERS", "REPLICATES", "OUTPUT"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        engine, workers, replicates, output = given.run
        print(json.dumps(one_run(engine, int(workers), int(replicates), output)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        figures = measured(REPLICATES_SMALL if given.small else given.replicates, folder)
    print(page(figures))
    print(trial_costs.page(figures))
    if not given.small:
        write_aside(FIGURES, json.dumps(figures, indent=1) + "\n")
        write_aside(PAGE, page(figures))
        write_aside(trial_costs.PAGE, trial_costs.page(figures))


if __name__ == "__main__":
    main()
