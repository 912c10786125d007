"""The fit of the pooled pharmacokinetic model as terminal tables and as a Markdown page."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ketascope.files import write_aside
from ketascope.regimen import routes
from ketascope.report.convergence import convergence_words
from ketascope.report.format import plain, significant
from ketascope.report.ledger import markdown_table
from ketascope.report.screen import screen

Row = tuple[str, ...]
PICTURE_SCALE = 1.5
STRUCTURE_HEAD: Row = ("structure", "question", "estimates", "log density left out", "fold error left out", "fitted")
PARAMETER_HEAD: Row = (
    "parameter",
    "prior",
    "median",
    "5%",
    "95%",
    "SD over prior SD",
    "shift in prior SDs",
    "informed",
)
SPREAD_HEAD: Row = ("spread", "5%", "median", "95%")
INTERACTION_HEAD: Row = ("medicine", "dose", "analyte", "observed", "predicted", "over", "counted")
COVERAGE_HEAD: Row = ("route", "analyte", "part", "rows", "inside 90%", "fold error", "expected")
NORMAL_90 = 1.6449
"""Half the width of a central 90% interval of a normal distribution, in SDs."""


def structure_rows(record: Mapping[str, Any]) -> list[Row]:
    """One row a candidate structure, best first."""
    rows = sorted(record["structures"], key=lambda row: -row["log_density"])
    return [
        (
            row["structure"] + _remark(row, record),
            row["question"],
            str(row["estimated"]),
            plain(row["log_density"], 1),
            plain(row["left_out_fold_error"], 3),
            plain(row["fitted_fold_error"], 3),
        )
        for row in rows
    ]


def _remark(row: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    if row["structure"] == record["structure"]:
        return " (kept)"
    return f" (not eligible: {row['lacks']})" if row["lacks"] else ""


def parameter_rows(record: Mapping[str, Any]) -> list[Row]:
    """One row a parameter, those that the data tell most about first."""
    return [
        (
            row["name"],
            *(significant(row[name], 3) for name in ("prior_median", "median", "low", "high")),
            plain(row["sd_over_prior_sd"], 2),
            plain(row["shift_in_prior_sd"], 2),
            "yes" if row["informed"] else "no",
        )
        for row in sorted(record["parameters"], key=lambda row: row["sd_over_prior_sd"])
    ]


def spread_rows(record: Mapping[str, Any]) -> list[Row]:
    """SDs between studies and residual SDs."""
    return [
        (name.replace("sd_", "between studies: ").replace("residual_", "residual: "), *(plain(v, 3) for v in values))
        for name, values in record["spreads"].items()
    ]


def interaction_rows(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Predicted against observed ratios of areas."""

    def counted(row: Mapping[str, Any]) -> str:
        if row["set_by_this_figure"]:
            return "no: set by this figure"
        return "yes" if row["counts"] else "no: from recall"

    return [
        (
            row["interaction"],
            row["sentence"],
            row["analyte"],
            plain(row["observed"], 2),
            plain(row["predicted"], 2),
            plain(row["predicted_over_observed"], 2),
            counted(row),
        )
        for row in rows
    ]


def coverage_rows(record: Mapping[str, Any], ledger: Mapping[str, Any]) -> list[Row]:
    """Rows inside their 90% predictive interval, and the fold error beside that of a right model in a new study.

    By route, analyte and part. `expected` follows from the width of the intervals: studies differ, so no model can be
    closer than that to a study that it has not seen.
    """
    groups: dict[tuple[str, str, str], list[tuple[bool, float, float]]] = {}
    for row in ledger["rows"]:
        interval = record["predictive_90_percent"].get(row["row_id"])
        if row["used"] and interval is not None:
            low, _, high = interval
            sd = math.log(high / low) / (2.0 * NORMAL_90)
            # The mean size of a normal deviation is its SD times sqrt(2/pi): what a right model misses a new study by.
            figures = (low <= row["observed"] <= high, abs(math.log(row["fold_error"])), sd * math.sqrt(2.0 / math.pi))
            groups.setdefault((row["route"], row["analyte"], row["part"]), []).append(figures)
    rows: list[Row] = []
    for (route, analyte, part), figures_of in groups.items():
        hits, errors, expected = zip(*figures_of, strict=True)
        count = len(hits)
        share = f"{sum(hits)} ({100.0 * sum(hits) / count:.0f}%)"
        folds = (plain(math.exp(sum(values) / count), 2) for values in (errors, expected))
        rows.append((route, analyte, part, str(count), share, *folds))
    return rows


def diagnostics_line(record: Mapping[str, Any]) -> str:
    """Convergence in one sentence."""
    return f"{record['chains']} chains of {record['draws']} draws: {convergence_words(record)}"


def print_estimation(record: Mapping[str, Any]) -> None:
    """Print structures, convergence and parameters of a fit."""
    from ketascope.report.ledger import print_table

    console = screen()
    print_table(
        console, "Structures, by what they predict of a group left out", STRUCTURE_HEAD, structure_rows(record), 2
    )
    console.print(diagnostics_line(record))
    console.print()
    print_table(console, "Parameters", PARAMETER_HEAD, parameter_rows(record), 1)
    print_table(console, "Spread on the log scale (bioavailability: logit)", SPREAD_HEAD, spread_rows(record), 1)


def estimation_markdown(
    record: Mapping[str, Any], ledger: Mapping[str, Any], interactions: Sequence[Mapping[str, Any]]
) -> str:
    """The page on the fit; figures are taken from the record and the ledger, nothing is typed in."""
    from ketascope.report.ledger import SUMMARY_HEAD, TOTALS_HEAD, summary_rows, totals_rows

    counted = [row for row in interactions if row["counts"]]
    within = sum(1.0 / 1.5 <= row["predicted_over_observed"] <= 1.5 for row in counted)
    parts = [
        "# Estimation of the pooled pharmacokinetic model",
        "",
        "Written by `make calibrate-pharmacokinetics` and `make validate`; every figure follows from the fit, none is "
        "typed in. How the model is built is on the page [Pharmacokinetics](pharmacokinetics.md).",
        "",
        f"The fit used {len(record['groups'])} groups of volunteers. {diagnostics_line(record)}",
        "",
        "## Predicted over observed",
        "",
        "Geometric mean fold errors of the pooled model and of the two published sets, each over the same rows; the "
        "published sets know one sampling site and predict every row there. Columns `1.25` and `1.5`: share of rows "
        "within that fold, pooled model.",
        "",
        *markdown_table(TOTALS_HEAD, totals_rows(ledger)),
        "",
        *markdown_table(SUMMARY_HEAD, summary_rows(ledger)),
        "",
        "## Predictive intervals",
        "",
        "Rows inside the 90% interval for a study that the model has not seen: parameters, differences between "
        "studies, residual and reading error. `expected` is the fold error of a right model in a new study, by the "
        "width of these intervals: since studies differ, no model comes closer.",
        "",
        *markdown_table(COVERAGE_HEAD, coverage_rows(record, ledger)),
        "",
        "![Courses by study](figures/pk-profiles.png)",
        "",
        "![Peaks, areas and ratios](figures/pk-exposures.png)",
        "",
        "## Structures",
        "",
        "Each training group was left out in turn and predicted; the log density of its rows is summed. The structure "
        "with the fewest estimates is kept among those that the best one does not beat by more than 2. A structure "
        "without gut wall and liver cannot predict interactions, so it is shown and not eligible.",
        "",
        *markdown_table(STRUCTURE_HEAD, structure_rows(record)),
        "",
        "## Parameters",
        "",
        "A posterior SD of 0.8 prior SDs or more reads: the data say little beyond the prior.",
        "",
        *markdown_table(PARAMETER_HEAD, parameter_rows(record)),
        "",
        "Spread between studies and residual, on the log scale (bioavailability: logit):",
        "",
        *markdown_table(SPREAD_HEAD, spread_rows(record)),
        "",
        "## Interactions",
        "",
        "Predicted from what each medicine does to the enzymes of other drugs, not fitted to ketamine. "
        f"{within} of {len(counted)} counted ratios are within 1.5-fold.",
        "",
        *markdown_table(INTERACTION_HEAD, interaction_rows(interactions)),
        "",
    ]
    return "\n".join(parts)


def write_estimation(path: str | os.PathLike[str], ledger: Mapping[str, Any]) -> Path:
    """Write the page and its two figures, `figures/pk-profiles.png` and `figures/pk-exposures.png` beside it."""
    from dataclasses import asdict

    from ketascope.charts import exposure_intervals, render_png, study_profiles
    from ketascope.evidence.pharmacokinetics.posterior import load_record
    from ketascope.evidence.pharmacokinetics.profiles import profiles
    from ketascope.evidence.pk_interactions import predicted_ratios

    record = load_record()
    courses = [
        {name: value.tolist() if hasattr(value, "tolist") else value for name, value in asdict(course).items()}
        for course in profiles()
    ]
    pictures = {"pk-profiles": study_profiles(courses), "pk-exposures": exposure_intervals(figures(record, ledger))}
    folder = Path(path).parent / "figures"
    folder.mkdir(exist_ok=True)
    for name, chart in pictures.items():
        write_aside(folder / f"{name}.png", render_png(chart.spec, scale=PICTURE_SCALE))
    return write_aside(path, estimation_markdown(record, ledger, predicted_ratios()))


def figures(record: Mapping[str, Any], ledger: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every predicted figure that is not a point of a course, with its predictive interval."""
    found = []
    for row in ledger["rows"]:
        interval = record["predictive_90_percent"].get(row["row_id"])
        # Courses after infusions have a drawing of their own.
        if interval is None or row["statistic_kind"] == "concentration" and routes()[row["route"]].into_vein:
            continue
        low, median, high = interval
        found.append(
            {
                "study": row["study"],
                "part": row["part"],
                "what": f"{row['analyte_measured']} {row['statistic']}, {_dose(row['sentence'])}",
                "observed": row["observed"],
                "low": low,
                "median": median,
                "high": high,
            }
        )
    return sorted(found, key=lambda figure: (figure["part"], figure["study"]))


def _dose(sentence: str) -> str:
    return sentence.partition(" then ")[0]
