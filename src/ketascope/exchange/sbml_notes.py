"""Notes and names set into SBML text that Antimony wrote: XHTML, one list of facts for each element."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

if TYPE_CHECKING:
    from ketascope.exchange.model_text import Facts, Note

XHTML = "http://www.w3.org/1999/xhtml"
_ELEMENT = re.compile(r'^( *)<(parameter|species|compartment) id="([^"]+)"([^>]*?)/>$', re.MULTILINE)
_MODEL = re.compile(r"^( *)<model [^>]*>$", re.MULTILINE)


def annotated(sbml: str, notes: Mapping[str, Note], title: str, paragraphs: Sequence[str]) -> str:
    """The SBML with a note on each parameter, species and compartment, and the model's own title and paragraphs."""
    found: set[str] = set()

    def with_note(match: re.Match[str]) -> str:
        indent, tag, identifier, rest = match.groups()
        note = notes[identifier]
        found.add(identifier)
        body = _facts(note.facts)
        name = f" name={quoteattr(note.name)}" if note.name != identifier else ""
        return (
            f'{indent}<{tag} id="{identifier}"{name}{rest.rstrip()}>\n'
            f"{indent}  <notes>\n{indent}    {body}\n{indent}  </notes>\n{indent}</{tag}>"
        )

    text = _ELEMENT.sub(with_note, sbml)
    assert found == set(notes), sorted(set(notes) - found)
    head = _MODEL.search(text)
    assert head is not None
    opening = head[0].replace("<model ", f"<model name={quoteattr(title)} ", 1)
    body = f'<body xmlns="{XHTML}">' + "".join(f"<p>{escape(line)}</p>" for line in (title, *paragraphs)) + "</body>"
    note_lines = f"\n{head[1]}  <notes>\n{head[1]}    {body}\n{head[1]}  </notes>"
    return text[: head.start()] + opening + note_lines + text[head.end() :]


def _facts(facts: Facts) -> str:
    items = "".join(f"<li>{escape(heading)}: {escape(text)}</li>" for heading, text in facts.items())
    return f'<body xmlns="{XHTML}"><ul>{items}</ul></body>'
