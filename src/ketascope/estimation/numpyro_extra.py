"""The sampler of every fit is NumPyro's, which comes with an extra."""

from __future__ import annotations

import importlib.util

from ketascope.errors import InputError


def need_numpyro(purpose: str) -> None:
    """Raise InputError where NumPyro is not installed. purpose: what it is wanted for, as the user asked for it."""
    if importlib.util.find_spec("numpyro") is None:
        raise InputError(f"{purpose} needs NumPyro: install ketascope with its extra 'bayes'")
