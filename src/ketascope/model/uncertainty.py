"""Draws of what is uncertain about the population: the posterior, or until there is one the rows' own uncertainty.

Draw 0 is always the central value, so that medians and single runs agree. A draw's numbers depend on the seed and
its index alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from ketascope.model.parameter_store import ParameterSet

UNCERTAIN_FILES = ("symptoms.", "placebo.", "unblinding.", "plasticity.", "glutamate.", "receptor.")
# Added to the seed so that draws of the population and effects of patients never share a stream.
DRAW_STREAM = 0x9E3779B97F4A7C15


def population_draws(parameters: ParameterSet, draws: int, seed: int) -> dict[str, np.ndarray]:
    """Values of every row of the uncertain files, shape (draws,), constant where a row states no uncertainty.

    Each row owns a column found from its name, so that a new row leaves the draws of the others alone.
    """
    import zlib

    import numpy as np
    from scipy.special import ndtri

    from ketascope.people import spread_values

    values: dict[str, np.ndarray] = {}
    for name, row in parameters.items():
        if not name.startswith(UNCERTAIN_FILES):
            continue
        values[name] = np.full(draws, row.value)
        if row.uncertainty is not None and draws > 1:
            key = (seed + DRAW_STREAM + zlib.crc32(name.encode())) & (2**64 - 1)
            words = np.random.Philox(key=key).random_raw(draws - 1)
            normal = ndtri(((words >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53)
            values[name][1:] = spread_values(row, row.uncertainty.kind, row.uncertainty.sd * normal)
    return values
