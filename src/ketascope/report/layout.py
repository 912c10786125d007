"""A comparison as tables of texts with footnotes: what the terminal and the page both print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ketascope.errors import InputError, unknown
from ketascope.report.catalogue import EVIDENCE, PRACTICAL, Column, lookup, scale_name, sections
from ketascope.report.format import counted, duration, interval, named_value, number, split_unit, words
from ketascope.report.notes import NO_REASON, Notes, is_caveat, reasons_for_gap

UNKNOWN = "unknown"
IN_A_NOTE = "see note"

NOT_ADVICE = (
    "This is not medical advice, not a prediction for any one person and not advice on a dose. It shows what models "
    "and trials say about groups of people, with their uncertainty."
)
WHAT_IT_IS_NOT = (
    "It is not a guideline, not a substitute for a clinician, and not a reason to start, stop or change a treatment. "
    "Unknown means unknown: a missing harm is not an absent harm."
)
HELPLINE = "In crisis in the United States, call or text 988. Elsewhere, call the local emergency number."
INTERVALS = (
    "Two kinds of interval, never mixed: 95% of patients (how far people differ; exposure, receptor, acute effects) "
    "and 95% uncertainty of the population mean or the typical patient (how sure anyone is of the middle; change, "
    "difference, response, exposure of the typical patient)."
)


HarmKey = tuple[str, str, str]  # harm, how often, source


@dataclass(frozen=True)
class Cell:
    """One value: its leading text, what stands in brackets behind it (its interval, or its source), its footnotes."""

    text: str
    ends: str = ""
    marks: tuple[int, ...] = ()
    is_missing: bool = False


@dataclass(frozen=True)
class TableRow:
    """One option, or one harm, with its cells."""

    label: Cell
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class TableLayout:
    """One table, ready to print."""

    id: str
    title: str
    about: str
    label_heading: str
    headings: tuple[tuple[str, str], ...]
    rows: tuple[TableRow, ...]
    is_text: bool = False


@dataclass(frozen=True)
class Report:
    """Everything a comparison has to say, as texts."""

    title: str
    facts: tuple[tuple[str, str], ...]
    tables: tuple[TableLayout, ...]
    notes: tuple[tuple[int, str], ...]
    limits: str = NOT_ADVICE


def comparison_report(document: Mapping[str, Any]) -> Report:
    """The tables, facts and footnotes of a comparison document."""
    notes = Notes()
    options = document["options"]
    tables = [_options_table(options, notes)]
    for section in sections(scale_name(document)):
        rows = tuple(_row(option, section.columns, notes) for option in options)
        headings = tuple((column.heading, column.unit) for column in section.columns)
        tables.append(TableLayout(section.id, section.title, section.about, "Option", headings, rows))
    # Harms stand right behind the benefits, before exposure and mechanism.
    place = next(index for index, table in enumerate(tables) if table.id == "acute") + 1
    tables.insert(place, _harms_table(options, notes))
    about = "Where it is given, how long people are watched, its legal status, and what those pay who pay themselves."
    tables.append(_facts_table("practical", "Practical", about, PRACTICAL, options, notes))
    about = "How many randomised trials and people stand behind the option in this indication, and how certain that is."
    evidence = _facts_table("evidence", "Evidence", about, EVIDENCE, options, notes)
    tables.append(replace(evidence, rows=(*evidence.rows, _psychotherapy_row(document["about_indication"]))))
    title = f"Comparison of {counted(len(options), 'option')}, indication {str(document['indication']).upper()}"
    return Report(title, header_facts(document), tuple(tables), notes.messages)


def table_ids() -> tuple[str, ...]:
    """Ids of all tables of a report, in their order."""
    ids = ["options", *(section.id for section in sections(""))]
    ids.insert(ids.index("acute") + 1, "harms")
    return (*ids, "practical", "evidence")


def check_table_ids(names: Sequence[str]) -> None:
    """Raise InputError for a name that is no table's id, with the nearest one."""
    for name in names:
        if name not in table_ids():
            raise InputError(unknown("--show", name, table_ids(), cutoff=0.4))


def header_facts(document: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Who, what and how the comparison was made, as name and text."""
    person = ", ".join(named_value(key, value) for key, value in document["person"].items())
    facts = [
        ("Indication", str(document["indication"]).upper()),
        ("Scale", scale_name(document)),
        ("Person", person),
        ("Followed for", duration(document["horizon_h"])),
        ("Version and seed", f"ketascope {document['version']}, seed {document['seed']}"),
        ("Not given, so defaulted", words([split_unit(name)[0] for name in document["defaulted"]])),
    ]
    extras = ("patients", "sampling", "control", "scenarios")
    facts += [(key.capitalize(), words(document[key])) for key in extras if document.get(key)]
    return tuple(facts)


def _options_table(options: Sequence[Mapping[str, Any]], notes: Notes) -> TableLayout:
    rows = []
    for option in options:
        sentence = option["sentence"] or "no dose is given"
        cells = (Cell(str(sentence)), Cell(words(option["drug"])), Cell(words(option["route"])))
        rows.append(TableRow(Cell(str(option["label"]), marks=notes.marks(option["flags"])), cells))
    headings = (("Regimen", ""), ("Drug", ""), ("Route", ""))
    about = "What is compared; the numbers refer to the notes below."
    return TableLayout("options", "Options", about, "Option", headings, tuple(rows), is_text=True)


def _gap_marks(option: Mapping[str, Any], name: str, notes: Notes) -> tuple[int, ...]:
    """Footnotes of an empty cell; there is always at least one."""
    return notes.marks(reasons_for_gap(option, name)) or (notes.mark(NO_REASON),)


def _row(option: Mapping[str, Any], columns: Sequence[Column], notes: Notes) -> TableRow:
    """One option in a table of intervals; a flag on every value stands at the name, one on some at those."""
    present = [column for column in columns if lookup(option, column.path) is not None]
    everywhere = [f for f in option["flags"] if present and all(is_caveat(f, column.name) for column in present)]
    cells = []
    for column in columns:
        quantity = lookup(option, column.path)
        text, ends = interval(quantity, column.kind)
        if quantity is None:
            cells.append(Cell(text, "", _gap_marks(option, column.name, notes), is_missing=True))
            continue
        here = [f for f in option["flags"] if is_caveat(f, column.name) and f not in everywhere]
        cells.append(Cell(text, ends, notes.marks(here)))
    return TableRow(Cell(str(option["label"]), marks=notes.marks(everywhere)), tuple(cells))


def _harms_table(options: Sequence[Mapping[str, Any]], notes: Notes) -> TableLayout:
    """One row a harm with the options it is known for, as many options share a drug and its harms."""
    grouped: dict[HarmKey, list[Mapping[str, Any]]] = {}
    silent: list[Cell] = []
    for option in options:
        for harm in option["harms"] or ():
            frequency = UNKNOWN if harm.get("frequency") is None else words(harm["frequency"])
            key = (str(harm["harm"]), frequency, words(harm.get("source")))
            grouped.setdefault(key, []).append(option)
        if not option["harms"]:
            marks = notes.marks(reasons_for_gap(option, "harms"))
            silent.append(Cell(str(option["label"]), marks=marks, is_missing=True))
    rows = [
        TableRow(Cell(harm), (Cell(frequency), Cell(_who(found, options)), Cell(source)))
        for (harm, frequency, source), found in _harm_by_harm(grouped)
    ]
    rows += [
        TableRow(Cell("No harm is listed", is_missing=True), (Cell(UNKNOWN), cell, Cell(words(None))))
        for cell in silent
    ]
    headings = (("How often", ""), ("Drug and route", ""), ("Source", ""))
    about = "Known harms of the drug and route, with how often they were seen. Unknown is not never."
    return TableLayout("harms", "Harms", about, "Harm", headings, tuple(rows), is_text=True)


def _harm_by_harm(grouped: Mapping[HarmKey, list[Any]]) -> list[tuple[HarmKey, list[Any]]]:
    """All rows of one harm together, harms in the order of their first mention."""
    order = list(dict.fromkeys(harm for harm, _, _ in grouped))
    return sorted(grouped.items(), key=lambda item: order.index(item[0][0]))


def _who(found: Sequence[Mapping[str, Any]], options: Sequence[Mapping[str, Any]]) -> str:
    """The drugs and routes of a harm; in one phrase where it is all options with some drugs."""
    drugs = list(dict.fromkeys(str(option["drug"]) for option in found))
    same_drugs = [option for option in options if str(option["drug"]) in drugs]
    if len(found) > 1 and len(found) == len(same_drugs) and None not in (option["drug"] for option in found):
        return f"all {len(found)} options with {' or '.join(drugs)}"
    parts = []
    for drug in drugs:
        routes = dict.fromkeys(str(option["route"]) for option in found if str(option["drug"]) == drug)
        parts.append(f"{drug} {', '.join(routes)}")
    return "; ".join(parts)


def _facts_table(
    id_: str, title: str, about: str, columns: Sequence[Column], options: Sequence[Mapping[str, Any]], notes: Notes
) -> TableLayout:
    rows = []
    for option in options:
        cells = [_fact(option, column, notes) for column in columns]
        cautions = [f for f in option["flags"] if any(is_caveat(f, column.name) for column in columns)]
        rows.append(TableRow(Cell(str(option["label"]), marks=notes.marks(cautions)), tuple(cells)))
    headings = tuple((column.heading, column.unit) for column in columns)
    return TableLayout(id_, title, about, "Option", headings, tuple(rows), is_text=True)


def _psychotherapy_row(about: Mapping[str, Any]) -> TableRow:
    """What our sources say of psychotherapy, which is not simulated, beside the evidence on the options."""
    found = about["psychotherapy"]
    said = Cell("not in the tables", is_missing=True)
    if found is not None:
        said = Cell(f"{found['statement'].rstrip('.')}. Source: {found['source']}")
    unknown = Cell(UNKNOWN, is_missing=True)
    return TableRow(Cell("Psychotherapy (not simulated)"), (*(unknown for _ in EVIDENCE[1:]), said))


def _fact(option: Mapping[str, Any], column: Column, notes: Notes) -> Cell:
    value = lookup(option, column.path)
    if value is None:
        # Where no drug is given there is no price or approval to know, so no reason is asked for.
        reasons = reasons_for_gap(option, column.name)
        in_words = any(flag["code"] == "observation_not_in_minutes" for flag in reasons)
        return Cell(IN_A_NOTE if in_words else UNKNOWN, marks=notes.marks(reasons), is_missing=True)
    if column.kind == "range":
        return Cell(f"{_range(value)} a {value['per']}", ends=str(value["source"]))
    if column.kind in ("minutes", "count"):
        return Cell(number(value, "count"))
    return Cell(words(value or None))


def _range(value: Mapping[str, Any]) -> str:
    low, high = (UNKNOWN if value.get(key) is None else number(value[key], "count") for key in ("low", "high"))
    return low if low == high else f"{low} to {high}"
