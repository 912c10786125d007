"""The fit of the symptom model to the trials: NUTS, its diagnostics, and what the trials taught of each parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

from ketascope.estimation.convergence import convergence
from ketascope.evidence.priors import INFORMED_BELOW, Prior, load_prior_rows, priors_of
from ketascope.evidence.symptom_trials import likelihood
from ketascope.evidence.symptom_trials.design import Design
from ketascope.evidence.symptom_trials.states import LIMIT
from ketascope.model.symptoms import REFERENCE_INDICATION

PRIOR_FILE = "trial_priors"
TARGET_ACCEPTANCE = 0.97
PRIOR_DRAWS = 20_000


@lru_cache(maxsize=1)
def families() -> dict[str, str]:
    """The indications (and samples) that have a multiplier, each with the one that it varies around."""
    start = likelihood.MULTIPLIER
    return {
        name.removeprefix(start): row["family"] for name, row in load_prior_rows(PRIOR_FILE).items() if "family" in row
    }


def multiplier_names() -> tuple[str, ...]:
    """Everything that has a multiplier: the reference indication, then those of `families`."""
    return (REFERENCE_INDICATION, *families())


@dataclass(frozen=True)
class Fit:
    """Posterior draws by site, (chains, draws, ...), and the number of divergent transitions of each chain."""

    priors: Mapping[str, Prior]
    trials: tuple[str, ...]
    sites: Mapping[str, np.ndarray]
    divergences: np.ndarray

    def values(self) -> dict[str, np.ndarray]:
        """Draws of every parameter in its own unit, (chains, draws): multipliers as such, not as standard normals."""
        own = {name: np.asarray(prior.at(np, self.sites[f"z_{name}"])) for name, prior in self.priors.items()}
        return _with_multipliers(own)

    def flat(self) -> dict[str, np.ndarray]:
        """Draws of everything that a prediction needs with the chains in a row: parameters and trials' effects."""
        flat = {name: table.reshape(-1, *table.shape[2:]) for name, table in self.sites.items()}
        values = {name: np.asarray(prior.at(np, flat[f"z_{name}"])) for name, prior in self.priors.items()}
        return {**flat, **values}


def prior_values(seed: int = 0) -> dict[str, np.ndarray]:
    """Draws from the prior of everything that a prediction needs, (PRIOR_DRAWS,): multipliers as standard normals."""
    from scipy.stats import truncnorm

    rng = np.random.default_rng(seed)
    values: dict[str, np.ndarray] = {}
    for name, prior in priors_of(PRIOR_FILE).items():
        z = rng.standard_normal(PRIOR_DRAWS)
        if prior.kind == "half-normal":
            z = np.abs(z)
        elif name in likelihood.TRUNCATED:
            z = truncnorm.rvs(-LIMIT, LIMIT, size=PRIOR_DRAWS, random_state=rng)
            values[f"z_{name}"] = z
        values[name] = np.asarray(prior.at(np, z))
    return values


def prior_draws(seed: int = 0) -> dict[str, np.ndarray]:
    """Draws of every parameter from its prior in its own unit, (PRIOR_DRAWS,): multipliers as such."""
    values = prior_values(seed)
    return _with_multipliers({name: values[name] for name in priors_of(PRIOR_FILE)})


def _with_multipliers(values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    found = likelihood.multipliers(values, families())
    return {**values, **{f"{likelihood.MULTIPLIER}{name}": found[name] for name in families()}}


class Sampler:
    """NUTS over one design: the compiled program serves every chain and every set of trials left out."""

    def __init__(self, design: Design, warm_up: int, draws: int) -> None:
        from numpyro.infer import MCMC, NUTS, init_to_uniform

        from ketascope.solver.engine import configure_jax

        configure_jax()
        self.design, self.priors = design, priors_of(PRIOR_FILE)
        kernel = NUTS(
            partial(likelihood.model, design, self.priors, families()),
            target_accept_prob=TARGET_ACCEPTANCE,
            init_strategy=init_to_uniform(radius=0.5),
            dense_mass=[tuple(f"z_{name}" for name in CORRELATED)],
        )
        # The weights are an argument of the compiled program, so that leaving a trial out compiles nothing anew.
        self._mcmc = MCMC(
            kernel, num_warmup=warm_up, num_samples=draws, num_chains=1, progress_bar=False, jit_model_args=True
        )

    def chain(self, seed: int, number: int, left_out: Sequence[str] = ()) -> Chain:
        """One chain; its draws depend on the seed, its number and the trials left out alone."""
        import jax

        keys = [trial.key for trial in self.design.trials]
        weights = np.array([0.0 if key in left_out else 1.0 for key in keys])
        key = jax.random.fold_in(jax.random.PRNGKey(seed), number)
        self._mcmc.run(key, weights, extra_fields=("diverging", "num_steps"))
        extra = self._mcmc.get_extra_fields()
        sites = {name: np.asarray(draw) for name, draw in self._mcmc.get_samples().items()}
        steps = float(np.asarray(extra["num_steps"]).mean())
        return Chain(sites, int(np.asarray(extra["diverging"]).sum()), steps)


@dataclass(frozen=True)
class Chain:
    """Draws of one chain by site, (draws, ...), its divergent transitions, and its mean number of steps a draw."""

    sites: Mapping[str, np.ndarray]
    divergences: int
    steps: float


def together(design: Design, chains: Sequence[Chain]) -> Fit:
    """Several chains of one posterior as a fit."""
    sites = {name: np.stack([chain.sites[name] for chain in chains]) for name in chains[0].sites}
    divergences = np.array([chain.divergences for chain in chains])
    return Fit(priors_of(PRIOR_FILE), tuple(trial.key for trial in design.trials), sites, divergences)


# The drug's parts trade with one another and with their constants.
CORRELATED = (
    "fast_log_fall",
    "slow_log_fall",
    "unblinding_log_fall",
    "contrast_active",
    "drive_half_saturation",
    "fast_off_half_life_h",
    "structure_off_half_life_d",
    "multiplier_sd",
    "multiplier_anxiety_mixed",
    "multiplier_ptsd",
    "visit_log_fall",
    "trial_sd",
)


def diagnostics(fit: Fit) -> list[dict[str, Any]]:
    """R-hat, bulk and tail effective sample size of every sampled scalar; for parameters prior and posterior too."""
    prior = prior_draws()
    own = fit.values()
    rows: list[dict[str, Any]] = []
    for name, table in own.items():
        low, middle, high = np.quantile(table, [0.025, 0.5, 0.975])
        ratio = _contraction(fit.priors[name], table, prior[name])
        rows.append(
            {
                "name": name,
                **convergence(table),
                "prior_median": float(np.median(prior[name])),
                "prior_sd": float(prior[name].std()),
                "median": float(middle),
                "low": float(low),
                "high": float(high),
                "sd": float(table.std()),
                "sd_over_prior_sd": ratio,
                "informed": bool(ratio < INFORMED_BELOW),
            }
        )
    for site in (f"trial_{name}" for name in likelihood.TRIAL_EFFECTS):
        rows += [
            {"name": f"{site}[{trial}]", **convergence(fit.sites[site][..., index])}
            for index, trial in enumerate(fit.trials)
        ]
    return rows


def _contraction(prior: Prior, posterior: np.ndarray, before: np.ndarray) -> float:
    """Posterior SD over prior SD on the scale that the prior is stated on (the log for a log-normal).

    A multiplier's prior is that of the whole family of multipliers, so it is compared on its own scale.
    """
    if prior.kind in ("log-normal", "logit-normal"):
        posterior, before = prior.normal_of(np, posterior), prior.normal_of(np, before)
    return float(posterior.std() / before.std())
