"""Pages on how to add something, read as what they tell a reader to do, and done to a copy of the package.

A numbered heading with a path in code marks is one file to edit. Below it stands what goes in: a block is put at the
end of the file (which a heading that ends in "(new)" creates), but for a `text` block of lines that begin with "- " or
"+ ". That is a change: the former are taken out and the latter put in their place, which has to be the only such place.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "extending"
HEADING = re.compile(r"^## (?P<number>\d+)\. `(?P<path>[^`]+)`(?P<new> \(new\))?$", re.MULTILINE)
COUNT = re.compile(r"^\*\*(?P<count>\d+) files?\*\*", re.MULTILINE)
BLOCK = re.compile(r"^```(?P<kind>toml|python|text)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Edit:
    """One block of a page: what to do to one file."""

    path: str
    is_new: bool
    kind: str
    body: str

    @property
    def is_change(self) -> bool:
        """Whether lines are replaced rather than put at the end."""
        return self.kind == "text" and all(line[:2] in ("- ", "+ ") for line in self.body.splitlines())


@dataclass(frozen=True)
class Guide:
    """What a page tells: how many files, which, and the edits to them."""

    name: str
    count: int
    paths: tuple[str, ...]
    edits: tuple[Edit, ...]


@functools.cache
def guide(name: str) -> Guide:
    """The page docs/extending/NAME.md; its numbering, its count and its blocks have to fit together."""
    text = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    counts = COUNT.findall(text)
    assert len(counts) == 1, f"{name}.md says once how many files it takes: **N files**"
    headings = list(HEADING.finditer(text))
    assert [int(heading["number"]) for heading in headings] == list(range(1, len(headings) + 1))
    edits = []
    for heading in headings:
        rest = text[heading.end() :]
        section = rest.split("\n## ", 1)[0]
        blocks = list(BLOCK.finditer(section))
        assert blocks, f"{name}.md: {heading['path']} has no block to put in"
        edits += [Edit(heading["path"], bool(heading["new"]), block["kind"], block["body"]) for block in blocks]
    return Guide(name, int(counts[0]), tuple(heading["path"] for heading in headings), tuple(edits))


@dataclass(frozen=True)
class Copy:
    """A copy of package and tests in which a page's edits were made."""

    folder: Path
    guide: Guide
    touched: tuple[str, ...]

    def run(self, code: str) -> Any:
        """What a new process prints as JSON that imports the package from the copy."""
        first = f"import ketascope; assert ketascope.__file__.startswith({str(self.folder)!r}), ketascope.__file__\n"
        environment = os.environ | {
            "PYTHONPATH": str(self.folder / "src"),
            "KETASCOPE_DATA": str(self.folder / "own-places"),
        }
        result = subprocess.run(
            [sys.executable, "-c", first + code],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)


def followed(name: str, folder: Path) -> Copy:
    """A copy in which the page was followed to the letter; says which files differ from the original afterwards."""
    wanted = guide(name)
    shutil.copytree(ROOT / "src" / "ketascope", folder / "src" / "ketascope", copy_function=_copied)
    for path in wanted.paths:
        if path.startswith("tests/"):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            _copied(ROOT / path, folder / path)
    for edit in wanted.edits:
        _made(edit, folder / edit.path)
    return Copy(folder, wanted, _differing(folder))


def _copied(source: str | Path, target: str | Path) -> None:
    """A hard link where the disk allows: the copy is never written to in place."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _made(edit: Edit, path: Path) -> None:
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    assert edit.is_new == (text == ""), f"{edit.path}: '(new)' stands at exactly those files that are not there yet"
    if edit.is_change:
        text = _changed(edit, text)
    else:
        # Rows of a table follow each other without a gap.
        text += ("" if not text or edit.kind == "text" else "\n") + edit.body
    _written(path, text)


def put_in(path: Path, rows: str) -> None:
    """Rows at the end of a file of a copy, which need not be there yet."""
    _written(path, (path.read_text(encoding="utf-8") if path.exists() else "") + rows)


def _written(path: Path, text: str) -> None:
    """Written aside, since the file may be a hard link to the original."""
    aside = path.with_name(f".{path.name}.aside")
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)


def _changed(edit: Edit, text: str) -> str:
    lines = edit.body.splitlines()
    old = "".join(f"{line[2:]}\n" for line in lines if line.startswith("- "))
    new = "".join(f"{line[2:]}\n" for line in lines if line.startswith("+ "))
    assert old, f"{edit.path}: a change names the lines that it takes the place of"
    assert text.count(old) == 1, f"{edit.path}: {text.count(old)} places hold\n{old}"
    return text.replace(old, new)


def _differing(folder: Path) -> tuple[str, ...]:
    """Files of the copy that are new or hold something else than the original."""
    found = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and "__pycache__" not in path.parts and _digest(path) != _digest(ROOT / name):
            found.append(name)
    return tuple(found)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
