"""Weighted least squares at a given tau2, the step that every estimator and test shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ketascope.evidence.pooling.inputs import Array, Data


@dataclass(frozen=True)
class Fit:
    """Weighted least squares with weights 1/(variance + tau2)."""

    weights: Array
    coefficients: Array
    covariance: Array
    residuals: Array
    orthogonal: Array
    """Q of the QR factors of the design times root weights, (k, p)."""

    @property
    def q(self) -> float:
        """Weighted sum of squared residuals; at tau2 = 0 it is Cochran's Q (residual Q with moderators)."""
        return float(np.sum(self.weights * self.residuals**2))

    @property
    def hat(self) -> Array:
        """Diagonal of the hat matrix (k,)."""
        return np.asarray(np.sum(self.orthogonal**2, axis=1))

    @property
    def projection(self) -> Array:
        """P = W - W X (X'WX)^-1 X'W, (k, k)."""
        root = np.sqrt(self.weights)
        kept = np.eye(len(root)) - self.orthogonal @ self.orthogonal.T
        return np.asarray(root[:, None] * kept * root[None, :])


def fit(data: Data, tau2: float) -> Fit:
    """Weighted least squares by QR, which stays accurate when weights differ by many orders of magnitude."""
    weights = 1.0 / (data.variances + tau2)
    root = np.sqrt(weights)
    orthogonal, triangle = np.linalg.qr(data.design * root[:, None])
    inverse = np.linalg.inv(triangle)
    coefficients = inverse @ (orthogonal.T @ (data.estimates * root))
    residuals = data.estimates - data.design @ coefficients
    return Fit(weights, coefficients, inverse @ inverse.T, residuals, orthogonal)


def log_likelihoods(data: Data, tau2: Array, restricted: bool) -> Array:
    """Log-likelihood at each tau2 with the coefficients profiled out, up to a constant; restricted is that of REML.

    Viechtbauer 2005, J Educ Behav Stat 30:261.
    """
    weights = 1.0 / (data.variances + tau2[:, None])
    root = np.sqrt(weights)
    orthogonal, triangle = np.linalg.qr(root[:, :, None] * data.design)
    scaled = root * data.estimates
    explained = np.einsum("gkp,gk->gp", orthogonal, scaled)
    rest = scaled - np.einsum("gkp,gp->gk", orthogonal, explained)
    value = np.log(weights).sum(axis=1) - (rest**2).sum(axis=1)
    if restricted:
        # log |X'WX| is twice the log of the product of the triangle's diagonal.
        value = value - 2.0 * np.log(np.abs(np.diagonal(triangle, axis1=1, axis2=2))).sum(axis=1)
    return np.asarray(0.5 * value)
