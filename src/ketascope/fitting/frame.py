"""What is fitted of one person: random effects, the doses as inputs, and the points where the model is asked.

A person's value of a parameter is its population value moved by a random effect, as for simulated patients
(`people.individual_values`). Where the person was dosed on several occasions, an effect of absorption has a part of the
person and a part of the occasion (`variability.toml`); a dose is absorbed with the values of its own occasion. All
random effects are standard normals before the data are seen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ketascope.fitting.variability import occasion_shares
from ketascope.model.absorption import Depot, InputEvent, plan_inputs
from ketascope.model.covariates import apply_person
from ketascope.model.disposition import disposition_rows, steps_of
from ketascope.model.exposure import absorption_rows, enantiomer_composition, ketamine_doses
from ketascope.people import CORRELATED, RANDOM_EFFECTS, spread_values

if TYPE_CHECKING:
    from ketascope.exchange.nonmem_data import Subject
    from ketascope.model.parameter_store import Parameter, ParameterSet
    from ketascope.model.plasma import Plasma
    from ketascope.people import Person
    from ketascope.regimen import Dose

_R_TO_S = "_ratio_r_to_s"
OTHER_OCCASIONS = -1
"""Column of doses on occasions without a sample: absorbed with the person's own values."""


@dataclass(frozen=True)
class RandomEffect:
    """One standard normal: the person's own part of an effect (occasion None), or that of one occasion."""

    name: str
    occasion: int | None = None


@dataclass(frozen=True)
class Input:
    """One input of the schedule with the number of its dose."""

    event: InputEvent
    dose: int


@dataclass(frozen=True)
class Frame:
    """One person as the fit sees them.

    effects: the standard normals, the order of z. names: random effects in use. columns: the occasion of each column
    of values (OTHER_OCCASIONS: doses of occasions without a sample). shares: what occasions have of an effect's
    variance, by name. weights: (names, columns, effects): how a standard normal moves an effect in a column. spread:
    rows that an effect moves. depots, inputs, input_columns, input_depots:
    the schedule. clearance_ratio: what age and liver function do to clearance.
    """

    place: Plasma
    steps: frozenset[str]
    parameters: ParameterSet
    person: Person
    clearance_ratio: float
    effects: tuple[RandomEffect, ...]
    names: tuple[str, ...]
    columns: tuple[int, ...]
    shares: Mapping[str, float]
    weights: np.ndarray
    spread: tuple[Parameter, ...]
    depots: tuple[Depot, ...]
    inputs: tuple[Input, ...]
    input_columns: np.ndarray
    input_depots: np.ndarray

    @property
    def relative_weight(self) -> float:
        """Body weight over the reference weight."""
        return self.person.weight_kg / self.parameters.value("covariates.reference_weight_kg")


def subject_frame(subject: Subject, parameters: ParameterSet, place: Plasma) -> Frame:
    """The frame of a person of a data set."""
    occasions = dict(zip(map(id, subject.doses), subject.dose_occasions, strict=True))
    doses = ketamine_doses(subject.doses)
    sampled = {item.occasion for item in subject.concentrations()}
    return make_frame(doses, [occasions[id(dose)] for dose in doses], sampled, subject.person, parameters, place)


def make_frame(
    doses: Sequence[Dose],
    occasions: Sequence[int],
    sampled: set[int],
    person: Person,
    parameters: ParameterSet,
    place: Plasma,
) -> Frame:
    """The frame of a person with these doses. occasions: of each dose; sampled: occasions with random effects."""
    dosed = sorted(set(occasions))
    own = [occasion for occasion in dosed if occasion in sampled]
    several = len(dosed) > 1
    columns = tuple(own if len(own) == len(dosed) else [*own, OTHER_OCCASIONS]) if several else (dosed[0],)
    depots, inputs = _inputs(doses, parameters, place)
    occasion_of = np.asarray([occasions[item.dose] for item in inputs])
    input_depots = np.asarray([item.event.column for item in inputs])
    names_used = set(disposition_rows(parameters, place)) | set(absorption_rows(depots, parameters, place))
    spread = tuple(row for name, row in parameters.items() if name in names_used and row.between_patient is not None)
    used = {_effect(row) for row in spread}
    names = tuple(name for name in RANDOM_EFFECTS if name in used)
    moved = {
        occasion: _absorption_effects(depots, input_depots[occasion_of == occasion], parameters, place)
        for occasion in dosed
    }
    # Where one occasion alone uses an effect, the person's part and the occasion's cannot be told apart: one is enough.
    shares = {name: s for name, s in occasion_shares().items() if sum(name in each for each in moved.values()) > 1}
    effects = [RandomEffect(name) for name in names]
    effects += [RandomEffect(name, o) for o in own for name in names if name in moved[o] and name in shares]
    input_columns = [columns.index(o) if o in columns else columns.index(OTHER_OCCASIONS) for o in occasion_of]
    return Frame(
        place=place,
        steps=steps_of(parameters, place) - {"hydroxynorketamine"},
        parameters=parameters,
        person=person,
        clearance_ratio=_clearance_ratio(person, parameters, place),
        effects=tuple(effects),
        names=names,
        columns=columns,
        weights=_weights(effects, names, columns, shares, parameters, place),
        spread=spread,
        depots=depots,
        inputs=inputs,
        shares=shares,
        input_columns=np.asarray(input_columns),
        input_depots=input_depots,
    )


def _absorption_effects(
    depots: Sequence[Depot], numbers: np.ndarray, parameters: ParameterSet, place: Plasma
) -> set[str]:
    """Random effects on the absorption from some of the depots (-1 is none)."""
    here = [depots[number] for number in sorted({int(number) for number in numbers}) if number >= 0]
    rows = [parameters[name] for name in absorption_rows(here, parameters, place)]
    return {_effect(row) for row in rows if row.between_patient is not None}


def _effect(row: Parameter) -> str:
    assert row.between_patient is not None
    assert row.between_patient.effect is not None
    return row.between_patient.effect


def _inputs(
    doses: Sequence[Dose], parameters: ParameterSet, place: Plasma
) -> tuple[tuple[Depot, ...], tuple[Input, ...]]:
    """Depots of all doses, each once, and the inputs, whose `column` counts those depots (-1: straight into plasma)."""
    composition = enantiomer_composition()
    depots: list[Depot] = []
    inputs: list[Input] = []
    for number, dose in enumerate(doses):
        plan = plan_inputs([dose], composition, place, parameters.value)
        depots += [depot for depot in plan.depots if depot not in depots]
        for event in plan.events:
            column = depots.index(plan.depots[event.column]) if event.column >= 0 else event.column
            inputs.append(Input(replace(event, column=column), number))
    return tuple(depots), tuple(inputs)


def _clearance_ratio(person: Person, parameters: ParameterSet, place: Plasma) -> float:
    values = {name: np.full(1, row.value) for name, row in parameters.items()}
    name = f"{place.parameters}.clearance_s_ketamine_l_per_h"
    apply_person(np, values, place, person.age_years, person.hepatic, [])
    return float(values[name][0] / parameters.value(name))


def _weights(
    effects: Sequence[RandomEffect],
    names: Sequence[str],
    columns: Sequence[int],
    shares: Mapping[str, float],
    parameters: ParameterSet,
    place: Plasma,
) -> np.ndarray:
    table = np.zeros((len(names), len(columns), len(effects)))
    for number, effect in enumerate(effects):
        row, share = names.index(effect.name), shares.get(effect.name, 0.0)
        if effect.occasion is None:
            table[row, :, number] = math.sqrt(1.0 - share)
        else:
            table[row, columns.index(effect.occasion), number] = math.sqrt(share)
    for first, second, correlation in CORRELATED:
        if first in names and second in names:
            r = parameters.value(f"{place.parameters}.{correlation}")
            table[names.index(second)] = (
                r * table[names.index(first)] + math.sqrt(1 - r * r) * table[names.index(second)]
            )
    return table


def row_centres(frame: Frame) -> dict[str, float]:
    """Central values of every row that concentrations may rest on."""
    files = (f"{frame.place.parameters}.", "covariates.", "absorption.")
    return {name: row.value for name, row in frame.parameters.items() if name.startswith(files)}


def individual_values(
    xp: Any,
    frame: Frame,
    z: Any,
    centres: Mapping[str, Any] | None = None,
    own: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A person's values of every row, (2 * columns, draws), for standard normals z (effects, draws).

    The first half of the columns serves S-ketamine, the second R-ketamine: ratios of R to S are 1 in the first. So one
    pass serves both, with everything read as for R. xp: NumPy or JAX. centres: population values that replace the rows'
    central ones. own: replaces `weights`, `relative_weight` and `clearance_ratio` of the frame, where one compiled
    program serves many people.
    """
    from ketascope.model.covariates import apply_body_size, apply_first_pass

    own = own or {}
    weights = own.get("weights", frame.weights)
    deviation = xp.einsum("nce,ed->ncd", xp.concatenate([weights, weights], axis=1), z)
    shape = deviation.shape[1:]
    is_r = np.arange(shape[0])[:, None] >= shape[0] // 2
    values = {name: xp.broadcast_to(xp.asarray(value), shape) for name, value in row_centres(frame).items()}
    for name, value in (centres or {}).items():
        values[name] = xp.broadcast_to(xp.asarray(value), shape)
    for name in values:
        if name.endswith(_R_TO_S):
            values[name] = xp.where(is_r, values[name], 1.0)
    for row in frame.spread:
        spread = row.between_patient
        assert spread is not None
        below_mean = 0.5 * spread.sd**2 if spread.value_is == "mean" else 0.0
        shift = spread.sd * deviation[frame.names.index(_effect(row))] - below_mean
        values[row.name] = spread_values(values[row.name], spread.kind, shift, xp)
    apply_body_size(xp, values, frame.place, own.get("relative_weight", frame.relative_weight))
    name = f"{frame.place.parameters}.clearance_s_ketamine_l_per_h"
    values[name] = values[name] * own.get("clearance_ratio", frame.clearance_ratio)
    apply_first_pass(xp, values, frame.place)
    return values
