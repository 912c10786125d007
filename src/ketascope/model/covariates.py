"""What weight, age, liver function and other medicines do to individual parameter values.

Pooled model: other medicines act on enzymes, and exposure follows by any route. With liver plasma flow Q and
intrinsic clearance X the well-stirred liver gives CL = Q X / (Q + X), and the share of a swallowed dose that reaches
plasma as ketamine is F = F_gut (1 - CL/Q) (Rowland and Tozer, Clinical Pharmacokinetics, chapter 7; Yang 2007 for
the gut wall in the same form). Published sets: measured ratios, as no liver is in them.

Every function works on NumPy and on JAX arrays alike; the patient axis is the only one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ketascope.model.pharmacokinetics import Array
from ketascope.model.plasma import Plasma

VOLUMES = ("central_volume_l", "norketamine_central_volume_l")
PERIPHERAL_VOLUMES = ("fast_peripheral_volume_l", "slow_peripheral_volume_l", "norketamine_peripheral_volume_l")
FLOWS = (
    "fast_intercompartmental_clearance_l_per_h",
    "slow_intercompartmental_clearance_l_per_h",
    "norketamine_intercompartmental_clearance_l_per_h",
)
LIVER_FLOW = "liver_plasma_flow_l_per_h"


def apply_body_size(xp: Any, values: dict[str, Array], plasma: Plasma, relative_weight: Array) -> None:
    """Scale volumes and clearances in place by weight over the reference weight (allometry)."""
    start = plasma.parameters
    on_volume = relative_weight ** values["covariates.volume_weight_exponent"]
    on_clearance = relative_weight ** values["covariates.clearance_weight_exponent"]
    peripheral = values[f"{start}.peripheral_weight_exponent"]

    def scale(names: Sequence[str], factor: Array) -> None:
        for name in names:
            if f"{start}.{name}" in values:
                values[f"{start}.{name}"] = values[f"{start}.{name}"] * factor

    scale((*VOLUMES, "hydroxynorketamine_volume_l"), on_volume)
    scale(PERIPHERAL_VOLUMES, on_volume**peripheral)
    scale(FLOWS, on_clearance**peripheral)
    scale(
        (
            "clearance_s_ketamine_l_per_h",
            "clearance_s_norketamine_l_per_h",
            "clearance_s_hydroxynorketamine_l_per_h",
            LIVER_FLOW,
        ),
        on_clearance,
    )


def apply_first_pass(xp: Any, values: dict[str, Array], plasma: Plasma) -> None:
    """Add what becomes of a swallowed dose, for S and R: `first_pass.ketamine_s`, `first_pass.norketamine_s`, ...

    What the gut wall and the liver take out on the way in reaches plasma as norketamine by the share
    `first_pass_norketamine_fraction`.
    """
    start = plasma.parameters
    if f"{start}.{LIVER_FLOW}" not in values:
        return
    taken_up = values[f"{start}.swallowed_fraction_taken_up"]
    for enantiomer in "sr":
        clearance = values[f"{start}.clearance_s_ketamine_l_per_h"]
        if enantiomer == "r":
            clearance = clearance * values[f"{start}.clearance_ratio_r_to_s"]
        # A person's clearance may be above the flow by its spread; no liver takes out everything.
        extraction = xp.minimum(clearance / values[f"{start}.{LIVER_FLOW}"], values[f"{start}.liver_extraction_limit"])
        past_liver = 1.0 - extraction
        escapes = values[f"{start}.gut_survival_fraction"] * past_liver
        values[f"first_pass.ketamine_{enantiomer}"] = taken_up * escapes
        values[f"first_pass.norketamine_{enantiomer}"] = (
            taken_up * (1.0 - escapes) * values[f"{start}.first_pass_norketamine_fraction"]
        )


def first_pass_rows(plasma: Plasma) -> list[str]:
    """Full names of the rows from which `apply_first_pass` computes."""
    names = ("swallowed_fraction_taken_up", "gut_survival_fraction", "first_pass_norketamine_fraction")
    return [f"{plasma.parameters}.{name}" for name in (*names, LIVER_FLOW, "liver_extraction_limit")]


def apply_enzymes(xp: Any, values: dict[str, Array], plasma: Plasma, rows: Sequence[Mapping[str, Any]]) -> None:
    """Change gut and liver metabolism in place by the activity that each medicine leaves of each enzyme."""
    start = plasma.parameters
    cyp3a_gut = cyp3a_liver = cyp2b6_liver = norketamine = 1.0
    for row in rows:
        cyp3a_gut *= row["cyp3a_gut_activity"]
        cyp3a_liver *= row["cyp3a_liver_activity"]
        cyp2b6_liver *= row["cyp2b6_liver_activity"]
        norketamine *= row["norketamine_clearance_ratio"]
    by_3a = values[f"{start}.liver_share_cyp3a"]
    by_2b6 = values[f"{start}.liver_share_cyp2b6"]
    liver = 1.0 + by_3a * (cyp3a_liver - 1.0) + by_2b6 * (cyp2b6_liver - 1.0)
    gut = 1.0 + values[f"{start}.gut_share_cyp3a"] * (cyp3a_gut - 1.0)
    name = f"{start}.clearance_s_ketamine_l_per_h"
    values[name] = scaled_liver_clearance(xp, values[name], values[f"{start}.{LIVER_FLOW}"], liver)
    name = f"{start}.gut_survival_fraction"
    values[name] = values[name] / (values[name] + gut * (1.0 - values[name]))
    values[f"{start}.clearance_s_norketamine_l_per_h"] = (
        values[f"{start}.clearance_s_norketamine_l_per_h"] * norketamine
    )


def scaled_liver_clearance(xp: Any, clearance: Array, flow: Array, factor: Array) -> Array:
    """Clearance of a well-stirred liver after its intrinsic clearance changes by `factor`.

    The rare person whose clearance is above the flow has no liver of this kind; theirs stays as it is.
    """
    possible = clearance < flow
    within = xp.where(possible, clearance, 0.5 * flow)
    return xp.where(possible, factor * flow * within / (flow - within + factor * within), clearance)


def apply_measured_ratios(xp: Any, values: dict[str, Array], plasma: Plasma, rows: Sequence[Mapping[str, Any]]) -> None:
    """Change clearances and the swallowed fraction in place by the ratios that interaction studies measured."""
    start = plasma.parameters
    swallowed = 1.0
    for row in rows:
        for name, ratio in (
            ("clearance_s_ketamine_l_per_h", row["clearance_ratio"]),
            ("clearance_s_norketamine_l_per_h", row["norketamine_clearance_ratio"]),
        ):
            values[f"{start}.{name}"] = values[f"{start}.{name}"] * ratio
        swallowed *= row["swallowed_ratio"]
    if swallowed != 1.0:
        key = "absorption.swallowed_ketamine_fraction"
        limit = values["absorption.swallowed_ketamine_fraction_limit"]
        values[key] = xp.minimum(values[key] * swallowed, xp.maximum(limit, values[key]))


def apply_person(
    xp: Any,
    values: dict[str, Array],
    plasma: Plasma,
    age_years: float,
    hepatic: str,
    medicines: Sequence[Mapping[str, Any]],
) -> None:
    """Age, liver function and other medicines, in place; ends with the first pass that follows from them."""
    years_over = max(0.0, age_years - values["covariates.older_age_years"][0])
    ratio = xp.maximum(1.0 - values["covariates.clearance_loss_per_year_over_older_age"] * years_over, 0.1)
    if hepatic == "moderate":
        ratio = ratio * values["covariates.hepatic_moderate_clearance_ratio"]
    name = f"{plasma.parameters}.clearance_s_ketamine_l_per_h"
    values[name] = values[name] * ratio
    if f"{plasma.parameters}.{LIVER_FLOW}" in values:
        apply_enzymes(xp, values, plasma, medicines)
        apply_first_pass(xp, values, plasma)
    else:
        apply_measured_ratios(xp, values, plasma, medicines)
