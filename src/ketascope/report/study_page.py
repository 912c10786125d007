"""One study, or the list of them, for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ketascope.report.format import NOT_SHOWN, as_given, counted, duration
from ketascope.report.layout import HELPLINE, NOT_ADVICE
from ketascope.report.ledger import Row, print_table
from ketascope.report.screen import screen

if TYPE_CHECKING:
    from rich.console import Console

Entry = Mapping[str, Any]

ARM_HEAD: Row = ("arm", "given", "dose", "doses", "people")
OUTCOME_HEAD: Row = ("arm", "outcome", "time", "figure", "n", "used")
LIST_HEAD: Row = ("study", "who", "kind", "about", "bias", "people", "counts")
_SPREADS: Mapping[str, str] = {"sd": "SD", "se": "SE", "ci95": "95% CI", "cri95": "95% CrI", "range": "range"}
_UNITS: Mapping[str, str] = {"percent": "%", "mmHg": " mmHg", "days": " d"}
_MEASURES: Mapping[str, str] = {"smd": "difference in SDs", "none": "nothing reported"}
_FACTS: tuple[tuple[str, str], ...] = (
    ("title", "title"),
    ("design", "design"),
    ("blinding", "masking"),
    ("comparator", "control"),
    ("condition", "condition"),
    ("population", "people"),
    ("country", "country"),
    ("n_randomised", "randomised"),
    ("n_analysed", "analysed"),
    ("primary_scale", "first outcome"),
    ("funding", "funding"),
    ("doi", "doi"),
    ("pmid", "PubMed"),
    ("registration", "registered"),
    ("source", "read in"),
    ("checked", "checked"),
    ("note", "note"),
)
RELATIONS: Mapping[str, str] = {
    "same_trial": "the same trial as",
    "within": "repeats people of",
    "repeated_by": "its people also in",
}
USED = (
    "used: P pooled; F in the fit of the symptom model, C only held against it; M from memory and never counted; "
    "otherwise in none of them."
)
_NARROW = 100
"""Below this width the tables leave out what the page says elsewhere."""


def print_study(page: Entry, console: Console | None = None) -> None:
    """Print a page of `ketascope.evidence.studies.page.study_page`; what was not found is said, not left blank."""
    from rich.markup import escape

    console = screen(console)
    study = page["study"]
    console.print(f"[bold]{escape(study['label'])}[/bold]  {escape(study['study'])}")
    _print_facts(console, study_facts(page))
    console.print()
    if page["arms"]:
        print_table(console, "Arms", ARM_HEAD, [arm_row(arm) for arm in page["arms"]], len(ARM_HEAD) - 1)
    else:
        console.print("Arms: none reported.\n")
    if page["outcomes"]:
        rows = [outcome_row(row) for row in page["outcomes"]]
        print_table(console, "Outcomes", OUTCOME_HEAD, rows, len(OUTCOME_HEAD))
        console.print(f"{USED}\n")
    else:
        console.print("Outcomes: no figure was found.\n")
    _comparisons(console, page)
    _scales(console, page["scales"])
    console.print(f"\n[bold]{NOT_ADVICE}[/bold] {HELPLINE}")


def print_studies(entries: Sequence[Entry], console: Console | None = None) -> None:
    """Print the list of `ketascope.evidence.studies.page.study_list`, one line a study where the terminal allows."""
    console = screen(console)
    if not entries:
        console.print("No study.")
        return
    head, rows = LIST_HEAD, [list_row(entry) for entry in entries]
    if console.width < _NARROW:
        keep = [LIST_HEAD.index(name) for name in ("study", "kind", "bias", "people", "counts")]
        head, rows = tuple(head[i] for i in keep), [tuple(row[i] for i in keep) for row in rows]
    print_table(console, counted(len(entries), "study", "studies"), head, rows, len(head) - 2)
    trials = len({entry["trial_key"] for entry in entries})
    console.print(
        f"{trials} trials or reviews: a trial under several names counts once. counts: comparisons in a pool. "
        "One in full: ketascope evidence show STUDY"
    )


def arm_row(arm: Entry) -> Row:
    """One arm: name, what was given and how, the dose, how often, and people."""
    given = " ".join(text for text in (arm["treatment"], arm["route"]) if text)
    dose = " ".join(text for text in (arm["dose"], arm["dose_unit"]) if text)
    if arm["infusion_min"]:
        dose += f" over {as_given(arm['infusion_min'])} min"
    people = NOT_SHOWN if arm["n"] is None else str(arm["n"])
    if arm["verified"] == "recall" and arm["n"] is not None:
        people += " (memory)"
    return (arm["arm_words"], given, dose or NOT_SHOWN, arm["schedule"] or NOT_SHOWN, people)


def outcome_row(row: Entry) -> Row:
    """One outcome: arm, what was measured, when, the figure with its spread, people, and how it is used."""
    when = NOT_SHOWN if row["time_h"] is None else duration(row["time_h"]) if row["time_h"] else "start"
    if row["window_start_h"] is not None and row["time_h"] is not None:
        start = "0 h" if row["window_start_h"] == 0 else duration(row["window_start_h"])
        when = f"{start} to {when}"
    pooled = "P" if row["counts_in"] else "M" if row["verified"] == "recall" else ""
    fitted = {"fit": "F", "check": "C", None: ""}[row["in_fit"]]
    used = ", ".join(letter for letter in (pooled, fitted) if letter)
    people = NOT_SHOWN if row["n"] is None else str(row["n"])
    measure = _MEASURES.get(row["measure"], row["measure"].replace("_", " "))
    return (row["arm_words"], f"{row['scale_label']}: {measure}", when, figure(row), people, used)


def figure(row: Entry) -> str:
    """The figure of an outcome as one reads it: "10 of 15 (66.7%)", "−11.88 (SE 3.96)"; words where none was found."""
    if row["value"] is None and row["events"] is None:
        return "no figure"
    text = "" if row["value"] is None else f"{as_given(row['value'])}{_UNITS.get(row['unit'], '')}"
    if row["events"] is not None:
        counted = f"{row['events']}" if row["n"] is None else f"{row['events']} of {row['n']}"
        if row["count_from"] == "percent":
            return f"{text} (about {counted})"
        return f"{counted} ({text})" if text else counted
    kind = _SPREADS.get(row["spread"])
    if kind in ("SD", "SE"):
        return f"{text} ({kind} {as_given(row['spread_high'])})"
    return f"{text} ({kind} {as_given(row['spread_low'])} to {as_given(row['spread_high'])})" if kind else text


def list_row(entry: Entry) -> Row:
    """One study of the list."""
    return (
        entry["study"],
        entry["label"],
        entry["kind"].replace("_", " "),
        entry["indication"].replace("_", " "),
        entry["risk_of_bias"],
        NOT_SHOWN if entry["people"] is None else str(entry["people"]),
        str(entry["comparisons_that_count"] or NOT_SHOWN),
    )


def study_facts(page: Entry, keys: bool = True) -> list[tuple[str, str]]:
    """What is known of the study as name and text; what was not found is left out.

    keys: whether related studies have the key that the command line asks for behind their label.
    """
    study = page["study"]
    facts = [(words, study[name]) for name, words in _FACTS]
    facts += [("risk of bias", f"{study['risk_of_bias']}: {study['risk_of_bias_note'] or 'no remark found'}")]
    facts += _relations(page, keys)
    return [(words, str(value)) for words, value in facts if value not in (None, "")]


def _print_facts(console: Console, facts: Sequence[tuple[str, str]]) -> None:
    from rich.padding import Padding
    from rich.text import Text

    for words, value in facts:
        console.print(Padding(Text.assemble((f"{words}: ", "dim"), value), (0, 0, 0, 2)))


def _relations(page: Entry, keys: bool) -> list[tuple[str, Any]]:
    def named(item: Entry) -> str:
        return f"{item['label']} ({item['study']})" if keys else str(item["label"])

    return [(words, ", ".join(named(item) for item in page[name])) for name, words in RELATIONS.items()]


def _comparisons(console: Console, page: Entry) -> None:
    from rich.padding import Padding
    from rich.text import Text

    if not page["comparisons"]:
        console.print(f"{no_comparison(page)}\n", markup=False)
        return
    console.print("[bold]Comparisons[/bold]")
    for sentence in comparison_sentences(page):
        console.print(Padding(Text(sentence), (0, 0, 0, 2)))
    console.print()


def no_comparison(page: Entry) -> str:
    """That nothing can be pooled, and why where that is known."""
    why = page["study"]["no_comparison"]
    return f"Comparisons to pool: none{f' ({why})' if why else ''}."


def comparison_sentences(page: Entry) -> list[str]:
    """Every comparison of a study with whether it counts."""
    sentences = []
    for row in page["comparisons"]:
        when = "" if row["time_h"] is None else f" at {duration(row['time_h'])}"
        what = f"{row['outcome']}, {row['scale_label']}{when}: {row['treatment_words']} against {row['control_words']}"
        verdict = "It counts" if row["in_pooling"] else f"It does not count: {row['why_not']}"
        if row["in_pooling"] and row["bound"]:
            verdict = "It counts as a bound on the effect"
        assumed = row["figures"]["assumed"] if row["in_pooling"] else ""
        notes = [text for text in (verdict, row["note"], assumed) if text]
        sentences.append(f"{what[0].upper()}{what[1:]}. {'; '.join(notes).rstrip('.')}.")
    return sentences


def _scales(console: Console, scales: Sequence[Entry]) -> None:
    from rich.padding import Padding
    from rich.text import Text

    if not scales:
        return
    console.print("[bold]Scales[/bold]")
    for sentence in scale_sentences(scales):
        console.print(Padding(Text(sentence), (0, 0, 0, 2)))


def scale_sentences(scales: Sequence[Entry]) -> list[str]:
    """Limits, direction and smallest important difference of each scale."""
    sentences = []
    for row in scales:
        top = "no fixed top" if row["maximum"] is None else f"{row['minimum']:g} to {row['maximum']:g}"
        important = row["minimal_important_difference_text"]
        sentences.append(f"{row['label']}: {top}, {row['direction']}. Smallest important difference: {important}.")
    return sentences
