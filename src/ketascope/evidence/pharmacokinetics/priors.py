"""What is known before the fit: priors of the pooled model's parameters, on the scale that they are sampled on."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from ketascope.errors import InputError

PRIOR_KINDS: tuple[str, ...] = ("log-normal", "logit-normal")
PARAMETER_FILE = "pooled"


@dataclass(frozen=True)
class Prior:
    """One estimated parameter; `sd` is on the log or logit scale and states the prior's strength."""

    name: str
    kind: str
    median: float
    sd: float

    def at(self, xp: Any, normal: Any) -> Any:
        """The parameter where the prior's standard normal has this value."""
        if self.kind == "log-normal":
            return self.median * xp.exp(self.sd * normal)
        return 1.0 / (1.0 + xp.exp(-(math.log(self.median / (1.0 - self.median)) + self.sd * normal)))

    def normal_of(self, xp: Any, value: Any) -> Any:
        """The standard normal of a parameter value: `at` turned round."""
        if self.kind == "log-normal":
            return xp.log(value / self.median) / self.sd
        return (xp.log(value / (1.0 - value)) - math.log(self.median / (1.0 - self.median))) / self.sd


@lru_cache(maxsize=1)
def load_rows() -> dict[str, dict[str, Any]]:
    """Every row of `data/pk_priors.toml` by short name. Raises InputError for a prior that cannot be."""
    file = resources.files("ketascope.evidence") / "data" / "pk_priors.toml"
    rows: dict[str, dict[str, Any]] = tomllib.loads(file.read_text(encoding="utf-8"))
    for name, row in rows.items():
        if "prior" in row:
            _check(name, float(row["value"]), row["prior"])
    return rows


def _check(name: str, median: float, prior: Mapping[str, Any]) -> None:
    """Raise InputError for a prior without kind or spread, or with a median that its scale cannot have."""
    if prior.get("kind") not in PRIOR_KINDS or not float(prior.get("sd", 0.0)) > 0.0:
        raise InputError(f"pk_priors.toml: prior of '{name}' needs a kind of {', '.join(PRIOR_KINDS)} and sd > 0")
    highest = 1.0 if prior["kind"] == "logit-normal" else math.inf
    if not 0.0 < median < highest:
        raise InputError(f"pk_priors.toml: prior of '{name}' needs a value between 0 and {highest:g}, not {median:g}")


def priors() -> dict[str, Prior]:
    """The estimated parameters by short name, in the order of the file."""
    return {
        name: Prior(name, row["prior"]["kind"], float(row["value"]), float(row["prior"]["sd"]))
        for name, row in load_rows().items()
        if "prior" in row
    }


def fixed_values() -> dict[str, float]:
    """The rows without a prior, by short name."""
    return {name: float(row["value"]) for name, row in load_rows().items() if "prior" not in row}
