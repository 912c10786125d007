"""What the simulator says of each arm's regimen: states at the rated times as functions of the uncertain constants.

Typical patient, default sampling site. Each state depends on two uncertain constants (D50 and a half-life), so it is
simulated once at Chebyshev nodes of the two and interpolated in the fit: exact enough, and free of the simulator's
cost. See Trefethen, Approximation Theory and Approximation Practice (2013), for the error of such interpolants.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ketascope.evidence.priors import Prior
from ketascope.model import placebo
from ketascope.model.occasions import given_on_site, occasion_starts
from ketascope.model.parameter_store import ParameterSet
from ketascope.people import Person, typical_normals
from ketascope.regimen import parse
from ketascope.simulation import run_patients

NODES = 11
LIMIT = 3.5
"""Prior SDs on either side that the surfaces cover; the fit truncates its priors there."""
SATURATION = "drive_half_saturation"
FAST_OFF = "fast_off_half_life_h"
STRUCTURE_OFF = "structure_off_half_life_d"


@dataclass(frozen=True)
class Surfaces:
    """States of one regimen at its rated times.

    fast, slow: (times, nodes of D50, nodes of the half-life); unblinding, visits: (times,).
    """

    times_h: tuple[float, ...]
    fast: np.ndarray
    slow: np.ndarray
    unblinding: np.ndarray
    visits: np.ndarray


def nodes() -> np.ndarray:
    """Chebyshev points of the first kind on [-LIMIT, LIMIT], (NODES,)."""
    return LIMIT * np.cos(np.pi * (np.arange(NODES) + 0.5) / NODES)


def weights_at(xp: Any, z: Any) -> Any:
    """Weights of the nodes in the interpolant at z, (NODES,): a cosine sum over T_k(x) = cos(k arccos x)."""
    k = np.arange(NODES)
    angles = np.pi * (k + 0.5) / NODES
    table = np.cos(np.outer(k, angles)) * np.where(k == 0, 1.0, 2.0)[:, None] / NODES
    return xp.cos(k * xp.arccos(z / LIMIT)) @ xp.asarray(table)


def surfaces(
    sentence: str,
    times_h: Sequence[float],
    parameters: ParameterSet,
    priors: Mapping[str, Prior],
    sampling: str,
    on_site: bool = False,
) -> Surfaces:
    """Simulate one regimen at every pair of nodes. times_h ascending, in h after the first dose.

    on_site: every dose is a visit; otherwise those are that the route's usual setting makes one.
    """
    person = Person()
    doses = parse(sentence).doses(person.weight_kg)
    first, second = (grid.ravel() for grid in np.meshgrid(nodes(), nodes(), indexing="ij"))
    draws = {
        f"trials.{SATURATION}": np.asarray(priors[SATURATION].at(np, first)),
        f"trials.{FAST_OFF}": np.asarray(priors[FAST_OFF].at(np, second)),
        f"trials.{STRUCTURE_OFF}": np.asarray(priors[STRUCTURE_OFF].at(np, second)),
    }
    until = max(24.0, times_h[-1])
    kept = tuple(dose for dose in doses if dose.time_h < until)
    run = run_patients(
        kept, person, sampling, parameters, typical_normals(len(first)), until, tuple(times_h), draws, check=False
    )
    at = np.asarray(times_h)
    shape = (len(times_h), NODES, NODES)
    attended = kept if on_site else given_on_site(kept)
    procedures = [time for time in occasion_starts(attended, parameters) if time < until]
    return Surfaces(
        times_h=tuple(times_h),
        fast=run.at("fast", at).reshape(shape),
        slow=run.at("plasticity", at).reshape(shape),
        unblinding=run.at("unblinding", at)[:, 0],
        visits=placebo.visit_lift(
            procedures,
            at,
            parameters.value("placebo.visit_half_life_h"),
            parameters.value("placebo.visit_rise_half_life_h"),
        ),
    )
