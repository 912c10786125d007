"""Whether the chains of a fit agree, in words: the same sentence for every fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ketascope.report.format import NOT_SHOWN, plain


def diagnostic(value: float | None, decimals: int) -> str:
    """An R-hat or a sample size; a dash where it has no value, as for chains that stood still."""
    return NOT_SHOWN if value is None else plain(value, decimals)


def convergence_words(record: Mapping[str, Any]) -> str:
    """Largest R-hat and smallest sample sizes of a record beside their limits, divergences, and what misses a limit."""
    from ketascope.estimation.convergence import R_HAT_LIMIT, SAMPLE_SIZE_LIMIT

    missed = record["unconverged"]
    named = f"Missing a limit: {', '.join(missed)}." if missed else "None misses a limit."
    bulk, tail = (diagnostic(record[f"smallest_{part}_sample_size"], 0) for part in ("bulk", "tail"))
    return (
        f"largest R-hat {diagnostic(record['largest_r_hat'], 4)} (limit {R_HAT_LIMIT:g}), smallest bulk sample size "
        f"{bulk} and tail sample size {tail} (limit {SAMPLE_SIZE_LIMIT:g}), {record['divergences']} divergent "
        f"transitions. {named}"
    )
