"""What the fuzz, fault and extreme tests share: how many cases, and what a refusal must look like."""

from __future__ import annotations

import importlib
import inspect
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings

from ketascope.errors import LONGEST_LINE, InputError

Result = TypeVar("Result")
TESTS = Path(__file__).resolve().parent
MODULES = ("test_extreme_*.py", "test_faults_*.py", "test_fuzz_*.py")
VARIABLE = "KETASCOPE_FUZZ_CASES"


def factor() -> int:
    """By how much the environment multiplies the generated cases; 1 where it says nothing."""
    return max(int(os.environ.get(VARIABLE, "1")), 1)


def cases(number: int) -> settings:
    """Settings of a fuzz test of `number` generated cases: the same ones each time, others where more are asked for."""
    return settings(
        max_examples=number * factor(),
        deadline=None,
        derandomize=factor() == 1,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def result_or_line(work: Callable[[], Result]) -> Result | str:
    """What `work` gives, or the line of its InputError; any other exception fails the test."""
    try:
        return work()
    except InputError as error:
        return check_line(str(error))


def check_line(line: str) -> str:
    """A refusal is one printable line, neither empty nor endless, that names something."""
    assert line.strip(), "the line is empty"
    assert line.isprintable(), repr(line)
    assert len(line) <= LONGEST_LINE, len(line)
    assert len(line.split()) >= 3, line
    assert "Traceback" not in line
    return line


def mutated(content: bytes, seed: int, changes: int = 8) -> bytes:
    """The bytes with a few of them flipped, cut out, doubled or cut off; the same for the same seed."""
    chance = random.Random(seed)
    made = bytearray(content)
    for _ in range(chance.randint(1, changes)):
        if not made:
            break
        at, length = chance.randrange(len(made)), chance.choice((1, 1, 2, 7, 40))
        match chance.randrange(5):
            case 0:
                made[at] = chance.randrange(256)
            case 1:
                del made[at : at + length]
            case 2:
                made[at:at] = made[at : at + length] * chance.choice((1, 3))
            case 3:
                made[at : at + length] = chance.choice(
                    (b"\x00", b"\xff\xfe", b'"', b"\n", b",", b"1e309", b"nan", b"-")
                )
            case _:
                if chance.random() < 0.2:
                    del made[at:]
    return bytes(made)


def numbers(part: object, where: str = "") -> Iterator[tuple[str, float]]:
    """Every number of a document with the place where it stands."""
    if isinstance(part, dict):
        for key, value in part.items():
            yield from numbers(value, f"{where}.{key}")
    elif isinstance(part, list | tuple):
        for index, value in enumerate(part):
            yield from numbers(value, f"{where}[{index}]")
    elif isinstance(part, int | float) and not isinstance(part, bool):
        yield where, float(part)


def counts() -> dict[tuple[str, str], int]:
    """Cases of each test by file and name, as they are without the variable."""
    found: dict[tuple[str, str], int] = {}
    for pattern in MODULES:
        for file in sorted(TESTS.glob(pattern)):
            module = importlib.import_module(file.stem)
            for name, test in inspect.getmembers(module, inspect.isfunction):
                if name.startswith("test_") and test.__module__ == file.stem:
                    found[file.name, name] = _count(test)
    return found


def _count(test: Any) -> int:
    generated = getattr(test, "_hypothesis_internal_use_settings", None)
    number = 1 if generated is None or not hasattr(test, "hypothesis") else generated.max_examples // factor()
    for mark in getattr(test, "pytestmark", ()):
        if mark.name == "parametrize":
            number *= len(list(mark.args[1]))
    return number


def table() -> str:
    """The table of cases in `docs/robustness.md`."""
    lines = ["| file | test | cases |", "|---|---|---:|"]
    for (file, name), number in counts().items():
        lines.append(f"| `{file}` | {name.removeprefix('test_').replace('_', ' ')} | {number:,} |")
    lines.append(f"| | all | {sum(counts().values()):,} |")
    return "\n".join(lines)
