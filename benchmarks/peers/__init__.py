"""ketascope and the tools that its speed is compared with, each in the fairest set-up found, behind one interface."""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Peer:
    """A tool ready to solve the reference problem on one thread.

    prepare compiles; solve(count) gives ketamine (mg/L) and score at the output times: (200, 2, count).
    """

    key: str
    name: str
    version: str
    prepare: Callable[[], None]
    solve: Callable[[int], np.ndarray]
    absolute_tolerance: float
    most_people: int
    note: str


@dataclass(frozen=True)
class _Entry:
    label: str
    module: str
    suffix: str
    packages: tuple[str, ...]
    most_people: int
    note: str


# most_people: six solves of so many take well under a minute on one slow core.
_ENTRIES = {
    "ketascope": _Entry(
        "ketascope",
        "ketascope_native",
        "",
        ("llvmlite",),
        100_000,
        "six nodes a step, eight people in an instruction, the grid tuned by its own error estimate on other people",
    ),
    "numbalsoda": _Entry(
        "numbalsoda (LSODA, C++)",
        "numbalsoda_lsoda",
        "",
        ("numbalsoda", "numba"),
        1000,
        "one Numba-compiled loop over people and pieces, right-hand side a Numba C function",
    ),
    "libroadrunner": _Entry(
        "libRoadRunner (CVODE)",
        "libroadrunner_cvode",
        "",
        ("libroadrunner", "antimony"),
        1000,
        "BDF; compiled once, parameters set by index, a throw-away first instance; restarted at each input change",
    ),
    "scipy-compiled": _Entry(
        "SciPy (LSODA), right-hand side compiled",
        "scipy_lsoda",
        "_compiled",
        ("scipy", "numba"),
        100,
        "odeint, about three times as fast here as solve_ivp, which has Python in every step",
    ),
    "diffrax": _Entry(
        "diffrax (Tsit5)",
        "diffrax_tsit5",
        "",
        ("diffrax", "jax"),
        250,
        "explicit, so stability and not accuracy sets its steps; vmapped, steps clipped at input changes, forward only",
    ),
    "scipy": _Entry(
        "SciPy (LSODA)",
        "scipy_lsoda",
        "_plain",
        ("scipy",),
        50,
        "odeint with a right-hand side in plain Python floats, two to three times as fast here as solve_ivp",
    ),
}
NAMES = tuple(_ENTRIES)


def load(name: str) -> Peer:
    """The peer of that key of `NAMES`; ImportError or OSError where it is not installed or its library is broken."""
    entry = _ENTRIES[name]
    versions = []
    for package in entry.packages:
        importlib.import_module("roadrunner" if package == "libroadrunner" else package)
        versions.append(f"{package} {importlib.metadata.version(package)}")
    module = importlib.import_module(f"{__name__}.{entry.module}")
    return Peer(
        name,
        entry.label,
        ", ".join(versions),
        getattr(module, f"prepare{entry.suffix}"),
        getattr(module, f"solve{entry.suffix}"),
        module.ABSOLUTE,
        entry.most_people,
        entry.note,
    )


def available() -> tuple[dict[str, Peer], dict[str, str]]:
    """Every peer that can be imported here, and for each other one the reason why not."""
    found, missing = {}, {}
    for name in NAMES:
        try:
            found[name] = load(name)
        except (ImportError, OSError, AttributeError) as error:
            missing[name] = f"{type(error).__name__}: {error}"
    return found, missing
