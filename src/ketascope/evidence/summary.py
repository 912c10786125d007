"""The library's verb behind `ketascope evidence`: trials of an indication, their pooled effect, how sure it is."""

from __future__ import annotations

import os
from typing import Any


def pooled_evidence(
    indication: str | None = None,
    outcome: str = "symptoms",
    treatment: str | None = None,
    window: str = "primary",
    measure: str | None = None,
    estimator: str = "REML",
    test: str = "KH",
    studies_file: str | os.PathLike[str] | None = None,
) -> dict[str, Any]:
    """What the trials say, as plain values that can be written as JSON.

    With an indication (gad, sad, ptsd, ocd, mdd, anxiety_mixed, cancer, panic, other, or all for the anxiety
    disorders, PTSD and OCD together) one document with "pooled", "sensitivity", "studies", "without_numbers",
    "certainty", "words", "checks" and "flags"; "pooled" is None with "refusal" where fewer than two trials have
    figures. Without one, a document whose "overview" has a row an indication and treatment.

    outcome: symptoms, response or remission. treatment: ketamine (default), esketamine, ssri or snri; without an
    indication all of them. window: primary, hours, day, week, month, quarter or longer. measure: "smd" or "md" for
    symptoms, "or" or "rr" for counts; by default raw points on one instrument, else Hedges g; odds ratios for counts.
    estimator: REML, DL, PM, ML or FE. test: KH or z. studies_file: a CSV file of your own rows, pooled beside ours.

    Differences are treatment minus control, in points (MD) or SD units (SMD); ratios are on the natural log scale with
    the ratio itself beside them. Raises InputError for unknown names, raw points over several instruments, and a file
    of studies with anything wrong in it (nothing of it is used then).
    """
    from ketascope.errors import InputError
    from ketascope.evidence.summaries.choices import check_choices, rules

    given = {"outcome": outcome, "window": window, "estimator": estimator, "test": test}
    given |= {} if measure is None else {"measure": measure}
    first = check_choices(indication or "gad", treatment=treatment or "ketamine", **given)
    if indication is None:
        if studies_file is not None:
            raise InputError("studies: your own rows need one indication; give indication with them")
        from ketascope.evidence.summaries.overview import overview_document

        return overview_document((first.treatment,) if treatment else tuple(rules()["treatment"]), **given)
    from ketascope.evidence.summaries.document import evidence_document

    if studies_file is None:
        return evidence_document(first)
    from ketascope.evidence.summaries.choices import members
    from ketascope.evidence.summaries.entries import own_entries

    own = own_entries(studies_file, members(first.indication), first.treatment, first.outcome)
    return evidence_document(first, own)
