"""Population values from a user's own data, with the package's posterior as what is known before.

    theta ~ the joint posterior of the pooled model (normal on the log or logit scale)
    z_i ~ N(0, I) for every person; residual SDs log-normal around those of individual fits
    log y_ij = log f(theta, z_i, t_ij) + s e_ij, as in an individual fit

Between-patient spread stays that of the parameter rows. Sampled with NUTS over theta and all z at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ketascope.errors import InputError
from ketascope.fitting.estimates import NORMAL_90, UNINFORMED_FROM
from ketascope.fitting.frame import Frame, RandomEffect
from ketascope.fitting.sampling import TARGET_ACCEPTANCE, agreement, filled, log_likelihood, own_arrays
from ketascope.fitting.variability import Residual, default_residual, variability_rows
from ketascope.model.disposition import disposition_rows
from ketascope.model.exposure import absorption_rows
from ketascope.model.parameter_store import load_parameters
from ketascope.model.uncertainty import JOINT_FILES, load_joint_draws
from ketascope.people import RANDOM_EFFECTS

if TYPE_CHECKING:
    from ketascope.fitting.mode import Case
    from ketascope.model.plasma import Plasma

CHAINS, WARM_UP, DRAWS = 2, 300, 500
FEWEST_PEOPLE = 3


@dataclass(frozen=True)
class PopulationPrior:
    """Joint prior of population values: full names, scales ("log", "logit"), mean and Cholesky root on those."""

    names: tuple[str, ...]
    scales: tuple[str, ...]
    mean: np.ndarray
    root: np.ndarray

    def natural(self, xp: Any, scaled: Any) -> list[Any]:
        """Values in the rows' units from values on their scales (names first)."""
        return [
            xp.exp(value) if scale == "log" else 1.0 / (1.0 + xp.exp(-value))
            for value, scale in zip(scaled, self.scales, strict=True)
        ]


@dataclass(frozen=True)
class PopulationFit:
    """Population values after the data: plain data, with the values that individual fits go on with."""

    document: dict[str, Any]
    centres: Mapping[str, float]
    residual: Residual


def check_population(people: int, place: Plasma) -> None:
    """Raise InputError where there is nobody to learn a population from, or no joint prior for this plasma."""
    if place.parameters not in JOINT_FILES:
        raise InputError(f"sampling '{place.name}' has no joint posterior; a population fit needs venous or arterial")
    if people < FEWEST_PEOPLE:
        raise InputError(f"a population fit needs at least {FEWEST_PEOPLE} people with concentrations, not {people}")


def population_prior(frame: Frame) -> PopulationPrior:
    """The package's posterior of the rows that these doses rest on."""
    rows = load_parameters()
    file = frame.place.parameters
    short, table = load_joint_draws(file)
    used = {*disposition_rows(rows, frame.place), *absorption_rows(frame.depots, rows, frame.place)}
    chosen = [index for index, name in enumerate(short) if f"{file}.{name}" in used]
    if "arm" not in frame.steps:
        chosen = [index for index in chosen if not short[index].startswith("arm_")]
    names = tuple(f"{file}.{short[index]}" for index in chosen)
    scales = tuple(_scale(name) for name in names)
    draws = np.stack(
        [
            np.log(table[:, index]) if scale == "log" else np.log(table[:, index] / (1.0 - table[:, index]))
            for index, scale in zip(chosen, scales, strict=True)
        ]
    )
    return PopulationPrior(names, scales, draws.mean(axis=1), np.linalg.cholesky(np.cov(draws)))


def _scale(name: str) -> str:
    uncertainty = load_parameters()[name].uncertainty
    assert uncertainty is not None
    return "logit" if uncertainty.kind == "logit-normal" else "log"


def shared_frame(cases: Sequence[Case]) -> Frame:
    """One frame for all people: every depot and effect that anybody has, columns up to the most that anybody has."""
    first = max((case.frame for case in cases), key=lambda frame: len(frame.columns))
    depots = tuple(dict.fromkeys(depot for case in cases for depot in case.frame.depots))
    names = tuple(name for name in RANDOM_EFFECTS if any(name in case.frame.names for case in cases))
    effects = [RandomEffect(name) for name in names]
    occasional = dict.fromkeys(e.name for case in cases for e in case.frame.effects if e.occasion is not None)
    columns = max(len(case.frame.columns) for case in cases)
    effects += [RandomEffect(name, column) for column in range(columns) for name in occasional]
    spread = {row.name: row for case in cases for row in case.frame.spread}
    return replace(
        first,
        depots=depots,
        names=names,
        effects=tuple(effects),
        columns=tuple(range(columns)),
        spread=tuple(spread.values()),
    )


def shared_arrays(cases: Sequence[Case], frame: Frame) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Schedules and data of all people, and what differs between them beside that; people come first in every array."""
    points = max(len(case.data.counts) for case in cases)
    inputs = max(len(case.frame.inputs) for case in cases)
    arrays, own = [], []
    for case in cases:
        table = {**case.schedule.arrays(), **case.data.arrays()}
        place = np.asarray([frame.depots.index(depot) for depot in case.frame.depots] + [-1])
        table["depot"] = place[table["depot"]]
        arrays.append(filled(table, points, inputs))
        own.append(own_arrays(case.frame) | {"weights": _shared_weights(case.frame, frame)})
    return (
        {name: np.stack([each[name] for each in arrays]) for name in arrays[0]},
        {name: np.stack([each[name] for each in own]) for name in own[0]},
    )


def _shared_weights(own: Frame, shared: Frame) -> np.ndarray:
    """A person's weights laid out over the names, columns and effects of the shared frame."""
    table = np.zeros((len(shared.names), len(shared.columns), len(shared.effects)))
    rows = [shared.names.index(name) for name in own.names]
    places = [
        shared.effects.index(RandomEffect(e.name, None if e.occasion is None else own.columns.index(e.occasion)))
        for e in own.effects
    ]
    for column in range(len(own.columns)):
        table[np.ix_(rows, [column], places)] = own.weights[:, column][:, None]
    return table


def fit_population(
    cases: Sequence[Case], seed: int, chains: int = CHAINS, warm_up: int = WARM_UP, draws: int = DRAWS
) -> PopulationFit:
    """Sample population values from the data of all people. Raises InputError as `check_population` does."""
    import jax
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as dist
    from numpyro.infer import MCMC, NUTS, init_to_value

    from ketascope.solver.engine import configure_jax

    configure_jax()
    check_population(len(cases), cases[0].frame.place)
    frame = shared_frame(cases)
    prior = population_prior(frame)
    arrays, own = shared_arrays(cases, frame)
    start = default_residual()
    before = jnp.log(jnp.asarray([start.ketamine, start.norketamine]))
    residual_sd = variability_rows()["population_residual_sd"].value
    is_norketamine = np.stack([np.asarray(each["weights"])[:, :, 1].sum(axis=1) > 0 for each in _each(arrays)])
    people, effects, count = len(cases), len(frame.effects), len(prior.names)

    def model() -> None:
        w = numpyro.sample("w", dist.Normal(0.0, 1.0).expand([count]).to_event(1))
        z = numpyro.sample("z", dist.Normal(0.0, 1.0).expand([people, effects]).to_event(2))
        e = numpyro.sample("residual", dist.Normal(0.0, 1.0).expand([2]).to_event(1))
        centres = dict(
            zip(prior.names, prior.natural(jnp, jnp.asarray(prior.mean) + jnp.asarray(prior.root) @ w), strict=True)
        )
        sd = jnp.exp(before + residual_sd * e)
        data = {**arrays, "residual": jnp.where(is_norketamine, sd[1], sd[0])}
        terms = jax.vmap(lambda a, o, own_z: log_likelihood(frame, a, o, own_z, centres))(data, own, z)
        numpyro.factor("data", terms.sum())

    values = {"w": jnp.zeros(count), "z": jnp.zeros((people, effects)), "residual": jnp.zeros(2)}
    kernel = NUTS(
        model,
        target_accept_prob=TARGET_ACCEPTANCE,
        dense_mass=[("w", "residual")],
        init_strategy=init_to_value(values=values),
    )
    sampler = MCMC(
        kernel, num_warmup=warm_up, num_samples=draws, num_chains=chains, chain_method="sequential", progress_bar=False
    )
    sampler.run(jax.random.PRNGKey(seed), extra_fields=("diverging",))
    table = {name: np.asarray(value) for name, value in sampler.get_samples(group_by_chain=True).items()}
    w = np.concatenate([table["w"], table["residual"]], axis=-1)  # (chains, draws, scalars)
    divergences = int(np.asarray(sampler.get_extra_fields()["diverging"]).sum())
    scaled = prior.mean[:, None] + prior.root @ table["w"].reshape(-1, count).T
    residual = np.exp(np.asarray(before)[:, None] + residual_sd * table["residual"].reshape(-1, 2).T)
    rows = _rows(prior, scaled) + _residual_rows(residual, np.asarray(before), residual_sd)
    document = {
        "people": people,
        "chains": chains,
        "warm_up": warm_up,
        "draws": draws,
        **asdict(agreement(w, divergences)),
        "prior": f"joint posterior of the {frame.place.parameters} rows (model/posterior/{frame.place.parameters}.csv)",
        "rows": rows,
    }
    centres = {row["name"]: row["posterior"]["median"] for row in rows if row["name"] in prior.names}
    fitted = [row["posterior"]["median"] for row in rows if row["name"] not in prior.names]
    return PopulationFit(document, centres, Residual(fitted[0], fitted[1], start.limit_error_share))


def _each(arrays: Mapping[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
    people = len(next(iter(arrays.values())))
    return [{name: table[index] for name, table in arrays.items()} for index in range(people)]


def _rows(prior: PopulationPrior, scaled: np.ndarray) -> list[dict[str, Any]]:
    sds = np.linalg.norm(prior.root, axis=1)
    ends = prior.mean[:, None] + sds[:, None] * NORMAL_90 * np.asarray([-1.0, 0.0, 1.0])
    rows = []
    parameters = load_parameters()
    for index, name in enumerate(prior.names):
        one = PopulationPrior((name,), (prior.scales[index],), prior.mean[:1], prior.root[:1, :1])
        before = one.natural(np, [ends[index]])[0]
        after = one.natural(np, [np.quantile(scaled[index], [0.05, 0.5, 0.95])])[0]
        rows.append(_row(name, parameters[name].unit, before, after, float(scaled[index].std() / sds[index])))
    return rows


def _residual_rows(residual: np.ndarray, before: np.ndarray, sd: float) -> list[dict[str, Any]]:
    rows = []
    for index, name in enumerate(("residual_ketamine", "residual_norketamine")):
        prior = np.exp(before[index] + NORMAL_90 * sd * np.asarray([-1.0, 0.0, 1.0]))
        after = np.quantile(residual[index], [0.05, 0.5, 0.95])
        rows.append(_row(name, "SD of the log", prior, after, float(np.log(residual[index]).std() / sd)))
    return rows


def _row(name: str, unit: str, before: np.ndarray, after: np.ndarray, ratio: float) -> dict[str, Any]:
    keys = ("low", "median", "high")
    return {
        "name": name,
        "unit": unit,
        "prior": dict(zip(keys, map(float, before), strict=True)),
        "posterior": dict(zip(keys, map(float, after), strict=True)),
        "sd_over_prior_sd": ratio,
        "informed": ratio < UNINFORMED_FROM,
    }
