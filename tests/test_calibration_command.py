"""`ketascope calibrate`: interrupted it says so, leaves nothing half-written and goes on; unconverged it ends badly."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import calibration_stand_ins
from fresh_process import SOURCES, environment
from ketascope.cli import main
from ketascope.evidence.fit_settings import Settings
from ketascope.evidence.symptom_trials import calibration, posterior

PATIENCE_S = 60.0
OPTIONS = {"chains": 3, "warm-up": 100, "draws": 100, "workers": 1}


def wait_for(met: Any) -> None:
    """Until something is so; far longer than it takes, for a busy machine."""
    end = time.monotonic() + PATIENCE_S
    while not met():
        assert time.monotonic() < end
        time.sleep(0.02)


def is_alive(process: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    return False


@pytest.fixture
def stopped(tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """A calibration that was interrupted as by Control-C in its third chain."""
    words = [word for name, value in OPTIONS.items() for word in (f"--{name}", str(value))]
    child = subprocess.Popen(
        [sys.executable, "-m", "calibration_stand_ins", "calibrate", "--output", "fit", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(PYTHONPATH=os.pathsep.join((str(SOURCES), str(Path(__file__).parent)))),
        cwd=tmp_path,
        start_new_session=True,
    )
    wait_for(lambda: (tmp_path / "begun").exists() or child.poll() is not None)
    wait_for(lambda: len(list(tmp_path.rglob("*.pickle"))) == calibration_stand_ins.QUICK or child.poll() is not None)
    if child.poll() is None:
        # A terminal sends it to all processes of the command, the workers too.
        os.killpg(child.pid, signal.SIGINT)
    output, said = child.communicate(timeout=PATIENCE_S)
    return subprocess.CompletedProcess(child.args, child.returncode, output, said)


def test_an_interrupted_calibration_says_so_and_goes_on_after_the_last_finished_chain(
    stopped: subprocess.CompletedProcess[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stopped.returncode == 130, stopped.stderr
    assert stopped.stdout == ""
    *steps, last = stopped.stderr.splitlines()
    assert last == "ketascope: stopped; finished steps are kept in fit, the same command goes on"
    assert [step.partition(": ")[2].partition(", ")[0] for step in steps] == ["main"] * 2

    left = [file for file in (tmp_path / "fit").rglob("*") if file.is_file()]
    assert sorted(file.suffix for file in left) == [".pickle"] * 2, "no file of the fit, and no half of one"
    wait_for(lambda: not is_alive(int((tmp_path / "begun").read_text(encoding="utf-8"))))

    class ReachedSamplingError(Exception):
        pass

    asked: list[calibration.Task] = []

    def seam(work: Any, chunks: Any, **_: Any) -> Any:
        asked.extend(chunks)
        raise ReachedSamplingError

    lines: list[str] = []
    monkeypatch.setattr(calibration, "map_chunks", seam)
    with pytest.raises(ReachedSamplingError):
        calibration.calibrate_on_trials(Settings(tmp_path / "fit", 3, 100, 100, 1, 1), lines.append)
    assert lines[0].startswith("2 of ")
    assert lines[0].endswith(" chains were there")
    assert [(task.seed, task.number) for task in asked if task.left_out is None and task.seed == 1][0] == (1, 2)
    assert not any(file.exists() for file in posterior.files_of(tmp_path / "fit").values())


@pytest.mark.parametrize(
    ("missed", "divergences", "code"), [([], 0, 0), (["trial_sd", "multiplier_sd"], 0, 1), ([], 3, 1)]
)
def test_chains_that_have_not_converged_end_the_command_badly_so_that_nothing_is_copied_into_the_package(
    monkeypatch: pytest.MonkeyPatch, missed: list[str], divergences: int, code: int
) -> None:
    record = {"unconverged": missed, "divergences": divergences}
    monkeypatch.setattr("ketascope.evidence.calibration.calibrate", lambda *_, **__: record)
    run = CliRunner().invoke(main, ["calibrate", "--json", "--output", "new"])
    assert run.exit_code == code
    assert json.loads(run.stdout) == record
    problem = f"numbers that miss a limit: {len(missed)}, divergent transitions: {divergences}"
    said = f"ketascope: the chains have not converged ({problem}): new is no model to use\n"
    assert run.stderr == (said if code else "")
