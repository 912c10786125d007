"""The trials' part of the ledger as terminal tables and as Markdown: predicted against observed, figure by figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ketascope.report.format import NOT_SHOWN, duration, plain
from ketascope.report.screen import screen

if TYPE_CHECKING:
    from rich.console import Console

Row = tuple[str, ...]
Document = Mapping[str, Any]

SUMMARY_HEAD: Row = ("use", "figures", "with an estimate", "inside 50%", "inside 95%")
SHORT_HEAD: Row = ("source", "of", "at", "observed", "predicted (95% interval)", "inside")
FULL_HEAD: Row = (
    "source",
    "about",
    "of",
    "control",
    "at",
    "people",
    "unit",
    "observed",
    "predicted",
    "50% interval",
    "95% interval",
    "inside",
    "use",
)
LEFT_OUT_HEAD: Row = ("source", "of", "at", "observed", "predicted (95% interval)", "inside", "CRPS")
COVERAGE_HEAD: Row = ("trials", "interval", "inside", "share", "exact p", "reads", "all comparisons inside")
SCORE_HEAD: Row = ("model", "mean CRPS", "trials where the mechanism is closer")
REASON_HEAD: Row = ("reason", "rows")
OTHER_HEAD: Row = ("source", "about", "of", "scale", "measure", "at", "why not compared")
WIDEST = 100
"""Tables of the trials stay readable at 80 columns and gain nothing from more than this."""
CHANCE = 0.05
PREDICTION = (
    "A prediction is for a new trial of the same arms: parameters, differences between trials, and the reading error "
    "of its figures. Differences are negative where the treatment is better."
)
LEFT_OUT = (
    "Each trial was left out of the fit and its comparisons with the control predicted from the others, in "
    "standardised differences. The last comparison of a trial is the one that coverage counts."
)


def figure(value: float | None, unit: str) -> str:
    """An observed or predicted figure without its unit; a dash where there is none."""
    from ketascope.evidence.trial_ledger import DECIMALS

    return NOT_SHOWN if value is None else plain(value, DECIMALS[unit])


def observed_text(row: Document) -> str:
    """What was observed with its unit; of a null without an estimate the bound that it means."""
    if row.get("bound") is not None:
        return f"within \N{PLUS-MINUS SIGN}{figure(row['bound'], row['unit'])} {row['unit']}"
    return f"{figure(row['observed'], row['unit'])}{_unit(row['unit'])}"


def _unit(unit: str) -> str:
    return "%" if unit.startswith("%") else "" if unit == "share" else f" {unit}"


def interval(row: Document, level: str) -> str:
    """The predictive interval of a row, `low to high`."""
    return f"{figure(row[f'low_{level}'], row['unit'])} to {figure(row[f'high_{level}'], row['unit'])}"


def inside_text(row: Document) -> str:
    """The narrowest interval that holds the observation; for a bound how many predictions keep it."""
    if row.get("bound") is not None:
        return f"kept by {100.0 * row['probability_within_bound']:.0f}%"
    if row["inside_95"] is None:
        return NOT_SHOWN
    return "50%" if row["inside_50"] else "95%" if row["inside_95"] else "outside"


def summary_rows(trials: Document) -> list[Row]:
    """One row a use: figures of the fit, and the two kinds of checks."""
    return [
        (row["use"], str(row["rows"]), *(_share(row[name], row["compared"]) for name in _COUNTED))
        for row in trials["summary"]
    ]


_COUNTED = ("compared", "inside_50", "inside_95")


def _share(count: int, of: int) -> str:
    return NOT_SHOWN if not of else str(count) if count == of else f"{count} ({100.0 * count / of:.0f}%)"


def short_rows(rows: Sequence[Document]) -> list[Row]:
    """One row a figure, for a narrow table."""
    return [
        (
            row["label"],
            row["what"],
            duration(row["time_h"]),
            observed_text(row),
            f"{figure(row['median'], row['unit'])} ({interval(row, '95')})",
            inside_text(row),
        )
        for row in rows
    ]


def full_rows(rows: Sequence[Document]) -> list[Row]:
    """One row a figure, with everything that the ledger knows of it."""
    return [
        (
            row["label"],
            row["indication_label"],
            row["what"],
            row["control"],
            duration(row["time_h"]),
            NOT_SHOWN if row["people"] is None else str(row["people"]),
            row["unit"],
            observed_text(row) if row.get("bound") is not None else figure(row["observed"], row["unit"]),
            figure(row["median"], row["unit"]),
            interval(row, "50"),
            interval(row, "95"),
            inside_text(row),
            row["use"] + ("; spread borrowed" if row["imputed_spread"] else ""),
        )
        for row in rows
    ]


def left_out_rows(trials: Document) -> list[Row]:
    """One row a comparison of a trial left out; the one that counts for coverage has a star."""
    rows = trials["leave_one_out"]["rows"]
    return [
        (cells[0] + (" *" if row["primary"] else ""), *cells[1:], plain(row["crps"], 3))
        for cells, row in zip(short_rows(rows), rows, strict=True)
    ]


def coverage_rows(trials: Document) -> list[Row]:
    """Trials inside each interval, with the exact binomial test of its level."""
    rows: list[Row] = []
    for words, name in (("all", "all"), ("ketamine and esketamine", "ketamine")):
        for level, row in trials["leave_one_out"][name]["coverage"].items():
            share = row["inside"] / row["trials"] if row["trials"] else None
            rows.append(
                (
                    words,
                    level,
                    f"{row['inside']} of {row['trials']}",
                    NOT_SHOWN if share is None else f"{100.0 * share:.0f}%",
                    plain(row["p_value"], 3),
                    _coverage_words(share, level, row["p_value"]),
                    f"{row['rows_inside']} of {row['rows']}",
                )
            )
    return rows


def _coverage_words(share: float | None, level: str, p_value: float) -> str:
    if share is None:
        return NOT_SHOWN
    if p_value >= CHANCE:
        return "within chance"
    return "intervals too narrow" if 100.0 * share < float(level.rstrip("%")) else "intervals too wide"


def score_rows(trials: Document) -> list[Row]:
    """Mean CRPS of the mechanism and of both rivals over the same trials."""
    scores = trials["leave_one_out"]["ketamine"]
    rows: list[Row] = [("mechanism: dose, route, time, control", _score(scores["crps"]), NOT_SHOWN)]
    for name, value in scores["rivals"].items():
        rows.append((name, _score(value), f"{scores['trials_won'][name]} of {scores['trials_scored']}"))
    return rows


def _score(value: float | None) -> str:
    return NOT_SHOWN if value is None else plain(value, 3)


def reason_rows(trials: Document) -> list[Row]:
    """Why rows of the study tables are not compared, with how many."""
    return [(row["reason"], str(row["rows"])) for row in trials["reasons"]]


def other_rows(trials: Document) -> list[Row]:
    """Every row of the study tables that is not compared."""
    return [
        (
            row["label"],
            row["indication_label"],
            row["arm_words"],
            row["scale"],
            row["measure"].replace("_", " "),
            NOT_SHOWN if row["time_h"] is None else duration(row["time_h"]) if row["time_h"] else "start",
            row["why"],
        )
        for row in trials["not_compared"]
    ]


def print_trials(trials: Document, console: Console | None = None) -> None:
    """Print the trials' part of a ledger: figures, trials left out, misfits, and why other rows are not compared."""
    console = screen(console)
    console = screen(file=console.file, width=min(console.width, WIDEST))
    if "left_out" in trials:
        console.print(f"Trials: {trials['left_out']}", markup=False)
        return
    print_predictions(trials, console)
    print_left_out(trials, console)
    print_misfits(trials, console)
    console.print("Rows of the study tables that are not compared, by reason", style="bold")
    for reason, count in reason_rows(trials):
        console.print(f"{count:>4} rows: {reason}", markup=False)
    console.print()


def print_predictions(trials: Document, console: Console) -> None:
    """Print how many figures lie inside their intervals, and every figure."""
    from ketascope.report.ledger import print_table

    print_table(console, "Trials: figures inside their predictive intervals", SUMMARY_HEAD, summary_rows(trials), 1)
    console.print(f"{PREDICTION}\n", markup=False)
    for use in dict.fromkeys(row["use"] for row in trials["rows"]):
        rows = [row for row in trials["rows"] if row["use"] == use]
        print_table(console, f"Trials, {use}", SHORT_HEAD, short_rows(rows), len(SHORT_HEAD))


def print_left_out(trials: Document, console: Console) -> None:
    """Print the predictions of trials left out, their coverage and their scores."""
    from ketascope.report.ledger import print_table

    title = "Trials left out one by one (* counts for coverage)"
    print_table(console, title, LEFT_OUT_HEAD, left_out_rows(trials), len(LEFT_OUT_HEAD) - 1)
    console.print(f"{LEFT_OUT}\n", markup=False)
    print_table(console, "Coverage", COVERAGE_HEAD, coverage_rows(trials), 2)
    print_table(console, "Scores", SCORE_HEAD, score_rows(trials), 1)
    console.print(f"{trials['dose_support']}\n", markup=False)


def print_misfits(trials: Document, console: Console) -> None:
    """Print what the model gets wrong."""
    from rich.padding import Padding
    from rich.text import Text

    console.print("Known misfits", style="bold")
    for sentence in misfit_sentences(trials):
        console.print(Padding(Text(sentence), (0, 0, 0, 2)))
    console.print()


def misfit_sentences(trials: Document) -> list[str]:
    """The generated sentences, or the one that says that there is none."""
    return list(trials["known_misfits"]) or ["None by these rules; that is no proof that the model is right."]


def trials_markdown(trials: Document) -> list[str]:
    """The trials' part of the ledger page, as lines."""
    from ketascope.report.ledger import markdown_table

    if "left_out" in trials:
        return ["## Trials", "", trials["left_out"], ""]
    return [
        "## Trials",
        "",
        PREDICTION,
        "",
        *markdown_table(SUMMARY_HEAD, summary_rows(trials)),
        "",
        *predictions_markdown(trials, "## Trials: "),
        *left_out_markdown(trials, "## Trials: "),
        *misfits_markdown(trials, "## Trials: "),
        "## Trials: rows that are not compared",
        "",
        *markdown_table(REASON_HEAD, reason_rows(trials)),
        "",
        "## Trials: every row that is not compared",
        "",
        *markdown_table(OTHER_HEAD, other_rows(trials)),
        "",
    ]


def titled(start: str, words: str) -> str:
    """A heading: with a capital where it begins with its own words."""
    return f"{start}{words}" if start.endswith(": ") else f"{start}{words[0].upper()}{words[1:]}"


def predictions_markdown(trials: Document, heading: str) -> list[str]:
    """Every compared figure with both intervals, as lines below a heading that starts with `heading`."""
    from ketascope.report.ledger import markdown_table

    return [
        titled(heading, "every compared figure"),
        "",
        "`inside` names the narrowest interval that holds the observation. Where a trial found no difference and "
        "printed no estimate, the bound that this means stands instead, with the share of predictions that keep it.",
        "",
        *markdown_table(FULL_HEAD, full_rows(trials["rows"])),
        "",
    ]


def left_out_markdown(trials: Document, heading: str) -> list[str]:
    """Trials left out, their coverage and scores, as lines below headings that start with `heading`."""
    from ketascope.report.ledger import markdown_table

    return [
        titled(heading, "left out one by one"),
        "",
        f"{LEFT_OUT} It has a star.",
        "",
        *markdown_table(LEFT_OUT_HEAD, left_out_rows(trials)),
        "",
        titled(heading, "coverage of trials left out"),
        "",
        *markdown_table(COVERAGE_HEAD, coverage_rows(trials)),
        "",
        titled(heading, "does the mechanism beat models that know no dose or route"),
        "",
        trials["dose_support"],
        "",
        *markdown_table(SCORE_HEAD, score_rows(trials)),
        "",
    ]


def misfits_markdown(trials: Document, heading: str) -> list[str]:
    """What the model gets wrong, as lines below a heading that starts with `heading`."""
    return [
        titled(heading, "known misfits"),
        "",
        "Found by rule in the tables of this page: observations outside their 95% interval, bounds that predictions "
        "break, and trials whose own effect stands out from the others.",
        "",
        *(f"- {sentence}" for sentence in misfit_sentences(trials)),
        "",
    ]
