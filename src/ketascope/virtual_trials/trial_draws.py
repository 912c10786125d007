"""What each replicate is a trial of: its parameters, and what one trial differs by from the mean over trials.

With `posterior`, replicate i has draw i + 1 of the model's parameters (draw 0 is the central one) and two effects of
its own, as the calibration found trials to differ: its benefit by `trials.trial_sd` standardised differences (by
`trials.ssri_trial_sd` where no arm has ketamine), its placebo plateau by `trials.placebo_trial_sd` on the link. With
`fixed`, every replicate has the central values and no effect of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ketascope.comparing.reference import reference_states
from ketascope.model.symptoms import PARTS, Effects, effects_from_draws
from ketascope.model.uncertainty import population_draws, stream_uniforms

if TYPE_CHECKING:
    import numpy as np

    from ketascope.model.scenario import ModelChoice
    from ketascope.model.symptoms import Indication
    from ketascope.virtual_trials.design import Design

BENEFIT_STREAM, PLACEBO_STREAM = "trial.benefit", "trial.placebo"


@dataclass(frozen=True)
class TrialDraws:
    """values: rows of the uncertain files by full name, (replicates,), None where all are central. effects: one draw a
    replicate, or one for all of them."""

    values: Mapping[str, np.ndarray] | None
    effects: Effects


def trial_draws(
    design: Design,
    indication: Indication,
    model: ModelChoice,
    has_ketamine: bool,
    first: int,
    count: int,
    threads: int | None = 1,
) -> TrialDraws:
    """Parameters and effects of replicates first, first+1, ...; each one's depend on the seed and its number alone.

    has_ketamine: whether any arm is given ketamine or esketamine. threads: of the solver, None for all cores.
    """
    import numpy as np
    from scipy.special import ndtri

    is_drawn = design.parameters == "posterior"
    values = population_draws(model.parameters, count if is_drawn else 1, design.seed, first + 1 if is_drawn else 0)
    # Without ketamine no state is ever reached, and the sizes that the reference gives are not used.
    reference = {part: np.ones(1) for part in PARTS}
    if has_ketamine:
        reference = reference_states(model, design.sampling, values, threads)
    effects = effects_from_draws(indication, values, reference, model.parameters, design.control_type)
    if not is_drawn:
        return TrialDraws(None, effects)

    def normals(stream: str) -> np.ndarray:
        found: np.ndarray = ndtri(stream_uniforms(stream, count, design.seed, first))
        return found

    size = values["trials.trial_sd" if has_ketamine else "trials.ssri_trial_sd"]
    per_smd = indication.endpoint_sd / (indication.baseline - indication.minimum)
    own = replace(
        effects,
        trial_benefit=size * normals(BENEFIT_STREAM) * per_smd,
        trial_placebo=values["trials.placebo_trial_sd"] * normals(PLACEBO_STREAM),
    )
    return TrialDraws(values, own)
