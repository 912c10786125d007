"""Event tables for other tools: a table that is read back gives the very same regimen."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketascope import InputError
from ketascope.exchange.event_tables import TABLES, event_table
from ketascope.exchange.exporting import FORMATS, export
from ketascope.exchange.importing import import_events
from ketascope.regimen import load_presets, parse
from test_regimen_round_trip import QUIET, regimens

SENTENCES = sorted(
    {option.sentence for indication in ("gad", "ptsd", "ocd") for option in load_presets(indication) if option.sentence}
)
MIXED = "ketamine 0.5 mg/kg IV over 40 min q 3.5 d x 6 then esketamine 84 mg nasal q 7 d x 4"
OWN = {"WT", "SENTENCE", "wt", "sentence"}


def saved(tmp_path, text):
    path = tmp_path / "events.csv"
    path.write_text(text, encoding="utf-8")
    return path


def without_own_columns(text):
    rows = list(csv.DictReader(io.StringIO(text)))
    kept = [name for name in rows[0] if name not in OWN]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, kept, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


@pytest.mark.parametrize("program", TABLES)
@pytest.mark.parametrize("sentence", SENTENCES)
def test_every_preset_comes_back_as_the_same_regimen_and_sentence(sentence, program, tmp_path):
    (subject,) = import_events(saved(tmp_path, export(sentence, program))).subjects
    assert subject.id == "1"
    assert subject.regimen == parse(sentence)
    assert str(subject.regimen) == sentence


@settings(max_examples=60, **QUIET)
@given(regimens(), st.floats(min_value=40.0, max_value=120.0), st.sampled_from(sorted(TABLES)))
def test_any_regimen_comes_back_as_the_same_regimen_and_sentence(tmp_path_factory, regimen, weight_kg, program):
    path = tmp_path_factory.mktemp("events") / "events.csv"
    path.write_text(event_table(regimen, weight_kg, program), encoding="utf-8")
    (subject,) = import_events(path).subjects
    assert subject.regimen == regimen
    assert str(subject.regimen) == str(regimen)
    assert subject.weight_kg == weight_kg


@pytest.mark.parametrize("program", TABLES)
@pytest.mark.parametrize("sentence", [*SENTENCES, MIXED])
def test_without_its_own_columns_a_table_still_gives_the_same_doses(sentence, program, tmp_path):
    text = without_own_columns(export(sentence, program, weight_kg=81.0))
    (subject,) = import_events(saved(tmp_path, text)).subjects
    assert not subject.regimen.depends_on_weight
    # How courses are counted may differ (a device dose after another phase), what is given and when may not.
    ours, theirs = (
        [(d.time_h, d.drug, d.route, d.amount_mg, d.duration_h) for d in each]
        for each in (subject.regimen.doses(81.0), parse(sentence).doses(81.0))
    )
    assert ours == theirs


def test_each_program_has_its_own_columns_in_its_own_order():
    heads = {name: export("ketamine 35 mg IM", name).splitlines()[0] for name in TABLES}
    assert heads["nonmem"] == "ID,TIME,AMT,RATE,EVID,CMT,MDV,ADDL,II,SS,DRUG,ROUTE,WT,SENTENCE"
    assert heads["rxode2"] == "id,time,evid,cmt,amt,rate,ii,addl,ss,drug,route,wt,sentence"
    assert heads["mrgsolve"] == "ID,time,amt,rate,cmt,evid,ii,addl,ss,drug,route,wt,sentence"


def test_rows_hold_mg_for_the_weight_and_where_a_dose_goes():
    rows = list(csv.DictReader(io.StringIO(export(MIXED, "rxode2", weight_kg=80.0))))
    assert [row["amt"] for row in rows] == ["40", "84"]
    assert [row["cmt"] for row in rows] == ["central", "depot"]
    assert [row["rate"] for row in rows] == ["60", "0"]
    assert [(row["addl"], row["ii"]) for row in rows] == [("5", "84"), ("3", "168")]
    assert {row["wt"] for row in rows} == {"80"}
    assert list(csv.DictReader(io.StringIO(export(MIXED, "nonmem"))))[0]["CMT"] == "."


def test_the_default_weight_is_the_one_of_every_command():
    assert "35" in export("ketamine 0.5 mg/kg IM", "nonmem").splitlines()[1].split(",")


def test_all_formats_are_said_in_words():
    assert FORMATS.keys() == {"sbml", *TABLES}
    assert all(FORMATS.values())


class TestATableThatContradictsItsSentence:
    def bad(self, tmp_path, column, old, new):
        rows = list(csv.DictReader(io.StringIO(export(MIXED, "nonmem"))))
        assert rows[1][column] == old
        rows[1][column] = new
        stream = io.StringIO()
        writer = csv.DictWriter(stream, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        with pytest.raises(InputError) as caught:
            import_events(saved(tmp_path, stream.getvalue()))
        return str(caught.value)

    def test_is_told_by_row_and_column(self, tmp_path):
        message = self.bad(tmp_path, "AMT", "84", "56")
        assert message == "row 3, column AMT: is 56.0, but SENTENCE makes it 84.0; correct one of them"

    def test_also_where_only_a_time_was_moved(self, tmp_path):
        assert self.bad(tmp_path, "TIME", "504", "505").startswith("row 3, column TIME: is 505.0, but SENTENCE")

    def test_also_where_the_sentence_was_changed_in_one_row(self, tmp_path):
        assert "2 different ones; write one" in self.bad(tmp_path, "SENTENCE", MIXED, "ketamine 35 mg IM")

    def test_and_a_missing_row_is_counted(self, tmp_path):
        text = "\n".join(export(MIXED, "nonmem").splitlines()[:2]) + "\n"
        with pytest.raises(InputError, match="row 2, column SENTENCE: makes 2 dose rows, but the table has 1"):
            import_events(saved(tmp_path, text))

    def test_doses_per_kg_need_the_weight(self, tmp_path):
        text = export("ketamine 0.5 mg/kg IM", "nonmem").replace(",70,", ",.,")
        with pytest.raises(InputError, match="row 2, column WT: is missing; SENTENCE has doses per kg"):
            import_events(saved(tmp_path, text))

    def test_a_sentence_that_is_none_is_told_with_its_place(self, tmp_path):
        text = export("ketamine 35 mg IM", "nonmem").replace("70,ketamine 35 mg IM", "70,ketamin 35 mg IM")
        with pytest.raises(InputError, match="row 2, column SENTENCE: word 1 'ketamin': unknown drug"):
            import_events(saved(tmp_path, text))
