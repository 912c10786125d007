"""What `ketascope trial --json` prints, with --plan as well."""

from __future__ import annotations

from typing import Literal

from ketascope.contract.parts import Flag, Part, PersonRow

QuantityName = Literal["assurance", "power", "type I error"]
Method = Literal["ancova", "mixed_model", "responders"]


class Figure(Part):
    """A figure over replicates with its Monte-Carlo interval (95%), which shrinks with more replicates.

    Null: there was nothing to make it of, or too little for that end.
    """

    value: float | None
    low: float | None
    high: float | None


class ArmRow(Part):
    """One arm; share: its weight in the randomisation. A placebo has no sentence and comes as `procedures_of` does."""

    name: str
    sentence: str | None
    share: int
    is_control: bool
    procedures_of: str | None


class DropOutRow(Part):
    """Percent of people gone at the last visit, of those one SD worse than their arm on top, and arm by arm."""

    percent: float
    percent_more_if_worse: float
    percent_by_arm: dict[str, float]


class RescueRow(Part):
    """From when, below which fall of the baseline, and how much it lowers the score in SDs."""

    from_visit_h: float
    percent_fall: float
    smd: float


class AdaptationRow(Part):
    """Looks as shares of the information, and what may happen at them; null: it does not."""

    information: list[float]
    spending: str
    futility_below: float | None
    people_most: int | None
    wanted_power: float | None


class DesignRow(Part):
    """The design as it was read; times in hours from the first dose. baseline: the scores that may enter."""

    indication: str
    scale: str
    scale_label: str
    arms: list[ArmRow]
    people: int
    visits_h: list[float]
    primary_visit_h: float
    control_type: str
    person: PersonRow
    parameters: Literal["posterior", "fixed"]
    is_null: bool
    baseline_least: float | None
    baseline_most: float | None
    drop_out: DropOutRow
    rescue: RescueRow | None
    estimand: str
    analyses: list[Method]
    alpha: float
    adaptation: AdaptationRow
    people_curve: list[int]
    dose_curve: list[str]
    scenarios: list[str]
    sampling: str


class Intervals(Part):
    """How the intervals are made."""

    monte_carlo_level: float
    shares: str
    means: str
    quantiles: str
    predictive_level: float


class RulesRow(Part):
    """Methods behind looks, futility, more people and several arms; null where the design has none."""

    looks: str | None
    futility: str | None
    reestimation: str | None
    several_arms: str | None


class PeopleUsed(Part):
    """People whom a trial took in; quantiles by their share, such as "0.5"."""

    mean: Figure
    quantiles: dict[str, Figure]


class PredictiveInterval(Part):
    """Where 95 in 100 trials of this design have their estimate, and the middle one."""

    low: Figure
    median: Figure
    high: Figure


class Spread(Part):
    """SD of the estimate over trials, and what of it comes from who takes part and from parameters that are not known.

    from_parameters: null where they are fixed.
    """

    between_trials: Figure
    from_people: Figure
    from_parameters: Figure | None


class Bias(Figure):
    """Mean difference from the same analysis of complete data; note: what sets the two apart beside chance."""

    monte_carlo_se: float | None
    note: str | None


class Coverage(Figure):
    """Share of intervals that hold the true effect; note: which one, or why there is none."""

    note: str


class Stopping(Figure):
    """Share of replicates that ended at a look for a reason."""

    look: int
    reason: Literal["planned end", "end after more people", "benefit", "harm", "futility"]


class Failure(Figure):
    """Share and number of replicates without an estimate."""

    count: int


class ImportantDifference(Figure):
    """Share of trials whose estimate is at least a minimal important difference of a source."""

    least: float
    end: Literal["low", "value", "high"]
    unit: str
    source: str


class NumberNeededRow(Figure):
    """Number needed to treat; where the interval holds no difference `high` is null and `harm` the number to harm."""

    harm: float | None
    of: str


class Contrast(Part):
    """One active arm against the control, by one method; effects in the method's unit, negative points are better.

    success_adjusted: after Holm's correction for several arms. standardised_effect and important_difference: of
    differences in points; number_needed_to_treat: of responders.
    """

    arm: str
    control: str
    success: Figure
    success_adjusted: Figure
    wrong_direction: Figure
    expected_effect: Figure
    predictive_interval: PredictiveInterval
    spread: Spread
    active_mean: Figure
    control_mean: Figure
    bias: Bias
    coverage: Coverage
    people: Figure
    analysed: Figure
    stopping: list[Stopping]
    failures: dict[str, Failure]
    standardised_effect: Figure | None = None
    important_difference: list[ImportantDifference] | None = None
    number_needed_to_treat: NumberNeededRow | None = None


class CurvePoint(Part):
    """The share of successful trials at another number of people."""

    people: int
    any_arm: Figure
    arms: dict[str, Figure]


class MethodResult(Part):
    """One analysis of all replicates; without a replicate it has no figures."""

    method: Method
    label: str
    test: str
    unit: str
    estimand: str
    replicates: int
    any_arm: Figure | None = None
    people_used: PeopleUsed | None = None
    contrasts: list[Contrast]
    curve: list[CurvePoint] | None = None
    curve_note: str | None = None


class Result(Part):
    """What a run found: `quantity` is what the share of significant trials is called, `meaning` says it in words."""

    title: str
    quantity: QuantityName
    meaning: str
    parameters: Literal["posterior", "fixed"]
    is_null: bool
    alpha: float
    people: int
    replicates: int
    primary_visit_h: float
    scale_label: str
    estimand: str
    intervals: Intervals
    rules: RulesRow
    methods: list[MethodResult]
    sentences: list[str]


class PredictedEffect(Part):
    """The distribution of an arm's estimate over replicates, in points: quantiles, and counts in equal bins."""

    arm: str
    replicates: int
    low_95: float
    low_50: float
    median: float
    high_50: float
    high_95: float
    bin_edges: list[float]
    bin_counts: list[int]


class ObservedTrial(Part):
    """A real trial's result against that distribution; of a bound alone (`smd_within`) only `within_bound` is said."""

    arm: str
    label: str
    source: str
    estimate: float | None
    standard_error: float | None
    low: float | None
    high: float | None
    smd_within: float | None
    percentile: float | None
    as_far_percent: float | None
    inside_50: bool | None
    inside_95: bool | None
    within_bound: Figure | None


class NullRun(Part):
    """The same design without any drug effect: its share of significant trials is the type I error."""

    replicates: int
    result: Result


class DoseRun(NullRun):
    """The design with another sentence in its first active arm."""

    sentence: str


class SolverCounts(Part):
    """Simulated people; redone: on a finer grid; doubtful: no two grids agree; failed: no finite numbers."""

    people: int
    redone: int
    doubtful: int
    failed: int


class Chunks(Part):
    """How the work was cut."""

    count: int
    replicates_each: int


class Answer(Part):
    """People of all arms together, with the interval over resampled replicates; null beyond the largest tried."""

    value: int | None
    low: int | None
    high: int | None


class AtMost(Figure):
    """The share of successful trials at the largest number of people that was tried."""

    people: int


class Ceiling(Figure):
    """What no number of people exceeds."""

    note: str


class PlanPoint(Figure):
    """The share of successful trials at one size, and the same made non-decreasing over sizes."""

    people: int
    smoothed: float


class Formula(Part):
    """What the usual formula gives for the mean effect and spread of these trials, were the effect known."""

    people: int
    difference: float
    standard_deviation: float
    correlation: float
    analysed_share: float


class PlanRow(Part):
    """The smallest number of people for a power or assurance. resamples_that_reach: of the resampled replicates the
    share in which any size tried reaches it. block: people come in multiples of it."""

    target: float
    quantity: QuantityName
    method: Method
    arm: str
    reached: bool
    answer: Answer
    resamples_that_reach: float
    people_most: int
    people_tried: int
    block: int
    replicates: int
    at_most: AtMost
    ceiling: Ceiling | None
    curve: list[PlanPoint]
    how: str
    formula: Formula | None
    sentences: list[str]


class TrialDocument(Part):
    """A virtual trial: the design, what came out, the same without an effect, other doses, and a plan if asked for.

    fingerprint: of all that the numbers follow from; content_hash: of what was computed (`content` says what). Both
    are the same for any engine and any number of workers.
    """

    version: str
    seed: int
    title: str
    design: DesignRow
    defaulted: list[str]
    replicates: int
    result: Result
    predicted_effect: list[PredictedEffect]
    observed: ObservedTrial | None
    null: NullRun | None
    dose_curve: list[DoseRun]
    flags: list[Flag]
    fingerprint: str
    content_hash: str
    content: Literal["analyses", "visits and analyses"]
    solver: SolverCounts
    chunks: Chunks
    plan: PlanRow | None
