"""A small record of a fit to the trials, with the structure that `calibrate_on_trials` writes and figures by hand."""

from __future__ import annotations

import copy
from typing import Any

from ketascope.evidence.symptom_trials.leave_one_out import RIVALS, summary

Record = dict[str, Any]


def predicted(trial: str, indication: str, arm: str, outcome: str | list[str], **changes: Any) -> Record:
    """One posterior predictive row: observed -10 points, predicted -8 (-12 to -4), inside the 95% interval only."""
    row = {
        "trial": trial,
        "indication": indication,
        "kind": "change",
        "arm": arm,
        "control": "inert",
        "time_h": 24.0,
        "unit": "points",
        "observed": -10.0,
        "people": 20,
        "median": -8.0,
        "low_50": -9.5,
        "high_50": -6.5,
        "low_95": -12.0,
        "high_95": -4.0,
        "inside_50": False,
        "inside_95": True,
        "imputed_spread": False,
        "outcomes": [outcome] if isinstance(outcome, str) else outcome,
        "use": "fit",
    }
    return row | changes


def in_sds(observed: float | None, median: float, half: float) -> Record:
    """Figures in standardised differences around a median, with the marks that follow from them."""
    ends = {
        "low_50": median - 0.35 * half,
        "high_50": median + 0.35 * half,
        "low_95": median - half,
        "high_95": median + half,
    }
    marks: Record = dict.fromkeys(("inside_50", "inside_95"))
    if observed is not None:
        marks = {f"inside_{level}": ends[f"low_{level}"] <= observed <= ends[f"high_{level}"] for level in ("50", "95")}
    return {"unit": "SD", "observed": observed, "median": median, **ends, **marks}


def left_out(trial: str, arm: str, time_h: float, observed: float, median: float, **changes: Any) -> Record:
    """One comparison of a trial left out; the rivals score worse by 0.05 and 0.10."""
    row = {"trial": trial, "arm": arm, "time_h": time_h, "error": 0.3, "primary": True, "crps": 0.20}
    figures = in_sds(observed, median, 1.0)
    del figures["unit"]
    rivals = {"rival_crps": {RIVALS[0]: 0.25, RIVALS[1]: 0.30}}
    return row | figures | rivals | changes


def parameter(name: str, prior: tuple[float, float], posterior: tuple[float, float, float], ratio: float) -> Record:
    """One parameter: prior median and SD, posterior low, median and high, and the ratio of the SDs."""
    low, median, high = posterior
    return {
        "name": name,
        "r_hat": 1.0012,
        "bulk_sample_size": 1234.5,
        "tail_sample_size": 987.6,
        "prior_median": prior[0],
        "prior_sd": prior[1],
        "median": median,
        "low": low,
        "high": high,
        "sd": ratio * prior[1],
        "sd_over_prior_sd": ratio,
        "informed": ratio < 0.8,
    }


def rows() -> list[Record]:
    """Figures of the fit, one that shares people with one of them, and two published pools."""
    pool = "ketamine against control"
    return [
        predicted(
            "hartland2023", "anxiety_mixed", pool, "hartland2023_subacute", kind="smd", control="mixed", people=None
        )
        | in_sds(-0.44, -0.4, 0.3),
        predicted(
            "hartland2023", "anxiety_mixed", pool, "hartland2023_sustained", kind="smd", control="mixed", people=None
        )
        | in_sds(-0.40, -0.1, 0.2)
        | {"time_h": 252.0},
        predicted("taylor2018", "sad", "ket", "taylor2018:1", kind="responders", time_h=336.0, unit="% responding")
        | {"observed": 33.333, "median": 20.0, "low_50": 10.0, "high_50": 40.0, "low_95": 0.0, "high_95": 80.0}
        | {"inside_50": True},
        predicted("feder2021", "ptsd", "ket against mdz", "feder2021:1", kind="difference", control="active")
        | {"time_h": 336.0, "people": 30},
        predicted("abdallah2022", "ptsd", "ket05 against sal", "abdallah2022:3", kind="bound", time_h=672.0)
        | in_sds(None, -0.3, 1.0)
        | {"bound": 0.38725, "probability_within_bound": 0.42},
        predicted("daly2018", "mdd", "pbo", "ESK_Daly2018:9"),
        predicted("daly2018", "mdd", "esk84", "ESK_Daly2018:12", imputed_spread=True),
        predicted("transform12", "mdd", "esk", "ESK_Sex2022:2", time_h=672.0),
        predicted("transform12", "mdd", "esk", "ESK_Sex2022:7", time_h=672.0),
        predicted("feder2021", "ptsd", "ket", "feder2021:3", kind="responders", time_h=336.0, unit="% responding")
        | {"observed": 66.667, "median": 60.0, "low_50": 50.0, "high_50": 70.0, "low_95": 30.0, "high_95": 90.0}
        | {"inside_50": True, "use": "check: same people as a fitted row"},
        predicted("wilkinson2019_saline", "mdd", pool, "KET_Wilkinson2019:2", kind="smd", people=None)
        | in_sds(-1.8, -0.5, 0.6)
        | {"use": "check: published pool"},
        predicted(
            "taylor2006", "mdd", "drug against pbo", "MDD_Taylor2006:2", kind="share", control="pill", people=None
        )
        | {"time_h": 168.0, "unit": "share", "observed": 0.33, "use": "check: published pool"}
        | {"median": 0.38, "low_50": 0.35, "high_50": 0.41, "low_95": 0.31, "high_95": 0.49, "inside_50": False},
    ]


def comparisons() -> list[Record]:
    """Four trials left out, five comparisons; only those of ketamine have rivals, as all of these are."""
    return [
        left_out("taylor2018", "ket", 336.0, -1.5, -0.4),
        left_out("feder2021", "ket", 336.0, -1.1, -0.7),
        left_out("daly2018", "esk84", 24.0, -0.9, -0.6, crps=0.15),
        left_out("transform12", "esk", 672.0, -0.4, -0.5, primary=False, crps=0.22),
        left_out("transform12", "esk", 672.0, -0.2, -0.5, crps=0.20),
    ]


def record(**changes: Any) -> Record:
    """The whole record; each call gives a copy of its own."""
    left = changes.pop("comparisons", None) or comparisons()
    weights = {"0": [0.08, 0.01, 0.15], "0.5": [0.09, 0.02, 0.16], "1": [0.11, 0.04, 0.18]}
    document = {
        "seed": 1,
        "chains": 4,
        "warm_up": 700,
        "draws": 700,
        "divergences": 0,
        "largest_r_hat": 1.0043,
        "smallest_bulk_sample_size": 812.3,
        "smallest_tail_sample_size": 745.6,
        "unconverged": [],
        "parameters": [
            parameter("contrast_active", (0.498, 0.2078), (0.134, 0.503, 0.877), 1.002),
            parameter("fast_log_fall", (0.119, 0.149), (-0.0095, 0.093, 0.186), 0.298),
            parameter("multiplier_gad", (1.0, 0.71), (-0.167, 0.933, 1.81), 0.636),
            parameter("trial_sd", (0.202, 0.181), (0.305, 0.493, 0.749), 0.615),
        ],
        "trial_effects": [
            {"trial": "hartland2023", "benefit": [-2.0, 0.0, 2.0], "placebo": [-2.0, 0.0, 1.9]},
            {"trial": "taylor2018", "benefit": [0.2, 1.05, 2.1], "placebo": [-2.0, -0.4, 1.1]},
            {"trial": "feder2021", "benefit": [-0.1, 1.2, 2.4], "placebo": [-2.0, -0.4, 1.1]},
            {"trial": "daly2018", "benefit": [-1.3, -0.7, -0.1], "placebo": [-2.0, -0.4, 1.1]},
        ],
        "second_seed": {
            "largest_in_posterior_sd": 0.051,
            "largest_in_monte_carlo_errors": 2.2,
            "rows": [
                {"name": name, "in_sd": 0.051, "in_errors": 2.2}
                for name in ("contrast_active", "fast_log_fall", "multiplier_gad", "trial_sd")
            ],
        },
        "sensitivity": [
            {"name": "fast_log_fall", "by_weight": weights},
            {"name": "trial_sd", "by_weight": dict.fromkeys(weights, [0.493, 0.305, 0.749])},
        ],
        "posterior_predictive": rows(),
        "prior_predictive": [_before_the_fit(row) for row in rows() if row["use"] == "fit"],
        "leave_one_out": {"rows": left, "all": summary(left), "ketamine": summary(left)},
        "model_means": [{"trial": "daly2018", "arm": "esk84", "time_h": 24.0, "model": [-0.8, -0.5, -0.2]}],
    }
    return copy.deepcopy(document | changes)


def _before_the_fit(row: Record) -> Record:
    """The same figure as the priors predict it, three times as wide; it has no use."""
    wide = {f"{side}_{level}": row["median"] + 3.0 * (row[f"{side}_{level}"] - row["median"]) for side, level in _ENDS}
    seen = row["observed"]
    inside = None if seen is None else wide["low_95"] <= seen <= wide["high_95"]
    return {name: value for name, value in (row | wide | {"inside_95": inside}).items() if name != "use"}


_ENDS = [(side, level) for side in ("low", "high") for level in ("50", "95")]
