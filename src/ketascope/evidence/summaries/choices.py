"""What was asked for: checked names of indication, outcome, treatment, window, measure, estimator and test."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ketascope.data import load
from ketascope.errors import InputError, unknown
from ketascope.evidence.pooling_rules import rules as rules

ESTIMATORS = ("REML", "DL", "PM", "ML", "FE")
TESTS = {"KH": "Knapp-Hartung", "z": "z (Wald)"}
# The raw scale of each measure, as it is written on the command line.
MEASURES = {"smd": "SMD", "md": "MD", "or": "log OR", "rr": "log RR"}
_COUNTED = ("log OR", "log RR")


@dataclass(frozen=True)
class Choices:
    """A checked request. `measure` is None where the data decide between raw and standardised differences."""

    indication: str
    outcome: str
    treatment: str
    window: str
    measure: str | None
    estimator: str
    test: str


def indications() -> dict[str, str]:
    """Every indication that can be asked for, with its label: the model's, the others of the tables, the groups."""
    named = {name: str(row["label"]) for name, row in load("indications").items() if "label" in row}
    others = {name: str(row["label"]) for name, row in rules()["indication"].items()}
    return named | others | {name: str(row["label"]) for name, row in rules()["group"].items()}


def members(indication: str) -> tuple[str, ...]:
    """The indications that a name stands for: itself, or those of a group."""
    groups = rules()["group"]
    return tuple(groups[indication]["members"]) if indication in groups else (indication,)


def known(kind: str, name: str, names: Iterable[str]) -> str:
    """The name as it is spelt in the list, whatever its case; InputError with the nearest one otherwise."""
    table = list(names)
    for each in table:
        if each.lower() == name.strip().lower():
            return each
    raise InputError(unknown(kind, name, table))


def check_choices(
    indication: str,
    outcome: str = "symptoms",
    treatment: str = "ketamine",
    window: str = "primary",
    measure: str | None = None,
    estimator: str = "REML",
    test: str = "KH",
) -> Choices:
    """A checked request; InputError names what is unknown or does not fit together."""
    chosen = Choices(
        indication=known("indication", indication, indications()),
        outcome=known("outcome", outcome, rules()["outcome"]),
        treatment=known("treatment", treatment, rules()["treatment"]),
        window=known("time", window, rules()["window"]),
        measure=None if measure is None else MEASURES[known("measure", measure, MEASURES)],
        estimator=known("estimator", estimator, ESTIMATORS),
        test=known("test", test, TESTS),
    )
    counted = rules()["outcome"][chosen.outcome]["measure"] in _COUNTED
    if chosen.measure is not None and (chosen.measure in _COUNTED) != counted:
        fitting = [name for name, found in MEASURES.items() if (found in _COUNTED) == counted]
        raise InputError(f"measure '{measure}' does not fit {chosen.outcome}; use one of {', '.join(fitting)}")
    return chosen
