"""The tables of a design file, each read and checked: person, visits, inclusion, who leaves, looks, curves."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from ketascope.errors import InputError
from ketascope.people import Person
from ketascope.regimen.catalogue import input_limit
from ketascope.regimen.problems import shown
from ketascope.regimen.spans import span_text
from ketascope.virtual_trials.design import SPENDING, Adaptation, Arm, DropOut, Observed, Rescue
from ketascope.virtual_trials.design_arms import PEOPLE_LIMIT, check_people, check_sentence
from ketascope.virtual_trials.design_table import Table

if TYPE_CHECKING:
    from ketascope.model.symptoms import Indication

VISITS_LIMIT, CURVE_LIMIT, LOOKS_LIMIT = 60, 20, 20
PERCENT_GONE_MOST = 95.0
RESCUE_SMD_MOST = 5.0


def read_person(top: Table) -> Person:
    """The person around whom patients vary."""
    table = top.table("person", tuple(field.name for field in fields(Person)), none=("sex", "interactions"))
    if table is None:
        return Person()
    usual = Person()
    weight_kg = table.number("weight_kg", input_limit("lightest_kg"), input_limit("heaviest_kg"), "70")
    age_years = table.number("age_years", 0.0, 1000.0, "40")
    sex = table.text("sex", "female")
    hepatic = table.text("hepatic", "normal")
    interactions = table.texts("interactions", "rifampicin")
    try:
        return Person(
            usual.weight_kg if weight_kg is None else weight_kg,
            usual.age_years if age_years is None else age_years,
            sex,
            hepatic or usual.hepatic,
            interactions or usual.interactions,
        )
    except InputError as error:
        raise InputError(f"{top.source}: [person] {error}") from None


def read_visits(top: Table, indication: Indication) -> tuple[tuple[float, ...], float]:
    """Times of the visits after the baseline, and of the primary one, in hours."""
    example = '["7d", "28d"]'
    top.required("visits", f"{{ times = {example} }}")
    table = top.table("visits", ("times", "primary"))
    assert table is not None
    table.required("times", example)
    times = table.spans("times", example) or ()
    if not 1 <= len(times) <= VISITS_LIMIT:
        table.fail("times", f"{len(times)} visits; give 1 to {VISITS_LIMIT}, such as {example}")
    if times[0] == 0.0:
        table.fail("times", f"{span_text(0.0)} is the baseline, which is always rated; give the visits after it")
    latest = input_limit("horizon_h")
    if times[-1] > latest:
        table.fail("times", f"{span_text(times[-1])} is too late; visits end by {span_text(latest)}")
    if times[0] < indication.recall_window_h - 1e-9:
        window = span_text(indication.recall_window_h)
        problem = f"{span_text(times[0])} is too early for {indication.scale_label}, which asks about the past {window}"
        table.fail("times", f"{problem}; the first visit can be at {window}")
    primary = table.span("primary", "28d")
    if primary is None:
        return times, times[-1]
    if primary not in times:
        table.fail("primary", f"{span_text(primary)} is not among the visits: {_spans(times)}")
    return times, primary


def _spans(times_h: tuple[float, ...]) -> str:
    return ", ".join(span_text(time) for time in times_h)


def read_inclusion(top: Table, indication: Indication) -> tuple[float | None, float | None]:
    """Least and most rated baseline in points, None where there is no limit."""
    keys = ("baseline_at_least", "baseline_at_most")
    table = top.table("inclusion", keys, none=keys)
    if table is None:
        return None, None
    low, high = indication.minimum, indication.maximum
    least = table.number("baseline_at_least", low, high, "20")
    most = table.number("baseline_at_most", low, high, "40")
    if least is not None and most is not None and least >= most:
        table.fail("baseline_at_most", f"{most:g} must be above baseline_at_least, {least:g}")
    return least, most


def read_drop_out(top: Table, arms: tuple[Arm, ...]) -> DropOut:
    """Who leaves."""
    table = top.table("drop_out", ("percent", "percent_more_if_worse", "arms"), none=("arms",))
    if table is None:
        return DropOut()
    percent = table.number("percent", 0.0, PERCENT_GONE_MOST, "15")
    more = table.number("percent_more_if_worse", -100.0, 100.0, "5")
    names = tuple(arm.name for arm in arms)
    own = table.table("arms", names)
    by_arm = {}
    if own is not None:
        for name in own.raw:
            value = own.number(name, 0.0, PERCENT_GONE_MOST, "15")
            assert value is not None
            by_arm[name] = value
    if more and not any((percent, *by_arm.values())):
        table.fail("percent_more_if_worse", f"{more:g} is added to percent, which is 0; give percent above 0 too")
    return DropOut(percent or 0.0, more or 0.0, by_arm)


def read_rescue(top: Table, visits_h: tuple[float, ...]) -> Rescue | None:
    """Rescue treatment, None without it."""
    table = top.table("rescue", ("from", "percent_fall", "smd"))
    if table is None:
        return None
    table.required("from", '"14d"')
    table.required("percent_fall", "25")
    table.required("smd", "0.5")
    start = table.span("from", "14d")
    if start not in visits_h[:-1]:
        when = f"{span_text(start or 0.0)} must be a visit before the last one, where there is something left to change"
        table.fail("from", f"{when}: {_spans(visits_h[:-1]) or 'there is none'}")
    fall = table.number("percent_fall", -100.0, 100.0, "25")
    smd = table.number("smd", 0.0, RESCUE_SMD_MOST, "0.5")
    assert fall is not None
    assert smd is not None
    return Rescue(start, fall, smd)


def read_adaptation(top: Table, people: int) -> Adaptation:
    """Looks at the data on the way and what may follow from them."""
    keys = ("information", "spending", "futility_below", "people_most", "wanted_power")
    table = top.table("adaptive", keys, none=("futility_below", "people_most", "wanted_power"))
    if table is None:
        return Adaptation()
    table.required("information", "[0.5, 1.0]")
    information = table.numbers("information", 0.0, 1.0, "[0.5, 1.0]") or ()
    if not 1 <= len(information) <= LOOKS_LIMIT:
        table.fail("information", f"{len(information)} looks; give 1 to {LOOKS_LIMIT}, such as [0.5, 1.0]")
    if information[0] == 0.0:
        table.fail("information", "0 must be above 0: at the start there is nothing to look at")
    if information[-1] != 1.0:
        table.fail("information", f"ends at {information[-1]:g}; the last look is at all people, 1.0")
    spending = table.choice("spending", SPENDING) or SPENDING[0]
    futility = table.number("futility_below", 0.001, 0.999, "0.1")
    people_most = table.whole("people_most", 0, PEOPLE_LIMIT, "300")
    wanted = table.number("wanted_power", 0.001, 0.999, "0.9")
    if (people_most is None) != (wanted is None):
        here, there = ("wanted_power", "people_most") if people_most is None else ("people_most", "wanted_power")
        table.fail(here, f"needs {there} beside it: both say how far the number of people may rise, and for what power")
    if people_most is not None and people_most <= people:
        table.fail("people_most", f"{people_most} must be more than people, {people}")
    for key, value in (("futility_below", futility), ("people_most", people_most)):
        if value is not None and len(information) == 1:
            table.fail(key, "needs a look before the last one; write information = [0.5, 1.0], say")
    return Adaptation(information, spending, futility, people_most, wanted)


def read_curves(
    top: Table, arms: tuple[Arm, ...], person: Person, indication: Indication, sampling: str, until_h: float
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Numbers of people, and dose sentences in place of the first active arm's, for which power is shown."""
    table = top.table("curves", ("people", "doses"), none=("people", "doses"))
    if table is None:
        return (), ()
    people = table.wholes("people", 0, PEOPLE_LIMIT, "[100, 150, 200]") or ()
    doses = table.texts("doses", "ketamine 0.25 mg/kg IV over 40 min") or ()
    for key, values in (("people", people), ("doses", doses)):
        if len(values) > CURVE_LIMIT:
            table.fail(key, f"{len(values)} points; at most {CURVE_LIMIT}")
    for value in people:
        check_people(table, "people", value, arms)
    active = next(arm for arm in arms if not arm.is_control)
    if doses and active.sentence is None:
        table.fail("doses", f"stand in for the sentence of arm {shown(active.name)}, which has none")
    for sentence in doses:
        check_sentence(top, f"[curves] doses: {shown(sentence)}", sentence, person, indication, sampling, until_h)
    return people, doses


def read_observed(top: Table, arms: tuple[Arm, ...]) -> Observed | None:
    """What a real trial of this design found, None where the file says nothing of it."""
    keys = tuple(field.name for field in fields(Observed))
    table = top.table("observed", keys, none=keys)
    if table is None:
        return None
    for key, example in (("arm", '"ketamine"'), ("label", '"Feder 2021"'), ("source", '"doi"')):
        table.required(key, example)
    arm = table.choice("arm", [arm.name for arm in arms if not arm.is_control])
    label, source = table.text("label", "Feder 2021"), table.text("source", "doi")
    estimate = table.number("estimate", -1000.0, 1000.0, "-11.88")
    standard_error = table.number("standard_error", 0.0, 1000.0, "3.96")
    smd_within = table.number("smd_within", 0.0, 10.0, "0.4")
    if (estimate is None) != (standard_error is None):
        table.fail("estimate", "stands together with standard_error; give both or neither")
    if (estimate is None) == (smd_within is None):
        table.fail("", "give estimate with standard_error, or smd_within where no difference was printed")
    return Observed(arm or "", label or "", source or "", estimate, standard_error, smd_within)
