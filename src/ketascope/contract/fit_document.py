"""What `ketascope fit --json` prints."""

from __future__ import annotations

from typing import Literal

from ketascope.contract.parts import Flag, Part


class ErrorModel(Part):
    """Residual error of a concentration, SDs of its logarithm, as an equation in p and c."""

    equation: str
    p_ketamine: float
    p_norketamine: float
    c: float


class Band(Part):
    """Median and central 90% of draws."""

    median: float
    low: float
    high: float


class PopulationRow(Part):
    """A population value before and after the data; informed: whether its SD fell below nine tenths of what it was."""

    name: str
    unit: str
    prior: Band
    posterior: Band
    sd_over_prior_sd: float
    informed: bool


class _Chains(Part):
    """How far Markov chains agree; null where they stood still. settled: no limit is missed and no step diverged."""

    largest_r_hat: float | None
    smallest_sample_size: float | None
    divergences: int
    settled: bool


class PopulationFit(_Chains):
    """Population values estimated from all people in the data, the package's posterior being what was known before."""

    people: int
    chains: int
    warm_up: int
    draws: int
    prior: str
    rows: list[PopulationRow]


class Shrinkage(Part):
    """1 - SD of estimated random effects and of residuals over people; null for fewer than three."""

    effects: dict[str, float | None]
    people: dict[str, int]
    residuals: float | None


class FittedDose(Part):
    """A dose of the data with the occasion that it belongs to, counted from 1."""

    time_h: float
    drug: str
    route: str
    amount_mg: float
    duration_h: float
    occasion: int


class SearchResult(Part):
    """The search for the most probable values: from how many starts, how many ended there.

    other_optimum: how much worse another end was (minus log posterior), null where there was none. draws_worth: draws
    of the posterior in independent ones.
    """

    converged: bool
    minus_log_posterior: float
    newton_decrement: float
    starts: int
    starts_agreeing: int
    other_optimum: float | None
    draws_worth: float


class _Estimate(Part):
    """A person's value of a parameter with its central 90%, beside that of the typical person of their size.

    occasion: null for what is the person's on every occasion. sd_over_prior_sd: 1 where the data said nothing.
    """

    name: str
    unit: str
    occasion: int | None
    value: float
    low: float
    high: float
    typical: float
    sd_over_prior_sd: float
    informed: bool


class Estimate(_Estimate):
    """The most probable value; beside the ends of the posterior draws those of the normal approximation (Laplace)."""

    laplace_low: float
    laplace_high: float


class SampledEstimate(_Estimate):
    """The median of sampled draws; how far the other ends lie from these, in posterior SDs."""

    apart_sd: float
    laplace_apart_sd: float


class Sampled(_Chains):
    """Draws by NUTS, where they were asked for."""

    draws: int
    estimates: list[SampledEstimate]


class Effect(Part):
    """A random effect in its own SDs: 0 is the typical person."""

    name: str
    occasion: int | None
    eta: float
    sd: float
    informed: bool


class Loading(Part):
    """What a random effect has in a combination of several."""

    name: str
    occasion: int | None
    loading: float


class Direction(Part):
    """A combination of random effects that the data left as unsure as before."""

    sd_over_prior_sd: float
    effects: list[Loading]


class ObservedConcentration(Part):
    """A sample with its predictions: PRED, IPRED, IWRES and CWRES, the residuals null below the limit.

    row: its row in the file.
    """

    row: int
    analyte: str
    occasion: int
    time_h: float
    observed_ng_per_ml: float | None
    limit_ng_per_ml: float | None
    is_below: bool
    pred_ng_per_ml: float
    ipred_ng_per_ml: float
    iwres: float | None
    cwres: float | None


class ObservedScore(Part):
    """A score or dissociation beside the central 95% of simulated people; null where the model has none."""

    row: int
    analyte: str
    time_h: float
    observed: float
    median: float | None
    low: float | None
    high: float | None
    inside: bool | None


class FittedCourse(Part):
    """Concentrations of one analyte on one occasion, hours from `start_h`: the typical person and the person, with the
    central 90% of each; one value for each time."""

    analyte: str
    occasion: int
    start_h: float
    time_h: list[float]
    pred_ng_per_ml: list[float]
    pred_low_ng_per_ml: list[float]
    pred_high_ng_per_ml: list[float]
    ipred_ng_per_ml: list[float]
    ipred_low_ng_per_ml: list[float]
    ipred_high_ng_per_ml: list[float]


class Predicted(Band):
    """Of the person, and of the typical person before the data."""

    typical: Band


class NextDose(Part):
    """Exposure in the first occasion of another regimen, from the first to the second hour of `window_h`."""

    sentence: str
    window_h: tuple[float, float]
    ketamine_cmax_ng_per_ml: Predicted
    ketamine_auc_ng_h_per_ml: Predicted
    ketamine_trough_ng_per_ml: Predicted
    norketamine_cmax_ng_per_ml: Predicted
    norketamine_auc_ng_h_per_ml: Predicted
    norketamine_trough_ng_per_ml: Predicted


class FittedPerson(Part):
    """One person of the data. defaulted: covariates that the data do not have. fit: null without concentrations."""

    id: str
    weight_kg: float
    age_years: float
    sex: str | None
    hepatic: str
    defaulted: list[str]
    regimen: str
    doses: list[FittedDose]
    fit: SearchResult | None
    estimates: list[Estimate]
    effects: list[Effect]
    directions: list[Direction]
    observations: list[ObservedConcentration]
    scores: list[ObservedScore]
    sampled: Sampled | None
    courses: list[FittedCourse]
    next_dose: NextDose | None
    flags: list[Flag]


class FitDocument(Part):
    """Individual parameters of the people of a data set: for research use, not for dosing."""

    version: str
    label: Literal["for research use; not for dosing"]
    file: str | None
    method: Literal["map", "nuts"]
    sampling: str
    indication: str | None
    seed: int
    interval_percent: int
    people: int
    observations: int
    below_limit: int
    error_model: ErrorModel
    population: PopulationFit | None
    shrinkage: Shrinkage
    score_patients: int
    subjects: list[FittedPerson]
