"""A town as typed, with or without its state."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from ketascope.care.places.great_circle import distance_km
from ketascope.care.places.outlines import STATES, outlines
from ketascope.care.places.packaged import settings
from ketascope.care.places.placed import Place
from ketascope.care.places.postal import PostalZip
from ketascope.care.places.states import near_states, split_state, state_code, states
from ketascope.care.places.towns import Town, normal_name, town_candidates, towns_named
from ketascope.care.places.zip_points import ZipPoint, zip_point
from ketascope.errors import InputError

EXAMPLE = "'Princeton, NJ'"
_SHOWN = 6
_ABROAD = "only places in the United States can be searched from"


def town_place(text: str) -> Place:
    """The place of "town, state" or of a town whose name is in one state only.

    Raises InputError with the nearest candidates for a name that is not known, in several states, or abroad.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) > 1 and normal_name(parts[-1]) in _this_country():
        parts.pop()
    elif len(parts) == 1 and normal_name(parts[0].split()[-1]) in _this_country():
        parts = [" ".join(parts[0].split()[:-1]) or parts[0]]
    if len(parts) == 1 and normal_name(parts[0]) in _this_country():
        raise InputError(
            f"place '{text}': a country is too wide to search from; write a ZIP, or a town as in {EXAMPLE}"
        )
    if len(parts) > 2:
        raise InputError(f"place '{text}': write only the town and the state, as in {EXAMPLE}, or the ZIP")
    if len(parts) == 1:
        return _without_comma(text, parts[0])
    name, written_state = parts
    state = state_code(written_state)
    if not state:
        problem, near = _not_a_state(name, written_state)
        raise InputError(f"place '{text}': {problem}", candidates=near)
    return _in_state(text, name, state)


def _without_comma(text: str, words: str) -> Place:
    # No town of the post is named like another town followed by its state, so the state is looked for first.
    name, state = split_state(words)
    if state and towns_named(name, state):
        return _in_state(text, name, state)
    found = towns_named(words)
    own_state = state_code(words)
    if own_state:
        return _named_like_a_state(text, own_state, found)
    if len(found) > 1:
        raise InputError(f"place '{text}': {_which_state(found)}", candidates=_labels(found))
    if found:
        return _at(found[0])
    if state:
        return _in_state(text, name, state)
    endings = [" ".join(words.split()[-length:]) for length in (1, 2, 3)]
    if any(normal_name(ending) in _countries() for ending in endings):
        raise InputError(f"place '{text}': {_ABROAD}")
    near = town_candidates(words)
    raise InputError(f"place '{text}': no such town is known{_meant(near)}", candidates=near)


def _named_like_a_state(text: str, state: str, found: list[Town]) -> Place:
    # "New York" is meant as the town; "Nevada" cannot be meant as the one in Missouri without saying so.
    for town in found:
        if town.state == state:
            return _at(town)
    also = f", as one of {_shown(found)}" if found else f", as in {EXAMPLE}"
    problem = f"{STATES[state]} is too wide to search from; write a ZIP, or a town{also}"
    raise InputError(f"place '{text}': {problem}", candidates=_labels(found))


@functools.cache
def _countries() -> frozenset[str]:
    return frozenset(map(normal_name, settings()["elsewhere"]["countries"]))


@functools.cache
def _this_country() -> frozenset[str]:
    return frozenset(map(normal_name, settings()["elsewhere"]["this_country"]))


def _in_state(text: str, name: str, state: str) -> Place:
    if states()[state].kind == "military":
        raise InputError(
            f"place '{text}': {state} stands for post offices of the armed forces, which have no place on the map; "
            "write a ZIP or town"
        )
    if state not in outlines():
        raise InputError(f"place '{text}': no places in {STATES[state]} are known; write a ZIP or town elsewhere")
    found = towns_named(name, state)
    if found:
        return _at(found[0])
    elsewhere = [town.label for town in towns_named(name)[:3]]
    near = town_candidates(name, state) + elsewhere or town_candidates(text)
    raise InputError(f"place '{text}': no such town is known in {STATES[state]}{_meant(near)}", candidates=near)


def _not_a_state(name: str, written: str) -> tuple[str, list[str]]:
    """What is wrong, and the places that could be meant."""
    if normal_name(written) in _countries():
        return f"'{written}' is outside the United States; {_ABROAD}", []
    in_states = towns_named(name)
    hints = [town.label for town in in_states if town.state in near_states(written)] or [
        f"{name}, {code}" for code in near_states(written)
    ]
    hints = hints or _labels(in_states)
    if hints:
        return f"'{written}' is not a state; did you mean {'; '.join(hints)}?", hints
    return f"'{written}' is not a state; write its two letters or its name, as in {EXAMPLE}", []


def _which_state(found: list[Town]) -> str:
    return f"{len(found)} states have a town of that name; write the state, as one of {_shown(found)}"


def _shown(found: list[Town]) -> str:
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return "; ".join(_labels(found)) + more


def _labels(found: list[Town]) -> list[str]:
    return [town.label for town in found[:_SHOWN]]


def _meant(labels: list[str]) -> str:
    if not labels:
        return f"; check the spelling, write the state as in {EXAMPLE}, or the ZIP"
    return f"; did you mean {'; '.join(labels)}? A ZIP works too"


def _at(town: Town) -> Place:
    in_use = [entry for entry in town.zips if entry.active] or list(town.zips)
    standard = [entry for entry in in_use if entry.kind == "STANDARD"]
    for kind, entries in (("standard", standard), ("box or single-firm", in_use)):
        points = _points(entries)
        if points:
            latitude, longitude, middle = _middle(points)
            furthest = max(distance_km(latitude, longitude, at.latitude, at.longitude) for at in points.values())
            note = _note(kind, list(points), middle, furthest)
            return Place(town.label, round(latitude, 6), round(longitude, 6), town.state, "town", note)
    raise InputError(f"place '{town.label}': no usable point is known for its ZIPs; write a ZIP near it")


def _middle(points: Mapping[str, ZipPoint]) -> tuple[float, float, str]:
    """Latitude and longitude of the middle of a town's ZIPs, and the ZIP that is the middle one.

    The ZIP nearest to all others, not the mean: two of the ZIPs of Anchorage lie 400 km out. Of two, halfway.
    """
    if len(points) == 2:
        one, two = points.values()
        return (one.latitude + two.latitude) / 2, (one.longitude + two.longitude) / 2, ""

    def to_all(zip5: str) -> float:
        at = points[zip5]
        return sum(distance_km(at.latitude, at.longitude, to.latitude, to.longitude) for to in points.values())

    middle = min(points, key=to_all)
    return points[middle].latitude, points[middle].longitude, middle


def _points(entries: list[PostalZip]) -> dict[str, ZipPoint]:
    points = {entry.zip5: zip_point(entry.zip5, entry.state) for entry in entries}
    return {zip5: point for zip5, point in points.items() if point is not None}


def _note(kind: str, zips: list[str], middle: str, furthest_km: float) -> str:
    own = "a ZIP of your own is more exact"
    if len(zips) == 1:
        return f"point of its {kind} ZIP, {middle}; {own}"
    if middle:
        which = f"point of {middle}, the middle one of its {len(zips)} {kind} ZIPs; the furthest is"
    else:
        which = f"halfway between its two {kind} ZIPs, {' and '.join(zips)}; each is"
    return f"{which} {furthest_km:.0f} km away; {own}"
