"""One chunk of a virtual trial: replicates simulated, analysed, and turned into the bytes of two Parquet files."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ketascope.virtual_trials.design import Design, SimulatedTrials

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

CHUNK_PEOPLE = 10_000
"""People of a chunk, about. A chunk is what is lost when a worker dies and what memory has to hold; it must also be
long against the few milliseconds that handing it out costs."""
VISIT_COLUMNS = {
    "replicate": "number of the replicate, from 0",
    "person": "number of the person in the replicate, from 0, in the order of entry",
    "arm": "name of the arm",
    "visit_h": "hours from the first dose",
    "baseline": "rating before the first dose, points",
    "score": "rating at the visit, points; empty where it is missing",
    "complete_score": "rating without drop-out and rescue, points; empty where the solver has no number",
    "is_missing": "true where the rating is missing",
    "rescued": "true from the rescue on",
}
# One row group a part: the bytes then depend on the rows alone.
_ROWS_OF_A_GROUP = 1 << 24
_COMPRESSION_LEVEL = 3


@dataclass(frozen=True)
class Chunk:
    """Replicates first..first+count-1 of a design; `run` and `number` say which part of which run they make."""

    run: str
    number: int
    design: Design
    first: int
    count: int
    keeps_visits: bool


@dataclass(frozen=True)
class Part:
    """What is kept of a chunk: two Parquet files as bytes (visits is None where not kept), and counts of people
    as in `SimulatedTrials`: solved again on a finer grid, doubtful, without finite numbers."""

    analyses: bytes
    visits: bytes | None
    redone: int = 0
    doubtful: int = 0
    failed: int = 0

    @property
    def files(self) -> dict[str, bytes]:
        """Contents by kind, in the order in which they are hashed."""
        return ({} if self.visits is None else {"visits": self.visits}) | {"analyses": self.analyses}


def replicates_in_chunk(design: Design) -> int:
    """Replicates of every chunk but the last; depends on the design alone, never on workers or on how many are asked
    for."""
    return max(1, round(CHUNK_PEOPLE / design.people_simulated))


def chunks_of(run: str, design: Design, replicates: int, keeps_visits: bool) -> list[Chunk]:
    """All chunks of one run, in order."""
    size = replicates_in_chunk(design)
    return [
        Chunk(run, number, design, first, min(size, replicates - first), keeps_visits)
        for number, first in enumerate(range(0, replicates, size))
    ]


def compute(chunk: Chunk) -> Part:
    """Simulate and analyse a chunk. The bytes depend on the chunk alone, whichever worker does it."""
    from ketascope.virtual_trials.analysing import analyse
    from ketascope.virtual_trials.participants import simulate_trials

    trials = simulate_trials(chunk.design, chunk.first, chunk.count, threads=1)
    analyses = parquet(analyses_frame(analyse(chunk.design, trials)))
    visits = parquet(visits_frame(chunk.design, trials)) if chunk.keeps_visits else None
    return Part(analyses, visits, trials.redone, trials.doubtful, trials.failed)


def visits_frame(design: Design, trials: SimulatedTrials) -> pl.DataFrame:
    """Every simulated visit after the baseline as a row: replicate by replicate, person by person, in time.

    Ratings in single precision: finer than any rating scale, and half the size.
    """
    import numpy as np
    import polars as pl

    replicates, people, visits = trials.complete.shape
    visits_h = np.asarray([time_h for time_h in design.visits_h if time_h > 0.0])
    shape = (replicates, people, visits)

    def column(values: np.ndarray, *axes: int) -> np.ndarray:
        """`values` along the named axes, repeated along the others, as one long column."""
        full = np.expand_dims(values, tuple(axis for axis in range(3) if axis not in axes))
        return np.broadcast_to(full, shape).ravel()

    names = np.asarray([arm.name for arm in design.arms])
    number = np.arange(trials.first_replicate, trials.first_replicate + replicates, dtype=np.int32)
    return pl.DataFrame(
        {
            "replicate": column(number, 0),
            "person": column(np.arange(people, dtype=np.int32), 1),
            "arm": pl.Series(column(names[trials.arm], 1), dtype=pl.String),
            "visit_h": column(visits_h, 2),
            "baseline": column(trials.baseline.astype(np.float32), 0, 1),
            "score": pl.Series(trials.observed.astype(np.float32).ravel()).fill_nan(None),
            "complete_score": pl.Series(trials.complete.astype(np.float32).ravel()).fill_nan(None),
            "is_missing": np.isnan(trials.observed).ravel(),
            # A rescue at a visit comes after its rating.
            "rescued": (visits_h > trials.rescued_h[:, :, None]).ravel(),
        }
    )


def analyses_frame(table: Mapping[str, np.ndarray]) -> pl.DataFrame:
    """The long table of analyses as a frame."""
    import polars as pl

    return pl.DataFrame({name: pl.Series(values) for name, values in table.items()})


def analyses_table(frame: pl.DataFrame) -> dict[str, np.ndarray]:
    """The frame as arrays again; words as arrays of text."""
    import numpy as np
    import polars as pl

    return {
        series.name: np.asarray(series.to_list(), dtype=str) if series.dtype == pl.String else series.to_numpy()
        for series in frame
    }


def parquet(frame: pl.DataFrame) -> bytes:
    """A frame as the bytes of a Parquet file, the same for the same rows."""
    stream = io.BytesIO()
    frame.write_parquet(
        stream,
        compression="zstd",
        compression_level=_COMPRESSION_LEVEL,
        statistics=True,
        row_group_size=_ROWS_OF_A_GROUP,
    )
    return stream.getvalue()
