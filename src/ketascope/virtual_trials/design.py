"""What a virtual trial is: arms, people, visits, who leaves, how it is analysed and when it may stop."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from ketascope.people import Person

PARAMETERS = ("posterior", "fixed")
"""posterior: each replicate draws the model's parameters, which gives assurance; fixed: central values, power."""
ANALYSES = ("ancova", "mixed_model", "responders")
ESTIMANDS = ("treatment policy", "hypothetical")
"""What happens to ratings after a rescue: kept, or left out."""
SPENDING = ("obrien-fleming", "pocock")
"""Spending functions of the type I error, by whose boundaries they imitate."""


@dataclass(frozen=True)
class Arm:
    """One arm. sentence: what is given, None for a placebo that comes at the visits of `procedures_of`.

    share: weight in the randomisation. is_control: every other arm is compared with this one.
    """

    name: str
    sentence: str | None
    share: int = 1
    is_control: bool = False
    procedures_of: str | None = None


@dataclass(frozen=True)
class DropOut:
    """Who leaves. percent: of people gone at the last visit, at a constant rate; percent_more_if_worse: added to it for
    people who are one SD worse than their arm's mean at the visit before (negative: they stay); percent_by_arm: the
    percent of an arm, by its name, that stands in for the common one."""

    percent: float = 0.0
    percent_more_if_worse: float = 0.0
    percent_by_arm: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Rescue:
    """Other treatment for those who have not fallen by `percent_fall` of their baseline at a visit from `from_visit_h`
    on; at the visits after it the score is lower by `smd` standard deviations of the scale's end of trial."""

    from_visit_h: float
    percent_fall: float
    smd: float


@dataclass(frozen=True)
class Adaptation:
    """Looks at `information` (shares of the people, the last is 1) with a spending function of the two-sided alpha;
    futility_below: stop where the conditional power falls below it; people_most: sample-size re-estimation at the
    first look may raise the people to so many, for a conditional power of `wanted_power`."""

    information: tuple[float, ...] = (1.0,)
    spending: str = "obrien-fleming"
    futility_below: float | None = None
    people_most: int | None = None
    wanted_power: float | None = None


@dataclass(frozen=True)
class Observed:
    """What a real trial of this design found: `arm` minus the control at the primary visit, in points (negative is
    better) with its standard error; or smd_within, where it printed no difference but found none: its size then stayed
    below so many standard deviations."""

    arm: str
    label: str
    source: str
    estimate: float | None = None
    standard_error: float | None = None
    smd_within: float | None = None


@dataclass(frozen=True)
class Design:
    """A virtual trial, checked. Times are hours from the first dose; 0 is the baseline rating and always a visit.

    people: of all arms together. mixed_model_replicates: the mixed model is fitted to the first so many replicates
    (None: to all; it is slow). defaulted: fields that the design file left out, as `table.key`. flags: cautions about
    the arms, as (code, message).
    """

    title: str
    indication: str
    scale: str
    arms: tuple[Arm, ...]
    people: int
    visits_h: tuple[float, ...]
    primary_visit_h: float
    control_type: str
    person: Person
    seed: int = 0
    replicates: int = 1000
    parameters: str = "posterior"
    is_null: bool = False
    baseline_least: float | None = None
    baseline_most: float | None = None
    drop_out: DropOut = DropOut()
    rescue: Rescue | None = None
    estimand: str = "treatment policy"
    analyses: tuple[str, ...] = ("ancova", "responders")
    alpha: float = 0.05
    adaptation: Adaptation = Adaptation()
    people_curve: tuple[int, ...] = ()
    dose_curve: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    sampling: str = "venous"
    mixed_model_replicates: int | None = None
    observed: Observed | None = None
    defaulted: tuple[str, ...] = ()
    flags: tuple[tuple[str, str], ...] = ()

    @property
    def control(self) -> Arm:
        """The arm that the others are compared with."""
        return next(arm for arm in self.arms if arm.is_control)

    @property
    def active(self) -> tuple[Arm, ...]:
        """The arms that are compared with the control, in their order."""
        return tuple(arm for arm in self.arms if not arm.is_control)

    @property
    def people_simulated(self) -> int:
        """People of a replicate: as many as the largest size that an adaptation or a curve over n may ask for."""
        return max(self.people, self.adaptation.people_most or 0, *self.people_curve)


@dataclass(frozen=True)
class SimulatedTrials:
    """Replicates side by side; people stand in the order in which they entered.

    arm: (people,), index into `Design.arms`, the same in every replicate (permuted blocks, so that any first k people
    are balanced as far as the shares allow). baseline: (replicates, people). complete: (replicates, people, visits),
    every rating after the baseline as it would have been without drop-out and rescue. observed: the same, NaN where a
    rating is missing or, for the hypothetical estimand, comes after a rescue. rescued_h: (replicates, people), inf
    where nobody was rescued. redone and doubtful: people whose states needed a finer grid, and those for whom no two
    grids agree (see `ketascope.simulation`). failed: people for whom the solver has no finite numbers; all their
    ratings after the baseline are NaN, the complete ones too.
    """

    first_replicate: int
    arm: np.ndarray
    baseline: np.ndarray
    complete: np.ndarray
    observed: np.ndarray
    rescued_h: np.ndarray
    redone: int = 0
    doubtful: int = 0
    failed: int = 0
