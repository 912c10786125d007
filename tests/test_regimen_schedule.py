"""When doses fall: what `q`, `x`, `&`, `then` and `after` mean, and how devices make sessions."""

import dataclasses

import pytest
from hypothesis import given, settings

from ketascope.regimen import Course, Dose, Regimen, event_text, parse
from test_regimen_round_trip import QUIET, regimens

WEIGHT_KG = 70.0
MINUTES_5 = 5 / 60


def times_h(sentence, drug=None):
    return [dose.time_h for dose in parse(sentence).doses(WEIGHT_KG) if drug in (None, dose.drug)]


def test_a_single_dose_is_at_the_start():
    assert parse("ketamine 0.5 mg/kg IV over 40 min").doses(80.0) == (
        Dose(0.0, "ketamine", "IV", 40.0, 40 / 60, session=1, course=0, device=0),
    )


def test_x_counts_all_doses_and_the_first_one_too():
    assert times_h("ketamine 35 mg IV q 3.5 d x 6") == [0, 84, 168, 252, 336, 420]
    assert times_h("ketamine 35 mg IV q 3.5 d x 1") == [0]


def test_then_starts_one_interval_after_the_last_dose():
    assert times_h("ketamine 35 mg IV q 2 d x 2 then ketamine 35 mg IV q 7 d x 2") == [0, 48, 96, 264]


def test_an_interval_counts_even_for_one_dose():
    assert times_h("ketamine 35 mg IV q 2 d x 1 then ketamine 35 mg IM") == [0, 48]


def test_then_starts_at_the_end_of_the_infusion_where_there_is_no_interval():
    assert times_h("ketamine 35 mg IV over 2 h then ketamine 35 mg IV") == [0, 2]


def test_then_after_a_dose_given_at_once_starts_at_once():
    assert times_h("ketamine 35 mg IM then ketamine 35 mg SC") == [0, 0]


def test_a_loading_dose_may_be_given_while_or_right_before_an_infusion_runs():
    assert times_h("ketamine 10 mg IV then ketamine 30 mg IV over 1 h") == [0, 0]
    assert times_h("ketamine 30 mg IV over 1 h & ketamine 10 mg IV after 30 min") == [0, 0.5]


def test_an_infusion_may_begin_when_the_one_before_ends():
    assert times_h("ketamine 30 mg IV over 40 min then ketamine 30 mg IV over 40 min") == [0, 40 / 60]
    assert times_h("ketamine 30 mg IV over 40 min q 40 min x 3") == [0, 40 / 60, 80 / 60]


def test_after_adds_to_the_start_of_its_group():
    assert times_h("ketamine 35 mg IM after 1 d") == [24]
    assert times_h("ketamine 35 mg IV over 1 h then ketamine 35 mg IM after 1 d") == [0, 25]
    assert times_h("ketamine 35 mg IM & ketamine 35 mg SC after 2 h") == [0, 2]


def test_after_delays_one_course_of_a_group_and_not_the_others():
    sentence = "ketamine 35 mg IM after 3 h & ketamine 35 mg SC then ketamine 35 mg SL"
    assert [(dose.route, dose.time_h) for dose in parse(sentence).doses(WEIGHT_KG)] == [
        ("SC", 0),
        ("IM", 3),
        ("SL", 3),
    ]


def test_courses_joined_by_and_start_together():
    doses = parse("ketamine 35 mg IV q 7 d x 2 & escitalopram 10 mg oral q 1 d x 3").doses(WEIGHT_KG)
    assert [(dose.drug, dose.time_h) for dose in doses] == [
        ("ketamine", 0),
        ("escitalopram", 0),
        ("escitalopram", 24),
        ("escitalopram", 48),
        ("ketamine", 168),
    ]


def test_a_group_ends_with_its_latest_course():
    # The SSRI ends on day 10, the ketamine with its interval on day 14, whichever is written first.
    for group in (
        "ketamine 35 mg IV q 7 d x 2 & escitalopram 10 mg oral q 1 d x 10",
        "escitalopram 10 mg oral q 1 d x 10 & ketamine 35 mg IV q 7 d x 2",
    ):
        assert times_h(f"{group} then sertraline 50 mg oral", "sertraline") == [14 * 24]


def test_the_end_of_a_group_includes_what_after_added():
    assert times_h("ketamine 35 mg IM q 1 d x 1 after 2 d then ketamine 35 mg IM") == [48, 72]


def test_doses_are_in_order_of_time_and_know_their_course():
    regimen = parse("ketamine 35 mg IM after 5 h & ketamine 35 mg SC q 4 h x 3")
    doses = regimen.doses(WEIGHT_KG)
    assert [dose.time_h for dose in doses] == [0, 4, 5, 8]
    assert [regimen.courses[dose.course].route for dose in doses] == ["SC", "SC", "IM", "SC"]
    assert [dose.session for dose in doses] == [1, 2, 3, 4]


def test_an_amount_per_kg_scales_with_weight_and_a_fixed_one_does_not():
    regimen = parse("ketamine 0.5 mg/kg IV & ketamine 20 mg IM")
    assert [dose.amount_mg for dose in regimen.doses(60.0)] == [30.0, 20.0]
    assert [dose.amount_mg for dose in regimen.doses(90.0)] == [45.0, 20.0]
    assert regimen.depends_on_weight
    assert not parse("ketamine 20 mg IM").depends_on_weight


def test_duration_is_the_end_of_the_last_dose_and_end_is_where_then_would_begin():
    regimen = parse("ketamine 35 mg IV over 30 min q 2 d x 3")
    assert regimen.duration_h == 96.5
    assert regimen.ends_h == 144.0
    assert parse("ketamine 35 mg IV over 30 min").ends_h == 0.5
    assert parse("escitalopram 10 mg oral q 1 d x 56").ends_h == 56 * 24
    assert parse("esketamine 84 mg nasal").duration_h == pytest.approx(2 * MINUTES_5)


def test_a_nasal_dose_is_given_as_devices_five_minutes_apart():
    doses = parse("esketamine 84 mg nasal q 3.5 d x 2").doses(WEIGHT_KG)
    assert [dose.amount_mg for dose in doses] == [28.0] * 6
    assert [dose.time_h for dose in doses] == pytest.approx(
        [0, MINUTES_5, 2 * MINUTES_5, 84, 84 + MINUTES_5, 84 + 2 * MINUTES_5]
    )
    assert [dose.session for dose in doses] == [1, 1, 1, 2, 2, 2]
    assert [dose.device for dose in doses] == [1, 2, 3, 1, 2, 3]


def test_racemic_ketamine_by_nose_needs_no_devices():
    (dose,) = parse("ketamine 50 mg nasal").doses(WEIGHT_KG)
    assert (dose.amount_mg, dose.device) == (50.0, 0)


@pytest.mark.parametrize(
    ("sentence", "sessions", "devices", "minutes"),
    [
        ("esketamine 28 mg nasal & esketamine 28 mg nasal", [1, 1], [1, 2], [0, 5]),
        ("esketamine 28 mg nasal & esketamine 28 mg nasal after 3 min", [1, 1], [1, 2], [0, 5]),
        ("esketamine 28 mg nasal & esketamine 28 mg nasal after 12 min", [1, 1], [1, 2], [0, 12]),
        ("esketamine 28 mg nasal & esketamine 28 mg nasal after 30 min", [1, 1], [1, 2], [0, 30]),
        ("esketamine 28 mg nasal & esketamine 28 mg nasal after 31 min", [1, 2], [1, 1], [0, 31]),
        # The window runs from the device before: the second device is at 5 min, so 34 min still belongs.
        ("esketamine 56 mg nasal & esketamine 28 mg nasal after 34 min", [1, 1, 1], [1, 2, 3], [0, 5, 34]),
        ("esketamine 28 mg nasal q 25 min x 3", [1, 1, 1], [1, 2, 3], [0, 25, 50]),
    ],
)
def test_doses_within_half_an_hour_are_one_session(sentence, sessions, devices, minutes):
    doses = parse(sentence).doses(WEIGHT_KG)
    assert [dose.session for dose in doses] == sessions
    assert [dose.device for dose in doses] == devices
    assert [dose.time_h * 60 for dose in doses] == pytest.approx(minutes)


def test_devices_written_one_by_one_are_the_same_doses_as_one_amount():
    whole = parse("esketamine 84 mg nasal q 1 d x 2").doses(WEIGHT_KG)
    single = parse(
        "esketamine 28 mg nasal q 1 d x 2 & esketamine 28 mg nasal q 1 d x 2 after 5 min "
        "& esketamine 28 mg nasal q 1 d x 2 after 10 min"
    ).doses(WEIGHT_KG)
    for one, other in zip(whole, single, strict=True):
        assert one.time_h == pytest.approx(other.time_h)
        assert dataclasses.replace(one, time_h=0, course=0) == dataclasses.replace(other, time_h=0, course=0)


@settings(max_examples=100, **QUIET)
@given(regimens())
def test_the_schedule_of_any_regimen_is_sane(regimen):
    doses = regimen.doses(WEIGHT_KG)
    times = [dose.time_h for dose in doses]
    assert times == sorted(times)
    assert times[0] >= 0
    assert max(dose.time_h + dose.duration_h for dose in doses) <= regimen.duration_h * (1 + 1e-12)
    assert regimen.duration_h <= regimen.ends_h + 1.0
    assert {dose.course for dose in doses} == set(range(len(regimen.courses)))
    assert {dose.session for dose in doses} == set(range(1, max(dose.session for dose in doses) + 1))


@settings(max_examples=50, **QUIET)
@given(regimens())
def test_no_drug_is_lost_or_added_between_the_sentence_and_the_doses(regimen):
    doses = regimen.doses(WEIGHT_KG)
    for index, course in enumerate(regimen.courses):
        written_mg = course.amount * course.count * (WEIGHT_KG if course.unit == "mg/kg" else 1.0)
        given_mg = sum(dose.amount_mg for dose in doses if dose.course == index)
        assert given_mg == pytest.approx(written_mg, rel=1e-12)


@settings(max_examples=50, **QUIET)
@given(regimens())
def test_then_shifts_a_whole_regimen_and_changes_nothing_else(regimen):
    first = Course("fluoxetine", 20.0, "mg", "oral", None, 24.0, 10)
    later = Regimen(((first,), *regimen.groups)).doses(WEIGHT_KG)[first.count :]
    for one, other in zip(regimen.doses(WEIGHT_KG), later, strict=True):
        assert other.time_h - 240.0 == pytest.approx(one.time_h, abs=1e-9)
        assert (other.drug, other.amount_mg, other.device) == (one.drug, one.amount_mg, one.device)
        assert other.session - one.session == first.count


def test_the_event_table_has_one_row_a_dose():
    rows = parse("ketamine 0.5 mg/kg IV over 40 min").event_table(WEIGHT_KG)
    assert rows == [
        {
            "time_h": 0.0,
            "drug": "ketamine",
            "route": "IV",
            "amount_mg": 35.0,
            "duration_h": 40 / 60,
            "session": 1,
            "device": 0,
        }
    ]


def test_the_event_table_prints_in_columns():
    regimen = parse("ketamine 0.5 mg/kg IV over 40 min then esketamine 56 mg nasal after 7 d")
    assert event_text(regimen.event_table(WEIGHT_KG)).splitlines() == [
        "   time h drug          route         mg over min session device",
        "     0.00 ketamine      IV            35       40       1      -",
        "   168.67 esketamine    nasal         28        -       2      1",
        "   168.75 esketamine    nasal         28        -       2      2",
    ]


def test_a_long_event_table_says_how_much_it_leaves_out():
    rows = parse("escitalopram 10 mg oral q 1 d x 56").event_table(WEIGHT_KG)
    lines = event_text(rows, most_rows=5).splitlines()
    assert len(lines) == 7
    assert lines[4] == "... 51 more rows ..."
    assert lines[-1].split()[:2] == ["1320.00", "escitalopram"]
    assert len(event_text(rows, most_rows=56).splitlines()) == 57
