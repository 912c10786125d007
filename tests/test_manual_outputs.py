"""What pages show as printed output is what the program prints, and the model card holds today's figures."""

from __future__ import annotations

import re
from types import ModuleType

import pytest

from ketascope.contract import DOCUMENTS

PAGES = (
    "docs/functions.md",
    "docs/model-card.md",
    "docs/tutorials/psychiatrist.md",
    "docs/tutorials/considering-treatment.md",
    "docs/tutorials/trial-designer.md",
)
NUMBER = re.compile(r"(?<![\w.])[-+−]?\d+(?:[.,]\d+)*")


@pytest.mark.parametrize("name", [page for page in PAGES if page != "docs/model-card.md"])
def test_a_page_shows_what_is_printed_now(name: str, generate: ModuleType) -> None:
    assert name in generate.PAGES
    assert generate.is_fresh(name), f"{name} is out of date: run 'make generate'"


def test_the_model_card_holds_the_figures_of_the_ledger(generate: ModuleType, root) -> None:
    shown = (root / "docs/model-card.md").read_text(encoding="utf-8")
    wanted = generate.model_card()

    assert generate.structure(shown) == generate.structure(wanted), "run 'make generate'"
    old, new = ([float(text.replace(",", "").replace("−", "-")) for text in NUMBER.findall(t)] for t in (shown, wanted))
    assert len(old) == len(new) > 80
    # Processors differ in the last digits, and a last digit that is printed may follow.
    assert old == pytest.approx(new, rel=0.02, abs=0.011)


def test_every_generated_page_is_checked_somewhere(generate: ModuleType, root) -> None:
    schemas = {f"docs/schema/{name}.schema.json" for name in DOCUMENTS}  # each is a case in test_repository.py
    tests = [root / "tests" / name for name in ("test_repository.py", "test_docs_snippets.py")]
    elsewhere = "".join(path.read_text(encoding="utf-8") for path in tests)

    unchecked = {name for name in generate.PAGES if name not in PAGES and f'"{name}"' not in elsewhere}
    assert unchecked == schemas


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        (None, "a\nb\nc\nd\n"),
        ("1-2", "a\nb\n[...]\n"),
        ("2", "[...]\nb\n[...]\n"),
        ("1,3-9", "a\n[...]\nc\nd\n"),
        ("1-4", "a\nb\nc\nd\n"),
    ],
)
def test_lines_that_a_page_leaves_out_are_marked(wanted: str | None, shown: str, generate: ModuleType) -> None:
    assert generate.shown_lines("a\nb\nc\nd\n", wanted) == shown


def test_a_block_is_filled_with_its_own_output_only(generate: ModuleType) -> None:
    block = "<!-- printed -->\n```text\nold\n```\n<!-- /printed -->\n"
    text = f"```python\nx = 1\nprint(x)\n```\n\n{block}\n```text\nkept\n```\n"

    filled = generate.PRINTED_BLOCK.sub(lambda block: generate._filled(block, generate.printed(block["code"])), text)

    assert filled == text.replace("old\n", "1\n")
