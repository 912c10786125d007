"""ketascope: what a ketamine, esketamine or SSRI regimen would do for an anxiety disorder, PTSD, OCD or depression.

The verbs of the command line are functions here. Heavy parts are imported when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ketascope._version import __version__

if TYPE_CHECKING:
    from ketascope.care.finding import find
    from ketascope.care.maintenance import build_providers, providers_status, update_providers
    from ketascope.claims.auditing import audit, audit_text
    from ketascope.comparison import Comparison, compare
    from ketascope.errors import InputError
    from ketascope.evidence.calibration import calibrate
    from ketascope.evidence.pk_ledger import validate
    from ketascope.evidence.summary import pooled_evidence
    from ketascope.exchange.exporting import export
    from ketascope.exchange.importing import import_events
    from ketascope.fitting.data_fit import fit
    from ketascope.many_people import population
    from ketascope.model.parameter_store import parameters
    from ketascope.noncompartmental.analysing import nca
    from ketascope.one_regimen import Simulation, simulate
    from ketascope.people import Person
    from ketascope.regimen import Regimen, parse
    from ketascope.virtual_trials.running import trial
    from ketascope.web.serving import serve

_HOMES = {
    "Comparison": "ketascope.comparison",
    "InputError": "ketascope.errors",
    "Person": "ketascope.people",
    "Regimen": "ketascope.regimen",
    "Simulation": "ketascope.one_regimen",
    "audit": "ketascope.claims.auditing",
    "audit_text": "ketascope.claims.auditing",
    "build_providers": "ketascope.care.maintenance",
    "calibrate": "ketascope.evidence.calibration",
    "compare": "ketascope.comparison",
    "export": "ketascope.exchange.exporting",
    "find": "ketascope.care.finding",
    "fit": "ketascope.fitting.data_fit",
    "import_events": "ketascope.exchange.importing",
    "nca": "ketascope.noncompartmental.analysing",
    "parameters": "ketascope.model.parameter_store",
    "parse": "ketascope.regimen",
    "pooled_evidence": "ketascope.evidence.summary",
    "population": "ketascope.many_people",
    "providers_status": "ketascope.care.maintenance",
    "serve": "ketascope.web.serving",
    "simulate": "ketascope.one_regimen",
    "trial": "ketascope.virtual_trials.running",
    "update_providers": "ketascope.care.maintenance",
    "validate": "ketascope.evidence.pk_ledger",
}

__all__ = [
    "Comparison",
    "InputError",
    "Person",
    "Regimen",
    "Simulation",
    "__version__",
    "audit",
    "audit_text",
    "build_providers",
    "calibrate",
    "compare",
    "export",
    "find",
    "fit",
    "import_events",
    "nca",
    "parameters",
    "parse",
    "pooled_evidence",
    "population",
    "providers_status",
    "serve",
    "simulate",
    "trial",
    "update_providers",
    "validate",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ketascope' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
