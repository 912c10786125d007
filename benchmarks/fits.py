"""How good individual fits are: simulated people with known parameters, and one published profile.

Run as `python benchmarks/fits.py [--people 200] [--write]`; `--write` puts the figures into docs/fit-validation.md and
the example data set into docs/examples/fit_example.csv.

People are drawn from the package's own population (clearance, volumes, absorption, two occasions, residual error with
a limit of quantification), so the question is whether intervals hold what they promise when the model is right.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ketascope.evidence.pharmacokinetics.observations import part_of
from ketascope.evidence.pk_observed import load
from ketascope.exchange.nonmem_data import CONCENTRATIONS, Observation, Subject
from ketascope.files import write_aside
from ketascope.fitting.data_fit import fit
from ketascope.fitting.diagnostics import shrinkage
from ketascope.fitting.estimates import quantities, table_of
from ketascope.fitting.individual import Task, fit_person, make_case
from ketascope.fitting.likelihood import error_sd
from ketascope.fitting.variability import default_residual
from ketascope.model.occasions import occasion_starts
from ketascope.model.parameter_store import load_parameters
from ketascope.people import Person
from ketascope.regimen import parse
from ketascope.report.ledger import markdown_table
from ketascope.report.parameter_table import label

Line = tuple[str, ...]
PROFILES = ("Hasan 2021", "Kamp 2020 BJA")
SEED = 20260901
PEOPLE = 200
# What is given, and the hours after each occasion's first dose at which blood is drawn. Two occasions a week apart.
DESIGNS: tuple[tuple[str, str, tuple[float, ...], tuple[float, ...]], ...] = (
    ("IV", "ketamine {mg} mg IV over 40 min q 7 d x 2", (0.67, 1.5, 4, 8, 24), (0.67, 3, 8)),
    ("nasal", "esketamine 84 mg nasal q 7 d x 2", (0.5, 1.5, 4, 8), (0.67, 3, 24)),
    ("oral", "ketamine 100 mg oral q 7 d x 2", (0.5, 1, 3, 8), (0.75, 2, 12)),
    (
        "IV then nasal",
        "ketamine {mg} mg IV over 40 min then esketamine 56 mg nasal after 7 d",
        (0.67, 2, 8),
        (0.33, 1, 4, 24),
    ),
    (
        "IV then oral",
        "ketamine {mg} mg IV over 40 min then ketamine 100 mg oral after 7 d",
        (0.67, 2, 8),
        (0.75, 2, 6, 24),
    ),
)
LLOQ_NG_PER_ML = 1.0
SKEWED = "swallowed_rate_per_h"


def simulated_subjects(people: int, seed: int) -> list[tuple[Subject, np.ndarray, str]]:
    """People with sparse samples, the random effects that made them, and their design."""
    return [_simulated(index, seed) for index in range(people)]


def _simulated(index: int, seed: int) -> tuple[Subject, np.ndarray, str]:
    generator = np.random.default_rng([seed, index])
    name, sentence, first, second = DESIGNS[index % len(DESIGNS)]
    weight = float(np.round(np.clip(generator.normal(75.0, 13.0), 45.0, 120.0)))
    age = float(generator.integers(20, 75))
    person = Person(weight_kg=weight, age_years=age)
    regimen = parse(sentence.format(mg=round(0.5 * weight, 1)))
    doses = regimen.doses(weight)
    starts = occasion_starts(doses, load_parameters())
    occasions = tuple(max(i for i, start in enumerate(starts) if start <= dose.time_h) for dose in doses)
    # Blood is never drawn to the minute; the time that was written down is the true one.
    times = [
        (o, start + hours * float(np.exp(0.05 * generator.standard_normal())))
        for o, (start, taken) in enumerate(zip(starts, (first, second), strict=True))
        for hours in taken
    ]
    blank = [
        Observation(analyte, time_h, 1.0, False, LLOQ_NG_PER_ML, occasion, occasion + 1, row)
        for row, (occasion, time_h) in enumerate(times, start=2)
        for analyte in ("ketamine", "norketamine")
    ]
    subject = Subject(str(index + 1), person, regimen, doses, occasions, tuple(blank), ())
    case, fitted, _ = make_case(_task(subject, index))
    z = generator.standard_normal(len(case.frame.effects))
    log_level = case.log_predicted(z[:, None])
    sd = error_sd(np, case.data.arrays(), log_level)[:, 0]
    values = np.exp(log_level[:, 0] + sd * generator.standard_normal(len(sd)))
    seen = tuple(
        replace(item, value=None if value < LLOQ_NG_PER_ML else float(value), is_below=bool(value < LLOQ_NG_PER_ML))
        for item, value in zip(fitted, values, strict=True)
    )
    return replace(subject, observations=seen), z, name


def _task(subject: Subject, index: int) -> Task:
    return Task(subject, index, "venous", "map", default_residual(), SEED, with_courses=False)


def coverage(people: int) -> dict[str, Any]:
    """Coverage of 90% intervals, error, shrinkage and time over simulated people."""
    rows: list[dict[str, Any]] = []
    documents: list[dict[str, Any]] = []
    seconds: list[float] = []
    for index, (subject, z, name) in enumerate(simulated_subjects(people, SEED)):
        task = _task(subject, index)
        case, _, _ = make_case(task)
        truth = table_of(case, quantities(case.frame), z[:, None])[:, 0]
        begin = time.process_time()
        document = fit_person(task)
        seconds.append(time.process_time() - begin)
        documents.append(document)
        rows += [_compared(row, float(true), name) for row, true in zip(document["estimates"], truth, strict=True)]
    observations = [row for document in documents for row in document["observations"]]
    iwres = [abs(row["iwres"]) for row in observations if row["iwres"] is not None]
    return {
        "people": people,
        "rows": rows,
        "shrinkage": shrinkage(documents),
        "seconds": seconds,
        "converged": sum(document["fit"]["converged"] for document in documents),
        "other_optimum": sum(document["fit"]["other_optimum"] is not None for document in documents),
        "draws_worth": [document["fit"]["draws_worth"] for document in documents],
        "observations": len(observations),
        "below": sum(row["is_below"] for row in observations),
        "large": sum(value > 4.0 for value in iwres),
    }


def _compared(row: Mapping[str, Any], true: float, design: str) -> dict[str, Any]:
    def error(value: float) -> float:
        if row["unit"] == "fraction":
            return value - true
        return math.log(value / true)

    return {
        "name": row["name"],
        "design": design,
        "inside": row["low"] <= true <= row["high"],
        "inside_laplace": row["laplace_low"] <= true <= row["laplace_high"],
        "above": true > row["laplace_high"],
        "error": error(row["value"]),
        "typical_error": error(row["typical"]),
        "informed": row["informed"],
        "ratio": row["sd_over_prior_sd"],
    }


def published_profile(study: str) -> dict[str, Any]:
    """The fit of one digitised mean profile: the document, the sentence, and which part of the evidence it is in."""
    rows = [row for row in load() if row.study == study and row.statistic_kind == "concentration" and row.used]
    sentence = rows[0].sentence
    rows = [row for row in rows if row.sentence == sentence and row.analyte_key in CONCENTRATIONS]
    assert rows[0].weight_kg is not None
    regimen = parse(sentence)
    seen = tuple(
        Observation(row.analyte_key, float(row.sample_time_h or 0.0), row.value_norm, False, None, 0, 99, number)
        for number, row in enumerate(rows, start=2)
    )
    doses = regimen.doses(rows[0].weight_kg)
    subject = Subject(study, Person(weight_kg=rows[0].weight_kg), regimen, doses, (0,) * len(doses), seen, ())
    found = fit([subject], sampling=rows[0].sampling_used).document()
    return {"study": study, "document": found, "sentence": sentence, "part": part_of(rows[0])}


def profile_lines(profile: Mapping[str, Any]) -> list[str]:
    """One profile as text and tables."""
    subject = profile["document"]["subjects"][0]
    analytes = dict.fromkeys(row["analyte"].replace("_", "-") for row in subject["observations"])
    told = {
        "training": "the package's model was estimated from it among others, so agreement is no test",
        "test": "the package's model was estimated without it",
    }
    return [
        f"### {profile['study']}",
        "",
        f"`{profile['sentence']}`, {profile['document']['sampling']} samples, {' and '.join(analytes)}; "
        f"{told[profile['part']]}.",
        "",
        *markdown_table(
            ("parameter", "unit", "value", "90%", "typical", "SD left"),
            [
                (
                    label(row["name"]),
                    row["unit"],
                    f"{row['value']:.3g}",
                    f"{row['low']:.3g} to {row['high']:.3g}",
                    f"{row['typical']:.3g}",
                    f"{row['sd_over_prior_sd']:.2f}",
                )
                for row in subject["estimates"]
            ],
        ),
        "",
        *markdown_table(
            ("analyte", "h", "observed ng/mL", "PRED", "IPRED", "IWRES"),
            [
                (
                    row["analyte"].replace("_", "-"),
                    f"{row['time_h']:g}",
                    f"{row['observed_ng_per_ml']:.1f}",
                    f"{row['pred_ng_per_ml']:.1f}",
                    f"{row['ipred_ng_per_ml']:.1f}",
                    f"{row['iwres']:+.2f}",
                )
                for row in sorted(subject["observations"], key=lambda row: (row["analyte"], row["time_h"]))
            ],
        ),
        "",
    ]


def coverage_table(found: Mapping[str, Any]) -> list[Line]:
    """One line a parameter."""
    lines: list[Line] = []
    for name in dict.fromkeys(row["name"] for row in found["rows"]):
        rows = [row for row in found["rows"] if row["name"] == name]
        lines.append(
            (
                label(name),
                str(len(rows)),
                _percent([row["inside"] for row in rows]),
                _percent([row["inside_laplace"] for row in rows]),
                f"{np.mean([row['error'] for row in rows]):+.3f}",
                f"{np.sqrt(np.mean([row['error'] ** 2 for row in rows])):.3f}",
                f"{np.sqrt(np.mean([row['typical_error'] ** 2 for row in rows])):.3f}",
                f"{np.median([row['ratio'] for row in rows]):.2f}",
            )
        )
    every = found["rows"]
    informed = [row for row in every if row["informed"]]
    for name, rows in (("all", every), ("all that the data informed", informed)):
        both = (_percent([row[key] for row in rows]) for key in ("inside", "inside_laplace"))
        lines.append((name, str(len(rows)), *both, "", "", "", ""))
    return lines


def _percent(inside: Sequence[bool]) -> str:
    return f"{100.0 * float(np.mean(inside)):.1f}%"


def page(found: Mapping[str, Any], profiles: Sequence[Mapping[str, Any]]) -> str:
    """The page of the manual with what was measured."""
    shrunk = found["shrinkage"]
    seconds = sorted(found["seconds"])
    head = ("parameter", "values", "inside", "inside, normal", "bias", "error", "error without data", "SD left")
    skewed = [row for row in found["rows"] if row["name"] == SKEWED and not row["inside_laplace"]]
    return "\n".join(
        [
            "# Validation of individual fits",
            "",
            "Written by `python benchmarks/fits.py --write`; every figure is measured there. `ketascope fit` is for "
            "research use, not for dosing.",
            "",
            "## Simulated people with known parameters",
            "",
            f"{found['people']} people were drawn from the package's own population, seed {SEED}: weight 45 to 120 "
            "kg, age 20 to 74, two occasions a week apart, three to five blood samples on each within 25 h, "
            f"ketamine and norketamine, residual error and a limit of quantification of {LLOQ_NG_PER_ML:g} ng/mL. A "
            "fifth of them got each of: IV twice, nasal esketamine twice, oral twice, IV then nasal, IV then oral. "
            f"Of {found['observations']} concentrations {found['below']} were below the limit.",
            "",
            "The model is right here by construction, so the table is about the method: the search, the intervals, the "
            "limit of quantification, occasions. Whether the model is right for real people is not shown by it.",
            "",
            "`inside`: share of true values in the 90% interval that is reported (goal 85 to 95%); `normal`: the "
            "same for the normal approximation alone. `bias` and `error` (root mean square) are on the log scale, "
            "for fractions on their own; `error without data` takes the typical value instead. `SD left`: posterior "
            "over prior SD, median.",
            "",
            *markdown_table(head, coverage_table(found)),
            "",
            "Where the normal approximation misses (absorption) the posterior is skewed, and a symmetric interval is "
            f"too short on the long side: of {len(skewed)} {label(SKEWED)}s outside it "
            f"{sum(row['above'] for row in skewed)} lie above. The reported intervals are those of "
            "weighted draws of the posterior itself (importance sampling, "
            f"worth {min(found['draws_worth']):.0f} to {max(found['draws_worth']):.0f} independent draws a person).",
            "",
            f"{found['converged']} of {found['people']} searches settled; in {found['other_optimum']} a second "
            f"optimum was nearly as good and is flagged. Residuals beyond 4 SDs: {found['large']}. Shrinkage of "
            f"residuals {100.0 * shrunk['residuals']:.0f}%; of random effects:",
            "",
            *markdown_table(
                ("random effect", "people", "shrinkage"),
                [
                    (name.replace("_", " "), str(shrunk["people"][name]), f"{100.0 * value:.0f}%")
                    for name, value in shrunk["effects"].items()
                    if value is not None
                ],
            ),
            "",
            f"Processor time a person: median {float(np.median(seconds)):.2f} s, 95% below "
            f"{seconds[int(0.95 * (len(seconds) - 1))]:.2f} s, without charts and predictions.",
            "",
            "## Published mean profiles",
            "",
            "Means of groups, read off figures by others. A mean profile is not a person: the fit asks whether the "
            "model's curve can take its shape; its intervals say nothing about people.",
            "",
            *(line for profile in profiles for line in profile_lines(profile)),
        ]
    )


EXAMPLE = Path(__file__).resolve().parent.parent / "docs" / "examples" / "fit_example.csv"
PAGE = Path(__file__).resolve().parent.parent / "docs" / "fit-validation.md"
EXAMPLE_PEOPLE = 6
COLUMNS = "ID,TIME,AMT,RATE,EVID,MDV,DV,DRUG,ROUTE,ANALYTE,UNIT,BLQ,LLOQ,OCC,WT,AGE"


def example_csv() -> str:
    """A data set of simulated people, as `ketascope fit` reads it."""
    lines = [COLUMNS]
    for subject, _, _ in simulated_subjects(EXAMPLE_PEOPLE, SEED):
        who = f"{subject.person.weight_kg:g},{subject.person.age_years:g}"
        rows: list[tuple[float, int, str]] = []
        for number, course in enumerate(subject.regimen.courses):
            start_h = next(dose.time_h for dose in subject.doses if dose.course == number)
            rate = 0.0 if course.duration_h is None else course.amount / course.duration_h
            for time_h in (start_h + given * (course.interval_h or 0.0) for given in range(course.count)):
                dose = f"{course.amount:g},{rate:.6g},1,1,.,{course.drug},{course.route},.,.,.,."
                rows.append((time_h, 0, f"{subject.id},{time_h:.6g},{dose},{1 + (time_h > 0)},{who}"))
        for item in subject.observations:
            value = "." if item.value is None else f"{item.value:.4g}"
            seen = f".,.,0,0,{value},.,.,{item.analyte},ng/mL,{int(item.is_below)},{LLOQ_NG_PER_ML:g}"
            rows.append((item.time_h, 1, f"{subject.id},{item.time_h:.4g},{seen},{item.occasion + 1},{who}"))
        lines += [line for _, _, line in sorted(rows, key=lambda row: row[:2])]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    text = page(coverage(chosen.people), [published_profile(study) for study in PROFILES])
    print(text)
    if chosen.write:
        write_aside(PAGE, text)
        write_aside(EXAMPLE, example_csv())
