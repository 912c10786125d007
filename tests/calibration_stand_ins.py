"""`ketascope calibrate` in a process of its own, with chains that take no time but for one that never ends.

Of the top level of a module, so that a worker finds the work.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np

from ketascope.evidence.symptom_trials import calibration
from ketascope.evidence.symptom_trials.calibration import Task
from ketascope.evidence.symptom_trials.estimation import Chain

QUICK = 2
"""Chains that end by themselves, the first of the run."""


def sample(task: Task) -> Chain:
    """A chain at once for the first ones of the main fit; the next one only begins, and says in which process."""
    if task.left_out is not None or task.seed != 1 or task.number >= QUICK:
        Path("begun").write_text(str(os.getpid()), encoding="utf-8")
        time.sleep(600.0)
    return Chain({"z_trial_sd": np.full(task.draws, float(task.number))}, 0, 1.0)


if __name__ == "__main__":
    import calibration_stand_ins  # the name by which a worker finds it
    from ketascope.cli import main

    calibration._sample = calibration_stand_ins.sample
    main(prog_name="ketascope")
