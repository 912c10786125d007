"""One regimen in very many people: quantiles of every course, counted on the way, never all patients in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from ketascope._version import __version__
from ketascope.comparing.setting import make_setting, state_course
from ketascope.errors import InputError
from ketascope.model.exposure import NG_PER_ML_PER_MG_PER_L, ketamine_doses
from ketascope.model.plasma import plasma
from ketascope.model.symptoms import patient_scores
from ketascope.one_regimen import CONCENTRATIONS, STATES, doses_in_time
from ketascope.people import RANDOM_EFFECTS
from ketascope.regimen import Regimen, parse
from ketascope.simulation import CheckedGrid, PatientRun, check_grid, patient_normals, run_patients

if TYPE_CHECKING:
    import numpy as np

    from ketascope.comparing.setting import Setting
    from ketascope.regimen import Dose

Batch = TypeVar("Batch")
BATCH = 2048
PATIENTS_MOST = 100_000_000
QUANTILES = (0.025, 0.5, 0.975)


class QuantileCounts:
    """Counts of values in narrow bins: quantiles of any number of values in memory that does not grow.

    A bin is what shares the leading bits of a floating-point number, 512 bins for a doubling; so a quantile is right to
    0.2% whatever the size of the values. Values below 1e-12, zero among them, share the first bin and count as zero.
    Counts do not depend on the order in which values come.
    """

    DROPPED_BITS = 43  # of the 52 of a mantissa
    LEAST_EXPONENT, MOST_EXPONENT = -40, 24

    def __init__(self, rows: int) -> None:
        import numpy as np

        self._offset = (1023 + self.LEAST_EXPONENT) << (52 - self.DROPPED_BITS)
        self._bins = (self.MOST_EXPONENT - self.LEAST_EXPONENT) << (52 - self.DROPPED_BITS)
        self.counts = np.zeros((rows, self._bins + 1), dtype=np.int64)

    def add(self, values: np.ndarray) -> None:
        """Count values, (rows, patients): numbers, none below zero."""
        import numpy as np

        bits = np.ascontiguousarray(values, dtype=np.float64).view(np.int64) >> self.DROPPED_BITS
        index = np.clip(bits - self._offset + 1, 0, self._bins)
        for row, own in enumerate(index):
            self.counts[row] += np.bincount(own, minlength=self._bins + 1)

    def quantiles(self, shares: Sequence[float]) -> np.ndarray:
        """Quantiles by row, (shares, rows)."""
        import numpy as np

        edges = ((np.arange(self._bins + 1) + self._offset) << self.DROPPED_BITS).view(np.float64)
        below = np.cumsum(self.counts, axis=1)
        found = np.empty((len(shares), len(self.counts)))
        for row, cumulative in enumerate(below):
            for column, share in enumerate(shares):
                wanted = share * (cumulative[-1] - 1) + 0.5
                index = int(np.searchsorted(cumulative, wanted))
                before = cumulative[index - 1] if index else 0
                inside = (wanted - before) / max(cumulative[index] - before, 1)
                low, high = (edges[index - 1], edges[index]) if index else (0.0, 0.0)
                found[column, row] = low + inside * (high - low)
        return found


@dataclass(frozen=True)
class Population:
    """The result: `document()` is plain data; redone and doubtful count patients (see `ketascope.simulation`)."""

    contract: dict[str, Any]
    redone: int
    doubtful: int

    def document(self) -> dict[str, Any]:
        """The courses as plain data."""
        return self.contract


def population(
    regimen: str | Regimen,
    *,
    patients: int,
    times_h: Sequence[float],
    indication: str | None = None,
    weight_kg: float | None = None,
    age_years: float | None = None,
    sex: str | None = None,
    hepatic: str = "normal",
    interactions: Sequence[str] = (),
    seed: int | None = None,
    sampling: str | None = None,
    scenarios: Sequence[str] = (),
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Population:
    """Median and central 95% over up to 100 million virtual patients at chosen times after the first dose.

    Arguments as for `simulate`. The same patient has the same course as there; quantiles are right to 0.2%. Memory does
    not grow with the number of patients. A patient without numbers is left out and missing from `counted`. progress:
    called with the number of patients done. Returns series as `simulate` does, without acute effects. Raises InputError
    for input that cannot be used and for a regimen without ketamine.
    """
    import numpy as np

    if not 1 <= patients <= PATIENTS_MOST:
        raise InputError(f"patients {patients}: must be 1 to {PATIENTS_MOST}")
    times = sorted(set(times_h))
    if not times or times[0] < 0.0:
        raise InputError("times: give at least one time, and none before the first dose")
    until_h = max(times[-1], 24.0)
    regimen = parse(regimen) if isinstance(regimen, str) else regimen
    doses = doses_in_time(regimen, weight_kg, until_h)
    if not ketamine_doses(doses):
        raise InputError(f"'{regimen}' gives no ketamine, so there are no courses to follow")
    given = {
        "indication": indication,
        "weight_kg": weight_kg,
        "age_years": age_years,
        "until_h": until_h,
        "patients": 0,
        "seed": seed,
        "sampling": sampling,
    }
    setting = make_setting(given, sex, hepatic, interactions, scenarios)
    checked = check_grid(
        ketamine_doses(doses), setting.person, plasma(setting.sampling), setting.model.parameters, until_h, times
    )
    counts: dict[str, QuantileCounts] = {}
    redone = doubtful = counted = 0

    def one_batch(first: int) -> tuple[int, PatientRun, dict[str, np.ndarray]]:
        size = min(BATCH, patients - first)
        batch = replace(setting, patients=size, normals=patient_normals(size, setting.seed, first))
        run = _run(batch, doses, times, checked)
        return first + size, run, _courses(batch, run, doses, np.asarray(times))

    for done, run, courses in _in_turn(one_batch, range(0, patients, BATCH), threads):
        redone, doubtful = redone + int(run.redone.sum()), doubtful + int(run.doubtful.sum())
        is_number = np.all([np.isfinite(values).all(axis=0) for values in courses.values()], axis=0)
        counted += int(is_number.sum())
        for name, values in courses.items():
            counts.setdefault(name, QuantileCounts(len(times))).add(values[:, is_number])
        if progress is not None:
            progress(done)
    contract = {
        "version": __version__,
        "seed": setting.seed,
        "sentence": str(regimen),
        "indication": setting.indication.name,
        "sampling": setting.sampling,
        "patients": patients,
        "counted": counted,
        "error_estimate": checked.error,
        "redone": redone,
        "doubtful": doubtful,
        "times_h": list(times),
        "series": {name: _bands(own) for name, own in counts.items()},
    }
    return Population(contract, redone, doubtful)


def _in_turn(work: Callable[[int], Batch], firsts: Sequence[int], threads: int | None) -> Iterator[Batch]:
    """Batches solved side by side and given in order; at most one waits for each thread, so that memory stays flat."""
    from ketascope.solver.native.engine import cores

    workers = threads or cores()
    waiting: deque[Future[Batch]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for first in firsts:
            waiting.append(pool.submit(work, first))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _run(setting: Setting, doses: Sequence[Dose], times: Sequence[float], checked: CheckedGrid) -> PatientRun:
    return run_patients(
        ketamine_doses(doses),
        setting.person,
        setting.sampling,
        setting.model.parameters,
        setting.normals,
        setting.until_h,
        times,
        threads=1,
        check=checked,
        only_wanted=True,
    )


def _courses(setting: Setting, run: PatientRun, doses: Sequence[Dose], times: np.ndarray) -> dict[str, np.ndarray]:
    """Values of each series, (times, patients)."""
    courses = {
        name: sum(run.at(channel, times) for channel in channels) * NG_PER_ML_PER_MG_PER_L
        for name, channels in CONCENTRATIONS.items()
    }
    courses |= {name: run.at(name, times) for name in STATES}
    states = state_course(setting, run, slice(0, setting.patients), doses, times)
    effects = dict(zip(RANDOM_EFFECTS, setting.normals.T, strict=True))
    scores = patient_scores(setting.indication, setting.model.parameters, setting.effects, states, effects)
    return courses | {"score": scores.T}


def _bands(counts: QuantileCounts) -> Mapping[str, list[float]]:
    low, median, high = counts.quantiles(QUANTILES)
    return {"median": median.tolist(), "low": low.tolist(), "high": high.tolist()}
