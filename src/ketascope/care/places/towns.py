"""The towns that the post knows, by name however it is written."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from ketascope.care.places.outlines import outlines
from ketascope.care.places.packaged import settings
from ketascope.care.places.postal import PostalZip, postal_zips
from ketascope.care.places.zip_points import can_be_placed
from ketascope.errors import nearest

_CLOSE_ENOUGH = 0.75


@dataclass(frozen=True)
class Town:
    """A town of one state and the ZIPs that bear its name, first those whose main name it is."""

    name: str
    state: str
    zips: tuple[PostalZip, ...]

    @property
    def label(self) -> str:
        """The name with its state, as a person would write it."""
        return f"{self.name}, {self.state}"


def normal_name(text: str) -> str:
    """A name without case, accents, punctuation and spaces, its short forms written out ("St. Paul" -> "saintpaul")."""
    plain = text.casefold().replace("&", " and ")
    if not plain.isascii():
        plain = "".join(one for one in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(one))
    words: dict[str, str] = settings()["words"]
    # Apostrophes and spaces go last: the post writes O'Fallon as two words and De Soto as one or two.
    return "".join(words.get(word, word) for word in re.findall(r"[^\W_]+", plain))


@functools.cache
def towns(state: str = "") -> Mapping[str, Mapping[str, Town]]:
    """Normal name -> state -> town, of one state or of all; names without any placeable ZIP are left out."""
    main: dict[tuple[str, str], list[PostalZip]] = {}
    other: dict[tuple[str, str], list[PostalZip]] = {}
    spellings: dict[tuple[str, str], set[tuple[bool, str]]] = {}
    normal = functools.cache(normal_name)
    for entry in postal_zips(state):
        if entry.state not in outlines() or not can_be_placed(entry):
            continue
        for written, named in ((entry.city, main), *((name, other) for name in entry.other_names)):
            key = (normal(written), entry.state)
            named.setdefault(key, []).append(entry)
            spellings.setdefault(key, set()).add((named is main, written))
    found: dict[str, dict[str, Town]] = {}
    for key, written_forms in spellings.items():
        # The fullest spelling of a main name is the one to show: "Fort Lee" rather than "Ft Lee".
        _, name = max(written_forms, key=lambda form: (form[0], form[1].istitle(), len(form[1]), form[1]))
        found.setdefault(key[0], {})[key[1]] = Town(name, key[1], tuple(main.get(key) or other[key]))
    return found


def towns_named(text: str, state: str = "") -> list[Town]:
    """The towns of this name, in one state or in all, the one with most ZIPs first."""
    return _largest_first(list(towns(state).get(normal_name(text), {}).values()))


def _largest_first(found: list[Town]) -> list[Town]:
    return sorted(found, key=lambda town: (-len(town.zips), town.label))


def town_candidates(text: str, state: str | None = None, count: int = 5) -> list[str]:
    """Towns spelled most like `text`, best first and the larger first among equals, as "Princeton, NJ"."""
    known = towns(state or "")
    wanted = normal_name(text)
    # Names that differ much in length cannot be close, and comparing letters is what takes the time.
    likely = [name for name in known if abs(len(name) - len(wanted)) <= max(2, len(wanted) // 2)]
    shorter = [wanted.removesuffix(kind) for kind in settings()["kinds"] if wanted.endswith(kind)]
    close = [name for name in shorter if name in known]
    close += nearest(wanted, likely, count=count, cutoff=_CLOSE_ENOUGH)
    # The post's short forms ("Prt Washingtn") repeat a town that stands in the list under its name.
    found: dict[tuple[str, frozenset[str]], str] = {}
    for name in close:
        for town in _largest_first(list(known[name].values())):
            found.setdefault((town.state, frozenset(entry.zip5 for entry in town.zips)), town.label)
    return list(found.values())[:count]
