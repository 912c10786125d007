"""`trial`: a design run in many replicates, chunk by chunk, on any engine, with what was finished kept on disk."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib import resources
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Any

from ketascope._version import __version__
from ketascope.engines import check_engine, map_chunks
from ketascope.engines.mapping import PROCESSES, SERIAL
from ketascope.errors import InputError
from ketascope.virtual_trials.chunks import CHUNK_PEOPLE, VISIT_COLUMNS, Chunk, chunks_of, compute, replicates_in_chunk
from ketascope.virtual_trials.design import Adaptation, Design
from ketascope.virtual_trials.output_folder import DESIGN_RUN, OutputFolder

if TYPE_CHECKING:
    import numpy as np

Progress = Callable[[int, int | None, str], None]
Tables = Mapping[str, "np.ndarray"]

DOSE_REPLICATES_MOST = 500
"""Replicates of each other dose, at most: a curve over doses is read for its shape."""
NULL_RUN = "null"
_DATA_ROOMS = ("data", "model", "regimen", "virtual_trials")
_DATA_ENDINGS = (".toml", ".csv", ".json")


@dataclass(frozen=True)
class Run:
    """One design in so many replicates. name: `design`, `null` (no drug effect) or `dose-1`, `dose-2` and so on."""

    name: str
    design: Design
    replicates: int
    keeps_visits: bool = False

    @property
    def chunks(self) -> list[Chunk]:
        """Its chunks in order."""
        return chunks_of(self.name, self.design, self.replicates, self.keeps_visits)


@dataclass(frozen=True)
class TrialResult:
    """A virtual trial, done. found, computed: chunks that were there from an earlier run, and chunks of this one."""

    contract: dict[str, Any]
    found: int
    computed: int

    def document(self) -> dict[str, Any]:
        """Everything but the tables, as plain data; the same for any engine and any number of workers."""
        return self.contract

    def content_hash(self) -> str:
        """SHA-256 over all parts in order: equal where every analysis is, and with an output folder every visit.

        Parts of the design, the null and the doses; runs of planning are left out.
        """
        return str(self.contract["content_hash"])


def trial(
    design: str | os.PathLike[str] | Design,
    *,
    replicates: int | None = None,
    null_replicates: int | None = None,
    seed: int | None = None,
    engine: str = PROCESSES,
    workers: int | None = None,
    output: str | os.PathLike[str] | None = None,
    plan: float | None = None,
    arm: str | None = None,
    people_most: int | None = None,
    progress: Progress | None = None,
) -> TrialResult:
    """Run a virtual trial: power or assurance, the effect that it would find, its bias, its errors, over n and dose.

    design: a TOML file, the name of a packaged design, or a `Design`. replicates, seed: in place of the design's.
    null_replicates: of the same design without any drug effect, which gives the type I error (default: as many; 0:
    none). engine, workers: where chunks are computed (see `ketascope.engines`); they change no number. output: a folder
    for every simulated visit and every analysis as Parquet; a stopped run goes on there when it is called again.
    Without it analyses alone are kept, as long as they are needed. plan: a power or assurance, such as 0.8; the
    smallest number of people that reaches it is looked for, up to people_most (default 4000), for this active arm
    (default: the only one, or any after Holm's correction). progress: told (chunks done, chunks, words).

    Memory is bounded by the chunk (about ten thousand people) on every worker, and by the analyses here. Raises
    InputError for anything that cannot be used, for a folder with another trial, and for an engine that fails.
    """
    check_engine(engine, workers)
    chosen = _chosen(design, replicates, seed)
    _check_numbers(chosen, null_replicates)
    wanted = _wanted_plan(chosen, plan, arm, people_most)
    runs = runs_of(chosen, null_replicates, keeps_visits=output is not None)
    chunks = [chunk for run in runs for chunk in run.chunks]
    on = SERIAL if engine == PROCESSES and (workers or os.cpu_count()) == 1 else engine
    with _folder(output) as folder, folder.opened(_manifest(runs), chunks) as finished:
        compute_all = partial(_compute_all, folder=folder, engine=on, workers=workers, is_kept=output is not None)
        compute_all(chunks, finished, "replicates simulated and analysed", progress)
        document = _document(runs, folder)
        planned, tried = (None, []) if wanted is None else _planned(chosen, wanted, folder, compute_all, progress)
        # People of planning count too: an answer may rest on numbers that are missing or doubtful.
        simulated = [*chunks, *tried]
        solver = {
            "people": sum(chunk.count * chunk.design.people_simulated for chunk in simulated),
            **folder.counts(simulated),
        }
        contract = document | {
            "fingerprint": fingerprint(runs),
            "content_hash": folder.content_hash(chunks),
            "content": "analyses" if output is None else "visits and analyses",
            "solver": solver,
            "flags": [*document["flags"], *solver_flags(solver)],
            "chunks": {"count": len(chunks), "replicates_each": replicates_in_chunk(chosen)},
            "plan": planned,
        }
        if output is not None:
            folder.write_result(contract)
    return TrialResult(contract, len(finished), len(chunks) - len(finished))


def solver_flags(solver: Mapping[str, int]) -> list[dict[str, str]]:
    """Flags for simulated people of any run whose numbers are missing or doubtful."""
    said = {
        "people_failed": ("failed", "have no finite numbers; their ratings count as missing"),
        "people_doubtful": ("doubtful", "have numbers on which no two grids agree"),
    }
    return [
        {"code": code, "message": f"{solver[name]:,} of {solver['people']:,} simulated people {words}"}
        for code, (name, words) in said.items()
        if solver[name]
    ]


def _document(runs: Sequence[Run], folder: OutputFolder) -> dict[str, Any]:
    from ketascope.virtual_trials.document import trial_document

    own, *others = runs
    doses = [run for run in others if run.name != NULL_RUN]
    null = next((run for run in others if run.name == NULL_RUN), None)

    def parts(run: Run) -> Callable[[], Iterator[Tables]]:
        return partial(folder.tables, run.chunks)

    return trial_document(
        own.design,
        parts(own),
        None if null is None else (null.replicates, null.design, parts(null)),
        [
            (sentence, run.replicates, run.design, parts(run))
            for sentence, run in zip(own.design.dose_curve, doses, strict=True)
        ],
    )


def _planned(
    design: Design, wanted: _Plan, folder: OutputFolder, compute_all: Callable[..., None], progress: Progress | None
) -> tuple[dict[str, Any], list[Chunk]]:
    """The smallest number of people for a power or assurance; each size that is tried is a run of its own. With the
    chunks of all those runs."""
    from ketascope.virtual_trials.planning import plan

    runs: dict[str, Run] = {}

    def assess(tried: Design) -> Iterator[Tables]:
        # By what it is, not by when it was tried: a stopped search takes up what it had, whatever its target.
        run = Run(f"plan-{_hash(_plain(tried))[:12]}", tried, tried.replicates)
        runs[run.name] = run
        finished = {index for index, chunk in enumerate(run.chunks) if folder.is_finished(chunk)}
        compute_all(run.chunks, finished, f"looking for the number of people: {tried.people}", progress)
        return folder.tables(run.chunks)

    found = plan(design, wanted.target, assess, people_most=wanted.people_most, arm=wanted.arm)
    return found, [chunk for run in runs.values() for chunk in run.chunks]


def runs_of(design: Design, null_replicates: int | None = None, keeps_visits: bool = True) -> list[Run]:
    """The design itself, the same without a drug effect, and one for each sentence of its dose curve.

    keeps_visits: whether every visit of the design itself is kept; of the others only analyses are.
    """
    runs = [Run(DESIGN_RUN, design, design.replicates, keeps_visits)]
    without = design.replicates if null_replicates is None else null_replicates
    if without and not design.is_null:
        runs.append(Run(NULL_RUN, replace(design, is_null=True, people_curve=(), dose_curve=()), without))
    for number, sentence in enumerate(design.dose_curve, start=1):
        own = _with_dose(design, sentence)
        runs.append(Run(f"dose-{number}", own, min(design.replicates, DOSE_REPLICATES_MOST)))
    return runs


def _with_dose(design: Design, sentence: str) -> Design:
    """The first active arm given something else; one plain analysis, as looks and other sizes are for the design."""
    first = design.active[0]
    arms = tuple(replace(arm, sentence=sentence) if arm is first else arm for arm in design.arms)
    return replace(design, arms=arms, people_curve=(), dose_curve=(), adaptation=Adaptation())


def fingerprint(runs: Sequence[Run]) -> str:
    """SHA-256 over all that the numbers follow from: designs, replicates, chunks, version, data of the model."""
    said = {
        "version": __version__,
        "chunk_people": CHUNK_PEOPLE,
        "data": data_hash(),
        "runs": [[run.name, run.replicates, _plain(run.design)] for run in runs],
    }
    return _hash(said)


def _plain(design: Design) -> dict[str, Any]:
    """The design as plain data, without what changes no number."""
    return {**dataclasses.asdict(design), **dict.fromkeys(("observed", "defaulted", "flags"))}


def _hash(said: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def data_hash() -> str:
    """SHA-256 over the data files that a simulation may read: parameters, posterior, scales, indications, rules."""
    whole = hashlib.sha256()
    for room in _DATA_ROOMS:
        for name, file in _files(resources.files("ketascope").joinpath(room), room):
            whole.update(name.encode() + hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()


def _files(folder: Traversable, name: str) -> Iterator[tuple[str, Traversable]]:
    for each in sorted(folder.iterdir(), key=lambda entry: entry.name):
        path = f"{name}/{each.name}"
        if each.is_dir():
            yield from _files(each, path)
        elif each.name.endswith(_DATA_ENDINGS) and not path.startswith("virtual_trials/designs/"):
            yield path, each


def _chosen(design: str | os.PathLike[str] | Design, replicates: int | None, seed: int | None) -> Design:
    if not isinstance(design, Design):
        from ketascope.virtual_trials.design_file import read_design

        design = read_design(design)
    if replicates is not None:
        design = replace(design, replicates=replicates)
    return design if seed is None else replace(design, seed=seed)


def _check_numbers(design: Design, null_replicates: int | None) -> None:
    from ketascope.virtual_trials.design_file import REPLICATES_MOST, SEED_MOST

    for name, number, least in (("replicates", design.replicates, 1), ("null replicates", null_replicates, 0)):
        if number is not None and not least <= number <= REPLICATES_MOST:
            raise InputError(f"{name} {number}: must be {least} to {REPLICATES_MOST}")
    if not 0 <= design.seed <= SEED_MOST:
        raise InputError(f"seed {design.seed}: must be a whole number from 0 to 2^63 - 1")


@dataclass(frozen=True)
class _Plan:
    """A power or assurance that is planned for; see `planning.plan`."""

    target: float
    arm: str | None
    people_most: int


def _wanted_plan(design: Design, target: float | None, arm: str | None, people_most: int | None) -> _Plan | None:
    """The plan that is asked for, None where none is. Raises InputError for one that cannot be made."""
    if target is None:
        for name, given in (("arm", arm), ("people most", people_most)):
            if given is not None:
                raise InputError(f"{name} {given}: belongs to a plan; write a plan too, such as 0.8")
        return None
    from ketascope.virtual_trials.planning import PEOPLE_MOST, check_plan

    if not design.alpha < target < 1.0:
        raise InputError(f"plan {target:g}: must be a share above alpha ({design.alpha:g}) and below 1, such as 0.8")
    wanted = _Plan(target, arm, PEOPLE_MOST if people_most is None else people_most)
    check_plan(design, wanted.target, wanted.people_most, wanted.arm)
    return wanted


@contextmanager
def _folder(output: str | os.PathLike[str] | None) -> Iterator[OutputFolder]:
    if output is not None:
        yield OutputFolder(output)
        return
    with tempfile.TemporaryDirectory(prefix="ketascope-trial-") as folder:
        yield OutputFolder(folder)


def _manifest(runs: Sequence[Run]) -> dict[str, Any]:
    design = runs[0].design
    return {
        "what": "virtual trial of ketascope",
        "fingerprint": fingerprint(runs),
        "version": __version__,
        "title": design.title,
        "seed": design.seed,
        "replicates": runs[0].replicates,
        "people_of_a_replicate": design.people_simulated,
        "chunks": {run.name: len(run.chunks) for run in runs},
        "visits": VISIT_COLUMNS,
    }


def _compute_all(
    chunks: Sequence[Chunk],
    finished: Set[int],
    words: str,
    progress: Progress | None,
    *,
    folder: OutputFolder,
    engine: str,
    workers: int | None,
    is_kept: bool,
) -> None:
    """Compute and keep every chunk that is not finished."""
    todo = [chunk for index, chunk in enumerate(chunks) if index not in finished]
    done = len(finished)

    def tell() -> None:
        if progress is not None:
            progress(done, len(chunks), words)

    tell()
    try:
        with closing(map_chunks(compute, todo, engine=engine, workers=workers)) as results:
            for index, part in results:
                folder.write(todo[index], part)
                done += 1
                tell()
    except KeyboardInterrupt:
        kept = f"they are kept in {folder.path}; the same command goes on with the rest"
        without = "they are lost, as there is no output folder"
        said = f"stopped with {done} of {len(chunks)} chunks finished; {kept if is_kept else without}"
        raise KeyboardInterrupt(said) from None
