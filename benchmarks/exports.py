"""Checks every exported preset in another simulator and writes docs/export-validation.md.

Run as `python benchmarks/exports.py`. Each preset of each indication is exported as SBML, solved by libRoadRunner
(CVODE, tight tolerances, stopped at every event) and set against ketascope's own typical patient on a fine grid.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from roadrunner_course import course_in_a_child  # noqa: E402

from ketascope.comparing.setting import Setting, make_setting, state_course
from ketascope.exchange.sbml import sbml_model
from ketascope.model.exposure import ketamine_doses
from ketascope.model.symptoms import patient_scores
from ketascope.people import RANDOM_EFFECTS, typical_normals
from ketascope.regimen import Regimen, load_presets, parse
from ketascope.simulation import CheckedGrid, run_patients
from ketascope.solver.grid import DEFAULT_RULE

PAGE = Path(__file__).resolve().parent.parent / "docs" / "export-validation.md"
INDICATIONS = ("gad", "sad", "ptsd", "ocd", "mdd")
COMPARED = ("ketamine_ng_per_ml", "norketamine_ng_per_ml", "score")
LIMIT = 1e-5
RELATIVE, ABSOLUTE = 1e-10, 1e-12
FLOOR = 1e-6  # of the peak: lower values are a drug that is gone
# After a dose, where everything changes, and in between; offsets that no dose, release or lag ends at.
AFTER_H = (0.011, 0.13, 0.31, 0.52, 0.71, 1.03, 1.53, 2.07, 3.1, 5.3, 9.7, 17.3, 31.0, 59.0)
UNTIL_H = 1344.0


TEMPLATE = """# Exports: how they were checked

`benchmarks/exports.py` writes this page. Every preset that gives something is exported as SBML in each of its
indications, solved by libRoadRunner, and set against the typical patient of ketascope on a grid four times as fine as
usual: at fourteen times after each of up to about twenty doses, and four times up to 8 weeks.

libRoadRunner {roadrunner} (CVODE, relative tolerance {relative}, absolute {absolute}), Antimony {antimony}, Python
{python}.

| series | largest relative difference | limit |
|---|---|---|
{worst}

Differences are relative to the value at that time; below a millionth of the peak of a series, to a millionth of the
peak. Placebo and no treatment give nothing, so there is nothing to export.

| preset | {names} | in |
|{rule}
{presets}

## Where the differences come from

- **norketamine**: ketascope solves concentrations in closed form and moves rates that coincide apart by 2e-6, relative,
  so that nothing is divided by zero. Arm tissue follows ketamine and norketamine at one rate, so norketamine carries
  that shift (as do depots of one rate); the exported model has one rate. With a tenth of the shift the difference is a
  tenth, and after an infusion in arterial plasma, where no rates coincide, it is below 1e-7 (tested).
- **score**: the states are solved on a grid there and with CVODE's own steps here. The normal distribution function
  behind the SSRI's part is a rational form good to about 1e-13 in the exported model.
- States after the reference regimen, to which effects are scaled, are numbers in the exported model: those that
  ketascope solved on its usual grid.

## Event tables

A table for NONMEM, rxode2 or mrgsolve read back by `ketascope import` gives the same regimen and sentence, mg/kg and
phases included, since it carries the sentence and the weight; the tests check that for every preset and for generated
regimens. Without those two columns amounts, times and routes are the same to the last bit and durations within 1e-12,
as RATE cannot always hold a duration.
"""


@dataclass(frozen=True)
class Difference:
    """Largest relative differences of one preset, by series."""

    preset: str
    indication: str
    found: Mapping[str, float]


def times_of(regimen: Regimen, weight_kg: float) -> np.ndarray:
    """Times to compare at, ascending, from 0."""
    starts = {dose.time_h for dose in regimen.doses(weight_kg)}
    some = sorted(starts)[:: max(len(starts) // 12, 1)]
    wanted = {start + after for start in some for after in AFTER_H} | {24.1, 168.3, 671.7, UNTIL_H}
    return np.array(sorted({0.0, *(time for time in wanted if time <= UNTIL_H)}))


def our_course(regimen: Regimen, setting: Setting, times_h: np.ndarray, rule: Any) -> dict[str, np.ndarray]:
    """The typical patient by ketascope on a grid of that rule, (times,) each."""
    doses = regimen.doses(setting.person.weight_kg)
    ketamine = ketamine_doses(doses)
    run = None
    found: dict[str, np.ndarray] = {}
    if ketamine:
        run = run_patients(
            ketamine,
            setting.person,
            setting.sampling,
            setting.model.parameters,
            typical_normals(),
            setting.until_h,
            tuple(times_h),
            check=CheckedGrid(rule, 0.0, np.inf),
        )
        for drug in ("ketamine", "norketamine"):
            both = [run.at(f"{e}_{drug}_mg_per_l", times_h)[:, 0] for e in "sr"]
            found[f"{drug}_ng_per_ml"] = 1000.0 * (both[0] + both[1])
    course = state_course(setting, run, slice(0, 1), doses, times_h)
    normals = dict(zip(RANDOM_EFFECTS, typical_normals().T, strict=True))
    found["score"] = patient_scores(setting.indication, setting.model.parameters, setting.effects, course, normals)[0]
    return found


def roadrunner_course(sbml: str, times_h: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
    """The exported model by libRoadRunner, (times,) each."""
    request = {
        "sbml": sbml,
        "times_h": times_h.tolist(),
        "names": list(names),
        "relative": RELATIVE,
        "absolute": ABSOLUTE,
    }
    return {name: np.array(values) for name, values in course_in_a_child(request).items()}


def differences(ours: Mapping[str, np.ndarray], theirs: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Largest difference of each series, relative to its value at that time (at least `FLOOR` of its peak)."""
    found = {}
    for name, values in ours.items():
        scale = np.maximum(np.abs(values), FLOOR * np.abs(values).max())
        found[name] = float((np.abs(theirs[name] - values) / scale).max())
    return found


def compare_preset(preset: str, sentence: str, indication: str, fine: bool = True) -> Difference:
    """Export one preset and compare it."""
    regimen = parse(sentence)
    setting = make_setting({"patients": 0, "indication": indication, "until_h": UNTIL_H}, None, "normal", (), ())
    times_h = times_of(regimen, setting.person.weight_kg)
    rule = DEFAULT_RULE.refined().refined() if fine else DEFAULT_RULE
    ours = our_course(regimen, setting, times_h, rule)
    theirs = roadrunner_course(sbml_model(regimen, setting), times_h, list(ours))
    return Difference(preset, indication, differences(ours, theirs))


def main() -> None:
    """Compare every preset and write the page."""
    rows: list[Difference] = []
    for indication in INDICATIONS:
        for option in load_presets(indication):
            if option.sentence is not None:
                rows.append(compare_preset(option.id, option.sentence, indication))
                print(rows[-1], flush=True)
    PAGE.write_text(page(rows), encoding="utf-8")


def page(rows: Sequence[Difference]) -> str:
    """The report as MyST text."""
    worst = {name: max(row.found.get(name, 0.0) for row in rows) for name in COMPARED}
    presets = list(dict.fromkeys(row.preset for row in rows))
    cells = {
        preset: [
            f"{max(row.found[name] for row in own):.1e}" if name in own[0].found else "none given" for name in COMPARED
        ]
        for preset in presets
        for own in [[row for row in rows if row.preset == preset]]
    }
    indications = {preset: ", ".join(row.indication for row in rows if row.preset == preset) for preset in presets}
    return TEMPLATE.format(
        roadrunner=version("libroadrunner"),
        antimony=version("antimony"),
        python=platform.python_version(),
        relative=f"{RELATIVE:g}",
        absolute=f"{ABSOLUTE:g}",
        worst="\n".join(f"| {name} | {value:.1e} | {LIMIT:g} |" for name, value in worst.items()),
        names=" | ".join(COMPARED),
        rule="---|" * (len(COMPARED) + 2),
        presets="\n".join(f"| {preset} | {' | '.join(row)} | {indications[preset]} |" for preset, row in cells.items()),
    )


if __name__ == "__main__":
    main()
