"""One Radau IIA step for a state that is linear in itself.

For y' = a(t) - b(t) y with a and b known at the s nodes, the stage values solve an s x s linear system, written out
here without a loop over numbers: no Newton iteration, no pivoting, L-stable, order 2s - 1. Three stages have a closed
form; other numbers of stages are eliminated in order. Between the nodes the collocation polynomial gives the state.

Source: Hairer and Wanner, Solving Ordinary Differential Equations II (1996), IV.5 and table IV.5.6.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

_ROOT6 = math.sqrt(6.0)
NODES: tuple[float, float, float] = ((4.0 - _ROOT6) / 10.0, (4.0 + _ROOT6) / 10.0, 1.0)
WEIGHTS: tuple[tuple[float, float, float], ...] = (
    ((88.0 - 7.0 * _ROOT6) / 360.0, (296.0 - 169.0 * _ROOT6) / 1800.0, (-2.0 + 3.0 * _ROOT6) / 225.0),
    ((296.0 + 169.0 * _ROOT6) / 1800.0, (88.0 + 7.0 * _ROOT6) / 360.0, (-2.0 - 3.0 * _ROOT6) / 225.0),
    ((16.0 - _ROOT6) / 36.0, (16.0 + _ROOT6) / 36.0, 1.0 / 9.0),
)

Stages = tuple[Any, ...]


@cache
def tableau(stages: int) -> tuple[tuple[float, ...], tuple[tuple[float, ...], ...]]:
    """Nodes (stages,) in a step of length 1, and weights (stages, stages): integrals of the node polynomials."""
    if stages == len(NODES):
        return NODES, WEIGHTS
    import numpy as np
    from numpy.polynomial import Polynomial

    # The zeros of the derivative of order s - 1 of x^(s-1) (x - 1)^s.
    radau = (Polynomial([0.0, 1.0]) ** (stages - 1) * Polynomial([-1.0, 1.0]) ** stages).deriv(stages - 1)
    nodes = np.sort(radau.roots().real)
    for _ in range(3):
        nodes = nodes - radau(nodes) / radau.deriv()(nodes)
    nodes[-1] = 1.0
    weights = [[float(_node_polynomial(nodes, j).integ()(c)) for j in range(stages)] for c in nodes]
    return tuple(nodes.tolist()), tuple(tuple(row) for row in weights)


def _node_polynomial(nodes: Any, index: int) -> Any:
    """The polynomial that is 1 at one node and 0 at all others."""
    from numpy.polynomial import Polynomial

    own = Polynomial([1.0])
    for other, node in enumerate(nodes):
        if other != index:
            own = own * Polynomial([-node, 1.0]) / (nodes[index] - node)
    return own


def dense_weights(stages: int, fraction: np.ndarray) -> np.ndarray:
    """Weights of the step's start and of its node values in the state at fractions of the step.

    fraction: (outputs,); returns (outputs, stages + 1).
    """
    import numpy as np

    places = np.array([0.0, *tableau(stages)[0]])
    apart = places[:, None] - places[None] + np.eye(stages + 1)
    weights = np.empty((len(fraction), stages + 1))
    for index in range(stages + 1):
        others = np.arange(stages + 1) != index
        weights[:, index] = ((fraction[:, None] - places[others]) / apart[index, others]).prod(axis=1)
    return weights


@cache
def highest_mode_weights(stages: int) -> tuple[float, ...]:
    """Weights of the step's start and node values in the amplitude of the highest mode of their polynomial.

    The leading coefficient times the largest value of the Chebyshev polynomial of that degree in the step: what the
    next degree would still have to say is smaller than this wherever the grid resolves the state.
    """
    places = (0.0, *tableau(stages)[0])
    largest = 2.0 * 4.0**-stages
    return tuple(
        largest / math.prod(place - other for j, other in enumerate(places) if j != i) for i, place in enumerate(places)
    )


def linear_step(step_h: Any, start: Any, source: Stages, loss: Stages) -> Stages:
    """Values of y at the nodes, the last being the end of the step.

    step_h: scalar; start, source (a, per h) and loss (b, 1/h) at the nodes, as many as there are stages: shape
    (patients,) or scalar. A step of length zero returns `start`.
    """
    return _three_stages(step_h, start, source, loss) if len(source) == 3 else _eliminated(step_h, start, source, loss)


def _eliminated(step_h: Any, start: Any, source: Stages, loss: Stages) -> Stages:
    """Gaussian elimination without pivoting: the leading minors of I + A diag(b) are positive for b >= 0."""
    weights = tableau(len(source))[1]
    count = range(len(source))
    b = [step_h * value for value in loss]
    scaled = [step_h * value for value in source]
    right = [start + sum(weights[i][j] * scaled[j] for j in count) for i in count]
    matrix = [[weights[i][j] * b[j] + (1.0 if i == j else 0.0) for j in count] for i in count]
    inverse = []
    for k in count:
        inverse.append(1.0 / matrix[k][k])
        for i in range(k + 1, len(count)):
            factor = matrix[i][k] * inverse[k]
            for j in range(k + 1, len(count)):
                matrix[i][j] = matrix[i][j] - factor * matrix[k][j]
            right[i] = right[i] - factor * right[k]
    values: list[Any] = [None] * len(count)
    for k in reversed(count):
        rest = right[k]
        for j in range(k + 1, len(count)):
            rest = rest - matrix[k][j] * values[j]
        values[k] = rest * inverse[k]
    return tuple(values)


def _three_stages(step_h: Any, start: Any, source: Stages, loss: Stages) -> Stages:
    (a11, a12, a13), (a21, a22, a23), (a31, a32, a33) = WEIGHTS
    b1, b2, b3 = (step_h * b for b in loss)
    s1, s2, s3 = (step_h * a for a in source)
    r1 = start + a11 * s1 + a12 * s2 + a13 * s3
    r2 = start + a21 * s1 + a22 * s2 + a23 * s3
    r3 = start + a31 * s1 + a32 * s2 + a33 * s3
    # (I + A diag(b)) Y = r, by cofactors.
    m11, m12, m13 = 1.0 + a11 * b1, a12 * b2, a13 * b3
    m21, m22, m23 = a21 * b1, 1.0 + a22 * b2, a23 * b3
    m31, m32, m33 = a31 * b1, a32 * b2, 1.0 + a33 * b3
    c11, c12, c13 = m22 * m33 - m23 * m32, m23 * m31 - m21 * m33, m21 * m32 - m22 * m31
    # One division and three products: a division costs as much as a dozen products.
    inverse = 1.0 / (m11 * c11 + m12 * c12 + m13 * c13)
    y1 = (r1 * c11 + r2 * (m13 * m32 - m12 * m33) + r3 * (m12 * m23 - m13 * m22)) * inverse
    y2 = (r1 * c12 + r2 * (m11 * m33 - m13 * m31) + r3 * (m13 * m21 - m11 * m23)) * inverse
    y3 = (r1 * c13 + r2 * (m12 * m31 - m11 * m32) + r3 * (m11 * m22 - m12 * m21)) * inverse
    return y1, y2, y3
