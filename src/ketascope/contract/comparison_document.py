"""What `ketascope compare --json` prints."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from ketascope.contract.parts import Flag, Part, PersonRow


class Quantity(Part):
    """A number with its central 95%; `interval_of` says over what."""

    median: float
    low: float
    high: float
    interval_of: Literal["patients", "typical patient", "population mean"]

    @model_validator(mode="after")
    def _ordered(self) -> Quantity:
        if not self.low <= self.median <= self.high:
            raise ValueError(f"low {self.low} <= median {self.median} <= high {self.high} does not hold")
        return self


class Pharmacokinetics(Part):
    """Peaks of the first session; areas of the first session to infinity; ketamine counts both enantiomers."""

    ketamine_cmax_ng_per_ml: Quantity | None
    ketamine_tmax_h: Quantity | None
    ketamine_auc_ng_h_per_ml: Quantity | None
    norketamine_cmax_ng_per_ml: Quantity | None
    norketamine_auc_ng_h_per_ml: Quantity | None
    bioavailability: Quantity | None


class TypicalPharmacokinetics(Pharmacokinetics):
    """The same for the typical patient, over the uncertainty of the model's parameters."""


class Receptor(Part):
    """Largest fraction of NMDA receptors blocked in the whole course."""

    peak_block: Quantity | None


class Glutamate(Part):
    """Largest glutamate in the first session, as fold of baseline, and when (hours from the first dose)."""

    peak_fold: Quantity | None
    peak_h: Quantity | None


class Plasticity(Part):
    """Largest plasticity state (0 to 1) in the whole course, and when."""

    peak: Quantity | None
    peak_h: Quantity | None


class AtTimes(Part):
    """One quantity at the reported times after the start of the regimen."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, populate_by_name=True)
    at_2h: Quantity | None = Field(alias="2h")
    at_24h: Quantity | None = Field(alias="24h")
    at_7d: Quantity | None = Field(alias="7d")
    at_28d: Quantity | None = Field(alias="28d")
    at_56d: Quantity | None = Field(alias="56d")


class NumberNeeded(Part):
    """People to treat for one more responder; `low` is the better end, `high` null where there is no upper limit."""

    median: float
    low: float
    high: float | None
    interval_of: Literal["population mean"]


class NumbersNeeded(Part):
    """The number needed to treat at the reported times."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, populate_by_name=True)
    at_2h: NumberNeeded | None = Field(alias="2h")
    at_24h: NumberNeeded | None = Field(alias="24h")
    at_7d: NumberNeeded | None = Field(alias="7d")
    at_28d: NumberNeeded | None = Field(alias="28d")
    at_56d: NumberNeeded | None = Field(alias="56d")


class Symptoms(Part):
    """Points of the named scale, negative is better; response in percent of patients.

    On placebo: the same patients, visits and control without the drug; versus placebo a positive number of responders
    favours the option.
    """

    scale: str
    onset_h: Quantity | None
    ssri_catches_up_h: Quantity | None
    change: AtTimes
    versus_placebo: AtTimes
    response_rate: AtTimes
    response_on_placebo: AtTimes
    response_versus_placebo: AtTimes
    number_needed_to_treat: NumbersNeeded


class Acute(Part):
    """The first session: dissociation in CADSS points, pressure in mmHg, sedation in percent of patients."""

    dissociation_peak: Quantity | None
    dissociation_over_h: Quantity | None
    systolic_rise_mmhg: Quantity | None
    diastolic_rise_mmhg: Quantity | None
    sedation_percent: Quantity | None


class Harm(Part):
    """A harm with what is known of its frequency; a null source means that none was found."""

    harm: str
    frequency: str | None
    source: str | None


class Cost(Part):
    """Self-pay range in US dollars; null ends are unknown. What it pays for (session, month), and who says so, when."""

    low: float | None
    high: float | None
    per: str
    source: str


class Practical(Part):
    """Where it is given, for how long people stay, its legal status and its cost."""

    setting: str | None
    observation_min: float | None
    approval: str | None
    cost_usd: Cost | None


class Evidence(Part):
    """How many randomised trials and people stand behind the option in this indication, and how certain that is."""

    trials: int | None
    participants: int | None
    certainty: str | None
    reasons: list[str]


class OptionRow(Part):
    """Everything about one option."""

    id: str
    label: str
    sentence: str | None
    drug: str | None
    route: str | None
    pk: Pharmacokinetics
    pk_typical: TypicalPharmacokinetics
    receptor: Receptor
    glutamate: Glutamate
    plasticity: Plasticity
    symptoms: Symptoms
    symptoms_if_expectancy: Symptoms
    acute: Acute
    harms: list[Harm]
    practical: Practical
    evidence: Evidence
    flags: list[Flag]


class Psychotherapy(Part):
    """What our sources say of it for the indication, in words; it is not simulated."""

    statement: str
    source: str


class AboutIndication(Part):
    """What stands behind every row: the scale, what counts as a response and who was in the trials."""

    label: str
    dsm5_group: str
    scale: str
    scale_range: str
    minimal_important_difference: str
    baseline_points: float
    response: str
    trial_participants: str
    psychotherapy: Psychotherapy | None


class ComparisonDocument(Part):
    """What `ketascope compare --json` prints."""

    version: str
    seed: int
    indication: str
    about_indication: AboutIndication
    person: PersonRow
    horizon_h: float
    patients: int
    sampling: str
    control: str
    scenarios: list[str]
    defaulted: list[str]
    error_estimate: float | None
    options: list[OptionRow]
