"""What trials studied, and whether an option stays inside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ketascope.comparing.flags import Flags
from ketascope.model.absorption import find_rule
from ketascope.model.exposure import enantiomer_composition, ketamine_doses
from ketascope.model.plasma import plasma

if TYPE_CHECKING:
    from ketascope.model.symptoms import Indication
    from ketascope.people import Person
    from ketascope.regimen import Dose, Regimen

HOURS_PER_DAY = 24.0
POOLED = "pooled"  # the parameter set in which medicines act on enzymes
FIXED_FIRST_PASS = "absorption.swallowed_ketamine_fraction"  # a share that does not follow from the liver


def symptoms_allowed(
    regimen: Regimen, doses: Sequence[Dose], person: Person, indication: Indication, flags: Flags
) -> bool:
    """Whether symptoms may be shown; raises the flags that say why not, or how far the limit was borrowed."""
    from ketascope.regimen import highest_studied

    allowed = True
    for course in regimen.courses:
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
        limit_mg = studied.highest * (person.weight_kg if studied.unit == "mg/kg" else 1.0)
        if _largest_day_mg(course.drug, course.route, doses) > limit_mg * (1.0 + 1e-9):
            flags.add(
                "above_studied_dose",
                dose=f"{course.amount:g} {course.unit}",
                route=course.route,
                indication=indication.name.upper(),
                highest=f"{studied.highest:g} {studied.unit}",
            )
            allowed = False
    return allowed


def _largest_day_mg(drug: str, route: str, doses: Sequence[Dose]) -> float:
    """Largest amount within any 24 h: doses split over a day count together, whatever phase they stand in."""
    own = [dose for dose in doses if (dose.drug, dose.route) == (drug, route)]
    return max(
        sum(dose.amount_mg for dose in own if start.time_h <= dose.time_h < start.time_h + HOURS_PER_DAY - 1e-9)
        for start in own
    )


def flag_schedule(regimen: Regimen, doses: Sequence[Dose], flags: Flags) -> None:
    """Flag more sessions, or closer ones, than trials gave."""
    from ketascope.data import load

    table = load("studied_schedules")["schedule"]
    for drug, route in dict.fromkeys((course.drug, course.route) for course in regimen.courses):
        row = table.get(f"{drug}:{route}")
        if row is None:
            if drug in enantiomer_composition():
                flags.add("schedule_unknown", drug=drug, route=route)
            else:
                _flag_low_dose(drug, doses, flags)
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


def _flag_low_dose(drug: str, doses: Sequence[Dose], flags: Flags) -> None:
    """Flag a daily dose below the lowest that the drug's label gives: its effect here is that of usual doses."""
    from ketascope.data import load

    lowest = load("drugs")[drug].get("daily_mg", {}).get("low")
    days = [_largest_day_mg(drug, dose.route, doses) for dose in doses if dose.drug == drug]
    if lowest is not None and days and max(days) < lowest:
        flags.add("below_studied_dose", drug=drug, dose=max(days), lowest=lowest)


def flag_absorption(regimen: Regimen, person: Person, sampling: str, flags: Flags) -> None:
    """Raise the cautions that absorption rules carry."""
    for course in regimen.courses:
        if course.drug in enantiomer_composition():
            rule = find_rule(course.drug, course.route, plasma(sampling))
            if "flag" in rule:
                flags.add(rule["flag"], route=course.route)
            swallowed = any(part["ketamine"] == FIXED_FIRST_PASS for part in rule["parts"])
            if swallowed and person.hepatic == "moderate":
                flags.add("hepatic_first_pass")


def flag_interactions(person: Person, sampling: str, flags: Flags) -> None:
    """Say of every interacting medicine what was measured, where the model predicts instead of repeating it."""
    from ketascope.people import load_interactions

    if plasma(sampling).parameters != POOLED:
        return
    for name in person.interactions:
        row = load_interactions()[name]
        measured = row["swallowed_ratio"] / row["clearance_ratio"]
        flags.add("interaction_predicted", medicine=row["label"], measured=measured)


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


def flag_regimen(
    regimen: Regimen, doses: Sequence[Dose], person: Person, indication: Indication, sampling: str, flags: Flags
) -> bool:
    """Raise every caution that follows from regimen and person; returns whether symptoms may be shown."""
    flag_person(person, flags)
    leading = (ketamine_doses(doses) or tuple(doses))[0]
    if len({(course.drug, course.route) for course in regimen.courses}) > 1:
        flags.add("mixed_routes", first=f"{leading.drug} {leading.route}")
    allowed = symptoms_allowed(regimen, doses, person, indication, flags)
    flag_schedule(regimen, doses, flags)
    flag_absorption(regimen, person, sampling, flags)
    flag_interactions(person, sampling, flags)
    return allowed
