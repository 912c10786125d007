"""The predictions that a fit rests on: the simulator's own concentrations, in JAX, with slopes and study effects."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ketascope.evidence.pharmacokinetics import likelihood
from ketascope.evidence.pharmacokinetics.calibration import choose, prior_parameters
from ketascope.evidence.pharmacokinetics.design import Design
from ketascope.evidence.pharmacokinetics.likelihood import STUDY_EFFECTS, make_data, predictions
from ketascope.evidence.pharmacokinetics.observations import Observation, observations
from ketascope.evidence.pharmacokinetics.prediction import predictor
from ketascope.evidence.pharmacokinetics.priors import fixed_values, priors
from ketascope.evidence.pharmacokinetics.structures import CANDIDATES, FULL, NOTHING, Structure
from ketascope.evidence.pk_ledger import area, time_grid
from ketascope.evidence.pk_observed import ANALYTES, ObservedRow, load
from ketascope.model.disposition import steps_of
from ketascope.model.exposure import concentrations, prepare, typical_concentrations
from ketascope.model.parameter_store import ParameterSet
from ketascope.model.plasma import plasma
from ketascope.people import Person, individual_values, typical_normals
from ketascope.regimen import parse

STEPS = "esketamine 0.14 mg/kg IV over 60 min then esketamine 0.28 mg/kg IV over 60 min"
REGIMENS: tuple[tuple[str, float, str], ...] = (
    (STEPS, 70.0, "arterial"),
    ("ketamine 0.5 mg/kg IV over 40 min", 88.0, "venous"),
    ("ketamine 0.25 mg/kg IV", 100.0, "arterial"),
    ("ketamine 25 mg SL", 61.0, "unknown"),
    ("esketamine 50 mg oral", 95.0, "venous"),
    ("ketamine 80 mg oral-ER", 70.0, "venous"),
    ("esketamine 56 mg nasal", 70.0, "venous"),
    ("esketamine 84 mg nasal", 52.0, "arterial"),
    ("ketamine 30 mg nasal", 70.0, "venous"),
    ("ketamine 0.5 mg/kg IM", 78.0, "venous"),
    ("ketamine 0.5 mg/kg SC", 64.0, "venous"),
    ("ketamine 100 mg rectal", 70.0, "arterial"),
)
SAMPLED_H = (0.3, 1.0, 2.083, 9.0)
CURVES = ("s_ketamine", "norketamine", "hydroxynorketamine")
FIGURES = (
    ("auc", "ketamine"),
    ("auc", "s_norketamine"),
    ("auc_ratio", "norketamine:ketamine"),
    ("f", "s_ketamine"),
    ("cl", "s_ketamine"),
    ("cmax", "ketamine"),
    ("cmax", "norketamine"),
    ("tmax", "ketamine"),
)
AREA_TO_H, LONG_H = 8.0, 400.0
# An infusion's rate steps are written into the plan of inputs, so a plan is made for the durations of its own rows.
DURATIONS = ("swallowed_duration_h", "extended_release_duration_h")


def row(**cells: Any) -> ObservedRow:
    """A made-up observation; only what a prediction reads matters."""
    return dataclasses.replace(load()[0], sample_time_h=None, auc_to_h=None, **cells)


def rows_of(regimens: Sequence[tuple[str, float, str]]) -> list[ObservedRow]:
    """Every curve of every regimen at every sampling time, then every figure of every regimen."""
    made = []
    for sentence, weight_kg, site in regimens:
        who = {"sentence": sentence, "weight_kg": weight_kg, "sampling_used": site}
        for analyte in CURVES:
            for time_h in SAMPLED_H:
                concentration = row(**who, analyte_key=analyte, statistic_kind="concentration")
                made.append(dataclasses.replace(concentration, sample_time_h=time_h))
        for kind, analyte in FIGURES:
            made.append(dataclasses.replace(row(**who, analyte_key=analyte, statistic_kind=kind), auc_to_h=AREA_TO_H))
    return made


def site_of(item: ObservedRow) -> str:
    return "arterial" if item.sampling_used == "arterial" else "venous"


def drawn_values(seed: int, width: float = 1.0) -> dict[str, float]:
    """Values of all estimated parameters, `width` prior SDs wide, by full name."""
    rng = np.random.default_rng(seed)
    return {
        f"pooled.{name}": float(prior.at(np, width * rng.standard_normal()))
        for name, prior in priors().items()
        if name not in DURATIONS
    }


def expected_curves(item: ObservedRow, parameters: ParameterSet, times_h: np.ndarray) -> Mapping[str, np.ndarray]:
    doses = parse(item.sentence).doses(item.weight_kg)
    return typical_concentrations(doses, Person(weight_kg=item.weight_kg), site_of(item), times_h, parameters)


def level(item: ObservedRow, curves: Mapping[str, np.ndarray], analyte: str) -> np.ndarray:
    return np.asarray(sum(curves[name] for name in ANALYTES[analyte]))


@pytest.fixture(scope="module", autouse=True)
def double_precision() -> None:
    from ketascope.solver.engine import configure_jax

    configure_jax()


@pytest.fixture(scope="module")
def all_rows() -> list[ObservedRow]:
    return rows_of(REGIMENS)


@pytest.fixture(scope="module")
def base() -> ParameterSet:
    return prior_parameters().replaced({"pooled.swallowed_duration_h": 0.61, "pooled.extended_release_duration_h": 8.3})


@pytest.fixture(scope="module")
def design(all_rows: list[ObservedRow], base: ParameterSet) -> Design:
    made = Design(base)
    for item in all_rows:
        made.add(item, "study")
    return made


@pytest.fixture(scope="module")
def predict(design: Design, base: ParameterSet) -> Any:
    return predictor(design, {name: entry.value for name, entry in base.items()}, FULL)


@pytest.fixture(scope="module", params=[11, 12, 13])
def drawn(request: pytest.FixtureRequest, predict: Any, base: ParameterSet) -> tuple[np.ndarray, ParameterSet]:
    """Predictions at random values, and the parameter set that has these values."""
    values = drawn_values(request.param)
    return np.asarray(predict(values)), base.replaced(values)


# --- what is predicted -----------------------------------------------------------------------------


def test_concentrations_are_those_of_the_simulator_by_every_route_and_at_both_sites(
    drawn: tuple[np.ndarray, ParameterSet], all_rows: list[ObservedRow]
) -> None:
    predicted, parameters = drawn
    times_h = np.asarray([0.0, *SAMPLED_H])
    checked = 0
    for item, value in zip(all_rows, predicted, strict=True):
        if item.statistic_kind == "concentration":
            curve = level(item, expected_curves(item, parameters, times_h), item.analyte_key)
            # Relative to the course: its first minutes are small differences of sums of exponentials.
            expected = pytest.approx(curve[1 + SAMPLED_H.index(item.sample_time_h)], rel=1e-9, abs=1e-9 * curve.max())
            assert value == expected, (item.sentence, item.analyte_key, item.sample_time_h)
            checked += 1
    assert checked == len(REGIMENS) * len(CURVES) * len(SAMPLED_H)


def whole_grid(item: ObservedRow, sentence: str) -> np.ndarray:
    doses = parse(sentence).doses(item.weight_kg)
    edges_h = [time for dose in doses for time in (dose.time_h, dose.time_h + dose.duration_h)]
    return time_grid([*edges_h, 0.2183, 0.61, 8.3], LONG_H, [AREA_TO_H])


@pytest.fixture(scope="module")
def numeric(base: ParameterSet, predict: Any, all_rows: list[ObservedRow]) -> list[tuple[ObservedRow, float, float]]:
    """Figures at random values, each with what follows numerically from the simulator's curve: (row, is, ought)."""
    values = drawn_values(21, width=0.7)
    parameters = base.replaced(values)
    curves: dict[tuple[str, float, str], tuple[np.ndarray, Mapping[str, np.ndarray]]] = {}

    def curve(item: ObservedRow, sentence: str) -> tuple[np.ndarray, Mapping[str, np.ndarray]]:
        key = (sentence, item.weight_kg or 0.0, site_of(item))
        if key not in curves:
            times_h = whole_grid(item, sentence)
            curves[key] = times_h, expected_curves(dataclasses.replace(item, sentence=sentence), parameters, times_h)
        return curves[key]

    def expected(item: ObservedRow) -> float:
        times_h, own = curve(item, item.sentence)
        kind = item.statistic_kind
        if kind in ("auc", "auc_ratio"):
            areas = [area(times_h, level(item, own, analyte), AREA_TO_H) for analyte in item.analyte_key.split(":")]
            return areas[0] if kind == "auc" else areas[0] / areas[1]
        conc = level(item, own, item.analyte_key)
        if kind in ("cmax", "tmax"):
            return float(conc.max() if kind == "cmax" else times_h[conc.argmax()])
        doses = parse(item.sentence).doses(item.weight_kg)
        total_mg = sum(dose.amount_mg for dose in doses)
        grid, other = curve(item, f"{doses[0].drug} {total_mg:.12g} mg IV over 60 min")
        infusion = area(grid, level(item, other, item.analyte_key), LONG_H)
        if kind == "f":
            return area(times_h, conc, LONG_H) / infusion
        measured_mg = total_mg * (1.0 if doses[0].drug == "esketamine" else 0.5)
        return measured_mg * 1000.0 / infusion

    found = [
        (item, float(value), expected(item))
        for item, value in zip(all_rows, np.asarray(predict(values)), strict=True)
        if item.statistic_kind != "concentration"
    ]
    assert len(found) == len(REGIMENS) * len(FIGURES)
    return found


@pytest.mark.parametrize("kind", ["auc", "auc_ratio", "f", "cl"])
def test_areas_their_ratios_bioavailability_and_clearance_are_those_of_the_curve(
    numeric: list[tuple[ObservedRow, float, float]], kind: str
) -> None:
    for item, value, expected in numeric:
        if item.statistic_kind == kind:
            assert value == pytest.approx(expected, rel=1e-3), (item.sentence, item.analyte_key)


def test_a_peak_is_the_peak_of_the_curve(numeric: list[tuple[ObservedRow, float, float]]) -> None:
    wrong = {
        (item.sentence, item.analyte_key): round(value / expected, 4)
        for item, value, expected in numeric
        if item.statistic_kind == "cmax" and item.sentence != "ketamine 0.25 mg/kg IV"
        if value != pytest.approx(expected, rel=1e-3)
    }
    assert wrong == {}


def test_the_time_of_a_peak_is_near_the_peak_of_the_curve(numeric: list[tuple[ObservedRow, float, float]]) -> None:
    """It is smoothed so that it has a slope; the error of a printed time of a peak is 0.2 on the log scale."""
    wrong = {
        item.sentence: round(value / expected, 3)
        for item, value, expected in numeric
        if item.statistic_kind == "tmax" and item.sentence != "ketamine 0.25 mg/kg IV"
        if value != pytest.approx(expected, rel=0.1)
    }
    assert wrong == {}


def test_a_clearance_is_the_parameter_and_needs_no_curve(
    drawn: tuple[np.ndarray, ParameterSet], all_rows: list[ObservedRow]
) -> None:
    predicted, parameters = drawn
    for item, value in zip(all_rows, predicted, strict=True):
        if item.statistic_kind == "cl":
            at_70_kg = parameters.value("pooled.clearance_s_ketamine_l_per_h")
            exponent = parameters.value("covariates.clearance_weight_exponent")
            assert value == pytest.approx(at_70_kg * (item.weight_kg / 70.0) ** exponent, rel=1e-9), item.sentence


def test_a_row_that_has_no_prediction_is_refused(base: ParameterSet) -> None:
    with pytest.raises(ValueError, match=r"row 'kamp2020-01': no prediction for 'half_life'"):
        Design(base).add(row(statistic_kind="half_life"), "study")


def test_a_regimen_of_one_study_is_laid_out_once(design: Design) -> None:
    own = {(column.sentence, column.weight_kg, column.site) for column in design.columns}
    assert len(own) == len(design.columns) <= 2 * len(REGIMENS)
    assert len(set(design.points)) == len(design.points)


# --- slopes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["clearance_s_ketamine_l_per_h", "arm_transit_min", "gut_survival_fraction", "transit_rate_per_h"],
)
def test_the_slope_of_a_prediction_is_its_finite_difference(
    predict: Any, all_rows: list[ObservedRow], name: str
) -> None:
    import jax

    values, full = drawn_values(31, width=0.5), f"pooled.{name}"
    _, slope = jax.jvp(lambda value: predict({**values, full: value}), (values[full],), (1.0,))
    step = 1e-4 * values[full]
    above, below = (np.asarray(predict({**values, full: values[full] + sign * step})) for sign in (1, -1))
    difference = (above - below) / (2.0 * step)
    # The largest of several points has no slope where two points change places; peaks are not asked for here.
    smooth = np.asarray([item.statistic_kind not in ("cmax", "tmax") for item in all_rows])
    scale = np.abs(above) / values[full]
    assert np.all(np.isfinite(np.asarray(slope)))
    assert np.max(np.abs(np.asarray(slope) - difference)[smooth] / scale[smooth]) < 1e-6
    assert np.max(np.abs(difference)) > 0.0


def test_every_estimated_parameter_moves_some_prediction(predict: Any) -> None:
    """One that moves none cannot be informed by any data, and belongs among the fixed rows."""
    centre = {f"pooled.{name}": prior.median for name, prior in priors().items()}
    at_centre = np.asarray(predict(centre))
    still = [
        name
        for name, prior in priors().items()
        if np.allclose(np.asarray(predict({**centre, f"pooled.{name}": prior.at(np, 0.5)})), at_centre, rtol=1e-6)
    ]
    assert still == []


# --- study effects ---------------------------------------------------------------------------------


MUCOSAL = tuple(
    sentence for sentence, _, _ in REGIMENS if "SL" in sentence or "nasal" in sentence or "rectal" in sentence
)


@pytest.fixture(scope="module")
def shared(base: ParameterSet, all_rows: list[ObservedRow]) -> likelihood.Data:
    """Two studies of unlike regimens; the second has those that are absorbed through a mucosa."""
    made = [Observation(item, "two" if item.sentence in MUCOSAL else "one", 1.0, 0.1, 1.0) for item in all_rows]
    return make_data(made, base)


@pytest.mark.parametrize("effect", list(STUDY_EFFECTS))
def test_a_study_effect_moves_its_parameters_in_its_own_study_and_nothing_else(
    shared: likelihood.Data, base: ParameterSet, effect: str
) -> None:
    centre = {name: base.value(f"pooled.{name}") for name in [*priors(), *fixed_values()]}
    none = {name: np.zeros(2) for name in STUDY_EFFECTS}
    own = np.asarray([item.study == "two" for item in shared.observations])
    shifts = np.where(np.asarray(shared.studies) == "two", 0.3, 0.0)
    plain = np.asarray(predictions(shared, centre, none))
    found = np.asarray(predictions(shared, centre, {**none, effect: shifts}))
    assert found[~own] == pytest.approx(plain[~own], rel=1e-12)
    _, names, scale = STUDY_EFFECTS[effect]
    moved = {}
    for name in names:
        odds = centre[name] / (1.0 - centre[name]) * np.exp(0.3)
        moved[f"pooled.{name}"] = odds / (1.0 + odds) if scale == "logit" else centre[name] * np.exp(0.3)
    parameters = base.replaced(moved)
    checked = 0
    for item, value in zip(shared.observations, found, strict=True):
        if item.study == "two" and item.row.sample_time_h == 1.0:
            curves = expected_curves(item.row, parameters, np.asarray([0.0, 1.0]))
            expected = level(item.row, curves, item.row.analyte_key)[1]
            assert value == pytest.approx(expected, rel=1e-9), (item.row.sentence, item.row.analyte_key)
            checked += 1
    assert checked == len(MUCOSAL) * len(CURVES)
    assert np.any(np.abs(found[own] / plain[own] - 1.0) > 0.01)


def test_every_study_effect_moves_parameters_that_exist_and_that_are_estimated() -> None:
    for effect, (spread, names, scale) in STUDY_EFFECTS.items():
        assert 0.0 < spread < 1.0, effect
        for name in names:
            assert priors()[name].kind == ("logit-normal" if scale == "logit" else "log-normal"), name
    moved = [name for _, names, _ in STUDY_EFFECTS.values() for name in names]
    assert len(moved) == len(set(moved)), "two effects on one parameter could not be told apart"


def test_rows_carry_their_own_error_weight_and_residual(base: ParameterSet) -> None:
    wanted = ("kamp2020-02", "simons2022-04", "simons2022-07", "simons2022-13", "clements1982-01")
    chosen = [item for item in observations("training") if item.row.row_id in wanted]
    data = make_data(chosen, base)
    assert np.exp(data.log_values) == pytest.approx([item.value for item in chosen])
    assert data.error_sd.tolist() == [item.error_sd for item in chosen]
    assert data.weight.tolist() == [item.weight for item in chosen]
    residuals = [tuple(likelihood.RESIDUALS)[number] for number in data.residual]
    kinds = {item.row.row_id: name for item, name in zip(chosen, residuals, strict=True)}
    assert kinds == {
        "kamp2020-02": "ketamine",
        "simons2022-04": "norketamine",
        "simons2022-07": "hydroxynorketamine",
        "simons2022-13": "other",
        "clements1982-01": "ketamine",
    }
    assert set(data.studies) == {item.study for item in chosen}


# --- structures ------------------------------------------------------------------------------------

BY_NAME = {structure.name: structure for structure in CANDIDATES}
ALL_STEPS = frozenset({"transit", "arm", "hydroxynorketamine"})


@pytest.mark.parametrize(
    ("name", "steps", "not_estimated"),
    [
        ("full", {"transit", "arm", "hydroxynorketamine"}, set()),
        ("no arm", {"transit", "hydroxynorketamine"}, {"arm_transit_min", "arm_shunt_fraction"}),
        ("arm as one delay", {"transit", "arm", "hydroxynorketamine"}, {"arm_shunt_fraction"}),
        (
            "arm as two delays",
            {"transit", "arm", "second arm compartment", "hydroxynorketamine"},
            {"arm_shunt_fraction"},
        ),
        ("no transit", {"arm", "hydroxynorketamine"}, {"transit_rate_per_h"}),
        ("first pass apart", {"transit", "arm", "hydroxynorketamine"}, {"liver_plasma_flow_l_per_h"}),
        (
            "no transit, first pass apart",
            {"arm", "hydroxynorketamine"},
            {"transit_rate_per_h", "liver_plasma_flow_l_per_h"},
        ),
        (
            "two-compartment ketamine",
            {"transit", "arm", "hydroxynorketamine"},
            {"slow_intercompartmental_clearance_l_per_h"},
        ),
        (
            "one-compartment norketamine",
            {"transit", "arm", "hydroxynorketamine"},
            {"norketamine_intercompartmental_clearance_l_per_h"},
        ),
    ],
)
def test_a_structure_leaves_out_its_step_and_estimates_the_rest(
    name: str, steps: set[str], not_estimated: set[str]
) -> None:
    structure = BY_NAME[name]
    assert structure.steps(ALL_STEPS) == steps
    own = structure.priors(priors())
    assert not not_estimated & set(own)
    values = structure.fixed_values()
    assert set(own) | set(values) == set(priors()) | set(fixed_values())
    assert not set(own) & set(values)
    assert not_estimated <= set(values)
    for fixed, value in fixed_values().items():
        assert values[fixed] == structure.fixed.get(fixed, value)


def test_what_a_structure_cannot_inform_is_not_counted_as_an_estimate() -> None:
    """A compartment that exchanges nothing has no volume to estimate."""
    for name, idle in (
        ("two-compartment ketamine", "slow_peripheral_volume_l"),
        ("one-compartment norketamine", "norketamine_peripheral_volume_l"),
    ):
        assert idle not in BY_NAME[name].priors(priors()), name


def test_no_two_structures_have_one_name_and_the_arm_is_only_doubled_where_there_is_one() -> None:
    assert len(BY_NAME) == len(CANDIDATES) == 9
    assert CANDIDATES[0] is FULL
    assert BY_NAME["arm as two delays"].steps(frozenset({"transit"})) == {"transit"}
    apart = BY_NAME["first pass apart"].priors(priors())["gut_survival_fraction"]
    assert (apart.kind, apart.median) == ("logit-normal", 0.2), "in it the row is the bioavailability itself"


@pytest.mark.parametrize("name", ["no arm", "no transit", "arm as two delays"])
def test_predictions_of_a_structure_are_the_simulator_without_its_step(
    name: str, base: ParameterSet, design: Design, all_rows: list[ObservedRow]
) -> None:
    structure = BY_NAME[name]
    fixed = {f"pooled.{short}": value for short, value in structure.fixed.items()}
    values = {**drawn_values(41, width=0.5), **fixed}
    found = np.asarray(predictor(design, {key: entry.value for key, entry in base.items()}, structure)(values))
    parameters, place = base.replaced(values), plasma("venous")
    steps = structure.steps(steps_of(parameters, place))
    chosen = ("ketamine 0.5 mg/kg IV over 40 min", "ketamine 25 mg SL", "ketamine 30 mg nasal")
    for item, value in zip(all_rows, found, strict=True):
        if item.statistic_kind != "concentration" or item.sentence not in chosen:
            continue
        own = individual_values(parameters, Person(weight_kg=item.weight_kg), typical_normals(), place)
        doses = parse(item.sentence).doses(item.weight_kg)
        times_h = np.asarray([0.0, item.sample_time_h])
        table = concentrations(*prepare(doses, own, parameters, place, None, steps), times_h)[..., 0] * 1000.0
        series = {"ketamine": 0, "norketamine": 1, "hydroxynorketamine": 3}
        expected = sum(table["sr".index(part[0]), series[part[2:]], 1] for part in ANALYTES[item.analyte_key])
        assert value == pytest.approx(expected, rel=1e-9), (item.sentence, item.analyte_key)


def test_a_step_that_is_switched_off_by_a_value_changes_next_to_nothing(predict: Any) -> None:
    """Twice as close to nothing moves no prediction by more than a thousandth."""
    for name in ("two-compartment ketamine", "one-compartment norketamine"):
        (flow,) = BY_NAME[name].fixed
        values = drawn_values(51, width=0.3)
        off, closer = (np.asarray(predict({**values, f"pooled.{flow}": flow_l})) for flow_l in (NOTHING, NOTHING / 2))
        assert off == pytest.approx(closer, rel=1e-3), name


def scored(name: str, estimated: int, total: float) -> Any:
    return SimpleNamespace(structure=Structure(name, "?"), estimated=estimated, total=total)


@pytest.mark.parametrize(
    ("scores", "kept"),
    [
        ([("full", 34, 100.0), ("small", 30, 98.5)], "small"),
        ([("full", 34, 100.0), ("small", 30, 97.9)], "full"),
        ([("full", 34, 100.0), ("small", 30, 98.0)], "full"),
        ([("full", 34, 100.0), ("small", 30, 103.0)], "small"),
        ([("full", 34, 100.0), ("small", 30, 99.0), ("smallest", 20, 98.9)], "smallest"),
        ([("full", 34, 100.0), ("small", 30, 99.0), ("smallest", 20, 80.0)], "small"),
        ([("one", 30, 99.0), ("other", 30, 99.5), ("full", 34, 100.0)], "other"),
        ([("full", 34, -100.0), ("small", 30, -101.0)], "small"),
    ],
)
def test_the_simplest_structure_that_the_best_does_not_beat_is_kept(
    scores: list[tuple[str, int, float]], kept: str
) -> None:
    assert choose([scored(*score) for score in scores]).name == kept
    assert choose([scored(*score) for score in reversed(scores)]).name == kept


def test_a_structure_that_lacks_what_the_model_is_for_is_shown_and_never_kept() -> None:
    unable = scored("small", 20, 103.0)
    unable.structure = dataclasses.replace(unable.structure, lacks="a liver")
    able = [scored("full", 34, 100.0), scored("middle", 33, 99.0)]
    assert choose([unable, *able]).name == "middle"
    assert {structure.name for structure in CANDIDATES if structure.lacks} == {
        "first pass apart",
        "no transit, first pass apart",
    }
