"""Arms as people read them: the tables name many by abbreviations such as `ket05`, which only programs need."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from ketascope.evidence.studies.rows import Arm
from ketascope.evidence.studies.tables import SEPARATOR, arms, study

_AGAINST = "-vs-"
# The collection whose arms have abbreviations for names; the other one writes them out, but for these.
_ABBREVIATED = "trials"
_WRITTEN_OUT = {r"\bAD\b": "antidepressant", r"\bT1/2\b": "TRANSFORM-1 and -2", r"\bT3\b": "TRANSFORM-3"}


def arm_words(name: str, arm: str) -> str:
    """What an arm of a study was given, in words; of a comparison (`ket-vs-mdz`, or arms joined by "; ") all of them.

    Raises InputError for an unknown study; an arm that the tables do not list reads as it is written.
    """
    if _AGAINST in arm:
        return " against ".join(arm_words(name, side) for side in arm.split(_AGAINST))
    return " and ".join(_of_study(name).get(each, _spelt(each)) for each in arm.split(SEPARATOR))


@lru_cache(maxsize=256)
def _of_study(name: str) -> dict[str, str]:
    listed = arms(name)
    if study(name).table != _ABBREVIATED:
        return {arm.arm: _spelt(arm.arm) for arm in listed}
    plain = {arm.arm: _given(arm) for arm in listed}
    return {arm.arm: _told_apart(arm, [each for each in listed if plain[each.arm] == plain[arm.arm]]) for arm in listed}


def _told_apart(arm: Arm, alike: Sequence[Arm]) -> str:
    """The words of an arm, with what tells it apart where other arms of its study are given the same."""
    if len(alike) == 1:
        return _given(arm)
    # The end of a schedule often names the stratum or cohort.
    for whole in (False, True):
        if len({_schedule(each, whole) for each in alike}) == len(alike):
            return f"{_given(arm)}, {_schedule(arm, whole)}"
    return f"{_given(arm)}, {arm.arm}"


def _schedule(arm: Arm, whole: bool) -> str:
    return arm.schedule if whole else arm.schedule.rpartition(", ")[2]


def _given(arm: Arm) -> str:
    """Drug, dose and route; of a control the drug alone."""
    parts = (arm.drug,) if arm.control else (arm.drug, arm.dose, arm.dose_unit if arm.dose else "", arm.route_key)
    return " ".join(part for part in parts if part)


def _spelt(text: str) -> str:
    for short, full in _WRITTEN_OUT.items():
        text = re.sub(short, full, text)
    return text
