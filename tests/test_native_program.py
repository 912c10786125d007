"""Compiled programs: kept on disk for the next process, never trusted when damaged, and only loaded where needed."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import native_runs
from fresh_process import python
from ketascope.model.cascade import CHAIN as CHAIN_OF_THE_MODEL
from ketascope.solver.linear import StepInputs
from ketascope.solver.native import engine
from ketascope.solver.native.kernel import Layout, kernel_text
from ketascope.solver.native.program import Program, program

LAYOUT = Layout(stages=3, lanes=4)
CHAIN = native_runs.one_value_chain(lambda xp, values: [xp.exp(values["x"])], ("x",), 1)
OTHER = native_runs.one_value_chain(lambda xp, values: [xp.log(values["x"])], ("x",), 1)


@pytest.fixture
def kernels(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache of its own; where compiled programs will be."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "ketascope" / "kernels"


def answer(compiled: Program, monkeypatch: pytest.MonkeyPatch) -> float:
    """What the program computes of 2."""
    monkeypatch.setattr(engine, "program", lambda chain, layout: compiled)
    nothing = np.zeros((2, 1, 1, 2))
    inputs = StepInputs(np.ones(2), nothing, nothing)
    modes = native_runs.bare_modes(np.ones((1, 1)))
    found = engine.solve(CHAIN, modes, np.zeros((0, 1)), {"x": np.array([2.0])}, inputs, None, 1, LAYOUT)
    return float(found.values[-1, 0, 0])


@cache
def sound_file() -> tuple[str, bytes]:
    """Name and content of the file of `CHAIN`, compiled once for all tests that need one."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("XDG_CACHE_HOME", folder)
        Program(CHAIN, LAYOUT)
        path = only_file(Path(folder) / "ketascope" / "kernels")
        return path.name, path.read_bytes()


def put(kernels: Path, content: bytes) -> Path:
    """A file under the name of that of `CHAIN`."""
    kernels.mkdir(parents=True)
    path = kernels / sound_file()[0]
    path.write_bytes(content)
    return path


def only_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


EXPECTED = pytest.approx(np.exp(2.0), rel=1e-15)


# On disk ------------------------------------------------------------------------------------------------------


def test_the_next_process_finds_the_machine_code(kernels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Program(CHAIN, LAYOUT)
    assert not first.is_from_cache
    content = only_file(kernels).read_bytes()
    second = Program(CHAIN, LAYOUT)
    assert second.is_from_cache
    assert only_file(kernels).read_bytes() == content
    assert answer(first, monkeypatch) == answer(second, monkeypatch) == EXPECTED


def test_each_chain_and_each_layout_has_its_own_file(kernels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for chain, layout in ((CHAIN, LAYOUT), (OTHER, LAYOUT), (CHAIN, Layout(4, 4))):
        assert not Program(chain, layout).is_from_cache
    assert len(list(kernels.iterdir())) == 3
    assert answer(Program(OTHER, LAYOUT), monkeypatch) == pytest.approx(np.log(2.0), rel=1e-15)


def test_the_text_is_the_same_wherever_objects_lie_in_memory() -> None:
    """The name of the file follows from the text: otherwise nothing kept would be found again."""
    texts, kept = set(), []
    for count in range(8):
        kept.append([object() for _ in range(317 * count)])
        texts.add(kernel_text(CHAIN_OF_THE_MODEL, LAYOUT).assembly)
    assert len(texts) == 1


def test_the_text_is_the_same_in_every_process() -> None:
    code = (
        "from ketascope.model.cascade import CHAIN; from ketascope.solver.native.kernel import Layout, kernel_text; "
        "print(kernel_text(CHAIN, Layout(3, 4)).assembly)"
    )
    result = python("-c", code, variables={"PYTHONHASHSEED": "1"}, check=True)
    assert result.stdout == kernel_text(CHAIN_OF_THE_MODEL, LAYOUT).assembly + "\n"


def flipped(content: bytes) -> bytes:
    return content[:200] + bytes([content[200] ^ 1]) + content[201:]


def with_right_digest_of_code(content: bytes) -> bytes:
    """A file that is whole, but was never compiled here under this name."""
    code = content[32:]
    return hashlib.sha256(code).digest() + code


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut in the middle": lambda content: content[: len(content) // 2],
    "only the digest": lambda content: content[:32],
    "cut in the digest": lambda content: content[:20],
    "one bit changed": flipped,
    "digest changed": lambda content: bytes(32) + content[32:],
    "longer": lambda content: content + b"more",
    "text": lambda content: b"this is not machine code\n" * 50,
    "digest of another scheme": with_right_digest_of_code,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_compiled_anew_and_replaced(
    damage: str, kernels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = sound_file()[1]
    put(kernels, DAMAGE[damage](sound))
    compiled = Program(CHAIN, LAYOUT)
    assert not compiled.is_from_cache
    assert answer(compiled, monkeypatch) == EXPECTED
    assert only_file(kernels).read_bytes() == sound
    assert Program(CHAIN, LAYOUT).is_from_cache


def test_machine_code_of_another_chain_is_not_loaded(kernels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Program(OTHER, LAYOUT)
    other, sound = only_file(kernels), sound_file()[1]
    path = other.with_name(sound_file()[0])
    path.write_bytes(other.read_bytes())
    compiled = Program(CHAIN, LAYOUT)
    assert not compiled.is_from_cache
    assert answer(compiled, monkeypatch) == EXPECTED
    assert path.read_bytes() == sound


# Without a place on disk --------------------------------------------------------------------------------------


def test_a_file_where_the_folder_should_be_does_no_harm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    for _ in range(2):
        compiled = Program(CHAIN, LAYOUT)
        assert not compiled.is_from_cache
        assert answer(compiled, monkeypatch) == EXPECTED
    assert blocked.read_text(encoding="utf-8") == "not a folder"


def test_a_folder_that_refuses_files_does_no_harm(kernels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    compiled = Program(CHAIN, LAYOUT)
    assert not compiled.is_from_cache
    assert answer(compiled, monkeypatch) == EXPECTED
    assert list(kernels.iterdir()) == []


def test_a_folder_that_cannot_be_made_does_no_harm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    compiled = Program(CHAIN, LAYOUT)
    assert not compiled.is_from_cache
    assert answer(compiled, monkeypatch) == EXPECTED
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_place_of_the_file_does_no_harm(kernels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(kernels, b"").unlink()
    (kernels / sound_file()[0]).mkdir()
    compiled = Program(CHAIN, LAYOUT)
    assert not compiled.is_from_cache
    assert answer(compiled, monkeypatch) == EXPECTED


# In one process -----------------------------------------------------------------------------------------------


def test_a_program_is_made_once_in_a_process(kernels: Path) -> None:
    put(kernels, sound_file()[1])
    assert program(CHAIN, LAYOUT) is program(CHAIN, LAYOUT)
    assert program(CHAIN, LAYOUT) is not program(OTHER, LAYOUT)


def test_threads_that_ask_at_once_all_get_a_program_that_works(kernels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program.cache_clear()
    start, found, faults = threading.Barrier(4), [], []

    def ask() -> None:
        start.wait()
        try:
            found.append(program(CHAIN, LAYOUT))
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert [answer(compiled, monkeypatch) for compiled in found] == [EXPECTED] * 4
    assert Program(CHAIN, LAYOUT).is_from_cache
    assert [path.suffix for path in kernels.iterdir()] == [".o"]


# What is imported ---------------------------------------------------------------------------------------------

LOADED = """
import sys
from click.testing import CliRunner
from ketascope.cli import main
result = CliRunner().invoke(main, sys.argv[1:])
print(result.exit_code, *sorted({"jax", "jaxlib", "llvmlite"} & set(sys.modules)))
"""


def loaded(*arguments: str) -> str:
    return python("-c", LOADED, *arguments, check=True).stdout.strip()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--help"], "0"),
        (["compare", "--help"], "0"),
        (["compare", "ketamin 35 mg IV"], "2"),
        (["simulate", "ketamine 0.5 mg/kg IV", "--patients", "-1"], "2"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_help_and_bad_input_load_no_compiler(arguments: list[str], expected: str) -> None:
    assert loaded(*arguments) == expected


@pytest.mark.parametrize("command", ["compare", "simulate"])
def test_commands_that_solve_load_no_jax(command: str) -> None:
    assert loaded(command, "ketamine 35 mg IM", "--patients", "5", "--json") == "0 llvmlite"
