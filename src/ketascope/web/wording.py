"""Sentences of the library as a page says them: links in place of commands, words in place of names of rows."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from ketascope.files import packaged_toml

if TYPE_CHECKING:
    from markupsafe import Markup


@cache
def _phrases() -> dict[str, dict[str, str]]:
    return {phrase["said"]: phrase for phrase in packaged_toml("web/wording.toml")["phrase"]}


@cache
def _known() -> re.Pattern[str]:
    """Finds what a page says in other words: phrases and names of parameter rows."""
    from ketascope.model.parameter_store import load_parameters

    names = "|".join(re.escape(name) for name in sorted(load_parameters(), key=len, reverse=True))
    phrases = "|".join(re.escape(said) for said in _phrases())
    return re.compile(rf"{phrases}|(?<![\w.])(?:{names})(?![\w.])")


def for_page(message: str) -> Markup:
    """A sentence of the library, escaped, with its commands and names of rows as links."""
    from markupsafe import Markup, escape

    done, parts = 0, []
    for found in _known().finditer(message):
        parts += [escape(message[done : found.start()]), _in_words(found[0])]
        done = found.end()
    return Markup("").join([*parts, escape(message[done:])])


def _in_words(said: str) -> Markup:
    from markupsafe import Markup, escape

    from ketascope.report.parameter_table import label

    phrase = _phrases().get(said)
    if phrase is None:
        return Markup('<a href="/parameters#{}">{}</a>').format(said, label(said))
    if "link" in phrase:
        return Markup('<a href="{}">{}</a>').format(phrase["link"], phrase["page"])
    return escape(phrase["page"])
