"""The validation ledger as terminal tables and as a Markdown page."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ketascope.files import write_aside
from ketascope.report.format import NOT_SHOWN, plain
from ketascope.report.screen import screen

Row = tuple[str, ...]
MODEL_NAMES: Mapping[str, str] = {"pooled": "pooled", "fanta_otto": "Set A", "simons": "Set B"}
_FIGURES: Row = (*MODEL_NAMES.values(), "bias", "1.25", "1.5")
SUMMARY_HEAD: Row = ("route", "analyte", "site", "part", "rows", "studies", *_FIGURES)
TOTALS_HEAD: Row = ("all routes", "part", "rows", "studies", *_FIGURES)
ROW_HEAD: Row = ("study", "part", "route", "analyte", "site", "what", "observed", "predicted", "fold", "used")
VERIFICATION_HEAD: Row = ("stratum", "dose, mg", "quantity", "published", "reproduced", "ratio")
WIDTH_OF_TABLES = 140


def _number(value: float | None, decimals: int = 2) -> str:
    return NOT_SHOWN if value is None else plain(value, decimals)


def _percent(value: float | None) -> str:
    return NOT_SHOWN if value is None else f"{100.0 * value:.0f}%"


def summary_rows(document: Mapping[str, Any]) -> list[Row]:
    """One row a route, analyte, sampling site and part."""
    return [
        (
            group["route"],
            group["analyte"],
            group["sampling"] or NOT_SHOWN,
            group["part"] or NOT_SHOWN,
            *_figures(group),
        )
        for group in document["summary"]["groups"]
    ]


def totals_rows(document: Mapping[str, Any]) -> list[Row]:
    """One row an analyte and part, over all routes."""
    return [(group["analyte"], group["part"], *_figures(group)) for group in document["summary"]["totals"]]


def _figures(group: Mapping[str, Any]) -> Row:
    """Rows, studies, the fold error of every model, and bias and shares of the default one."""
    models = group["models"]
    default = next(iter(models.values()))
    return (
        str(group["rows"]),
        str(group["studies"]),
        *(_number(models[name]["gmfe"]) if name in models else NOT_SHOWN for name in MODEL_NAMES),
        _number(default["bias"]),
        _percent(default["within_1_25_fold"]),
        _percent(default["within_1_5_fold"]),
    )


def observation_rows(document: Mapping[str, Any]) -> list[Row]:
    """One row for each observation that was predicted."""
    from ketascope.report.format import number

    rows: list[Row] = []
    for row in sorted(document["rows"], key=_by_route(document)):
        if row["predicted"] is None:
            continue
        at = "" if row["time_h"] is None else f" at {row['time_h']:g} h"
        rows.append(
            (
                row["study"],
                row["part"] or NOT_SHOWN,
                row["route"],
                row["analyte"],
                row["sampling"],
                f"{row['statistic']}{at}",
                f"{number(row['observed'])} {row['unit']}",
                number(row["predicted"]),
                _number(row["fold_error"]),
                "yes" if row["used"] else f"no: {row['why_not']}",
            )
        )
    return rows


def _by_route(document: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """Rows of the fold error first, then by route in the order of the summary, sampling site and analyte."""
    routes = list(dict.fromkeys(group["route"] for group in document["summary"]["groups"]))

    def place(row: Mapping[str, Any]) -> tuple[Any, ...]:
        route = routes.index(row["route"]) if row["route"] in routes else len(routes)
        return (not row["used"], route, row["sampling"], row["analyte"])

    return place


def unused_reasons(document: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Why rows were not used, with how many, most frequent first."""
    counts: dict[str, int] = {}
    for row in document["rows"]:
        if not row["used"]:
            counts[row["why_not"]] = counts.get(row["why_not"], 0) + 1
    return sorted(counts.items(), key=lambda item: -item[1])


def verification_rows(document: Mapping[str, Any]) -> list[Row]:
    """Published model output against the same model's own parameters run here."""
    return [
        (
            row["stratum"],
            f"{row['dose_mg']:g}",
            row["quantity"],
            _number(row["published"], 1),
            _number(row["reproduced"], 1),
            _number(row["ratio"], 3),
        )
        for row in document["verification"]
    ]


def definition(document: Mapping[str, Any]) -> str:
    """How many rows are used, and what the figures of the summary mean."""
    summary = document["summary"]
    return (
        f"{summary['used']} of {summary['rows']} published rows are used, {summary['not_used']} are not "
        "(reasons below). "
        f"{summary['definition']}"
    )


VERIFICATION = (
    "Verification, not validation: exposures that were themselves model output, reproduced with "
    "that model's own parameters. They stay out of the fold error."
)


def print_ledger(document: Mapping[str, Any]) -> None:
    """Print the summary, every predicted row, why rows are unused, the verification, and the trials."""
    from rich.markup import escape

    from ketascope.report.trial_ledger import print_trials

    console = screen(width=max(WIDTH_OF_TABLES, screen().width))
    title = "Geometric mean fold error of predicted over observed concentrations, by route"
    print_table(console, title, SUMMARY_HEAD, summary_rows(document), right_from=4)
    print_table(console, "All routes together", TOTALS_HEAD, totals_rows(document), right_from=2)
    console.print(escape(definition(document)))
    print_table(console, "Every row that was predicted", ROW_HEAD, observation_rows(document), right_from=99)
    console.print("Rows that are not used, by reason", style="bold")
    for reason, count in unused_reasons(document):
        console.print(f"{count:4d}  {escape(reason)}")
    console.print()
    print_table(console, VERIFICATION, VERIFICATION_HEAD, verification_rows(document), right_from=3)
    print_trials(document["trials"], console)


def print_table(console: Any, title: str, head: Row, rows: Sequence[Row], right_from: int) -> None:
    """Print one table; columns from `right_from` on are set flush right."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", header_style="", box=None, pad_edge=False)
    for index, name in enumerate(head):
        table.add_column(name, justify="right" if index >= right_from else "left", overflow="fold")
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    console.print(table)
    console.print()


def ledger_markdown(document: Mapping[str, Any]) -> str:
    """The ledger as a Markdown page: concentrations, then the trials."""
    from ketascope.report.trial_ledger import trials_markdown

    parts = ["# Validation ledger: concentrations and trials", "", definition(document), ""]
    parts += ["## By route, analyte and sampling site", "", *markdown_table(SUMMARY_HEAD, summary_rows(document)), ""]
    parts += ["## All routes together", "", *markdown_table(TOTALS_HEAD, totals_rows(document)), ""]
    parts += ["## Every predicted row", "", *markdown_table(ROW_HEAD, observation_rows(document)), ""]
    parts += ["## Rows that are not used", "", *markdown_table(("reason", "rows"), _counted(document)), ""]
    parts += [
        "## Verification",
        "",
        VERIFICATION,
        "",
        *markdown_table(VERIFICATION_HEAD, verification_rows(document)),
        "",
        *trials_markdown(document["trials"]),
    ]
    return "\n".join(parts)


def _counted(document: Mapping[str, Any]) -> list[Row]:
    return [(reason, str(count)) for reason, count in unused_reasons(document)]


def markdown_table(head: Row, rows: Sequence[Row]) -> list[str]:
    """A table as lines of Markdown."""

    def line(cells: Row) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    return [line(head), line(tuple("---" for _ in head)), *(line(row) for row in rows)]


def write_markdown(path: str | os.PathLike[str], document: Mapping[str, Any]) -> Path:
    """Write the page; the file appears whole or not at all."""
    return write_aside(path, ledger_markdown(document))
