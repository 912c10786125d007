"""A virtual trial as plain data: the design as it was read, what came out, and what a reader must know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ketascope._version import __version__
from ketascope.comparing.setting import person_row
from ketascope.model.symptoms import load_indication
from ketascope.virtual_trials.design import Arm, Design
from ketascope.virtual_trials.predicted_effect import collect, observed_row, predicted_effects
from ketascope.virtual_trials.summary import summarise

if TYPE_CHECKING:
    import numpy as np

Parts = Callable[[], Iterable[Mapping[str, "np.ndarray"]]]
"""Gives the analyses of a run chunk by chunk, as often as it is called."""


def design_document(design: Design) -> dict[str, Any]:
    """What the trial is; times in hours."""
    rescue, adaptation = design.rescue, design.adaptation
    return {
        "indication": design.indication,
        "scale": design.scale,
        "scale_label": load_indication(design.indication).scale_label,
        "arms": [_arm(arm) for arm in design.arms],
        "people": design.people,
        "visits_h": list(design.visits_h),
        "primary_visit_h": design.primary_visit_h,
        "control_type": design.control_type,
        "person": person_row(design.person),
        "parameters": design.parameters,
        "is_null": design.is_null,
        "baseline_least": design.baseline_least,
        "baseline_most": design.baseline_most,
        "drop_out": {
            "percent": design.drop_out.percent,
            "percent_more_if_worse": design.drop_out.percent_more_if_worse,
            "percent_by_arm": dict(design.drop_out.percent_by_arm),
        },
        "rescue": None
        if rescue is None
        else {"from_visit_h": rescue.from_visit_h, "percent_fall": rescue.percent_fall, "smd": rescue.smd},
        "estimand": design.estimand,
        "analyses": list(design.analyses),
        "alpha": design.alpha,
        "adaptation": {
            "information": list(adaptation.information),
            "spending": adaptation.spending,
            "futility_below": adaptation.futility_below,
            "people_most": adaptation.people_most,
            "wanted_power": adaptation.wanted_power,
        },
        "people_curve": list(design.people_curve),
        "dose_curve": list(design.dose_curve),
        "scenarios": list(design.scenarios),
        "sampling": design.sampling,
    }


def _arm(arm: Arm) -> dict[str, Any]:
    return {
        "name": arm.name,
        "sentence": arm.sentence,
        "share": arm.share,
        "is_control": arm.is_control,
        "procedures_of": arm.procedures_of,
    }


def trial_document(
    design: Design, parts: Parts, null: tuple[int, Design, Parts] | None, doses: list[tuple[str, int, Design, Parts]]
) -> dict[str, Any]:
    """What came out. null: replicates, design and analyses of the run without a drug effect; doses: sentence,
    replicates, design and analyses of the runs of the dose curve."""
    estimates = collect(design, parts())
    observed = None if design.observed is None else observed_row(design.observed, estimates)
    return {
        "version": __version__,
        "seed": design.seed,
        "title": design.title,
        "design": design_document(design),
        "defaulted": list(design.defaulted),
        "replicates": design.replicates,
        "result": summarise(design, parts()),
        "predicted_effect": predicted_effects(design, estimates),
        "observed": observed,
        "null": None if null is None else {"replicates": null[0], "result": summarise(null[1], null[2]())},
        "dose_curve": [
            {"sentence": sentence, "replicates": replicates, "result": summarise(own, its())}
            for sentence, replicates, own, its in doses
        ],
        "flags": [{"code": code, "message": message} for code, message in design.flags],
    }
