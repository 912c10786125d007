"""Computations for visitors: bounded, queued, shared, kept by size, and left behind when they are too slow."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from ketascope.errors import InputError
from ketascope.web.computing import Busy, Computing, TooSlow
from ketascope.web.settings import load_settings

LONG_S = 20.0


class Gate:
    """Work that waits until it is let through, and tells how often it was begun."""

    def __init__(self) -> None:
        self.begun = 0
        self.began = threading.Event()
        self.opened = threading.Event()

    def work(self) -> str:
        self.begun += 1
        self.began.set()
        assert self.opened.wait(LONG_S)
        return "done"


@pytest.fixture
def make() -> Iterator[Callable[..., Computing]]:
    made = []

    def maker(**limits: Any) -> Computing:
        usual = {"pool_workers": 1, "queue_most": 1, "seconds_most": LONG_S}
        made.append(Computing(replace(load_settings(), **(usual | limits))))
        return made[-1]

    yield maker
    for computing in made:
        computing.close()


async def begun(gate: Gate) -> None:
    assert await asyncio.to_thread(gate.began.wait, LONG_S)


async def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG_S
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.002)


def test_an_equal_key_is_computed_once(make):
    computing = make()
    calls = []

    async def ask():
        return [await computing.run("same", lambda: calls.append(1) or 42) for _ in range(3)]

    assert asyncio.run(ask()) == [42, 42, 42]
    assert calls == [1]
    assert (computing.counts().computed, computing.counts().from_cache) == (1, 2)


def test_equal_requests_at_the_same_time_share_one_computation_and_take_one_place(make):
    computing, gate = make(queue_most=0), Gate()

    async def ask():
        tasks = [asyncio.create_task(computing.run("same", gate.work)) for _ in range(20)]
        await begun(gate)
        gate.opened.set()
        return await asyncio.gather(*tasks)

    assert asyncio.run(ask()) == ["done"] * 20
    assert gate.begun == 1
    assert computing.counts().shared == 19


def test_over_the_queue_it_is_busy_and_recovers(make):
    computing, gate = make(retry_after_s=7), Gate()

    async def ask():
        first = asyncio.create_task(computing.run("first", gate.work))
        await begun(gate)
        second = asyncio.create_task(computing.run("second", lambda: "second"))
        await asyncio.sleep(0)
        with pytest.raises(Busy) as busy:
            await computing.run("third", lambda: "third")
        assert busy.value.retry_after_s == 7
        gate.opened.set()
        assert [await first, await second] == ["done", "second"]
        return await computing.run("third", lambda: "third")

    assert asyncio.run(ask()) == "third"
    assert computing.counts().refused == 1
    assert computing.counts().waiting == 0


def test_what_is_kept_is_answered_while_all_places_are_taken(make):
    computing, gate = make(queue_most=0), Gate()

    async def ask():
        await computing.run("kept", lambda: "kept")
        other = asyncio.create_task(computing.run("long", gate.work))
        await begun(gate)
        kept = await computing.run("kept", lambda: "again")
        gate.opened.set()
        await other
        return kept

    assert asyncio.run(ask()) == "kept"


def test_an_error_goes_to_all_who_wait_and_is_not_kept(make):
    computing, gate = make(), Gate()

    def fails() -> str:
        gate.work()
        raise InputError("no such route")

    async def ask():
        tasks = [asyncio.create_task(computing.run("same", fails)) for _ in range(3)]
        await begun(gate)
        gate.opened.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        return found, await computing.run("same", lambda: "right now")

    found, after = asyncio.run(ask())
    assert [str(error) for error in found] == ["no such route"] * 3
    assert after == "right now"


def test_a_time_out_of_the_work_itself_is_the_works_own_error(make):
    def fails() -> str:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        asyncio.run(make().run("same", fails))


def test_too_slow_is_told_and_the_result_is_there_later(make):
    computing, gate = make(seconds_most=0.02), Gate()

    async def ask():
        with pytest.raises(TooSlow, match="longer than 0.02 s"):
            await computing.run("slow", gate.work)
        gate.opened.set()
        await until(lambda: computing.counts().computed == 1)
        return await computing.run("slow", lambda: "never")

    assert asyncio.run(ask()) == "done"


def test_work_that_has_not_begun_and_that_nobody_waits_for_is_dropped(make):
    computing, gate, begun_late = make(), Gate(), []

    async def ask():
        first = asyncio.create_task(computing.run("first", gate.work))
        await begun(gate)
        left = [asyncio.create_task(computing.run("left", lambda: begun_late.append(1))) for _ in range(2)]
        await until(lambda: computing.counts().shared == 1)
        left[0].cancel()
        await asyncio.gather(left[0], return_exceptions=True)
        assert computing.counts().waiting == 2  # the other one still waits
        left[1].cancel()
        await asyncio.gather(left[1], return_exceptions=True)
        assert computing.counts().waiting == 1
        gate.opened.set()
        await first

    asyncio.run(ask())
    assert begun_late == []


def test_a_visitor_who_leaves_takes_the_result_from_nobody(make):
    computing, gate = make(), Gate()

    async def ask():
        tasks = [asyncio.create_task(computing.run("same", gate.work)) for _ in range(2)]
        await begun(gate)
        tasks[0].cancel()
        await asyncio.gather(tasks[0], return_exceptions=True)
        gate.opened.set()
        return await tasks[1]

    assert asyncio.run(ask()) == "done"


def test_the_least_recently_used_is_dropped_when_there_is_no_room(make):
    computing = make(cache_bytes_most=2500)
    computed = []

    async def ask(*keys):
        for key in keys:
            await computing.run(key, lambda key=key: computed.append(key) or b"x" * 1000)

    asyncio.run(ask("a", "b", "a", "c", "a", "b"))
    assert computed == ["a", "b", "c", "b"]
    assert computing.counts().kept == 2
    assert 2000 < computing.counts().kept_bytes <= 2500


def test_a_result_larger_than_the_cache_is_given_and_not_kept(make):
    computing = make(cache_bytes_most=100)
    assert len(asyncio.run(computing.run("large", lambda: b"x" * 1000))) == 1000
    assert (computing.counts().kept, computing.counts().kept_bytes) == (0, 0)


def test_never_more_at_a_time_than_the_pool_has_places(make):
    computing = make(pool_workers=2, queue_most=10)
    lock, now, most = threading.Lock(), [0], [0]

    def work() -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.01)
        with lock:
            now[0] -= 1

    async def ask():
        await asyncio.gather(*(computing.run(str(number), work) for number in range(10)))

    asyncio.run(ask())
    assert most[0] == 2


def test_the_packaged_settings_are_all_positive():
    assert all(value > 0 for value in vars(load_settings()).values())
