"""One person of a data set fitted: estimates, diagnostics, courses and flags as plain data.

Everything here depends on the person's own rows, the settings and their place in the file, so that people can be fitted
in any order and anywhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ketascope.fitting.flags import data_flags, fit_flags, flag
from ketascope.fitting.variability import Residual
from ketascope.model.exposure import ketamine_doses

if TYPE_CHECKING:
    import numpy as np

    from ketascope.exchange.nonmem_data import Observation, Subject
    from ketascope.fitting.mode import Case, Mode, Refined

_STREAMS = {"starts": 1, "people": 2, "own": 3, "next": 4, "prior": 5}
DRAWS, NEXT_DRAWS = 1000, 500
DIFFERS_FROM = 0.5
"""Ends of two intervals further apart than this many posterior SDs are told."""
SDS_OF_90_PERCENT = 3.29
_NO_VALUE = "undefined"


@dataclass(frozen=True)
class Task:
    """One person with all that their fit depends on; plain data, so that any process can be given it.

    centres: population values that replace the rows' (None: the package's). detail: with courses and prediction.
    """

    subject: Subject
    index: int
    sampling: str
    method: str
    residual: Residual
    seed: int
    next_sentence: str | None = None
    indication: str | None = None
    centres: Mapping[str, float] | None = None
    with_courses: bool = True


def generator_of(task: Task, stream: str) -> np.random.Generator:
    """Random numbers of one person for one purpose: the same whoever else is in the data."""
    import numpy as np

    return np.random.default_rng([task.seed, task.index, _STREAMS[stream]])


def make_case(task: Task) -> tuple[Case, tuple[Observation, ...], list[dict[str, str]]]:
    """The person's data and frame, the observations that are fitted, and flags of those that are left out."""
    from ketascope.fitting.frame import subject_frame
    from ketascope.fitting.likelihood import measured
    from ketascope.fitting.mode import Case
    from ketascope.fitting.prediction import observed_schedule
    from ketascope.model.parameter_store import load_parameters
    from ketascope.model.plasma import plasma

    doses = ketamine_doses(task.subject.doses)
    fitted, flags = usable(task.subject)
    frame = subject_frame(task.subject, load_parameters(), plasma(task.sampling))
    schedule = observed_schedule(frame, fitted, [dose.course for dose in doses])
    return Case(frame, schedule, measured(fitted, task.residual), task.centres), fitted, flags


def usable(subject: Subject) -> tuple[tuple[Observation, ...], list[dict[str, str]]]:
    """Concentrations after the first ketamine dose began, and flags of the others."""
    first_h = ketamine_doses(subject.doses)[0].time_h
    kept, flags = [], []
    before = [item for item in subject.concentrations() if item.time_h <= first_h]
    kept = [item for item in subject.concentrations() if item.time_h > first_h]
    below = sum(item.is_below for item in before)
    if below:
        flags.append(flag("below_before_dose", count=below))
    flags += [flag("nothing_predicted", row=item.row, analyte=item.analyte) for item in before if not item.is_below]
    return tuple(kept), flags


def fit_person(task: Task) -> dict[str, Any]:
    """The person's part of the document."""
    from ketascope.fitting.diagnostics import observation_rows
    from ketascope.fitting.estimates import effect_rows, estimates, uninformed_directions
    from ketascope.fitting.mode import find_mode, refined_draws
    from ketascope.fitting.next_dose import next_exposure
    from ketascope.fitting.scores import score_rows
    from ketascope.regimen import parse

    case, fitted, left_out = make_case(task)
    person = _person(task)
    scores = score_rows(task.subject, task.indication, task.sampling, task.seed)
    if not fitted:
        empty: dict[str, Any] = {name: [] for name in ("estimates", "effects", "directions", "observations", "courses")}
        person["flags"] = [*left_out, flag("no_concentrations"), *_score_flags(scores)]
        return person | empty | {"fit": None, "sampled": None, "next_dose": None, "scores": scores}
    mode = find_mode(case, generator_of(task, "starts"))
    refined = refined_draws(case, mode, DRAWS, generator_of(task, "own"))
    draws = refined.z
    effects = effect_rows(case, mode.z, mode.covariance)
    rows = observation_rows(case, fitted, mode.z)
    found = estimates(case, mode, draws)
    person |= {
        "fit": _fit_row(mode, refined),
        "estimates": found,
        "effects": effects,
        "directions": uninformed_directions(case, mode.covariance),
        "observations": rows,
        "scores": scores,
        "sampled": None,
    }
    flags = [*data_flags(task.subject, rows, left_out), *fit_flags(mode, effects, rows), *_score_flags(scores)]
    if not refined.is_weighted:
        flags.append(flag("not_refined", size=f"{refined.sample_size:.0f}"))
    if task.method == "nuts":
        draws, sampled, more = _sampled(task, case, mode, found)
        person["sampled"] = sampled
        flags += more
    person["courses"] = _courses(task, case, fitted, mode.z, draws) if task.with_courses else []
    person["next_dose"] = None
    if task.next_sentence is not None:
        few = _thinned(draws, NEXT_DRAWS)
        person["next_dose"] = next_exposure(case, parse(task.next_sentence), few, generator_of(task, "next"))
    person["flags"] = flags
    return person


def _person(task: Task) -> dict[str, Any]:
    subject = task.subject
    occasions = dict(zip(map(id, subject.doses), subject.dose_occasions, strict=True))
    return {
        "id": subject.id,
        "weight_kg": subject.person.weight_kg,
        "age_years": subject.person.age_years,
        "sex": subject.person.sex,
        "hepatic": subject.person.hepatic,
        "defaulted": list(subject.defaulted),
        "regimen": str(subject.regimen),
        "doses": [
            {
                "time_h": dose.time_h,
                "drug": dose.drug,
                "route": dose.route,
                "amount_mg": dose.amount_mg,
                "duration_h": dose.duration_h,
                "occasion": occasions[id(dose)] + 1,
            }
            for dose in subject.doses
        ],
    }


def _fit_row(mode: Mode, refined: Refined) -> dict[str, Any]:
    return {
        "converged": mode.converged,
        "minus_log_posterior": mode.cost,
        "newton_decrement": mode.decrement,
        "starts": mode.starts,
        "starts_agreeing": mode.starts_agreeing,
        "other_optimum": mode.other_optimum,
        "draws_worth": refined.sample_size,
    }


def _score_flags(scores: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [flag("scores_not_fitted")] if scores else []


def _courses(
    task: Task, case: Case, fitted: tuple[Observation, ...], z: np.ndarray, draws: np.ndarray
) -> list[dict[str, Any]]:
    from ketascope.fitting.curves import DRAWS as BAND_DRAWS
    from ketascope.fitting.curves import course_rows

    people = generator_of(task, "people").standard_normal((len(z), BAND_DRAWS))
    return course_rows(case, fitted, z, _thinned(draws, BAND_DRAWS), people)


def _thinned(draws: np.ndarray, count: int) -> np.ndarray:
    """Every so many of the draws (resampled draws stand in order, so the first ones alone would not do)."""
    import numpy as np

    return draws[:, np.linspace(0, draws.shape[1] - 1, count).round().astype(int)]


def _sampled(
    task: Task, case: Case, mode: Mode, found: list[dict[str, Any]]
) -> tuple[np.ndarray, dict[str, Any], list[dict[str, str]]]:
    """Draws by NUTS, their estimates beside those of the mode, and flags."""
    from ketascope.fitting.estimates import estimates_of_draws
    from ketascope.fitting.sampling import shared_sampler

    draws = shared_sampler().sample(case, mode.z, task.seed, task.index)
    rows = estimates_of_draws(case, draws.z, generator_of(task, "prior"))
    flags: list[dict[str, str]] = []
    chains = draws.agreement
    if not chains.settled:
        r_hat = _NO_VALUE if chains.largest_r_hat is None else f"{chains.largest_r_hat:.3f}"
        ess = _NO_VALUE if chains.smallest_sample_size is None else f"{chains.smallest_sample_size:.0f}"
        flags.append(flag("sampler", r_hat=r_hat, ess=ess, divergences=chains.divergences))
    for own, exact in zip(found, rows, strict=True):
        exact["apart_sd"] = _ends_apart(own, exact, "")
        exact["laplace_apart_sd"] = _ends_apart(own, exact, "laplace_")
    worst = max(rows, key=lambda row: float(row["apart_sd"]))
    if worst["apart_sd"] > DIFFERS_FROM:
        name = worst["name"].replace("_", " ")
        flags.append(flag("sampling_differs", size=f"{worst['apart_sd']:.1f}", name=name))
    sampled = {
        "draws": int(draws.z.shape[1]),
        **asdict(chains),
        "estimates": rows,
    }
    return draws.z, sampled, flags


def _ends_apart(own: Mapping[str, Any], exact: Mapping[str, Any], kind: str) -> float:
    """How far the ends of two intervals lie apart at most, in posterior SDs, on the log scale."""
    sd = math.log(exact["high"] / exact["low"]) / SDS_OF_90_PERCENT
    return max(abs(math.log(own[kind + end] / exact[end])) for end in ("low", "high")) / sd
