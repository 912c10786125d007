"""A Regimen that exists is valid: what is refused, and that what is just inside is not."""

import pytest

from ketascope.errors import InputError
from ketascope.regimen import Course, CourseError, Regimen, drugs, parse, routes
from ketascope.regimen.catalogue import input_limit, limit_of


def course(**changes):
    return Course(**{"drug": "ketamine", "amount": 35.0, "unit": "mg", "route": "IV", **changes})


@pytest.mark.parametrize(
    ("changes", "field", "problem"),
    [
        ({"drug": "ketamin"}, "drug", "'ketamin' is an unknown drug; did you mean 'ketamine'?"),
        ({"route": "ivy"}, "route", "'ivy' is an unknown route"),
        ({"drug": "sertraline"}, "route", "sertraline by IV is not covered; routes of sertraline: oral"),
        ({"unit": "g"}, "unit", "'g' must be mg or mg/kg"),
        ({"amount": 0.0}, "amount", "must be more than zero"),
        ({"amount": -1.0}, "amount", "must be more than zero"),
        ({"amount": float("nan")}, "amount", "must be a finite number"),
        ({"amount": float("inf")}, "amount", "must be a finite number"),
        ({"amount": 1e-7}, "amount", "too small"),
        ({"duration_h": 0.0}, "duration", "must be more than zero"),
        ({"duration_h": float("inf")}, "duration", "must be a finite number"),
        ({"duration_h": 0.001}, "duration", "too short"),
        ({"route": "nasal", "duration_h": 1.0}, "duration", "only IV and SC doses can run over a time"),
        ({"interval_h": -1.0, "count": 2}, "interval", "must be more than zero"),
        ({"interval_h": 1.0, "duration_h": 2.0}, "duration", "longer than its interval"),
        ({"count": 2}, "count", "several doses need an interval"),
        ({"count": 0}, "count", "must be a whole number"),
        ({"count": 1.5, "interval_h": 24.0}, "count", "must be a whole number"),
        ({"delay_h": -1.0}, "delay", "must not be negative"),
        ({"delay_h": float("nan")}, "delay", "must be a finite number"),
    ],
)
def test_a_course_refuses_what_no_schedule_could_hold(changes, field, problem):
    with pytest.raises(CourseError) as caught:
        course(**changes)
    assert caught.value.field == field
    assert problem in str(caught.value)


def test_a_course_brings_names_and_numbers_to_one_form():
    same = course(drug="Ketalar", amount=35, route="intravenous", delay_h=-0.0, count=True)
    assert same == course()
    assert str(same) == "ketamine 35 mg IV"
    assert isinstance(same.amount, float)


def test_regimens_are_values():
    assert parse("ketamine 35 mg IV") == Regimen(((course(),),)) == Regimen([[course()]])
    assert len({parse("ketamine 35 mg IV"), parse("ketamine 35.0 mg iv")}) == 1
    with pytest.raises(AttributeError):
        parse("ketamine 35 mg IV").groups = ()


@pytest.mark.parametrize("groups", [(), ((),), ((course(),), ())])
def test_a_regimen_without_courses_is_refused(groups):
    with pytest.raises(InputError, match="at least one course"):
        Regimen(groups)


def test_an_error_of_a_regimen_built_in_code_names_the_phase():
    with pytest.raises(CourseError) as caught:
        Regimen(((course(),), (course(amount=12.0, unit="mg/kg", delay_h=24.0),)))
    assert str(caught.value) == (
        "phase 2 (ketamine 12 mg/kg IV), amount: 12 mg/kg a dose is over the limit of 10 mg/kg for ketamine IV"
    )
    assert caught.value.course == 1


OFFERED = [(drug, route) for drug in drugs() for route in drugs()[drug].routes]


@pytest.mark.parametrize(("drug", "route"), OFFERED)
def test_the_limit_a_dose_is_kept_exactly(drug, route):
    limit = limit_of(drug, route)
    at_limit = Regimen(((Course(drug, limit.per_dose, limit.per_dose_unit, route),),))
    assert at_limit.doses(70.0)
    with pytest.raises(InputError, match=r"over the limit|whole devices"):
        Regimen(((Course(drug, limit.per_dose * 1.01, limit.per_dose_unit, route),),))


@pytest.mark.parametrize(("drug", "route"), OFFERED)
def test_the_limit_a_day_counts_any_24_hours(drug, route):
    limit = limit_of(drug, route)
    doses_a_day = round(limit.per_day / limit.per_dose)

    def every(interval_h):
        return Course(drug, limit.per_dose, limit.per_dose_unit, route, None, interval_h, 2 * doses_a_day + 1)

    # Doses exactly a day apart are never in the same day, devices of one session included.
    assert Regimen(((every(24.0 / doses_a_day),),)).doses(70.0)
    with pytest.raises(InputError, match="within 24 h is over the limit"):
        Regimen(((every(23.9 / doses_a_day),),))


def test_the_day_of_several_courses_is_counted_together():
    assert parse("escitalopram 10 mg oral q 1 d x 5 & escitalopram 10 mg oral q 1 d x 5 after 8 h")
    with pytest.raises(InputError, match="word 7 '15': 25 mg within 24 h is over the limit of 20 mg"):
        parse("escitalopram 10 mg oral & escitalopram 15 mg oral after 8 h")


def test_other_drugs_and_other_routes_have_days_of_their_own():
    assert parse("ketamine 10 mg/kg IV & esketamine 5 mg/kg IV & ketamine 10 mg/kg IM")


def test_a_limit_per_kg_is_checked_for_the_person_at_hand():
    regimen = parse("ketamine 700 mg IV")
    assert regimen.doses(70.0)
    with pytest.raises(InputError, match="over the limit of 10 mg/kg"):
        regimen.doses(69.0)


def test_what_is_too_much_for_everybody_is_refused_without_a_weight():
    assert parse("ketamine 3000 mg IV").doses(300.0)
    with pytest.raises(InputError, match="even at 300 kg"):
        parse("ketamine 3001 mg IV")
    assert parse("ketamine 20 mg/kg oral & ketamine 36 mg/kg oral-ER").doses(20.0)
    with pytest.raises(InputError, match="even at 20 kg"):
        parse("ketamine 37 mg/kg oral-ER")


def test_two_doses_at_the_same_moment_are_refused_also_when_arithmetic_blurs_the_moment():
    with pytest.raises(InputError, match="overlapping phases"):
        parse("ketamine 1 mg IM q 0.1 h x 4 & ketamine 1 mg IM after 0.3 h")


def test_a_later_infusion_of_a_course_can_be_the_one_that_overlaps():
    course_of_three = "ketamine 9 mg SC over 1 h q 1 d x 3"
    assert parse(f"{course_of_three} & ketamine 9 mg SC over 1 h after 25 h")
    with pytest.raises(InputError, match=r"word 14 'ketamine': .* at 24\.5 h .* phase 1 runs until 25 h"):
        parse(f"{course_of_three} & ketamine 9 mg SC over 1 h after 24.5 h")
    with pytest.raises(InputError, match=r"word 1 'ketamine': .* at 48 h .* phase 2 runs until 48\.5 h"):
        parse(f"{course_of_three} & ketamine 9 mg SC over 1 h after 47.5 h")


def test_different_routes_may_overlap():
    assert parse("ketamine 9 mg IV over 1 h & ketamine 9 mg SC over 1 h & ketamine 9 mg oral")


def test_the_size_limits_are_kept_exactly():
    most = int(input_limit("doses"))
    assert len(parse(f"ketamine 1 mg IV q 1 h x {most}").doses(70.0)) == most
    with pytest.raises(InputError, match="1001 doses"):
        parse(f"ketamine 1 mg IV q 1 h x {most - 1} then ketamine 1 mg IV q 1 h x 2")
    horizon_d = input_limit("horizon_h") / 24
    assert parse(f"ketamine 1 mg IV after {horizon_d:.0f} d")
    with pytest.raises(InputError, match="would last 731 d"):
        parse(f"ketamine 1 mg IV after {horizon_d + 1:.0f} d")


def test_a_phase_that_starts_too_late_is_the_one_pointed_at():
    with pytest.raises(InputError, match=r"word 11 'ketamine': the schedule would last 1000 d"):
        parse("ketamine 1 mg IV q 500 d x 2 then ketamine 1 mg IM")


def test_only_iv_and_sc_run_over_a_time():
    assert [name for name, route in routes().items() if route.over_allowed] == ["IV", "SC"]
