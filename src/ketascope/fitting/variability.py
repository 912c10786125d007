"""Residual error and the occasion's share of random effects: the rows of `variability.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

from ketascope.model.parameter_store import parameter_from_row

if TYPE_CHECKING:
    from ketascope.model.parameter_store import Parameter

_SHARE = "occasion_share_"


@dataclass(frozen=True)
class Residual:
    """Error of one measured value: SD of the log by group of analytes, and the error near the limit (see the file)."""

    ketamine: float
    norketamine: float
    limit_error_share: float

    def of(self, analyte: str) -> float:
        """SD of the log for an analyte such as `s_norketamine`."""
        return self.norketamine if analyte.endswith("norketamine") else self.ketamine


@lru_cache(maxsize=1)
def variability_rows() -> dict[str, Parameter]:
    """Every row of the file, each with unit, source and grade."""
    text = (resources.files("ketascope.fitting") / "variability.toml").read_text(encoding="utf-8")
    return {name: parameter_from_row(f"variability.{name}", raw) for name, raw in tomllib.loads(text).items()}


def default_residual() -> Residual:
    """The residual error of individual fits."""
    rows = variability_rows()
    names = ("residual_ketamine", "residual_norketamine", "limit_error_share")
    return Residual(*(rows[name].value for name in names))


@lru_cache(maxsize=1)
def occasion_shares() -> dict[str, float]:
    """Share of the variance that belongs to the occasion, by random effect; effects without a row have none."""
    return {name.removeprefix(_SHARE): row.value for name, row in variability_rows().items() if name.startswith(_SHARE)}
