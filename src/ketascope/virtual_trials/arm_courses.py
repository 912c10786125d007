"""What an arm's people live through: doses, visits with a procedure, and the states that the score needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from ketascope.comparing.setting import antidepressant_times, ssri_courses, visit_lifts
from ketascope.model.exposure import ketamine_doses
from ketascope.model.occasions import given_on_site
from ketascope.model.plasma import plasma
from ketascope.model.scenario import choose_model
from ketascope.regimen import parse
from ketascope.simulation import CheckedGrid, check_grid, run_patients
from ketascope.solver.grid import GridRule

if TYPE_CHECKING:
    import numpy as np

    from ketascope.people import Person
    from ketascope.regimen import Dose
    from ketascope.virtual_trials.design import Arm, Design

# People of many replicates are solved together: fewer at once cost more a person, more bring nothing.
BATCH = 4096
STATES = ("fast", "plasticity", "unblinding")
# Three times the steps of the usual rule: ratings need states at visits, not the peaks of curves that are drawn. Where
# the check of the cohort does not bear them, it refines them; six infusions then take half the time, and states at the
# visits are wrong by 3e-7 at most (2,048 people with a draw of the posterior each).
COARSEST = GridRule(0.075, 0.9, 72.0, 0.09, 0.6)


@dataclass(frozen=True)
class ArmPlan:
    """What is the same for all people of an arm.

    ketamine: doses before the last visit; checked: the grid they are solved on, None without them. ssri_spans: spans
    (start_h, end_h) of an antidepressant. lifts: of its procedures, (visits,).
    """

    ketamine: tuple[Dose, ...]
    checked: CheckedGrid | None
    ssri_spans: tuple[tuple[float, float], ...]
    lifts: np.ndarray


@dataclass(frozen=True)
class ArmStates:
    """values: by name of `STATES`, (people, visits), NaN for people without finite numbers. redone and doubtful: how
    many people, as in `SimulatedTrials`."""

    values: Mapping[str, np.ndarray]
    redone: int
    doubtful: int


def arm_plans(design: Design) -> tuple[ArmPlan, ...]:
    """The plan of each arm; under the null that of the control for all of them."""
    return tuple(_plan_of(design, design.control if design.is_null else arm) for arm in design.arms)


def _plan_of(design: Design, arm: Arm) -> ArmPlan:
    sentence_of = {other.name: other.sentence for other in design.arms}
    attended = sentence_of[arm.procedures_of] if arm.procedures_of is not None else None
    return _plan(arm.sentence, attended, design.person, design.sampling, design.scenarios, design.visits_h)


@lru_cache(maxsize=64)
def _plan(
    sentence: str | None,
    attended: str | None,
    person: Person,
    sampling: str,
    scenarios: tuple[str, ...],
    visits_h: tuple[float, ...],
) -> ArmPlan:
    import numpy as np

    parameters, until_h = choose_model(scenarios).parameters, visits_h[-1]

    def doses_of(text: str | None) -> tuple[Dose, ...]:
        return tuple(dose for dose in parse(text).doses(person.weight_kg) if dose.time_h < until_h) if text else ()

    own = doses_of(sentence)
    ketamine = ketamine_doses(own)
    checked = None
    if ketamine:
        checked = check_grid(ketamine, person, plasma(sampling), parameters, until_h, visits_h, COARSEST)
    on_site = given_on_site((*own, *doses_of(attended)))
    return ArmPlan(
        ketamine=ketamine,
        checked=checked,
        ssri_spans=tuple(ssri_courses(own, parameters)) if antidepressant_times(own) else (),
        lifts=visit_lifts(on_site, parameters, until_h, np.asarray(visits_h)),
    )


def arm_states(
    design: Design,
    plan: ArmPlan,
    normals: np.ndarray,
    draws: Mapping[str, np.ndarray] | None,
    of_replicate: np.ndarray,
    threads: int | None,
) -> ArmStates:
    """States of an arm's people at the visits; zeros without ketamine, which cost nothing.

    normals: (people, effects) as from `people.random_normals`. draws: population values by full name, (replicates,),
    None where they are central. of_replicate: the place of each person's replicate in these, (people,).
    """
    import numpy as np

    if not plan.ketamine or plan.checked is None:
        return ArmStates(dict.fromkeys(STATES, np.zeros((1, len(design.visits_h)))), 0, 0)
    visits_h = np.asarray(design.visits_h)
    parameters = choose_model(design.scenarios).parameters
    found = {name: np.empty((len(normals), len(visits_h))) for name in STATES}
    redone = doubtful = 0
    for start in range(0, len(normals), BATCH):
        part = slice(start, start + BATCH)
        run = run_patients(
            plan.ketamine,
            design.person,
            design.sampling,
            parameters,
            normals[part],
            design.visits_h[-1],
            design.visits_h,
            {name: values[of_replicate[part]] for name, values in (draws or {}).items()},
            threads,
            plan.checked,
            only_wanted=True,
        )
        for name in STATES:
            found[name][part] = np.where(run.failed, np.nan, run.at(name, visits_h)).T
        redone, doubtful = redone + int(run.redone.sum()), doubtful + int(run.doubtful.sum())
    return ArmStates(found, redone, doubtful)
