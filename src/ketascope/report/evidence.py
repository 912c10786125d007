"""The evidence on one indication and outcome as terminal tables and as a CSV file."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ketascope.charts.forest_text import (
    forest_table,
    heterogeneity_text,
    interval_text,
    is_ratio,
    p_text,
    people_text,
    prediction_text,
    value_text,
    weight_text,
)
from ketascope.files import csv_text, write_aside
from ketascope.report.fitted_table import fitted_lines
from ketascope.report.format import NOT_SHOWN, duration, plain
from ketascope.report.layout import HELPLINE, NOT_ADVICE
from ketascope.report.screen import print_indented, screen

if TYPE_CHECKING:
    from rich.console import Console

Document = Mapping[str, Any]
_DASH, _CROSSING = "\N{BOX DRAWINGS LIGHT HORIZONTAL}", "\N{BOX DRAWINGS LIGHT VERTICAL AND HORIZONTAL}"
_PLOT_COLUMNS = 29
_NARROW = 130
"""Below this width the notes of the sensitivity set are numbered lines under it."""
OVERVIEW_HEAD = ("indication", "treatment", "k", "people", "measure", "pooled (95% interval)", "certainty", "in words")
CHECK_HEAD = ("published", "measure", "k", "published (95%)", "ours (95%)", "what to make of it")
WITHOUT_HEAD = ("study", "id", "why")


def print_evidence(document: Document, console: Console | None = None) -> None:
    """Print an evidence document: the sentence, the studies, the pool, the sensitivity set, certainty, checks."""
    from rich.text import Text

    console = screen(console)
    console.print(Text(heading(document), style="bold"))
    console.print(Text(str(document["words"])))
    console.print(Text(f"Time: {document['window_label']} ({document['window_rule']}).", style="dim"))
    _print_studies(document, console)
    _print_pool(document, console)
    _print_sensitivity(document, console)
    _print_beside(document, console)
    _print_certainty(document, console)
    _print_checks(document, console)
    _print_without(document, console)
    if document["flags"]:
        console.print()
    for flag in document["flags"]:
        console.print(Text(f"[{flag['code']}] {flag['message']}"))
    _print_foot(console)


def print_overview(document: Document, console: Console | None = None) -> None:
    """Print what is pooled in every indication: trials, people, pooled estimate, certainty."""
    from rich.text import Text

    console = screen(console)
    console.print(Text(f"Evidence by indication: {document['outcome_label']}", style="bold"))
    console.print(Text(str(document["words"])))
    rows = [overview_cells(row) for row in document["overview"]]
    console.print()
    _print_table(console, OVERVIEW_HEAD, rows, right={2, 3}, smallest={7: 50}, below=(7, 4, 6), untitled={7})
    console.print()
    more = "One in full: ketascope evidence --indication ptsd. Studies: ketascope evidence list."
    console.print(Text(more, style="dim"))
    _print_foot(console)


def overview_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """One line of the overview as texts."""
    pooled = NOT_SHOWN
    if row["estimate"] is not None:
        pooled = interval_text(row, row["estimate"], row["low"], row["high"])
    return (
        str(row["indication"]),
        str(row["treatment_label"]),
        str(row["k"]),
        plain(row["people"], 0) if row["people"] else NOT_SHOWN,
        NOT_SHOWN if row["estimate"] is None else str(row["measure_label"]),
        pooled,
        str(row["certainty"]),
        str(row["words"]),
    )


def heading(document: Document) -> str:
    """What the document is about."""
    return f"{document['treatment_label']}: {document['outcome_label']} in {document['label']}"


def evidence_csv(document: Document) -> str:
    """The forest plot's table as CSV text; the overview's rows where there is no single pool."""
    rows: Sequence[Mapping[str, Any]] = document["overview"] if "overview" in document else forest_table(document)
    return csv_text(list(rows[0]), rows)


def write_evidence_csv(path: str | os.PathLike[str], document: Document) -> Path:
    """Write the table; the file appears whole or not at all."""
    return write_aside(path, evidence_csv(document))


def study_head(document: Document, plot: str = "") -> tuple[str, ...]:
    """Headings of the studies; `plot` stands over the drawn intervals."""
    return ("study", "comparison", "time", "people", plot, f"{_column(document)} (95%)", "weight", "bias", "checked")


def study_cells(document: Document, study: Mapping[str, Any], span: tuple[float, float] | None) -> tuple[str, ...]:
    """One study as texts, with its interval drawn in characters where there is room."""
    estimate = NOT_SHOWN
    if study["estimate"] is not None:
        estimate = interval_text(document, study["estimate"], study["low"], study["high"], study["is_bound"])
    return (
        str(study["label"]),
        f"{study['treatment']} vs {study['control']}, {study['scale']}",
        NOT_SHOWN if study["time_h"] is None else duration(study["time_h"]),
        people_text(study),
        drawn(study, span) if span else "",
        estimate,
        weight_text(study),
        str(study["risk_of_bias"]),
        str(study["verified"]),
    )


def drawn(values: Mapping[str, Any], span: tuple[float, float], columns: int = _PLOT_COLUMNS) -> str:
    """An interval as a line of characters: bar at no effect, square at the estimate, arrows where it runs off."""
    low, high = span
    line = [" "] * columns

    def column(value: float) -> int:
        return round((min(max(value, low), high) - low) / (high - low) * (columns - 1))

    line[column(0.0)] = "\N{BOX DRAWINGS LIGHT VERTICAL}"
    if values.get("low") is not None:
        start, end = column(values["low"]), column(values["high"])
        for place in range(start, end + 1):
            line[place] = _DASH if line[place] == " " else _CROSSING
        line[start] = "\N{LEFTWARDS ARROW}" if values["low"] < low else line[start]
        line[end] = "\N{RIGHTWARDS ARROW}" if values["high"] > high else line[end]
    if values.get("estimate") is not None:
        mark = "\N{WHITE SQUARE}" if values.get("is_bound") else "\N{BLACK SQUARE}"
        line[column(values["estimate"])] = "\N{BLACK DIAMOND}" if "k" in values else mark
    return "".join(line)


def _span(document: Document) -> tuple[float, float] | None:
    """Limits of the drawn lines, on the scale of the pool: all estimates with room, not every far end."""
    studies = [study for study in document["studies"] if study["estimate"] is not None]
    if not studies:
        return None
    middles = [study["estimate"] for study in studies] + [0.0]
    room = max(1.0 if not is_ratio(document) else 2.0, *(study["standard_error"] for study in studies))
    return min(middles) - room, max(middles) + room


def _print_studies(document: Document, console: Console) -> None:
    from rich.text import Text

    span = _span(document)
    low, high = (document["favours"][side].removeprefix("favours ") for side in ("low", "high"))
    plot = f"{low} | {high} better".center(_PLOT_COLUMNS)
    head = study_head(document, plot)
    rows = [study_cells(document, study, span) for study in document["studies"]]
    if not rows:
        return
    for name, values in (("Pooled", document["pooled"]), ("Without the bound", document["without_bound"])):
        if values is not None and values.get("estimate") is not None and span:
            text = interval_text(document, values["estimate"], values["low"], values["high"])
            rows.append((name, "", "", f"k = {values['k']}", drawn(values, span), text, "", "", ""))
    console.print()
    console.print(Text("Studies", style="bold"))
    _print_table(console, head, rows, right={6}, smallest={1: 30}, below=(1, 7, 8, 4), untitled={1}, drawing=4)
    _print_notes(console, study_notes(document))


def study_notes(document: Document) -> list[str]:
    """Why studies are outside the pool, and what was assumed of those in it, a sentence each."""
    notes = [(study["label"], said) for study in document["studies"] for said in (study["why_not"], study["assumed"])]
    return [f"{label}: {said}" for label, said in notes if said]


def _column(document: Document) -> str:
    return str(document["measure_label"])


def _print_pool(document: Document, console: Console) -> None:
    from rich.text import Text

    console.print()
    pooled = document["pooled"]
    if pooled is None:
        console.print(Text(f"Not pooled: {document['refusal']}.", style="bold"))
        return
    estimate = interval_text(document, pooled["estimate"], pooled["low"], pooled["high"])
    unit = f" {document['unit']}" if document["unit"] else ""
    console.print(Text(f"Pooled {document['measure_label']} {estimate}{unit}", style="bold"))
    model = "common effect" if pooled["estimator"] == "FE" else "random effects"
    search = str(pooled["message"]).partition(";")[0]
    ended = f"converged: {search}" if pooled["converged"] else f"NOT converged: {pooled['message']}"
    method = f"estimator {pooled['estimator']} ({ended}); test {document['test_label']}; k = {pooled['k']}"
    console.print(Text(f"Model: {model}; {method}"))
    console.print(Text(f"Heterogeneity: {heterogeneity_text(pooled)}"))
    console.print(Text(prediction_text(document)))
    console.print(Text(f"Measure: {document['measure_label']}; {document['measure_reason']}."))
    if document["without_bound"] is not None:
        console.print(Text(str(document["without_bound"]["words"])))


def _print_sensitivity(document: Document, console: Console) -> None:
    from rich.text import Text

    if not document["sensitivity"]:
        return
    console.print()
    console.print(Text("Sensitivity set", style="bold"))
    head = sensitivity_head(document)
    rows = [sensitivity_cells(document, row) for row in document["sensitivity"]]
    if console.width >= _NARROW:
        _print_table(console, head, rows, right={1, 3, 4}, smallest={6: 40}, below=(6,), untitled={6})
        return
    notes = list(dict.fromkeys(row[-1] for row in rows if row[-1]))
    numbered = [(*row[:-1], f"[{notes.index(row[-1]) + 1}]" if row[-1] else "") for row in rows]
    _print_table(console, head, numbered, right={1, 3, 4}, smallest={0: 22}, below=(6, 5))
    _print_notes(console, [f"[{number}] {note}" for number, note in enumerate(notes, 1)])


def sensitivity_head(document: Document) -> tuple[str, ...]:
    """Headings of the sensitivity set."""
    return ("analysis", *cumulative_head(document)[1:], "converged", "note")


def sensitivity_cells(document: Document, row: Mapping[str, Any]) -> tuple[str, ...]:
    """One analysis as texts; an analysis that could not be made has dashes and says why."""
    if row["estimate"] is None:
        return str(row["name"]), str(row["k"]), NOT_SHOWN, NOT_SHOWN, NOT_SHOWN, NOT_SHOWN, str(row["note"])
    has_ends = row["low"] is not None
    estimate = value_text(document, row["estimate"])
    return (
        str(row["name"]),
        str(row["k"]),
        interval_text(document, row["estimate"], row["low"], row["high"]) if has_ends else estimate,
        NOT_SHOWN if row["tau2"] is None else f"{row['tau2']:.3f}",
        NOT_SHOWN if row["i2"] is None else f"{row['i2']:.0f}%",
        NOT_SHOWN if row["converged"] is None else "yes" if row["converged"] else "NO",
        str(row["note"]),
    )


def _print_beside(document: Document, console: Console) -> None:
    """The pool as trials came in, small-study effects and the dose, where there is a pool that they stand beside."""
    from rich.text import Text

    if document["pooled"] is None:
        return
    console.print()
    console.print(Text("As the trials came in, year by year", style="bold"))
    rows = [cumulative_cells(document, row) for row in document["cumulative"]]
    _print_table(console, cumulative_head(document), rows, right={1, 3, 4}, smallest={0: 16})
    console.print()
    console.print(Text(small_study_text(document)))
    console.print(Text(dose_text(document)))


def cumulative_head(document: Document) -> tuple[str, ...]:
    """Headings of the pool as the trials came in."""
    return ("with", "k", f"{_column(document)} (95%)", "tau\N{SUPERSCRIPT TWO}", "I\N{SUPERSCRIPT TWO}")


def cumulative_cells(document: Document, row: Mapping[str, Any]) -> tuple[str, ...]:
    """The pool with the trials up to one of them, as texts."""
    return sensitivity_cells(document, {**row, "note": ""})[:5]


def small_study_text(document: Document) -> str:
    """The tests for small-study effects in a line, or why there is none."""
    found = document["small_study"]
    if found["refusal"]:
        return f"Small-study effects: not tested ({found['refusal']})."
    egger, begg, filled = found["egger"], found["begg"], found["trim_and_fill"]
    return (
        f"Small-study effects: Egger slope {plain(egger['slope'], 2)} ({p_text(egger['p_value'])}), "
        f"effect at no error {value_text(document, egger['limit'])}; "
        f"Begg tau {plain(begg['kendall_tau'], 2)} ({p_text(begg['p_value'])}); "
        f"trim and fill: {filled['missing']} missing on the {filled['side']}, "
        f"{interval_text(document, filled['estimate'], filled['low'], filled['high'])} with them."
    )


def dose_text(document: Document) -> str:
    """The meta-regression on dose in a line, or why there is none."""
    found = document["dose_response"]
    if found["refusal"]:
        return f"Dose: no meta-regression ({found['refusal']})."
    change = "times" if is_ratio(document) else "change"
    values = interval_text(document, found["slope"], found["low"], found["high"])
    return (
        f"Dose, by meta-regression: {document['measure_label']} {change} {values} {found['unit']} "
        f"({p_text(found['p_value'])}, k = {found['k']})."
    )


def _print_certainty(document: Document, console: Console) -> None:
    from rich.text import Text

    certainty = document["certainty"]
    console.print()
    console.print(Text(f"Certainty: {certainty['grade']} ({certainty['graded_by']})", style="bold"))
    for reason in certainty["reasons"]:
        print_indented(console, reason)


def _print_checks(document: Document, console: Console) -> None:
    from rich.text import Text

    if not document["checks"]:
        return
    console.print()
    console.print(Text("Published pooled estimates beside ours (checks, never data)", style="bold"))
    rows = [check_cells(row) for row in document["checks"]]
    _print_table(console, CHECK_HEAD, rows, right={2}, smallest={5: 40, 1: 20, 0: 22}, below=(1, 5, 2), untitled={1, 5})


def check_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """One published estimate as texts beside ours; numbers are as printed there, ratios as ratios."""

    def ends(prefix: str) -> str:
        values = [row[f"{prefix}{end}"] for end in ("estimate", "low", "high")]
        if values[0] is None:
            return NOT_SHOWN if values[1] is None else f"{plain(values[1], 2)} to {plain(values[2], 2)}"
        return plain(values[0], 2) + ("" if values[1] is None else f" ({plain(values[1], 2)} to {plain(values[2], 2)})")

    k = NOT_SHOWN if row["k"] is None else str(row["k"])
    return (
        str(row["published"]),
        f"{row['measure']} ({row['time']})",
        k,
        ends("published_"),
        ends("ours_"),
        str(row["note"]),
    )


def _print_without(document: Document, console: Console) -> None:
    from rich.text import Text

    if not document["without_numbers"]:
        return
    console.print()
    console.print(Text("Studies without usable numbers, and why", style="bold"))
    rows = [without_cells(study) for study in document["without_numbers"]]
    _print_table(console, WITHOUT_HEAD, rows, smallest={2: 30}, below=(2, 1), untitled={2})


def without_cells(study: Mapping[str, Any]) -> tuple[str, ...]:
    """One study without usable numbers as texts."""
    return str(study["label"]), str(study["study"]), str(study["why"])


def _print_foot(console: Console) -> None:
    """What this is not, and where to turn in need."""
    from rich.text import Text

    console.print()
    console.print(Text(NOT_ADVICE, style="bold"))
    console.print(Text(HELPLINE))


def _print_table(
    console: Console, head: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[int] = (), **fitting: Any
) -> None:
    """Print one table, fitted to the terminal; `fitting` as in `fitted_lines`."""
    from rich.text import Text

    lines = fitted_lines(head, rows, console.width, right=right, **fitting)
    console.print(Text("\n".join(lines)), no_wrap=True, crop=False)


def _print_notes(console: Console, notes: Sequence[str]) -> None:
    """Print notes under a table, if there are any."""
    if notes:
        console.print()
    for note in notes:
        print_indented(console, note)
