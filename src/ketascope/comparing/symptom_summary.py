"""Symptoms of one option: change, difference from placebo, response, onset, and when the SSRI catches up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ketascope.comparing.flags import Flags
from ketascope.comparing.natural_frequency import number_needed_to_treat
from ketascope.comparing.quantity import Quantity, over_draws
from ketascope.model.symptoms import Effects, Indication, PopulationMeans, StateCourse, population_means

if TYPE_CHECKING:
    import numpy as np

    from ketascope.model.parameter_store import ParameterSet

HORIZONS_H: dict[str, float] = {"2h": 2.0, "24h": 24.0, "7d": 168.0, "28d": 672.0, "56d": 1344.0}
PERCENT = 100.0
ONSET_SHARE = 0.5  # onset: half of the largest mean difference from placebo (design, section 4)
CLEAR_SIGN_SHARE = (
    0.975  # of the draws in which the largest difference must favour the option for an onset to mean anything
)
NEVER_H = 1e12  # stands for a time that never comes; far beyond any horizon, and still finite for a percentile


@dataclass(frozen=True)
class OptionMeans:
    """Population means of an option, of placebo in the same trial, and of the SSRI, all at `times_h`; each (draws,
    times).
    """

    times_h: np.ndarray
    rated: np.ndarray
    option: PopulationMeans
    placebo: PopulationMeans
    ssri_change: np.ndarray


def option_means(
    indication: Indication,
    parameters: ParameterSet,
    effects: Effects,
    course: StateCourse,
    ssri_course: StateCourse,
    active: bool,
) -> OptionMeans:
    """All means that a row of the comparison needs. course and ssri_course share their times."""
    rated = rated_columns(course.times_h)
    option = population_means(indication, parameters, effects, course, active, rated)
    placebo = population_means(indication, parameters, effects, course, False, rated) if active else option
    ssri = population_means(indication, parameters, effects, ssri_course, True)
    return OptionMeans(course.times_h, rated, option, placebo, ssri.change)


def rated_columns(times_h: np.ndarray) -> np.ndarray:
    """The column of each reported horizon (the last one for horizons beyond the course)."""
    import numpy as np

    wanted = np.array(list(HORIZONS_H.values()))
    return np.minimum(np.searchsorted(times_h, wanted - 1e-7), len(times_h) - 1)


def empty_symptoms(indication: Indication) -> dict[str, Any]:
    """The `symptoms` part with every quantity null."""
    null = dict.fromkeys(HORIZONS_H)
    return {
        "scale": indication.scale_label,
        "onset_h": None,
        "ssri_catches_up_h": None,
        "change": dict(null),
        "versus_placebo": dict(null),
        "response_rate": dict(null),
        "response_on_placebo": dict(null),
        "response_versus_placebo": dict(null),
        "number_needed_to_treat": dict(null),
    }


def symptom_summary(
    indication: Indication, means: OptionMeans, until_h: float, is_ssri: bool, flags: Flags
) -> dict[str, Any]:
    """The `symptoms` part of an active option."""
    part = empty_symptoms(indication)
    difference = means.option.change - means.placebo.change
    for name, index in _shown_horizons(indication, until_h, flags).items():
        column = means.rated[index]
        part["change"][name] = over_draws(means.option.change[:, column])
        part["response_rate"][name] = over_draws(PERCENT * means.option.response[:, index])
        part["versus_placebo"][name] = over_draws(difference[:, column])
        part["response_on_placebo"][name] = over_draws(PERCENT * means.placebo.response[:, index])
        more = over_draws(PERCENT * (means.option.response - means.placebo.response)[:, index])
        part["response_versus_placebo"][name] = more
        part["number_needed_to_treat"][name] = number_needed_to_treat(more)
        if part["number_needed_to_treat"][name] is None:
            flags.add("too_few_more_respond")
    onset = onset_h(means.times_h, difference)
    part["onset_h"] = _onset(onset, indication, flags)
    if is_ssri:
        flags.add("is_the_ssri")
    else:
        part["ssri_catches_up_h"] = _catch_up(means, onset, until_h, flags)
    return part


def reference_summary(
    indication: Indication,
    times_h: np.ndarray,
    means: PopulationMeans,
    until_h: float,
    flags: Flags,
) -> dict[str, Any]:
    """The `symptoms` part of an option that is only a reference: change and response, no difference from itself."""
    part = empty_symptoms(indication)
    rated = rated_columns(times_h)
    for name, index in _shown_horizons(indication, until_h, flags).items():
        part["change"][name] = over_draws(means.change[:, rated[index]])
        part["response_rate"][name] = over_draws(PERCENT * means.response[:, index])
    flags.add("is_reference")
    return part


def _shown_horizons(indication: Indication, until_h: float, flags: Flags) -> dict[str, int]:
    """Horizons that have a value, with their position: within the simulated time and the scale's reach; flags name the
    others.
    """
    shown = {}
    for index, (name, time) in enumerate(HORIZONS_H.items()):
        if time > until_h + 1e-9:
            flags.add("beyond_horizon", horizon=f"{until_h / 24.0:g} d")
        elif time < indication.recall_window_h - 1e-9:
            flags.add("scale_recall_longer", scale=indication.scale_label)
        else:
            shown[name] = index
    return shown


def first_crossing_h(times_h: np.ndarray, reached: np.ndarray, signed: np.ndarray) -> np.ndarray:
    """First time at which `reached` holds, (draws,), by linear interpolation of `signed` (0 at the crossing); inf if
    never.
    """
    import numpy as np

    draws = np.arange(reached.shape[0])
    first = reached.argmax(axis=1)
    before = np.maximum(first - 1, 0)
    y0, y1 = signed[draws, before], signed[draws, first]
    step = np.where(y1 != y0, -y0 / np.where(y1 != y0, y1 - y0, 1.0), 1.0)
    at = times_h[before] + np.clip(step, 0.0, 1.0) * (times_h[first] - times_h[before])
    return np.where(reached.any(axis=1), np.where(first == 0, times_h[0], at), np.inf)


def onset_h(times_h: np.ndarray, difference: np.ndarray) -> np.ndarray:
    """Time at which the mean difference from placebo first reaches half its largest value, (draws,); inf if it never
    favours.
    """
    largest = difference.min(axis=1, keepdims=True)  # negative favours the option
    above = difference - ONSET_SHARE * largest
    return first_crossing_h(times_h, (above <= 0.0) & (largest < -1e-6), above)


def _onset(onset: np.ndarray, indication: Indication, flags: Flags) -> Quantity | None:
    import numpy as np

    if np.isfinite(onset).mean() < CLEAR_SIGN_SHARE:
        flags.add("onset_unclear")
        return None
    finite = onset[np.isfinite(onset)]
    quantity = over_draws(finite)
    if quantity["median"] < indication.recall_window_h:
        flags.add("onset_before_recall", scale=indication.scale_label)
        return None
    return quantity


def _catch_up(means: OptionMeans, onset: np.ndarray, until_h: float, flags: Flags) -> Quantity | None:
    import numpy as np

    behind = means.ssri_change - means.option.change  # positive while the SSRI lags
    after = means.times_h[None, :] >= np.where(np.isfinite(onset), onset, np.inf)[:, None]
    when = first_crossing_h(means.times_h, (behind <= 0.0) & after, behind)
    quantity = over_draws(np.where(np.isfinite(when), when, NEVER_H))
    if quantity["median"] > until_h:
        flags.add("no_catch_up")
        return None
    if quantity["high"] > until_h:
        flags.add("catch_up_censored")
    return {**quantity, "high": min(quantity["high"], until_h)}
