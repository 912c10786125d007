"""Draws of what is uncertain about the population: joint posterior draws, and the rows' own uncertainty elsewhere.

Draw 0 is always the central value, so that medians and single runs agree. A draw's numbers depend on the seed and
its index alone.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from ketascope.model.parameter_store import ParameterSet

JOINT_FILES = ("pooled", "trials")
"""Parameter files whose uncertainty is a table of joint draws, `model/posterior/FILE.csv`."""
UNCERTAIN_FILES = ("symptoms.", "placebo.", "unblinding.", "plasticity.", "glutamate.", "receptor.")
# Added to the seed so that draws of the population and effects of patients never share a stream.
DRAW_STREAM = 0x9E3779B97F4A7C15


def population_draws(parameters: ParameterSet, draws: int, seed: int) -> dict[str, np.ndarray]:
    """Values of every row of the uncertain files, shape (draws,), constant where a row states no uncertainty.

    Each row owns a column found from its name, so that a new row leaves the draws of the others alone. Rows of a joint
    file are drawn together, and only those whose central value no scenario has replaced.
    """
    import numpy as np
    from scipy.special import ndtri

    from ketascope.people import spread_values

    values: dict[str, np.ndarray] = {}
    for file in JOINT_FILES:
        values |= joint_draws(file, parameters, draws, seed)
    for name, row in parameters.items():
        if not name.startswith(UNCERTAIN_FILES):
            continue
        values[name] = np.full(draws, row.value)
        if row.uncertainty is not None and draws > 1:
            normal = ndtri(_uniforms(name, draws - 1, seed))
            values[name][1:] = spread_values(row.value, row.uncertainty.kind, row.uncertainty.sd * normal)
    return values


def joint_draws(file: str, parameters: ParameterSet, draws: int, seed: int) -> dict[str, np.ndarray]:
    """Rows of one file from its table of joint draws, shape (draws,) each; draw 0 is central."""
    import numpy as np

    from ketascope.model.parameter_store import load_parameters

    names, table = load_joint_draws(file)
    chosen = (_uniforms(file, max(draws - 1, 0), seed) * len(table)).astype(int)
    values: dict[str, np.ndarray] = {}
    for column, short in enumerate(names):
        name = f"{file}.{short}"
        values[name] = np.full(draws, parameters.value(name))
        if parameters.value(name) == load_parameters().value(name):
            values[name][1:] = table[chosen, column]
    return values


@lru_cache(maxsize=4)
def load_joint_draws(file: str) -> tuple[tuple[str, ...], np.ndarray]:
    """Short names and draws (draws, names) of `model/posterior/FILE.csv`."""
    import numpy as np

    path = resources.files("ketascope.model") / "posterior" / f"{file}.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(lines[0].split(",")), np.array([line.split(",") for line in lines[1:]], dtype=float)


def _uniforms(name: str, count: int, seed: int) -> np.ndarray:
    """Uniform numbers in (0, 1) of a stream of its own for each name and seed."""
    import zlib

    import numpy as np

    key = (seed + DRAW_STREAM + zlib.crc32(name.encode())) & (2**64 - 1)
    words = np.random.Philox(key=key).random_raw(count)
    return np.asarray(((words >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53)
