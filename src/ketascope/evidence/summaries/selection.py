"""Which comparison of a trial counts: one a trial, at one time, on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ketascope.errors import InputError
from ketascope.evidence.pooling.effect_sizes import MD, SMD, Effect
from ketascope.evidence.summaries.choices import rules
from ketascope.evidence.summaries.effects import effect_of
from ketascope.evidence.summaries.entries import RECALL, Entry

PRIMARY = "primary"


@dataclass(frozen=True)
class Shown:
    """A trial in the document: its comparison, its effect, and whether it counts."""

    entry: Entry
    effect: Effect
    in_pooling: bool
    why_not: str


@dataclass(frozen=True)
class Measure:
    """On which scale effects are pooled, and why."""

    name: str
    reason: str


def in_window(entries: Sequence[Entry], window: str) -> list[Entry]:
    """Entries whose time lies in the window; all of them for the primary time."""
    if window == PRIMARY:
        return list(entries)
    span = rules()["window"][window]
    return [row for row in entries if row.time_h is not None and span["low_h"] <= row.time_h <= span["high_h"]]


def one_per_trial(entries: Sequence[Entry], window: str, measure: str) -> list[Shown]:
    """Each trial's comparison that counts, with its effect: the primary time where it has one, else the last time.

    Of several at that time: one on the trial's primary scale first, then the first in the table. A published pool of
    trials gives way where all its parts count by themselves.
    """
    by_trial: dict[str, list[Shown]] = {}
    for row in in_window(entries, window):
        effect = effect_of(row.label, row.figures, measure)
        if row.in_pooling and isinstance(effect, Effect):
            by_trial.setdefault(row.trial_key, []).append(Shown(row, effect, True, ""))
    chosen = {key: _best(rows, window) for key, rows in by_trial.items()}
    return _told_apart([row for row in chosen.values() if not _repeats(row, set(chosen))])


def _told_apart(rows: Sequence[Shown]) -> list[Shown]:
    """Effects named by author and year, with the study's own name where two would read alike."""
    labels = [row.entry.label for row in rows]
    return [
        row
        if labels.count(row.entry.label) == 1
        else replace(row, effect=replace(row.effect, name=f"{row.entry.label} ({row.entry.study})"))
        for row in rows
    ]


def _best(rows: Sequence[Shown], window: str) -> Shown:
    def order(row: Shown) -> tuple[bool, float, bool]:
        entry = row.entry
        at_primary = window == PRIMARY and entry.time_h is not None and entry.time_h == entry.primary_time_h
        on_primary = entry.scale.lower() in entry.primary_scale.lower()
        return at_primary, -1.0 if entry.time_h is None else entry.time_h, on_primary

    return max(rows, key=order)


def _repeats(row: Shown, keys: set[str]) -> bool:
    """Whether all trials that a published pool holds count by themselves."""
    return bool(row.entry.within) and set(row.entry.within) <= keys


def not_counted(entries: Sequence[Entry], counted: Sequence[Shown], window: str, measure: str) -> list[Shown]:
    """Trials outside the pool whose effect can be drawn all the same, one comparison each, with the reason."""
    keys = {row.entry.trial_key for row in counted}
    found: dict[str, Shown] = {}
    # A figure that was read comes before one from memory.
    for row in sorted(in_window(entries, window), key=lambda each: each.figures["verified"] == RECALL):
        effect = effect_of(row.label, row.figures, measure)
        if row.trial_key in keys or row.trial_key in found or not isinstance(effect, Effect):
            continue
        why = row.why_not or "its people stand in the pool as single trials"
        found[row.trial_key] = Shown(row, effect, False, why)
    return list(found.values())


def measure_for(entries: Sequence[Entry], window: str, default: str, forced: str | None) -> Measure:
    """The scale of the pool. Raw points only where every trial is on one instrument and none is a bound.

    Raises InputError where raw points are asked for and the trials are on several instruments.
    """
    if default != SMD:
        return Measure(forced or default, "counts of people who responded, on the log scale")
    raw, standard = one_per_trial(entries, window, MD), one_per_trial(entries, window, SMD)
    scales = list(dict.fromkeys(row.entry.scale for row in (*raw, *standard)))
    if forced == MD:
        _check_one_instrument(raw)
        return Measure(MD, f"raw {' and '.join(scales[:1])} points, as asked for")
    if forced == SMD:
        return Measure(SMD, "standardised, as asked for")
    has_bound = any(row.effect.is_bound for row in standard)
    if len(scales) == 1 and not has_bound and len(raw) >= len(standard):
        return Measure(MD, f"every trial is on {scales[0]}, so raw points are pooled")
    if has_bound and len(scales) < 2:
        return Measure(SMD, "standardised, as the bound of a null trial has no points")
    return Measure(SMD, f"standardised, as scales differ ({', '.join(scales)})" if scales else "no trial has figures")


def _check_one_instrument(raw: Sequence[Shown]) -> None:
    for row in raw[1:]:
        first = raw[0].entry
        if row.entry.scale != first.scale:
            raise InputError(
                f"measure 'md': {row.entry.label} is on {row.entry.scale} and {first.label} on {first.scale}; "
                "raw points are pooled on one scale only, use smd"
            )


def instrument(shown: Sequence[Shown], measure: str) -> list[Shown]:
    """The same with the scale of each effect named by its instrument where points are raw, so that none can mix."""
    if measure != MD:
        return list(shown)
    return [replace(row, effect=replace(row.effect, scale=f"{MD} of {row.entry.scale}")) for row in shown]
