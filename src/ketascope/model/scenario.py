"""Named scenarios: one flag away from the default model, never mixed into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ketascope.errors import InputError, unknown
from ketascope.files import packaged_toml
from ketascope.model.parameter_store import ParameterSet, load_parameters

DEFAULT_CONTROL = "inert"


@dataclass(frozen=True)
class ModelChoice:
    """The parameter rows in use, the kind of control, and the scenarios that made them so."""

    parameters: ParameterSet
    reference_parameters: ParameterSet  # of the people whom trials enrolled: scenarios about a patient are left out
    control: str
    scenarios: tuple[str, ...]


@lru_cache(maxsize=1)
def load_scenarios() -> dict[str, Any]:
    """All scenarios by name, each with label, source and what it replaces."""
    return packaged_toml("model/scenarios.toml")


def choose_model(scenarios: Sequence[str] = ()) -> ModelChoice:
    """The default model with the named scenarios applied in order. Raises InputError for an unknown name."""
    table = load_scenarios()
    parameters = reference = load_parameters()
    controls: list[str] = []
    for name in scenarios:
        if name not in table:
            raise InputError(unknown("scenario", name, table))
        parameters = parameters.replaced(table[name]["replaces"])
        if not table[name].get("about_the_patient", False):
            reference = reference.replaced(table[name]["replaces"])
        if "control" in table[name]:
            controls.append(name)
    if len(set(controls)) > 1:
        raise InputError(f"scenarios {' and '.join(controls)} both choose the control; give one of them")
    control = table[controls[0]]["control"] if controls else DEFAULT_CONTROL
    return ModelChoice(parameters, reference, control, tuple(scenarios))
