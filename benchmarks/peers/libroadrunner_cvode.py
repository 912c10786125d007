"""libRoadRunner: CVODE (stiff) on the model compiled once from Antimony; parameters set per person by index."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import reference_problem as reference

from peers.segments import RELATIVE, segments, start_state, varied

ABSOLUTE = 1e-8
SPECIES = ("k", "k_fast", "k_slow", "n", "n_far", "g", "signal", "plasticity", "score")
PARAMETERS = ("rate", "clearance", "central_volume", "slow_volume", "surge", "structure_rate", "structure_loss", "fall")


def antimony_model() -> str:
    """The reference problem; states are rate-rule variables, the infusion rate is set between pieces."""
    r = reference
    to_fast = f"{r.FAST_CLEARANCE_L_PER_H}*(k/central_volume - k_fast/{r.FAST_VOLUME_L})"
    to_slow = f"{r.SLOW_CLEARANCE_L_PER_H}*(k/central_volume - k_slow/slow_volume)"
    per_l = f"{r.NORKETAMINE_DISTRIBUTION_L_PER_H}"
    to_far = f"{per_l}*(n/{r.NORKETAMINE_VOLUME_L} - n_far/{r.NORKETAMINE_PERIPHERAL_VOLUME_L})"
    cleared = "clearance*k/central_volume"
    own_clearance = r.NORKETAMINE_CLEARANCE_L_PER_H / r.NORKETAMINE_VOLUME_L
    per_n = 1.0 / (r.NORKETAMINE_VOLUME_L * r.HALF_BLOCK_NORKETAMINE_MG_PER_L)
    half = r.SIGNAL_HALF**r.SIGNAL_POWER
    rules = {
        "k": f"rate - {cleared} - {to_fast} - {to_slow}",
        "k_fast": to_fast,
        "k_slow": to_slow,
        "n": f"{r.NORKETAMINE_FRACTION}*{cleared} - {own_clearance}*n - {to_far}",
        "n_far": to_far,
        "g": f"{r.GLUTAMATE_PER_H}*(1 + surge*x/(1 + x) - g)",
        "signal": f"{r.SIGNAL_PER_H}*(lifted/({half!r} + lifted) - signal)",
        "plasticity": "structure_rate*signal*(1 - plasticity) - structure_loss*plasticity",
        "score": f"{r.SCORE_PER_H}*({r.SCORE_START}*(1 - fall*plasticity/({r.SCORE_HALF} + plasticity)) - score)",
    }
    lines = [
        f"x := k/(central_volume*{r.HALF_BLOCK_KETAMINE_MG_PER_L}) + {per_n!r}*n",
        "above := piecewise(g - 1, g > 1, 0)",
        "lifted := above*sqrt(above)",
        *(f"{name}' = {rule}" for name, rule in rules.items()),
        *(f"{name} = {value}" for name, value in zip(SPECIES, start_state(), strict=True)),
        *(f"{name} = 1" for name in PARAMETERS[1:]),
        "rate = 0",
    ]
    return "model reference\n  " + "\n  ".join(lines) + "\nend\n"


@cache
def _instance() -> tuple[Any, list[int], list[int]]:
    import antimony
    import roadrunner

    antimony.clearPreviousLoads()
    if antimony.loadAntimonyString(antimony_model()) < 0:
        raise RuntimeError(antimony.getLastError())
    text = antimony.getSBMLString("reference")
    # The first instance of a process runs several times slower than those after it.
    for _ in range(2):
        runner = roadrunner.RoadRunner(text)
        integrator = runner.getIntegrator()
        integrator.setValue("relative_tolerance", RELATIVE)
        integrator.setValue("absolute_tolerance", ABSOLUTE)
        integrator.setValue("stiff", True)
        integrator.setValue("maximum_num_steps", 100_000)
        runner.timeCourseSelections = ["k", "score"]
        runner.simulate(0.0, 1.0, 2)
    ids = list(runner.model.getGlobalParameterIds())
    return runner, [ids.index(name) for name in PARAMETERS], [ids.index(name) for name in SPECIES]


def prepare() -> None:
    """Compile the model and use up the slow first instance."""
    _instance()


def solve(count: int, absolute: float = ABSOLUTE) -> np.ndarray:
    """Ketamine and score at the 200 times: (200, 2, count)."""
    cut, people, start = segments(), varied(count), start_state().tolist()
    runner, parameters, states = _instance()
    runner.getIntegrator().setValue("absolute_tolerance", absolute)
    model, found = runner.model, np.empty((int(cut.rows.sum()), 2, count))
    # Each piece counts time from its own start: near zero CVODE can take the short first steps an input change needs.
    times = [(cut.times_h[a:b] - cut.times_h[a]).tolist() for a, b in zip(cut.first, cut.first[1:], strict=False)]
    rates, rows = cut.rate_mg_per_h.tolist(), cut.rows.tolist()
    for person in range(count):
        model.setGlobalParameterValues(parameters + states, [0.0, *people[person].tolist(), *start])
        row = 0
        for own, rate, size in zip(times, rates, rows, strict=True):
            model.setGlobalParameterValues(parameters[:1], [rate])
            course = np.asarray(runner.simulate(times=own))
            found[row : row + size, :, person] = course[1 : 1 + size]
            row += size
        found[:, 0, person] /= people[person, 1]
    return found
