"""Work for the tests of engines; of the top level of a module, so that a worker finds it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path


def square(number: int) -> int:
    return number * number


def process_of(_: int) -> int:
    return os.getpid()


def slow_first(number: int) -> int:
    """The first chunk takes longest."""
    time.sleep(0.6 if number == 0 else 0.0)
    return number


def fails_at_three(number: int) -> int:
    if number == 3:
        raise ValueError("three is too many")
    return number


def environment(name: str) -> str | None:
    return os.environ.get(name)


def noted(chunk: tuple[str, int]) -> int:
    """Leaves a mark for each time that it is done."""
    folder, number = chunk
    with (Path(folder) / f"{number}.txt").open("a", encoding="utf-8") as file:
        file.write(f"{os.getpid()}\n")
    return number


def dies_once(chunk: tuple[str, int]) -> int:
    """The worker that has chunk 5 first is killed, as if memory had run out."""
    folder, number = chunk
    mark = Path(folder) / "died"
    if number == 5 and not mark.exists():
        mark.touch()
        time.sleep(0.3)  # the others are finished by then
        os.kill(os.getpid(), signal.SIGKILL)
    return noted(chunk)


def always_dies(number: int) -> int:
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def endless(folder: str) -> None:
    (Path(folder) / f"{os.getpid()}.begun").touch()
    time.sleep(600.0)


def endless_but_first(folder: str) -> int:
    """One chunk is done at once; the worker that has another one never ends by itself."""
    try:
        (Path(folder) / "first").touch(exist_ok=False)
    except FileExistsError:
        endless(folder)
    time.sleep(0.5)
    return os.getpid()
