"""`fit`: a data set in, individual parameters out; for research use, not for dosing."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ketascope._version import __version__
from ketascope.errors import InputError, unknown
from ketascope.exchange.nonmem_data import Subject, read_data
from ketascope.model.plasma import plasma

if TYPE_CHECKING:
    from ketascope.fitting.individual import Task
    from ketascope.fitting.population import PopulationFit
    from ketascope.fitting.variability import Residual

METHODS = ("map", "nuts")
LABEL = "for research use; not for dosing"
FEW_PEOPLE = 40
"""Up to here one process is faster than starting others."""
DEFAULT_SAMPLING = "venous"

Progress = Callable[[int, int | None, str], None]


@dataclass(frozen=True)
class Fit:
    """The result: `document()` is the contract of `ketascope fit --json`."""

    contract: dict[str, Any]

    def document(self) -> dict[str, Any]:
        """The fit as plain data."""
        return self.contract


def fit(
    data: str | os.PathLike[str] | Sequence[Subject],
    *,
    method: str = "map",
    population: bool = False,
    next_dose: str | None = None,
    sampling: str | None = None,
    indication: str | None = None,
    seed: int = 0,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Fit:
    """Fit each person's pharmacokinetic parameters to their concentrations.

    data: a NONMEM-style CSV file (see `exchange/nonmem_data.py`) or people read from one. method: "map", the most
    probable values with 90% intervals by weighted draws of the posterior and the normal approximation beside them, or
    "nuts", sampled draws as well (extra `bayes`). population: first estimate the population from all people, with the
    package's posterior as prior, and go on with its medians. next_dose: a dose sentence whose exposure is predicted for
    each person. sampling: as for `simulate`. indication: the scale of `score` rows. workers: processes; None decides by
    the number of people and changes no number. Raises InputError for data or choices that cannot be used.
    """
    if method not in METHODS:
        raise InputError(unknown("method", method, METHODS))
    if not 0 <= seed < 2**63:
        raise InputError(f"seed {seed}: must be a whole number from 0 to 2^63 - 1")
    place = plasma(sampling or DEFAULT_SAMPLING)
    sentence = None if next_dose is None else _checked_sentence(next_dose)
    subjects = read_data(data) if isinstance(data, str | os.PathLike) else tuple(data)
    if not subjects:
        raise InputError("no people to fit")
    _check_extras(subjects, method, population, place.name, indication, sentence)
    from ketascope.fitting.individual import Task
    from ketascope.fitting.variability import default_residual

    tasks = [
        Task(subject, index, place.name, method, default_residual(), seed, sentence, indication)
        for index, subject in enumerate(subjects)
    ]
    found = _population(tasks, seed, progress) if population else None
    if found is not None:
        tasks = [replace(task, centres=found.centres, residual=found.residual) for task in tasks]
    people = _fit_all(tasks, workers, progress)
    return Fit(_document(data, tasks, people, found))


def _checked_sentence(sentence: str) -> str:
    from ketascope.model.exposure import enantiomer_composition
    from ketascope.regimen import parse

    regimen = parse(sentence)
    if not any(course.drug in enantiomer_composition() for course in regimen.courses):
        raise InputError(f"next '{sentence}': gives no ketamine, so there is no exposure to predict")
    return str(regimen)


def _check_extras(
    subjects: Sequence[Subject],
    method: str,
    population: bool,
    sampling: str,
    indication: str | None,
    sentence: str | None,
) -> None:
    from ketascope.fitting.scores import check_indication
    from ketascope.regimen import parse

    check_indication(subjects, indication)
    if sentence is not None:
        for subject in subjects:
            parse(sentence).doses(subject.person.weight_kg)
    if method == "nuts" or population:
        from ketascope.estimation.numpyro_extra import need_numpyro
        from ketascope.fitting.population import check_population

        need_numpyro("fit with sampling")
        if population:
            check_population(sum(bool(subject.concentrations()) for subject in subjects), plasma(sampling))


def _population(tasks: Sequence[Task], seed: int, progress: Progress | None) -> PopulationFit:
    from ketascope.fitting.individual import make_case
    from ketascope.fitting.population import fit_population

    if progress is not None:
        progress(0, None, "population")
    cases = [case for case, fitted, _ in map(make_case, tasks) if fitted]
    return fit_population(cases, seed)


def _fit_all(tasks: Sequence[Task], workers: int | None, progress: Progress | None) -> list[dict[str, Any]]:
    from ketascope.engines import map_chunks
    from ketascope.fitting.individual import fit_person

    def told(done: int, total: int) -> None:
        if progress is not None:
            progress(done, total, "people")

    engine = "serial" if workers == 1 or (workers is None and len(tasks) <= FEW_PEOPLE) else "processes"
    found = dict(map_chunks(fit_person, list(tasks), engine=engine, workers=workers, progress=told))
    return [found[index] for index in range(len(tasks))]


def _document(
    data: object, tasks: Sequence[Task], people: list[dict[str, Any]], population: PopulationFit | None
) -> dict[str, Any]:
    from ketascope.fitting.diagnostics import shrinkage
    from ketascope.fitting.estimates import INTERVAL_PERCENT
    from ketascope.fitting.scores import PATIENTS

    first = tasks[0]
    observations = [row for person in people for row in person["observations"]]
    return {
        "version": __version__,
        "label": LABEL,
        "file": Path(data).name if isinstance(data, str | os.PathLike) else None,
        "method": first.method,
        "sampling": first.sampling,
        "indication": first.indication,
        "seed": first.seed,
        "interval_percent": INTERVAL_PERCENT,
        "people": len(people),
        "observations": len(observations),
        "below_limit": sum(row["is_below"] for row in observations),
        "error_model": _error_model(first.residual),
        "population": None if population is None else population.document,
        "shrinkage": shrinkage(people),
        "score_patients": PATIENTS,
        "subjects": people,
    }


def _error_model(residual: Residual) -> dict[str, Any]:
    return {
        "equation": "log y = log f + s e, s^2 = p^2 + c^2 / (1 + (f/L)^2); below the limit L: the chance of it (M3)",
        "p_ketamine": residual.ketamine,
        "p_norketamine": residual.norketamine,
        "c": residual.limit_error_share,
    }
