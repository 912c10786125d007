"""The sensitivity set: the pooled effect again with other studies, estimators and tests, always shown together.

The set follows the default output of metapsyTools (Harrer et al.), with the bound of a null trial added.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ketascope.errors import InputError
from ketascope.evidence.pooling.cumulative import Row, leave_one_out, row_of, unpooled
from ketascope.evidence.pooling.effect_sizes import Effect
from ketascope.evidence.pooling.heterogeneity import ESTIMATORS
from ketascope.evidence.pooling.influence import influence, outliers
from ketascope.evidence.pooling.inputs import TOO_FEW
from ketascope.evidence.pooling.models import DEFAULT_ESTIMATOR, DEFAULT_TEST, TESTS, check_one_scale, pool_effects
from ketascope.evidence.pooling.multi_arm import average_contrasts

LOW_RISK = "low"


@dataclass(frozen=True)
class Candidate:
    """One row that could be pooled: its effect, the trial that it belongs to, and that trial's risk of bias."""

    effect: Effect
    trial_key: str
    risk_of_bias: str = "not stated"


def one_per_trial(candidates: Sequence[Candidate], choose: Callable[[Sequence[Effect]], Effect]) -> list[Candidate]:
    """Each trial once, in order of first appearance; `choose` makes one effect of a trial's several."""
    trials: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        trials.setdefault(candidate.trial_key, []).append(candidate)
    return [replace(rows[0], effect=choose([row.effect for row in rows])) for rows in trials.values()]


def _mean(effects: Sequence[Effect]) -> Effect:
    return average_contrasts(effects, effects[0].name)


def _smallest(effects: Sequence[Effect]) -> Effect:
    return min(effects, key=lambda effect: abs(effect.estimate))


def _largest(effects: Sequence[Effect]) -> Effect:
    return max(effects, key=lambda effect: abs(effect.estimate))


def sensitivity_set(
    candidates: Sequence[Candidate],
    *,
    estimator: str = DEFAULT_ESTIMATOR,
    test: str = DEFAULT_TEST,
    level: float = 0.95,
) -> tuple[Row, ...]:
    """Named rows, the main analysis first; a row that cannot be pooled has no numbers and says why.

    The main analysis takes each trial once: several rows of one trial are averaged as correlated contrasts. Then: the
    smallest and the largest row of each trial instead (only where there are several), outliers out, influential
    studies out, low risk of bias only, every other estimator and test, without the bound of a null trial (only where
    there is one), and the lowest and highest result with one study left out.

    Raises InputError for fewer than two trials, mixed scales and unknown options.
    """
    check_one_scale([candidate.effect for candidate in candidates])
    trials = one_per_trial(candidates, _mean)
    if len(trials) < 2:
        raise InputError(TOO_FEW)

    def line(name: str, rows: Sequence[Candidate], note: str = "", estimator: str = estimator, test: str = test) -> Row:
        if len(rows) < 2:
            return unpooled(name, len(rows), f"{note}: {TOO_FEW}")
        pooled = pool_effects([row.effect for row in rows], estimator=estimator, test=test, level=level)
        return row_of(name, pooled, "; ".join(text for text in (note, pooled.message) if text))

    rows = [line("main", trials)]
    if len(trials) < len(candidates):
        rows.append(line("one row a trial: smallest effect", one_per_trial(candidates, _smallest)))
        rows.append(line("one row a trial: largest effect", one_per_trial(candidates, _largest)))
    for name, dropped in _dropped(trials, estimator, test, level):
        kept = [row for i, row in enumerate(trials) if i not in dropped]
        without = ", ".join(trials[i].effect.name for i in dropped)
        rows.append(line(name, kept, f"without {without}" if dropped else "none found"))
    low = [row for row in trials if row.risk_of_bias == LOW_RISK]
    rows.append(line("low risk of bias only", low, f"{len(low)} of {len(trials)} trials"))
    for other in ESTIMATORS:
        if other != estimator:
            # Knapp-Hartung has no meaning where the effects are taken to be one and the same.
            rows.append(line(f"estimator {other}", trials, estimator=other, test="z" if other == "FE" else test))
    rows += [line(f"test {other}", trials, test=other) for other in TESTS if other != test]
    measured = [row for row in trials if not row.effect.is_bound]
    if len(measured) < len(trials):
        bounds = ", ".join(row.effect.name for row in trials if row.effect.is_bound)
        rows.append(line("without the bound", measured, f"without {bounds}"))
    return tuple(rows + _left_out(trials, estimator, test, level))


def _arrays(trials: Sequence[Candidate]) -> tuple[list[float], list[float], list[str]]:
    effects = [row.effect for row in trials]
    return (
        [effect.estimate for effect in effects],
        [effect.variance for effect in effects],
        [effect.name for effect in effects],
    )


def _dropped(trials: Sequence[Candidate], estimator: str, test: str, level: float) -> list[tuple[str, tuple[int, ...]]]:
    """Places of outlying and of influential studies; diagnostics need three studies."""
    estimates, variances, names = _arrays(trials)
    pooled = pool_effects([row.effect for row in trials], estimator=estimator, test=test, level=level)
    moving: tuple[int, ...] = ()
    if len(trials) > 2:
        found = influence(estimates, variances, estimator=estimator, names=names)
        moving = tuple(i for i, each in enumerate(found) if each.influential)
    apart = outliers(estimates, variances, pooled, level=level)
    return [("outliers removed", apart), ("influential studies removed", moving)]


def _left_out(trials: Sequence[Candidate], estimator: str, test: str, level: float) -> list[Row]:
    names = ("leave one out: lowest", "leave one out: highest")
    if len(trials) < 3:
        return [unpooled(name, len(trials) - 1, "needs at least three trials") for name in names]
    estimates, variances, labels = _arrays(trials)
    found = leave_one_out(estimates, variances, estimator=estimator, test=test, level=level, names=labels)
    ordered = sorted(found, key=lambda row: row.estimate or 0.0)
    return [
        replace(row, name=name, note=f"without {row.name}")
        for name, row in zip(names, (ordered[0], ordered[-1]), strict=True)
    ]
