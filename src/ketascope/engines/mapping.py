"""`map_chunks`: one call for every engine; engines are named as on the command line."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from importlib.util import find_spec
from typing import TypeVar

from ketascope.errors import InputError, unknown

Chunk = TypeVar("Chunk")
Result = TypeVar("Result")

PROCESSES, SERIAL, LOCAL_CLUSTER = "processes", "serial", "dask://local"
ENGINES = (PROCESSES, SERIAL, LOCAL_CLUSTER, "dask://HOST:PORT")
"""processes: of this machine; serial: this process alone; dask://local: a cluster of this machine, for trying out;
dask://HOST:PORT: the scheduler of a cluster that runs already."""
WORKERS_MOST = 1024
_CLUSTER = "dask://"
_HOST_AND_PORT = re.compile(r"(\[[0-9a-fA-F:.]+\]|[\w.-]+):(\d{1,5})", re.ASCII)
_PORTS = 65536


def map_chunks(
    work: Callable[[Chunk], Result],
    chunks: Sequence[Chunk],
    *,
    engine: str = PROCESSES,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Generator[tuple[int, Result], None, None]:
    """Do `work` on every chunk; yields (index of the chunk, result) as chunks are finished, in any order.

    engine: one of `ENGINES`. workers: at a time, default one for each processor; not with a scheduler's address, which
    has workers of its own. progress: told (chunks done, chunks in all). No more than a few chunks for each worker are
    under way at a time, so memory is bounded by the chunk. Where the iterator is closed early, what is under way is
    stopped (`contextlib.closing` does so whatever happens in the loop).

    Raises InputError at once for an engine or a number of workers that cannot be used, and later where workers die
    again and again on the same chunks or a cluster is lost. What `work` raises is raised here.
    """
    check_engine(engine, workers)
    return _counted(_started(work, chunks, engine, workers), len(chunks), progress)


def check_engine(engine: str, workers: int | None = None) -> None:
    """Raise InputError for an engine that is unknown or not installed, or workers that cannot be; starts nothing."""
    if workers is not None and not 1 <= workers <= WORKERS_MOST:
        raise InputError(f"workers {workers}: must be 1 to {WORKERS_MOST}")
    if engine in (PROCESSES, SERIAL):
        return
    if not engine.startswith(_CLUSTER):
        raise InputError(unknown("engine", engine, ENGINES))
    if engine != LOCAL_CLUSTER:
        found = _HOST_AND_PORT.fullmatch(engine.removeprefix(_CLUSTER))
        if found is None or not 0 < int(found[2]) < _PORTS:
            example = "dask://10.0.0.5:8786"
            raise InputError(f"engine '{engine}': needs the host and the port of a scheduler, such as {example}")
        if workers is not None:
            raise InputError(f"workers {workers}: the cluster of {engine} has workers of its own; leave the number out")
    if find_spec("distributed") is None:
        raise InputError(f"engine '{engine}' needs Dask: install ketascope with its extra 'cluster'")


def _started(
    work: Callable[[Chunk], Result], chunks: Sequence[Chunk], engine: str, workers: int | None
) -> Generator[tuple[int, Result], None, None]:
    # Only what is asked for is imported: Dask is heavy and may be absent.
    if engine == SERIAL:
        from ketascope.engines.serial import one_by_one

        return one_by_one(work, chunks)
    if engine == PROCESSES:
        from ketascope.engines.processes import in_processes

        return in_processes(work, chunks, workers)
    from ketascope.engines.cluster import on_cluster

    address = None if engine == LOCAL_CLUSTER else engine.removeprefix(_CLUSTER)
    return on_cluster(work, chunks, address, workers)


def _counted(
    results: Generator[tuple[int, Result], None, None], total: int, progress: Callable[[int, int], None] | None
) -> Generator[tuple[int, Result], None, None]:
    with closing(results):
        for done, found in enumerate(results, start=1):
            if progress is not None:
                progress(done, total)
            yield found


def in_order(results: Generator[tuple[int, Result], None, None]) -> Generator[Result, None, None]:
    """Results of `map_chunks` in the order of the chunks, each as soon as it and those before it are finished."""
    early: dict[int, Result] = {}
    following = 0
    with closing(results):
        for index, result in results:
            early[index] = result
            while following in early:
                yield early.pop(following)
                following += 1
