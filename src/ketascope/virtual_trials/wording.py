"""Sentences that say in plain words what a summary of simulated trials found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ketascope.report.format import plain, signed


def sentences(document: Mapping[str, Any]) -> list[str]:
    """Sentences for a report from the document of `summary.summarise`: every method's main figure, then cautions."""
    found = []
    for method in document["methods"]:
        if not method["contrasts"]:
            found.append(f"No replicate was analysed by {method['label']}.")
        for contrast in method["contrasts"]:
            found += _contrast(document, method, contrast)
        if len(method["contrasts"]) > 1:
            found.append(
                f"{method['label']}, any arm after Holm's correction: {_percent(method['any_arm'])} of trials."
            )
    return found


def _contrast(document: Mapping[str, Any], method: Mapping[str, Any], row: Mapping[str, Any]) -> list[str]:
    replicates = method["replicates"]
    what = {
        "assurance": f"found {row['arm']} significantly better than {row['control']}",
        "power": f"found {row['arm']} significantly better than {row['control']}",
        "type I error": f"found a difference between {row['arm']} and {row['control']} where there is none",
    }[document["quantity"]]
    found = [
        f"{_sentence(document['quantity'])} by {method['label']}: {_percent(row['success'])} of {replicates:,} "
        f"simulated trials {what}."
    ]
    share = method["unit"] != "points"
    size, unit = (100.0, "percentage points of responders") if share else (1.0, f"{document['scale_label']} points")
    effect, ends = row["expected_effect"], row["predictive_interval"]
    if effect["value"] is not None:
        found.append(
            f"A trial is expected to show a difference of {plain(size * effect['value'], 1)} {unit}; 95 in 100 trials "
            f"lie between {plain(size * ends['low']['value'], 1)} and {plain(size * ends['high']['value'], 1)}, from "
            f"{_sources_of_spread(row['spread'], size)}."
        )
    bias = row["bias"]
    if bias["low"] is not None and not bias["low"] <= 0.0 <= bias["high"]:
        value, low, high = (signed(size * bias[name], 2) for name in ("value", "low", "high"))
        by = f"{value} {unit} ({low} to {high})"
        # Another estimand is no error: the word is kept for a reference that is the same.
        found.append(
            f"Its estimate is off by {by} against complete data of all people planned."
            if bias["note"] is None
            else f"Its estimate differs by {by} from complete data of all people planned: {bias['note']}."
        )
    failed = sum(entry["count"] for entry in row["failures"].values())
    if failed:
        why = ", ".join(f"{name} {entry['count']}" for name, entry in row["failures"].items() if entry["count"])
        found.append(f"{failed:,} of {replicates:,} replicates have no estimate ({why}) and count as not significant.")
    return found


def _sources_of_spread(spread: Mapping[str, Any], size: float) -> str:
    """What makes trials differ, each with the standard deviation that it brings to the estimate."""
    people, parameters = spread["from_people"]["value"], spread["from_parameters"]
    found = "who takes part" + ("" if people is None else f" (SD {plain(size * people, 1)})")
    if parameters is not None:
        found += " and what the model does not know"
        found += "" if parameters["value"] is None else f" (SD {plain(size * parameters['value'], 1)})"
    return found


def _percent(figure: Mapping[str, Any]) -> str:
    """A share with its Monte-Carlo interval, in percent."""
    return (
        f"{plain(100.0 * figure['value'], 1)}% (Monte-Carlo interval {plain(100.0 * figure['low'], 1)} to "
        f"{plain(100.0 * figure['high'], 1)}%)"
    )


def plan_sentences(document: Mapping[str, Any]) -> list[str]:
    """Sentences for a report, from the document of `planning.plan`."""
    target = f"{document['quantity']} of {100.0 * document['target']:g}%"
    answer, top = document["answer"], document["at_most"]
    if document["reached"]:
        high = f"{answer['high']:,}" if answer["high"] is not None else f"more than {document['people_tried']:,}"
        found = [
            f"{answer['value']:,} people in all arms together give {target} or more "
            f"(Monte-Carlo interval {answer['low']:,} to {high})."
        ]
        if answer["value"] <= document["curve"][0]["people"]:
            found.append("That is the smallest size tried; fewer may do.")
        return found + _by_formula(document)
    found = [
        f"{_sentence(target)} is not reached with {top['people']:,} people, the most that were tried: there it is "
        f"{_percent(top)}."
    ]
    ceiling = document["ceiling"]
    if ceiling is not None:
        found.append(
            f"However many people take part, it stays below about {_percent(ceiling)}, because the model does not rule "
            "out that the arm is no better."
        )
    return found + _by_formula(document)


def _by_formula(document: Mapping[str, Any]) -> list[str]:
    """What the usual formula says, with what it takes for certain; nothing where it does not apply."""
    formula = document["formula"]
    if formula is None:
        return []
    return [
        f"A formula that takes the mean effect of these trials for certain ({plain(formula['difference'], 1)} points "
        f"better, SD {plain(formula['standard_deviation'], 1)}, correlation with the baseline "
        f"{plain(formula['correlation'], 2)}, {plain(100.0 * formula['analysed_share'], 0)}% of people analysed) gives "
        f"{formula['people']:,} people for a power of {100.0 * document['target']:g}%."
    ]


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:]
