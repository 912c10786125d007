"""What is approved for what: the rows of the table of approvals that answer a claim."""

from __future__ import annotations

from ketascope.claims.library import Approval, Claim, approvals
from ketascope.claims.live.bench import Bench, of_check
from ketascope.claims.live.result import Finding, LackingError, Matched
from ketascope.claims.live.wording import joined

SAID = {
    "approved": "approved",
    "not approved": "not approved",
    "off-label": "not approved (a prescriber may give it off-label)",
}


def approval_table(name: str, bench: Bench, claim: Claim | None, match: Matched | None) -> Finding:
    """The rows of the table that answer a claim, with year and day of checking."""
    rows = _rows(name, claim, match)
    if not rows:
        raise LackingError("the table of approvals has no row for this drug and disorder")
    said = [
        f"{row.drug}, {row.form}, for {row.use}: {SAID[row.status]}{f' in {row.year}' if row.year else ''}"
        for row in rows
    ]
    country, agency = rows[0].country, rows[0].agency
    day = rows[0].date_checked
    words = f"{country} ({agency}), as checked on {day.isoformat()}: {joined(said)}."
    numbers = {"rows": float(len(rows)), "approved": float(sum(row.status == "approved" for row in rows))}
    numbers |= {f"{row.id}_year": float(row.year) for row in rows if row.year is not None}
    sources = dict.fromkeys(f"{row.source} ({row.checked})" for row in rows)
    return Finding(words, numbers, f"table of approvals: {'; '.join(sources)}")


def _rows(name: str, claim: Claim | None, match: Matched | None) -> list[Approval]:
    rule = of_check(name)
    listed = rule["rows"].get(claim.id, ()) if claim else ()
    if listed:
        by_id = {row.id: row for row in approvals()}
        return [by_id[each] for each in listed]
    drug = (match.drug if match else "") or (claim.drug if claim else "any")
    conditions = claim.conditions if claim else ()
    return [
        row
        for row in approvals()
        if row.country == rule["country"]
        and drug in ("any", row.drug)
        and (not conditions or row.indication in conditions)
    ]
