"""Facts that must come out of the model, each with its source in the name of the test.

The bounds are those of the publications or of the design, not of the model.
"""

from __future__ import annotations

import numpy as np
import pytest

from ketascope.comparing.acute_summary import acute_course
from ketascope.comparing.flags import Flags
from ketascope.comparing.setting import Setting, make_setting, state_course
from ketascope.comparison import compare
from ketascope.evidence.trial_ledger import trial_ledger
from ketascope.model.exposure import typical_concentrations
from ketascope.model.parameter_store import load_parameters
from ketascope.model.symptoms import StateCourse, population_means
from ketascope.people import Person, typical_normals
from ketascope.regimen import parse
from ketascope.simulation import PatientRun, run_patients

PERSON = Person()
WEEK_H = 168.0


def typical(
    sentence: str, until_h: float = 24.0, sampling: str = "venous", wanted: tuple[float, ...] = ()
) -> PatientRun:
    doses = parse(sentence).doses(PERSON.weight_kg)
    return run_patients(doses, PERSON, sampling, load_parameters(), typical_normals(), until_h, wanted)


def setting_for(indication: str) -> Setting:
    return make_setting({"indication": indication, "patients": 0}, None, "normal", (), ())


@pytest.mark.parametrize("sampling", ["venous", "arterial"])
def test_peak_block_at_half_a_mg_per_kg_is_a_fifth_to_a_third_shaffer_2014_occupancy(sampling: str) -> None:
    peak = typical("ketamine 0.5 mg/kg IV over 40 min", sampling=sampling).channel("block").max()
    assert 0.20 <= peak <= 0.35


def test_glutamate_at_the_deepest_block_is_lower_under_anaesthesia_moghaddam_1997_inverted_u() -> None:
    def at_deepest(sentence: str) -> tuple[float, float]:
        run = typical(sentence, sampling="arterial")
        deepest = run.channel("block")[:, 0].argmax()
        return float(run.channel("block")[deepest, 0]), float(run.channel("glutamate_fold")[deepest, 0])

    low_block, low_dose = at_deepest("ketamine 0.5 mg/kg IV over 40 min")
    high_block, anaesthetic = at_deepest("ketamine 2 mg/kg IV")
    assert high_block > 2 * low_block
    assert low_dose > 1.1
    assert anaesthetic < 1.05
    assert typical("ketamine 2 mg/kg IV", sampling="arterial").channel("glutamate_fold").min() > 0.7


def test_esketamine_quarter_dose_blocks_like_racemate_half_dose_ebert_1997_affinities() -> None:
    racemate = typical("ketamine 0.5 mg/kg IV over 40 min").channel("block").max()
    esketamine = typical("esketamine 0.25 mg/kg IV over 40 min").channel("block").max()
    assert esketamine == pytest.approx(racemate, rel=0.20)


def test_dissociation_is_gone_two_hours_after_the_infusion_abdallah_2022() -> None:
    infusion_h = 40.0 / 60.0
    doses = parse("ketamine 0.5 mg/kg IV over 40 min").doses(PERSON.weight_kg)
    run = typical("ketamine 0.5 mg/kg IV over 40 min", wanted=(infusion_h + 2.0,))
    course = acute_course(run, doses, "venous", load_parameters(), Flags()).dissociation[:, 0]
    later = course[np.searchsorted(run.grid_h, infusion_h + 2.0 - 1e-7)]
    assert later <= 0.20 * course.max()


def test_84_mg_against_28_mg_grows_from_day_1_to_day_8_daly_2018() -> None:
    setting = setting_for("mdd")
    day_1, day_8 = 24.0, 7 * 24.0 + 24.0

    def effect(dose_mg: int) -> np.ndarray:
        sentence = f"esketamine {dose_mg} mg nasal q 3 d x 2"  # days 1 and 4
        run = typical(sentence, until_h=200.0, wanted=(day_1, day_8))
        doses = parse(sentence).doses(PERSON.weight_kg)
        states = state_course(setting, run, slice(0, 1), doses, np.array([day_1, day_8]))
        effects = setting.effects
        fall: np.ndarray = effects.fast[0] * states.fast[0] + effects.slow[0] * states.slow[0]
        return fall

    ratio = effect(84) / effect(28)
    assert 1.1 <= ratio[0] <= 1.6
    assert 1.5 <= ratio[1] <= 2.3


def ssri_difference(indication: str, times_h: list[float]) -> np.ndarray:
    """Mean points of difference between an SSRI taken for 12 weeks and its placebo, at the central values."""
    setting = setting_for(indication)
    doses = parse("sertraline 100 mg oral q 1 d x 84").doses(PERSON.weight_kg)
    states: StateCourse = state_course(setting, None, slice(None), doses, np.array(times_h))
    rows = setting.model.parameters
    drug = population_means(setting.indication, rows, setting.effects, states, True).change[0]
    placebo = population_means(setting.indication, rows, setting.effects, states, False).change[0]
    gap: np.ndarray = drug - placebo
    return gap


def test_a_third_of_the_week_6_effect_is_there_at_week_1_in_depression_taylor_2006() -> None:
    week_1, week_6 = ssri_difference("mdd", [WEEK_H, 6 * WEEK_H])
    assert 0.25 <= week_1 / week_6 <= 0.42


def test_28_percent_of_the_endpoint_effect_is_there_at_week_2_in_ocd_issari_2016_and_soomro() -> None:
    week_2, endpoint = ssri_difference("ocd", [2 * WEEK_H, 10 * WEEK_H])
    # -0.91 (-1.28 to -0.54) over -3.21
    assert 0.54 / 3.21 <= week_2 / endpoint <= 1.28 / 3.21
    assert -1.28 <= week_2 <= -0.54


def test_endpoint_difference_of_the_ssri_is_the_networks_in_gad() -> None:
    (endpoint,) = ssri_difference("gad", [8 * WEEK_H])
    assert -4.2 <= endpoint <= -2.2


def test_37_to_48_percent_respond_to_placebo_in_gad_davidson_2004_allgulander_2004_khan_2016() -> None:
    document = compare(indication="gad", patients=0).document()
    placebo = next(option for option in document["options"] if option["id"] == "placebo")
    # Means fell by 7.4 and 8.0 of 25 points.
    assert 37.0 <= placebo["symptoms"]["response_rate"]["56d"]["median"] <= 48.0
    assert -9.0 <= placebo["symptoms"]["change"]["56d"]["median"] <= -7.0


def systolic_peak(sentence: str) -> float:
    doses = parse(sentence).doses(PERSON.weight_kg)
    run = typical(sentence)
    return float(acute_course(run, doses, "venous", load_parameters(), Flags()).systolic_rise_mmhg.max())


def test_systolic_rise_after_an_infusion_is_12_6_vankawala_2021() -> None:
    assert systolic_peak("ketamine 0.5 mg/kg IV over 40 min") == pytest.approx(12.61, abs=0.4)


def test_systolic_rise_after_nasal_esketamine_is_7_to_9_label() -> None:
    assert 7.0 <= systolic_peak("esketamine 84 mg nasal") <= 9.0


def test_systolic_rise_after_an_injection_under_the_skin_is_10_glue_2018() -> None:
    assert systolic_peak("ketamine 1 mg/kg SC") == pytest.approx(10.0, abs=0.5)


def test_norketamine_exposure_per_ketamine_is_several_fold_higher_by_mouth_chong_2006() -> None:
    times = np.linspace(0.0, 72.0, 14401)

    def ratio(sentence: str) -> float:
        c = typical_concentrations(parse(sentence).doses(PERSON.weight_kg), PERSON, "venous", times)
        parent = np.trapezoid(c["s_ketamine"] + c["r_ketamine"], times)
        metabolite = np.trapezoid(c["s_norketamine"] + c["r_norketamine"], times)
        return float(metabolite / parent)

    assert ratio("ketamine 25 mg oral") > 3.0 * ratio("ketamine 10 mg IV over 30 min")


def test_relief_in_anxiety_is_hartland_s_at_a_day_and_wanes_hartland_2023() -> None:
    document = compare(["ketamine 0.5 mg/kg IV over 40 min"], indication="gad", patients=0).document()
    difference = document["options"][0]["symptoms"]["versus_placebo"]
    assert difference["2h"]["median"] < 0.0
    assert difference["24h"]["median"] < difference["7d"]["median"] < difference["28d"]["median"] < 0.0
    # -0.44 (-0.65 to -0.22) of 7.8 points at 24 h
    assert -0.65 * 7.8 <= difference["24h"]["median"] <= -0.22 * 7.8


def test_what_hartland_2023_found_before_and_after_that_day_is_met_or_named_a_misfit() -> None:
    """-1.17 before 12 h and -0.40 after it wanes: larger than trials with a visit and a control of their own allow."""
    ledger = trial_ledger()
    rows = [row for row in ledger["rows"] if row["trial"] == "hartland2023"]
    assert [row["observed"] for row in rows] == [-1.17, -0.44, -0.40]
    assert rows[1]["inside_95"]
    for row in rows:
        when = "at 2 h" if row["time_h"] == 2.0 else f"at {row['time_h'] / 24.0:g} d"
        named = any(words.startswith("Hartland 2023") and when in words for words in ledger["known_misfits"])
        assert named is not row["inside_95"], when
