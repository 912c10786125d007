"""Who receives it: limits of a person, virtual patients, and what a person's covariates do to exposure."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketascope.errors import InputError
from ketascope.model.covariates import apply_enzymes, apply_first_pass, scaled_liver_clearance
from ketascope.model.exposure import typical_concentrations
from ketascope.model.parameter_store import load_parameters
from ketascope.model.plasma import plasma, plasmas
from ketascope.people import (
    CORRELATED,
    RANDOM_EFFECTS,
    STREAM_WIDTH,
    Person,
    individual_values,
    load_interactions,
    random_normals,
    spread_values,
    typical_normals,
)
from ketascope.regimen import Dose

MANY = 40_000
ROWS = load_parameters()
SAMPLINGS = tuple(plasmas())


def values_of(person: Person, sampling: str, normals: np.ndarray | None = None) -> dict[str, np.ndarray]:
    return individual_values(ROWS, person, typical_normals() if normals is None else normals, plasma(sampling))


# Limits of a person -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"weight_kg": 19.9}, "weight 19.9 kg: must be 20 to 300 kg"),
        ({"weight_kg": 301.0}, "weight 301 kg: must be 20 to 300 kg"),
        ({"weight_kg": -70.0}, "weight -70 kg: must be 20 to 300 kg"),
        ({"weight_kg": float("nan")}, "weight nan kg: must be 20 to 300 kg"),
        ({"weight_kg": float("inf")}, "weight inf kg: must be 20 to 300 kg"),
        ({"age_years": 17.0}, "age 17: ketascope covers adults only, 18 years and over"),
        ({"age_years": -1.0}, "age -1: ketascope covers adults only, 18 years and over"),
        ({"age_years": 121.0}, "age 121: must be 18 to 120 years"),
        ({"age_years": float("nan")}, "age nan: must be 18 to 120 years"),
        ({"sex": "other"}, "sex 'other': must be one of female, male, or left out"),
        ({"hepatic": "poor"}, "hepatic 'poor': must be one of normal, mild, moderate"),
        (
            {"hepatic": "severe"},
            "hepatic 'severe': must be one of normal, mild, moderate (severe impairment has not been studied)",
        ),
        (
            {"interactions": ("rifampin",)},
            "interaction 'rifampin' is unknown; did you mean 'rifampicin'? "
            "Known: ticlopidine, itraconazole, clarithromycin, grapefruit, st-johns-wort, rifampicin",
        ),
        (
            {"interactions": ("ticlopidine", "zzz")},
            "interaction 'zzz' is unknown. "
            "Known: ticlopidine, itraconazole, clarithromycin, grapefruit, st-johns-wort, rifampicin",
        ),
    ],
)
def test_a_person_outside_the_limits_is_refused_in_one_line(given: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        Person(**given)  # type: ignore[arg-type]
    text = str(caught.value)
    assert "\n" not in text
    assert text.replace("?", "").replace(";", "").split() == message.replace("?", "").replace(";", "").split()


def test_without_a_near_name_the_two_sentences_of_the_message_are_separated() -> None:
    with pytest.raises(InputError, match=r"interaction 'zzz' is unknown[.;:] Known: "):
        Person(interactions=("zzz",))


@pytest.mark.parametrize("weight_kg", [20.0, 300.0])
@pytest.mark.parametrize("age_years", [18.0, 120.0])
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_the_limits_themselves_are_allowed(sampling: str, weight_kg: float, age_years: float) -> None:
    person = Person(weight_kg, age_years, "female", "moderate", tuple(load_interactions()))
    values = values_of(person, sampling)
    assert all(np.isfinite(value).all() for value in values.values())


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_the_same_interaction_named_twice_counts_once_or_is_refused(sampling: str) -> None:
    once = clearance(Person(interactions=("rifampicin",)), sampling)
    found = once
    with contextlib.suppress(InputError):
        found = clearance(Person(interactions=("rifampicin", "rifampicin")), sampling)
    assert found == pytest.approx(once)


# Random effects -----------------------------------------------------------------------------------------------


def test_normals_are_standard_and_independent() -> None:
    z = random_normals(7, MANY)
    assert z.shape == (MANY, len(RANDOM_EFFECTS))
    five_errors = 5.0 / np.sqrt(MANY)
    assert np.abs(z.mean(axis=0)).max() < five_errors
    assert np.abs(z.std(axis=0) - 1.0).max() < five_errors
    off_diagonal = np.corrcoef(z.T) - np.eye(len(RANDOM_EFFECTS))
    assert np.abs(off_diagonal).max() < five_errors
    assert np.abs((z**3).mean(axis=0)).max() < 5.0 * np.sqrt(15.0 / MANY)
    assert np.abs((z**4).mean(axis=0) - 3.0).max() < 5.0 * np.sqrt(96.0 / MANY)


def test_neighbouring_patients_and_neighbouring_seeds_have_nothing_in_common() -> None:
    z = random_normals(7, MANY)
    five_errors = 5.0 / np.sqrt(MANY)
    for column in range(len(RANDOM_EFFECTS)):
        assert abs(np.corrcoef(z[1:, column], z[:-1, column])[0, 1]) < five_errors
    other = random_normals(8, MANY)
    assert abs(np.corrcoef(z.ravel(), other.ravel())[0, 1]) < 5.0 / np.sqrt(z.size)


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_each_value_spreads_as_its_row_says(sampling: str) -> None:
    values = values_of(Person(), sampling, random_normals(3, MANY))
    checked = 0
    for name, row in ROWS.items():
        if row.between_patient is None:
            assert (values[name] == values[name][0]).all(), name
            continue
        scale = {
            "log-normal": np.log,
            "logit-normal": lambda p: np.log(p / (1.0 - p)),
            "normal": lambda x: x,
        }[row.between_patient.kind]
        sd = row.between_patient.sd
        middle = scale(np.array(row.value))
        if row.between_patient.value_is == "mean":
            middle = middle - 0.5 * sd**2
            error_of_mean = row.value * np.sqrt((np.exp(sd**2) - 1.0) / MANY)
            assert values[name].mean() == pytest.approx(row.value, abs=5.0 * error_of_mean), name
        deviation = scale(values[name]) - middle
        assert abs(deviation.mean()) < 5.0 * sd / np.sqrt(MANY), name
        assert deviation.std() == pytest.approx(sd, rel=5.0 / np.sqrt(2.0 * MANY)), name
        checked += 1
    assert checked >= 20


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize(("volume", "clearance_name", "row"), CORRELATED)
def test_volume_and_clearance_are_correlated_as_declared(
    sampling: str, volume: str, clearance_name: str, row: str
) -> None:
    own = {
        "central_volume": "central_volume_l",
        "clearance": "clearance_s_ketamine_l_per_h",
        "norketamine_volume": "norketamine_central_volume_l",
        "norketamine_clearance": "clearance_s_norketamine_l_per_h",
    }
    values, rows = values_of(Person(), sampling, random_normals(3, MANY)), plasma(sampling).parameters
    logs = [np.log(values[f"{rows}.{own[name]}"]) for name in (volume, clearance_name)]
    assert np.corrcoef(*logs)[0, 1] == pytest.approx(ROWS.value(f"{rows}.{row}"), abs=5.0 / np.sqrt(MANY))


def test_every_random_effect_is_used_and_every_used_one_exists() -> None:
    used = {row.between_patient.effect for row in ROWS.values() if row.between_patient is not None}
    by_the_score = {"placebo_response", "visit_response", "drug_response", "baseline", "residual"}
    assert used | by_the_score == set(RANDOM_EFFECTS)


def test_parameters_that_share_an_effect_move_together() -> None:
    values = values_of(Person(), "venous-published", random_normals(3, 1000))
    together = values["absorption.oral_rate_per_h"], values["absorption.nasal_swallowed_rate_per_h"]
    assert np.corrcoef(*np.log(together))[0, 1] == pytest.approx(1.0, abs=1e-9)
    pooled = values_of(Person(), "venous", random_normals(3, 1000))
    together = pooled["pooled.intramuscular_rate_per_h"], pooled["pooled.subcutaneous_rate_per_h"]
    assert np.corrcoef(*np.log(together))[0, 1] == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_population_draws_are_the_centres_that_patients_vary_around(sampling: str) -> None:
    rows, normals = plasma(sampling).parameters, random_normals(3, 500)
    fraction = "pooled.nasal_esketamine_fraction" if rows == "pooled" else "absorption.nasal_esketamine_fraction"
    size, centres = f"{rows}.clearance_s_ketamine_l_per_h", np.linspace(0.2, 0.8, 500)
    drawn = {fraction: centres, size: 100.0 * centres}
    values = individual_values(ROWS, Person(), normals, plasma(sampling), drawn)
    plain = values_of(Person(), sampling, normals)
    np.testing.assert_allclose(values[size] / plain[size], 100.0 * centres / ROWS.value(size))
    odds = values[fraction] / (1.0 - values[fraction]) / (plain[fraction] / (1.0 - plain[fraction]))
    centre = ROWS.value(fraction)
    np.testing.assert_allclose(odds, centres / (1.0 - centres) * (1.0 - centre) / centre)
    typical = individual_values(ROWS, Person(), typical_normals(500), plasma(sampling), drawn)
    np.testing.assert_allclose(typical[fraction], centres)
    assert drawn[size][0] == 100.0 * centres[0]  # what was given stays as it was


@settings(max_examples=100)
@given(st.integers(0, 2**63 - 1), st.integers(0, 10**6), st.integers(1, 30), st.integers(1, 30))
def test_a_patient_is_the_same_in_any_batch(seed: int, first: int, size: int, more: int) -> None:
    small, large = random_normals(seed, size, first), random_normals(seed, size + more, first)
    assert np.array_equal(small, large[:size])
    assert np.array_equal(random_normals(seed, more, first + size), large[size:])


def test_the_stream_of_a_patient_has_room_and_is_aligned_to_the_generators_blocks() -> None:
    assert len(RANDOM_EFFECTS) <= STREAM_WIDTH
    assert STREAM_WIDTH % 4 == 0


def test_the_first_numbers_of_seed_zero_never_change() -> None:
    # A change here changes the meaning of every seed ever reported.
    stream = np.random.Philox(key=0)
    words = stream.random_raw(4)
    from scipy.stats import norm

    expected = norm.ppf(((words >> np.uint64(11)).astype(float) + 0.5) / 2.0**53)
    np.testing.assert_allclose(random_normals(0, 1)[0, :4], expected, rtol=1e-12)
    assert RANDOM_EFFECTS[:4] == ("central_volume", "clearance", "norketamine_volume", "norketamine_clearance")


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_the_typical_patient_has_the_central_values(sampling: str) -> None:
    values = values_of(Person(), sampling)
    for name, row in ROWS.items():
        spread = row.between_patient
        # Where the row holds a mean the typical patient is the median, which is lower.
        below = 0.5 * spread.sd**2 if spread is not None and spread.value_is == "mean" else 0.0
        assert values[name][0] == pytest.approx(row.value * np.exp(-below), rel=1e-12), name


def test_a_logit_normal_value_stays_a_fraction() -> None:
    centre = ROWS.value("absorption.nasal_esketamine_fraction")
    moved = spread_values(centre, "logit-normal", np.array([-20.0, 0.0, 20.0]))
    assert (moved > 0.0).all()
    assert (moved <= 1.0).all()
    assert moved[1] == pytest.approx(centre)


@pytest.mark.parametrize(
    ("kind", "expected"), [("log-normal", [0.5, 1.0, 2.0]), ("logit-normal", [1 / 3, 0.5, 2 / 3]), ("normal", None)]
)
def test_a_centre_may_differ_between_patients(kind: str, expected: list[float] | None) -> None:
    deviation = np.log([0.5, 1.0, 2.0])
    for centre in (0.5, np.full(3, 0.5)):
        moved = spread_values(centre, kind, deviation)
        scaled = np.array(expected) * (0.5 if kind == "log-normal" else 1.0) if expected else 0.5 + deviation
        np.testing.assert_allclose(moved, scaled)


# Weight, age, liver -------------------------------------------------------------------------------------------


def typical(person: Person, name: str, sampling: str = "venous-published") -> float:
    return float(values_of(person, sampling)[f"{plasma(sampling).parameters}.{name}"][0])


def clearance(person: Person, sampling: str = "venous-published") -> float:
    return typical(person, "clearance_s_ketamine_l_per_h", sampling)


@pytest.mark.parametrize("weight_kg", [20.0, 50.0, 70.0, 120.0, 300.0])
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_volumes_scale_with_weight_and_clearances_with_its_three_quarter_power(sampling: str, weight_kg: float) -> None:
    relative = weight_kg / 70.0
    peripheral = {"venous-published": 0.0, "arterial-published": 1.0}.get(
        sampling, ROWS.value("pooled.peripheral_weight_exponent")
    )
    expected = {
        "central_volume_l": relative,
        "norketamine_central_volume_l": relative,
        "clearance_s_ketamine_l_per_h": relative**0.75,
        "clearance_s_norketamine_l_per_h": relative**0.75,
        "fast_peripheral_volume_l": relative**peripheral,
        "slow_peripheral_volume_l": relative**peripheral,
        "norketamine_peripheral_volume_l": relative**peripheral,
        "fast_intercompartmental_clearance_l_per_h": relative ** (0.75 * peripheral),
        "slow_intercompartmental_clearance_l_per_h": relative ** (0.75 * peripheral),
        "norketamine_intercompartmental_clearance_l_per_h": relative ** (0.75 * peripheral),
    }
    if plasma(sampling).parameters == "pooled":
        expected |= {
            "hydroxynorketamine_volume_l": relative,
            "clearance_s_hydroxynorketamine_l_per_h": relative**0.75,
            "liver_plasma_flow_l_per_h": relative**0.75,
            "arm_transit_min": 1.0,
            "arm_shunt_fraction": 1.0,
            "gut_survival_fraction": 1.0,
        }
    for name, ratio in expected.items():
        found = typical(Person(weight_kg=weight_kg), name, sampling) / typical(Person(), name, sampling)
        assert found == pytest.approx(ratio, rel=1e-12), name


@pytest.mark.parametrize(("age_years", "years_over"), [(18.0, 0.0), (60.0, 0.0), (61.0, 1.0), (75.0, 15.0)])
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_clearance_falls_by_a_fixed_share_for_each_year_over_sixty(
    sampling: str, age_years: float, years_over: float
) -> None:
    lost = ROWS.value("covariates.clearance_loss_per_year_over_older_age") * years_over
    expected = (1.0 - lost) * clearance(Person(), sampling)
    assert clearance(Person(age_years=age_years), sampling) == pytest.approx(expected)


def test_exposure_at_70_is_108_percent_perez_ruixo_2021_table_4() -> None:
    assert auc_ratio(Person(age_years=70.0), "nasal", "esketamine") == pytest.approx(391.2 / 362.2, rel=0.01)


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_the_oldest_person_still_clears_ketamine(sampling: str) -> None:
    assert clearance(Person(age_years=120.0), sampling) > 0.0


@pytest.mark.parametrize("sampling", ["venous", "arterial"])
def test_a_liver_that_clears_less_also_lets_more_of_a_swallowed_dose_through(sampling: str) -> None:
    lowered = ROWS.value("covariates.hepatic_moderate_clearance_ratio")
    well, ill = (values_of(Person(hepatic=liver), sampling) for liver in ("normal", "moderate"))
    assert ill["pooled.clearance_s_ketamine_l_per_h"] == pytest.approx(lowered * clearance(Person(), sampling))
    flow = ROWS.value("pooled.liver_plasma_flow_l_per_h")
    for e, ratio in (("s", 1.0), ("r", ROWS.value("pooled.clearance_ratio_r_to_s"))):
        past = [1.0 - ratio * factor * clearance(Person(), sampling) / flow for factor in (1.0, lowered)]
        gained = ill[f"first_pass.ketamine_{e}"] / well[f"first_pass.ketamine_{e}"]
        assert gained == pytest.approx(past[1] / past[0])
        assert ill[f"first_pass.norketamine_{e}"] < well[f"first_pass.norketamine_{e}"]
    assert auc_ratio(Person(hepatic="mild"), "oral", sampling=sampling) == pytest.approx(1.0)


def test_moderate_liver_impairment_doubles_exposure_and_mild_changes_nothing() -> None:
    assert auc_ratio(Person(hepatic="moderate"), "nasal", "esketamine") == pytest.approx(2.03, rel=0.01)
    assert auc_ratio(Person(hepatic="mild"), "nasal", "esketamine") == pytest.approx(1.0)


@pytest.mark.parametrize("sex", ["female", "male", None])
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_sex_changes_nothing(sampling: str, sex: str | None) -> None:
    plain = values_of(Person(), sampling)
    assert all((value == plain[name]).all() for name, value in values_of(Person(sex=sex), sampling).items())


# Other medicines ----------------------------------------------------------------------------------------------


def auc(
    person: Person,
    route: str,
    drug: str = "esketamine",
    analyte: str = "s_ketamine",
    sampling: str = "venous-published",
) -> float:
    times = np.concatenate([np.linspace(0.0, 4.0, 2001), np.geomspace(4.0, 600.0, 4000)[1:]])
    device = 1 if (drug, route) == ("esketamine", "nasal") else 0
    lasts = 0.5 if route == "IV" else 0.0
    doses = [Dose(0.0, drug, route, 14.0, lasts, 1, 0, device)]
    return float(np.trapezoid(typical_concentrations(doses, person, sampling, times)[analyte], times))


def auc_ratio(person: Person, route: str, *choices: str, **named: str) -> float:
    """The area over that of the default person, with the same choices of `auc` for both."""
    return auc(person, route, *choices, **named) / auc(Person(), route, *choices, **named)


# perpetrator, route, AUC ratio, source
PUBLISHED = (
    ("ticlopidine", "oral", 2.4, "Peltoniemi 2011"),
    ("itraconazole", "oral", 1.0, "Peltoniemi 2011"),
    ("clarithromycin", "oral", 2.6, "Hagelberg 2010"),
    ("grapefruit", "oral", 3.0, "Peltoniemi 2012 grapefruit"),
    ("st-johns-wort", "oral", 0.42, "Peltoniemi 2012 St John's wort"),
    ("rifampicin", "IV", 0.86, "Peltoniemi 2012 rifampicin"),
    ("rifampicin", "oral", 0.14, "Peltoniemi 2012 rifampicin"),
)


@pytest.mark.parametrize(("name", "route", "ratio", "source"), PUBLISHED, ids=lambda value: str(value))
def test_an_interaction_changes_exposure_as_published(name: str, route: str, ratio: float, source: str) -> None:
    assert auc_ratio(Person(interactions=(name,)), route) == pytest.approx(ratio, rel=0.01), source


def test_induction_halves_norketamine_after_an_infusion_noppers_2011() -> None:
    found = auc_ratio(Person(interactions=("rifampicin",)), "IV", analyte="s_norketamine")
    assert found == pytest.approx(0.50, rel=0.01)


def test_ticlopidine_raises_nasal_exposure_by_less_than_oral_label_1_29() -> None:
    nasal, oral = (auc_ratio(Person(interactions=("ticlopidine",)), route) for route in ("nasal", "oral"))
    assert nasal == pytest.approx(1.29, rel=0.08)
    assert nasal < oral


@pytest.mark.parametrize("name", ["ticlopidine", "clarithromycin", "grapefruit", "st-johns-wort", "itraconazole"])
def test_an_effect_on_swallowed_drug_leaves_the_infusion_alone(name: str) -> None:
    assert auc_ratio(Person(interactions=(name,)), "IV") == pytest.approx(1.0)
    assert auc_ratio(Person(interactions=(name,)), "IM") == pytest.approx(1.0)


def test_inhibition_cannot_lift_the_swallowed_fraction_over_what_escapes_the_gut() -> None:
    limit = ROWS.value("absorption.swallowed_ketamine_fraction_limit")
    person = Person(interactions=("grapefruit", "clarithromycin"))
    key = "absorption.swallowed_ketamine_fraction"
    assert values_of(person, "venous-published")[key][0] == limit
    normals = random_normals(2, 2000)
    plain = values_of(Person(), "venous-published", normals)[key]
    lifted = values_of(person, "venous-published", normals)[key]
    assert (lifted <= np.maximum(limit, plain)).all()
    assert (lifted >= plain).all()


def test_an_inducer_never_raises_the_swallowed_fraction() -> None:
    normals = random_normals(2, 2000)
    key = "absorption.swallowed_ketamine_fraction"
    plain = values_of(Person(), "venous-published", normals)[key]
    induced = values_of(Person(interactions=("rifampicin",)), "venous-published", normals)[key]
    np.testing.assert_allclose(induced, load_interactions()["rifampicin"]["swallowed_ratio"] * plain)


def test_interactions_multiply_and_their_order_does_not_matter() -> None:
    pair = ("rifampicin", "st-johns-wort")
    both, reverse = (auc_ratio(Person(interactions=each), "oral") for each in (pair, pair[::-1]))
    assert both == pytest.approx(reverse)
    assert both == pytest.approx(0.14 * 0.42, rel=0.02)


# First pass and enzymes in the pooled set ----------------------------------------------------------------------

UNCHANGED = {
    "cyp3a_gut_activity": 1.0,
    "cyp3a_liver_activity": 1.0,
    "cyp2b6_liver_activity": 1.0,
    "norketamine_clearance_ratio": 1.0,
}
activities = st.fixed_dictionaries(dict.fromkeys(UNCHANGED, st.floats(0.05, 10.0)))


def after_medicines(rows: list[dict[str, float]], normals: np.ndarray | None = None) -> dict[str, np.ndarray]:
    values = values_of(Person(), "venous", random_normals(4, 50) if normals is None else normals)
    apply_enzymes(np, values, plasma("venous"), rows)
    apply_first_pass(np, values, plasma("venous"))
    return values


@pytest.mark.parametrize("sampling", ["venous", "arterial"])
def test_first_pass_is_gut_survival_times_what_the_liver_leaves_and_norketamine_a_share_of_the_rest(
    sampling: str,
) -> None:
    v = values_of(Person(weight_kg=55.0, age_years=70.0), sampling, random_normals(3, 500))
    own = {name.removeprefix("pooled."): value for name, value in v.items()}
    for e, ratio in (("s", 1.0), ("r", own["clearance_ratio_r_to_s"])):
        extraction = own["clearance_s_ketamine_l_per_h"] * ratio / own["liver_plasma_flow_l_per_h"]
        escapes = own["gut_survival_fraction"] * np.maximum(1.0 - extraction, 0.0)
        taken_up = own["swallowed_fraction_taken_up"]
        np.testing.assert_allclose(v[f"first_pass.ketamine_{e}"], taken_up * escapes)
        as_norketamine = taken_up * (1.0 - escapes) * own["first_pass_norketamine_fraction"]
        np.testing.assert_allclose(v[f"first_pass.norketamine_{e}"], as_norketamine)
        assert (v[f"first_pass.ketamine_{e}"] + v[f"first_pass.norketamine_{e}"] <= 1.0).all()


@pytest.mark.parametrize("sampling", ["venous-published", "arterial-published"])
def test_published_sets_have_no_liver(sampling: str) -> None:
    assert not any(name.startswith("first_pass.") for name in values_of(Person(), sampling))


def test_enzymes_that_are_left_alone_change_nothing() -> None:
    plain, same = values_of(Person(), "venous", random_normals(4, 50)), after_medicines([UNCHANGED, UNCHANGED])
    assert set(plain) == set(same)
    for name, value in plain.items():
        np.testing.assert_allclose(same[name], value, rtol=1e-12, err_msg=name)


@settings(max_examples=100)
@given(st.lists(activities, min_size=1, max_size=3))
def test_intrinsic_clearance_of_gut_and_liver_follows_the_activity_of_their_enzymes(
    medicines: list[dict[str, float]],
) -> None:
    before = {n.removeprefix("pooled."): v for n, v in values_of(Person(), "venous", random_normals(4, 50)).items()}
    after = {n.removeprefix("pooled."): v for n, v in after_medicines(medicines).items()}
    left = {name: np.prod([row[name] for row in medicines]) for name in UNCHANGED}

    def intrinsic(v: dict[str, np.ndarray]) -> np.ndarray:
        """X of a well-stirred liver, from CL = Q X / (Q + X)."""
        clearance, flow = v["clearance_s_ketamine_l_per_h"], v["liver_plasma_flow_l_per_h"]
        return flow * clearance / (flow - clearance)

    shares = before["liver_share_cyp3a"], before["liver_share_cyp2b6"]
    factor = 1.0 - sum(shares) + shares[0] * left["cyp3a_liver_activity"] + shares[1] * left["cyp2b6_liver_activity"]
    np.testing.assert_allclose(intrinsic(after), factor * intrinsic(before))
    assert (after["clearance_s_ketamine_l_per_h"] < after["liver_plasma_flow_l_per_h"]).all()

    def gut(v: dict[str, np.ndarray]) -> np.ndarray:
        """Metabolism of the gut wall against its flow, from F_gut = 1 / (1 + X)."""
        return 1.0 / v["gut_survival_fraction"] - 1.0

    share = before["gut_share_cyp3a"]
    np.testing.assert_allclose(gut(after), (1.0 - share + share * left["cyp3a_gut_activity"]) * gut(before))
    norketamine = "clearance_s_norketamine_l_per_h"
    np.testing.assert_allclose(after[norketamine], left["norketamine_clearance_ratio"] * before[norketamine])
    touched = {"clearance_s_ketamine_l_per_h", "gut_survival_fraction", norketamine}
    changed = {n for n, value in before.items() if not np.array_equal(value, after[n])} - touched
    assert all(name.startswith("first_pass.") for name in changed)


def test_a_liver_that_clears_nearly_all_it_receives_cannot_clear_more_than_flows_through() -> None:
    flow = np.array([100.0])
    assert scaled_liver_clearance(np, np.array([50.0]), flow, 1e9) == pytest.approx(100.0, rel=1e-6)
    assert scaled_liver_clearance(np, np.array([50.0]), flow, 3.0) == pytest.approx(75.0)
    assert scaled_liver_clearance(np, np.array([50.0]), flow, 0.0) == pytest.approx(0.0)


@pytest.mark.parametrize("activity", [0.05, 0.3, 3.0])
def test_inhibition_lowers_and_induction_raises_clearance_in_every_patient_however_fast(activity: float) -> None:
    normals = np.zeros((801, len(RANDOM_EFFECTS)))
    normals[:, RANDOM_EFFECTS.index("clearance")] = np.linspace(-8.0, 8.0, 801)
    key, row = "pooled.clearance_s_ketamine_l_per_h", UNCHANGED | {"cyp3a_liver_activity": activity}
    plain, changed = values_of(Person(), "venous", normals)[key], after_medicines([row], normals)[key]
    assert (changed > 0.0).all()
    assert (changed <= plain if activity < 1.0 else changed >= plain).all()


@pytest.mark.parametrize("sampling", ["venous", "arterial"])
@pytest.mark.parametrize("name", sorted(load_interactions()))
def test_a_medicine_changes_exposure_by_clearance_and_first_pass_alone(name: str, sampling: str) -> None:
    person = Person(interactions=(name,))
    plain, changed = values_of(Person(), sampling), values_of(person, sampling)
    key = "pooled.clearance_s_ketamine_l_per_h"
    by_infusion = (plain[key] / changed[key])[0]
    survives = (changed["first_pass.ketamine_s"] / plain["first_pass.ketamine_s"])[0]
    assert auc_ratio(person, "IV", sampling=sampling) == pytest.approx(by_infusion, rel=1e-4)
    assert auc_ratio(person, "IM", sampling=sampling) == pytest.approx(by_infusion, rel=1e-4)
    assert auc_ratio(person, "oral", sampling=sampling) == pytest.approx(by_infusion * survives, rel=1e-4)
    nose, swallowed = ROWS.value("pooled.nasal_esketamine_fraction"), plain["first_pass.ketamine_s"][0]
    by_nose = (nose + (1.0 - nose) * swallowed * survives) / (nose + (1.0 - nose) * swallowed)
    assert auc_ratio(person, "nasal", sampling=sampling) == pytest.approx(by_infusion * by_nose, rel=1e-4)


@pytest.mark.parametrize("name", sorted(load_interactions()))
def test_inhibition_raises_and_induction_lowers_exposure_and_more_so_when_swallowed(name: str) -> None:
    row = load_interactions()[name]
    direction = {-1.0: 1, 1.0: -1}[np.sign(sum(row[key] - 1.0 for key in UNCHANGED if key.startswith("cyp")))]
    person = Person(interactions=(name,))
    oral, infused = (auc_ratio(person, route, sampling="venous") for route in ("oral", "IV"))
    assert direction * np.log(oral) > direction * np.log(infused) >= 0.0


def test_each_interaction_has_its_ratios_a_source_and_a_grade() -> None:
    for name, row in load_interactions().items():
        for ratio in ("clearance_ratio", "swallowed_ratio", *UNCHANGED):
            assert 0.0 < row[ratio] < 10.0, name
        assert row["label"]
        for text, grade in (("source", "grade"), ("enzyme_source", "enzyme_grade")):
            assert row[text]
            assert row[grade] in ("established", "plausible", "assumed")
