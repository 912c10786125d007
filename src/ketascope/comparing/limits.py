"""What trials studied, and whether an option stays inside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ketascope.comparing.flags import Flags
from ketascope.model.absorption import find_rule
from ketascope.model.exposure import enantiomer_composition

if TYPE_CHECKING:
    from ketascope.model.symptoms import Indication
    from ketascope.people import Person
    from ketascope.regimen import Dose, Regimen


def symptoms_allowed(
    regimen: Regimen, doses: Sequence[Dose], person: Person, indication: Indication, flags: Flags
) -> bool:
    """Whether symptoms may be shown; raises the flags that say why not, or how far the limit was borrowed."""
    from ketascope.regimen import highest_studied

    allowed = True
    for index, course in enumerate(regimen.courses):
        studied = highest_studied(course.drug, course.route, indication.name)
        if studied is None or studied.highest is None:
            flags.add("no_studied_dose", drug=course.drug, route=course.route)
            allowed = False
            continue
        if studied.borrowed_from is not None:
            lender = f"{studied.borrowed_from.upper()} {studied.borrowed_route or course.route}"
            flags.add(
                "studied_elsewhere",
                drug=course.drug,
                route=course.route,
                indication=indication.name.upper(),
                lender=lender,
            )
        # Devices of one session are one dose; a limit per kg is compared at this person's weight.
        sessions: dict[int, float] = {}
        for dose in doses:
            if dose.course == index:
                sessions[dose.session] = sessions.get(dose.session, 0.0) + dose.amount_mg
        limit_mg = studied.highest * (person.weight_kg if studied.unit == "mg/kg" else 1.0)
        if max(sessions.values()) > limit_mg * (1.0 + 1e-9):
            flags.add(
                "above_studied_dose",
                dose=f"{course.amount:g} {course.unit}",
                route=course.route,
                indication=indication.name.upper(),
                highest=f"{studied.highest:g} {studied.unit}",
            )
            allowed = False
    return allowed


def flag_schedule(regimen: Regimen, doses: Sequence[Dose], flags: Flags) -> None:
    """Flag more sessions, or closer ones, than trials gave."""
    from ketascope.data import load

    table = load("studied_schedules")["schedule"]
    for drug, route in dict.fromkeys((course.drug, course.route) for course in regimen.courses):
        row = table.get(f"{drug}:{route}")
        if row is None:
            continue
        starts = sorted({d.session: d.time_h for d in reversed(doses) if (d.drug, d.route) == (drug, route)}.values())
        gaps = [later - earlier for earlier, later in zip(starts, starts[1:], strict=False)]
        if len(starts) > row["most_sessions"]:
            flags.add(
                "schedule_not_studied",
                what=f"{len(starts)} sessions of {drug} {route}",
                studied=row["source"],
            )
        if gaps and min(gaps) < row["shortest_interval_h"] - 1e-9:
            what = f"{drug} {route} every {min(gaps):g} h"
            flags.add("schedule_not_studied", what=what, studied=row["source"])


def flag_absorption(regimen: Regimen, sampling: str, flags: Flags) -> None:
    """Raise the cautions that absorption rules carry."""
    for course in regimen.courses:
        if course.drug in enantiomer_composition():
            rule = find_rule(course.drug, course.route, sampling)
            if "flag" in rule:
                flags.add(rule["flag"], route=course.route)


def flag_person(person: Person, flags: Flags) -> None:
    """Flag a person unlike those whom trials took, and say that covariates change exposure only."""
    from ketascope.data import load
    from ketascope.people import Person as Default

    people = load("studied_schedules")["people"]
    if person.age_years > people["oldest_years"]:
        flags.add("population_not_studied", what=f"age {person.age_years:g}")
    if not people["lightest_kg"] <= person.weight_kg <= people["heaviest_kg"]:
        flags.add("population_not_studied", what=f"weight {person.weight_kg:g} kg")
    if person.hepatic != Default.hepatic:
        flags.add("population_not_studied", what=f"{person.hepatic} liver impairment")
    if person != Default():
        flags.add("covariates_change_exposure_only")
