"""The one exception that a user can cause."""

from __future__ import annotations

from collections.abc import Sequence


class InputError(ValueError):
    """Something in the input is wrong.

    The message is one line that names the word, row or field at fault and says what would be right.
    The command line prints it and exits with code 2; it never becomes a traceback. `candidates` are whole values that
    could stand in the place of the wrong one, the likeliest first.
    """

    def __init__(self, message: str, *, candidates: Sequence[str] = ()) -> None:
        """Keep the line and what could have been meant."""
        super().__init__(message)
        self.candidates = tuple(candidates)
