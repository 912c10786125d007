"""An audit as words: what the terminal and the page say alike about claims, gaps, quality and sources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from ketascope.files import packaged_toml
from ketascope.report.cleaning import clean, printable
from ketascope.report.format import counted

Document = Mapping[str, Any]
Row = Mapping[str, Any]

NOT_QUALITY_SCORE = (
    "In the manner of DISCERN, but not a DISCERN score: that takes a human reader. Quality is judged apart from truth; "
    "a well-made text can be wrong and a poor one right."
)
EXPIRED = "The rule behind this verdict has ended since it was set; check what holds now."
NOTHING_LEFT_OUT = "Every point of the checklist is mentioned in the text."
LEFT_OUT_LIMITS = "Looked for by its words: it may stand in the text in other words, and a mention may be a poor one."

_LONGEST_TITLE = 120


@cache
def words() -> Mapping[str, Any]:
    """The file of words around verdicts."""
    return packaged_toml("report/verdict_words.toml")


def heading(document: Document) -> str:
    """What was audited: the title of the text, or where it comes from."""
    title = clean(document["article"]["title"])
    if not title and not _is_input(document):
        title = origin_words(document)
    return f"Audit of {f'“{_shortened(title)}”' if title else 'a text'}"


def _is_input(document: Document) -> bool:
    return clean(document["article"]["origin"]) in ("-", "")


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_TITLE else f"{text[:_LONGEST_TITLE].rstrip()}…"


def origin_words(document: Document) -> str:
    """Where the text comes from: its address, or the name of its file without the folders of this machine."""
    if _is_input(document):
        return "standard input"
    origin = clean(document["article"]["origin"])
    return origin if re.match(r"https?://", origin) else re.split(r"[/\\]", origin)[-1]


def about_words(document: Document) -> str:
    """Origin, format and length of the text."""
    article = document["article"]
    parts = [origin_words(document), clean(article["format"]), counted(article["sentences"], "sentence")]
    return ", ".join(part for part in [*parts, counted(article["characters"], "character")] if part)


def in_order(document: Document) -> list[Row]:
    """The claims in the order of the text; the place in this list, from 1, is the number of a claim."""
    return sorted(document["claims"], key=lambda row: (row["start"], row["part_start"]))


def first_mentions(rows: Sequence[Row]) -> list[int | None]:
    """For each claim the number of an earlier row that says the same with the same result, None where it is new."""
    seen: dict[tuple[Any, ...], int] = {}
    found = []
    for number, row in enumerate(rows, 1):
        live = row["live"]["words"] if row["live"] else ""
        key = (row["claim_id"], row["verdict"], row["form"], row["drug"], row["corrected"], live)
        found.append(seen.get(key))
        seen.setdefault(key, number)
    return found


def quote_parts(row: Row) -> tuple[str, str, str]:
    """The sentence before the claim's part, that part, and what follows; the part is whole where it is not known."""
    sentence = str(row["sentence"])
    start = min(max(row["part_start"] - row["start"], 0), len(sentence))
    end = min(max(row["part_end"] - row["start"], 0), len(sentence))
    if not sentence[start:end].strip():
        start, end = 0, len(sentence)
    before, part, after = (
        re.sub(r"\s+", " ", printable(piece)) for piece in (sentence[:start], sentence[start:end], sentence[end:])
    )
    return before, part, after


def computed_label(live: Mapping[str, Any]) -> str:
    """What stands before the words of a live check."""
    return str(words()["live_kind"][live["kind"]]) if live["computed"] else "Not computed"


def computed_words(live: Mapping[str, Any]) -> str:
    """The words of a live check, with its reason where it found nothing."""
    said = clean(live["words"])
    return said if live["computed"] else sentence_case(said.removeprefix("cannot be computed:").strip())


def sentence_case(text: str) -> str:
    """The text with its first letter as a capital."""
    return text[:1].upper() + text[1:]


def sources_words(row: Row) -> str:
    """The sources of a claim by how far each was checked, and the day."""
    said = []
    for grade, how in words()["checked"].items():
        of_grade = [clean(source["text"]) for source in row["sources"] if source["checked"] == grade]
        if of_grade:
            said.append(f"Sources {how}: {'; '.join(of_grade)}.")
    return f"{' '.join(said) or 'No source.'} Checked {clean(row['date_checked'])}."


def checked_words(source: Mapping[str, str]) -> str:
    """How far a source was checked."""
    return str(words()["checked"][source["checked"]])


def certainty_words(row: Row) -> str:
    """How sure the corrected statement is, and what it rests on."""
    return f"certainty {clean(row['certainty'])}; rests on {words()['kind'][row['kind']]}"


def evidence_words(item: Mapping[str, Any]) -> str:
    """Words of the text that answer an item, without the halves of words at which they were cut."""
    said = clean(item["evidence"])
    if said.startswith("…") and " " in said:
        said = f"… {said.partition(' ')[2]}"
    if said.endswith("…") and " " in said.removeprefix("… "):
        said = f"{said.rpartition(' ')[0]} …"
    return said


def missing_items(document: Document) -> list[Mapping[str, Any]]:
    """What the article leaves out."""
    return [item for item in document["left_out"] if not item["covered"]]


def covered_items(document: Document) -> list[Mapping[str, Any]]:
    """What the article mentions."""
    return [item for item in document["left_out"] if item["covered"]]


def verdict_groups(rows: Sequence[Row]) -> list[tuple[str, list[int]]]:
    """Each verdict that was given, in the order of the words file, with the numbers of its claims."""
    groups = [(name, [n for n, row in enumerate(rows, 1) if row["verdict"] == name]) for name in words()["verdict"]]
    return [(name, numbers) for name, numbers in groups if numbers]


def spoken_summary(document: Document) -> list[str]:
    """The whole audit as sentences, for those who hear it or want it short."""
    rows = in_order(document)
    said = [clean(document["summary"]["words"])]
    for verdict, numbers in verdict_groups(rows):
        named = "; ".join(f"{number}, {clean(rows[number - 1]['statement']).rstrip('.')}" for number in numbers)
        said.append(f"{verdict.capitalize()}: {'claim' if len(numbers) == 1 else 'claims'} {named}.")
    missing = [clean(item["label"]) for item in missing_items(document)]
    if missing:
        said.append(f"Not found in the text: {'; '.join(missing)}.")
    met: dict[str, int] = {}
    for item in document["discern"]["items"]:
        met[item["met"]] = met.get(item["met"], 0) + 1
    if met:
        named = ", ".join(f"{met[answer]} {answer}" for answer in words()["met"] if answer in met)
        said.append(f"Quality apart from truth, {counted(sum(met.values()), 'question')}: {named}.")
    return said


def all_sources(rows: Iterable[Row]) -> list[tuple[Mapping[str, str], list[int]]]:
    """Every source once, in the order in which the claims name them, with the numbers of those claims."""
    found: dict[tuple[str, str], tuple[Mapping[str, str], list[int]]] = {}
    for number, row in enumerate(rows, 1):
        for source in row["sources"]:
            _, numbers = found.setdefault((clean(source["text"]), source["checked"]), (source, []))
            if number not in numbers:
                numbers.append(number)
    return list(found.values())
