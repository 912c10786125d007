"""States and effects made by hand, for tests of the symptom model."""

from __future__ import annotations

from typing import Any

import numpy as np

from ketascope.model.parameter_store import ParameterSet
from ketascope.model.symptoms import Effects, Indication, StateCourse, effects_from_draws
from ketascope.model.uncertainty import population_draws

INDICATIONS = ("gad", "sad", "ptsd", "ocd", "mdd")
TIMES = np.array([0.0, 2.0, 24.0, 168.0, 672.0, 1344.0])
# States after the reference regimen.
REFERENCE = {"unblinding": np.array([0.8]), "fast": np.array([0.5]), "slow": np.array([0.3])}


def effects_of(
    indication: Indication, parameters: ParameterSet, draws: int = 1, seed: int = 0, control: str = "inert"
) -> Effects:
    drawn = population_draws(parameters, draws, seed)
    reference = {name: np.full(draws, value[0]) for name, value in REFERENCE.items()}
    return effects_from_draws(indication, drawn, reference, parameters, control)


def course(draws: int = 1, **states: Any) -> StateCourse:
    """States of an option; what is not named is zero, as it is without the drug."""
    zero = np.zeros((draws, len(TIMES)))
    given = {name: zero + np.asarray(value) for name, value in states.items() if name != "visits"}
    return StateCourse(
        times_h=TIMES,
        **{name: given.get(name, zero) for name in ("fast", "slow", "unblinding", "ssri")},
        visits=np.asarray(states.get("visits", np.zeros(len(TIMES)))),
    )
