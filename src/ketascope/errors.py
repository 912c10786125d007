"""The one exception that a user can cause."""

from __future__ import annotations

from collections.abc import Sequence

LONGEST_LINE = 600
_CUT = " ... "
INSTALL_AGAIN = "install ketascope again"
"""What to do where a file of the package itself is damaged."""


class InputError(ValueError):
    """Something in the input is wrong.

    The message is one line that names the word, row or field at fault and says what would be right, whatever the input
    held: see `one_line`. The command line prints it and exits with code 2; it never becomes a traceback. `candidates`
    are whole values that could stand in the place of the wrong one, the likeliest first.
    """

    def __init__(self, message: str, *, candidates: Sequence[str] = ()) -> None:
        """Keep the line and what could have been meant."""
        super().__init__(one_line(message))
        self.candidates = tuple(candidates)


def one_line(text: str) -> str:
    """Text for one line of a terminal or a page.

    Line breaks, control and direction marks of what it echoes are replaced, since a terminal would obey them; of a very
    long text the beginning and the end stay, which say what is wrong and what would be right.
    """
    line = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
    if len(line) <= LONGEST_LINE:
        return line
    start = (LONGEST_LINE - len(_CUT)) // 2
    return line[:start] + _CUT + line[len(line) - (LONGEST_LINE - len(_CUT) - start) :]
