"""Which quantities of a comparison are shown, where, under which heading and unit: one list for all outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

VISITS = (("2h", "2 h"), ("24h", "24 h"), ("7d", "7 d"), ("28d", "28 d"), ("56d", "56 d"))


@dataclass(frozen=True)
class Column:
    """One quantity: its place in an option of the document, its heading, unit and way of writing."""

    path: tuple[str, ...]
    heading: str
    unit: str
    kind: str

    @property
    def name(self) -> str:
        """The place as one word, `pk.bioavailability`, as the flag scopes write it."""
        return ".".join(self.path)


@dataclass(frozen=True)
class Section:
    """One table: a title, what its intervals mean and its columns."""

    id: str
    title: str
    about: str
    columns: tuple[Column, ...]


PATIENTS_NOTE = "Median patient (range that holds 95% of patients)."
TYPICAL_NOTE = "Typical patient (95% uncertainty of the model's parameters, not the spread of people)."
POPULATION_NOTE = "Mean of the population (95% uncertainty of that mean; not the spread of people, nor of trials)."


def _visits(group: str, unit: str, kind: str, part: str = "symptoms") -> tuple[Column, ...]:
    return tuple(Column((part, group, key), heading, unit, kind) for key, heading in VISITS)


def _exposure(group: str) -> tuple[Column, ...]:
    return (
        Column((group, "ketamine_cmax_ng_per_ml"), "Ketamine Cmax", "ng/mL", "concentration"),
        Column((group, "ketamine_tmax_h"), "Ketamine Tmax", "time", "time"),
        Column((group, "ketamine_auc_ng_h_per_ml"), "Ketamine AUC", "ng·h/mL", "concentration"),
        Column((group, "norketamine_cmax_ng_per_ml"), "Norketamine Cmax", "ng/mL", "concentration"),
        Column((group, "norketamine_auc_ng_h_per_ml"), "Norketamine AUC", "ng·h/mL", "concentration"),
        Column((group, "bioavailability"), "Bioavailability", "%", "percent_of_one"),
    )


def sections(scale: str) -> tuple[Section, ...]:
    """The tables of intervals, in the order in which they are shown."""
    points = f"{scale} points"
    return (
        Section(
            "change",
            f"Symptoms: change from baseline, {points}",
            f"{POPULATION_NOTE} Negative is better.",
            _visits("change", points, "points"),
        ),
        Section(
            "versus_placebo",
            f"Symptoms: difference from placebo, {points}",
            f"{POPULATION_NOTE} Negative favours the option.",
            _visits("versus_placebo", points, "points"),
        ),
        Section(
            "response_rate",
            "Symptoms: people out of 100 who respond, and timing",
            f"{POPULATION_NOTE} Onset: first time at half of the largest mean difference from placebo.",
            (
                *_visits("response_rate", "of 100 people", "people"),
                Column(("symptoms", "onset_h"), "Onset", "time", "time"),
                Column(("symptoms", "ssri_catches_up_h"), "SSRI catches up", "time", "time"),
            ),
        ),
        Section(
            "response_on_placebo",
            "Symptoms: people out of 100 who respond to placebo in the same trial",
            f"{POPULATION_NOTE} The same people, visits and control as with the option, without its drug.",
            _visits("response_on_placebo", "of 100 people", "people"),
        ),
        Section(
            "response_versus_placebo",
            "Symptoms: people out of 100 who respond beyond placebo",
            f"{POPULATION_NOTE} A positive number favours the option.",
            _visits("response_versus_placebo", "of 100 people", "more_people"),
        ),
        Section(
            "number_needed_to_treat",
            "Symptoms: number needed to treat for one more responder than with placebo",
            f"{POPULATION_NOTE} No limit: at that end fewer than one in a thousand more respond than on placebo.",
            _visits("number_needed_to_treat", "people treated", "people_treated"),
        ),
        Section(
            "expectancy",
            f"Second reading: difference from placebo if the fast part is expectancy, {points}",
            f"{POPULATION_NOTE} Only the slow part counts as the drug's; unblinding and the fast part do not.",
            (
                *_visits("versus_placebo", points, "points", "symptoms_if_expectancy"),
                Column(("symptoms_if_expectancy", "ssri_catches_up_h"), "SSRI catches up", "time", "time"),
            ),
        ),
        Section(
            "acute",
            "Acute effects",
            f"{PATIENTS_NOTE} Sedation: out of 100 people.",
            (
                Column(("acute", "dissociation_peak"), "Dissociation, peak", "CADSS points", "points"),
                Column(("acute", "dissociation_over_h"), "Dissociation over after", "time", "time"),
                Column(("acute", "systolic_rise_mmhg"), "Systolic rise", "mmHg", "pressure"),
                Column(("acute", "diastolic_rise_mmhg"), "Diastolic rise", "mmHg", "pressure"),
                Column(("acute", "sedation_percent"), "Sedation", "of 100 people", "people"),
            ),
        ),
        Section(
            "exposure",
            "Exposure",
            PATIENTS_NOTE,
            _exposure("pk"),
        ),
        Section("typical_exposure", "Exposure of the typical patient", TYPICAL_NOTE, _exposure("pk_typical")),
        Section(
            "mechanism",
            "Mechanism",
            f"{PATIENTS_NOTE} Glutamate and plasticity are assumed steps, not measurements.",
            (
                Column(("receptor", "peak_block"), "Receptor block, peak", "%", "percent_of_one"),
                Column(("glutamate", "peak_fold"), "Glutamate, peak", "fold of baseline", "fold"),
                Column(("glutamate", "peak_h"), "Glutamate peak at", "time", "time"),
                Column(("plasticity", "peak"), "Plasticity, peak", "scale 0 to 1", "fraction"),
                Column(("plasticity", "peak_h"), "Plasticity peak at", "time", "time"),
            ),
        ),
    )


# Facts in words, in two tables: where and how, and what stands behind the numbers.
PRACTICAL = (
    Column(("practical", "setting"), "Setting", "", "text"),
    Column(("practical", "observation_min"), "Watched for", "min", "minutes"),
    Column(("practical", "approval"), "Approval", "", "text"),
    Column(("practical", "cost_usd"), "Cost", "US$", "range"),
)
EVIDENCE = (
    Column(("evidence", "trials"), "Trials", "", "count"),
    Column(("evidence", "participants"), "People in them", "", "count"),
    Column(("evidence", "certainty"), "Certainty", "", "text"),
    Column(("evidence", "reasons"), "Why this certainty", "", "text"),
)


def lookup(option: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """The value at a place of an option, None where a step of the way is absent or null."""
    value: Any = option
    for key in path:
        if value is None:
            return None
        value = value.get(key)
    return value


def scale_name(document: Mapping[str, Any]) -> str:
    """The symptom scale of the comparison."""
    names = (lookup(option, ("symptoms", "scale")) for option in document["options"])
    return str(next((name for name in names if name), "the symptom scale"))
