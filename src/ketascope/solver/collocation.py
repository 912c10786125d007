"""One 3-stage Radau IIA step for a state that is linear in itself.

For y' = a(t) - b(t) y with a and b known at the three nodes, the stage values solve a 3x3 linear system, written out
here in closed form: no Newton iteration, no factorisation, L-stable, order 5.

Source: Hairer and Wanner, Solving Ordinary Differential Equations II (1996), table IV.5.6.
"""

from __future__ import annotations

import math
from typing import Any

_ROOT6 = math.sqrt(6.0)
NODES: tuple[float, float, float] = ((4.0 - _ROOT6) / 10.0, (4.0 + _ROOT6) / 10.0, 1.0)
WEIGHTS: tuple[tuple[float, float, float], ...] = (
    ((88.0 - 7.0 * _ROOT6) / 360.0, (296.0 - 169.0 * _ROOT6) / 1800.0, (-2.0 + 3.0 * _ROOT6) / 225.0),
    ((296.0 + 169.0 * _ROOT6) / 1800.0, (88.0 + 7.0 * _ROOT6) / 360.0, (-2.0 - 3.0 * _ROOT6) / 225.0),
    ((16.0 - _ROOT6) / 36.0, (16.0 + _ROOT6) / 36.0, 1.0 / 9.0),
)

Stages = tuple[Any, Any, Any]


def linear_step(step_h: Any, start: Any, source: Stages, loss: Stages) -> Stages:
    """Values of y at the three nodes, the last being the end of the step.

    step_h: scalar; start, source (a, per h) and loss (b, 1/h) at the nodes: shape (patients,) or scalar. A step of
    length zero returns `start`.
    """
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
    determinant = m11 * c11 + m12 * c12 + m13 * c13
    y1 = (r1 * c11 + r2 * (m13 * m32 - m12 * m33) + r3 * (m12 * m23 - m13 * m22)) / determinant
    y2 = (r1 * c12 + r2 * (m11 * m33 - m13 * m31) + r3 * (m13 * m21 - m11 * m23)) / determinant
    y3 = (r1 * c13 + r2 * (m12 * m31 - m11 * m32) + r3 * (m11 * m22 - m12 * m21)) / determinant
    return y1, y2, y3
