"""The trials as arrays: every rated time of every arm, and how the observed figures follow from them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ketascope.evidence.priors import Prior
from ketascope.evidence.symptom_trials.states import NODES, Surfaces, surfaces
from ketascope.evidence.symptom_trials.trial_file import CONTROLS, PLACEBO_OF, Figure, Trial, assumptions
from ketascope.model.parameter_store import ParameterSet

SAMPLING = "venous"
REFERENCE = "reference regimen"
CONTINUOUS = ("change", "followup", "difference", "smd")


@dataclass(frozen=True)
class Readouts:
    """One column of each array is one arm of one trial at one time; all (readouts,) but the surfaces and scales.

    fast, slow: (readouts, nodes, nodes). Scale limits, baseline and endpoint SD in points of the trial's own scale.
    """

    trial: np.ndarray
    indication: np.ndarray  # of placebo and SSRI rows
    multiplier: np.ndarray
    control: np.ndarray
    active: np.ndarray
    antidepressant: np.ndarray
    time_h: np.ndarray
    minimum: np.ndarray
    maximum: np.ndarray
    baseline: np.ndarray
    endpoint_sd: np.ndarray
    points_scale: np.ndarray  # points of this scale per point of the indication's
    threshold: np.ndarray
    residual_sd: np.ndarray
    visits: np.ndarray
    unblinding: np.ndarray
    fast: np.ndarray
    slow: np.ndarray


@dataclass(frozen=True)
class Design:
    """Everything that the likelihood reads. Rows of a kind stand together; `*_trial` says whose they are.

    mean_map: (figures, readouts), from mean changes to the figures. whiten: (figures, figures), the inverse Cholesky
    factor of their covariance, block by trial. response_at: (rows, times), readouts of which the lowest score counts.
    """

    trials: tuple[Trial, ...]
    indications: tuple[str, ...]
    multipliers: tuple[str, ...]
    readouts: Readouts
    figures: tuple[tuple[int, Figure], ...]
    observed: np.ndarray
    mean_map: np.ndarray
    covariance: np.ndarray
    whiten: np.ndarray
    figure_trial: np.ndarray
    response_at: np.ndarray
    events: np.ndarray
    people: np.ndarray
    response_trial: np.ndarray
    responses: tuple[tuple[int, Figure], ...]
    spread_at: np.ndarray
    log_spread: np.ndarray
    log_spread_error: np.ndarray
    spread_trial: np.ndarray
    bounds: tuple[tuple[int, Figure], ...]
    shares: tuple[tuple[int, Figure], ...]
    share_map: tuple[np.ndarray, np.ndarray]  # differences at the time and at the later time they are a share of
    bound_map: np.ndarray
    bound_limit: np.ndarray
    bound_error: np.ndarray
    bound_trial: np.ndarray
    reference_fast: np.ndarray  # (nodes, nodes) at 24 h
    reference_slow: np.ndarray
    reference_unblinding: float
    fixed: Mapping[str, float]
    key_index: Mapping[tuple[int, str, float], int]  # (trial, arm, time) of each readout


def make_design(
    trials: Sequence[Trial],
    parameters: ParameterSet,
    priors: Mapping[str, Prior],
    multipliers: Sequence[str],
    checks: bool = False,
    pooled_weight: float | None = None,
) -> Design:
    """Simulate every arm and lay the figures out. checks True: the rows that are only held against the model instead.

    pooled_weight: power of the likelihood of published pooled estimates, from the trial file where None; above 0.
    """
    from ketascope.data import load

    indications = tuple(name for name in load("indications"))
    weight = assumptions()["pooled_estimate_weight"] if pooled_weight is None else pooled_weight
    builder = _Builder(trials, parameters, priors, indications, tuple(multipliers), checks, weight)
    return builder.build()


class _Builder:
    def __init__(
        self,
        trials: Sequence[Trial],
        parameters: ParameterSet,
        priors: Mapping[str, Prior],
        indications: tuple[str, ...],
        multipliers: tuple[str, ...],
        checks: bool,
        pooled_weight: float,
    ) -> None:
        self.pooled_weight = pooled_weight
        self.trials, self.parameters, self.priors = tuple(trials), parameters, priors
        self.indications, self.multipliers = indications, multipliers
        self.rows = [(k, row) for k, trial in enumerate(trials) for row in (trial.checks if checks else trial.rows)]
        self.keys: list[tuple[int, str, float]] = []
        for k, row in self.rows:
            times = (*row.window_h, row.of_time_h) if row.of_time_h else row.window_h
            wanted = [(k, arm, time) for arm in (row.arm, row.against) if arm for time in times]
            self.keys += [key for key in wanted if key not in self.keys]
        self.index = {key: position for position, key in enumerate(self.keys)}

    def build(self) -> Design:
        surface_of = self._surfaces()
        reference = surface_of[REFERENCE, False]
        readouts = self._readouts(surface_of)
        continuous = [(k, row) for k, row in self.rows if row.kind in CONTINUOUS]
        counts = [(k, row) for k, row in self.rows if row.kind == "responders"]
        spreads = [(k, row) for k, row in self.rows if row.kind == "change" and row.sd is not None]
        bounds = [(k, row) for k, row in self.rows if row.kind == "bound"]
        shares = [(k, row) for k, row in self.rows if row.kind == "share"]
        covariance = self._covariance(continuous)
        widest = max((len(row.window_h) for _, row in counts), default=1)
        felt = reference.times_h.index(self.parameters.value("symptoms.unblinding_reference_h"))
        return Design(
            trials=self.trials,
            indications=self.indications,
            multipliers=self.multipliers,
            readouts=readouts,
            figures=tuple(continuous),
            observed=np.array([row.value for _, row in continuous]),
            mean_map=self._map(continuous, readouts.endpoint_sd),
            covariance=covariance,
            whiten=np.linalg.inv(np.linalg.cholesky(covariance)) if continuous else np.zeros((0, 0)),
            figure_trial=np.array([k for k, _ in continuous], dtype=int),
            response_at=np.array([self._times(k, row, widest) for k, row in counts], dtype=int).reshape(-1, widest),
            events=np.array([row.value for _, row in counts]),
            people=np.array([row.n for _, row in counts], dtype=float),
            response_trial=np.array([k for k, _ in counts], dtype=int),
            responses=tuple(counts),
            spread_at=np.array([self.index[k, row.arm, row.time_h] for k, row in spreads], dtype=int),
            log_spread=np.log([row.sd or math.nan for _, row in spreads]),
            log_spread_error=np.array([1.0 / math.sqrt(2.0 * (row.n - 1)) for _, row in spreads]),
            spread_trial=np.array([k for k, _ in spreads], dtype=int),
            bounds=tuple(bounds),
            shares=tuple(shares),
            share_map=(
                self._map(shares, readouts.endpoint_sd),
                self._map(
                    [(k, replace(row, window_h=(row.of_time_h or row.time_h,))) for k, row in shares],
                    readouts.endpoint_sd,
                ),
            ),
            bound_map=self._map(bounds, readouts.endpoint_sd),
            bound_limit=np.array([row.value for _, row in bounds]),
            bound_error=np.array([row.error for _, row in bounds]),
            bound_trial=np.array([k for k, _ in bounds], dtype=int),
            reference_fast=reference.fast[-1],
            reference_slow=reference.slow[-1],
            reference_unblinding=float(reference.unblinding[felt]),
            fixed=self._fixed(),
            key_index=self.index,
        )

    def _fixed(self) -> dict[str, float]:
        value = self.parameters.value
        own = {"symptoms.drug_response_sd": value("symptoms.drug_response_sd")}
        for name in self.indications:
            own[f"symptoms.{name}_ssri_difference_week"] = value(f"symptoms.{name}_ssri_difference_week")
        return own

    def _sentences(self, trial: Trial, arm: str) -> tuple[str, ...]:
        """The regimens whose visits (and, in an active arm, states) an arm has."""
        own = trial.arms[arm]
        return own.sentences or (trial.arms[own.control_of].sentences if own.control_of else ())

    def _surfaces(self) -> dict[tuple[str, bool], Surfaces]:
        rows = self.parameters.values_of("symptoms")
        dose, minutes = rows["reference_dose_mg_per_kg"], rows["reference_infusion_min"]
        reference = f"ketamine {dose:g} mg/kg IV over {minutes:g} min"
        times: dict[tuple[str, bool], set[float]] = {}
        for k, arm, time in self.keys:
            for sentence in self._sentences(self.trials[k], arm):
                times.setdefault((sentence, self.trials[k].on_site), set()).add(time)
        found = {
            (sentence, on_site): surfaces(sentence, sorted(at), self.parameters, self.priors, SAMPLING, on_site)
            for (sentence, on_site), at in times.items()
        }
        felt = rows["unblinding_reference_h"]
        found[REFERENCE, False] = surfaces(reference, (felt, 24.0), self.parameters, self.priors, SAMPLING)
        return found

    def _readouts(self, surface_of: Mapping[tuple[str, bool], Surfaces]) -> Readouts:
        columns: dict[str, list[Any]] = {name: [] for name in Readouts.__dataclass_fields__}
        for k, arm, time in self.keys:
            for name, value in self._readout(k, arm, time, surface_of).items():
                columns[name].append(value)
        return Readouts(**{name: np.array(values) for name, values in columns.items()})

    def _readout(
        self, k: int, arm: str, time: float, surface_of: Mapping[tuple[str, bool], Surfaces]
    ) -> dict[str, Any]:
        from ketascope.data import load

        trial, own = self.trials[k], self.trials[k].arms[arm]
        name = PLACEBO_OF.get(trial.indication, trial.indication)
        indication, scales = load("indications")[name], load("scales")
        scale, home = scales[trial.scale], scales[indication["scale"]]
        ratio = (scale["maximum"] - scale["minimum"]) / (home["maximum"] - home["minimum"])
        baseline = trial.baseline or float(indication["baseline_score"]["value"]) * ratio
        fall = trial.response_fall or float(indication["response"]["value"])
        of_regimen = [surface_of[sentence, trial.on_site] for sentence in self._sentences(trial, arm)]
        at = [surface.times_h.index(time) for surface in of_regimen]

        def mean_of(field: str) -> Any:
            return sum(getattr(s, field)[i] for s, i in zip(of_regimen, at, strict=True)) / len(of_regimen)

        active = bool(own.sentences)
        flat = np.zeros((NODES, NODES))
        return {
            "trial": k,
            "indication": self.indications.index(name),
            "multiplier": self.multipliers.index(trial.indication),
            "control": CONTROLS.index(trial.control),
            "active": float(active),
            "antidepressant": float(own.antidepressant),
            "time_h": time,
            "minimum": float(scale["minimum"]),
            "maximum": float(scale["maximum"]),
            "baseline": baseline,
            "endpoint_sd": float(indication["endpoint_sd"]["value"]) * ratio,
            "points_scale": ratio,
            "threshold": baseline * (1.0 - fall),
            "residual_sd": self.parameters.value(f"symptoms.{name}_residual_sd") * ratio,
            "visits": float(mean_of("visits")) if of_regimen else 0.0,
            "unblinding": float(mean_of("unblinding")) if active else 0.0,
            "fast": mean_of("fast") if active else flat,
            "slow": mean_of("slow") if active else flat,
        }

    def _times(self, k: int, row: Figure, width: int) -> list[int]:
        own = [self.index[k, row.arm, time] for time in row.window_h]
        return own + [own[-1]] * (width - len(own))

    def _map(self, rows: Sequence[tuple[int, Figure]], endpoint_sd: np.ndarray) -> np.ndarray:
        """From mean changes of readouts to figures (an arm's, a difference, a standardised one), (rows, readouts)."""
        table = np.zeros((len(rows), len(self.keys)))
        for line, (k, row) in zip(table, rows, strict=True):
            for time in row.window_h:
                share = 1.0 / len(row.window_h)
                at = self.index[k, row.arm, time]
                scale = 1.0 / endpoint_sd[at] if row.kind in ("smd", "bound") else 1.0
                line[at] += share * scale
                if row.against is not None:
                    line[self.index[k, row.against, time]] -= share * scale
        return table

    def _covariance(self, rows: Sequence[tuple[int, Figure]]) -> np.ndarray:
        """Of the reading errors: ratings of one arm (or one contrast) at several times are correlated.

        Arms' means stand by themselves, so that differences from a shared control are correlated as they must be; where
        only differences are printed, two of one trial share half of their variance (the control's).
        """
        r = assumptions()["correlation_between_times"]
        covariance = np.zeros((len(rows), len(rows)))
        for i, (k, one) in enumerate(rows):
            for j, (m, other) in enumerate(rows):
                if k != m:
                    continue
                share = r if one.time_h != other.time_h else 1.0
                if (one.arm, one.against) != (other.arm, other.against):
                    share *= 0.5 if one.against is not None and one.against == other.against else 0.0
                if one.outcomes != other.outcomes and one.time_h == other.time_h and one.arm == other.arm:
                    share = 0.0  # the same arm in two groups of people
                weight = self.pooled_weight if self.trials[k].pooled else 1.0
                covariance[i, j] = share * one.error * other.error / weight
        return covariance
