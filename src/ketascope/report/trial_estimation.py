"""The fit of the symptom model to the trials as terminal tables and as a Markdown page with its figures."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ketascope.files import write_aside
from ketascope.report.convergence import convergence_words, diagnostic
from ketascope.report.format import NOT_SHOWN, plain, significant
from ketascope.report.ledger import markdown_table, print_table
from ketascope.report.screen import screen
from ketascope.report.trial_ledger import (
    Row,
    interval,
    left_out_markdown,
    misfits_markdown,
    predictions_markdown,
    print_left_out,
    print_misfits,
    print_predictions,
)

if TYPE_CHECKING:
    from rich.console import Console

Record = Mapping[str, Any]

PICTURE_SCALE = 1.5
NOT_INFORMED = "not informed by trials"
SHORT_HEAD: Row = ("parameter", "prior (SD)", "posterior (95% interval)", "SD ratio")
PARAMETER_HEAD: Row = (
    "parameter",
    "unit",
    "prior median",
    "prior SD",
    "median",
    "95% interval",
    "SD ratio",
    "shift, prior SDs",
    "reads",
)
DIAGNOSTICS_HEAD: Row = ("parameter", "R-hat", "bulk sample size", "tail sample size", "apart from second seed, SDs")
PRIOR_HEAD: Row = ("unit", "figures", "inside 50%", "inside 95%", "width of 95%: prior", "posterior")
EFFECT_HEAD: Row = ("trial", "own benefit, SDs between trials", "own placebo effect, SDs between trials")


def parameter_rows(record: Record) -> list[Row]:
    """One row a parameter with its unit, those that the trials tell most about first."""
    units = _units()
    return [
        (
            row["name"],
            units[row["name"]],
            _three(row["prior_median"]),
            significant(row["prior_sd"], 2),
            _three(row["median"]),
            _span(row["low"], row["high"]),
            plain(row["sd_over_prior_sd"], 3),
            plain((row["median"] - row["prior_median"]) / row["prior_sd"], 2),
            "informed" if row["informed"] else NOT_INFORMED,
        )
        for row in _by_information(record)
    ]


def short_rows(record: Record, informed: bool) -> list[Row]:
    """The same in four columns, of the parameters that the trials inform, or of the others."""
    return [
        (
            row["name"],
            f"{_three(row['prior_median'])} ({significant(row['prior_sd'], 2)})",
            f"{_three(row['median'])} ({_span(row['low'], row['high'])})",
            plain(row["sd_over_prior_sd"], 3),
        )
        for row in _by_information(record)
        if row["informed"] is informed
    ]


def _by_information(record: Record) -> list[Mapping[str, Any]]:
    return sorted(record["parameters"], key=lambda row: row["sd_over_prior_sd"])


def _three(value: float) -> str:
    return significant(value, 3)


def _span(low: float, high: float) -> str:
    return f"{_three(low)} to {_three(high)}"


def _units() -> dict[str, str]:
    from ketascope.evidence.priors import load_prior_rows
    from ketascope.evidence.symptom_trials.estimation import PRIOR_FILE
    from ketascope.evidence.symptom_trials.posterior import MULTIPLIER_UNIT

    rows = load_prior_rows(PRIOR_FILE)
    return {name: MULTIPLIER_UNIT if "family" in row else row["unit"] for name, row in rows.items()}


def diagnostics_rows(record: Record) -> list[Row]:
    """Convergence of each parameter, and how far its mean lies from that of the second seed."""
    apart = {row["name"]: row["in_sd"] for row in record["second_seed"]["rows"]}
    return [
        (
            row["name"],
            diagnostic(row["r_hat"], 4),
            diagnostic(row["bulk_sample_size"], 0),
            diagnostic(row["tail_sample_size"], 0),
            plain(apart[row["name"]], 3),
        )
        for row in record["parameters"]
    ]


def diagnostics_lines(record: Record) -> list[str]:
    """Convergence and the second seed in sentences; what misses a limit is named."""
    second = record["second_seed"]
    return [
        f"{record['chains']} chains of {record['draws']} draws after {record['warm_up']}, seed {record['seed']}: "
        f"{convergence_words(record)}",
        "A second run from another seed: the means of a parameter lie at most "
        f"{plain(second['largest_in_posterior_sd'], 3)} posterior SDs apart, "
        f"{plain(second['largest_in_monte_carlo_errors'], 1)} Monte-Carlo standard errors.",
    ]


def prior_rows(record: Record) -> list[Row]:
    """By unit: how many observations the priors alone hold, and how much narrower the posterior's intervals are."""
    rows: list[Row] = []
    fitted = [row for row in record["posterior_predictive"] if row["use"] == "fit"]
    for unit in dict.fromkeys(row["unit"] for row in record["prior_predictive"]):
        own = [row for row in record["prior_predictive"] if row["unit"] == unit]
        seen = [row for row in own if row["observed"] is not None]
        widths = [_middle_width(table, unit) for table in (record["prior_predictive"], fitted)]
        inside = [f"{sum(row[name] for row in seen)} of {len(seen)}" for name in ("inside_50", "inside_95")]
        rows.append((unit, str(len(own)), *inside, *widths))
    return rows


def _middle_width(rows: Sequence[Mapping[str, Any]], unit: str) -> str:
    from statistics import median

    from ketascope.report.trial_ledger import figure

    widths = [row["high_95"] - row["low_95"] for row in rows if row["unit"] == unit]
    return figure(median(widths), unit) if widths else NOT_SHOWN


def sensitivity_head(record: Record) -> Row:
    """Columns of the sensitivity table: one a weight."""
    return ("parameter", *(f"weight {weight}" for weight in record["sensitivity"][0]["by_weight"]))


def sensitivity_rows(record: Record) -> list[Row]:
    """Median and 95% interval at each weight of the published pooled estimates."""
    return [
        (row["name"], *(f"{_three(middle)} ({_span(low, high)})" for middle, low, high in row["by_weight"].values()))
        for row in record["sensitivity"]
    ]


def sensitivity_line(record: Record) -> str:
    """The largest move of a median away from the weight in use, in posterior SDs of that weight."""
    from ketascope.evidence.symptom_trials.trial_file import Z_95, assumptions

    weight = f"{assumptions()['pooled_estimate_weight']:g}"
    moves = []
    for row in record["sensitivity"]:
        middle, low, high = row["by_weight"][weight]
        sd = (high - low) / (2.0 * Z_95)
        moves += [(abs(other[0] - middle) / sd, row["name"], key) for key, other in row["by_weight"].items()]
    size, name, other = max(moves)
    return (
        f"In use: weight {weight}. The largest move of a median is {plain(size, 2)} posterior SDs, that of {name} at "
        f"weight {other}."
    )


def effect_rows(record: Record) -> list[Row]:
    """Each trial's own effects: median and 95% interval, standard normal before the fit."""

    def words(values: Sequence[float]) -> str:
        low, middle, high = values
        return f"{plain(middle, 2)} ({plain(low, 2)} to {plain(high, 2)})"

    return [(row["trial"], words(row["benefit"]), words(row["placebo"])) for row in record["trial_effects"]]


def between_trials_line(record: Record) -> str:
    """How much ketamine trials differ beyond what the model explains."""
    row = next(row for row in record["parameters"] if row["name"] == "trial_sd")
    shown = {**row, "unit": "SD", "low_95": row["low"], "high_95": row["high"]}
    return (
        f"Ketamine and esketamine trials differ by an SD of {plain(row['median'], 2)} ({interval(shown, '95')}) "
        "standardised differences beyond what drug, dose, route, time, control and indication explain."
    )


def print_trial_estimation(document: Record, console: Console | None = None) -> None:
    """Print a fit to the trials: convergence, parameters, predictions, trials left out, misfits."""
    from ketascope.evidence.trial_ledger import trial_ledger

    console = screen(console)
    for line in diagnostics_lines(document):
        console.print(f"{line}\n", markup=False)
    print_table(console, "Parameters that the trials inform", SHORT_HEAD, short_rows(document, True), 1)
    title = f"Parameters {NOT_INFORMED}: no narrower than before, though some may have moved"
    print_table(console, title, SHORT_HEAD, short_rows(document, False), 1)
    console.print(f"{between_trials_line(document)}\n", markup=False)
    title = "By the weight of published pooled estimates"
    print_table(console, title, sensitivity_head(document), sensitivity_rows(document), 1)
    console.print(f"{sensitivity_line(document)}\n", markup=False)
    print_table(console, "What the priors alone predict", PRIOR_HEAD, prior_rows(document), 1)
    trials = trial_ledger(document)
    print_predictions(trials, console)
    print_left_out(trials, console)
    print_misfits(trials, console)


def trial_estimation_markdown(document: Record) -> str:
    """The page on the fit; every figure is taken from the record, nothing is typed in."""
    from ketascope.evidence.priors import INFORMED_BELOW
    from ketascope.evidence.trial_ledger import trial_ledger

    trials = trial_ledger(document)
    informed = sum(row["informed"] for row in document["parameters"])
    parts = [
        "# Estimation of the symptom model from the trials",
        "",
        "Written by `make validate`; every figure follows from the fit, none is typed in. Which trials count, and what "
        "of each, stands in `evidence/data/calibration_trials.toml`; priors and their reasons in "
        "`evidence/data/trial_priors.toml`. This is about groups of people in trials, not about a person.",
        "",
        f"**{trials['dose_support']}**",
        "",
        between_trials_line(document),
        "",
        *misfits_markdown(trials, "## "),
        "## Convergence",
        "",
        *(text for line in diagnostics_lines(document) for text in (line, "")),
        *markdown_table(DIAGNOSTICS_HEAD, diagnostics_rows(document)),
        "",
        "## What the trials taught",
        "",
        f'`SD ratio` is posterior SD over prior SD. From {INFORMED_BELOW:g} a parameter reads "{NOT_INFORMED}": '
        "the trials do not narrow its prior, though they may move it. "
        f"{informed} of {len(document['parameters'])} are informed.",
        "",
        *markdown_table(PARAMETER_HEAD, parameter_rows(document)),
        "",
        "![Prior and posterior of each parameter](figures/trial-parameters.png)",
        "",
        "## Each trial's own effects",
        "",
        "What a trial has beyond the model, in SDs between trials (standard normal before the fit); above 0 means more "
        "benefit, or a larger placebo effect.",
        "",
        *markdown_table(EFFECT_HEAD, effect_rows(document)),
        "",
        *predictions_markdown(trials, "## "),
        "![Figures observed and predicted](figures/trial-predictions.png)",
        "",
        "## What the priors alone predict",
        "",
        "Rows of the fit, by unit; the widths are medians over the rows.",
        "",
        *markdown_table(PRIOR_HEAD, prior_rows(document)),
        "",
        "## Weight of published pooled estimates",
        "",
        "Published pools share patients with trials that stand beside them, so their likelihood has a power below 1. "
        f"{sensitivity_line(document)}",
        "",
        *markdown_table(sensitivity_head(document), sensitivity_rows(document)),
        "",
        *left_out_markdown(trials, "## "),
        "![Trials left out, observed and predicted](figures/trial-left-out.png)",
        "",
    ]
    return "\n".join(parts)


def write_trial_estimation(path: str | os.PathLike[str], document: Record) -> Path:
    """Write the page and its figures (parameters, predictions, trials left out) into `figures/` beside it."""
    from ketascope.charts import parameter_contraction, render_png, trial_predictions
    from ketascope.evidence.trial_ledger import trial_ledger

    trials = trial_ledger(document)
    pictures = {
        "trial-parameters": parameter_contraction(contraction(document)),
        "trial-predictions": trial_predictions(trials["rows"]),
        "trial-left-out": trial_predictions(trials["leave_one_out"]["rows"], left_out=True),
    }
    page = trial_estimation_markdown(document)
    folder = Path(path).parent / "figures"
    folder.mkdir(exist_ok=True)
    for name, chart in pictures.items():
        write_aside(folder / f"{name}.png", render_png(chart.spec, scale=PICTURE_SCALE))
    return write_aside(path, page)


def contraction(record: Record) -> list[dict[str, Any]]:
    """Prior and posterior 95% intervals of each parameter, in prior SDs from the prior median."""
    import numpy as np

    from ketascope.evidence.symptom_trials.estimation import prior_draws

    draws = prior_draws()
    rows = []
    for row in _by_information(record):
        middle, sd = row["prior_median"], row["prior_sd"]
        low, high = (float(value) for value in np.quantile(draws[row["name"]], [0.025, 0.975]))
        figures = {
            "prior_low": low,
            "prior_high": high,
            "low": row["low"],
            "median": row["median"],
            "high": row["high"],
        }
        rows.append(
            {
                "name": row["name"],
                "informed": row["informed"],
                "sd_ratio": row["sd_over_prior_sd"],
                **{name: (value - middle) / sd for name, value in figures.items()},
            }
        )
    return rows
