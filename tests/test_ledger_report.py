"""The validation ledger as tables and as a page: nothing left out, nothing rounded away, nothing half-written."""

from __future__ import annotations

import copy
import re

import pytest

from ketascope import validate
from ketascope.errors import InputError
from ketascope.evidence.pk_ledger import MODELS
from ketascope.evidence.studies.tables import outcomes
from ketascope.evidence.trial_ledger import trial_ledger
from ketascope.report import ledger
from ketascope.report.format import NOT_SHOWN
from trial_records import record


def observed(study="Kamp 2020", **changes):
    row = {
        "study": study,
        "part": "training",
        "route": "IV",
        "analyte": "ketamine",
        "sampling": "venous",
        "statistic": "mean concentration",
        "time_h": 0.5,
        "unit": "ng/mL",
        "observed": 44.9,
        "predicted": 49.4,
        "fold_error": 1.1002,
        "used": True,
        "why_not": None,
    }
    return row | changes


def figures(**changes):
    """What one model makes of a group."""
    numbers = {
        "rows": 23,
        "gmfe": 1.1437,
        "bias": 0.9612,
        "within_1_25_fold": 0.8696,
        "within_1_5_fold": 0.9565,
        "within_2_fold": 1.0,
    }
    return numbers | changes


NO_FIGURES = dict.fromkeys(figures()) | {"rows": 0}


def group(**changes):
    row = {
        "route": "IV",
        "analyte": "ketamine",
        "sampling": "venous",
        "part": "training",
        "rows": 23,
        "studies": 3,
        "models": {
            "pooled": figures(),
            "fanta_otto": figures(gmfe=1.254, bias=0.5),
            "simons": dict(NO_FIGURES),
        },
    }
    return row | changes


def total(**changes):
    whole = group(part="test", **changes)
    return {name: value for name, value in whole.items() if name not in ("route", "sampling")}


NOTHING = {
    "sampling": None,
    "part": None,
    "rows": 0,
    "studies": 0,
    "models": dict.fromkeys(group()["models"], NO_FIGURES),
}
DOCUMENT = {
    "rows": [
        observed(),
        observed("Clements 1982", time_h=None, statistic="Cmax", observed=1234.0, predicted=987.6, fold_error=0.8003),
        observed("Otto 2021", used=False, why_not="a bioavailability [checked]", statistic="F", unit="fraction"),
        observed("Domino 1984", used=False, predicted=None, fold_error=None, why_not="no dose given"),
        observed("Smith 1999", used=False, predicted=None, fold_error=None, why_not="no dose given"),
    ],
    "summary": {
        "definition": "gmfe = exp(mean |ln(predicted/observed)|).",
        "rows": 5,
        "used": 2,
        "not_used": 3,
        "groups": [group(), group(route="SC", **NOTHING)],
        "totals": [total(rows=31, studies=4)],
        "beside": [],
    },
    "verification": [
        {
            "stratum": "18-60 y Caucasian",
            "dose_mg": 84.0,
            "quantity": "esketamine Cmax",
            "published": 102.4,
            "reproduced": 102.64,
            "ratio": 1.0023,
        }
    ],
    "trials": trial_ledger(record()),
}


@pytest.fixture(scope="module")
def real():
    return validate()


def printed(document, capsys):
    ledger.print_ledger(document)
    return capsys.readouterr().out


def table_of(text, heading):
    """Cells of the Markdown table below a heading, without its head and rule."""
    lines = text.split(f"## {heading}\n")[1].split("\n## ")[0].splitlines()
    rows = [line for line in lines if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in rows]


class TestRows:
    def test_a_group_has_its_numbers_with_two_decimals_and_shares_in_percent(self):
        first, _ = ledger.summary_rows(DOCUMENT)
        assert first == (
            ("IV", "ketamine", "venous", "training", "23", "3") + ("1.14", "1.25", NOT_SHOWN) + ("0.96", "87%", "96%")
        )
        assert len(first) == len(ledger.SUMMARY_HEAD)

    def test_heads_name_the_models_in_the_order_of_their_figures(self):
        assert ledger.SUMMARY_HEAD[6:9] == ledger.TOTALS_HEAD[4:7] == ("pooled", "Set A", "Set B")
        assert list(ledger.MODEL_NAMES) == list(MODELS)

    def test_bias_and_shares_are_those_of_the_default_model(self):
        swapped = copy.deepcopy(DOCUMENT)
        models = swapped["summary"]["groups"][0]["models"]
        models["pooled"], models["fanta_otto"] = models["fanta_otto"], models["pooled"]
        first, _ = ledger.summary_rows(swapped)
        assert first[6:10] == ("1.25", "1.14", NOT_SHOWN, "0.50")

    def test_a_ledger_of_one_model_shows_dashes_for_the_others(self):
        alone = copy.deepcopy(DOCUMENT)
        alone["summary"]["groups"][0]["models"] = {"pooled": figures()}
        first, _ = ledger.summary_rows(alone)
        assert first[6:9] == ("1.14", NOT_SHOWN, NOT_SHOWN)

    def test_totals_have_the_part_and_the_same_figures(self):
        assert ledger.totals_rows(DOCUMENT) == [
            ("ketamine", "test", "31", "4", "1.14", "1.25", NOT_SHOWN, "0.96", "87%", "96%")
        ]
        assert len(ledger.TOTALS_HEAD) == 10

    def test_a_route_without_observations_is_listed_with_dashes_and_no_zero_error(self):
        _, empty = ledger.summary_rows(DOCUMENT)
        assert empty == ("SC", "ketamine", NOT_SHOWN, NOT_SHOWN, "0", "0", *[NOT_SHOWN] * 6)

    def test_a_prediction_stands_beside_its_observation_with_unit_and_time(self):
        first, second, _ = ledger.observation_rows(DOCUMENT)
        assert first[:5] == ("Kamp 2020", "training", "IV", "ketamine", "venous")
        assert first[5:] == ("mean concentration at 0.5 h", "44.9 ng/mL", "49.4", "1.10", "yes")
        assert second[5] == "Cmax"
        assert second[8] == "0.80"

    def test_the_part_of_a_row_that_is_on_neither_side_is_a_dash(self):
        document = copy.deepcopy(DOCUMENT)
        document["rows"][0]["part"] = None
        assert ledger.observation_rows(document)[0][1] == NOT_SHOWN

    def test_a_row_that_is_predicted_but_not_used_says_why(self):
        assert ledger.observation_rows(DOCUMENT)[2][9] == "no: a bioavailability [checked]"

    def test_rows_come_by_route_site_and_analyte_with_the_used_ones_first(self, real):
        cells = ledger.observation_rows(real)
        assert len(cells) == sum(row["predicted"] is not None for row in real["rows"])
        used = [row for row in cells if row[-1] == "yes"]
        assert len(used) == 184
        assert cells[:184] == used
        assert (cells[0][2], cells[0][4]) == ("IV", "arterial")
        assert list(dict.fromkeys(row[2] for row in used)) == ["IV", "IM", "nasal", "SL", "oral", "oral-ER"]

    def test_rows_that_cannot_be_predicted_are_counted_by_reason_the_most_frequent_first(self):
        assert len(ledger.observation_rows(DOCUMENT)) == 3
        assert ledger.unused_reasons(DOCUMENT) == [("no dose given", 2), ("a bioavailability [checked]", 1)]

    def test_verification_keeps_three_decimals_of_its_ratio(self):
        assert ledger.verification_rows(DOCUMENT) == [
            ("18-60 y Caucasian", "84", "esketamine Cmax", "102.4", "102.6", "1.002")
        ]


class TestTheTerminal:
    def test_all_parts_are_printed_in_order(self, capsys):
        text = printed(DOCUMENT, capsys)
        parts = (
            "by route",
            "All routes together",
            "2 of 5 published rows are used, 3 are not",
            "Every row",
            "by reason",
            "Verification, not",
            "Trials: figures inside",
            "Trials left out one by one",
            "Known misfits",
        )
        places = [text.index(part) for part in parts]
        assert places == sorted(places)

    def test_brackets_of_a_source_are_text_and_not_markup(self, capsys):
        text = printed(DOCUMENT, capsys)
        assert text.count("[checked]") >= 1
        assert "   1  a bioavailability [checked]" in text

    def test_a_ledger_of_one_site_says_that_it_leaves_the_trials_out(self, capsys):
        document = DOCUMENT | {"trials": {"left_out": "left out, as one site was asked for"}}
        text = printed(document, capsys)
        assert "Trials: left out, as one site was asked for" in text
        assert "Known misfits" not in text
        assert ledger.ledger_markdown(document).endswith("## Trials\n\nleft out, as one site was asked for\n")

    def test_closing_brackets_break_nothing(self, capsys):
        document = copy.deepcopy(DOCUMENT)
        document["rows"][2]["why_not"] = "[/bold] and [/]"
        document["summary"]["definition"] = "[/x]"
        text = printed(document, capsys)
        assert "[/bold] and [/]" in text
        assert "[/x]" in text

    def test_the_real_ledger_is_printed_whole(self, real, capsys):
        text = printed(real, capsys)
        for study in {row["study"] for row in real["rows"] if row["predicted"] is not None}:
            assert study.split()[0] in text
        own = text.split("Trials: figures inside")[0]
        counts = [int(line.split()[0]) for line in own.splitlines() if re.match(r" *\d+  \S", line)]
        assert sum(counts) == real["summary"]["not_used"]


class TestThePage:
    def test_it_has_one_table_a_part_with_the_rows_of_the_functions(self):
        text = ledger.ledger_markdown(DOCUMENT)
        summary = table_of(text, "By route, analyte and sampling site")
        assert summary[0] == list(ledger.SUMMARY_HEAD)
        assert set(summary[1]) == {"---"}
        assert [tuple(row) for row in summary[2:]] == ledger.summary_rows(DOCUMENT)
        totals = table_of(text, "All routes together")
        assert totals[0] == list(ledger.TOTALS_HEAD)
        assert [tuple(row) for row in totals[2:]] == ledger.totals_rows(DOCUMENT)
        assert len(table_of(text, "Every predicted row")) == 2 + 3
        assert table_of(text, "Rows that are not used")[2:] == [
            ["no dose given", "2"],
            ["a bioavailability [checked]", "1"],
        ]
        assert len(table_of(text, "Verification")) == 2 + 1
        assert len(table_of(text, "Trials: every compared figure")) == 2 + len(DOCUMENT["trials"]["rows"])
        assert text.index("## Verification") < text.index("## Trials")

    def test_a_bar_in_a_cell_does_not_start_a_new_one(self):
        document = copy.deepcopy(DOCUMENT)
        document["rows"][3]["why_not"] = document["rows"][4]["why_not"] = "mean | median unclear"
        rows = table_of(ledger.ledger_markdown(document), "Rows that are not used")
        assert rows[2] == ["mean \\| median unclear", "2"]

    def test_every_table_is_rectangular(self, real):
        text = ledger.ledger_markdown(real)
        for heading in re.findall(r"^## (.+)$", text, flags=re.MULTILINE):
            widths = {len(row) for row in table_of(text, heading)}
            assert len(widths) == (0 if heading.endswith("known misfits") else 1), heading

    def test_the_real_page_accounts_for_every_row(self, real):
        text = ledger.ledger_markdown(real)
        used = [row for row in table_of(text, "Every predicted row")[2:] if row[9] == "yes"]
        unused = sum(int(row[1]) for row in table_of(text, "Rows that are not used")[2:])
        assert len(used) == real["summary"]["used"]
        assert len(used) + unused == real["summary"]["rows"] == len(real["rows"])

    def test_the_real_page_accounts_for_every_figure_of_the_trial_tables(self, real):
        text = ledger.ledger_markdown(real)
        shown = table_of(text, "Trials: every compared figure")[2:]
        assert len(shown) == len(real["trials"]["rows"])
        others = table_of(text, "Trials: every row that is not compared")[2:]
        compared = {name for row in real["trials"]["rows"] for name in row["outcomes"] if ":" in name}
        assert len(others) + len(compared) == len(outcomes())

    def test_the_real_page_splits_every_row_between_training_and_test(self, real):
        rows = table_of(ledger.ledger_markdown(real), "Every predicted row")[2:]
        assert {row[1] for row in rows} == {"training", "test"}
        studies = {part: {row[0] for row in rows if row[1] == part} for part in ("training", "test")}
        assert not studies["training"] & studies["test"]

    def test_it_is_written_whole_or_not_at_all(self, tmp_path, monkeypatch):
        path = ledger.write_markdown(tmp_path / "page.md", DOCUMENT)
        before = path.read_text(encoding="utf-8")
        assert before == ledger.ledger_markdown(DOCUMENT)

        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("ketascope.files.os.replace", full)
        with pytest.raises(InputError, match="No space left on device"):
            ledger.write_markdown(path, {**DOCUMENT, "rows": []})
        assert path.read_text(encoding="utf-8") == before
        assert [item.name for item in tmp_path.iterdir()] == ["page.md"]

    def test_a_missing_folder_is_named(self, tmp_path):
        with pytest.raises(InputError, match="the folder .*none does not exist; create it first$"):
            ledger.write_markdown(tmp_path / "none" / "page.md", DOCUMENT)
