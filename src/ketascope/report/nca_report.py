"""A non-compartmental analysis for the terminal: a table of occasions, a summary, and what each flag means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ketascope.noncompartmental.crosswalk import TOOLS, names
from ketascope.report.format import NOT_SHOWN, number
from ketascope.report.screen import screen

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDTH = 160  # wide enough that no figure is broken; a narrower terminal wraps lines itself
EXPOSURE = (
    "dose_mg",
    "c0_ng_per_ml",
    "cmax_ng_per_ml",
    "tmax_h",
    "auc_last_ng_h_per_ml",
    "auc_inf_ng_h_per_ml",
    "auc_extrapolated_percent",
    "auc_to_next_dose_ng_h_per_ml",
)
DISPOSITION = (
    "half_life_h",
    "terminal_start_h",
    "terminal_end_h",
    "terminal_points",
    "terminal_adjusted_r2",
    "terminal_span_half_lives",
    "apparent_clearance_l_per_h",
    "clearance_l_per_h",
    "apparent_volume_l",
    "terminal_volume_l",
    "mrt_inf_h",
)
SUMMARISED = (
    "cmax_ng_per_ml",
    "tmax_h",
    "auc_last_ng_h_per_ml",
    "auc_inf_ng_h_per_ml",
    "half_life_h",
    "apparent_clearance_l_per_h",
    "clearance_l_per_h",
    "apparent_volume_l",
    "terminal_volume_l",
    "mrt_inf_h",
    "auc_to_next_dose_ng_h_per_ml",
)


def print_analysis(document: Mapping[str, Any], console: Console | None = None) -> None:
    """Print an analysis document: every occasion, the summary, rules and flags."""
    from rich.markup import escape

    console = screen(console, width=WIDTH)
    rules = document["rules"]
    console.print(f"Areas: {rules['areas']}.")
    console.print(f"Below the limit: {rules['below_limit']}. Terminal slope: {rules['terminal']}.")
    if document["defaulted"]:
        console.print("Not said by the data, so taken: concentrations in ng/mL.")
    profiles = document["profiles"]
    marks = {flag["code"]: str(place) for place, flag in enumerate(document["flags"], start=1)}
    who = _who(document, profiles)
    for title, figures in (("Exposure", (*EXPOSURE, *_intervals(profiles))), ("Disposition", DISPOSITION)):
        shown = [name for name in figures if any(row.get(name) is not None for row in profiles)]
        if not shown:
            continue
        console.print(f"\n{title}", style="bold")
        table = _table(["person", *who, *(_heading(name) for name in shown), "flags"], len(who) + 1)
        for row in profiles:
            flags = ",".join(sorted((marks[code] for code in row["flags"]), key=int))
            cells = (escape(str(row[name])) for name in ("id", *who))
            table.add_row(*cells, *(number(row.get(name)) for name in shown), flags)
        console.print(table)
    _print_summary(document, console)
    for flag in document["flags"]:
        console.print(f"{marks[flag['code']]}  {flag['message']} ({flag['profiles']} of {len(profiles)} occasions)")


def print_names(console: Console | None = None) -> None:
    """Print what each figure is called in other tools."""
    console = screen(console, width=WIDTH)
    table = _table(["figure", "unit", "here", *TOOLS.values()], 6)
    for name, row in names().items():
        table.add_row(row["label"], row["unit"], name, *(row[tool] or NOT_SHOWN for tool in TOOLS))
    console.print(table)
    console.print("Two names with a bar: after an extravascular dose | after an intravenous one.")


def _print_summary(document: Mapping[str, Any], console: Console) -> None:
    from rich.markup import escape

    rows = [row for row in document["summary"] if row["quantity"] in SUMMARISED and row["n"] > 1]
    if not rows:
        return
    groups = document["groups"]
    console.print("\nSummary over people: geometric mean and CV; median, lowest and highest value")
    table = _table([*groups, "figure", "n", "geometric mean", "CV %", "median", "lowest", "highest"], len(groups) + 1)
    for row in rows:
        figures = [number(row[name]) for name in ("geometric_mean", "geometric_cv_percent", "median", "low", "high")]
        group = [escape(str(row[name])) for name in groups]
        table.add_row(*group, _heading(row["quantity"]).replace("\n", " "), str(row["n"]), *figures)
    console.print(table)


def _who(document: Mapping[str, Any], profiles: Sequence[Mapping[str, Any]]) -> list[str]:
    """Columns beside the person that tell rows apart."""
    return [name for name in document["groups"] if len({row[name] for row in profiles}) > 1]


def _intervals(profiles: Sequence[Mapping[str, Any]]) -> list[str]:
    return sorted({name for row in profiles for name in row if name.startswith("auc_") and "_to_" in name} - {*names()})


def _heading(name: str) -> str:
    if name == "dose_mg":
        return "dose\nmg"
    if name not in names():
        return f"AUC {name.removeprefix('auc_').removesuffix('_h_ng_h_per_ml').replace('_', ' ')} h\nng h/mL"
    row = names()[name]
    return f"{row['label']}\n{row['unit']}"


def _table(headings: Sequence[str], left: int) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for index, heading in enumerate(headings):
        table.add_column(Text(heading), justify="left" if index < left else "right", no_wrap=True)
    return table
