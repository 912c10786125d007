"""The plasma that is reported and drives the effects: a sampling site seen through one set of parameters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from ketascope.errors import InputError
from ketascope.files import packaged_toml


@dataclass(frozen=True)
class Plasma:
    """One choice of `--sampling`.

    site: "venous" or "arterial"; parameters: the file of disposition rows, which is also the start of their names.
    """

    name: str
    label: str
    site: str
    parameters: str


@lru_cache(maxsize=1)
def plasmas() -> dict[str, Plasma]:
    """Every plasma by name, in the order of the data file."""
    return {name: Plasma(name, **row) for name, row in packaged_toml("model/plasma.toml").items()}


def plasma(name: str) -> Plasma:
    """The plasma of that name. Raises InputError for an unknown one."""
    if name not in plasmas():
        raise InputError(f"sampling '{name}': must be one of {', '.join(plasmas())}")
    return plasmas()[name]
