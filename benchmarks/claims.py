"""The two matchers side by side on the labelled sentences: what they find, how they read it, how long they take.

    python benchmarks/claims.py [--split tune|test] [--page docs/claims-validation.md] [FILE.csv]

Precision, recall and F1 count pairs of sentence and claim. Form accuracy (stated, denied, hedged) and verdict accuracy
are over the pairs found. Times are set against tokenising the same sentences with syntok, so they are ratios.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from ketascope.claims.library import claims  # noqa: E402
from ketascope.claims.matching import Matcher, embedding_matcher, is_factual, rules_matcher  # noqa: E402
from ketascope.claims.verdicts import verdict_of  # noqa: E402
from ketascope.errors import InputError  # noqa: E402

LABELLED = ROOT / "tests" / "fixtures" / "labelled_sentences.csv"
SENTENCES = 1000
TITLES = {"test": "Put aside before any tuning", "tune": "Used for tuning"}
BEGIN, END = "<!-- measured -->", "<!-- /measured -->"


@dataclass
class Score:
    """What a matcher got right on labelled sentences."""

    found: int = 0
    false: int = 0
    missed: int = 0
    forms: int = 0
    verdicts: int = 0

    @property
    def precision(self) -> float:
        """Share of the given claims that are there."""
        return self.found / max(1, self.found + self.false)

    @property
    def recall(self) -> float:
        """Share of the claims that were given."""
        return self.found / max(1, self.found + self.missed)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.precision * self.recall / max(1e-9, self.precision + self.recall)

    @property
    def form_accuracy(self) -> float:
        """Share of the found claims read in the right form."""
        return self.forms / max(1, self.found)

    @property
    def verdict_accuracy(self) -> float:
        """Share of the found claims with the verdict that the right form has."""
        return self.verdicts / max(1, self.found)


def labels(row: dict[str, str]) -> dict[str, str]:
    """The claims of a labelled sentence with their forms."""
    pairs = ((row["claim_id"], row["form"]), (row["second_claim_id"], row["second_form"]))
    return {claim_id: form for claim_id, form in pairs if claim_id}


def score(matcher: Matcher, rows: Sequence[dict[str, str]]) -> Score:
    """A matcher held against the labels."""
    out, library = Score(), claims()
    for row in rows:
        right = labels(row)
        given = {match.claim_id: match for match in matcher.match(row["sentence"])}
        out.missed += len(right.keys() - given.keys())
        out.false += len(given.keys() - right.keys())
        for claim_id in right.keys() & given.keys():
            match, claim = given[claim_id], library[claim_id]
            out.found += 1
            out.forms += match.form == right[claim_id]
            wanted = verdict_of(claim, replace(match, form=right[claim_id]))  # type: ignore[arg-type]
            out.verdicts += verdict_of(claim, match) == wanted
    return out


def read_rows(path: Path, split: str | None = None) -> list[dict[str, str]]:
    """The labelled sentences of a file."""
    with path.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if split is None or row["split"] == split]


def time_of_tokenising(sentences: Sequence[str]) -> float:
    """Seconds that syntok needs."""
    from syntok.tokenizer import Tokenizer

    tokenizer = Tokenizer()
    start = time.perf_counter()
    for sentence in sentences:
        list(tokenizer.tokenize(sentence))
    return time.perf_counter() - start


@dataclass
class Measured:
    """A matcher on one part of the labelled sentences, with its times in seconds."""

    score: Score
    started_s: float
    took_s: float


def measured(make: Callable[[], Matcher], rows: Sequence[dict[str, str]], many: Sequence[str]) -> Measured:
    """What a matcher gets right, how long it takes to start and for `many` sentences."""
    start = time.perf_counter()
    matcher = make()
    matcher.match("Ketamine is safe.")
    started_s = time.perf_counter() - start
    got = score(matcher, rows)
    start = time.perf_counter()
    for sentence in many:
        matcher.match(sentence)
    return Measured(got, started_s, time.perf_counter() - start)


def check_the_model() -> None:
    """The vectors must do what they are for before anything is concluded from them."""
    from ketascope.claims.matching.encoder import Encoder

    sentences = [
        "Ketamine is approved for anxiety.",
        "The FDA has cleared ketamine for anxiety.",
        "The car park is full.",
    ]
    first, second, other = Encoder().encode(sentences)
    if not (abs(first @ first - 1.0) < 1e-5 and first @ second > 0.8 and abs(first @ other) < 0.2):
        raise SystemExit("the sentence vectors are wrong: like sentences do not lie beside each other")


def table(split: str, rows: Sequence[dict[str, str]]) -> list[str]:
    """Lines of a table in Markdown: the two matchers on one part."""
    many = list(islice(cycle([row["sentence"] for row in rows]), SENTENCES))
    tokenising_s = time_of_tokenising(many)
    claims_in = sum(len(labels(row)) for row in rows)
    lines = [
        f"{split}: {len(rows)} sentences, {claims_in} claims in them",
        "",
        f"| matcher | precision | recall | F1 | right form | right verdict | {SENTENCES:,} sentences | start-up |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, make in (("rules", rules_matcher), ("embeddings", embedding_matcher)):
        try:
            if name == "embeddings":
                check_the_model()
            got = measured(make, rows, many)
        except InputError as problem:
            lines.append(f"| {name} | {problem} | | | | | | |")
            continue
        right = got.score
        figures = (right.precision, right.recall, right.f1, right.form_accuracy, right.verdict_accuracy)
        times = f"{got.took_s / tokenising_s:.1f} times | {got.started_s / tokenising_s:.1f} times"
        lines.append(f"| {name} | {' | '.join(f'{figure:.3f}' for figure in figures)} | {times} |")
    right = sum(is_factual(row["sentence"]) == (row["factual"] == "yes") for row in rows)
    told = f"Told rightly whether a sentence states something of these medicines: {right} of {len(rows)}."
    return [*lines, "", f"Times are against tokenising the same sentences with syntok. {told}"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the tables of both parts, and with --page writes them into the page between its marks."""
    parser = argparse.ArgumentParser(description="The claim matchers on the labelled sentences.")
    parser.add_argument("file", nargs="?", type=Path, default=LABELLED)
    parser.add_argument("--split", choices=("tune", "test"), action="append")
    parser.add_argument("--page", type=Path)
    options = parser.parse_args(arguments)
    lines: list[str] = []
    for split in options.split or ("test", "tune"):
        lines += [*table(TITLES[split], read_rows(options.file, split)), ""]
    print("\n".join(lines))
    if options.page is not None:
        before, _, rest = options.page.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        options.page.write_text(f"{before}{BEGIN}\n{chr(10).join(lines)}{END}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
