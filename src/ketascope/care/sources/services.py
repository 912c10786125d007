"""The words that a question may use for services, payment, ages and languages, from data/services.toml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, cast, get_args

from ketascope.care.facility import ServiceKind
from ketascope.errors import InputError, did_you_mean
from ketascope.files import packaged_toml

Group = Literal["offers", "payment", "age-group", "language", "telehealth"]
GROUPS: tuple[Group, ...] = get_args(Group)


@dataclass(frozen=True)
class QueryWord:
    """One word of a question. `code` and `name` are SAMHSA's; `listed_by` are the sources that carry it.

    Where `listed_by` is empty no source can answer, and `reason` says why and where to ask instead.
    """

    key: str
    group: Group
    label: str
    code: str
    name: str
    listed_by: tuple[str, ...]
    reason: str
    kind: ServiceKind


def query_words(group: Group) -> dict[str, QueryWord]:
    """The words of a group by their key, in the order of the data file."""
    return {key: word for key, word in _words().items() if word.group == group}


def query_word(text: str, group: Group) -> QueryWord:
    """The word of this key; case and blanks or underscores for hyphens do not matter.

    Raises InputError that offers the nearest word and lists all of the group.
    """
    known = query_words(group)
    key = "-".join(text.lower().replace("_", " ").replace("-", " ").split())
    if key in known:
        return known[key]
    elsewhere = _words().get(key)
    # The beginning of a word is nearer than one that only looks alike: "ketamin" is no "esketamine".
    begins = [name for name in known if key and name.startswith(key)]
    hint = did_you_mean(key, begins or known, cutoff=0.0 if begins else 0.5)
    if elsewhere is not None:
        hint = f"; it belongs to {elsewhere.group}."
    raise InputError(f"unknown word '{text}' for {group}{hint} Known: {', '.join(known)}")


def kind_of_category(category: str) -> ServiceKind:
    """What an entry of this category of SAMHSA's code sheet says of a facility."""
    return cast(ServiceKind, _data()["kinds"].get(category.strip().upper(), "service"))


@cache
def _words() -> dict[str, QueryWord]:
    data = _data()
    return {
        key: QueryWord(
            key=key,
            group=entry["group"],
            label=entry["label"],
            code=entry["code"],
            name=entry["name"],
            listed_by=tuple(entry.get("listed_by", data["listed_by"]["default"])),
            reason=entry.get("reason", ""),
            kind=data["groups"][entry["group"]],
        )
        for key, entry in data["word"].items()
    }


@cache
def _data() -> dict[str, Any]:
    return packaged_toml("care/data/services.toml")
