"""The one exception that a user can cause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

LONGEST_LINE = 600
LONGEST_WORD = 200
"""A longer word is no slip of the hand: nothing is offered for it, and comparing its letters would take long."""
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


def nearest(word: str, known: Iterable[str], *, count: int = 1, cutoff: float = 0.6) -> list[str]:
    """Those of `known` that are spelt most like a word, best first, as they stand there; case does not matter.

    cutoff: how like they must be, from 0 (anything) to 1 (the same letters).
    """
    if len(word) > LONGEST_WORD:
        return []
    import difflib  # here, since most commands end without a mistake

    as_written: dict[str, str] = {}
    for each in known:
        as_written.setdefault(each.casefold(), each)
    near = difflib.get_close_matches(word.casefold(), as_written, n=count, cutoff=cutoff)
    return [as_written[each] for each in near]


def did_you_mean(
    word: str,
    known: Iterable[str],
    *,
    cutoff: float = 0.6,
    stands_for: Mapping[str, str] | None = None,
    otherwise: str = ".",
) -> str:
    """What goes on after an unknown word: "; did you mean 'NAME'?", or `otherwise` where nothing known is like it.

    stands_for: the name to offer for each of `known`, where those are only ways to write it.
    """
    near = nearest(word, known, cutoff=cutoff)
    if not near:
        return otherwise
    return f"; did you mean '{near[0] if stands_for is None else stands_for[near[0]]}'?"


def unknown(kind: str, word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """The sentence that a name is unknown, with the nearest name that is known and all that are."""
    names = list(known)
    hint = did_you_mean(word, names, cutoff=cutoff)
    return f"{kind} '{word}' is unknown{hint} Known: {', '.join(names) or 'none'}"
