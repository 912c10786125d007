"""Structures that the pooled model was chosen from: the full one, and it with one step left out or changed.

They are compared by what they predict of a study that they have not seen (`cross_validation.py`); the simplest that is
not beaten is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ketascope.evidence.pharmacokinetics.priors import Prior, fixed_values, priors

STEP_ROWS: Mapping[str, tuple[str, ...]] = {
    "arm": ("arm_transit_min", "arm_shunt_fraction"),
    "transit": ("transit_rate_per_h",),
}
"""Parameters that only an optional step reads."""
ENDLESS_FLOW_L_PER_H = 1e9
"""A liver that takes out nothing on the way in."""
NOTHING = 1e-3
"""A flow or fraction this small leaves the step without effect while the equations stay regular."""


@dataclass(frozen=True)
class Structure:
    """One candidate.

    without, adds: optional steps of the disposition; fixed: values that switch a step off by themselves; idle:
    parameters that then do nothing; instead: priors of parameters that mean something else here; lacks: what the model
    is needed for and could not do with this structure, so that it is shown and never chosen.
    """

    name: str
    question: str
    without: frozenset[str] = frozenset()
    adds: frozenset[str] = frozenset()
    fixed: Mapping[str, float] = field(default_factory=dict)
    instead: Mapping[str, Prior] = field(default_factory=dict)
    idle: tuple[str, ...] = ()
    lacks: str = ""

    def steps(self, available: frozenset[str]) -> frozenset[str]:
        """The optional steps that this structure keeps of those that a plasma has."""
        added = self.adds if "arm" in available else frozenset()
        return (available - self.without) | added

    def absent(self) -> set[str]:
        """Parameters of the steps that it leaves out."""
        return {name for step in self.without for name in STEP_ROWS[step]}

    def fixed_values(self) -> dict[str, float]:
        """Values of everything that is not estimated, by short name."""
        estimated = self.priors(priors())
        unused = {name: prior.median for name, prior in priors().items() if name not in estimated}
        return {**fixed_values(), **unused, **self.fixed}

    def priors(self, all_priors: Mapping[str, Prior]) -> dict[str, Prior]:
        """The priors of what it estimates."""
        out = self.absent() | set(self.idle) | set(self.fixed)
        kept = {name: prior for name, prior in all_priors.items() if name not in out}
        return {**kept, **{name: prior for name, prior in self.instead.items() if name in kept}}


FULL = Structure("full", "arm with a shunt, transit to norketamine, first pass tied to clearance")
_DELAY = replace(FULL, fixed={"arm_shunt_fraction": NOTHING})
_APART = Structure(
    "first pass apart",
    "does bioavailability vary apart from clearance, the same for S and R?",
    fixed={"liver_plasma_flow_l_per_h": ENDLESS_FLOW_L_PER_H},
    instead={"gut_survival_fraction": Prior("gut_survival_fraction", "logit-normal", 0.2, 0.5)},
    lacks="interactions and enantiomers need a gut wall and a liver",
)
CANDIDATES: tuple[Structure, ...] = (
    FULL,
    Structure("no arm", "is venous plasma the same as arterial?", without=frozenset({"arm"})),
    replace(_DELAY, name="arm as one delay", question="does all blood exchange with arm tissue?"),
    replace(
        _DELAY,
        name="arm as two delays",
        question="two arm compartments in series?",
        adds=frozenset({"second arm compartment"}),
    ),
    Structure("no transit", "does norketamine appear without delay?", without=frozenset({"transit"})),
    _APART,
    replace(_APART, name="no transit, first pass apart", question="both at once?", without=frozenset({"transit"})),
    Structure(
        "two-compartment ketamine",
        "is the slow peripheral compartment needed?",
        fixed={"slow_intercompartmental_clearance_l_per_h": NOTHING},
        idle=("slow_peripheral_volume_l",),
    ),
    Structure(
        "one-compartment norketamine",
        "does norketamine distribute?",
        fixed={"norketamine_intercompartmental_clearance_l_per_h": NOTHING},
        idle=("norketamine_peripheral_volume_l",),
    ),
)
