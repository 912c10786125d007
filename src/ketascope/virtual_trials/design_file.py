"""A design from a TOML file, or one of those that come with the package: every field checked, no silent defaults."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from ketascope.errors import InputError, did_you_mean
from ketascope.model.plasma import plasmas
from ketascope.model.scenario import DEFAULT_CONTROL, choose_model, load_scenarios
from ketascope.model.symptoms import CONTRAST_ROWS, Indication, load_indication
from ketascope.regimen.problems import shown
from ketascope.virtual_trials import design_arms, design_parts
from ketascope.virtual_trials.design import ANALYSES, ESTIMANDS, PARAMETERS, Design
from ketascope.virtual_trials.design_table import Table
from ketascope.virtual_trials.ratings import included_share

KEYS = (
    "title",
    "indication",
    "scale",
    "people",
    "seed",
    "replicates",
    "parameters",
    "null",
    "control_type",
    "sampling",
    "scenarios",
    "person",
    "arms",
    "visits",
    "inclusion",
    "drop_out",
    "rescue",
    "analysis",
    "adaptive",
    "curves",
    "observed",
)
ENDING = ".toml"
FILE_BYTES_MOST = 1_000_000
REPLICATES_MOST = 1_000_000
SEED_MOST = 2**63 - 1
ALPHA_LEAST, ALPHA_MOST = 1e-6, 0.5
SMALLEST_INCLUDED_SHARE = 1e-4
"""Of people with the condition; below it, limits ask for people whom the model's normal baselines do not describe."""


def design_names() -> tuple[str, ...]:
    """Names of the designs that come with the package, in alphabetical order."""
    folder = resources.files("ketascope.virtual_trials") / "designs"
    return tuple(sorted(file.name.removesuffix(ENDING) for file in folder.iterdir() if file.name.endswith(ENDING)))


def read_design(path: str | os.PathLike[str]) -> Design:
    """The design of a TOML file, or a packaged one by its name (see `design_names`), which goes before a file.

    Raises InputError, one line that names file, table and field and what would be right.
    """
    name = os.fspath(path)
    if name in design_names():
        content = (resources.files("ketascope.virtual_trials") / "designs" / f"{name}{ENDING}").read_bytes()
        return design_from(_table(content, f"{name}{ENDING}"), f"{name}{ENDING}")
    file = Path(name)
    try:
        is_there, is_file = file.exists(), file.is_file()
    except OSError as error:  # such as a name longer than any file may have
        raise InputError(f"cannot read {shown(file.name)}: {error.strerror or error}") from None
    if not file.suffix and not is_there and os.sep not in name:
        hint = did_you_mean(name, design_names())
        known = ", ".join(design_names())
        raise InputError(f"design {shown(name)} is unknown{hint} Give a TOML file, or one of {known}")
    if is_there and not is_file:
        raise InputError(f"cannot read {shown(file.name)}: it is not a file; give a TOML file of a design")
    try:
        with file.open("rb") as stream:
            content = stream.read(FILE_BYTES_MOST + 1)
    except OSError as error:
        packaged = file.stem in design_names() and file.name == name
        hint = f"; the packaged design is called '{file.stem}'" if packaged else ""
        raise InputError(f"cannot read {shown(file.name)}: {error.strerror or error}{hint}") from None
    except ValueError:
        raise InputError(f"cannot read {shown(file.name)}: that is not the name of a file") from None
    if len(content) > FILE_BYTES_MOST:
        raise InputError(f"{file.name} has more than {FILE_BYTES_MOST} bytes; a design is a short TOML file")
    return design_from(_table(content, file.name), file.name)


def _table(content: bytes, source: str) -> dict[str, Any]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{source} is not a text file in UTF-8") from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        end = f"(at line {text.count(chr(10)) + 1}, the end of the file)"
        reason = " ".join(str(error).replace("(at end of document)", end).split())
        raise InputError(f"{source} is not valid TOML: {reason}") from None
    except RecursionError:
        raise InputError(f"{source} is not a design: its lists are nested too deeply") from None


def design_from(table: Mapping[str, Any], source: str) -> Design:
    """The design that a table like that of a file describes; source: its name for messages.

    Raises InputError as `read_design` does.
    """
    defaulted: list[str] = []
    top = Table(table, "", source, KEYS, defaulted, none=("null", "scenarios", "curves", "observed"))
    title = top.text("title", "Two arms in GAD") or Path(source).stem
    indication = _indication(top)
    _check_scale(top, indication)
    arms = design_arms.read_arms(top)
    people = design_arms.read_people(top, arms)
    visits_h, primary_h = design_parts.read_visits(top, indication)
    person = design_parts.read_person(top)
    sampling = top.choice("sampling", tuple(plasmas())) or next(iter(plasmas()))
    scenarios, control_type = _model(top)
    fixed = (person, indication, sampling, visits_h[-1])
    flags = design_arms.check_arms(top, arms, *fixed)
    least, most = design_parts.read_inclusion(top, indication)
    _check_included(top, indication, scenarios, least, most)
    drop_out = design_parts.read_drop_out(top, arms)
    rescue = design_parts.read_rescue(top, visits_h)
    analyses, estimand, alpha, mixed_model_replicates = _analysis(top)
    adaptation = design_parts.read_adaptation(top, people)
    people_curve, dose_curve = design_parts.read_curves(top, arms, *fixed)
    replicates = top.whole("replicates", 1, REPLICATES_MOST, "1000")
    return Design(
        title=title,
        indication=indication.name,
        scale=indication.scale,
        arms=arms,
        people=people,
        visits_h=visits_h,
        primary_visit_h=primary_h,
        control_type=control_type,
        person=person,
        seed=top.whole("seed", 0, SEED_MOST, "0") or Design.seed,
        replicates=Design.replicates if replicates is None else replicates,
        parameters=top.choice("parameters", PARAMETERS) or Design.parameters,
        is_null=top.flag("null"),
        baseline_least=least,
        baseline_most=most,
        drop_out=drop_out,
        rescue=rescue,
        estimand=estimand,
        analyses=analyses,
        alpha=alpha,
        adaptation=adaptation,
        people_curve=people_curve,
        dose_curve=dose_curve,
        scenarios=scenarios,
        sampling=sampling,
        mixed_model_replicates=mixed_model_replicates,
        observed=design_parts.read_observed(top, arms),
        defaulted=tuple(defaulted),
        flags=flags,
    )


def _indication(top: Table) -> Indication:
    from ketascope.data import load

    known = tuple(load("indications"))
    top.required("indication", f'"{known[0]}" (or {", ".join(known[1:])})')
    return load_indication(top.choice("indication", known) or known[0])


def _check_scale(top: Table, indication: Indication) -> None:
    from ketascope.data import load

    scales = load("scales")
    scale = top.text("scale", indication.scale)
    if scale in (None, indication.scale, indication.scale_label):
        return
    assert scale is not None
    own = f"people with {indication.label} are rated on {indication.scale_label} ('{indication.scale}') here"
    if scale in scales or scale in {row["label"] for row in scales.values()}:
        top.fail("scale", f"{shown(scale)} is not simulated for '{indication.name}'; {own}")
    top.fail("scale", f"{shown(scale)} is unknown{did_you_mean(scale, scales)} {own[0].upper()}{own[1:]}")


def _model(top: Table) -> tuple[tuple[str, ...], str]:
    """Scenarios and the kind of control, which a scenario may choose too."""
    scenarios = top.texts("scenarios", next(iter(load_scenarios()))) or ()
    control = top.choice("control_type", tuple(CONTRAST_ROWS))
    try:
        model = choose_model(scenarios)
    except InputError as error:
        top.fail("scenarios", str(error))
    chosen = [name for name in scenarios if "control" in load_scenarios()[name]]
    if chosen and control not in (None, model.control):
        top.fail(
            "control_type", f"'{control}' contradicts scenario '{chosen[0]}' ('{model.control}'); keep one of them"
        )
    return scenarios, (model.control if chosen else control or DEFAULT_CONTROL)


def _check_included(
    top: Table, indication: Indication, scenarios: tuple[str, ...], least: float | None, most: float | None
) -> None:
    residual_sd = choose_model(scenarios).parameters.value(f"symptoms.{indication.name}_residual_sd")
    if included_share(indication, residual_sd, least, most) < SMALLEST_INCLUDED_SHARE:
        few = f"fewer than one in {1.0 / SMALLEST_INCLUDED_SHARE:,.0f} people would be let in"
        typical = f"baselines are about {indication.baseline:g} (SD {indication.baseline_sd:g}) points"
        raise InputError(f"{top.source}: [inclusion]: {few}; {typical} on {indication.scale_label}")


def _analysis(top: Table) -> tuple[tuple[str, ...], str, float, int | None]:
    keys = ("methods", "estimand", "alpha", "mixed_model_replicates")
    table = top.table("analysis", keys, none=("mixed_model_replicates",))
    if table is None:
        return Design.analyses, Design.estimand, Design.alpha, None
    methods = table.choices("methods", ANALYSES) or Design.analyses
    estimand = table.choice("estimand", ESTIMANDS) or Design.estimand
    alpha = table.number("alpha", ALPHA_LEAST, ALPHA_MOST, "0.05")
    fitted = table.whole("mixed_model_replicates", 1, REPLICATES_MOST, "200")
    if fitted is not None and "mixed_model" not in methods:
        table.fail("mixed_model_replicates", "needs 'mixed_model' among methods")
    return methods, estimand, Design.alpha if alpha is None else alpha, fitted
