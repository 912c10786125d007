"""An audit as an HTML page that needs nothing but itself: the article with its claims marked, each beside its check."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ketascope.files import write_aside
from ketascope.report.audit_text import Paragraph, Piece, marked_text
from ketascope.report.audit_words import (
    EXPIRED,
    LEFT_OUT_LIMITS,
    NOT_QUALITY_SCORE,
    NOTHING_LEFT_OUT,
    Row,
    about_words,
    all_sources,
    checked_words,
    computed_label,
    computed_words,
    covered_items,
    evidence_words,
    first_mentions,
    heading,
    in_order,
    missing_items,
    quote_parts,
    sentence_case,
    spoken_summary,
    verdict_groups,
    words,
)
from ketascope.report.cleaning import clean, printable
from ketascope.report.layout import HELPLINE, NOT_ADVICE
from ketascope.report.pages import environment

Document = Mapping[str, Any]

_DOI = re.compile(r"\b10\.\d{4,9}/[\w.;()/:-]*\w", re.ASCII)


def audit_html(document: Document) -> str:
    """The page of an audit, for every width of screen and for paper; it holds no script and renders no mark-up."""
    return str(_template().render(**audit_context(document), **audit_looks()))


def audit_looks() -> dict[str, Any]:
    """What the style sheet of an audit takes: each verdict with its colours."""
    from ketascope.charts.style import load_style

    return {"looks": [{"kind": _kind(name), **look} for name, look in load_style()["verdicts"].items()]}


def audit_context(document: Document) -> dict[str, Any]:
    """What the templates of an audit take: every word of the page, with its cards and the marked text."""
    rows = in_order(document)
    earlier = first_mentions(rows)
    cards = {number: _card(row, number, earlier[number - 1]) for number, row in enumerate(rows, 1)}
    article = document["article"]
    marked = marked_text(article["text"], rows, document["not_assessed"], article["headings"])
    return {
        "heading": heading(document),
        "about": about_words(document),
        "summary": clean(document["summary"]["words"]),
        "in_words": spoken_summary(document),
        "flags": [sentence_case(clean(flag["message"])) for flag in document["flags"]],
        "missing_labels": [clean(item["label"]) for item in missing_items(document)],
        "groups": [_group(name, numbers) for name, numbers in verdict_groups(rows)],
        "blocks": _blocks(marked.paragraphs, cards),
        "unplaced": [cards[number] for number in marked.unplaced],
        "cards": cards,
        "verdicts": [{"name": name, "kind": _kind(name), **meaning} for name, meaning in words()["verdict"].items()],
        "not_assessed": [clean(row["sentence"]) for row in document["not_assessed"]],
        "not_assessed_words": words()["not_assessed"],
        "missing": [_item(item) for item in missing_items(document)],
        "covered": [_item(item) for item in covered_items(document)],
        "left_out_limits": LEFT_OUT_LIMITS,
        "nothing_left_out": NOTHING_LEFT_OUT,
        "quality": _quality(document),
        "quality_limits": [NOT_QUALITY_SCORE, clean(document["discern"]["words"])],
        "how": words()["how"]["points"],
        "sources": [{**_source(source), "claims": numbers} for source, numbers in all_sources(rows)],
        "expired": EXPIRED,
        "not_advice": NOT_ADVICE,
        "helpline": HELPLINE,
    }


def write_audit_html(path: str | os.PathLike[str], document: Document) -> Path:
    """Write the page; the file appears whole or not at all."""
    return write_aside(path, audit_html(document))


@cache
def _template() -> Any:
    return environment().get_template("audit.html")


def _kind(verdict: str) -> str:
    """The name of a verdict in the style of the page."""
    return verdict.replace(" ", "-")


def _group(verdict: str, numbers: Sequence[int]) -> dict[str, Any]:
    symbol = words()["verdict"][verdict]["symbol"]
    return {"name": verdict, "kind": _kind(verdict), "symbol": symbol, "numbers": list(numbers)}


def _card(row: Row, number: int, earlier: int | None) -> dict[str, Any]:
    """One claim as the words of its card."""
    live = row["live"]
    before, part, after = quote_parts(row)
    return {
        "number": number,
        "earlier": earlier,
        "verdict": clean(row["verdict"]),
        "kind": _kind(row["verdict"]),
        "symbol": words()["verdict"][row["verdict"]]["symbol"],
        "statement": clean(row["statement"]),
        "corrected": clean(row["corrected"]),
        "certainty": clean(row["certainty"]),
        "rests_on": words()["kind"][row["kind"]],
        "form": words()["form"][row["form"]],
        "before": before.lstrip(),
        "part": part,
        "after": after.rstrip(),
        "live": None if live is None else _live(live),
        "leaves_out": [clean(item) for item in row["leaves_out"]],
        "sources": [_source(source) for source in row["sources"]],
        "date_checked": clean(row["date_checked"]),
        "expired": row["expired"],
    }


def _live(live: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "label": computed_label(live),
        "words": computed_words(live),
        "source": clean(live["source"]),
        "computed": live["computed"],
    }


def _source(source: Mapping[str, str]) -> dict[str, str]:
    """A source cut where its digital object identifier begins and ends, so that a page can link to it."""
    text = clean(source["text"])
    found = _DOI.search(text)
    start, end = found.span() if found else (len(text), len(text))
    return {
        "before": text[:start],
        "doi": text[start:end],
        "after": text[end:],
        "checked": checked_words(source),
    }


def _item(item: Mapping[str, Any]) -> dict[str, str]:
    return {"label": sentence_case(clean(item["label"])), "why": clean(item["why"]), "evidence": evidence_words(item)}


def _quality(document: Document) -> list[tuple[str, list[dict[str, str]]]]:
    """Questions on quality by group, each group once."""
    groups: dict[str, list[dict[str, str]]] = {}
    for item in document["discern"]["items"]:
        said = {name: clean(item[name]) for name in ("label", "met", "limits")}
        said |= {"evidence": evidence_words(item), "symbol": words()["met"][item["met"]], "kind": _kind(item["met"])}
        groups.setdefault(clean(item["group"]), []).append(said)
    return list(groups.items())


def _blocks(paragraphs: Sequence[Paragraph], cards: Mapping[int, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The text in rows: paragraphs up to and with the next one that has claims, and the cards of those."""
    blocks: list[dict[str, Any]] = []
    waiting: list[dict[str, Any]] = []
    for paragraph in paragraphs:
        pieces = [_piece(piece, cards) for piece in paragraph.pieces]
        waiting.append({"pieces": pieces, "is_heading": paragraph.is_heading})
        if paragraph.claims:
            blocks.append({"paragraphs": waiting, "cards": [cards[number] for number in paragraph.claims]})
            waiting = []
    return [*blocks, {"paragraphs": waiting, "cards": []}] if waiting else blocks


def _piece(piece: Piece, cards: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    first = piece.claims[0] if piece.claims else None
    return {
        "text": printable(piece.text),
        "claim": None if first is None else cards[first],
        "is_ending": first in piece.ending,
        "others": [cards[number] for number in piece.ending if number != first],
        "in_claimed": piece.in_claimed,
        "in_unassessed": piece.in_unassessed,
        "ends_unassessed": piece.ends_unassessed,
    }
