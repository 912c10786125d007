"""The real model, all states of both enantiomers, people and posterior draws varying: speed, and where time goes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ketascope.comparing.setting import make_setting
from ketascope.model import cascade, receptor
from ketascope.model.absorption import step_inputs
from ketascope.model.exposure import ketamine_doses
from ketascope.model.plasma import plasma
from ketascope.people import individual_values, random_normals
from ketascope.regimen import load_presets, parse
from ketascope.simulation import Case, check_grid, run_patients
from ketascope.solver.chain import Chain
from ketascope.solver.native.engine import ends, solve

PEOPLE, TURNS = 1024, 5
UNTIL_H = 1344.0
PRESETS = ("iv-single", "iv-six", "im", "sc", "nasal-56", "nasal-84", "sl", "oral")


def median_s(action: Callable[[], object]) -> float:
    """Median wall time of a few turns, after one that warms up."""
    action()
    times = []
    for _ in range(TURNS):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def people() -> tuple[Any, Any, np.ndarray, dict[str, np.ndarray]]:
    """Setting, parameters, random effects and one posterior draw a person."""
    setting = make_setting({"patients": 0, "seed": 0}, None, "normal", (), ())
    draws = {name: np.resize(values, PEOPLE) for name, values in setting.draws.items()}
    return setting, setting.model.parameters, random_normals(0, PEOPLE), draws


def sentences() -> dict[str, str]:
    """The eight presets that give ketamine, by id."""
    options = {option.id: option.sentence for option in load_presets("gad") if option.sentence is not None}
    return {name: options[name] for name in PRESETS}


def _only_concentrations(xp: Any, step_h: Any, concentration: Any, states: Any, values: Any) -> Any:
    # Every concentration that the chain reads is used at every node, and nothing else is done with it.
    total = [
        sum(concentration[e][q][i] for e, q in ((0, 0), (1, 0), (0, 1), (1, 1), (0, 2)))
        for i in range(len(concentration[0][0]))
    ]
    return (tuple(total),) * len(cascade.STATES)


def _with_receptor(xp: Any, step_h: Any, concentration: Any, states: Any, values: Any) -> Any:
    s, r, ns, nr = (xp.maximum(concentration[e][q], 0.0) for q in (0, 1) for e in (0, 1))
    to_s, to_r, to_ns, to_nr = receptor.occupancy_terms(values)
    block = receptor.block_fraction(to_s * s + to_r * r + to_ns * ns + to_nr * nr)
    drive = cascade.glutamate.surge_drive(xp, block, values)
    felt = cascade.felt_effect(1000.0 * xp.maximum(concentration[0][2], 0.0), values)
    return (tuple(drive[i] + felt[i] for i in range(len(drive))),) * len(cascade.STATES)


def parts(sentence: str) -> dict[str, float]:
    """Seconds of each part for `PEOPLE` people on one thread: each kernel does one part more than the one before."""
    _, parameters, normals, draws = people()
    setting = people()[0]
    place = plasma(setting.sampling)
    doses = ketamine_doses(parse(sentence).doses(setting.person.weight_kg))
    values = individual_values(parameters, setting.person, normals, place, draws)
    case = Case.of(doses, values, place, parameters)
    grid = case.grid(UNTIL_H, (), check_grid(doses, setting.person, place, parameters, UNTIL_H).rule)
    inputs = step_inputs(case.plan, case.fraction.shape[0], grid)
    nothing = ends(np.zeros(len(grid) - 1, bool), first_row=1)

    def kernel_s(chain: Chain, outputs: Any) -> float:
        return median_s(lambda: solve(chain, case.modes, case.fraction, case.values, inputs, outputs, threads=1))

    concentrations = kernel_s(cascade.CHAIN._replace(advance=_only_concentrations), nothing)
    effects = kernel_s(cascade.CHAIN._replace(advance=_with_receptor), nothing)
    states = kernel_s(cascade.CHAIN, nothing)
    everything = kernel_s(cascade.CHAIN, None)
    prepared = median_s(
        lambda: Case.of(doses, individual_values(parameters, setting.person, normals, place, draws), place, parameters)
    )
    return {
        "parameters and modes of each patient": prepared,
        "concentrations (exact modes)": concentrations,
        "receptor and effect felt": effects - concentrations,
        "collocation of five states": states - effects,
        "outputs, every grid point": everything - states,
    }


def run_s(sentence: str, threads: int | None) -> float:
    """Seconds for `PEOPLE` people, parameters and modes included, the grid checked before."""
    setting, parameters, normals, draws = people()
    doses = ketamine_doses(parse(sentence).doses(setting.person.weight_kg))
    checked = check_grid(doses, setting.person, plasma(setting.sampling), parameters, UNTIL_H)
    return median_s(
        lambda: run_patients(
            doses,
            setting.person,
            setting.sampling,
            parameters,
            normals,
            UNTIL_H,
            draws=draws,
            threads=threads,
            check=checked,
        )
    )


def report(reference_per_second: float) -> list[str]:
    """Lines of Markdown; reference_per_second: of the reference problem in the same run, one thread."""
    rows = {name: (run_s(text, 1), run_s(text, None)) for name, text in sentences().items()}
    lines = [
        f"{PEOPLE} people with their own random effects and their own draw of the posterior, eight weeks, every state "
        "at every grid point kept, parameters and modes included. Speed against the reference problem in the same run.",
        "",
        "| preset | speed on one core | two cores against one |",
        "|---|---|---|",
    ]
    for name, (one, both) in rows.items():
        lines.append(f"| `{name}` | {PEOPLE / one / reference_per_second:.2f} | {one / both:.2f} |")
    one, both = (sum(times) for times in zip(*rows.values(), strict=True))
    lines.append(f"| all eight together | {len(rows) * PEOPLE / one / reference_per_second:.2f} | {one / both:.2f} |")
    split = {name: parts(text) for name, text in sentences().items() if name in ("iv-single", "iv-six", "nasal-84")}
    lines += ["", *_table(split)]
    return lines


def _table(split: dict[str, dict[str, float]]) -> Sequence[str]:
    names = list(next(iter(split.values())))
    lines = ["| share of the time on one core | " + " | ".join(f"`{name}`" for name in split) + " |"]
    lines.append("|---" * (1 + len(split)) + "|")
    for part in names:
        shares = " | ".join(f"{100.0 * own[part] / sum(own.values()):.0f}%" for own in split.values())
        lines.append(f"| {part} | {shares} |")
    return lines
