"""One SBML model by libRoadRunner, in a process of its own: a second LLVM in one process has crashed it.

    python benchmarks/roadrunner_course.py < request.json > answer.json

The request holds sbml, times_h, names, relative and absolute tolerance; the answer the values by name.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any


def course_in_a_child(request: Mapping[str, Any]) -> dict[str, list[float]]:
    """The answer to a request from a new process; RuntimeError with its words where it fails."""
    child = subprocess.run(
        [sys.executable, __file__], input=json.dumps(request), capture_output=True, text=True, check=False
    )
    if child.returncode != 0:
        raise RuntimeError(f"libRoadRunner ended with {child.returncode}: {child.stderr[-2000:]}")
    answer: dict[str, list[float]] = json.loads(child.stdout.splitlines()[-1])
    return answer


def main() -> None:
    """Simulate what standard input asks for."""
    import roadrunner

    request = json.load(sys.stdin)
    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_CRITICAL)
    # Compiled without optimisation: its compiler puts every rule into every other, and takes minutes to tidy that up.
    roadrunner.Config.setValue(roadrunner.Config.LLVM_BACKEND, roadrunner.Config.LLJIT)
    roadrunner.Config.setValue(roadrunner.Config.LLJIT_OPTIMIZATION_LEVEL, roadrunner.Config.NONE)
    model = roadrunner.RoadRunner(request["sbml"])
    model.integrator.relative_tolerance = request["relative"]
    model.integrator.absolute_tolerance = request["absolute"]
    model.integrator.maximum_num_steps = 1_000_000
    model.timeCourseSelections = ["time", *request["names"]]
    table = model.simulate(times=request["times_h"])
    columns = [[float(row[index]) for row in table] for index in range(1 + len(request["names"]))]
    assert all(
        abs(found - asked) <= 1e-8 * (1.0 + asked) for found, asked in zip(columns[0], request["times_h"], strict=True)
    )
    print(json.dumps(dict(zip(request["names"], columns[1:], strict=True))))


if __name__ == "__main__":
    main()
