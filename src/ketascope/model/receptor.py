"""NMDA-receptor block from plasma concentrations: competitive, algebraic.

    x = fu (C_S/K_S + C_R/K_R) + fu_n (C_NS/K_NS + C_NR/K_NR),  block = x/(1 + x)

Constants: Shaffer 2014 (in vivo occupancy, unbound plasma) split by the affinities of Ebert 1997.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

UMOL_PER_L_PER_MG_PER_L = 1000.0
ROWS = (
    "unbound_fraction_ketamine",
    "unbound_fraction_norketamine",
    "half_occupancy_s_ketamine_um",
    "half_occupancy_r_ketamine_um",
    "half_occupancy_s_norketamine_um",
    "half_occupancy_r_norketamine_um",
    "ketamine_molar_mass_g_per_mol",
    "norketamine_molar_mass_g_per_mol",
    "r_ketamine_benefit_weight",
)


def occupancy_terms(values: Mapping[str, Any]) -> tuple[Any, Any, Any, Any]:
    """Affinity weights in L/mg for S-ketamine, R-ketamine, S-norketamine, R-norketamine (from the receptor rows)."""

    def of(name: str) -> Any:
        return values[f"receptor.{name}"]

    ketamine = of("unbound_fraction_ketamine") * UMOL_PER_L_PER_MG_PER_L / of("ketamine_molar_mass_g_per_mol")
    norketamine = of("unbound_fraction_norketamine") * UMOL_PER_L_PER_MG_PER_L / of("norketamine_molar_mass_g_per_mol")
    return (
        ketamine / of("half_occupancy_s_ketamine_um"),
        ketamine / of("half_occupancy_r_ketamine_um"),
        norketamine / of("half_occupancy_s_norketamine_um"),
        norketamine / of("half_occupancy_r_norketamine_um"),
    )


def block_fraction(occupancy: Any) -> Any:
    """Fraction of receptors blocked, from the sum of concentration over affinity."""
    return occupancy / (1.0 + occupancy)
