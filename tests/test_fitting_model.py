"""The model of a fit: the curve of a person, the error of a sample, and what random effects stand for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from fit_data import IV_PERSON, dose, seen, write
from ketascope.exchange.nonmem_data import read_data
from ketascope.fitting.frame import OTHER_OCCASIONS, individual_values, make_frame, subject_frame
from ketascope.fitting.individual import Task, make_case
from ketascope.fitting.likelihood import error_sd, measured, minus_log_density, slopes
from ketascope.fitting.prediction import analyte_weights, observed_schedule, predicted, schedule_at
from ketascope.fitting.variability import Residual, default_residual, occasion_shares, variability_rows
from ketascope.model.exposure import concentrations, ketamine_doses, prepare
from ketascope.model.parameter_store import load_parameters
from ketascope.model.plasma import plasma, plasmas
from ketascope.people import RANDOM_EFFECTS, Person
from ketascope.people import individual_values as simulated_values
from ketascope.regimen import parse

MIXED = "ketamine 35 mg IV over 40 min & esketamine 56 mg nasal after 3 h & ketamine 50 mg oral after 8 h"
TIMES = np.array([0.3, 0.7, 2.0, 3.2, 5.0, 8.6, 20.0])


def one_occasion(sentence: str, sampling: str, person: Person):
    place = plasma(sampling)
    doses = ketamine_doses(parse(sentence).doses(person.weight_kg))
    return doses, make_frame(doses, [0] * len(doses), {0}, person, load_parameters(), place)


def simulated(doses, frame, z, person):
    """The same people by the simulator: (2 enantiomers, series, times, people) in ng/mL."""
    normals = np.zeros((z.shape[1], len(RANDOM_EFFECTS)))
    for row, effect in enumerate(frame.effects):
        normals[:, RANDOM_EFFECTS.index(effect.name)] = z[row]
    values = simulated_values(load_parameters(), person, normals, frame.place)
    return 1000.0 * concentrations(*prepare(doses, values, load_parameters(), frame.place, None), TIMES)


@pytest.mark.parametrize("sampling", sorted(plasmas()))
@pytest.mark.parametrize("analyte", ["ketamine", "norketamine", "s_ketamine", "r_norketamine"])
def test_a_fitted_person_has_the_curve_of_a_simulated_one(sampling, analyte):
    person = Person(82.0, 71.0, None, "moderate")
    doses, frame = one_occasion(MIXED, sampling, person)
    z = np.random.default_rng(1).standard_normal((len(frame.effects), 6))
    ours = predicted(frame, schedule_at(frame, TIMES, [analyte] * len(TIMES)), z)
    theirs = np.einsum(
        "pes,espd->pd", analyte_weights([analyte] * len(TIMES)), simulated(doses, frame, z, person)[:, :2]
    )
    assert ours == pytest.approx(theirs, rel=1e-10)


def test_the_area_is_that_under_the_curve():
    _, frame = one_occasion(MIXED, "venous", Person())
    fine = np.linspace(0.0, 24.0, 40_001)
    z = np.zeros((len(frame.effects), 1))
    levels = predicted(frame, schedule_at(frame, fine, ["ketamine"] * len(fine)), z)[:, 0]
    (area,) = predicted(frame, schedule_at(frame, [24.0], ["ketamine"]), z, area=True)[0]
    assert area == pytest.approx(np.trapezoid(levels, fine), rel=1e-4)


def test_only_effects_that_the_doses_use_are_fitted():
    _, infused = one_occasion("ketamine 35 mg IV over 40 min", "venous", Person())
    _, swallowed = one_occasion("ketamine 50 mg oral", "venous", Person())
    names = [effect.name for effect in infused.effects]
    assert names == ["central_volume", "clearance", "norketamine_volume", "norketamine_clearance", "slow_distribution"]
    assert [effect.name for effect in swallowed.effects] == [*names, "swallowed_rate", "swallowed_fraction"]


def two_occasions():
    doses = ketamine_doses(parse("ketamine 50 mg oral q 7 d x 2").doses(70.0))
    return make_frame(doses, [0, 1], {0, 1}, Person(), load_parameters(), plasma("venous"))


def test_two_occasions_share_the_person_and_differ_in_absorption():
    frame = two_occasions()
    parts = [(effect.name, effect.occasion) for effect in frame.effects if effect.occasion is not None]
    assert parts == [
        ("swallowed_rate", 0),
        ("swallowed_fraction", 0),
        ("swallowed_rate", 1),
        ("swallowed_fraction", 1),
    ]
    z = np.random.default_rng(2).standard_normal((len(frame.effects), 20_000))
    rate = np.log(individual_values(np, frame, z)["pooled.swallowed_rate_per_h"])
    row = load_parameters()["pooled.swallowed_rate_per_h"]
    assert row.between_patient is not None
    assert rate[0].std() == pytest.approx(row.between_patient.sd, rel=0.02)
    assert np.corrcoef(rate[0], rate[1])[0, 1] == pytest.approx(1.0 - occasion_shares()["swallowed_rate"], abs=0.02)
    volume = individual_values(np, frame, z)["pooled.central_volume_l"]
    assert (volume[0] == volume[1]).all()


def test_an_effect_of_one_occasion_alone_is_not_split():
    doses = ketamine_doses(parse("ketamine 35 mg IV over 40 min then ketamine 50 mg oral after 7 d").doses(70.0))
    frame = make_frame(doses, [0, 1], {0, 1}, Person(), load_parameters(), plasma("venous"))
    assert all(effect.occasion is None for effect in frame.effects)


def test_doses_of_occasions_without_a_sample_have_the_persons_own_values():
    doses = ketamine_doses(parse("ketamine 50 mg oral q 7 d x 3").doses(70.0))
    frame = make_frame(doses, [0, 1, 2], {0, 2}, Person(), load_parameters(), plasma("venous"))
    assert frame.columns == (0, 2, OTHER_OCCASIONS)
    assert frame.input_columns.tolist() == [0, 2, 1]
    assert {effect.occasion for effect in frame.effects} == {None, 0, 2}
    z = np.zeros((len(frame.effects), 1))
    z[[effect.occasion is not None for effect in frame.effects]] = 2.0
    rate = individual_values(np, frame, z)["pooled.swallowed_rate_per_h"][:, 0]
    typical = load_parameters().value("pooled.swallowed_rate_per_h")
    assert rate[2] == pytest.approx(typical)
    assert rate[0] == rate[1] > 2.0 * typical


def test_correlated_effects_stay_correlated():
    frame = two_occasions()
    z = np.random.default_rng(3).standard_normal((len(frame.effects), 20_000))
    values = individual_values(np, frame, z)
    volume, clearance = (
        np.log(values[f"pooled.{name}"][0])
        for name in ("norketamine_central_volume_l", "clearance_s_norketamine_l_per_h")
    )
    wanted = load_parameters().value("pooled.norketamine_volume_clearance_correlation")
    assert np.corrcoef(volume, clearance)[0, 1] == pytest.approx(wanted, abs=0.02)


def test_a_bolus_counts_only_for_samples_drawn_after_it(tmp_path):
    (subject,) = read_data(
        write(
            tmp_path,
            dose(rate="0"),
            seen(time_h="5", value="20"),
            dose(time_h="5", rate="0"),
            seen(time_h="5", value="300", analyte="s_ketamine"),
        )
    )
    frame = subject_frame(subject, load_parameters(), plasma("venous"))
    schedule = observed_schedule(frame, subject.concentrations(), [dose.course for dose in subject.doses])
    assert schedule.seen.tolist() == [[1.0, 0.0], [1.0, 1.0]]


def data_of(values, below, limits):
    count = len(values)
    return {
        "log_value": np.log(values),
        "is_below": np.array(below),
        "log_limit": np.log(limits),
        "residual": np.full(count, 0.2),
        "limit_error": np.full(count, 0.2),
        "counts": np.ones(count),
    }


def test_the_error_grows_towards_the_limit():
    data = data_of([100.0, 1.0], [False, False], [1.0, 1.0])
    sd = error_sd(np, data, np.log([[100.0], [1.0]]))[:, 0]
    assert sd[0] == pytest.approx(np.hypot(0.2, 0.2 / 100), rel=1e-3)
    assert sd[1] == pytest.approx(np.sqrt(0.04 + 0.02))


def test_a_value_counts_by_its_density_and_one_below_the_limit_by_its_chance():
    from scipy.special import log_ndtr

    data = data_of([40.0, 2.0], [False, True], [1.0, 2.0])
    log_predicted = np.log([[30.0], [3.0]])
    sd = error_sd(np, data, log_predicted)[:, 0]
    found = minus_log_density(np, log_ndtr, data, log_predicted)[:, 0]
    assert found[0] == pytest.approx(-norm.logpdf(np.log(40.0), np.log(30.0), sd[0]))
    assert found[1] == pytest.approx(-norm.logcdf(np.log(2.0), np.log(3.0), sd[1]))


def test_below_the_limit_pulls_down_only_a_curve_that_is_above_it():
    data = data_of([2.0, 2.0], [True, True], [2.0, 2.0])
    first, second = slopes(data, np.log([[20.0], [0.05]]))
    assert first[0, 0] > 1.0
    assert abs(first[1, 0]) < 1e-3
    assert second[0, 0] > 0.0


def test_a_value_without_a_limit_has_no_error_near_one(tmp_path):
    (subject,) = read_data(write(tmp_path, dose(), seen(limit="."), seen(time_h="3", value="30")))
    found = measured(subject.concentrations(), Residual(0.3, 0.4, 0.2))
    assert found.limit_error.tolist() == [0.0, 0.2]
    assert found.residual.tolist() == [0.3, 0.3]


def test_every_number_of_the_error_has_a_source():
    rows = variability_rows()
    assert {"residual_ketamine", "residual_norketamine", "limit_error_share"} <= set(rows)
    assert all(row.source and row.unit for row in rows.values())
    assert set(occasion_shares()) <= set(RANDOM_EFFECTS)
    assert all(0.0 < share < 1.0 for share in occasion_shares().values())


def test_jax_and_numpy_see_the_same_posterior(tmp_path):
    from ketascope.fitting.sampling import filled, log_likelihood, own_arrays
    from ketascope.solver.engine import configure_jax

    configure_jax()
    (subject,) = read_data(write(tmp_path, *IV_PERSON))
    case, _, _ = make_case(Task(subject, 0, "venous", "map", default_residual(), 0))
    z = np.random.default_rng(4).standard_normal(len(case.frame.effects))
    arrays = filled({**case.schedule.arrays(), **case.data.arrays()}, 12, 3)
    found = -float(log_likelihood(case.frame, arrays, own_arrays(case.frame), z)) + 0.5 * float(z @ z)
    assert found == pytest.approx(float(case.cost(z[:, None])[0]), rel=1e-9)
