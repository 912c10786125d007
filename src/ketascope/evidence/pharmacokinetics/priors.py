"""What is known before the fit of the pooled pharmacokinetic model: its rows in `data/pk_priors.toml`."""

from __future__ import annotations

from typing import Any

from ketascope.evidence.priors import Prior, load_prior_rows, priors_of

__all__ = ["PARAMETER_FILE", "PRIOR_FILE", "Prior", "fixed_values", "load_rows", "priors"]

PARAMETER_FILE = "pooled"
PRIOR_FILE = "pk_priors"


def load_rows() -> dict[str, dict[str, Any]]:
    """Every row of the file by short name. Raises InputError for a prior that cannot be."""
    return load_prior_rows(PRIOR_FILE)


def priors() -> dict[str, Prior]:
    """The estimated parameters by short name, in the order of the file."""
    return priors_of(PRIOR_FILE)


def fixed_values() -> dict[str, float]:
    """The rows without a prior, by short name."""
    return {name: float(row["value"]) for name, row in load_rows().items() if "prior" not in row}
