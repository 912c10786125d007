"""A number with its interval, and what the interval is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np

PATIENTS: Literal["patients"] = "patients"
TYPICAL: Literal["typical patient"] = "typical patient"
POPULATION_MEAN: Literal["population mean"] = "population mean"
PERCENTILES = (2.5, 50.0, 97.5)

Quantity = dict[str, Any]


def over_patients(samples: np.ndarray) -> Quantity:
    """Median and central 95% of patients. samples: (patients,), finite."""
    return _central(samples, PATIENTS)


def over_parameters(samples: np.ndarray) -> Quantity:
    """Median and central 95% of the typical patient over draws of the model's parameters. samples: (draws,), finite."""
    return _central(samples, TYPICAL)


def over_draws(samples: np.ndarray) -> Quantity:
    """Median and central 95% of the uncertainty of a population mean. samples: (draws,), finite."""
    return _central(samples, POPULATION_MEAN)


def reported(value: float, low: float, high: float) -> Quantity:
    """A figure taken from a source as it stands there (a share of patients)."""
    return {"median": float(value), "low": float(low), "high": float(high), "interval_of": POPULATION_MEAN}


def _central(samples: np.ndarray, interval_of: str) -> Quantity:
    import numpy as np

    low, median, high = np.percentile(samples, PERCENTILES)
    return {"median": float(median), "low": float(low), "high": float(high), "interval_of": interval_of}
