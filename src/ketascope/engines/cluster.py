"""A Dask cluster: one that runs already, by the address of its scheduler, or one of this machine."""

from __future__ import annotations

import logging
import signal
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

from ketascope.engines.one_thread import one_thread_environment
from ketascope.errors import InputError

Chunk = TypeVar("Chunk")
Result = TypeVar("Result")

AHEAD = 2
"""Chunks handed out for each thread of the cluster."""
ANSWER_WITHIN_S = 5.0
"""A scheduler that is there answers within milliseconds, even far away."""


def on_cluster(
    work: Callable[[Chunk], Result], chunks: Sequence[Chunk], address: str | None = None, workers: int | None = None
) -> Generator[tuple[int, Result], None, None]:
    """(index, result) of every chunk as it is finished. address: HOST:PORT of a scheduler; None: a cluster of this
    machine with so many workers.

    Dask gives the chunks of a worker that dies to another one. Workers need this version of ketascope, but no folder in
    common. Raises InputError where no scheduler or worker is there, where workers keep dying, or the cluster is lost.
    """
    if not chunks:
        return
    with _client(address, None if workers is None else min(workers, len(chunks))) as client:
        try:
            yield from _results(client, work, chunks)
        except _dask().KilledWorker as error:
            raise InputError(
                f"workers of the cluster died {error.allowed_failures + 1} times on the same chunk: most often memory "
                "runs out (fewer workers on a machine, or more memory for each)"
            ) from None
        except (CancelledError, OSError) as error:
            if client.status == "running" and not isinstance(error, CancelledError):
                raise  # a fault of the work itself
            place = "of this machine" if address is None else f"at {address}"
            raise InputError(
                f"the Dask scheduler {place} was lost during the run; start it again, and then this"
            ) from None


def _results(
    client: Any, work: Callable[[Chunk], Result], chunks: Sequence[Chunk]
) -> Generator[tuple[int, Result], None, None]:
    run = uuid.uuid4().hex  # else Dask would take a result of an earlier run for that of this one
    index_of: dict[Any, int] = {}

    def submit(index: int) -> Any:
        future = client.submit(work, chunks[index], key=f"ketascope-{run}-{index}", pure=False)
        index_of[future] = index
        return future

    most = AHEAD * sum(client.nthreads().values())
    waiting = iter(range(len(chunks)))
    under_way = _dask().as_completed([submit(index) for index in islice(waiting, most)])
    try:
        for future in under_way:
            index, result = index_of.pop(future), future.result()
            future.release()
            following = next(waiting, None)
            if following is not None:
                under_way.add(submit(following))
            yield index, result
    finally:
        if client.status == "running":
            client.cancel(list(index_of))


@contextmanager
def _client(address: str | None, workers: int | None) -> Iterator[Any]:
    dask = _dask()
    if address is None:
        with (
            dask.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                memory_limit=0,
                dashboard_address=None,
                silence_logs=logging.CRITICAL,
                env=one_thread_environment(),
            ) as cluster,
            dask.Client(cluster) as client,
        ):
            client.run(_leave_interrupts)
            yield client
        return
    # A scheduler that is not there would else be announced by several lines of Dask's log before the one that says so.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        client = dask.Client(f"tcp://{address}", timeout=ANSWER_WITHIN_S)
    except (OSError, ValueError) as error:
        raise InputError(
            f"engine dask://{address}: no Dask scheduler answers there within {ANSWER_WITHIN_S:g} s "
            f"({type(error).__name__}); start one with 'dask scheduler', or correct the address"
        ) from None
    with client:
        try:
            client.wait_for_workers(1, timeout=ANSWER_WITHIN_S)
        except TimeoutError:
            raise InputError(
                f"engine dask://{address}: the scheduler has no workers; start some with 'dask worker {address}'"
            ) from None
        yield client


def _leave_interrupts() -> None:
    """Control-C is for the process that hands out work; each worker of this machine would else print where it stood."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _dask() -> Any:
    """Dask's `distributed`, of which only a part carries type information."""
    import distributed

    return distributed
