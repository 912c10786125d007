"""The audit of an article: each claim that it makes beside the evidence and the model, and what it leaves out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ketascope._version import __version__
from ketascope.claims.article import Article, read_article
from ketascope.claims.library import (
    VERDICTS,
    Claim,
    LeftOutItem,
    QualityItem,
    claim,
    left_out_items,
    quality_answers,
    quality_items,
)
from ketascope.claims.matching import Match, Matcher, is_factual, rules_matcher
from ketascope.claims.matching.answers import statements
from ketascope.claims.matching.unsaid import befores, completed, on_ketamine, with_subject
from ketascope.claims.sentences import Sentence, split_sentences
from ketascope.claims.verdicts import verdict_of
from ketascope.errors import InputError
from ketascope.report.format import counted

if TYPE_CHECKING:
    from ketascope.claims.live import Bench, LiveResult

# (done, in all, what is worked on)
Progress = Callable[[int, int, str], None]


def audit(
    source: str | Path,
    *,
    content: bytes | None = None,
    live: bool = True,
    seed: int = 0,
    matcher: Matcher | None = None,
    bench: Bench | None = None,
    most_characters: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """A verdict on every claim of an article that the library knows, with live numbers, sources and corrections.

    source: a file or an http(s) address; with `content` it is only the name of those bytes. live=False leaves out what
    has to be computed; bench holds what earlier audits computed, with a seed of its own. most_characters: a longer text
    is refused before it is searched, which takes time in proportion. Returns the document of `audit --json`: claims
    with their place in the text, factual sentences that no claim of the library covers ("not_assessed"), what the
    article leaves out, and its quality apart from truth. Raises InputError for what cannot be read as an English text.
    """
    article = read_article(source, content=content)
    if most_characters is not None and len(article.text) > most_characters:
        raise InputError(
            f"{article.origin} holds {len(article.text):,} characters of text, more than the {most_characters:,} that "
            "are read here: give the part that matters"
        )
    sentences = split_sentences(article)
    found, unmatched = _found(article.text, sentences, matcher or rules_matcher())
    checks = _live_results(found, bench, seed, progress) if live else {}
    rows = [_row(sentence, match, checks.get(_question(match))) for sentence, match in found]
    return {
        "version": __version__,
        "article": {
            "title": article.title,
            "origin": article.origin,
            "format": article.format,
            "characters": len(article.text),
            "sentences": len(sentences),
            "text": article.text,
            "headings": [{"start": one.start, "end": one.end} for one in sentences if one.kind == "heading"],
        },
        "claims": rows,
        "not_assessed": [{"sentence": one.text, "start": one.start, "end": one.end} for one in unmatched],
        "left_out": [_left_out(item, article.text) for item in left_out_items()],
        "discern": {
            "items": [_quality(item, article.text) for item in quality_items()],
            "words": quality_answers()["limits"],
        },
        "summary": _summary(rows, unmatched),
        "flags": _flags(article, sentences, found),
    }


def _found(
    text: str, sentences: Sequence[Sentence], matcher: Matcher
) -> tuple[list[tuple[Sentence, Match]], list[Sentence]]:
    """Sentences with the claims found in them, and factual sentences in which none was found."""
    found: list[tuple[Sentence, Match]] = []
    unmatched: list[Sentence] = []
    asked = statements(sentences)
    answers: set[int] = set()
    for at, (sentence, before) in enumerate(zip(sentences, befores(text, sentences), strict=True)):
        if at in asked:
            # A question and its yes or no are one statement; it stands where the two of them stand.
            both = Sentence(
                text[sentence.start : sentences[at + 1].end], sentence.start, sentences[at + 1].end, "sentence"
            )
            spread = [replace(match, start=0, end=len(both.text)) for match in matcher.match(asked[at], before)]
            found += [(both, match) for match in spread]
            if spread:
                answers.add(at + 1)
            elif is_factual(asked[at], before):
                unmatched.append(both)
            continue
        # Headings are read too: most name a topic, but some assert ("Ketamine works for everyone").
        matches = () if at in answers else with_subject(matcher, sentence, before)
        found += [(sentence, match) for match in matches]
        whole = completed(sentence, before) or sentence.text
        if not matches and at not in answers and sentence.kind != "heading" and is_factual(whole, before):
            unmatched.append(sentence)
    return found, unmatched


def _question(match: Match) -> tuple[str, str, object]:
    """What a live check answers: the claim, for the drug and the figure that the sentence names."""
    return match.claim_id, match.drug, match.quantity


def _live_results(
    found: Sequence[tuple[Sentence, Match]], bench: Bench | None, seed: int, progress: Progress | None
) -> dict[tuple[str, str, object], LiveResult]:
    """What can be computed, once for each question, with one comparison and two simulations for all of them."""
    from ketascope.claims.live import Bench, live_check

    wanted = {_question(match): match for _, match in found if claim(match.claim_id).live}
    bench = bench or Bench(seed=seed)
    results = {}
    for number, (question, match) in enumerate(wanted.items()):
        known = claim(match.claim_id)
        if progress is not None:
            progress(number, len(wanted), known.live.replace("-", " "))
        results[question] = live_check(known.live, known, match, bench=bench)
    return results


def _row(sentence: Sentence, match: Match, live: LiveResult | None) -> dict[str, Any]:
    known = claim(match.claim_id)
    return {
        "claim_id": known.id,
        "verdict": verdict_of(known, match),
        "sentence": sentence.text,
        "start": sentence.start,
        "end": sentence.end,
        "part_start": sentence.start + match.start,
        "part_end": sentence.start + match.end,
        "form": match.form,
        "drug": match.drug,
        "statement": known.wording(match.form),
        "corrected": known.correction_of(match.form),
        "leaves_out": list(known.leaves_out),
        "certainty": known.certainty,
        "kind": known.kind,
        "live": None if live is None else _live(live),
        "sources": [{"text": one.text, "checked": one.checked} for one in known.sources],
        "date_checked": known.date_checked.isoformat(),
        "expired": known.expired_on(date.today()),
        "score": round(match.score, 3),
    }


def _live(result: LiveResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "words": result.words,
        "numbers": dict(result.numbers),
        "source": result.source,
        "kind": result.kind,
        "computed": result.computed,
    }


def _left_out(item: LeftOutItem, text: str) -> dict[str, Any]:
    matches = [match for pattern in item.patterns if (match := pattern.search(text)) is not None]
    covered = len(matches) >= item.needed
    return {
        "id": item.id,
        "label": item.label,
        "why": item.why,
        "covered": covered,
        "evidence": _around(text, matches[0]) if covered else "",
    }


def _quality(item: QualityItem, text: str) -> dict[str, Any]:
    """Signs counted; a sign against it takes a "yes" down to "partly" and leaves nothing of a "partly"."""
    matches = [match for pattern in item.signals if (match := pattern.search(text)) is not None]
    against = [match for pattern in item.against if (match := pattern.search(text)) is not None]
    grade = 2 if len(matches) >= item.needed else 1 if matches else 0
    if against:
        grade = max(0, grade - 1)
    shown = matches[0] if matches else against[0] if against else None
    return {
        "id": item.id,
        "group": item.group,
        "label": item.question,
        "met": ("no", "partly", "yes")[grade],
        "evidence": "" if shown is None else _around(text, shown),
        "limits": item.limits,
    }


def _around(text: str, match: re.Match[str], reach: int = 40) -> str:
    """The words found with some whole words around them, on one line."""
    before = text[max(0, match.start() - reach) : match.start()]
    after = text[match.end() : match.end() + reach]
    if match.start() > reach:
        before = "\N{HORIZONTAL ELLIPSIS}" + before.partition(" ")[2]
    if match.end() + reach < len(text):
        after = after.rpartition(" ")[0] + "\N{HORIZONTAL ELLIPSIS}"
    return " ".join(f"{before}{match[0]}{after}".split())


def _summary(rows: Sequence[Mapping[str, Any]], unmatched: Sequence[Sentence]) -> dict[str, Any]:
    counts = Counter(row["verdict"] for row in rows)
    named = [f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict]]
    if not rows:
        words = "No claim of the library was found. That does not make the text right: it may claim other things."
    else:
        words = f"{counted(len(rows), 'claim')} found: {', '.join(named)}."
    if unmatched:
        words += f" {counted(len(unmatched), 'more statement')} about these medicines could not be assessed."
    return {"counts": {verdict: counts[verdict] for verdict in VERDICTS}, "words": words}


def _flags(
    article: Article, sentences: Sequence[Sentence], found: Sequence[tuple[Sentence, Match]]
) -> list[dict[str, str]]:
    flags = [{"code": "reading", "message": note} for note in article.notes]
    if not on_ketamine(sentences):
        message = "the text names neither ketamine nor esketamine; what it leaves out is asked of texts on them"
        flags.append({"code": "subject", "message": message})
    today = date.today()
    ended: dict[str, Claim] = {
        match.claim_id: known for _, match in found if (known := claim(match.claim_id)).expired_on(today)
    }
    for known in ended.values():
        message = f"{known.id}: the rule behind this verdict ended on {known.expires}; check what holds now"
        flags.append({"code": "expired", "message": message})
    return flags


def audit_text(text: str, **choices: Any) -> dict[str, Any]:
    """As `audit`, for text at hand instead of a file."""
    if not isinstance(text, str):
        raise InputError("audit_text takes a text; for a file or an address use audit")
    return audit("text", content=text.encode("utf-8", "replace"), **choices)
