"""What is known of a parameter before a fit: its prior, on the scale that it is sampled on, read from a data file."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from ketascope.errors import InputError

PRIOR_KINDS: tuple[str, ...] = ("log-normal", "logit-normal", "normal", "half-normal")
INFORMED_BELOW = 0.8
"""Posterior SD over prior SD, both on the prior's scale: at or above this the data did not inform a parameter."""


@dataclass(frozen=True)
class Prior:
    """One estimated parameter; `sd` is on the log or logit scale, or the parameter's own, and states the strength.

    A half-normal's `median` is not used: it starts at zero with `sd` as its scale.
    """

    name: str
    kind: str
    median: float
    sd: float

    def at(self, xp: Any, normal: Any) -> Any:
        """The parameter where the prior's standard normal (for a half-normal its size) has this value."""
        if self.kind == "log-normal":
            return self.median * xp.exp(self.sd * normal)
        if self.kind == "logit-normal":
            return 1.0 / (1.0 + xp.exp(-(math.log(self.median / (1.0 - self.median)) + self.sd * normal)))
        return self.sd * normal + (self.median if self.kind == "normal" else 0.0)

    def normal_of(self, xp: Any, value: Any) -> Any:
        """The standard normal of a parameter value: `at` turned round."""
        if self.kind == "log-normal":
            return xp.log(value / self.median) / self.sd
        if self.kind == "logit-normal":
            return (xp.log(value / (1.0 - value)) - math.log(self.median / (1.0 - self.median))) / self.sd
        return (value - (self.median if self.kind == "normal" else 0.0)) / self.sd


@lru_cache(maxsize=4)
def load_prior_rows(file: str) -> dict[str, dict[str, Any]]:
    """Every row of `evidence/data/FILE.toml` by short name. Raises InputError for a prior that cannot be."""
    path = resources.files("ketascope.evidence") / "data" / f"{file}.toml"
    rows: dict[str, dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))
    for name, row in rows.items():
        if "prior" in row:
            _check(file, name, float(row["value"]), row["prior"])
    return rows


def _check(file: str, name: str, median: float, prior: Mapping[str, Any]) -> None:
    """Raise InputError for a prior without kind or spread, or with a median that its scale cannot have."""
    kind = prior.get("kind")
    if kind not in PRIOR_KINDS or not float(prior.get("sd", 0.0)) > 0.0:
        raise InputError(f"{file}.toml: prior of '{name}' needs a kind of {', '.join(PRIOR_KINDS)} and sd > 0")
    highest = 1.0 if kind == "logit-normal" else math.inf
    if kind in ("log-normal", "logit-normal") and not 0.0 < median < highest:
        raise InputError(f"{file}.toml: prior of '{name}' needs a value between 0 and {highest:g}, not {median:g}")


def priors_of(file: str) -> dict[str, Prior]:
    """The estimated parameters of a file by short name, in the order of the file."""
    return {
        name: Prior(name, row["prior"]["kind"], float(row["value"]), float(row["prior"]["sd"]))
        for name, row in load_prior_rows(file).items()
        if "prior" in row
    }
