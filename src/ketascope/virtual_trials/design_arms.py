"""The arms of a design file: what they give, who is the control, how many people they need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ketascope.comparing.flags import Flags
from ketascope.comparing.limits import flag_regimen
from ketascope.comparing.practical_facts import evidence_of
from ketascope.errors import InputError, did_you_mean
from ketascope.model.exposure import ketamine_doses
from ketascope.regimen import parse
from ketascope.regimen.problems import shown
from ketascope.regimen.spans import span_text
from ketascope.virtual_trials.design import Arm
from ketascope.virtual_trials.design_table import Table

if TYPE_CHECKING:
    from ketascope.model.symptoms import Indication
    from ketascope.people import Person

KEYS = ("sentence", "share", "control", "procedures_of")
PEOPLE_LIMIT = 100_000
ARMS_LIMIT, SHARE_LIMIT, NAME_LENGTH = 12, 1000, 40
LEAST_PEOPLE_AN_ARM = 2
WITHOUT_SYMPTOMS = ("above_studied_dose", "no_studied_dose")


def read_arms(top: Table) -> tuple[Arm, ...]:
    """The arms in the order of the file, one of them the control; what they give is checked by `check_arms`."""
    top.required("arms", "a table for each arm, such as [arms.ketamine] and [arms.placebo]")
    names = tuple(top.raw["arms"]) if isinstance(top.raw["arms"], Mapping) else ()
    table = top.table("arms", names)
    assert table is not None
    if len(names) < 2:
        problem = f"only arm {shown(names[0])}" if names else "no arm"
        table.fail("", f"{problem}; a trial needs at least two, one of them with control = true")
    if len(names) > ARMS_LIMIT:
        table.fail("", f"{len(names)} arms; at most {ARMS_LIMIT}")
    tables = [_arm_table(table, name) for name in names]
    arms = tuple(_read_arm(own, name) for own, name in zip(tables, names, strict=True))
    controls = [arm.name for arm in arms if arm.is_control]
    if not controls:
        table.fail("", f"no arm is the control; write control = true under one of {', '.join(names)}")
    if len(controls) > 1:
        both = " and ".join(shown(name) for name in controls)
        table.fail("", f"{both} are both the control; keep one control = true")
    sentence_of = {arm.name: arm.sentence for arm in arms}
    for own, arm in zip(tables, arms, strict=True):
        other = arm.procedures_of
        if other is None:
            continue
        others = [name for name in names if name != arm.name]
        if other not in sentence_of:
            hint = did_you_mean(other, others)
            own.fail("procedures_of", f"no arm is called {shown(other)}{hint} Arms: {', '.join(others)}")
        if other == arm.name or sentence_of[other] is None:
            own.fail("procedures_of", f"{shown(other)} must be another arm, one with a sentence")
    return arms


def _arm_table(arms: Table, name: str) -> Table:
    if not 1 <= len(name.strip()) <= NAME_LENGTH or not name.isprintable():
        arms.fail("", f"{shown(name)} is no name for an arm; write 1 to {NAME_LENGTH} printable characters")
    table = arms.table(name, KEYS, none=("sentence", "control"))
    assert table is not None
    # An arm that gives something has its own procedures; for one that gives nothing, none is a default worth telling.
    if table.has("sentence"):
        table.none = (*table.none, "procedures_of")
    return table


def _read_arm(table: Table, name: str) -> Arm:
    share = table.whole("share", 1, SHARE_LIMIT, "1")
    return Arm(
        name,
        table.text("sentence", "ketamine 0.5 mg/kg IV over 40 min"),
        Arm.share if share is None else share,
        table.flag("control"),
        table.text("procedures_of", "ketamine"),
    )


def check_arms(
    top: Table, arms: tuple[Arm, ...], person: Person, indication: Indication, sampling: str, until_h: float
) -> tuple[tuple[str, str], ...]:
    """Refuse what cannot be simulated to the last visit; returns cautions about all arms, (code, message)."""
    flags = Flags()
    for arm in arms:
        if arm.sentence is not None:
            place = f"[arms.{arm.name}] sentence"
            own = check_sentence(top, place, arm.sentence, person, indication, sampling, until_h)
            flags.merge(own, f"{arm.name}: ")
    return tuple((flag["code"], flag["message"]) for flag in flags.as_list())


def check_sentence(
    top: Table, place: str, sentence: str, person: Person, indication: Indication, sampling: str, until_h: float
) -> Flags:
    """Refuse a sentence that cannot be given, or whose symptoms nothing is known of; returns its cautions.

    place: table and key, for the message.
    """
    flags = Flags()
    try:
        regimen = parse(sentence)
        doses = regimen.doses(person.weight_kg)
    except InputError as error:
        raise InputError(f"{top.source}: {place}: {error}") from None
    if doses[0].time_h >= until_h:
        begins, ends = span_text(doses[0].time_h), span_text(until_h)
        problem = f"the first dose is at {begins}; it must come before the last visit ({ends})"
        raise InputError(f"{top.source}: {place}: {problem}")
    if not flag_regimen(regimen, doses, person, indication, sampling, flags):
        why = next(flag["message"] for flag in flags.as_list() if flag["code"] in WITHOUT_SYMPTOMS)
        raise InputError(f"{top.source}: {place}: {why}; give a dose that was studied")
    leading = (ketamine_doses(doses) or doses)[0]
    evidence_of(leading.drug, leading.route, indication.name, flags)
    return flags


def read_people(top: Table, arms: tuple[Arm, ...]) -> int:
    """People of all arms together, enough for two in each."""
    top.required("people", "150 (all arms together)")
    people = top.whole("people", 0, PEOPLE_LIMIT, "150")
    assert people is not None
    check_people(top, "people", people, arms)
    return people


def check_people(table: Table, key: str, people: int, arms: tuple[Arm, ...]) -> None:
    """Refuse a number of people that leaves an arm with fewer than two."""
    if people < LEAST_PEOPLE_AN_ARM * len(arms):
        least = LEAST_PEOPLE_AN_ARM * len(arms)
        table.fail(key, f"{people} is too few for {len(arms)} arms; at least {least}, two in each arm")
    total = sum(arm.share for arm in arms)
    for arm in arms:
        if people * arm.share < LEAST_PEOPLE_AN_ARM * total:
            table.fail(key, f"{people} leaves fewer than two people in arm {shown(arm.name)}, whose share is small")
