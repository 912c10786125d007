"""On paper: what a study of a thousand designs costs, from the figures of benchmarks/trials.py; no number is typed in.

python benchmarks/trial_costs.py      writes docs/trial-costs.md from benchmarks/trials.json
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "benchmarks")]

from ketascope.files import write_aside  # noqa: E402

PAGE, FIGURES = ROOT / "docs" / "trial-costs.md", ROOT / "benchmarks" / "trials.json"
PEOPLE, DESIGNS, WORKERS = 10_000_000, 1_000, 64
DOSES_MG_PER_KG = (0.3, 0.4, 0.6)
CARD = "H100"


def parts() -> dict[str, Any]:
    """Seconds of the parts of a run in this process, and what one core can do at best.

    chunk_s: one chunk simulated and analysed; solver_s: the solver's share of it; write_s: keeping it; setup_s: what a
    worker needs once for a design that it has not seen.
    """
    import floor
    import gpu
    import trials

    from ketascope.virtual_trials.chunks import chunks_of, compute
    from ketascope.virtual_trials.output_folder import OutputFolder

    base = trials.design(1000)
    chunks = chunks_of("design", base, base.replicates, keeps_visits=True)
    compute(chunks[0])
    whole, solving, writing = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for chunk in chunks[:3]:
            with solver_time() as solved:
                start = time.perf_counter()
                part = compute(chunk)
                whole.append(time.perf_counter() - start)
            solving.append(solved())
            assert solving[-1] > 0.0
            start = time.perf_counter()
            OutputFolder(folder).write(chunk, part)
            writing.append(time.perf_counter() - start)
    setup = []
    for dose in DOSES_MG_PER_KG:
        sentence = f"ketamine {dose} mg/kg IV over 40 min q 3.5 d x 6"
        arms = tuple(replace(arm, sentence=arm.sentence and sentence) for arm in base.arms)
        (small, *_) = chunks_of("design", replace(base, arms=arms), 1, keeps_visits=True)
        first, again = (_seconds(lambda chunk=small: compute(chunk)) for _ in range(2))
        setup.append(first - again)
    card = next(each for each in gpu.CARDS if each.name == CARD)
    return {
        "people_of_chunk": chunks[0].count * base.people,
        "chunk_s": statistics.median(whole),
        "solver_s": statistics.median(solving),
        "write_s": statistics.median(writing),
        "setup_s": statistics.median(setup),
        "core_operations_per_s": floor.operations_per_second(),
        "card": card.name,
        "card_operations_per_s": card.float64,
    }


@contextmanager
def solver_time() -> Any:
    """Gives a function that tells the seconds spent in the solver's program since the block began."""
    from ketascope import simulation
    from ketascope.solver.native import engine

    spent = [0.0]
    solve = engine.solve

    def timed(*given: Any, **named: Any) -> Any:
        start = time.perf_counter()
        try:
            return solve(*given, **named)
        finally:
            spent[0] += time.perf_counter() - start

    assert not hasattr(simulation, "solve")  # it is looked up when it is called, so what stands here is used
    engine.solve = timed
    try:
        yield lambda: spent[0]
    finally:
        engine.solve = solve


def _seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def costs(figures: dict[str, Any], people_of_design: int) -> dict[str, Any]:
    """Core hours and wall hours of the study, with so many people in each design."""
    parts_, engines = figures["parts"], figures["engines"]
    one, two = engines["one process"], engines["two processes"]
    measured = figures["replicates"] * figures["people"]
    core_s = one["seconds"] / measured  # of one person, writing and analysis included
    chunks = -(-people_of_design // parts_["people_of_chunk"])

    def core_hours(workers: int) -> float:
        setups = DESIGNS * min(workers, chunks) * parts_["setup_s"]
        return (DESIGNS * people_of_design * core_s + setups) / 3600.0

    efficiency = one["seconds"] / (2.0 * two["seconds"])
    at_once = core_hours(WORKERS) / (WORKERS * efficiency)
    writing = DESIGNS * chunks * parts_["write_s"] / 3600.0
    solver_share = parts_["solver_s"] / parts_["chunk_s"]
    faster = parts_["card_operations_per_s"] / parts_["core_operations_per_s"]
    solving = DESIGNS * people_of_design * core_s * solver_share / 3600.0
    return {
        "people": DESIGNS * people_of_design,
        "core_hours": core_hours(1),
        "one_machine_h": core_hours(2) / (2.0 * efficiency),
        "workers_core_hours": core_hours(WORKERS),
        "workers_h": max(at_once, writing),
        "workers_bound_by": "one process that writes" if writing > at_once else "simulation",
        "workers_best_h": core_hours(WORKERS) / WORKERS,
        "writing_h": writing,
        "efficiency": efficiency,
        "solver_share": solver_share,
        "card_faster": faster,
        "card_h": solving / faster,
        "rest_core_hours": core_hours(1) - solving,
        "output_gib": figures["output_mib"] / 1024.0 * DESIGNS * people_of_design / measured,
    }


def page(figures: dict[str, Any]) -> str:
    """The page of costs."""
    parts_ = figures["parts"]
    shared, each = (costs(figures, people) for people in (PEOPLE // DESIGNS, PEOPLE))
    rows = {
        "people simulated": "{people:,}",
        "one core: core hours": "{core_hours:,.3g}",
        "one machine of this kind ({cores} cores), hours": "{one_machine_h:,.3g}",
        f"{WORKERS} workers: core hours": "{workers_core_hours:,.3g}",
        f"{WORKERS} workers, hours": "{workers_h:,.3g} (bound by {workers_bound_by}), at best {workers_best_h:,.3g}",
        f"one {parts_['card']}, hours (estimate)": "{card_h:,.2g}, and {rest_core_hours:,.3g} core hours beside it",
        "Parquet, GiB": "{output_gib:,.1f}",
    }
    setup_people = parts_["setup_s"] / parts_["chunk_s"] * parts_["people_of_chunk"]
    lines = [
        "# Virtual trials: what a large study costs",
        "",
        "Written by `benchmarks/trial_costs.py` from the figures of one run of `benchmarks/trials.py` "
        f"({figures['replicates']:,} replicates of {figures['people']} people, seven visits, every visit written). "
        "The hours hold for cores like those of that run; their ratios hold more widely.",
        "",
        f"{PEOPLE:,} people and {DESIGNS:,} designs can be read in two ways: {PEOPLE // DESIGNS:,} people for each "
        f"design, or {PEOPLE:,} for each.",
        "",
        f"| | {PEOPLE:,} people in all | {PEOPLE:,} people for each design |",
        "|---|---|---|",
    ]
    for name, text in rows.items():
        label = name.format(cores=figures["cores"])
        lines.append(f"| {label} | {text.format(**shared)} | {text.format(**each)} |")
    lines += [
        "",
        "How it was reckoned:",
        "",
        "- Measured: one person with all visits, analysis and writing on one core; what a worker needs once for a "
        f"design that it has not seen, as much as {setup_people:,.0f} people; "
        f"keeping a chunk, {100.0 * parts_['write_s'] / parts_['chunk_s']:.1f}% of computing it; two processes against "
        f"one, an efficiency of {100.0 * shared['efficiency']:.0f}%.",
        f"- Assumed: {WORKERS} workers are as efficient as two; at best none ever waits (they share no memory and "
        "no disk, and hand back a few hundred kilobytes a chunk). One process writes for all of them; its time is the "
        f"lower limit ({each['writing_h']:,.2g} h for the larger study).",
        f"- Estimated, **not run on a card**: the solver takes {100.0 * shared['solver_share']:.0f}% of the time and "
        f"is the only part for a graphics card. An {parts_['card']} does {shared['card_faster']:,.0f} times as many "
        "double-precision operations a second at best (data sheet) as one of these cores at best (measured); the "
        "estimate assumes that the card gets as near to its best as the core does. The rest stays on processors and "
        "then decides the time.",
        "- Designs started one by one with the command line each pay for starting Python and the workers besides; one "
        "program that calls `ketascope.trial` in `serial` for each design on a worker of its own does not.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    write_aside(PAGE, page(json.loads(FIGURES.read_text(encoding="utf-8"))))
