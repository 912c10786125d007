"""Processes of this machine, started afresh (spawn): a forked copy of a program with threads may hang."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from ketascope.engines.one_thread import for_new_processes
from ketascope.errors import InputError

Chunk = TypeVar("Chunk")
Result = TypeVar("Result")

AHEAD = 2
"""Chunks handed out for each worker: the one at work and one that waits, so that no worker waits for this process."""
DEATHS_IN_A_ROW = 3
"""After so many deaths of workers with no chunk finished between them, it is the work that kills them."""


def in_processes(
    work: Callable[[Chunk], Result], chunks: Sequence[Chunk], workers: int | None = None
) -> Generator[tuple[int, Result], None, None]:
    """(index, result) of every chunk as it is finished; a worker that dies is replaced and its chunks are begun again.

    Raises InputError where workers keep dying.
    """
    size = min(workers or os.cpu_count() or 1, len(chunks))
    unfinished = dict.fromkeys(range(len(chunks)))
    deaths = 0
    while unfinished:
        try:
            with _pool(size) as pool:
                for index, result in _results(pool, work, chunks, tuple(unfinished), AHEAD * size):
                    del unfinished[index]
                    deaths = 0
                    yield index, result
        except BrokenProcessPool:
            deaths += 1
            if deaths == DEATHS_IN_A_ROW:
                raise InputError(
                    f"worker processes died {deaths} times in a row, {len(unfinished)} of {len(chunks)} chunks "
                    "unfinished: most often memory runs out (try fewer workers), or a script starts work outside "
                    "'if __name__ == \"__main__\":'"
                ) from None


def _results(
    pool: ProcessPoolExecutor,
    work: Callable[[Chunk], Result],
    chunks: Sequence[Chunk],
    wanted: Sequence[int],
    most: int,
) -> Generator[tuple[int, Result], None, None]:
    waiting = deque(wanted)
    running: dict[Future[Result], int] = {}
    while waiting or running:
        while waiting and len(running) < most:
            with for_new_processes():
                future = pool.submit(work, chunks[waiting[0]])
            running[future] = waiting.popleft()
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        # When a worker dies all that is under way fails; what was finished before that is taken first.
        for future in sorted(done, key=lambda each: each.exception() is not None):
            result = future.result()
            yield running.pop(future), result


@contextmanager
def _pool(size: int) -> Iterator[ProcessPoolExecutor]:
    """A pool whose workers end at once when the block is left by an exception, or when this process is killed."""
    context = get_context("spawn")
    watched, held = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(size, context, _begin, (watched,))
    try:
        yield pool
        pool.shutdown()
    except BaseException:
        held.close()
        pool.shutdown(cancel_futures=True)
        raise
    finally:
        held.close()
        watched.close()


def _begin(watched: Connection[Any, Any]) -> None:
    """Start of a worker. Control-C is for the process that hands out work; it then ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_owner, args=(watched,), daemon=True).start()


def _end_with_owner(watched: Connection[Any, Any]) -> None:
    """Ends this process when the other end of the pipe is closed, which the system does even for a killed process."""
    try:
        watched.recv_bytes()
    except (EOFError, OSError):
        os._exit(1)
