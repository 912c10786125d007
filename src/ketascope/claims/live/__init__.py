"""Live checks: numbers that are computed from the model or the trial tables at the time a text is audited.

A check never decides a verdict; it shows the number that stands beside it. `Bench` holds what the checks of one audit
share, so that an audit runs at most one comparison and two simulations however many claims it finds.
"""

from ketascope.claims.live.bench import Bench
from ketascope.claims.live.registry import check_names, live_check
from ketascope.claims.live.result import LiveResult

__all__ = ["Bench", "LiveResult", "check_names", "live_check"]
