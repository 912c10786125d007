"""The whole chain of one regimen in one person as SBML Level 3: from doses to the score, ready for other tools.

The equations are those of `model/`, written out as rate laws, rules and events; every number carries its value, unit,
population, source and grade. What ketascope solves in closed form (the pharmacokinetics) stands here as ordinary
compartments, and the two agree (docs/export-validation.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ketascope._version import __version__
from ketascope.errors import InputError
from ketascope.report.format import counted

if TYPE_CHECKING:
    from ketascope.comparing.setting import Setting
    from ketascope.exchange.model_text import ModelText
    from ketascope.regimen import Dose, Regimen

MODEL_NAME = "ketascope_model"
NOT_FOR_PATIENTS = (
    "For research use. Not medical advice: no dosing advice and no prediction for a person. The typical patient stands "
    "for the middle of a population, not for anybody."
)


def sbml_model(regimen: Regimen, setting: Setting) -> str:
    """SBML Level 3 of a regimen in the person, indication and model of `setting`.

    Time is in hours, amounts in mg, volumes in litres; the score is left out where a dose is above what trials studied.
    Raises InputError where Antimony is not installed, and for a dose over a limit per kg.
    """
    antimony = check_antimony()
    text, about = model_text(regimen, setting)
    antimony.clearPreviousLoads()
    if antimony.loadAntimonyString(text.antimony(MODEL_NAME)) < 0:
        raise AssertionError(antimony.getLastError())  # a defect of the export, never of the input
    from ketascope.exchange.sbml_notes import annotated

    return annotated(antimony.getSBMLString(MODEL_NAME), text.notes, f"ketascope {__version__}: {regimen}", about)


def model_text(regimen: Regimen, setting: Setting) -> tuple[ModelText, list[str]]:
    """The model before it is SBML, and what is said about it as a whole."""
    from ketascope.comparing.flags import Flags
    from ketascope.comparing.limits import flag_regimen
    from ketascope.comparing.setting import ssri_courses
    from ketascope.exchange.body_part import BodyPart
    from ketascope.exchange.effect_part import write_chain, write_score
    from ketascope.exchange.model_text import ModelText
    from ketascope.model.disposition import steps_of
    from ketascope.model.exposure import ketamine_doses
    from ketascope.model.occasions import given_on_site, occasion_starts
    from ketascope.model.plasma import plasma
    from ketascope.people import individual_values, typical_normals

    parameters, place = setting.model.parameters, plasma(setting.sampling)
    doses = regimen.doses(setting.person.weight_kg)
    values = individual_values(parameters, setting.person, typical_normals(), place)
    individual = {name: float(value[0]) for name, value in values.items()}
    text = ModelText(parameters, individual)
    steps = steps_of(parameters, place) - {"hydroxynorketamine"}
    BodyPart(text, place, steps, individual).write(regimen, ketamine_doses(doses))
    write_chain(text)
    flags = Flags()
    allowed = flag_regimen(regimen, doses, setting.person, setting.indication, setting.sampling, flags)
    if allowed:
        visits_h = occasion_starts(given_on_site(doses), parameters)
        write_score(text, setting, visits_h, ssri_courses(doses, parameters))
    return text, _about(regimen, setting, doses, allowed, flags.as_list())


def _about(
    regimen: Regimen, setting: Setting, doses: Sequence[Dose], allowed: bool, flags: Sequence[dict[str, str]]
) -> list[str]:
    person, indication = setting.person, setting.indication
    lines = [
        f"Regimen: {regimen}. {counted(len(doses), 'dose')}.",
        f"Person: {person.weight_kg:g} kg, {person.age_years:g} years, liver {person.hepatic}, other medicines: "
        f"{', '.join(person.interactions) or 'none'}; everything else as in the typical patient.",
        f"Plasma: {setting.sampling}. Indication: {indication.label}. Control: {setting.model.control}. "
        f"Scenarios: {', '.join(setting.model.scenarios) or 'none'}.",
        "Time in hours from the start, amounts in mg, volumes in litres. Read ketamine_ng_per_ml, "
        "norketamine_ng_per_ml, block, glutamate_fold, fast, signal, plasticity, unblinding"
        + (f" and score ({indication.scale_label} points)." if allowed else "; the score is left out (see the flags)."),
    ]
    if allowed and indication.recall_window_h:
        window = f"{indication.recall_window_h:g} h"
        lines.append(
            f"The {indication.scale_label} asks about the past {window}: a score before that time means nothing."
        )
    lines += [f"Flag {flag['code']}: {flag['message']}." for flag in flags]
    return [*lines, NOT_FOR_PATIENTS]


def check_antimony() -> Any:
    """Antimony's module. Raises InputError where it is not installed."""
    from importlib import import_module

    try:
        return import_module("antimony")
    except ImportError:
        raise InputError("sbml needs Antimony: install ketascope with its extra 'sbml'") from None
