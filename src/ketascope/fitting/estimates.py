"""Individual parameters on their natural scale, with 90% intervals, and what the data said about each.

A quantity is a person's value of a parameter row (at their weight, age and liver function), or what follows from
several (bioavailability). The value is the most probable one. The interval is the central 90% of the posterior draws.
Beside it stands that of the normal approximation (Laplace), symmetric on the log scale, for a fraction on the logit
scale: SD^2 = g' S g with g the slope in the random effects and S their covariance (the delta method). It is too short
on the long side of a skewed posterior, which rates of absorption often have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ketascope.fitting.frame import OTHER_OCCASIONS, individual_values
from ketascope.model.exposure import absorption_rows

if TYPE_CHECKING:
    from ketascope.fitting.frame import Frame
    from ketascope.fitting.mode import Case, Mode

NORMAL_90 = 1.6448536269514722
INTERVAL_PERCENT = 90
UNINFORMED_FROM = 0.9
"""Posterior over prior SD: from here on the data said next to nothing."""
LOADING_NAMED = 0.4
_DIFFERENCE = 1e-4
_SWALLOWED = "first_pass.ketamine_s"


@dataclass(frozen=True)
class Quantity:
    """One natural parameter of a person: the key of its values, its column, its unit and its scale."""

    name: str
    key: str
    unit: str
    occasion: int | None
    column: int
    is_fraction: bool


def quantities(frame: Frame) -> tuple[Quantity, ...]:
    """What can be reported of a person: rows moved by a random effect, once, or once for each occasion with its own."""
    found: list[Quantity] = []
    by_occasion = {effect.name for effect in frame.effects if effect.occasion is not None}
    for row in frame.spread:
        assert row.between_patient is not None
        is_fraction = row.between_patient.kind == "logit-normal"
        short = row.name.partition(".")[2]
        for column, occasion in _columns_of(frame, row.name, row.between_patient.effect in by_occasion):
            found.append(Quantity(short, row.name, _plain_unit(row.unit, is_fraction), occasion, column, is_fraction))
    swallowed = any(depot.ketamine == "first_pass.ketamine" for depot in frame.depots)
    if swallowed:
        varies = "swallowed_fraction" in by_occasion
        for column, occasion in _columns_of(frame, _SWALLOWED, varies):
            found.append(Quantity("swallowed_s_ketamine_fraction", _SWALLOWED, "fraction", occasion, column, True))
    return tuple(found)


def _plain_unit(unit: str, is_fraction: bool) -> str:
    return "fraction" if is_fraction else unit.partition(",")[0]


def _columns_of(frame: Frame, row: str, by_occasion: bool) -> list[tuple[int, int | None]]:
    """Columns in which a row is reported, with their occasions: those whose doses use it, else the first."""
    if not by_occasion:
        return [(0, None)]
    found: list[tuple[int, int | None]] = []
    for column, occasion in enumerate(frame.columns):
        if occasion == OTHER_OCCASIONS:
            continue
        here = [
            frame.depots[d]
            for d in sorted({int(d) for d in frame.input_depots[frame.input_columns == column]})
            if d >= 0
        ]
        used = absorption_rows(here, frame.parameters, frame.place)
        if row in used or (row == _SWALLOWED and any(depot.ketamine == "first_pass.ketamine" for depot in here)):
            found.append((column, occasion))
    return found or [(0, None)]


def on_scale(quantity: Quantity, values: np.ndarray) -> np.ndarray:
    """Values on the scale of the interval: logit for a fraction, else log."""
    return np.asarray(np.log(values / (1.0 - values)) if quantity.is_fraction else np.log(values))


def from_scale(quantity: Quantity, values: np.ndarray | float) -> np.ndarray:
    """`on_scale` turned round."""
    return np.asarray(1.0 / (1.0 + np.exp(-values)) if quantity.is_fraction else np.exp(values))


def table_of(case: Case, wanted: Sequence[Quantity], z: np.ndarray) -> np.ndarray:
    """Natural values (quantities, draws) for standard normals z (effects, draws)."""
    values = individual_values(np, case.frame, z, case.centres)
    return np.stack([values[quantity.key][quantity.column] for quantity in wanted])


def estimates(case: Case, mode: Mode, draws: np.ndarray) -> list[dict[str, Any]]:
    """One row a quantity: value, both intervals, the typical value of such a person, whether the data informed it.

    draws: of the posterior (effects, draws).
    """
    wanted = quantities(case.frame)
    effects = len(mode.z)
    shift = _DIFFERENCE * np.eye(effects)
    points = [mode.z[:, None], np.zeros((effects, 1)), mode.z[:, None] + shift, mode.z[:, None] - shift, draws]
    natural = table_of(case, wanted, np.concatenate(points, axis=1))
    rows: list[dict[str, Any]] = []
    for quantity, own in zip(wanted, natural, strict=True):
        scaled = on_scale(quantity, own[: 2 + 2 * effects])
        slope = (scaled[2 : 2 + effects] - scaled[2 + effects :]) / (2.0 * _DIFFERENCE)
        sd = float(np.sqrt(slope @ mode.covariance @ slope))
        laplace = from_scale(quantity, scaled[0] + NORMAL_90 * sd * np.asarray([-1.0, 1.0]))
        low, high = np.quantile(own[2 + 2 * effects :], [0.05, 0.95])
        row = _row(quantity, (own[0], low, high), float(own[1]), sd / float(np.linalg.norm(slope)))
        rows.append(row | {"laplace_low": float(laplace[0]), "laplace_high": float(laplace[1])})
    return rows


def estimates_of_draws(case: Case, z: np.ndarray, generator: np.random.Generator) -> list[dict[str, Any]]:
    """The same from draws of the posterior alone (effects, draws): median and central 90%."""
    wanted = quantities(case.frame)
    prior = table_of(case, wanted, generator.standard_normal((len(z), z.shape[1])))
    natural = table_of(case, wanted, np.concatenate([np.zeros((len(z), 1)), z], axis=1))
    rows: list[dict[str, Any]] = []
    for quantity, own, before in zip(wanted, natural, prior, strict=True):
        low, middle, high = np.quantile(own[1:], [0.05, 0.5, 0.95])
        ratio = float(on_scale(quantity, own[1:]).std() / on_scale(quantity, before).std())
        rows.append(_row(quantity, (middle, low, high), float(own[0]), ratio))
    return rows


def _row(quantity: Quantity, value: tuple[float, float, float], typical: float, ratio: float) -> dict[str, Any]:
    """One estimate as plain data. value: the estimate and its ends."""
    return {
        "name": quantity.name,
        "unit": quantity.unit,
        "occasion": None if quantity.occasion is None else quantity.occasion + 1,
        **dict(zip(("value", "low", "high"), map(float, value), strict=True)),
        "typical": typical,
        "sd_over_prior_sd": ratio,
        "informed": ratio < UNINFORMED_FROM,
    }


def effect_rows(case: Case, z: np.ndarray, covariance: np.ndarray) -> list[dict[str, Any]]:
    """Random effects in their own SDs: a person's part as it moves the parameter, an occasion's part by itself."""
    rows: list[dict[str, Any]] = []
    for number, effect in enumerate(case.frame.effects):
        direction = effect_direction(case.frame, number)
        sd = float(np.sqrt(direction @ covariance @ direction))
        rows.append(
            {
                "name": effect.name,
                "occasion": None if effect.occasion is None else effect.occasion + 1,
                "eta": float(direction @ z),
                "sd": sd,
                "informed": sd < UNINFORMED_FROM,
            }
        )
    return rows


def effect_direction(frame: Frame, number: int) -> np.ndarray:
    """The combination of standard normals that an effect is, of length 1: correlated effects are mixed."""
    effect = frame.effects[number]
    if effect.occasion is not None:
        return np.asarray(np.eye(len(frame.effects))[number])
    own = [index for index, each in enumerate(frame.effects) if each.occasion is None]
    direction = np.zeros(len(frame.effects))
    direction[own] = frame.weights[frame.names.index(effect.name), 0, own]
    return np.asarray(direction / np.linalg.norm(direction))


def uninformed_directions(case: Case, covariance: np.ndarray) -> list[dict[str, Any]]:
    """Combinations of random effects that stay as unsure as before, 90% of the prior SD and more."""
    values, vectors = np.linalg.eigh(covariance)
    rows = []
    for value, vector in zip(values[::-1], vectors.T[::-1], strict=True):
        if np.sqrt(max(value, 0.0)) < UNINFORMED_FROM:
            break
        order = np.argsort(-np.abs(vector))
        strong = [int(i) for i in order if abs(vector[i]) >= LOADING_NAMED] or [int(order[0])]
        sign = np.sign(vector[strong[0]])
        rows.append(
            {
                "sd_over_prior_sd": float(np.sqrt(value)),
                "effects": [
                    {
                        "name": case.frame.effects[i].name,
                        "occasion": _number(case.frame.effects[i].occasion),
                        "loading": float(sign * vector[i]),
                    }
                    for i in strong
                ],
            }
        )
    return rows


def _number(occasion: int | None) -> int | None:
    return None if occasion is None else occasion + 1
