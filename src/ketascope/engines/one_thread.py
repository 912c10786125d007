"""A worker owns one core: libraries that start threads of their own would only get in each other's way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_COUNTS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "POLARS_MAX_THREADS")
_XLA = "--xla_cpu_multi_thread_eigen=false"


def one_thread_environment() -> dict[str, str]:
    """Environment variables of a worker; libraries read them when they are loaded, so they must be there before."""
    flags = os.environ.get("XLA_FLAGS", "")
    whole = flags if _XLA in flags.split() else f"{flags} {_XLA}".strip()
    return dict.fromkeys(_COUNTS, "1") | {"XLA_FLAGS": whole}


@contextmanager
def for_new_processes() -> Iterator[None]:
    """Processes that are started meanwhile begin with these variables; this one keeps its own."""
    wanted = one_thread_environment()
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
