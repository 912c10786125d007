"""Options side by side: the main job of ketascope."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ketascope._version import __version__
from ketascope.comparing.indication_facts import indication_facts
from ketascope.comparing.option_row import option_row
from ketascope.comparing.setting import make_setting, person_row
from ketascope.errors import InputError
from ketascope.one_regimen import doses_in_time
from ketascope.regimen import Option, Regimen, load_presets, parse


@dataclass(frozen=True)
class Comparison:
    """The result: `document()` is the JSON contract, `curves` what the charts draw."""

    contract: dict[str, Any]
    curves: list[dict[str, Any]] = field(repr=False)

    def document(self) -> dict[str, Any]:
        """The comparison as plain data by the contract of `docs/schema/comparison.schema.json`."""
        return self.contract


def compare(
    sentences: Sequence[str | Regimen | Option] | None = None,
    *,
    indication: str | None = None,
    weight_kg: float | None = None,
    age_years: float | None = None,
    sex: str | None = None,
    hepatic: str = "normal",
    interactions: Sequence[str] = (),
    until_h: float | None = None,
    patients: int | None = None,
    seed: int | None = None,
    sampling: str | None = None,
    scenarios: Sequence[str] = (),
    progress: Callable[[int, int, str], None] | None = None,
) -> Comparison:
    """Compare treatments of one indication for one kind of person.

    Args:
        sentences: dose sentences, regimens or preset options (see `load_presets`); None compares all presets of the
            indication.
        indication: gad, sad, ptsd, ocd or mdd.
        weight_kg, age_years, sex, hepatic, interactions: the person (see `Person`); they change exposure only.
        until_h: simulated time in hours, 1 to 17520.
        patients: virtual patients behind the intervals "over patients"; 0 gives the typical patient.
        seed: same seed, same numbers, whatever the machine or the number of workers.
        sampling: "venous" or "arterial" plasma, which also drives the effects.
        scenarios: names of scenarios (see `ketascope.model.scenario`).
        progress: called with (options done, options in all, label).

    Returns a `Comparison`. Two intervals stand in it, never mixed: over patients (exposure, receptor, acute) and over
    the
    uncertainty of the population mean (change, difference, response rate). Raises InputError for input that cannot be
    used.
    """
    given = {
        "indication": indication,
        "weight_kg": weight_kg,
        "age_years": age_years,
        "until_h": until_h,
        "patients": patients,
        "seed": seed,
        "sampling": sampling,
    }
    # What is wrong with a sentence is told before the heavy work starts.
    own = tuple(_own_option(sentence) for sentence in sentences or ())
    for index, option in enumerate(own):
        if option.id in (other.id for other in own[:index]):
            raise InputError(f"'{option.id}' is given twice; give each regimen once")
        if option.sentence is not None:
            doses_in_time(parse(option.sentence), weight_kg, until_h)
    setting = make_setting(given, sex, hepatic, interactions, scenarios)
    options = own or load_presets(setting.indication.name)
    regimens = [_regimen(option) for option in options]

    rows, curves = [], []
    for index, (option, regimen) in enumerate(zip(options, regimens, strict=True)):
        if progress:
            progress(index, len(options), option.label)
        row, curve = option_row(setting, option, regimen)
        rows.append(row)
        curves.append(curve)
    if progress:
        progress(len(options), len(options), "done")
    contract = {
        "version": __version__,
        "seed": setting.seed,
        "indication": setting.indication.name,
        "about_indication": indication_facts(setting.indication.name),
        "person": person_row(setting.person),
        "horizon_h": setting.until_h,
        "patients": setting.patients,
        "sampling": setting.sampling,
        "control": setting.model.control,
        "scenarios": list(setting.model.scenarios),
        "defaulted": [*setting.defaulted] + (["options"] if not sentences else []),
        "error_estimate": max((c["error_estimate"] for c in curves if c["error_estimate"] is not None), default=None),
        "options": rows,
    }
    return Comparison(contract, curves)


def _own_option(sentence: str | Regimen | Option) -> Option:
    if isinstance(sentence, Option):
        return sentence
    regimen = parse(sentence) if isinstance(sentence, str) else sentence
    text = str(regimen)
    return Option(id=text, label=text, sentence=text, kind="active")


def _regimen(option: Option) -> Regimen | None:
    return None if option.sentence is None else parse(option.sentence)
