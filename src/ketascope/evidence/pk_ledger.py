"""The credibility ledger: predicted against observed, row by row; the pharmacokinetic part, with the trials beside it.

Every row of the observed table comes back, with a prediction where one can be made and with the reason
where not. The pooled model predicts each row where it was sampled, because venous and arterial plasma differ about
twofold at the end of a short infusion; each published model knows one site and predicts all rows there. Groups of
volunteers that informed the pooled model (training) and those set aside (test) are counted apart. Only concentrations,
peaks and areas of adults with a known regimen enter the fold error; ratios of areas, clearance, bioavailability and
times of the peak stand beside it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ketascope.errors import InputError
from ketascope.evidence.pharmacokinetics.observations import PARTS, part_of
from ketascope.evidence.pk_observed import ANALYTES, ObservedRow, known_routes, load
from ketascope.model.exposure import NG_PER_ML_PER_MG_PER_L

if TYPE_CHECKING:
    from ketascope.people import Person
    from ketascope.regimen import Dose

Array = NDArray[np.float64]
Concentrations = Callable[["tuple[Dose, ...]", "Person", str, Array], Mapping[str, Array]]

SITES: tuple[str, ...] = ("venous", "arterial")
GROUPS: tuple[str, ...] = ("ketamine", "norketamine", "hydroxynorketamine")
FOLDS: Mapping[str, float] = {"within_1_25_fold": 1.25, "within_1_5_fold": 1.5, "within_2_fold": 2.0}
"""Limits that pharmacokinetic predictions are counted against."""
MODELS: Mapping[str, Mapping[str, str]] = {
    "pooled": {"venous": "venous", "arterial": "arterial"},
    "fanta_otto": dict.fromkeys(("venous", "arterial"), "venous-published"),
    "simons": dict.fromkeys(("venous", "arterial"), "arterial-published"),
}
"""Model -> site of the row -> the plasma (`model/plasma.toml`) that predicts it. The first is the default model."""
DEFAULT_MODEL = "pooled"

HORIZON_H = 24.0
"""Peaks are looked for this long after the last dose."""
WHOLE_CURVE_H = 336.0
"""Long enough that what is left of an area is below any digit shown; a test doubles it."""
UNIFORM_POINTS, GEOMETRIC_POINTS = 2000, 800
SHORTEST_STEP_H = 1e-4

NO_SITE = (
    "left out of this ledger, as rows of one sampling site were asked for and symptoms have none; without --sampling "
    "they are shown"
)
DEFINITION = (
    "gmfe = exp(mean |ln(predicted/observed)|) and bias = exp(mean ln(predicted/observed)), every row with "
    "equal weight; concentrations, Cmax and AUC only. Training rows informed the pooled model, test rows were set "
    "aside before its first fit; rows marked in_sample helped to set the published parameters."
)


def fold_error(predicted: float, observed: float) -> float:
    """Predicted over observed: 1 is perfect, 2 is twice too high, 0.5 is twice too low."""
    return predicted / observed


def geometric_mean_fold_error(ratios: Sequence[float]) -> float:
    """exp(mean |ln ratio|), at least 1; errors up and down do not cancel."""
    return math.exp(sum(abs(math.log(ratio)) for ratio in ratios) / len(ratios))


def geometric_bias(ratios: Sequence[float]) -> float:
    """exp(mean ln ratio): above 1 the model predicts too much on average."""
    return math.exp(sum(math.log(ratio) for ratio in ratios) / len(ratios))


def fraction_within(ratios: Sequence[float], fold: float) -> float:
    """Share of ratios between 1/fold and fold."""
    return sum(1.0 / fold <= ratio <= fold for ratio in ratios) / len(ratios)


def time_grid(edges_h: Iterable[float], end_h: float, exact_h: Iterable[float] = ()) -> Array:
    """Times for peaks and areas: uniform overall, geometric after each edge (dose or end of an infusion).

    `exact_h` are times that must be on the grid, such as sampling times.
    """
    parts = [np.linspace(0.0, end_h, UNIFORM_POINTS), np.asarray([*exact_h], dtype=float)]
    for edge_h in sorted({0.0, *edges_h}):
        if edge_h < end_h:
            after_h = np.geomspace(SHORTEST_STEP_H, end_h - edge_h, GEOMETRIC_POINTS)
            parts += [np.asarray([edge_h]), edge_h + after_h]
    times_h = np.unique(np.concatenate(parts))
    return np.asarray(times_h[times_h <= end_h], dtype=float)


def area(times_h: Array, conc_ng_per_ml: Array, to_h: float) -> float:
    """Area under the curve to `to_h` by the trapezoidal rule, in ng*h/mL. `to_h` has to be on the grid."""
    upto = times_h <= to_h
    times, conc = times_h[upto], conc_ng_per_ml[upto]
    return float(np.sum(np.diff(times) * (conc[1:] + conc[:-1]) / 2.0))


class _Predictor:
    """Predicts rows; each curve is computed once however many rows ask for it."""

    def __init__(
        self, rows: Sequence[ObservedRow], concentrations: Concentrations, plasma_at: Mapping[str, str]
    ) -> None:
        self._concentrations = concentrations
        self._plasma_at = plasma_at
        self._exact_h: dict[tuple[str, float, str], set[float]] = defaultdict(set)
        self._cache: dict[tuple[str, float, str, bool, bool], tuple[Array, Mapping[str, Array]]] = {}
        for row in rows:
            if row.compared:
                wanted_h = (row.sample_time_h, row.auc_to_h)
                self._exact_h[self._key(row)] |= {time_h for time_h in wanted_h if time_h is not None}

    @staticmethod
    def _key(row: ObservedRow) -> tuple[str, float, str]:
        if row.weight_kg is None:
            raise InputError(f"row '{row.row_id}' is compared with a prediction but has no weight_kg")
        return row.sentence, row.weight_kg, site_of(row)

    def _curves(
        self, row: ObservedRow, whole: bool = False, as_infusion: bool = False
    ) -> tuple[Array, Mapping[str, Array]]:
        key = (*self._key(row), whole, as_infusion)
        if key not in self._cache:
            self._cache[key] = self._compute(row, whole, as_infusion)
        return self._cache[key]

    def _compute(self, row: ObservedRow, whole: bool, as_infusion: bool) -> tuple[Array, Mapping[str, Array]]:
        from ketascope.people import Person
        from ketascope.regimen import parse

        sentence, weight_kg, site = self._key(row)
        doses = parse(sentence).doses(weight_kg)
        if as_infusion:
            # Any input rate gives the same area, and an hour spares the grid the jump of a bolus.
            drug, amount_mg = doses[0].drug, sum(dose.amount_mg for dose in doses)
            doses = parse(f"{drug} {amount_mg:.12g} mg IV over 60 min").doses(weight_kg)
        edges_h = [time for dose in doses for time in (dose.time_h, dose.time_h + (dose.duration_h or 0.0))]
        exact_h = self._exact_h[self._key(row)]
        end_h = max([max(edges_h) + (WHOLE_CURVE_H if whole else HORIZON_H), *exact_h])
        times_h = time_grid(edges_h, end_h, exact_h)
        return times_h, self._concentrations(doses, Person(weight_kg=weight_kg), self._plasma_at[site], times_h)

    @staticmethod
    def _sum(analyte: str, curves: Mapping[str, Array]) -> Array:
        return np.asarray(sum(np.asarray(curves[name], dtype=float) for name in ANALYTES[analyte]), dtype=float)

    def predict(self, row: ObservedRow) -> float | None:
        """The model's figure for one row, in the row's `unit_norm`; None for an analyte that it does not have."""
        times_h, curves = self._curves(row)
        analytes = row.analyte_key.split(":")
        if any(name not in curves for analyte in analytes for name in ANALYTES[analyte]):
            return None
        if row.statistic_kind == "f":
            own, infusion = self._whole_areas(row)
            return own / infusion
        if row.statistic_kind == "cl":
            return self._clearance(row)
        if row.statistic_kind == "auc_ratio" and row.auc_to_h is not None:
            above, below = (area(times_h, self._sum(analyte, curves), row.auc_to_h) for analyte in analytes)
            return above / below
        conc = self._sum(row.analyte_key, curves)
        if row.statistic_kind == "concentration" and row.sample_time_h is not None:
            return float(np.interp(row.sample_time_h, times_h, conc))
        if row.statistic_kind == "auc" and row.auc_to_h is not None:
            return area(times_h, conc, row.auc_to_h)
        if row.statistic_kind == "cmax":
            return float(conc.max())
        if row.statistic_kind == "tmax":
            return float(times_h[int(conc.argmax())])
        raise InputError(f"row '{row.row_id}': no prediction for statistic_kind '{row.statistic_kind}'")

    def _whole_areas(self, row: ObservedRow) -> tuple[float, float]:
        """Areas to the end of the curve: of the regimen, and of the same milligrams as an infusion."""
        areas = []
        for as_infusion in (False, True):
            times_h, curves = self._curves(row, whole=True, as_infusion=as_infusion)
            areas.append(area(times_h, self._sum(row.analyte_key, curves), float(times_h[-1])))
        return areas[0], areas[1]

    def _clearance(self, row: ObservedRow) -> float:
        """Milligrams of the measured enantiomers over the area of an infusion, in L/h."""
        from ketascope.model.exposure import enantiomer_composition
        from ketascope.regimen import parse

        sentence, weight_kg, _ = self._key(row)
        doses = parse(sentence).doses(weight_kg)
        share = enantiomer_composition()[doses[0].drug]
        given_mg = sum(dose.amount_mg for dose in doses) * sum(
            share["sr".index(name[0])] for name in ANALYTES[row.analyte_key]
        )
        return given_mg * NG_PER_ML_PER_MG_PER_L / self._whole_areas(row)[1]


def site_of(row: ObservedRow) -> str:
    """The sampling site that a row is predicted for: unknown counts as venous, the usual one."""
    return "arterial" if row.sampling_used == "arterial" else "venous"


def _document_row(row: ObservedRow, predicted: Mapping[str, float | None]) -> dict[str, Any]:
    observed, default = row.value_norm, predicted.get(DEFAULT_MODEL)
    return {
        "row_id": row.row_id,
        "study": row.study,
        "part": part_of(row),
        "route": row.route_key or row.route,
        "analyte": row.analyte_group if row.analyte_group != "other" else row.analyte,
        "analyte_measured": row.analyte,
        "sampling": site_of(row) if row.compared else row.sampling_used,
        "sampling_stated": row.sampling,
        "sentence": row.sentence or None,
        "weight_kg": row.weight_kg,
        "statistic": row.statistic,
        "statistic_kind": row.statistic_kind,
        "time_h": row.sample_time_h,
        "unit": row.unit_norm or row.unit,
        "observed": observed,
        "observed_text": f"{row.value} {row.unit}".strip(),
        "predicted": default,
        "fold_error": None if default is None or observed is None else fold_error(default, observed),
        "predicted_by": dict(predicted),
        "in_sample": row.in_sample,
        "used": row.used,
        "why_not": row.why_not or None,
        "source": row.source,
        "verified": row.verified,
        "note": "; ".join(text for text in (row.note, row.conversion_note) if text),
    }


def _statistics(rows: Sequence[Mapping[str, Any]], model: str) -> dict[str, Any]:
    """Fold error of one model over the rows that it predicts."""
    pairs = [(row["predicted_by"].get(model), row["observed"]) for row in rows]
    ratios = [fold_error(predicted, observed) for predicted, observed in pairs if predicted is not None]
    counts = {name: fraction_within(ratios, fold) if ratios else None for name, fold in FOLDS.items()}
    return {
        "rows": len(ratios),
        "gmfe": geometric_mean_fold_error(ratios) if ratios else None,
        "bias": geometric_bias(ratios) if ratios else None,
        **counts,
    }


def _group(rows: Sequence[Mapping[str, Any]], models: Sequence[str]) -> dict[str, Any]:
    return {
        "rows": len(rows),
        "studies": len({row["study"] for row in rows}),
        "models": {model: _statistics(rows, model) for model in models},
    }


def summarise(
    rows: Iterable[Mapping[str, Any]], routes: Sequence[str] = (), models: Sequence[str] = tuple(MODELS)
) -> dict[str, Any]:
    """Fold error by route, analyte, sampling site and part, over the used rows of a ledger.

    A route of `routes` without a used row for ketamine or norketamine is listed too, with 0 rows and no figure: that
    nothing was observed is an answer as well. `totals` has every analyte over all routes, by part.
    """
    rows = list(rows)
    used = [row for row in rows if row["used"]]
    order = [*routes, *sorted({row["route"] for row in used} - set(routes))]
    groups: list[dict[str, Any]] = []
    for route in order:
        for analyte in GROUPS:
            here = [row for row in used if (row["route"], row["analyte"]) == (route, analyte)]
            for site in SITES:
                for part in PARTS:
                    at = [row for row in here if (row["sampling"], row["part"]) == (site, part)]
                    if at:
                        key = {"route": route, "analyte": analyte, "sampling": site, "part": part}
                        groups.append({**key, **_group(at, models)})
            if not here and analyte != "hydroxynorketamine":
                key = {"route": route, "analyte": analyte, "sampling": None, "part": None}
                groups.append({**key, **_group([], models)})
    totals = [
        {"analyte": analyte, "part": part, **_group(at, models)}
        for analyte in GROUPS
        for part in PARTS
        if (at := [row for row in used if (row["analyte"], row["part"]) == (analyte, part)])
    ]
    beside = [row for row in rows if not row["used"] and row["predicted"] is not None]
    return {
        "definition": DEFINITION,
        "rows": len(rows),
        "used": len(used),
        "not_used": len(rows) - len(used),
        "groups": groups,
        "totals": totals,
        "beside": [_beside(row) for row in beside],
    }


def _beside(row: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("row_id", "study", "part", "route", "analyte_measured", "sampling", "statistic_kind", "unit")
    return {key: row[key] for key in (*keys, "observed", "predicted", "fold_error", "in_sample")}


def validate(
    sampling: str | None = None, models: Mapping[str, tuple[Concentrations, Mapping[str, str]]] | None = None
) -> dict[str, Any]:
    """Predict every row that can be predicted and hold it against what was observed.

    `sampling` keeps only the rows of one site (`venous` includes sites that were not stated).
    `models` replaces the models, by name: a function with the signature of `typical_concentrations`, and the plasma
    that it is asked for by the row's site. The document has `rows`, `summary`, and `verification`: a published model
    reproduced with its own parameters, which is no observation and enters no fold error. `trials` is the other part,
    as `trial_ledger.trial_ledger` describes it; for one site only the reason why it is left out.
    """
    if sampling is not None and sampling not in SITES:
        raise InputError(f"sampling '{sampling}' is unknown; use {' or '.join(SITES)}, or leave it out")
    from ketascope.evidence.perez_ruixo import verification
    from ketascope.model.exposure import typical_concentrations

    if models is None:
        models = {name: (typical_concentrations, plasma_at) for name, plasma_at in MODELS.items()}
    observed = [row for row in load() if sampling is None or site_of(row) == sampling]
    predictors = {name: _Predictor(observed, *parts) for name, parts in models.items()}
    rows = [
        _document_row(
            row, {name: predictor.predict(row) for name, predictor in predictors.items()} if row.compared else {}
        )
        for row in observed
    ]
    return {
        "rows": rows,
        "summary": summarise(rows, known_routes(), tuple(models)),
        "verification": verification(),
        "trials": _trials() if sampling is None else {"left_out": NO_SITE},
    }


def _trials() -> dict[str, Any]:
    from ketascope.evidence.trial_ledger import trial_ledger

    return trial_ledger()
