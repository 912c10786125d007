"""Flags: short codes with a one-line message, kept with the numbers they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ketascope.model.parameter_store import ParameterSet

MOST_NAMED = 4
# What differs between options is named, the rest is counted.
NAMED_FIRST = ("absorption.", "pooled.", "symptoms.", "trials.")
ASSUMED_GRADES = ("assumed", "not informed by trials")


@lru_cache(maxsize=1)
def flag_messages() -> Mapping[str, str]:
    """Every flag code with its message template (data/flags.toml)."""
    from ketascope.data import load

    return load("flags")


class Flags:
    """Flags of one option: each code once, with all its messages, in the order they were raised."""

    def __init__(self) -> None:
        self._messages: dict[str, list[str]] = {}

    def add(self, code: str, **fields: object) -> None:
        """Raise a flag; its message template is filled with `fields`."""
        message = flag_messages()[code].format(**fields)
        messages = self._messages.setdefault(code, [])
        if message not in messages:
            messages.append(message)

    def merge(self, other: Flags, lead: str) -> None:
        """Take over the flags of another part of the same row, each message after `lead`; a message stands once."""
        for code, messages in other._messages.items():
            own = self._messages.setdefault(code, [])
            own += [f"{lead}{message}" for message in messages if message not in own]

    def __contains__(self, code: object) -> bool:
        return code in self._messages

    def as_list(self) -> list[dict[str, str]]:
        """[{"code", "message"}, ...] for the JSON document."""
        return [{"code": code, "message": "; ".join(messages)} for code, messages in self._messages.items()]


def flag_assumed(parameters: ParameterSet, names: Iterable[str], flags: Flags) -> None:
    """Name the rows behind a number that were assumed rather than measured or estimated."""
    assumed = sorted({name for name in names if parameters[name].grade in ASSUMED_GRADES})
    if assumed:
        shown = [name for name in assumed if name.startswith(NAMED_FIRST)][:MOST_NAMED] or assumed[:MOST_NAMED]
        flags.add("assumed_parameters", count=len(assumed), rows=", ".join(shown))
