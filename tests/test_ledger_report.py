"""The validation ledger as tables and as a page: nothing left out, nothing rounded away, nothing half-written."""

from __future__ import annotations

import copy
import re

import pytest

from ketascope import validate
from ketascope.errors import InputError
from ketascope.report import ledger
from ketascope.report.format import NOT_SHOWN


def observed(study="Kamp 2020", **changes):
    row = {
        "study": study,
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


def group(**changes):
    row = {
        "route": "IV",
        "analyte": "ketamine",
        "sampling": "venous",
        "rows": 23,
        "studies": 3,
        "gmfe": 1.1437,
        "bias": 0.9612,
        "within_1_25_fold": 0.8696,
        "within_2_fold": 1.0,
    }
    return row | changes


NOTHING = dict.fromkeys(("sampling", "gmfe", "bias", "within_1_25_fold", "within_2_fold")) | {"rows": 0, "studies": 0}
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
        assert first == ("IV", "ketamine", "venous", "23", "3", "1.14", "0.96", "87%", "100%")

    def test_a_route_without_observations_is_listed_with_dashes_and_no_zero_error(self):
        _, empty = ledger.summary_rows(DOCUMENT)
        assert empty == ("SC", "ketamine", NOT_SHOWN, "0", "0", *[NOT_SHOWN] * 4)

    def test_a_prediction_stands_beside_its_observation_with_unit_and_time(self):
        first, second, _ = ledger.observation_rows(DOCUMENT)
        assert first[:2] == ("Kamp 2020", "IV")
        assert first[4:] == ("mean concentration at 0.5 h", "44.9 ng/mL", "49.4", "1.10", "yes")
        assert second[4] == "Cmax"
        assert second[7] == "0.80"

    def test_a_row_that_is_predicted_but_not_used_says_why(self):
        assert ledger.observation_rows(DOCUMENT)[2][8] == "no: a bioavailability [checked]"

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
        parts = ("by route", "2 of 5 published rows are used, 3 are not", "Every row", "by reason", "Verification, not")
        places = [text.index(part) for part in parts]
        assert places == sorted(places)

    def test_brackets_of_a_source_are_text_and_not_markup(self, capsys):
        text = printed(DOCUMENT, capsys)
        assert text.count("[checked]") >= 1
        assert "   1  a bioavailability [checked]" in text

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
        counts = [int(line.split()[0]) for line in text.splitlines() if re.match(r" *\d+  \S", line)]
        assert sum(counts) == real["summary"]["not_used"]


class TestThePage:
    def test_it_has_one_table_a_part_with_the_rows_of_the_functions(self):
        text = ledger.ledger_markdown(DOCUMENT)
        summary = table_of(text, "By route, analyte and sampling site")
        assert summary[0] == list(ledger.SUMMARY_HEAD)
        assert set(summary[1]) == {"---"}
        assert [tuple(row) for row in summary[2:]] == ledger.summary_rows(DOCUMENT)
        assert len(table_of(text, "Every predicted row")) == 2 + 3
        assert table_of(text, "Rows that are not used")[2:] == [
            ["no dose given", "2"],
            ["a bioavailability [checked]", "1"],
        ]
        assert len(table_of(text, "Verification")) == 2 + 1

    def test_a_bar_in_a_cell_does_not_start_a_new_one(self):
        document = copy.deepcopy(DOCUMENT)
        document["rows"][3]["why_not"] = document["rows"][4]["why_not"] = "mean | median unclear"
        rows = table_of(ledger.ledger_markdown(document), "Rows that are not used")
        assert rows[2] == ["mean \\| median unclear", "2"]

    def test_every_table_is_rectangular(self, real):
        text = ledger.ledger_markdown(real)
        for heading in re.findall(r"^## (.+)$", text, flags=re.MULTILINE):
            assert len({len(row) for row in table_of(text, heading)}) == 1, heading

    def test_the_real_page_accounts_for_every_row(self, real):
        text = ledger.ledger_markdown(real)
        used = [row for row in table_of(text, "Every predicted row")[2:] if row[8] == "yes"]
        unused = sum(int(row[1]) for row in table_of(text, "Rows that are not used")[2:])
        assert len(used) == real["summary"]["used"]
        assert len(used) + unused == real["summary"]["rows"] == len(real["rows"])

    def test_it_is_written_whole_or_not_at_all(self, tmp_path, monkeypatch):
        path = ledger.write_markdown(tmp_path / "page.md", DOCUMENT)
        before = path.read_text(encoding="utf-8")
        assert before == ledger.ledger_markdown(DOCUMENT)

        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("ketascope.report.files.os.replace", full)
        with pytest.raises(InputError, match="No space left on device"):
            ledger.write_markdown(path, {**DOCUMENT, "rows": []})
        assert path.read_text(encoding="utf-8") == before
        assert [item.name for item in tmp_path.iterdir()] == ["page.md"]

    def test_a_missing_folder_is_named(self, tmp_path):
        with pytest.raises(InputError, match="the folder .*none does not exist; create it first$"):
            ledger.write_markdown(tmp_path / "none" / "page.md", DOCUMENT)
