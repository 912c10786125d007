"""Whether Markov chains agree and are worth enough independent draws: one definition and one set of limits.

    R-hat: split, of rank-normalised draws; the larger of that of the draws and of their distance from the median
    bulk sample size: effective number of independent draws, of rank-normalised split chains
    tail sample size: the same of being in the lowest and in the highest 5%, the smaller of the two

Source of definitions and limits: Vehtari et al. 2021, Bayesian Analysis 16:667, doi:10.1214/20-BA1221. The variances
and autocorrelations behind them are NumPyro's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

R_HAT_LIMIT, SAMPLE_SIZE_LIMIT = 1.01, 400.0
TAILS = (0.05, 0.95)
_SIZES = ("bulk_sample_size", "tail_sample_size")


def convergence(draws: np.ndarray) -> dict[str, float]:
    """R-hat, bulk and tail sample size of one scalar. draws: (chains, draws).

    A number that has no value, because the chains stood still, is NaN.
    """
    folded = np.abs(draws - np.median(draws))
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "r_hat": float(np.max([_split_r_hat(_ranked(draws)), _split_r_hat(_ranked(folded))])),
            "bulk_sample_size": _sample_size(_ranked(draws)),
            "tail_sample_size": float(np.min([_sample_size(_below(draws, share)) for share in TAILS])),
        }


def _below(draws: np.ndarray, share: float) -> np.ndarray:
    return (draws <= np.quantile(draws, share)).astype(float)


def _ranked(draws: np.ndarray) -> np.ndarray:
    """Normal scores of the ranks over all chains; ties share a rank (equation 14 of the source)."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    ranks = rankdata(draws, method="average").reshape(draws.shape)
    return np.asarray(ndtri((ranks - 0.375) / (draws.size + 0.25)))


def _split_r_hat(draws: np.ndarray) -> float:
    from numpyro.diagnostics import split_gelman_rubin

    return float(split_gelman_rubin(draws))


def _sample_size(draws: np.ndarray) -> float:
    from numpyro.diagnostics import effective_sample_size

    half = draws.shape[1] // 2
    return float(effective_sample_size(np.concatenate([draws[:, :half], draws[:, half : 2 * half]])))


def worst(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The largest R-hat and the smallest sample sizes of rows of `convergence`; NaN where any has no value."""
    return {
        "largest_r_hat": float(np.max([row["r_hat"] for row in rows])),
        **{f"smallest_{size}": float(np.min([row[size] for row in rows])) for size in _SIZES},
    }


def has_converged(row: Mapping[str, Any]) -> bool:
    """Whether a row of `convergence` keeps all limits; one without a value does not."""
    return bool(row["r_hat"] <= R_HAT_LIMIT and all(row[size] >= SAMPLE_SIZE_LIMIT for size in _SIZES))


def unconverged(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names of the rows (of `convergence`, each with a `name`) that miss a limit."""
    return [row["name"] for row in rows if not has_converged(row)]


def has_settled(missed: Sequence[Any], divergences: int) -> bool:
    """Whether the draws of a fit are to be used: no number misses a limit and no transition diverged."""
    return not missed and divergences == 0
