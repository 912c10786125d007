"""Computations for visitors: few at a time, a short queue, equal ones once, results kept while there is room."""

from __future__ import annotations

import asyncio
import pickle
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ketascope.web.settings import Settings

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

T = TypeVar("T")


class Busy(Exception):
    """The queue is full; `retry_after_s` says when to ask again."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"The queue is full; ask again in {retry_after_s} s.")
        self.retry_after_s = retry_after_s


class TooSlow(Exception):
    """The computation takes longer than a visitor should wait; it may be ready when it is asked for again."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"This took longer than {seconds:g} s.")


@dataclass(frozen=True)
class Counts:
    """What was asked since the start, and what is held now."""

    computed: int
    from_cache: int
    shared: int
    refused: int
    waiting: int
    kept: int
    kept_bytes: int


class Computing:
    """A bounded pool with a queue; results by key, the least recently used dropped first.

    A result is shared by all who ask for its key, so nobody may change it. Its size is that of its pickle.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool = ThreadPoolExecutor(settings.pool_workers, thread_name_prefix="computing")
        self._lock = threading.Lock()
        self._running: dict[str, Future[Any]] = {}
        self._waiters: dict[str, int] = {}
        self._kept: OrderedDict[str, tuple[Any, int]] = OrderedDict()
        self._kept_bytes = 0
        self._counts = {"computed": 0, "from_cache": 0, "shared": 0, "refused": 0}

    async def run(self, key: str, work: Callable[[], T], *, keep: bool = True) -> T:
        """The result of `work`, from the cache where an equal key was computed before.

        key: the canonical query; equal keys must mean equal results. keep=False: nothing of it outlasts the request,
        for what a visitor wrote or where they look for care. What `work` raises is raised to everyone who
        waits for it and is not kept. Raises Busy where the queue is full and TooSlow after the seconds of the settings.
        """
        future = self._future(key, work, keep)
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), self._settings.seconds_most)
        except TimeoutError:
            if future.done():  # in the last moment, or the error is the work's own
                return future.result()
            raise TooSlow(self._settings.seconds_most) from None
        finally:
            self._leave(key, future)

    def counts(self) -> Counts:
        """How it is doing."""
        with self._lock:
            return Counts(**self._counts, waiting=len(self._running), kept=len(self._kept), kept_bytes=self._kept_bytes)

    def close(self) -> None:
        """End it: what waits is dropped, what runs is left to finish."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _future(self, key: str, work: Callable[[], T], keep: bool) -> Future[T]:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                self._counts["from_cache"] += 1
                done: Future[T] = Future()
                done.set_result(self._kept[key][0])
                return done
            if key in self._running:
                self._counts["shared"] += 1
                self._waiters[key] += 1
                return self._running[key]
            if len(self._running) >= self._settings.pool_workers + self._settings.queue_most:
                self._counts["refused"] += 1
                raise Busy(self._settings.retry_after_s)
            future = self._pool.submit(self._work, key, work, keep)
            self._running[key], self._waiters[key] = future, 1
            return future

    def _work(self, key: str, work: Callable[[], T], keep: bool) -> T:
        try:
            result = work()
            size = len(pickle.dumps(result, protocol=pickle.HIGHEST_PROTOCOL)) if keep else 0
        except BaseException:
            self._forget(key)
            raise
        with self._lock:
            self._counts["computed"] += 1
            if keep:
                self._keep(key, result, size)
        self._forget(key)
        return result

    def _keep(self, key: str, result: Any, size: int) -> None:
        if size > self._settings.cache_bytes_most:
            return
        self._kept[key] = (result, size)
        self._kept_bytes += size
        while self._kept_bytes > self._settings.cache_bytes_most:
            _, (_, dropped) = self._kept.popitem(last=False)
            self._kept_bytes -= dropped

    def _leave(self, key: str, future: Future[Any]) -> None:
        """One visitor fewer waits; work that nobody waits for any more and that has not begun is dropped."""
        with self._lock:
            if self._running.get(key) is not future:
                return
            self._waiters[key] -= 1
            if self._waiters[key] == 0 and future.cancel():
                del self._running[key], self._waiters[key]

    def _forget(self, key: str) -> None:
        with self._lock:
            self._running.pop(key, None)
            self._waiters.pop(key, None)


def computing_of(connection: HTTPConnection) -> Computing:
    """The computing of the app that serves a request."""
    computing: Computing = connection.app.state.computing
    return computing
