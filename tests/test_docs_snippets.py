"""All that README, CONTRIBUTING and the manual show as Python or as a command runs as it is written."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

ROOT = Path(__file__).resolve().parent.parent
GENERATED = {"commands.md", "parameters.md"}
PAGES = sorted([*ROOT.glob("*.md"), *(page for page in (ROOT / "docs").rglob("*.md") if page.name not in GENERATED)])

FENCE = re.compile(r"^```(?P<kind>[^\n`]*)\n(?P<body>.*?)^```[ ]*$", re.MULTILINE | re.DOTALL)
EXECUTED = {"python", "console"}
SHOWN = {"text", "json", "toml", "csv", "bibtex", "{toctree}", "{note}", "{warning}"}


@dataclass(frozen=True)
class Snippet:
    page: str
    line: int
    kind: str
    body: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def snippets_of(page: Path) -> list[Snippet]:
    text = page.read_text(encoding="utf-8")
    name = page.relative_to(ROOT).as_posix()
    return [
        Snippet(name, text.count("\n", 0, match.start()) + 2, match["kind"].strip(), match["body"])
        for match in FENCE.finditer(text)
    ]


def commands_of(snippet: Snippet) -> list[str]:
    """Each `$ ...` line, with lines that end in a backslash joined."""
    joined = snippet.body.replace("\\\n", " ")
    return [line[2:].strip() for line in joined.splitlines() if line.startswith("$ ")]


SNIPPETS = [snippet for page in PAGES for snippet in snippets_of(page)]
PYTHON = [snippet for snippet in SNIPPETS if snippet.kind == "python"]
CONSOLE = [snippet for snippet in SNIPPETS if snippet.kind == "console"]
COMMANDS = {command: str(snippet) for snippet in reversed(CONSOLE) for command in commands_of(snippet)}
KETASCOPE = sorted(command for command in COMMANDS if command.startswith("ketascope"))
MAKE = sorted(command for command in COMMANDS if command.startswith("make"))


def test_the_manual_is_found():
    names = {page.relative_to(ROOT).as_posix() for page in PAGES}

    assert {"README.md", "CONTRIBUTING.md", "docs/index.md", "docs/model.md"} <= names
    assert len(PYTHON) >= 5
    assert len(KETASCOPE) >= 8


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_says_whether_it_runs(page):
    unknown = [f"{s}: '{s.kind}'" for s in snippets_of(page) if s.kind not in EXECUTED | SHOWN]

    assert unknown == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_is_closed(page):
    fences = re.findall(r"^```", page.read_text(encoding="utf-8"), re.MULTILINE)

    assert len(fences) == 2 * len(snippets_of(page))


@pytest.mark.parametrize("snippet", CONSOLE, ids=str)
def test_a_console_block_shows_at_least_one_command_of_this_project(snippet):
    commands = commands_of(snippet)

    assert commands
    for command in commands:
        assert command.split()[0] in {"ketascope", "make"}, f"{snippet}: '{command}' cannot be run by this test"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder but for the examples that pages name."""
    shutil.copytree(ROOT / "docs" / "examples", tmp_path / "docs" / "examples")
    return tmp_path


@pytest.mark.parametrize("snippet", PYTHON, ids=str)
def test_a_python_block_runs_on_its_own(snippet, folder, monkeypatch):
    monkeypatch.chdir(folder)
    code = compile("\n" * (snippet.line - 1) + snippet.body, snippet.page, "exec")
    namespace: dict[str, object] = {"__name__": "snippet"}

    exec(code, namespace)

    assert set(namespace) - {"__name__", "__builtins__"}, f"{snippet} defines nothing, so it shows nothing"


@pytest.mark.parametrize("command", KETASCOPE)
def test_a_shown_command_ends_well(command, folder, monkeypatch):
    from ketascope.cli import main

    monkeypatch.chdir(folder)
    words = shlex.split(command)[1:]

    result = CliRunner().invoke(main, words, prog_name="ketascope")

    assert result.exit_code == 0, f"{COMMANDS[command]}: {result.output}"
    if "--output" in words:
        assert (folder / words[words.index("--output") + 1]).exists()
    else:
        assert result.stdout.strip()
    if "--json" in words:
        assert isinstance(json.loads(result.stdout), dict)


@pytest.mark.parametrize("command", MAKE)
def test_a_shown_make_target_exists(command):
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    wanted = [word for word in shlex.split(command)[1:] if "=" not in word]

    assert wanted
    assert set(wanted) <= set(targets)


def test_the_readme_shows_the_output_that_the_program_prints(generate: ModuleType):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = generate.OUTPUT_BLOCK.search(text)
    assert block is not None
    shown = generate.structure(block["output"])

    printed = generate.structure(generate.command_output(block["command"], int(block["columns"])))

    assert len(shown) >= 12, "the block holds no comparison; 'make generate' puts it in"
    assert shown == printed


def test_the_structure_of_an_output_ignores_numbers_and_rules_but_no_words(generate: ModuleType):
    first = "┌──────┐\n| IV 0.5 mg/kg | −3.1 (−5.0 to -1.2) |\n\n"
    second = "+------+\n| IV 0.5 mg/kg |  -3.2 (-5.1 to −1.3) |"
    other = "| IM 0.5 mg/kg | -3.2 (-5.1 to -1.3) |"

    assert generate.structure(first) == generate.structure(second)
    assert generate.structure(first) != generate.structure(other)


def test_the_presets_are_named_in_the_output_that_the_readme_shows(generate: ModuleType):
    from ketascope.regimen import load_presets

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = generate.OUTPUT_BLOCK.search(text)
    assert block is not None
    shown = re.sub(r"[\s│|]+", "", block["output"])

    first_words = {option.label.split()[0] for option in load_presets()}

    assert first_words
    assert all(word in shown for word in first_words)
