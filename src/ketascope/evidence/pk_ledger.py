"""The pharmacokinetic part of the credibility ledger: predicted against observed, row by row.

Every row of the observed table comes back, with a prediction where one can be made and with the reason
where not. Venous rows are predicted for venous plasma and arterial rows for arterial plasma, because the
two differ about twofold at the end of a short infusion. Only concentrations, peaks and areas of adults with
a known regimen enter the fold error; times of the peak and bioavailability stand beside it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ketascope.errors import InputError
from ketascope.evidence.pk_observed import ANALYTES, ObservedRow, known_routes, load

if TYPE_CHECKING:
    from ketascope.people import Person
    from ketascope.regimen import Dose

Array = NDArray[np.float64]
Concentrations = Callable[["tuple[Dose, ...]", "Person", str, Array], Mapping[str, Array]]

SITES: tuple[str, ...] = ("venous", "arterial")
GROUPS: tuple[str, ...] = ("ketamine", "norketamine")
CLOSE_FOLD, FAR_FOLD = 1.25, 2.0
"""The two limits that pharmacokinetic predictions are usually counted against."""

HORIZON_H = 24.0
"""Peaks are looked for this long after the last dose."""
WHOLE_CURVE_H = 336.0
"""Long enough that what is left of an area is below any digit shown; a test doubles it."""
UNIFORM_POINTS, GEOMETRIC_POINTS = 2000, 800
SHORTEST_STEP_H = 1e-4

DEFINITION = (
    "gmfe = exp(mean |ln(predicted/observed)|) and bias = exp(mean ln(predicted/observed)), every row with "
    "equal weight; concentrations, Cmax and AUC only. Rows marked in_sample helped to set the parameters "
    "that predict them."
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

    def __init__(self, rows: Sequence[ObservedRow], concentrations: Concentrations | None) -> None:
        if concentrations is None:
            from ketascope.model.exposure import typical_concentrations

            concentrations = typical_concentrations
        self._concentrations = concentrations
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
        return times_h, self._concentrations(doses, Person(weight_kg=weight_kg), site, times_h)

    @staticmethod
    def _sum(row: ObservedRow, curves: Mapping[str, Array]) -> Array:
        names = ANALYTES[row.analyte_key]
        return np.asarray(sum(np.asarray(curves[name], dtype=float) for name in names), dtype=float)

    def predict(self, row: ObservedRow) -> float:
        """The model's figure for one row, in the row's `unit_norm`."""
        if row.statistic_kind == "f":
            return self._bioavailability(row)
        times_h, curves = self._curves(row)
        conc = self._sum(row, curves)
        if row.statistic_kind == "concentration" and row.sample_time_h is not None:
            return float(np.interp(row.sample_time_h, times_h, conc))
        if row.statistic_kind == "auc" and row.auc_to_h is not None:
            return area(times_h, conc, row.auc_to_h)
        if row.statistic_kind == "cmax":
            return float(conc.max())
        if row.statistic_kind == "tmax":
            return float(times_h[int(conc.argmax())])
        raise InputError(f"row '{row.row_id}': no prediction for statistic_kind '{row.statistic_kind}'")

    def _bioavailability(self, row: ObservedRow) -> float:
        """Area of the route over area of the same milligrams given IV, both to the end of the curve."""
        areas = []
        for as_infusion in (False, True):
            times_h, curves = self._curves(row, whole=True, as_infusion=as_infusion)
            areas.append(area(times_h, self._sum(row, curves), float(times_h[-1])))
        return areas[0] / areas[1]


def site_of(row: ObservedRow) -> str:
    """The sampling site that a row is predicted for: unknown counts as venous, the usual one."""
    return "arterial" if row.sampling_used == "arterial" else "venous"


def _document_row(row: ObservedRow, predicted: float | None) -> dict[str, Any]:
    observed = row.value_norm
    compared = predicted is not None and observed is not None
    return {
        "row_id": row.row_id,
        "study": row.study,
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
        "predicted": predicted,
        "fold_error": fold_error(predicted, observed) if compared else None,  # type: ignore[arg-type]
        "in_sample": row.in_sample,
        "used": row.used,
        "why_not": row.why_not or None,
        "source": row.source,
        "verified": row.verified,
        "note": "; ".join(text for text in (row.note, row.conversion_note) if text),
    }


def _statistics(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    ratios = [float(row["fold_error"]) for row in rows]
    outside = [float(row["fold_error"]) for row in rows if not row["in_sample"]]
    return {
        "rows": len(rows),
        "studies": len({row["study"] for row in rows}),
        "gmfe": geometric_mean_fold_error(ratios) if ratios else None,
        "bias": geometric_bias(ratios) if ratios else None,
        "within_1_25_fold": fraction_within(ratios, CLOSE_FOLD) if ratios else None,
        "within_2_fold": fraction_within(ratios, FAR_FOLD) if ratios else None,
        "rows_in_sample": len(rows) - len(outside),
        "gmfe_out_of_sample": geometric_mean_fold_error(outside) if outside else None,
    }


def summarise(rows: Iterable[Mapping[str, Any]], routes: Sequence[str] = ()) -> dict[str, Any]:
    """Fold error by route, analyte and sampling site, over the used rows of a ledger.

    A route of `routes` without a used row for an analyte is listed too, with 0 rows and no figure: that
    nothing was observed is an answer as well.
    """
    rows = list(rows)
    used = [row for row in rows if row["used"]]
    order = [*routes, *sorted({row["route"] for row in used} - set(routes))]
    groups: list[dict[str, Any]] = []
    for route in order:
        for analyte in GROUPS:
            here = [row for row in used if (row["route"], row["analyte"]) == (route, analyte)]
            for site in SITES:
                at_site = [row for row in here if row["sampling"] == site]
                if at_site:
                    groups.append({"route": route, "analyte": analyte, "sampling": site, **_statistics(at_site)})
            if not here:
                groups.append({"route": route, "analyte": analyte, "sampling": None, **_statistics([])})
    beside = [row for row in rows if not row["used"] and row["predicted"] is not None]
    return {
        "definition": DEFINITION,
        "rows": len(rows),
        "used": len(used),
        "not_used": len(rows) - len(used),
        "groups": groups,
        "bioavailability": [_beside(row) for row in beside if row["statistic_kind"] == "f"],
        "time_of_peak": [_beside(row) for row in beside if row["statistic_kind"] == "tmax"],
    }


def _beside(row: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("row_id", "study", "route", "analyte_measured", "sampling", "unit")
    return {key: row[key] for key in (*keys, "observed", "predicted", "fold_error", "in_sample")}


def validate(sampling: str | None = None, concentrations: Concentrations | None = None) -> dict[str, Any]:
    """Predict every row that can be predicted and hold it against what was observed.

    `sampling` keeps only the rows of one site (`venous` includes sites that were not stated).
    `concentrations` replaces the model by another function of the same signature. The document has `rows`,
    `summary`, and `verification`: a published model reproduced with its own parameters, which is no
    observation and enters no fold error.
    """
    if sampling is not None and sampling not in SITES:
        raise InputError(f"sampling '{sampling}' is unknown; use {' or '.join(SITES)}, or leave it out")
    from ketascope.evidence.perez_ruixo import verification

    observed = [row for row in load() if sampling is None or site_of(row) == sampling]
    predictor = _Predictor(observed, concentrations)
    rows = [_document_row(row, predictor.predict(row) if row.compared else None) for row in observed]
    return {"rows": rows, "summary": summarise(rows, known_routes()), "verification": verification()}
