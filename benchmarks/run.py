"""Every benchmark of the solver, side by side in one run, written to docs/benchmarks.md with its plot.

    python benchmarks/run.py [--people 1000] [--part PART ...]

`make bench` runs all parts (ten to fifteen minutes on two idle cores). Ratios only: seconds belong to a machine.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "benchmarks")]

import floor  # noqa: E402
import gpu  # noqa: E402
import gradients  # noqa: E402
import ladder  # noqa: E402
import real_model  # noqa: E402
import scale  # noqa: E402
import startup  # noqa: E402
from peers.measuring import measure_all  # noqa: E402

from ketascope.charts import render_svg  # noqa: E402
from ketascope.files import write_aside  # noqa: E402

PAGE, PLOT = ROOT / "docs" / "benchmarks.md", ROOT / "docs" / "figures" / "benchmark-peers.svg"
OURS, FASTEST_PEER = "ketascope", "numbalsoda"
Results = dict[str, dict[str, Any]]


def machine() -> str:
    """The processor and the number of cores."""
    name = platform.processor() or platform.machine()
    known = Path("/proc/cpuinfo")
    if known.is_file():
        lines = known.read_text(encoding="utf-8").splitlines()
        name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), name)
    return f"{name}, {os.cpu_count()} cores, Python {platform.python_version()}"


def peer_lines(results: Results, missing: dict[str, str]) -> list[str]:
    """The table of tools."""
    ours = results[OURS]
    base = results.get(FASTEST_PEER) or min(results.values(), key=lambda each: each["patients_per_second"])
    thousand_s = 1000.0 / base["patients_per_second"]
    lines = [
        "Speed is people a second after warm-up on one core, the median of three rounds in which the tools take turns; "
        f"compiling and the first call are in units of the time in "
        f"which {base['name']} solves 1,000 people.",
        "",
        "| tool | people | speed against it | ketascope is times as fast | Ck error | score error | compiling | first "
        "call | peak memory |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for each in results.values():
        errors = each["errors"]
        lines.append(
            f"| {each['name']} | {each['people']:,} "
            f"| {_times(each['patients_per_second'] / base['patients_per_second'])} "
            f"| {_times(ours['patients_per_second'] / each['patients_per_second'])} "
            f"| {errors['ketamine_mg_per_l']:.0e} | {errors['score']:.0e} "
            f"| {_times(each['compile_s'] / thousand_s)} | {_times(each['first_call_s'] / thousand_s)} "
            f"| {each['peak_memory_mib']:.0f} MiB |"
        )
    lines += ["", *(f"- {each['name']} ({each['version']}): {each['note']}." for each in results.values())]
    lines += [f"- Not measured: {key} ({why})." for key, why in missing.items()]
    return lines


def _times(ratio: float) -> str:
    """A ratio to three digits, without powers of ten."""
    if ratio < 0.001:
        return "none"
    return f"{ratio:,.0f}" if ratio >= 100.0 else f"{ratio:.3g}"


def plot(results: Results) -> None:
    """People a second by tool, against the fastest peer, on a logarithmic axis."""
    base = results.get(FASTEST_PEER, results[OURS])["patients_per_second"]
    rows = [
        {
            "tool": each["name"],
            "speed": each["patients_per_second"] / base,
            "label": f"{each['patients_per_second'] / base:.3g}",
            "kind": "ketascope" if key == OURS else "other",
        }
        for key, each in results.items()
    ]
    x = {
        "field": "speed",
        "type": "quantitative",
        "scale": {"type": "log"},
        "title": "people a second on one core, numbalsoda = 1 (logarithmic)",
    }
    y = {"field": "tool", "type": "nominal", "sort": "-x", "title": None, "axis": {"labelLimit": 320}}
    colour = {"field": "kind", "type": "nominal", "legend": None, "scale": {"range": ["#00507d", "#9aa5ad"]}}
    spec = {
        "data": {"values": rows},
        "width": 520,
        "layer": [
            {"mark": {"type": "point", "filled": True, "size": 90}, "encoding": {"x": x, "y": y, "color": colour}},
            {
                "mark": {"type": "text", "align": "left", "dx": 10},
                "encoding": {"x": x, "y": y, "text": {"field": "label"}},
            },
        ],
    }
    write_aside(PLOT, render_svg(spec).rstrip() + "\n")


def main() -> None:
    """Run the parts and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1000, help="people that each tool solves, if it can")
    parser.add_argument(
        "--part", action="append", default=[], help="parts of the page to write anew, by title (default all)"
    )
    given = parser.parse_args()
    measured = measure_all(given.people)
    results: Results = measured["peers"]  # type: ignore[assignment]
    missing: dict[str, str] = measured["missing"]  # type: ignore[assignment]
    per_second = results[OURS]["patients_per_second"]
    parts: dict[str, Callable[[], list[str]]] = {
        "The field's tools": lambda: peer_lines(results, missing),
        "Against the arithmetic of the machine": lambda: floor.report(per_second),
        "People, cores, memory": lambda: scale.report(per_second),
        "The real model": lambda: real_model.report(per_second),
        "The ladder": ladder.report,
        "Gradients": gradients.report,
        "Graphics processors": gpu.for_page,
        "Starting": startup.report,
    }
    unknown = set(given.part) - set(parts)
    if unknown:
        parser.error(f"no part is called {sorted(unknown)[0]!r}; the parts are: {', '.join(parts)}")
    kept = sections(PAGE.read_text(encoding="utf-8")) if given.part else {}
    lines = [
        "# Benchmarks",
        "",
        "Ratios measured side by side in one run of `make bench`. The reference problem: eight infusions, two months, "
        "200 output times, seven parameters that vary (`benchmarks/reference_problem.py`). Errors are the largest "
        "relative ones on the first 50 people against LSODA of SciPy at a relative tolerance of 1e-11; the tools run "
        "at 1e-6.",
        "",
        f"Machine: {machine()}.",
        "",
        "![People a second by tool](figures/benchmark-peers.svg)",
    ]
    for title, part in parts.items():
        print(title, file=sys.stderr, flush=True)
        is_wanted = not given.part or title in given.part
        lines += ["", f"## {title}", "", *(part() if is_wanted else kept.get(title, ["Not measured yet."]))]
    plot(results)
    write_aside(PAGE, "\n".join([*lines, ""]))
    print("\n".join(lines))


def sections(text: str) -> dict[str, list[str]]:
    """The lines below each heading of a page."""
    found: dict[str, list[str]] = {}
    for section in text.split("\n## ")[1:]:
        title, _, body = section.partition("\n")
        found[title] = body.strip("\n").split("\n")
    return found


if __name__ == "__main__":
    main()
