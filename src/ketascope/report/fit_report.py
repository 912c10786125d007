"""A fit as facts, tables and notes for the terminal and the page; its estimates as CSV, its population as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ketascope.files import csv_text, write_aside
from ketascope.report.cleaning import clean
from ketascope.report.convergence import diagnostic
from ketascope.report.format import NOT_SHOWN, counted, duration, number, plain, words
from ketascope.report.layout import Cell, Report, TableLayout, TableRow
from ketascope.report.notes import Notes
from ketascope.report.parameter_table import few_digits, label

if TYPE_CHECKING:
    from rich.console import Console

Document = Mapping[str, Any]

MOST_DIRECTIONS = 3
MOST_PEOPLE = 12
"""People whose estimates a page or the terminal prints; all are in the JSON document and in the CSV file."""
READING = (
    "Most probable values of each person, given their samples and how people differ in the package's model. Intervals "
    "hold 90% of what the data leave open for that person, never how people differ. 'Informed' says how far the data "
    "narrowed a value: posterior SD over prior SD; from 0.9 on it is mostly the population's."
)
LIMITS = (
    "This is not medical advice, not advice on a dose, and says nothing of anyone's benefit. It describes how the "
    "people in the data handle the drug, as far as their samples and a model can tell."
)
PURPOSE = "For research use; not for dosing. A dose is not to be chosen by these numbers."
CSV_COLUMNS = (
    *("id", "parameter", "unit", "occasion", "value", "low", "high", "laplace_low", "laplace_high", "typical"),
    *("sd_over_prior_sd", "informed"),
)


def fit_report(document: Document) -> Report:
    """Everything that a fit has to say, as texts; tables without a row are left out."""
    notes = Notes()
    shown = document["subjects"][:MOST_PEOPLE]
    tables = (
        _people(document["subjects"], notes),
        _not_informed(document["subjects"]),
        _estimates(shown),
        _sampled(shown),
        _next(shown),
        _population(document["population"]),
        _shrinkage(document),
        _scores(shown, document),
    )
    title = f"Individual fits, {counted(document['people'], 'person', 'people')}: {document['label']}"
    return Report(title, _facts(document), tuple(table for table in tables if table.rows), notes.messages, LIMITS)


def reading(document: Document) -> tuple[str, ...]:
    """Paragraphs before the tables."""
    left = document["people"] - MOST_PEOPLE
    more = (f"Tables of values show the first {MOST_PEOPLE} people; {left} more are in --json and --csv.",)
    return (PURPOSE, READING, *(more if left > 0 else ()))


def print_fit(document: Document, console: Console | None = None) -> None:
    """Print a fit."""
    from ketascope.report.terminal import print_report

    print_report(fit_report(document), reading(document), console)


def fit_csv(document: Document) -> str:
    """One row a person, parameter and occasion."""
    rows = [
        {"id": subject["id"], "parameter": row["name"], **{key: row[key] for key in CSV_COLUMNS if key in row}}
        for subject in document["subjects"]
        for row in subject["estimates"]
    ]
    return csv_text(CSV_COLUMNS, rows)


def write_fit_csv(path: str | os.PathLike[str], document: Document) -> Path:
    """Write the estimates as CSV; the file appears whole or not at all."""
    return write_aside(path, fit_csv(document))


def write_population_values(path: str | os.PathLike[str], document: Document) -> Path:
    """Write the population's rows (name, unit, prior, posterior) as JSON; the file appears whole or not at all."""
    return write_aside(path, json.dumps(document["population"], indent=2, ensure_ascii=False) + "\n")


def _facts(document: Document) -> tuple[tuple[str, str], ...]:
    error = document["error_model"]
    method = {"map": "most probable values (MAP)", "nuts": "MAP, with sampling (NUTS) beside it"}[document["method"]]
    basis = "the package's" if document["population"] is None else "estimated from these data first"
    return (
        ("Data", words(document["file"])),
        ("Concentrations", f"{document['observations']}, {document['below_limit']} below the limit"),
        ("Method", method),
        ("Population values", basis),
        ("Sampling site", document["sampling"]),
        ("Residual error", f"ketamine {error['p_ketamine']:.2g}, norketamine {error['p_norketamine']:.2g} (SD of log)"),
        ("Version and seed", f"ketascope {document['version']}, seed {document['seed']}"),
    )


def _name(subject: Document) -> str:
    return f"person {clean(subject['id'])}"


def _parameter(row: Document) -> str:
    return label(str(row["name"])) + (f", occasion {row['occasion']}" if row["occasion"] is not None else "")


def _ends(row: Document, low: str = "low", high: str = "high") -> str:
    return f"{_plain_number(row[low])} to {_plain_number(row[high])}"


def _plain_number(value: float) -> str:
    return number(value)


def _people(subjects: Sequence[Document], notes: Notes) -> TableLayout:
    rows = []
    for subject in subjects:
        marks = notes.marks(subject["flags"])
        seen = [row["iwres"] for row in subject["observations"] if row["iwres"] is not None]
        largest = max(seen, key=abs) if seen else None
        fit = subject["fit"]
        settled = NOT_SHOWN if fit is None else f"{words(fit['converged'])}, {fit['starts_agreeing']}/{fit['starts']}"
        cells = (
            Cell(str(subject["regimen"])),
            Cell(str(len(subject["observations"]))),
            Cell(NOT_SHOWN if largest is None else plain(largest, 1)),
            Cell(settled),
        )
        rows.append(TableRow(Cell(_name(subject), marks=marks), cells))
    headings = (("Given", ""), ("Samples", ""), ("Largest IWRES", "SD"), ("Settled", "starts"))
    about = "Who was fitted, and how well. Flags are in the notes."
    return TableLayout("people", "People", about, "Person", headings, tuple(rows), is_text=True)


def _not_informed(subjects: Sequence[Document]) -> TableLayout:
    rows = []
    for subject in subjects:
        directions = [_direction(each) for each in subject["directions"]]
        shown = "; ".join(directions[:MOST_DIRECTIONS]) + _left_out(directions) or "none"
        rows.append(TableRow(Cell(_name(subject)), (Cell(shown),)))
    about = "Random effects, alone or in combination, whose posterior SD is at least 0.9 of the prior's."
    headings = (("Effects", ""),)
    title = "What the data say nothing about"
    return TableLayout("uninformed", title, about, "Person", headings, tuple(rows), is_text=True)


def _left_out(directions: Sequence[str]) -> str:
    left = len(directions) - MOST_DIRECTIONS
    return f"; {left} more" if left > 0 else ""


def _direction(direction: Document) -> str:
    parts: list[str] = []
    for effect in direction["effects"]:
        sign = "" if not parts else ("+ " if effect["loading"] > 0.0 else "- ")
        occasion = "" if effect["occasion"] is None else f" (occasion {effect['occasion']})"
        parts.append(f"{sign}{effect['name'].replace('_', ' ')}{occasion}")
    return " ".join(parts)


def _estimates(subjects: Sequence[Document]) -> TableLayout:
    rows = [
        TableRow(
            Cell(f"{_name(subject)}: {_parameter(row)}"),
            (
                Cell(str(row["unit"])),
                Cell(_plain_number(row["value"]), _ends(row)),
                Cell(_ends(row, "laplace_low", "laplace_high")),
                Cell(_plain_number(row["typical"])),
                Cell(f"{'yes' if row['informed'] else 'no'} ({plain(row['sd_over_prior_sd'], 2)})"),
            ),
        )
        for subject in subjects
        for row in subject["estimates"]
    ]
    headings = (("Unit", ""), ("Value", "90%"), ("Normal approximation", "90%"), ("Typical", ""), ("Informed", ""))
    about = (
        "Each person's own values; 'typical' is that of a person of the same weight, age and liver "
        "function. The normal approximation (Laplace) is symmetric on the log or logit scale and too short where a "
        "posterior is skewed."
    )
    return TableLayout("estimates", "Individual parameters", about, "Parameter", headings, tuple(rows))


def _sampled(subjects: Sequence[Document]) -> TableLayout:
    rows = []
    for subject in subjects:
        sampled = subject["sampled"]
        for row in sampled["estimates"] if sampled is not None else ():
            cells = (
                Cell(str(row["unit"])),
                Cell(_plain_number(row["value"]), _ends(row)),
                Cell(plain(row["apart_sd"], 2)),
                Cell(plain(row["laplace_apart_sd"], 2)),
                Cell(diagnostic(sampled["largest_r_hat"], 3)),
                Cell(diagnostic(sampled["smallest_sample_size"], 0)),
            )
            rows.append(TableRow(Cell(f"{_name(subject)}: {_parameter(row)}"), cells))
    headings = (
        ("Unit", ""),
        ("Median", "90%"),
        ("From the fit", "SD"),
        ("From Laplace", "SD"),
        ("R-hat", "largest"),
        ("ESS", "least"),
    )
    about = "Draws of the posterior (NUTS): how far the ends of their intervals lie from those above, in posterior SDs."
    return TableLayout("sampled", "Sampling", about, "Parameter", headings, tuple(rows))


_EXPOSURES = (
    ("cmax_ng_per_ml", "Cmax", "ng/mL"),
    ("auc_ng_h_per_ml", "area", "ng·h/mL"),
    ("trough_ng_per_ml", "at the end", "ng/mL"),
)


def _next(subjects: Sequence[Document]) -> TableLayout:
    rows = []
    about = ""
    for subject in subjects:
        ahead = subject["next_dose"]
        if ahead is None:
            continue
        start, end = ahead["window_h"]
        about = (
            f"'{ahead['sentence']}' given on its own, from {duration(start)} to {duration(end)}: median and "
            "90% of what is possible for the person; beside it 90% of people of that weight without any sample."
        )
        for analyte in ("ketamine", "norketamine"):
            for key, name, unit in _EXPOSURES:
                own = ahead[f"{analyte}_{key}"]
                cells = (
                    Cell(unit),
                    Cell(_plain_number(own["median"]), _ends(own)),
                    Cell(_plain_number(own["typical"]["median"]), _ends(own["typical"])),
                )
                rows.append(TableRow(Cell(f"{_name(subject)}: {analyte} {name}"), cells))
    headings = (("Unit", ""), ("This person", "90%"), ("People without samples", "90%"))
    return TableLayout("next", "Exposure of the next dose", about, "Exposure", headings, tuple(rows))


def _population(population: Document | None) -> TableLayout:
    rows = []
    for row in population["rows"] if population is not None else ():
        cells = (
            Cell(str(row["unit"])),
            Cell(few_digits(row["prior"]["median"]), _ends(row["prior"])),
            Cell(few_digits(row["posterior"]["median"]), _ends(row["posterior"])),
            Cell(f"{'yes' if row['informed'] else 'no'} ({plain(row['sd_over_prior_sd'], 2)})"),
        )
        rows.append(TableRow(Cell(label(row["name"])), cells))
    about = ""
    if population is not None:
        about = (
            f"From {counted(population['people'], 'person', 'people')}, the prior being the {population['prior']}. "
            f"{population['chains']} chains of {population['draws']} draws: R-hat up to "
            f"{diagnostic(population['largest_r_hat'], 3)}, fewest effective draws "
            f"{diagnostic(population['smallest_sample_size'], 0)}, {population['divergences']} divergences."
        )
        if not population["settled"]:
            about += " The chains have not settled: take the values as rough."
    headings = (("Unit", ""), ("Prior", "90%"), ("Posterior", "90%"), ("Informed", ""))
    return TableLayout("population", "Population", about, "Parameter", headings, tuple(rows))


def _shrinkage(document: Document) -> TableLayout:
    found = document["shrinkage"]
    shrunk = {name: value for name, value in found["effects"].items() if value is not None}
    rows = [
        TableRow(Cell(name.replace("_", " ")), (Cell(f"{plain(100.0 * value, 0)}%"), Cell(str(found["people"][name]))))
        for name, value in shrunk.items()
    ]
    if found["residuals"] is not None:
        cells = (Cell(f"{plain(100.0 * found['residuals'], 0)}%"), Cell(str(document["people"])))
        rows.append(TableRow(Cell("residuals (IWRES)"), cells))
    about = "1 - SD over people: near 100% the data leave everybody at the population's value; near 0% they speak."
    return TableLayout(
        "shrinkage", "Shrinkage", about, "Random effect", (("Shrinkage", ""), ("People", "")), tuple(rows)
    )


def _scores(subjects: Sequence[Document], document: Document) -> TableLayout:
    rows = []
    for subject in subjects:
        for row in subject["scores"]:
            band = NOT_SHOWN if row["median"] is None else f"{_plain_number(row['median'])} ({_ends(row)})"
            cells = (Cell(_plain_number(row["observed"])), Cell(band), Cell(words(row["inside"])))
            rows.append(TableRow(Cell(f"{_name(subject)}: {row['analyte']} at {duration(row['time_h'])}"), cells))
    about = (
        f"Observed beside median and 95% of {document['score_patients']} simulated people with the same doses. "
        "Compared only: no individual effect is estimated, and none is predicted."
    )
    headings = (("Observed", "points"), ("Simulated people", "points"), ("Inside", ""))
    return TableLayout("scores", "Scores and dissociation", about, "Rating", headings, tuple(rows))
