"""What an answer can be trusted to contain: complete for these states, or "cannot tell"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ketascope.care.places.outlines import simplified_by_km, states_within
from ketascope.care.sources.services import query_words

_PRIVATE_CLINICS = (
    "Directories list facilities that answered a survey; most private ketamine clinics are in none of them, "
    "so a place that is missing here may well exist."
)


def coverage(
    sources: Sequence[Mapping[str, Any]],
    *,
    state: str,
    latitude: float,
    longitude: float,
    radius_km: float | None,
    offered_codes: Sequence[str],
    unlisted: Sequence[str],
) -> dict[str, Any]:
    """Whether the sources of a store hold every listed place of the circle.

    `offered_codes`: of the wanted services; `unlisted`: why no source lists a wanted service, for each such service.
    radius_km None means that nothing was found to measure a circle by; the state of the place is then looked at.
    Returns {"answer": "complete" | "partial" | "cannot tell", "words", "unlisted_states"}.
    """
    if unlisted:
        said = " ".join(f"{why[0].upper()}{why[1:]}." for why in unlisted)
        words = f"{said} {_PRIVATE_CLINICS}"
        return {"answer": "cannot tell", "words": words, "unlisted_states": []}
    # A border drawn too far away must not hide a state that the circle reaches.
    touched = states_within(latitude, longitude, radius_km + simplified_by_km()) if radius_km is not None else []
    looked_at = sorted({*touched, *([state] if state else [])})
    missing = [name for name in looked_at if not _listed(sources, name, offered_codes)]
    what = "every listed place" if not offered_codes else "every listed place with this service"
    if not missing:
        words = f"The data holds {what} of {_and(looked_at)}. {_PRIVATE_CLINICS}"
        return {"answer": "complete", "words": words, "unlisted_states": []}
    held = "some places" if offered_codes else _held_elsewhere(sources)
    cannot = (
        f"The data holds only {held}, or nothing, of {_and(missing)}: "
        "whether there are nearer or other places cannot be told."
    )
    if (state in missing) or len(missing) == len(looked_at):
        answer = "cannot tell"
    else:
        answer = "partial"
        rest = [name for name in looked_at if name not in missing]
        cannot = f"The data holds {what} of {_and(rest)}. {cannot}"
    help_ = "`ketascope providers update` fetches newer and wider data."
    return {"answer": answer, "words": f"{cannot} {help_} {_PRIVATE_CLINICS}", "unlisted_states": missing}


def _listed(sources: Sequence[Mapping[str, Any]], state: str, offered_codes: Sequence[str]) -> bool:
    """True where some source holds all its places of the state, or all that offer the wanted services anywhere."""
    for source in sources:
        if source["complete_states"] is not None and state in source["complete_states"]:
            return True
        everywhere = set(source["complete_services"])
        if offered_codes and set(offered_codes) <= everywhere:
            return True
    return False


def _held_elsewhere(sources: Sequence[Mapping[str, Any]]) -> str:
    """What may be there of a state that no source holds whole."""
    if not all(source["complete_services"] for source in sources):
        return "some places"
    codes = {code for source in sources for code in source["complete_services"]}
    labels = [word.label[:1].lower() + word.label[1:] for word in query_words("offers").values() if word.code in codes]
    return f"places that list {' or '.join(labels)}"


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
