"""What a virtual trial is, in words: people, visits, drop-out, rescue, looks, and what was left to defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ketascope.report.format import as_given, duration, named_value, words

Document = Mapping[str, Any]


def facts(document: Document) -> tuple[tuple[str, str], ...]:
    """What was simulated and how, as name and text."""
    design, solver = document["design"], document["solver"]
    person = ", ".join(named_value(key, value) for key, value in design["person"].items())
    fixed = "drawn from the posterior" if design["parameters"] == "posterior" else "fixed at their central values"
    found = [
        ("Indication and scale", f"{design['indication'].upper()}, {design['scale_label']}"),
        ("People", f"{design['people']}, all arms together"),
        ("Visits", ", ".join(["baseline", *(duration(time_h) for time_h in design["visits_h"] if time_h)])),
        ("Primary visit", duration(design["primary_visit_h"])),
        ("Control", words(design["control_type"])),
        ("Included", _inclusion(design)),
        ("Drop-out", _drop_out(design["drop_out"])),
        ("Rescue", _rescue(design["rescue"])),
        ("Estimand", _estimand(document)),
        ("Analyses", f"{words(design['analyses']).replace('_', ' ')}; alpha {design['alpha']:g}, two-sided"),
        ("Looks", _looks(design["adaptation"])),
        ("Parameters", fixed),
        ("Person", person),
        ("Scenarios", words(design["scenarios"])),
        ("Replicates", f"{document['replicates']:,}{_null_replicates(document)}"),
        ("Version and seed", f"ketascope {document['version']}, seed {document['seed']}"),
        ("Solver", f"{solver['redone']:,} of {solver['people']:,} people solved again on a finer grid"),
        (
            "Content",
            f"{document['content']} of {document['chunks']['count']} chunks, SHA-256 {document['content_hash']}",
        ),
        ("Not given, so defaulted", words(document["defaulted"])),
    ]
    return tuple(found)


def _estimand(document: Document) -> str:
    """The design's, and that of each method that has another."""
    whole = document["design"]["estimand"]
    others = [each for each in document["result"]["methods"] if each["estimand"] != whole]
    return "; ".join([whole, *(f"{each['label']} {each['estimand']}" for each in others)])


def _null_replicates(document: Document) -> str:
    return "" if document["null"] is None else f", and {document['null']['replicates']:,} without a drug effect"


def _inclusion(design: Mapping[str, Any]) -> str:
    least, most = design["baseline_least"], design["baseline_most"]
    limits = [f"at least {least:g}"] if least is not None else []
    limits += [f"at most {most:g}"] if most is not None else []
    return f"baseline {' and '.join(limits)} points" if limits else "any baseline"


def _drop_out(drop_out: Mapping[str, Any]) -> str:
    by_arm = ", ".join(f"{arm} {percent:g}%" for arm, percent in drop_out["percent_by_arm"].items())
    others = f"{drop_out['percent']:g}%"
    if by_arm:
        others = f", any other arm {others}" if drop_out["percent"] else ""
    said = f"{by_arm}{others} by the last visit"
    more = drop_out["percent_more_if_worse"]
    if not more:
        return said
    points = f"{as_given(abs(more))} points of percent {'more' if more > 0.0 else 'fewer'}"
    return f"{said}, {points} where one SD worse than the arm"


def _rescue(rescue: Mapping[str, Any] | None) -> str:
    if rescue is None:
        return "none"
    return (
        f"from {duration(rescue['from_visit_h'])} for those with less than {rescue['percent_fall']:g}% fall; lowers "
        f"the score by {rescue['smd']:g} SD"
    )


def _looks(adaptation: Mapping[str, Any]) -> str:
    shares = adaptation["information"]
    if len(shares) == 1:
        return "none before the end"
    said = [f"at {', '.join(f'{100.0 * share:.0f}%' for share in shares)} of the people ({adaptation['spending']})"]
    if adaptation["futility_below"] is not None:
        said.append(f"futility below a conditional power of {adaptation['futility_below']:g}")
    if adaptation["people_most"] is not None:
        said.append(
            f"up to {adaptation['people_most']} people for a conditional power of {adaptation['wanted_power']:g}"
        )
    return "; ".join(said)
