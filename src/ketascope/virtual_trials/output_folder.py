"""The folder of a virtual trial: finished parts with their checksums, and what they are parts of.

trial.json                  what is computed: fingerprint, version, seed, columns; written first
visits/000012.parquet       every simulated visit of chunk 12
analyses/000012.parquet     its analyses
checksums/000012.json       SHA-256 of both, and counts; written last: without it the chunk is not finished
null/..., dose-1/..., plan-... the same for the runs beside the design itself, analyses only
result.json                 the document of the trial; written when all is done
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ketascope.errors import InputError
from ketascope.files import sha256_of, write_aside

if TYPE_CHECKING:
    import numpy as np

    from ketascope.virtual_trials.chunks import Chunk, Part

MANIFEST, RESULT, LOCK = "trial.json", "result.json", ".lock"
DESIGN_RUN = "design"
"""The run of the design itself; its parts lie in the folder, those of the others in folders of their own."""
COUNTS = ("redone", "doubtful", "failed")
"""What is counted of people, as in `SimulatedTrials`."""
_KINDS = ("visits", "analyses")
_WHOLE = re.compile(r"\d{6}\.parquet")
_ASIDE = re.compile(r"\.\d{6}\.(parquet|json)\.\w+")


class OutputFolder:
    """Parts of one trial on disk. Everything is written aside and renamed, so a file that is there is whole."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    @contextmanager
    def opened(self, manifest: Mapping[str, Any], chunks: Sequence[Chunk]) -> Iterator[set[int]]:
        """Make the folder, or take it up again; gives the indexes of the chunks that are finished in it.

        Where input turns out to be wrong before a chunk is finished, a folder that was made here is taken away again.
        Raises InputError for a folder that cannot be made, that holds another trial, or that another run writes to.
        """
        from filelock import FileLock, Timeout

        was_there = self.path.exists()
        self._make()
        try:
            with FileLock(self.path / LOCK, timeout=0):
                yield self._taken_up(manifest, chunks)
        except Timeout:
            raise InputError(f"{self.path}: another run writes into this folder; wait for it or use another") from None
        except InputError:
            if not was_there and not any(self.path.glob("**/checksums/*.json")):
                shutil.rmtree(self.path, ignore_errors=True)
            raise

    def write(self, chunk: Chunk, part: Part) -> None:
        """Keep a finished chunk."""
        for kind, content in part.files.items():
            write_aside(self._made(chunk, kind) / f"{_name(chunk)}.parquet", content)
        sums = {kind: hashlib.sha256(content).hexdigest() for kind, content in part.files.items()}
        said = sums | {name: getattr(part, name) for name in COUNTS}
        write_aside(self._made(chunk, "checksums") / f"{_name(chunk)}.json", json.dumps(said))

    def write_result(self, document: Mapping[str, Any]) -> None:
        """Keep the document of the whole trial."""
        write_aside(self.path / RESULT, json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")

    def content_hash(self, chunks: Sequence[Chunk]) -> str:
        """SHA-256 over the checksums of all parts in order: the same where all files hold the same bytes."""
        whole = hashlib.sha256()
        for chunk in chunks:
            sums = self._sums(chunk)
            assert sums is not None  # asked for when every chunk is finished
            for kind in _KINDS:
                whole.update(bytes.fromhex(sums.get(kind, "")))
        return whole.hexdigest()

    def counts(self, chunks: Sequence[Chunk]) -> dict[str, int]:
        """People of finished chunks by `COUNTS`."""
        found = [self._sums(chunk) or {} for chunk in chunks]
        return {name: sum(int(each.get(name, 0)) for each in found) for name in COUNTS}

    def tables(self, chunks: Sequence[Chunk]) -> Iterator[dict[str, np.ndarray]]:
        """The analyses of chunks in order, one table at a time."""
        import polars as pl

        from ketascope.virtual_trials.chunks import analyses_table

        for chunk in chunks:
            yield analyses_table(pl.read_parquet(self._file(chunk, "analyses")))

    def is_finished(self, chunk: Chunk) -> bool:
        """Whether all files of a chunk are there and hold what was written."""
        sums = self._sums(chunk)
        kinds = [kind for kind in _KINDS if kind == "analyses" or chunk.keeps_visits]
        return sums is not None and all(sums.get(kind) == _sha256(self._file(chunk, kind)) for kind in kinds)

    def _make(self) -> None:
        if not self.path.parent.is_dir():
            raise InputError(f"output {self.path}: the folder {self.path.parent} does not exist; create it first")
        try:
            self.path.mkdir(exist_ok=True)
        except FileExistsError:
            raise InputError(f"output {self.path}: it is a file; give the name of a folder") from None
        except OSError as error:
            raise InputError(f"output {self.path}: the folder cannot be made ({error.strerror})") from None
        if not os.access(self.path, os.W_OK):
            raise InputError(f"output {self.path}: the folder is read-only; choose another")

    def _taken_up(self, manifest: Mapping[str, Any], chunks: Sequence[Chunk]) -> set[int]:
        before = self._manifest()
        folders = sorted({self._folder(chunk, kind) for chunk in chunks for kind in (*_KINDS, "checksums")})
        if before is None and any(folder.exists() for folder in folders):
            found = next(folder for folder in folders if folder.exists())
            raise InputError(
                f"output {self.path}: holds '{found.relative_to(self.path)}' but no {MANIFEST} that says of which "
                "trial; use another folder"
            )
        is_same = before is not None and before["fingerprint"] == manifest["fingerprint"]
        if before is not None and not is_same and any(self.path.glob("**/checksums/*.json")):
            raise InputError(f"output {self.path}: {_difference(before, manifest)}; use another folder")
        for file in _begun(self.path, folders, with_whole=not is_same):
            file.unlink(missing_ok=True)
        if not is_same:
            write_aside(self.path / MANIFEST, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
        finished = {index for index, chunk in enumerate(chunks) if self.is_finished(chunk)}
        if len(finished) < len(chunks):
            (self.path / RESULT).unlink(missing_ok=True)  # it would speak of parts that are not there
        return finished

    def _manifest(self) -> dict[str, Any] | None:
        file = self.path / MANIFEST
        if not file.exists():
            return None
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            found = None
        if not isinstance(found, dict) or "fingerprint" not in found:
            raise InputError(f"output {self.path}: {MANIFEST} there is no manifest of a trial; use another folder")
        return found

    def _folder(self, chunk: Chunk, kind: str) -> Path:
        return (self.path if chunk.run == DESIGN_RUN else self.path / chunk.run) / kind

    def _made(self, chunk: Chunk, kind: str) -> Path:
        folder = self._folder(chunk, kind)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _file(self, chunk: Chunk, kind: str) -> Path:
        return self._folder(chunk, kind) / f"{_name(chunk)}.parquet"

    def _sums(self, chunk: Chunk) -> dict[str, Any] | None:
        try:
            found = json.loads((self._folder(chunk, "checksums") / f"{_name(chunk)}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None


def _name(chunk: Chunk) -> str:
    return f"{chunk.number:06d}"


def _begun(path: Path, folders: Sequence[Path], with_whole: bool) -> list[Path]:
    """What a killed run left half written; `with_whole`: and parts that no checksum stands for."""
    left = [file for name in (MANIFEST, RESULT) for file in path.glob(f".{name}.*")]
    for folder in folders:
        left += [file for file in folder.glob(".*") if _ASIDE.fullmatch(file.name)]
        left += [file for file in folder.glob("*.parquet") if with_whole and _WHOLE.fullmatch(file.name)]
    return left


def _sha256(file: Path) -> str | None:
    try:
        return sha256_of(file)
    except OSError:
        return None


def _difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """What tells the trial in the folder from the one that is asked for, in words."""
    told = {"title": "title", "seed": "seed", "replicates": "replicates", "version": "version of ketascope"}
    for key, words in told.items():
        if before.get(key) != now[key]:
            return f"holds a trial with another {words} ({before.get(key)}, not {now[key]})"
    return "holds a trial of another design, or of another model"
