"""What stands behind every row of a comparison: the scale, what counts as a response, who was in the trials."""

from __future__ import annotations

from typing import Any


def indication_facts(name: str) -> dict[str, Any]:
    """The `about_indication` part of a comparison; psychotherapy stands here, since it is not simulated.

    name: a known indication.
    """
    from ketascope.data import load

    row = load("indications")[name]
    scale = load("scales")[row["scale"]]
    psychotherapy = row.get("psychotherapy")
    return {
        "label": row["label"],
        "dsm5_group": row["dsm5_group"],
        "scale": scale["full_name"],
        "scale_range": f"{scale['minimum']:g} to {scale['maximum']:g}",
        "minimal_important_difference": scale["minimal_important_difference_text"],
        "baseline_points": float(row["baseline_score"]["value"]),
        "response": row["response"]["definition"],
        "trial_participants": row["population_note"],
        "psychotherapy": {"statement": psychotherapy["statement"], "source": psychotherapy["source"]}
        if psychotherapy
        else None,
    }
