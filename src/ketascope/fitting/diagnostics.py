"""How well a fitted curve describes the data: predictions, residuals, shrinkage.

PRED: the typical person of that weight, age and liver function. IPRED: the person's own curve. IWRES: (log y - log
IPRED)/s. CWRES: the residuals of the first-order model around the person's own random effects, decorrelated: under a
right model they are independent standard normals (Hooker 2007, doi:10.1007/s11095-007-9361-x). Shrinkage: 1 - SD of the
estimated random effects over people (prior SD 1), and 1 - SD of IWRES (Savic and Karlsson 2009,
doi:10.1208/s12248-009-9133-0).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ketascope.fitting.likelihood import error_sd

if TYPE_CHECKING:
    from ketascope.exchange.nonmem_data import Observation
    from ketascope.fitting.mode import Case

FEWEST_FOR_SHRINKAGE = 3


def observation_rows(case: Case, observations: Sequence[Observation], z: np.ndarray) -> list[dict[str, Any]]:
    """One row a concentration: what was seen, PRED, IPRED, IWRES and CWRES (none for a value below the limit)."""
    log_own, slope = case.jacobian(z[:, None])
    log_typical = case.log_predicted(np.zeros((len(z), 1)))[:, 0]
    data = case.data.arrays()
    sd = error_sd(np, data, log_own)[:, 0]
    own = log_own[:, 0]
    iwres = (case.data.log_value - own) / sd
    cwres = _decorrelated(case, own, slope[:, :, 0], z, sd)
    return [
        {
            "row": item.row,
            "analyte": item.analyte,
            "occasion": item.occasion + 1,
            "time_h": item.time_h,
            "observed_ng_per_ml": item.value,
            "limit_ng_per_ml": item.lloq,
            "is_below": item.is_below,
            "pred_ng_per_ml": float(np.exp(log_typical[index])),
            "ipred_ng_per_ml": float(np.exp(own[index])),
            "iwres": None if item.is_below else float(iwres[index]),
            "cwres": None if item.is_below else float(cwres[index]),
        }
        for index, item in enumerate(observations)
    ]


def _decorrelated(case: Case, own: np.ndarray, slope: np.ndarray, z: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """CWRES of every point; those below the limit take no part and are NaN."""
    seen = ~case.data.is_below
    result = np.full(len(own), np.nan)
    if seen.any():
        residual = (case.data.log_value - (own - slope @ z))[seen]
        covariance = slope[seen] @ slope[seen].T + np.diag(sd[seen] ** 2)
        values, vectors = np.linalg.eigh(covariance)
        result[seen] = vectors @ ((vectors.T @ residual) / np.sqrt(values))
    return result


def shrinkage(subjects: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Shrinkage of random effects (by name, over people who have them) and of residuals; null for too few."""
    etas: dict[str, list[float]] = {}
    for subject in subjects:
        for row in subject["effects"]:
            if row["occasion"] is None:
                etas.setdefault(row["name"], []).append(row["eta"])
    residuals = [row["iwres"] for subject in subjects for row in subject["observations"] if row["iwres"] is not None]
    return {
        "effects": {name: _shrunk(values) for name, values in etas.items()},
        "people": {name: len(values) for name, values in etas.items()},
        "residuals": _shrunk(residuals),
    }


def _shrunk(values: Sequence[float]) -> float | None:
    return float(1.0 - np.std(values, ddof=1)) if len(values) >= FEWEST_FOR_SHRINKAGE else None
