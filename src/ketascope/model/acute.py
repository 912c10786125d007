"""Dissociation, blood pressure and sedation during a session. None of it feeds benefit (see `unblinding` for the one
that may).

    dissociation = E_route * f(Ce)/f(Ce_ref) * T_n,   f sigmoid (Olofsen 2022)
    T_n = T_inf + (1 - T_inf) exp(-(n - 1)/N)
    systolic rise = E_route * Ce/Ce_ref

Ce is S-ketamine at the effect site, Ce_ref its peak in the regimen of the trial that measured E_route. Of a drug that
holds no S-ketamine nothing was measured: its effects are not known, rather than none (`not_measured`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ketascope.files import packaged_toml
from ketascope.model.cascade import felt_effect
from ketascope.model.exposure import enantiomer_composition

if TYPE_CHECKING:
    import numpy as np

    from ketascope.model.parameter_store import ParameterSet
    from ketascope.regimen import Dose


FELT_ROWS = ("acute.dissociation_half_effect_ng_per_ml", "acute.dissociation_hill")


@lru_cache(maxsize=1)
def load_references() -> dict[str, Any]:
    """Reference regimens by effect and route."""
    return packaged_toml("model/acute_references.toml")


def not_measured(doses: Iterable[Dose]) -> tuple[str, ...]:
    """Drugs among these doses that hold ketamine but none of its S-form, in their order."""
    composition = enantiomer_composition()
    return tuple(dict.fromkeys(dose.drug for dose in doses if composition.get(dose.drug, (1.0, 0.0))[0] == 0.0))


@dataclass(frozen=True)
class Amplitude:
    """Peak size of one acute effect by one route and the effect-site peak (ng/mL) it was measured at."""

    row: str
    reference_peak_ng_per_ml: float
    borrowed_from: str | None


def amplitude(effect: str, route: str, sampling: str) -> Amplitude | None:
    """The amplitude of an effect by a route; None where neither the route nor another has one."""
    table = load_references()[effect]
    borrowed = None
    if route not in table:
        if "other" not in table:
            return None
        borrowed = table["other"]["borrowed_from"]
    reference = table[borrowed or route]
    return Amplitude(reference["row"], reference_peak(reference["sentence"], sampling), borrowed)


@lru_cache(maxsize=32)
def reference_peak(sentence: str, sampling: str) -> float:
    """Peak S-ketamine at the effect site (ng/mL) in the typical 70 kg patient of a reference regimen.

    Always by the default rows: a scenario about a patient does not change whom the trials measured.
    """
    import numpy as np

    from ketascope.model.exposure import typical_concentrations
    from ketascope.people import Person
    from ketascope.regimen import parse

    person = Person()
    times = np.linspace(0.0, 3.0, 721)
    doses = parse(sentence).doses(person.weight_kg)
    return float(typical_concentrations(doses, person, sampling, times)["s_effect_site"].max())


def session_numbers(session_starts_h: Sequence[float], times_h: np.ndarray) -> np.ndarray:
    """Which session (1, 2, ...) each time belongs to, shape (times,); 1 before the first."""
    import numpy as np

    starts = np.asarray(session_starts_h, dtype=float)
    return np.maximum(np.searchsorted(starts, np.asarray(times_h) + 1e-9, side="right"), 1)


def tolerance(session: np.ndarray, parameters: ParameterSet) -> np.ndarray:
    """Size of dissociation in session n relative to the first, shape as `session`."""
    import numpy as np

    floor = parameters.value("acute.dissociation_tolerance_floor")
    sessions = parameters.value("acute.dissociation_tolerance_sessions")
    return floor + (1.0 - floor) * np.exp(-(np.asarray(session) - 1.0) / sessions)


def dissociation_points(
    effect_site_ng_per_ml: np.ndarray,
    size: Amplitude,
    values: dict[str, np.ndarray],
    session: np.ndarray,
    parameters: ParameterSet,
) -> np.ndarray:
    """CADSS points, shape (times, patients). effect_site: (times, patients); values: individual, (patients,)."""
    typical = {name: parameters.value(name) for name in FELT_ROWS}
    at_reference = felt_effect(size.reference_peak_ng_per_ml, typical)
    shape = felt_effect(effect_site_ng_per_ml, values) / at_reference
    return values[size.row] * shape * tolerance(session, parameters)[:, None]


def systolic_rise_mmhg(effect_site_ng_per_ml: np.ndarray, size: Amplitude, values: dict[str, np.ndarray]) -> np.ndarray:
    """Rise of systolic pressure in mmHg, shape (times, patients)."""
    return values[size.row] * effect_site_ng_per_ml / size.reference_peak_ng_per_ml


def over_h(
    times_h: np.ndarray, effect: np.ndarray, session_start_h: float, fraction: float, floor: float
) -> np.ndarray:
    """Hours after the start of a session until an effect stays below `fraction` of its peak, (patients,).

    effect: (times, patients) over that session. An effect also counts as over below `floor`; one that never rises above
    it gives 0, one that is not over at the last time gives NaN. The crossing is interpolated linearly.
    """
    import numpy as np

    threshold = np.maximum(fraction * effect.max(axis=0), floor)
    above = effect >= threshold
    columns = np.arange(effect.shape[1])
    last = len(times_h) - 1 - np.argmax(above[::-1], axis=0)
    following = np.minimum(last + 1, len(times_h) - 1)
    high, low = effect[last, columns], effect[following, columns]
    step = np.where(high > low, (high - threshold) / np.where(high > low, high - low, 1.0), 0.0)
    crossing = times_h[last] + step * (times_h[following] - times_h[last]) - session_start_h
    return np.where(above.any(axis=0), np.where(last == len(times_h) - 1, np.nan, crossing), 0.0)
