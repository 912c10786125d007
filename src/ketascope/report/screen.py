"""Where a report is printed: the terminal, or any other console that is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def screen(console: Console | None = None, **look: Any) -> Console:
    """The console that is given, or else the terminal's. look: settings of the terminal's, such as its width.

    Numbers keep the colour of the words around them.
    """
    from rich.console import Console

    return Console(highlight=False, **look) if console is None else console


def print_indented(console: Console, text: str) -> None:
    """Print a paragraph a little to the right."""
    from rich.padding import Padding
    from rich.text import Text

    console.print(Padding(Text(text), (0, 0, 0, 2), expand=False))
