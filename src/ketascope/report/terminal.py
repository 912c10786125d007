"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ketascope.report import format as fmt
from ketascope.report.courses import course_tables
from ketascope.report.layout import (
    HELPLINE,
    INTERVALS,
    NOT_ADVICE,
    WHAT_IT_IS_NOT,
    Cell,
    Report,
    TableLayout,
    check_table_ids,
    comparison_report,
)
from ketascope.report.notes import is_general
from ketascope.report.screen import screen

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_EVENTS_SHOWN = 30


def print_comparison(document: Mapping[str, Any], console: Console | None = None, only: Sequence[str] = ()) -> None:
    """Print a comparison document as tables, with its footnotes, inputs and limits.

    only: ids of the tables to print (all by default); raises InputError for an unknown one.
    """
    from rich.text import Text

    console = screen(console)
    report = comparison_report(document)
    check_table_ids(only)
    tables = [table for table in report.tables if not only or table.id in only]
    console.print(Text(report.title, style="bold"))
    _print_facts(console, report.facts)
    console.print(Text(INTERVALS))
    for layout in tables:
        print_layout(layout, console)
    if only and len(tables) < len(report.tables):
        left = ", ".join(table.id for table in report.tables if table not in tables)
        console.print(Text(f"Not printed here, each with --show: {left}. Read benefits with harms.", style="dim"))
    _print_notes(console, _notes_of(tables, report, document) if only else report.notes)
    console.print()
    console.print(Text(NOT_ADVICE, style="bold"))
    console.print(Text(f"{WHAT_IT_IS_NOT} {HELPLINE}"))


def _notes_of(tables: Sequence[TableLayout], report: Report, document: Mapping[str, Any]) -> list[tuple[int, str]]:
    """The notes that a cell of these tables carries, and those about the options as a whole."""
    cells = (cell for table in tables for row in table.rows for cell in (row.label, *row.cells))
    marked = {mark for cell in cells for mark in cell.marks}
    whole = {flag["message"] for option in document["options"] for flag in option["flags"] if is_general(flag)}
    return [note for note in report.notes if note[0] in marked or note[1] in whole]


def print_report(report: Report, reading: Sequence[str], console: Console | None = None) -> None:
    """Print any report: its facts, what helps to read it, its tables and its notes."""
    from rich.text import Text

    console = screen(console)
    console.print(Text(report.title, style="bold"))
    _print_facts(console, report.facts)
    for text in reading:
        console.print()
        console.print(Text(text))
    for layout in report.tables:
        print_layout(layout, console)
    _print_notes(console, report.notes)
    console.print()
    console.print(Text(report.limits, style="bold"))
    console.print(Text(HELPLINE))


def print_layout(layout: TableLayout, console: Console) -> None:
    """Print one table below its title, in parts where it is wider than the terminal."""
    from rich.text import Text

    console.print()
    console.print(Text(layout.title, style="bold"))
    console.print(Text(layout.about, style="dim"))
    for table in _tables(layout, console.width):
        console.print(table)


def _print_notes(console: Console, notes: Sequence[tuple[int, str]]) -> None:
    from rich.padding import Padding
    from rich.text import Text

    if notes:
        console.print()
        console.print(Text("Notes", style="bold"))
        for number, message in notes:
            console.print(Padding(Text(f"[{number}] {message}"), (0, 0, 0, 1)))


def print_simulation(simulation: Mapping[str, Any], console: Console | None = None) -> None:
    """Print one simulated regimen: its sentence, its doses, its exposure figures, its flags."""
    from rich.text import Text

    console = screen(console)
    console.print(Text(str(simulation["sentence"]), style="bold"))
    facts = ("indication", "patients", "sampling", "scenarios", "seed", "version", "defaulted")
    _print_facts(console, [(name, fmt.words(simulation[name])) for name in facts if name in simulation])
    events = list(simulation["events"])
    console.print()
    console.print(Text(f"Doses ({len(events)})", style="bold"))
    console.print(_events_table(events[:_EVENTS_SHOWN]))
    if len(events) > _EVENTS_SHOWN:
        left_out = len(events) - _EVENTS_SHOWN
        console.print(Text(f"and {left_out} more, the last at {fmt.duration(events[-1]['time_h'])}"))
    for title, head, courses in course_tables(simulation):
        console.print()
        console.print(Text(f"{title}: median (95% of patients)", style="bold"))
        console.print(_course_table(head, courses))
    rows = nca_rows(simulation["nca"])
    if rows:
        console.print()
        console.print(Text("Exposure figures of the first session (non-compartmental analysis)", style="bold"))
        console.print(_nca_table(rows))
        for message in nca_flags(simulation["nca"]):
            console.print(Text(message))
    for flag in simulation["flags"]:
        console.print(Text(f"[{flag['code']}] {flag['message']}"))
    console.print()
    console.print(Text(NOT_ADVICE, style="bold"))
    console.print(Text(HELPLINE))


def _course_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    from rich.table import Table

    table = Table(box=None, header_style="", pad_edge=False, padding=(0, 2, 0, 0))
    for index, heading in enumerate(head):
        table.add_column(heading, justify="left" if index == 0 else "right")
    for row in rows:
        table.add_row(*row)
    return table


def nca_rows(nca: Any, group: str = "") -> list[tuple[str, str, str, str]]:
    """Group, quantity, unit and text of every figure in an NCA block, however deep it is nested."""
    rows: list[tuple[str, str, str, str]] = []
    for name, value in (nca or {}).items():
        phrase, unit, kind = fmt.split_unit(name)
        if isinstance(value, Mapping) and not _is_figure(value):
            rows += nca_rows(value, f"{group} {name}".strip().replace("_", " "))
        elif name != "flags":
            rows.append((group, phrase, "" if kind == "time" else unit, _figure(value, kind)))
    return rows


def nca_flags(nca: Any) -> list[str]:
    """The messages that an NCA block carries with its figures, with the analyte they belong to."""
    messages = []
    for analyte, part in (nca or {}).items():
        for flag in part.get("flags", ()) if isinstance(part, Mapping) else ():
            share = flag.get("patients_percent")
            of_whom = "" if share is None else f" ({fmt.number(share, 'people')} of 100 patients)"
            messages.append(f"{analyte}: {flag['message']}{of_whom}")
    return messages


def _is_figure(value: Mapping[str, Any]) -> bool:
    return {"median", "low", "high"} <= set(value) or "geometric_mean" in value


def _figure(value: Any, kind: str) -> str:
    """A quantity with its interval, a geometric mean with its CV, a pair of times as a span, else plain words."""
    if value is None:
        return f"{fmt.NOT_SHOWN} (not given)"
    if isinstance(value, Mapping) and "geometric_mean" in value:
        spread = fmt.number(value["geometric_cv_percent"], "percent")
        return f"{fmt.number(value['geometric_mean'], kind)} (geometric CV {spread}%)"
    if isinstance(value, Mapping):
        return fmt.with_interval(value, kind)
    if isinstance(value, list) and kind == "time":
        return " to ".join(fmt.duration(time_h) if time_h else "first dose" for time_h in value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return fmt.number(value, kind)
    return fmt.words(value)


def _print_facts(console: Console, facts: Sequence[tuple[str, str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column()
    grid.add_column(overflow="fold")
    for name, text in facts:
        grid.add_row(Text(f"{name}:", style="dim"), Text(text))
    console.print(grid)


def _marked(cell: Cell, joint: str, between: str = ",") -> Text:
    """A cell as text: value, interval behind `joint`, footnote numbers with `between` between two."""
    from rich.text import Text

    text = Text(cell.text, style="dim" if cell.is_missing else "")
    if cell.ends:
        text.append(f"{joint}({cell.ends})", style="dim")
    if cell.marks:
        text.append(f" [{between.join(str(mark) for mark in cell.marks)}]", style="cyan")
    return text


# Room for the names of options, widest first, with the edge of the table; space and divider between two columns.
_LABEL_WIDTHS = (38, 30, 22)
_BETWEEN = 3


def _tables(layout: TableLayout, width: int) -> list[Table]:
    """One line a cell where the whole table fits, else the interval below its median, else several tables."""
    every = range(len(layout.headings))
    if layout.is_text:
        return [_text_table(layout)]
    for joint, label_widths in ((" ", _LABEL_WIDTHS[:2]), ("\n", _LABEL_WIDTHS)):
        for label_width in label_widths:
            if label_width + sum(_column_width(layout, i, joint) for i in every) <= width:
                return [_interval_table(layout, every, joint, label_width, width)]
    parts: list[list[int]] = [[]]
    for index in every:
        taken = sum(_column_width(layout, i, "\n") for i in (*parts[-1], index))
        if parts[-1] and _LABEL_WIDTHS[-1] + taken > width:
            parts.append([])
        parts[-1].append(index)
    return [_interval_table(layout, part, "\n", _LABEL_WIDTHS[-1], width) for part in parts]


def _column_width(layout: TableLayout, index: int, joint: str) -> int:
    """Width that a column needs so that no value is broken, with the space beside it."""
    words = (word for text in _heading_lines(layout, index) for word in text.split())
    lines = (line for row in layout.rows for line in _marked(row.cells[index], joint).plain.split("\n"))
    return max(max(map(len, words)), max(map(len, lines), default=0)) + _BETWEEN


def _heading_lines(layout: TableLayout, index: int) -> list[str]:
    """The heading, and its unit unless it is a time (which carries its own) or stands in the title already."""
    heading, unit = layout.headings[index]
    is_said = unit == "time" or unit in layout.title or "people" in unit
    return [heading] if not unit or is_said else [heading, unit]


def _interval_table(layout: TableLayout, columns: Sequence[int], joint: str, label_width: int, width: int) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column(Text(layout.label_heading), width=label_width - 4, overflow="fold")
    needed = [_column_width(layout, index, joint) - _BETWEEN for index in columns]
    headings = [Text("\n".join(_heading_lines(layout, index))) for index in columns]
    # A heading on one line may ask for more than there is; Rich would then cut values, so it must break instead.
    wished = (max(need, *map(len, text.plain.split("\n"))) for need, text in zip(needed, headings, strict=True))
    is_tight = label_width + sum(wish + _BETWEEN for wish in wished) > width
    for need, heading in zip(needed, headings, strict=True):
        table.add_column(
            heading, justify="right", min_width=need, max_width=need if is_tight else None, overflow="fold"
        )
    for row in layout.rows:
        table.add_row(_marked(row.label, " "), *(_marked(row.cells[i], joint) for i in columns))
    return table


def _text_table(layout: TableLayout) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    is_long = any(len(cell.text) > 60 for row in layout.rows for cell in row.cells[1:])
    table = Table(box=box.HORIZONTALS if is_long else box.SIMPLE_HEAD, show_lines=is_long, pad_edge=False)
    table.add_column(Text(layout.label_heading), min_width=18, max_width=40, overflow="fold")
    for index in range(len(layout.headings)):
        longest = max((len(w) for row in layout.rows for w in row.cells[index].text.split()), default=1)
        table.add_column(Text("\n".join(_heading_lines(layout, index))), min_width=min(14, longest), overflow="fold")
    for row in layout.rows:
        # Long lists of notes break between two numbers, never within one.
        table.add_row(_marked(row.label, " ", ", "), *(_marked(cell, " ") for cell in row.cells))
    return table


def _events_table(events: Sequence[Mapping[str, Any]]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    names = list(dict.fromkeys(name for event in events for name in event))
    for name in names:
        phrase, unit, kind = fmt.split_unit(name)
        heading = phrase if kind == "time" or not unit else f"{phrase} ({unit})"
        is_number = any(isinstance(event.get(name), int | float) for event in events)
        table.add_column(Text(heading), justify="right" if is_number else "left")
    for event in events:
        table.add_row(*(Text(_event_value(name, event.get(name))) for name in names))
    return table


def _event_value(name: str, value: Any) -> str:
    kind = fmt.split_unit(name)[2]
    if isinstance(value, int | float) and not isinstance(value, bool):
        if kind == "time" and value == 0:
            return "at once" if name.startswith("duration") else "start"
        return fmt.number(value, kind)
    return fmt.words(value)


def _nca_table(rows: Sequence[tuple[str, str, str, str]]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Analyte", "Quantity", "Unit"):
        table.add_column(heading)
    table.add_column("Value", justify="right")
    for row in rows:
        table.add_row(*(Text(text) for text in row))
    return table
