"""Draws of what is uncertain about the population: joint posterior draws, and the rows' own uncertainty elsewhere.

Draw 0 is always the central value, so that medians and single runs agree. A draw's numbers depend on the seed and
its index alone, so that any span of draws can be had without the others.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

from ketascope.errors import INSTALL_AGAIN, InputError

if TYPE_CHECKING:
    import numpy as np

    from ketascope.model.parameter_store import ParameterSet

JOINT_FILES = ("pooled", "trials")
"""Parameter files whose uncertainty is a table of joint draws, `model/posterior/FILE.csv`."""
# A row of the trials that no draw holds yet (an indication added by hand) varies by its own uncertainty.
UNCERTAIN_FILES = ("trials.", "symptoms.", "placebo.", "unblinding.", "plasticity.", "glutamate.", "receptor.")
# Added to the seed so that draws of the population and effects of patients never share a stream.
DRAW_STREAM = 0x9E3779B97F4A7C15
WORDS_A_STEP = 4  # numbers of a Philox stream for each step of its counter


def population_draws(parameters: ParameterSet, draws: int, seed: int, first: int = 0) -> dict[str, np.ndarray]:
    """Values of every row of the uncertain files, shape (draws,), constant where a row states no uncertainty.

    first: index of the first draw.

    Each row owns a column found from its name, so that a new row leaves the draws of the others alone. Rows of a joint
    file are drawn together, and only those whose central value no scenario has replaced.
    """
    import numpy as np
    from scipy.special import ndtri

    from ketascope.people import spread_values

    values: dict[str, np.ndarray] = {}
    for file in JOINT_FILES:
        values |= joint_draws(file, parameters, draws, seed, first)
    drawn, start = _without_central(draws, first)
    for name, row in parameters.items():
        if name in values or not name.startswith(UNCERTAIN_FILES):
            continue
        values[name] = np.full(draws, row.value)
        if row.uncertainty is not None:
            normal = ndtri(stream_uniforms(name, draws - drawn.start, seed, start))
            values[name][drawn] = spread_values(row.value, row.uncertainty.kind, row.uncertainty.sd * normal)
    return values


def joint_draws(file: str, parameters: ParameterSet, draws: int, seed: int, first: int = 0) -> dict[str, np.ndarray]:
    """Rows of one file from its table of joint draws, shape (draws,) each; draw 0 is central."""
    import numpy as np

    from ketascope.model.parameter_store import load_parameters

    names, table = load_joint_draws(file)
    drawn, start = _without_central(draws, first)
    chosen = (stream_uniforms(file, draws - drawn.start, seed, start) * len(table)).astype(int)
    values: dict[str, np.ndarray] = {}
    for column, short in enumerate(names):
        name = f"{file}.{short}"
        values[name] = np.full(draws, parameters.value(name))
        if parameters.value(name) == load_parameters().value(name):
            values[name][drawn] = table[chosen, column]
    return values


def _without_central(draws: int, first: int) -> tuple[slice, int]:
    """Columns that are not the central draw, and the place in the streams of the first of them."""
    return (slice(1, draws), 0) if first == 0 else (slice(0, draws), first - 1)


@lru_cache(maxsize=4)
def load_joint_draws(file: str) -> tuple[tuple[str, ...], np.ndarray]:
    """Short names and draws (draws, names) of `model/posterior/FILE.csv`.

    Raises InputError, which names the row, for a table that is missing or damaged.
    """
    import numpy as np

    path = resources.files("ketascope.model") / "posterior" / f"{file}.csv"
    try:
        names, *lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        raise InputError(f"the posterior table {file}.csv is missing or no text; {INSTALL_AGAIN}") from None
    columns = tuple(names.split(","))
    table = np.empty((len(lines), len(columns)))
    for row, line in enumerate(lines):
        try:
            table[row] = [float(cell) for cell in line.split(",")]
        except ValueError:
            table[row] = np.nan
        if not np.isfinite(table[row]).all():
            problem = f"row {row + 2} does not hold {len(columns)} numbers"
            raise InputError(f"the posterior table {file}.csv is damaged: {problem}; {INSTALL_AGAIN}")
    if not lines or len(set(columns)) < len(columns):
        raise InputError(f"the posterior table {file}.csv is damaged: it holds no draws of its rows; {INSTALL_AGAIN}")
    return columns, table


def stream_uniforms(name: str, count: int, seed: int, first: int = 0) -> np.ndarray:
    """Uniform numbers in (0, 1) from place `first` on of a stream of its own for each name and seed, (count,)."""
    return spaced_uniforms(name, seed, first, (1, count))[0]


def spaced_uniforms(name: str, seed: int, first: int, shape: tuple[int, int], spacing: int = 0) -> np.ndarray:
    """Rows of such a stream that begin `spacing` places after each other, the first at place `first`: (rows, count).

    spacing: a multiple of 4 and at least `count` where there are several rows.
    """
    import zlib

    import numpy as np

    key = (seed + DRAW_STREAM + zlib.crc32(name.encode())) & (2**64 - 1)
    rows, count = shape
    skipped = first % WORDS_A_STEP
    words = np.empty((rows, skipped + count), dtype=np.uint64)
    # One generator for all rows, since making one costs more than its numbers.
    stream, steps_done = np.random.Philox(key=key), 0
    for row in range(rows):
        steps = (first + row * spacing) // WORDS_A_STEP
        stream.advance(steps - steps_done)
        words[row] = stream.random_raw(skipped + count)
        steps_done = steps - (-(skipped + count) // WORDS_A_STEP)
    return np.asarray(((words[:, skipped:] >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53)
