"""Every live check by name; the module of a check is imported when it runs, so that most audits stay light."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module

from ketascope.claims.library import Claim
from ketascope.claims.live.bench import Bench
from ketascope.claims.live.result import Finding, Kind, LackingError, LiveResult, Matched
from ketascope.errors import InputError, unknown

Check = Callable[[str, Bench, Claim | None, Matched | None], Finding]


@dataclass(frozen=True)
class _Home:
    module: str
    function: str
    kind: Kind

    def load(self) -> Check:
        check: Check = getattr(import_module(f"ketascope.claims.live.{self.module}"), self.function)
        return check


_CHECKS: Mapping[str, _Home] = {
    "glutamate-fold": _Home("glutamate", "glutamate_fold", "model"),
    "hours-against-weeks": _Home("courses", "hours_against_weeks", "model"),
    "ocd-fisher": _Home("responders", "fisher", "evidence"),
    "route-comparison": _Home("routes", "route_comparison", "model"),
    "response-rates": _Home("responders", "response_rates", "evidence"),
    "evidence-gad-sad": _Home("pooled", "evidence", "evidence"),
    "evidence-ptsd": _Home("pooled", "evidence", "evidence"),
    "evidence-ocd": _Home("pooled", "evidence", "evidence"),
    "evidence-mdd": _Home("pooled", "evidence", "evidence"),
    "duration": _Home("courses", "duration_of_benefit", "model"),
    "blood-pressure": _Home("acute", "blood_pressure", "model"),
    "bioavailability": _Home("routes", "bioavailability", "model"),
    "exposure-of-routes": _Home("routes", "exposure_of_routes", "model"),
    "ssri-onset": _Home("courses", "ssri_onset", "model"),
    "approval-table": _Home("approval", "approval_table", "fact"),
    "dissociation": _Home("acute", "dissociation", "model"),
}


def check_names() -> tuple[str, ...]:
    """The names of all live checks."""
    return tuple(_CHECKS)


def live_check(
    name: str, claim: Claim | None = None, match: Matched | None = None, *, seed: int = 0, bench: Bench | None = None
) -> LiveResult:
    """Compute one check, for a claim of the library as it was matched in a text.

    bench: shared between the checks of one audit; it has the seed then. Raises InputError for an unknown name, with the
    nearest. Where data are lacking the words begin with "cannot be computed:"; every other failure is raised.
    """
    if name not in _CHECKS:
        raise InputError(unknown("live check", name, _CHECKS, cutoff=0.4))
    home = _CHECKS[name]
    desk = Bench(seed=seed) if bench is None else bench
    start = time.perf_counter()
    try:
        found = home.load()(name, desk, claim, match)
        computed = True
    except LackingError as lacking:
        found, computed = Finding(f"cannot be computed: {lacking}", {}, ""), False
    took_s = time.perf_counter() - start
    return LiveResult(name, found.words, dict(found.numbers), found.source, home.kind, computed, took_s)
