"""What to ask, what to beware of and where to check, read from data/guide.toml; rules that end say so in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from ketascope.data import load
from ketascope.files import packaged_toml

# Where no state is known, the sentences still have to read well.
_ANY_STATE = "your state"


def guide(today: date | None = None) -> Mapping[str, Any]:
    """The guide as it reads on a day (default: the clock's date).

    Returns {"title", "as_of", "call_first", "emergency", "checked": {grade: meaning}, "sections": [{"id", "title",
    "items": [{"text", "source", "checked", "status_date", "until"}]}]}; `until` is the ISO date on which a rule ends,
    "" for a statement without an end. After that date the item carries the words that say so.
    """
    today = today or date.today()
    data = _data()
    return {
        **{key: data[key] for key in ("title", "as_of", "call_first", "emergency", "checked")},
        "sections": [
            {
                "id": section["id"],
                "title": section["title"],
                "items": [_item(item, today) for item in section["item"]],
            }
            for section in data["section"]
        ],
    }


def ended_rules(today: date | None = None) -> list[dict[str, str]]:
    """[{"code", "message"}], one for each rule of the guide whose last day is over; empty while all still hold."""
    today = today or date.today()
    return [
        {"code": "rule_ended", "message": _item(item, today)["text"]}
        for section in _data()["section"]
        for item in section["item"]
        if "until" in item and today > _last_day(item)
    ]


def checks(state: str) -> list[dict[str, str]]:
    """Where to check what no list can promise, for a state's two letters ("" where the state is not known).

    Each has "what", "how", "url" and "phone" ("" where there is none); the last one is where to find more places.
    """
    kinds = dict.fromkeys(entry["kind"] for entry in _data()["check"])
    return [check for kind in kinds for check in _checks_of_kind(kind, [state])]


def licence_checks(states: Sequence[str]) -> list[dict[str, str]]:
    """Where to check a licence in these states, as in `checks`; states without an entry of their own share one."""
    return _checks_of_kind("licence", states) if states else []


def state_name(state: str) -> str:
    """A state's name from its two letters; "your state" where they are empty, the letters where they are unknown."""
    from ketascope.care.places.outlines import STATES

    return str(STATES.get(state, state)) if state else _ANY_STATE


def _checks_of_kind(kind: str, states: Sequence[str]) -> list[dict[str, str]]:
    entries = [entry for entry in _data()["check"] if entry["kind"] == kind]
    with_own = [state for state in states if any(state in entry.get("states", ()) for entry in entries)]
    found = [
        _check(entry, state_name(state)) for state in with_own for entry in entries if state in entry.get("states", ())
    ]
    others = [state_name(state) for state in states if state not in with_own]
    if others:
        names = " or ".join([", ".join(others[:-1]), others[-1]] if len(others) > 1 else others)
        found += [_check(entry, names) for entry in entries if "states" not in entry]
    return found


def _check(entry: Mapping[str, str], state: str) -> dict[str, str]:
    return {
        "what": entry["what"].format(state=state),
        "how": entry["how"].format(state=state),
        "url": entry["url"],
        "phone": entry["phone"],
    }


@cache
def _data() -> dict[str, Any]:
    return packaged_toml("care/data/guide.toml")


def _item(item: Mapping[str, Any], today: date) -> dict[str, str]:
    words: dict[str, str] = _figures(item["figures"]) if "figures" in item else {}
    text, until = str(item["text"]), ""
    if "until" in item:
        last = _last_day(item)
        until = last.isoformat()
        words["until_words"] = f"{last.day} {last:%B %Y}"
        text = str(item["ended"]) if today > last else text
    # A text without figures may hold braces of its own.
    text = text.format(**words) if words else text
    return {"text": text, **{key: item[key] for key in ("source", "checked", "status_date")}, "until": until}


def _last_day(item: Mapping[str, Any]) -> date:
    return date.fromisoformat(load("practical")[item["until"]])


def _figures(row: str) -> dict[str, str]:
    """Prices of a session and of a course in US dollars, with thousands separators; courses to two digits."""
    facts = load("practical")["practical"][row]
    cost, sessions = facts["cost_usd"], facts["course_sessions"]
    low, high = cost["low"], cost["high"]
    sessions_low, sessions_high = (sessions.get(end, sessions["value"]) for end in ("low", "high"))
    return {
        "low": f"{low:,}",
        "high": f"{high:,}",
        "sessions_low": str(sessions_low),
        "sessions_high": str(sessions_high),
        "course_low": _rounded(low * sessions_low),
        "course_high": _rounded(high * sessions_high),
    }


def _rounded(amount: float) -> str:
    """Two significant digits: a product of ranges is no more exact than that."""
    return f"{int(float(f'{amount:.1e}')):,}"
