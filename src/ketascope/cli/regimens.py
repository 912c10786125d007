"""From dose sentences and event files on the command line to regimens, checked before any heavy work starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ketascope.errors import InputError

if TYPE_CHECKING:
    from ketascope.regimen import Regimen


def regimens_from(
    sentences: Sequence[str], events: str | None, weight_kg: float | None, until_h: float | None
) -> list[Regimen]:
    """Regimens in the order of the command line, the event file last. None means the default person and time.

    Raises InputError for a sentence, a file or a dose (some limits are per kg) that cannot be used; where there are
    several sentences the message says which one.
    """
    from ketascope.one_regimen import doses_in_time
    from ketascope.regimen import parse, read_events

    regimens = []
    for number, sentence in enumerate(sentences, start=1):
        try:
            regimen = parse(sentence)
            doses_in_time(regimen, weight_kg, until_h)
        except InputError as error:
            raise InputError(_which(sentences, number) + str(error)) from None
        regimens.append(regimen)
    if events is not None:
        regimen = read_events(events)
        try:
            doses_in_time(regimen, weight_kg, until_h)
        except InputError as error:
            raise InputError(f"{events}: {error}") from None
        regimens.append(regimen)
    return regimens


def _which(sentences: Sequence[str], number: int) -> str:
    if len(sentences) == 1:
        return ""
    # Without quotes the shell makes every word a sentence of its own.
    quotes = "" if any(" " in sentence for sentence in sentences) else " (a dose sentence needs quotes around it)"
    return f"sentence {number} of {len(sentences)}{quotes}: "
