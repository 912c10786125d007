"""How much is read, from the data file that says so."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ketascope.errors import InputError
from ketascope.files import packaged_toml


@lru_cache(maxsize=8)
def reading_data(name: str) -> dict[str, Any]:
    """One data file on reading, by its name without ending."""
    return packaged_toml(f"claims/data/{name}.toml")


def reading_limit(name: str) -> float:
    """The limit of that name, in the unit that its row states."""
    value: float = reading_data("reading_limits")[name]["value"]
    return value


def megabytes(count: float) -> str:
    """A number of bytes as people say it."""
    return f"{count / 1e6:.1f}".removesuffix(".0") + " MB"


def check_pieces(text: str, origin: str) -> None:
    """Raise InputError when `text` falls into more pieces than prose ever does."""
    most = int(reading_limit("pieces"))
    for mark, name in (("\n", "lines"), (".", "full stops"), ("!", "exclamation marks"), ("?", "question marks")):
        if text.count(mark) > most:
            raise InputError(
                f"{origin} has more than {most:,} {name}, far more than an article: give the part that matters"
            )


def shown(text: object, width: int = 120) -> str:
    """Something from outside as one short line that is safe to print: nothing in it can move the cursor."""
    line = "".join(character if character.isprintable() else "?" for character in str(text))
    return line if len(line) <= width else f"{line[: width - 3]}..."
