"""The one exception that a user can cause."""


class InputError(ValueError):
    """Something in the input is wrong.

    The message is one line that names the word, row or field at fault and says what would be right.
    The command line prints it and exits with code 2; it never becomes a traceback.
    """
