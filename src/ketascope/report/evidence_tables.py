"""Evidence, studies and the ledger as plain tables of texts, for pages; the cells are those of the terminal."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ketascope.report import evidence, ledger, study_page, trial_ledger
from ketascope.report.format import counted

Document = Mapping[str, Any]
Cells = tuple[str, ...]
# The intervals that the terminal draws in characters; a page has the forest plot.
_DRAWN = 4
# Headings that are signs rather than words.
_SIGNS = ("k", "n", "id", "tau\N{SUPERSCRIPT TWO}")
FOLD_ERRORS = (
    "Geometric mean fold error of predicted over observed for the pooled model and for the published Set A (Fanta "
    "2015, Otto 2021) and Set B (Simons 2022); then, of the pooled model, the bias and the share of rows within "
    "1.25-fold and 1.5-fold."
)
_ADDRESSES: Mapping[str, str] = {
    "doi": "https://doi.org/",
    "PubMed": "https://pubmed.ncbi.nlm.nih.gov/",
    "registered": "https://clinicaltrials.gov/study/",
}


@dataclass(frozen=True)
class PlainTable:
    """One table. numbers: columns set flush right; links: the address behind each row's first cell, or none, and
    about: what a screen reader adds to it where several links read the same.
    """

    id: str
    title: str
    head: Cells
    rows: tuple[Cells, ...]
    numbers: frozenset[int] = frozenset()
    links: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def headings(self) -> list[str]:
        """The headings with a capital where they are words."""
        return [capital(name) for name in self.head]

    @property
    def lines(self) -> list[tuple[str, str, Cells]]:
        """Every row with its link and what is added to it, empty where there is none."""
        none = [""] * len(self.rows)
        return list(zip(self.links or none, self.about or none, self.rows, strict=True))


def capital(name: str) -> str:
    """A name with a capital, unless it is a sign."""
    return name if name in _SIGNS else name[0].upper() + name[1:]


def study_address(study: str) -> str:
    """Where the page of a study is."""
    return f"/evidence/studies/{study}"


def overview_table(document: Document) -> PlainTable:
    """What is pooled in every indication."""
    # People read the name of the diagnosis, not its key.
    rows = tuple((capital(row["label"]), *evidence.overview_cells(row)[1:]) for row in document["overview"])
    chosen = f"&outcome={document['outcome']}" if document["outcome"] != "symptoms" else ""
    links = tuple(
        f"/evidence?indication={row['indication']}&treatment={row['treatment']}{chosen}" for row in document["overview"]
    )
    about = tuple(str(row["treatment_label"]) for row in document["overview"])
    title = f"{capital(document['outcome_label'])} by indication and treatment"
    return PlainTable("overview", title, evidence.OVERVIEW_HEAD, rows, frozenset({2, 3}), links, about)


def studies_table(document: Document) -> PlainTable:
    """The studies of a pool, each linked to its page."""
    rows = tuple(_without_drawing(evidence.study_cells(document, study, None)) for study in document["studies"])
    head = _without_drawing(evidence.study_head(document))
    # A study of the visitor's own file has no page.
    links = tuple("" if study["is_user"] else study_address(study["study"]) for study in document["studies"])
    notes = tuple(evidence.study_notes(document))
    return PlainTable("studies", "Studies", head, rows, frozenset({5}), links, notes=notes)


def _without_drawing(cells: Cells) -> Cells:
    return cells[:_DRAWN] + cells[_DRAWN + 1 :]


def sensitivity_table(document: Document) -> PlainTable:
    """The sensitivity set."""
    rows = tuple(evidence.sensitivity_cells(document, row) for row in document["sensitivity"])
    numbers = frozenset({1, 3, 4})
    return PlainTable("sensitivity", "Sensitivity set", evidence.sensitivity_head(document), rows, numbers)


def cumulative_table(document: Document) -> PlainTable:
    """The pool as the trials came in."""
    rows = tuple(evidence.cumulative_cells(document, row) for row in document["cumulative"])
    title = "As the trials came in, year by year"
    return PlainTable("cumulative", title, evidence.cumulative_head(document), rows, frozenset({1, 3, 4}))


def checks_table(document: Document) -> PlainTable:
    """Published pooled estimates beside ours."""
    rows = tuple(evidence.check_cells(row) for row in document["checks"])
    title = "Published pooled estimates beside ours (checks, never data)"
    return PlainTable("checks", title, evidence.CHECK_HEAD, rows, frozenset({2}))


def without_table(document: Document) -> PlainTable:
    """Studies without usable numbers, and why."""
    found = document["without_numbers"]
    # The key that the command line shows stands in the address of the link.
    rows = tuple(_without_key(evidence.without_cells(study)) for study in found)
    links = tuple(study_address(study["study"]) for study in found)
    title = "Studies without usable numbers, and why"
    return PlainTable("without", title, _without_key(evidence.WITHOUT_HEAD), rows, links=links)


def _without_key(cells: Cells) -> Cells:
    key = evidence.WITHOUT_HEAD.index("id")
    return cells[:key] + cells[key + 1 :]


def list_table(entries: Sequence[Mapping[str, Any]]) -> PlainTable:
    """The list of studies, each linked to its page."""
    # The key that the command line asks for stands in the address of the link.
    head = ("study", *study_page.LIST_HEAD[2:])
    rows = tuple(study_page.list_row(entry)[1:] for entry in entries)
    links = tuple(study_address(entry["study"]) for entry in entries)
    return PlainTable("studies", counted(len(entries), "study", "studies"), head, rows, _last(head, 2), links)


def arms_table(page: Document) -> PlainTable:
    """The arms of one study."""
    rows = tuple(study_page.arm_row(arm) for arm in page["arms"])
    return PlainTable("arms", "Arms", study_page.ARM_HEAD, rows, _last(study_page.ARM_HEAD, 1))


def fact_links(page: Document) -> dict[str, str]:
    """Addresses of the sources and of a single related study among the facts of a study, by the name of the fact."""
    values = dict(study_page.study_facts(page))
    found = {name: values[name] for name in _ADDRESSES if name in values}
    # Other registries than ClinicalTrials.gov have addresses of their own.
    links = {name: _ADDRESSES[name] + text for name, text in found.items() if name != "registered" or _is_nct(text)}
    alone = {words: page[name][0] for name, words in study_page.RELATIONS.items() if len(page[name]) == 1}
    return links | {words: study_address(item["study"]) for words, item in alone.items()}


def _is_nct(text: str) -> bool:
    return text.startswith("NCT") and text[3:].isdigit()


def outcomes_table(page: Document) -> PlainTable:
    """The outcomes of one study."""
    rows = tuple(study_page.outcome_row(row) for row in page["outcomes"])
    return PlainTable("outcomes", "Outcomes", study_page.OUTCOME_HEAD, rows, notes=(study_page.USED,))


def concentration_tables(document: Document) -> list[PlainTable]:
    """The ledger of concentrations, all but its rows: by route, in all, why rows are unused, the verification."""
    reasons = tuple((reason, str(count)) for reason, count in ledger.unused_reasons(document))
    return [
        _from("totals", "All routes together", ledger.TOTALS_HEAD, ledger.totals_rows(document), 2),
        _from("routes", "By route, analyte and sampling site", ledger.SUMMARY_HEAD, ledger.summary_rows(document), 4),
        _from("unused", "Rows that are not used", ("reason", "rows"), reasons, 1),
        _from("verification", ledger.VERIFICATION, ledger.VERIFICATION_HEAD, ledger.verification_rows(document), 3),
    ]


def observation_table(document: Document) -> PlainTable:
    """Every concentration that was predicted, beside what was observed."""
    rows, head = ledger.observation_rows(document), ledger.ROW_HEAD
    return PlainTable("observations", "Every predicted concentration", head, tuple(rows), frozenset({6, 7, 8}))


def trial_tables(trials: Document) -> list[PlainTable]:
    """The ledger of trials: figures inside their intervals, trials left out, coverage, scores."""
    left_out = "Trials left out one by one (* counts for coverage)"
    return [
        _from(
            "figures", "Figures inside their intervals", trial_ledger.SUMMARY_HEAD, trial_ledger.summary_rows(trials), 1
        ),
        _from("left-out", left_out, trial_ledger.LEFT_OUT_HEAD, trial_ledger.left_out_rows(trials), 6),
        _from(
            "coverage", "Coverage of trials left out", trial_ledger.COVERAGE_HEAD, trial_ledger.coverage_rows(trials), 2
        ),
        _from("scores", "Scores of trials left out", trial_ledger.SCORE_HEAD, trial_ledger.score_rows(trials), 1),
    ]


def figure_table(trials: Document) -> PlainTable:
    """Every figure of a trial with both predictive intervals."""
    rows, head = trial_ledger.full_rows(trials["rows"]), trial_ledger.FULL_HEAD
    numbers = frozenset(head.index(name) for name in ("people", "observed", "predicted"))
    return PlainTable("trial-figures", "Every compared figure", head, tuple(rows), numbers)


def uncompared_tables(trials: Document) -> list[PlainTable]:
    """Rows of the study tables that are not compared: by reason, and each."""
    reasons, others = trial_ledger.reason_rows(trials), trial_ledger.other_rows(trials)
    addresses = tuple(study_address(row["study"]) for row in trials["not_compared"])
    return [
        _from("reasons", "Rows of the study tables that are not compared", trial_ledger.REASON_HEAD, reasons, 1),
        PlainTable("others", "Every row that is not compared", trial_ledger.OTHER_HEAD, tuple(others), links=addresses),
    ]


def _from(id_: str, title: str, head: Cells, rows: Collection[Cells], right_from: int) -> PlainTable:
    return PlainTable(id_, title, head, tuple(rows), frozenset(range(right_from, len(head))))


def _last(head: Cells, columns: int) -> frozenset[int]:
    return frozenset(range(len(head) - columns, len(head)))
