"""Predictions of every trial figure, and the hierarchical model around them (JAX and NumPyro).

A trial has two effects of its own: its benefit differs by `trial_sd` standardised differences (SSRI trials by
`ssri_trial_sd`) and its placebo plateau by `placebo_trial_sd` on the link. Patients are integrated out by quadrature.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ketascope.evidence.priors import Prior
from ketascope.evidence.symptom_trials.design import Design
from ketascope.evidence.symptom_trials.states import FAST_OFF, LIMIT, SATURATION, STRUCTURE_OFF, weights_at
from ketascope.evidence.symptom_trials.trial_file import CONTROLS, assumptions
from ketascope.model import scoring
from ketascope.model.symptoms import PLACEBO_NODES, REFERENCE_INDICATION, RESPONSE_NODES

TRUNCATED = (SATURATION, FAST_OFF, STRUCTURE_OFF)
TRIAL_EFFECTS = ("benefit", "placebo")
MULTIPLIER = "multiplier_"


def multipliers(values: Mapping[str, Any], families: Mapping[str, str]) -> dict[str, Any]:
    """Multipliers by name from their standard normals and the SD between indications.

    The sizes of the drug's parts are those in depression, where most trials are: its multiplier is 1.
    """
    found: dict[str, Any] = {REFERENCE_INDICATION: 1.0}
    for name in sorted(families, key=lambda item: families[item] != REFERENCE_INDICATION):
        found[name] = found[families[name]] + values["multiplier_sd"] * values[f"{MULTIPLIER}{name}"]
    return found


def falls(design: Design, values: Mapping[str, Any], families: Mapping[str, str], effects: Mapping[str, Any]) -> Any:
    """Parts of the log fall at every readout: (background, drug, placebo spread), each (readouts,)."""
    import jax.numpy as jnp
    from jax.scipy.special import ndtr

    r = design.readouts
    names = design.indications

    def by_indication(row: str) -> Any:
        return jnp.stack([jnp.asarray(values[f"{row}_{name}"]) for name in names])[r.indication]

    saturation = weights_at(jnp, values[f"z_{SATURATION}"])
    fast_off, slow_off = weights_at(jnp, values[f"z_{FAST_OFF}"]), weights_at(jnp, values[f"z_{STRUCTURE_OFF}"])
    fast = jnp.einsum("tij,i,j->t", r.fast, saturation, fast_off) / (saturation @ design.reference_fast @ fast_off)
    slow = jnp.einsum("tij,i,j->t", r.slow, saturation, slow_off) / (saturation @ design.reference_slow @ slow_off)
    own = multipliers(values, families)
    multiplier = jnp.stack([jnp.asarray(own[name], dtype=float) for name in design.multipliers])[r.multiplier]
    drug = multiplier * (values["fast_log_fall"] * fast + values["slow_log_fall"] * slow)

    active = values["contrast_active"]
    share = {"inert": 1.0, "active": active, "masked": 0.0, "pill": 0.0, "mixed": 0.5 * (1.0 + active)}
    contrast = jnp.stack([jnp.asarray(share[name], dtype=float) for name in CONTROLS])[r.control]
    felt = contrast * values["unblinding_log_fall"] * r.unblinding / design.reference_unblinding

    plateau = by_indication("placebo_log_fall") + effects["placebo"][r.trial]
    approach = 1.0 - jnp.exp2(-r.time_h / 24.0 / values["placebo_half_life_d"])
    background = plateau * approach + values["visit_log_fall"] * r.visits
    visit_share = values["visit_log_fall"] / by_indication("placebo_log_fall")
    spread = by_indication("placebo_between_patient_sd") * jnp.hypot(approach, visit_share * r.visits)

    half_life = by_indication("ssri_half_life_d")
    week = np.array([design.fixed[f"symptoms.{name}_ssri_difference_week"] for name in names])[r.indication]
    reached = 1.0 - jnp.exp2(-7.0 * week / half_life)
    points = by_indication("ssri_difference_points") * r.points_scale / reached
    taken = 1.0 - jnp.exp2(-r.time_h / 24.0 / half_life)
    placebo_mean = scoring.capped_mean(jnp, ndtr, r.minimum, r.maximum, r.baseline, background, spread) - r.minimum
    ssri = r.antidepressant * scoring.ssri_link(jnp, points * taken, placebo_mean)

    benefit = jnp.where(r.active + r.antidepressant > 0.0, effects["benefit"][r.trial], 0.0)
    # A trial's own benefit belongs to what is tested there: beside ketamine an SSRI stands in both arms.
    tested = jnp.where(r.active > 0.0, 1.0, jnp.where(_only_ssri(design)[r.trial], r.antidepressant, 0.0))
    trial_shift = benefit * tested * r.endpoint_sd / (r.baseline - r.minimum)
    return background + ssri + felt + trial_shift, r.active * drug, spread


def _only_ssri(design: Design) -> np.ndarray:
    return np.array([not trial.is_ketamine for trial in design.trials])


def mean_changes(design: Design, parts: Any) -> Any:
    """Mean change from baseline of every readout in points of its scale, (readouts,)."""
    import jax.numpy as jnp
    from jax.scipy.special import ndtr

    background, drug, spread = parts
    r = design.readouts
    z, weight = _nodes(RESPONSE_NODES)
    sd = design.fixed["symptoms.drug_response_sd"]
    own = jnp.exp(sd * z - 0.5 * sd**2)
    fall = background[:, None] + drug[:, None] * own
    scores = scoring.capped_mean(
        jnp, ndtr, r.minimum[:, None], r.maximum[:, None], r.baseline[:, None], fall, spread[:, None]
    )
    return scores @ weight - r.baseline


def log_change_sd(design: Design, parts: Any) -> Any:
    """Log SD of patients' change at the readouts with a printed SD, (rows,): response, placebo and rating error."""
    import jax.numpy as jnp

    at = design.spread_at
    scores, weights = _patient_scores(design, parts, at)
    mean = (scores * weights).sum((1, 2), keepdims=True)
    variance = (weights * (scores - mean) ** 2).sum((1, 2))
    return 0.5 * jnp.log(variance + design.readouts.residual_sd[at] ** 2)


def response_rates(design: Design, parts: Any) -> Any:
    """Share of patients whose score fell below the threshold at the best of the row's times, (rows,)."""
    from jax.scipy.special import ndtr

    used, position = np.unique(design.response_at, return_inverse=True)
    scores, weights = _patient_scores(design, parts, used)
    lowest = scores[position.reshape(design.response_at.shape)].min(axis=1)
    first = design.response_at[:, 0]
    r = design.readouts
    # One rating error a patient, as in the simulator: at several times the lowest score meets it once.
    below = ndtr((r.threshold[first][:, None, None] - lowest) / r.residual_sd[first][:, None, None])
    return (below * weights).sum((1, 2))


def _patient_scores(design: Design, parts: Any, at: np.ndarray) -> Any:
    """Scores over the placebo and response nodes, (len(at), PLACEBO_NODES, RESPONSE_NODES), and their weights."""
    import jax.numpy as jnp

    background, drug, spread = parts
    r = design.readouts
    zp, wp = _nodes(PLACEBO_NODES)
    zd, wd = _nodes(RESPONSE_NODES)
    sd = design.fixed["symptoms.drug_response_sd"]
    fall = (
        background[at][:, None, None]
        + spread[at][:, None, None] * zp[None, :, None]
        + drug[at][:, None, None] * jnp.exp(sd * zd - 0.5 * sd**2)[None, None, :]
    )
    limits = (r.minimum[at][:, None, None], r.maximum[at][:, None, None], r.baseline[at][:, None, None])
    return scoring.score_from_share(jnp, *limits, jnp.exp(-fall)), wp[:, None] * wd[None, :]


def _nodes(count: int) -> tuple[np.ndarray, np.ndarray]:
    z, weight = np.polynomial.hermite_e.hermegauss(count)
    return z, weight / weight.sum()


def sample_values(priors: Mapping[str, Prior]) -> dict[str, Any]:
    """NumPyro sites of all parameters; returns their values, and the standard normals of the truncated ones."""
    import jax.numpy as jnp
    import numpyro
    from numpyro import distributions as dist

    values: dict[str, Any] = {}
    for name, prior in priors.items():
        if prior.kind == "half-normal":
            z = numpyro.sample(f"z_{name}", dist.HalfNormal(1.0))
        elif name in TRUNCATED:
            z = numpyro.sample(f"z_{name}", dist.TruncatedNormal(0.0, 1.0, low=-LIMIT, high=LIMIT))
            values[f"z_{name}"] = z
        else:
            z = numpyro.sample(f"z_{name}", dist.Normal(0.0, 1.0))
        values[name] = prior.at(jnp, z)
    return values


def model(design: Design, priors: Mapping[str, Prior], families: Mapping[str, str], weights: Any) -> None:
    """The joint density. weights: (trials,), 1 for a trial that counts and 0 for one left out."""
    import jax.numpy as jnp
    import numpyro
    from jax.scipy.special import ndtr
    from numpyro import distributions as dist

    values = sample_values(priors)
    count = len(design.trials)
    own = {name: numpyro.sample(f"trial_{name}", dist.Normal(0.0, 1.0).expand([count])) for name in TRIAL_EFFECTS}
    effects = trial_effects(design, values, own)
    parts = falls(design, values, families, effects)

    change = mean_changes(design, parts)
    error = design.whiten @ (design.observed - design.mean_map @ change)
    numpyro.factor("means", -0.5 * jnp.sum(weights[design.figure_trial] * error**2))

    rate = jnp.clip(response_rates(design, parts), 1e-9, 1.0 - 1e-9)
    counts = design.events * jnp.log(rate) + (design.people - design.events) * jnp.log1p(-rate)
    numpyro.factor("responders", jnp.sum(weights[design.response_trial] * counts))

    spread_error = jnp.sqrt(design.log_spread_error**2 + assumptions()["spread_misfit"] ** 2)
    spread = (design.log_spread - log_change_sd(design, parts)) / spread_error
    numpyro.factor("spreads", -0.5 * jnp.sum(weights[design.spread_trial] * spread**2))

    # A bound's own trial effect is integrated out: SE sqrt(se^2 + tau^2).
    g = design.bound_map @ change
    s = jnp.sqrt(design.bound_error**2 + _trial_size(design, values)[design.bound_trial] ** 2)
    inside = ndtr((design.bound_limit - g) / s) - ndtr((-design.bound_limit - g) / s)
    numpyro.factor("bounds", jnp.sum(weights[design.bound_trial] * jnp.log(jnp.maximum(inside, 1e-12))))


def _trial_size(design: Design, values: Mapping[str, Any]) -> Any:
    import jax.numpy as jnp

    return jnp.where(_only_ssri(design), values["ssri_trial_sd"], values["trial_sd"])


def trial_effects(design: Design, values: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Trials' own effects in their units, (trials,): a published pool is a mean over trials and has none.

    Nor has a trial known as a bound alone any benefit of its own here: its likelihood integrates it out.
    """

    size = _trial_size(design, values)
    single = np.array([0.0 if trial.pooled else 1.0 for trial in design.trials])
    counted = np.isin(np.arange(len(design.trials)), design.bound_trial, invert=True) * single
    return {"benefit": counted * size * own["benefit"], "placebo": single * values["placebo_trial_sd"] * own["placebo"]}
