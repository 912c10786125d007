"""Individual disposition from individual parameter values, for venous (Set A) or arterial (Set B) sampling."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ketascope.model.pharmacokinetics import Array, Depots, Disposition, Modes, both_enantiomers, diagonalise

SAMPLING_SITES = ("venous", "arterial")


def enantiomer_disposition(
    values: Mapping[str, Array], sampling: str, enantiomer: str, has_transit: bool
) -> Disposition:
    """Disposition of one enantiomer; R differs from S by the clearance ratios only."""

    def of(name: str) -> Array:
        return values[f"{sampling}.{name}"]

    r = enantiomer == "r"
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
        transit_rate_per_h=of("transit_rate_per_h") if has_transit else None,
        effect_site_rate_per_h=math.log(2.0) * 60.0 / of("effect_site_half_life_min"),
    )


def modes_of_both(xp: Any, values: Mapping[str, Array], sampling: str, depots: Depots, has_transit: bool) -> Modes:
    """The diagonal systems of S and R, stacked on a leading axis of length 2."""
    s, r = (
        diagonalise(xp, enantiomer_disposition(values, sampling, enantiomer, has_transit), depots)
        for enantiomer in ("s", "r")
    )
    return both_enantiomers(xp, s, r)
