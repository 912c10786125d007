"""One step of the whole chain in the order of the biology: block -> glutamate -> fast state, signal -> structure.

Each equation is linear in its own state and driven only by those before it; that is what the solver lives from.

    dA/dt = k_on d (1 - A) - k_off A         fast functional state
    dM/dt = k_M (d' - M)                     plasticity signal (d' = d plus the scenario term of HNK)
    dP/dt = k_in M (1 - P) - k_out P         structure
    dU/dt = k_u+ f (1 - U) - k_u U           functional unblinding, f the acute effect felt
    d = w/(w + D50),  w = max(0, (G - 1)/g)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ketascope.model import glutamate, receptor
from ketascope.solver.collocation import linear_step

STATES = ("glutamate_fold", "fast", "signal", "plasticity", "unblinding")
CHANNELS = (
    "s_ketamine_mg_per_l",
    "r_ketamine_mg_per_l",
    "s_norketamine_mg_per_l",
    "r_norketamine_mg_per_l",
    "effect_site_mg_per_l",
    "block",
    *STATES,
)
# What the chain reads of each patient's values; everything else stays outside the compiled program.
INDIVIDUAL_ROWS = frozenset(
    {
        *(f"receptor.{name}" for name in receptor.ROWS),
        *(f"glutamate.{name}" for name in glutamate.ROWS),
        "trials.drive_half_saturation",
        "plasticity.fast_on_half_life_h",
        "trials.fast_off_half_life_h",
        "plasticity.signal_half_life_h",
        "plasticity.structure_rate_per_h",
        "trials.structure_off_half_life_d",
        "plasticity.hnk_weight",
        "plasticity.hnk_half_norketamine_ng_per_ml",
        "unblinding.on_rate_per_h",
        "unblinding.half_life_h",
        "acute.dissociation_half_effect_ng_per_ml",
        "acute.dissociation_hill",
    }
)


def start_states(patients: int) -> tuple[Any, ...]:
    """States before the first dose: glutamate at baseline (1), everything else at 0; each (patients,)."""
    import numpy as np

    return (np.ones(patients), *(np.zeros(patients) for _ in STATES[1:]))


def felt_effect(effect_site_ng_per_ml: Any, values: Mapping[str, Any]) -> Any:
    """Acute effect felt, 0 to 1, from S-ketamine at the effect site (sigmoid Emax, Olofsen 2022)."""
    half = values["acute.dissociation_half_effect_ng_per_ml"]
    power = (effect_site_ng_per_ml / half) ** values["acute.dissociation_hill"]
    return power / (1.0 + power)


def chain_step(step_h: Any, concentration_mg_per_l: Any, states: Any, values: Mapping[str, Any]) -> Any:
    """Advance the chain over one step; returns (states, outputs (channels, patients)).

    concentration_mg_per_l: (2 enantiomers, 3 series, 3 nodes, patients), exact at the nodes.
    """
    import jax.numpy as jnp

    g0, fast0, signal0, structure0, unblinding0 = states
    conc = jnp.maximum(concentration_mg_per_l, 0.0)
    to_s, to_r, to_ns, to_nr = receptor.occupancy_terms(values)
    s, r, ns, nr = conc[0, 0], conc[1, 0], conc[0, 1], conc[1, 1]
    occupancy = to_s * s + to_r * r + to_ns * ns + to_nr * nr
    for_benefit = occupancy + (values["receptor.r_ketamine_benefit_weight"] - 1.0) * to_r * r
    drive = glutamate.surge_drive(jnp, receptor.block_fraction(for_benefit), values)

    gain, turnover = values["glutamate.surge_gain"], glutamate.turnover_per_h(values)
    source = turnover * (1.0 + gain * drive)
    g = linear_step(step_h, g0, (source[0], source[1], source[2]), (turnover, turnover, turnover))

    half_saturation = values["trials.drive_half_saturation"]
    surge = [jnp.maximum((stage - 1.0) / gain, 0.0) for stage in g]
    d = [w / (w + half_saturation) for w in surge]
    on = math.log(2.0) / values["plasticity.fast_on_half_life_h"]
    off = math.log(2.0) / values["trials.fast_off_half_life_h"]
    fast = linear_step(step_h, fast0, _three(lambda i: on * d[i]), _three(lambda i: on * d[i] + off))

    hnk = values["plasticity.hnk_weight"] * nr / (nr + values["plasticity.hnk_half_norketamine_ng_per_ml"] / 1000.0)
    decay = math.log(2.0) / values["plasticity.signal_half_life_h"]
    signal = linear_step(step_h, signal0, _three(lambda i: decay * (d[i] + hnk[i])), (decay, decay, decay))

    k_in = values["plasticity.structure_rate_per_h"]
    k_out = math.log(2.0) / (24.0 * values["trials.structure_off_half_life_d"])
    structure = linear_step(
        step_h, structure0, _three(lambda i: k_in * signal[i]), _three(lambda i: k_in * signal[i] + k_out)
    )

    felt = felt_effect(1000.0 * conc[0, 2], values)
    reveal = values["unblinding.on_rate_per_h"]
    forget = math.log(2.0) / values["unblinding.half_life_h"]
    unblinding = linear_step(
        step_h, unblinding0, _three(lambda i: reveal * felt[i]), _three(lambda i: reveal * felt[i] + forget)
    )

    new = (g[2], fast[2], signal[2], structure[2], unblinding[2])
    block = receptor.block_fraction(occupancy[2])
    outputs = jnp.stack([s[2], r[2], ns[2], nr[2], conc[0, 2, 2], block, *new])
    return new, outputs


def _three(of: Any) -> tuple[Any, Any, Any]:
    return of(0), of(1), of(2)
