"""Individual disposition from individual parameter values, for one plasma (a sampling site and a parameter set)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ketascope.model.pharmacokinetics import (
    Arm,
    Array,
    Depots,
    Disposition,
    Hydroxynorketamine,
    both_enantiomers,
    diagonalise,
)
from ketascope.model.plasma import Plasma
from ketascope.solver.linear import Modes

MINUTES_PER_H = 60.0


def steps_of(names: Mapping[str, Any], plasma: Plasma) -> frozenset[str]:
    """Optional steps of this plasma's model: "transit", "arm", "hydroxynorketamine"; a set has what it has rows for."""
    rows = {
        "transit": "transit_rate_per_h",
        "arm": "arm_transit_min",
        "hydroxynorketamine": "hydroxynorketamine_volume_l",
    }
    present = {step for step, row in rows.items() if f"{plasma.parameters}.{row}" in names}
    return frozenset(present - {"arm"} if plasma.site == "arterial" else present)


DISPOSITION_ROWS: tuple[str, ...] = (
    "central_volume_l",
    "clearance_s_ketamine_l_per_h",
    "clearance_ratio_r_to_s",
    "fast_peripheral_volume_l",
    "fast_intercompartmental_clearance_l_per_h",
    "slow_peripheral_volume_l",
    "slow_intercompartmental_clearance_l_per_h",
    "norketamine_fraction_formed",
    "norketamine_mass_per_ketamine_mass",
    "norketamine_central_volume_l",
    "clearance_s_norketamine_l_per_h",
    "norketamine_clearance_ratio_r_to_s",
    "norketamine_peripheral_volume_l",
    "norketamine_intercompartmental_clearance_l_per_h",
    "effect_site_half_life_min",
    "transit_rate_per_h",
    "arm_transit_min",
    "arm_shunt_fraction",
    "peripheral_weight_exponent",
    "volume_clearance_correlation",
    "norketamine_volume_clearance_correlation",
)
"""Rows that concentrations of ketamine and norketamine rest on; a set need not have those of optional steps."""


def disposition_rows(names: Mapping[str, Any], plasma: Plasma) -> list[str]:
    """Full names of the disposition rows that this plasma's parameter set has."""
    full = (f"{plasma.parameters}.{name}" for name in DISPOSITION_ROWS)
    return [name for name in full if name in names]


def enantiomer_disposition(
    values: Mapping[str, Array], plasma: Plasma, enantiomer: str, steps: frozenset[str]
) -> Disposition:
    """Disposition of one enantiomer; R differs from S by ratios of clearances only."""

    def of(name: str) -> Array:
        return values[f"{plasma.parameters}.{name}"]

    r = enantiomer == "r"
    arm = None
    if "arm" in steps:
        compartments = 2 if "second arm compartment" in steps else 1
        arm = Arm(of("arm_shunt_fraction"), compartments * MINUTES_PER_H / of("arm_transit_min"), compartments)
    hydroxynorketamine = None
    if "hydroxynorketamine" in steps:
        hydroxynorketamine = Hydroxynorketamine(
            fraction_of_norketamine=of("hydroxynorketamine_fraction_formed"),
            mass_ratio_to_ketamine=of("hydroxynorketamine_mass_per_ketamine_mass"),
            volume_l=of("hydroxynorketamine_volume_l"),
            clearance_l_per_h=of("clearance_s_hydroxynorketamine_l_per_h")
            * (of("hydroxynorketamine_clearance_ratio_r_to_s") if r else 1.0),
        )
    return Disposition(
        central_volume_l=of("central_volume_l"),
        clearance_l_per_h=of("clearance_s_ketamine_l_per_h") * (of("clearance_ratio_r_to_s") if r else 1.0),
        fast_volume_l=of("fast_peripheral_volume_l"),
        fast_clearance_l_per_h=of("fast_intercompartmental_clearance_l_per_h"),
        slow_volume_l=of("slow_peripheral_volume_l"),
        slow_clearance_l_per_h=of("slow_intercompartmental_clearance_l_per_h"),
        fraction_to_norketamine=of("norketamine_fraction_formed"),
        norketamine_mass_ratio=of("norketamine_mass_per_ketamine_mass"),
        norketamine_volume_l=of("norketamine_central_volume_l"),
        norketamine_clearance_l_per_h=of("clearance_s_norketamine_l_per_h")
        * (of("norketamine_clearance_ratio_r_to_s") if r else 1.0),
        norketamine_peripheral_volume_l=of("norketamine_peripheral_volume_l"),
        norketamine_distribution_l_per_h=of("norketamine_intercompartmental_clearance_l_per_h"),
        effect_site_rate_per_h=math.log(2.0) * MINUTES_PER_H / of("effect_site_half_life_min"),
        transit_rate_per_h=of("transit_rate_per_h") if "transit" in steps else None,
        arm=arm,
        hydroxynorketamine=hydroxynorketamine,
    )


def modes_of_both(
    xp: Any,
    values: Mapping[str, Array],
    plasma: Plasma,
    depots: tuple[Depots, Depots],
    steps: frozenset[str],
) -> Modes:
    """The diagonal systems of S and R, stacked on a leading axis of length 2. depots: those of S and of R."""
    s, r = (
        diagonalise(xp, enantiomer_disposition(values, plasma, enantiomer, steps), own)
        for enantiomer, own in zip("sr", depots, strict=True)
    )
    return both_enantiomers(xp, s, r)
