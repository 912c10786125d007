"""A virtual trial as facts, tables and notes for the terminal and the page, and its sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ketascope.report.format import NOT_SHOWN, number, plain, words
from ketascope.report.layout import Cell, Report, TableLayout, TableRow
from ketascope.report.trial_facts import facts

if TYPE_CHECKING:
    from rich.console import Console

Document = Mapping[str, Any]
Figure = Mapping[str, float | None]

PREDICTIONS = (
    "Of trials that the model simulates, not of trials that were held: the figures carry the limits of the model, "
    "which rests on few trials for most of these conditions."
)
_MISSING = Cell(NOT_SHOWN, is_missing=True)


def trial_report(document: Document) -> Report:
    """Everything that a virtual trial has to say, as texts; tables without a row are left out."""
    tables = (
        _arms(document["design"]),
        _main(document),
        _null(document),
        _stopping(document["result"]),
        _people_curve(document["result"]),
        _dose_curve(document),
        _observed(document),
        _important(document["result"]),
        _failures(document["result"]),
    )
    notes = tuple((index, flag["message"]) for index, flag in enumerate(document["flags"], start=1))
    return Report(
        f"Virtual trial: {document['title']}", facts(document), tuple(table for table in tables if table.rows), notes
    )


def reading(document: Document) -> tuple[str, ...]:
    """Paragraphs that stand before the tables: what was found, in sentences, and how to read the figures."""
    result = document["result"]
    said = (
        f"{result['quantity'].capitalize()}: {result['meaning']}.",
        " ".join(result["sentences"]),
        " ".join(document["plan"]["sentences"]) if document["plan"] else "",
        observed_sentence(document),
    )
    intervals = (
        "Intervals in tables are Monte-Carlo error, 95%: what more replicates would narrow. The predictive interval is "
        "where 95% of trials' estimates fall; more replicates do not narrow it."
    )
    return (*(paragraph for paragraph in said if paragraph), intervals, PREDICTIONS)


def print_trial(document: Document, console: Console | None = None) -> None:
    """Print a virtual trial."""
    from ketascope.report.terminal import print_report

    print_report(trial_report(document), reading(document), console)


def observed_sentence(document: Document) -> str:
    """Where a real trial's result falls; empty where there is none."""
    row = document["observed"]
    if row is None:
        return ""
    if row["estimate"] is not None:
        inside = "inside" if row["inside_95"] else "outside"
        return (
            f"{row['label']} observed {plain(row['estimate'], 2)}{_error(row)}: percentile "
            f"{plain(row['percentile'], 1)} of what simulated trials print, {inside} their central 95%."
        )
    bound = row["within_bound"]
    return (
        f"{row['label']} printed no difference but found none, so its standardised difference lay within "
        f"±{plain(row['smd_within'], 2)}; {_percent(bound)} of simulated trials do. As a bound it can say no more."
    )


def _error(row: Mapping[str, Any]) -> str:
    return "" if row["standard_error"] is None else f" (standard error {plain(row['standard_error'], 2)})"


def _arms(design: Mapping[str, Any]) -> TableLayout:
    rows = []
    for arm in design["arms"]:
        without = f"no drug, {design['control_type']} control" if arm["is_control"] else "no drug"
        without += f" at the visits of {arm['procedures_of']}" if arm["procedures_of"] else ""
        role = "control" if arm["is_control"] else "active"
        cells = (Cell(arm["sentence"] or without), Cell(role), Cell(str(arm["share"])))
        rows.append(TableRow(Cell(arm["name"]), cells))
    headings = (("What is given", ""), ("Role", ""), ("Share", ""))
    return TableLayout(
        "arms", "Arms", "Doses as sentences; shares of the randomisation.", "Arm", headings, tuple(rows), True
    )


def _main(document: Document) -> TableLayout:
    result = document["result"]
    rows = []
    for method, contrast in _contrasts(result):
        in_percent = method["unit"] != "points"
        effect = _size(in_percent)
        spread = contrast["predictive_interval"]
        between = {"value": spread["median"]["value"], "low": spread["low"]["value"], "high": spread["high"]["value"]}
        cells = (
            _share(contrast["success"]),
            _share(contrast["success_adjusted"]) if result["rules"]["several_arms"] else None,
            effect(contrast["expected_effect"]),
            effect(between),
            effect(contrast["bias"], 2),
            _share(contrast["coverage"]),
            _figure(contrast["people"], 1.0, 0),
            _figure(contrast["analysed"], 1.0, 0),
        )
        rows.append(TableRow(Cell(_line(method, contrast)), tuple(cell for cell in cells if cell is not None)))
    headings = [
        (result["quantity"].capitalize(), "% of trials"),
        ("After Holm", "% of trials"),
        ("Expected difference", ""),
        ("Predictive: median, 95%", ""),
        ("Bias", ""),
        ("Coverage", "% of trials"),
        ("People", ""),
        ("Analysed", ""),
    ]
    if not result["rules"]["several_arms"]:
        del headings[1]
    about = (
        "Difference from the control: points, negative is better; percentage points for responders, positive is "
        "better. Bias: against complete data of all people planned. Mean numbers of people."
    )
    notes = dict.fromkeys(
        f" {method['label']}: {contrast['bias']['note']}."
        for method, contrast in _contrasts(result)
        if contrast["bias"]["note"]
    )
    about += "".join(notes)
    return TableLayout("result", "What a trial would find", about, "Analysis and arm", tuple(headings), tuple(rows))


def _null(document: Document) -> TableLayout:
    null = document["null"]
    found = () if null is None else _contrasts(null["result"])
    rows = [
        TableRow(
            Cell(_line(method, contrast)),
            (
                _share(contrast["success"]),
                _size(method["unit"] != "points")(contrast["expected_effect"], 2),
                _share(contrast["coverage"]),
            ),
        )
        for method, contrast in found
    ]
    about = (
        f"Replicates in which no arm differs; a significant difference in either direction is an error "
        f"(alpha {100.0 * document['design']['alpha']:g}%)."
    )
    headings = (("Type I error", "% of trials"), ("Mean difference", ""), ("Coverage", "% of trials"))
    return TableLayout("null", "Without any drug effect", about, "Analysis and arm", headings, tuple(rows))


def _stopping(result: Document) -> TableLayout:
    rows = [
        TableRow(Cell(f"{_line(method, contrast)}, look {stop['look']}"), (Cell(stop["reason"]), _share(stop)))
        for method, contrast in _contrasts(result)
        for stop in contrast["stopping"]
        if result["rules"]["looks"]
    ]
    headings = (("Ended for", ""), ("Share", "% of trials"))
    about = f"When comparisons ended. {words(result['rules']['looks'])}. People are in the table above."
    return TableLayout("looks", "Looks", about, "Analysis, arm, look", headings, tuple(rows))


def _people_curve(result: Document) -> TableLayout:
    rows = [
        TableRow(Cell(row["line"]), (Cell(str(row["people"])), _percent_cell(row))) for row in people_curve_rows(result)
    ]
    headings = (("People", ""), (result["quantity"].capitalize(), "% of trials"))
    about = "A trial of fixed size with so many people, all arms together, without looks."
    title = f"{result['quantity'].capitalize()} by number of people"
    return TableLayout("people", title, about, "Analysis and arm", headings, tuple(rows))


def people_curve_rows(result: Document) -> list[dict[str, Any]]:
    """Rows of the curve over the number of people for table and chart, in percent."""
    return [
        {"line": f"{method['label']}, {arm}", "people": point["people"], **_in_percent(share)}
        for method in result["methods"]
        for arm in [contrast["arm"] for contrast in method["contrasts"]]
        for point in method.get("curve", ())
        for share in [point["arms"][arm]]
    ]


def _dose_curve(document: Document) -> TableLayout:
    rows = [
        TableRow(Cell(row["sentence"]), (Cell(row["line"]), _percent_cell(row))) for row in dose_curve_rows(document)
    ]
    headings = (("Analysis and arm", ""), (document["result"]["quantity"].capitalize(), "% of trials"))
    least = min((dose["replicates"] for dose in document["dose_curve"]), default=0)
    about = f"The first active arm given something else, {least:,} replicates each, without looks."
    title = f"{document['result']['quantity'].capitalize()} by dose"
    return TableLayout("doses", title, about, "Sentence", headings, tuple(rows))


def dose_curve_rows(document: Document) -> list[dict[str, Any]]:
    """Rows of the curve over doses for table and chart: the first active arm, in percent."""
    arm = next(arm for arm in document["design"]["arms"] if not arm["is_control"])
    return [
        {"sentence": dose["sentence"], "line": f"{method['label']}, {arm['name']}", **_in_percent(contrast["success"])}
        for dose in document["dose_curve"]
        for method, contrast in _contrasts(dose["result"])
        if contrast["arm"] == arm["name"]
    ]


def _observed(document: Document) -> TableLayout:
    row, rows = document["observed"], []
    if row is not None and row["estimate"] is not None:
        predicted = next(each for each in document["predicted_effect"] if each["arm"] == row["arm"])
        span = f"{plain(predicted['low_95'], 1)} to {plain(predicted['high_95'], 1)}"
        cells = (
            Cell(plain(row["estimate"], 2) + _error(row)),
            Cell(plain(predicted["median"], 1), span),
            Cell(plain(row["percentile"], 1)),
            Cell(row["source"]),
        )
        rows.append(TableRow(Cell(row["label"]), cells))
    elif row is not None:
        cells = (
            Cell(f"within ±{plain(row['smd_within'], 2)} SD"),
            Cell(f"{_percent(row['within_bound'])} of trials within"),
            _MISSING,
            Cell(row["source"]),
        )
        rows.append(TableRow(Cell(row["label"]), cells))
    headings = (("Observed", ""), ("Simulated: median, 95%", ""), ("Percentile", ""), ("Source", ""))
    about = (
        "Percentile: share of simulated trials with a lower estimate, in percent. A trial that the model was fitted to "
        "is no test of it."
    )
    return TableLayout("observed", "A trial that was held", about, "Trial", headings, tuple(rows), is_text=True)


def _important(result: Document) -> TableLayout:
    rows = [
        TableRow(
            Cell(f"{_line(method, contrast)}: at least {number(row['least'])} {row['unit']}"),
            (_share(row), Cell(row["source"])),
        )
        for method, contrast in _contrasts(result)
        for row in contrast.get("important_difference", ())
    ]
    about = "Published differences that matter within people; between arms they are a yardstick only."
    headings = (("Share", "% of trials"), ("Source", ""))
    return TableLayout("important", "Estimates of an important size", about, "Difference", headings, tuple(rows), True)


def _failures(result: Document) -> TableLayout:
    rows = [
        TableRow(Cell(_line(method, contrast)), (Cell(reason), Cell(f"{share['count']:,}"), _share(share)))
        for method, contrast in _contrasts(result)
        for reason, share in contrast["failures"].items()
        if share["count"]
    ]
    headings = (("Why", ""), ("Replicates", ""), ("Share", "% of trials"))
    about = "They count as not significant."
    return TableLayout("failures", "Replicates without an estimate", about, "Analysis and arm", headings, tuple(rows))


def _contrasts(result: Document) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    return ((method, contrast) for method in result["methods"] for contrast in method["contrasts"])


def _line(method: Mapping[str, Any], contrast: Mapping[str, Any]) -> str:
    return f"{method['label']}, {contrast['arm']}"


def _in_percent(figure: Figure) -> dict[str, float | None]:
    names = {"percent": "value", "low": "low", "high": "high"}
    return {to: None if figure[name] is None else 100.0 * float(figure[name] or 0.0) for to, name in names.items()}


def _percent_cell(row: Mapping[str, Any]) -> Cell:
    return _figure({"value": row["percent"], "low": row["low"], "high": row["high"]}, 1.0, 1)


def _share(figure: Figure) -> Cell:
    return _figure(figure, 100.0, 1)


def _size(in_percent: bool) -> Callable[..., Cell]:
    """Writes a difference: points as they are, shares as percentage points."""

    def cell(figure: Figure, decimals: int = 1) -> Cell:
        return _figure(figure, 100.0 if in_percent else 1.0, decimals)

    return cell


def _figure(figure: Figure, factor: float, decimals: int) -> Cell:
    """A value with its ends; a dash where there is none."""
    value, low, high = (figure[name] for name in ("value", "low", "high"))
    if value is None:
        return _MISSING
    ends = ""
    if low is not None and high is not None and low != high:
        ends = f"{plain(factor * low, decimals)} to {plain(factor * high, decimals)}"
    return Cell(plain(factor * value, decimals), ends)


def _percent(figure: Figure) -> str:
    cell = _figure(figure, 100.0, 1)
    return f"{cell.text}% ({cell.ends})" if cell.ends else f"{cell.text}%"


def charts(document: Document) -> Sequence[tuple[str, Any]]:
    """The charts of the page, each with the id of the table before which it stands."""
    from ketascope.charts.trial_power import effect_distribution, power_over_doses, power_over_people

    result, design, observed = (document[name] for name in ("result", "design", "observed"))
    measure = result["quantity"]
    drawn: list[tuple[str, Any]] = []
    unit = f"points of {design['scale_label']}"
    for number_, predicted in enumerate(document["predicted_effect"], start=1):
        its = observed if observed is not None and observed["arm"] == predicted["arm"] else None
        drawn.append(("result", effect_distribution(predicted, its, unit, design["parameters"], number_)))
    people, doses = people_curve_rows(result), dose_curve_rows(document)
    if people:
        drawn.append(("people", power_over_people(people, measure)))
    if doses:
        drawn.append(("doses", power_over_doses(doses, measure)))
    return drawn
