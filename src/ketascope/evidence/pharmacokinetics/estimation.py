"""The fit itself: NUTS over parameters, study effects and residuals, its diagnostics, and what the data taught."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ketascope.engines import in_order, map_chunks
from ketascope.estimation.convergence import convergence
from ketascope.evidence.pharmacokinetics import likelihood
from ketascope.evidence.pharmacokinetics.observations import Observation
from ketascope.evidence.pharmacokinetics.priors import Prior, priors
from ketascope.evidence.pharmacokinetics.structures import Structure
from ketascope.evidence.priors import INFORMED_BELOW

if TYPE_CHECKING:
    from ketascope.model.parameter_store import ParameterSet

TARGET_ACCEPTANCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """Posterior draws by site, (chains, draws, ...), and counts of divergent transitions by chain."""

    structure: Structure
    priors: Mapping[str, Prior]
    studies: tuple[str, ...]
    sites: Mapping[str, np.ndarray]
    divergences: np.ndarray

    def values(self, name: str) -> np.ndarray:
        """Draws of a parameter in its own unit, (chains, draws)."""
        return np.asarray(self.priors[name].at(np, self.sites[f"z_{name}"]))

    def flat(self, site: str) -> np.ndarray:
        """Draws of a site with the chains in a row, (chains * draws, ...)."""
        table = self.sites[site]
        return table.reshape(-1, *table.shape[2:])


@dataclass(frozen=True)
class _Chain:
    """What one chain needs; plain data, so that a process can be given it."""

    observations: tuple[Observation, ...]
    parameters: ParameterSet
    structure: Structure
    seed: int
    number: int
    warm_up: int
    draws: int


def estimate(
    observations: Sequence[Observation],
    parameters: ParameterSet,
    structure: Structure,
    seed: int = 0,
    chains: int = 4,
    warm_up: int = 600,
    draws: int = 600,
    workers: int = 2,
    report: Callable[[str], None] = lambda line: None,
) -> Estimate:
    """Sample the posterior. A chain's draws depend on the seed and its number, not on the number of workers.

    Each chain starts near the prior medians and runs in a process of its own; `report` is told when one is done.
    """
    tasks = [
        _Chain(tuple(observations), parameters, structure, seed, number, warm_up, draws) for number in range(chains)
    ]
    kept: list[dict[str, np.ndarray]] = []
    divergent: list[int] = []
    with closing(in_order(map_chunks(_sample, tasks, workers=workers))) as found:
        for number, (sites, divergences, steps) in enumerate(found, start=1):
            kept.append(sites)
            divergent.append(divergences)
            report(f"chain {number} of {chains}: {divergences} divergences, {steps:.0f} steps a draw")
    together = {name: np.stack([chain[name] for chain in kept]) for name in kept[0]}
    studies = tuple(dict.fromkeys(item.study for item in observations))
    return Estimate(structure, structure.priors(priors()), studies, together, np.asarray(divergent))


def _sample(task: _Chain) -> tuple[dict[str, np.ndarray], int, float]:
    """One chain: draws by site, divergent transitions, mean number of steps."""
    import jax
    from numpyro.infer import MCMC, NUTS, init_to_uniform

    from ketascope.solver.engine import configure_jax

    configure_jax()
    data = likelihood.make_data(task.observations, task.parameters, task.structure)
    own = task.structure.priors(priors())
    kernel = NUTS(
        likelihood.model,
        target_accept_prob=TARGET_ACCEPTANCE,
        init_strategy=init_to_uniform(radius=0.3),
        # Parameters are correlated with one another; study effects and their spread are not centred and hardly so.
        dense_mass=[tuple(f"z_{name}" for name in own)],
    )
    sampler = MCMC(kernel, num_warmup=task.warm_up, num_samples=task.draws, num_chains=1, progress_bar=False)
    key = jax.random.fold_in(jax.random.PRNGKey(task.seed), task.number)
    sampler.run(key, data, own, task.structure.fixed_values(), extra_fields=("diverging", "num_steps"))
    extra = sampler.get_extra_fields()
    sites = {name: np.asarray(draw) for name, draw in sampler.get_samples().items()}
    return sites, int(np.asarray(extra["diverging"]).sum()), float(np.asarray(extra["num_steps"]).mean())


def diagnostics(fit: Estimate) -> list[dict[str, Any]]:
    """R-hat, bulk and tail sample size of every sampled scalar; for parameters prior and posterior too."""
    rows: list[dict[str, Any]] = []
    for site, table in fit.sites.items():
        flat = table.reshape(*table.shape[:2], -1)
        for index in range(flat.shape[-1]):
            draws = flat[..., index]
            label = site if flat.shape[-1] == 1 else f"{site}[{fit.studies[index]}]"
            row: dict[str, Any] = {"name": label, **convergence(draws)}
            if site.startswith("z_"):
                name = site.removeprefix("z_")
                low, middle, high = np.quantile(fit.values(name), [0.05, 0.5, 0.95])
                shrunk = float(draws.std())
                row |= {
                    "name": name,
                    "prior_median": fit.priors[name].median,
                    "median": float(middle),
                    "low": float(low),
                    "high": float(high),
                    "sd_over_prior_sd": shrunk,
                    "shift_in_prior_sd": float(draws.mean()),
                    "informed": bool(shrunk < INFORMED_BELOW),
                }
            rows.append(row)
    return rows


def predictive(
    fit: Estimate,
    observations: Sequence[Observation],
    parameters: ParameterSet,
    seed: int = 0,
    draws: int = 1000,
    known_studies: bool = False,
) -> np.ndarray:
    """Posterior predictive figures of rows, (draws, rows): a new study's effects, residual and reading error included.

    known_studies: use the fitted effects of the study (only for rows that were in the fit).
    """
    import jax
    import jax.numpy as jnp

    from ketascope.solver.engine import configure_jax

    configure_jax()
    data = likelihood.make_data(observations, parameters, fit.structure)
    rng = np.random.default_rng(seed)
    total = len(fit.flat(next(iter(fit.sites))))
    chosen = rng.choice(total, size=min(draws, total), replace=False)
    fixed = fit.structure.fixed_values()

    @jax.jit
    def one(values: Mapping[str, Any], effects: Mapping[str, Any]) -> Any:
        return likelihood.predictions(data, {**fixed, **values}, effects)

    result = np.empty((len(chosen), len(observations)))
    for row, draw in enumerate(chosen):
        values = {name: jnp.asarray(prior.at(np, fit.flat(f"z_{name}")[draw])) for name, prior in fit.priors.items()}
        effects = {}
        for effect in likelihood.STUDY_EFFECTS:
            fresh = rng.standard_normal(len(data.studies))
            if known_studies:
                fresh = fit.flat(f"study_{effect}")[draw][[fit.studies.index(study) for study in data.studies]]
            effects[effect] = jnp.asarray(fit.flat(f"sd_{effect}")[draw] * fresh)
        residual = np.asarray([fit.flat(f"residual_{name}")[draw] for name in likelihood.RESIDUALS])[data.residual]
        # Rows of one digitised curve count less in the fit, but each was read with the error of one.
        sd = np.sqrt(residual**2 + data.error_sd**2)
        noise = sd * rng.standard_t(likelihood.DEGREES_OF_FREEDOM, len(sd))
        result[row] = np.asarray(one(values, effects)) * np.exp(noise)
    return result
