"""The states, the district, the territories and the military post offices that a US address can name."""

from __future__ import annotations

import bisect
import functools
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from ketascope.care.places.packaged import table_rows
from ketascope.errors import nearest


@dataclass(frozen=True)
class State:
    """One code that can stand for the state in an address.

    `kind` is state, district, territory, associated (independent, served by the US post) or military;
    `fips` is the number of the Census Bureau, "" for the military codes.
    """

    code: str
    name: str
    fips: str
    kind: str


@functools.cache
def states() -> Mapping[str, State]:
    """Every state by its two-letter postal code."""
    return {row[0]: State(*row) for row in table_rows("states.csv")}


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in plain.casefold() if "a" <= letter <= "z")


@functools.cache
def _codes_by_letters() -> Mapping[str, str]:
    codes = {_letters(state.name): code for code, state in states().items()}
    # "Virgin Islands" is how most write the US ones.
    codes |= {name.removeprefix("us"): code for name, code in codes.items()}
    return codes | {code.casefold(): code for code in states()}


def state_code(text: str) -> str:
    """The postal code that a code or name stands for, however dotted or spaced ("N.J.", "new jersey"); "" if none."""
    return _codes_by_letters().get(_letters(text), "")


def split_state(words: str) -> tuple[str, str]:
    """The words before a state and its code, where `words` end in one ("Princeton New Jersey"); else no state."""
    split = words.replace(",", " ").split()
    # Longest ending first: "West Virginia" before "Virginia".
    for length in range(min(4, len(split) - 1), 0, -1):
        code = state_code(" ".join(split[-length:]))
        if code:
            return " ".join(split[:-length]), code
    return words, ""


def near_states(text: str) -> list[str]:
    """Codes of the states whose names are spelled most like `text`, best first."""
    names = {_letters(state.name): code for code, state in states().items() if state.kind != "military"}
    return [names[name] for name in nearest(_letters(text), names, count=3, cutoff=0.7)]


@functools.cache
def _zip_runs() -> tuple[list[str], list[str], list[str]]:
    first, last, codes = zip(*table_rows("zip_states.csv"), strict=True)
    return list(first), list(last), list(codes)


def zip_state(zip5: str) -> str:
    """The state that the post puts a ZIP in, or would by its neighbours in number; "" where it cannot be told."""
    first, last, codes = _zip_runs()
    run = bisect.bisect_right(first, zip5) - 1
    return codes[run] if run >= 0 and zip5 <= last[run] else ""
