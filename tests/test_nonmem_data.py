"""Data sets of several people: what is read, and what a malformed one is told."""

from __future__ import annotations

import pytest

from fit_data import COVARIATES, HEADER, IV_PERSON, dose, seen, write
from ketascope.errors import InputError
from ketascope.exchange.nonmem_data import ANALYTES, read_data
from ketascope.noncompartmental.samples import Choices, read_series
from ketascope.people import Person

KNOWN = ", ".join(ANALYTES)


def read(folder, *lines, header=HEADER):
    return read_data(write(folder, *lines, header=header))


def test_a_person_has_doses_observations_and_covariates(tmp_path):
    (person,) = read(tmp_path, *IV_PERSON)
    assert person.id == "1"
    assert person.person == Person(70.0, 40.0, "female", "normal")
    assert str(person.regimen) == "ketamine 35 mg IV over 40 min"
    assert [dose.amount_mg for dose in person.doses] == [35.0]
    assert [(item.analyte, item.time_h, item.value) for item in person.observations[:2]] == [
        ("ketamine", 0.75, 150.0),
        ("norketamine", 0.75, 25.0),
    ]
    below = person.observations[5]
    assert (below.is_below, below.value, below.lloq, below.row) == (True, None, 1.0, 8)
    assert person.defaulted == ()


def test_several_people_stand_one_after_another(tmp_path):
    people = read(tmp_path, *IV_PERSON, dose("b", mg="20", rate="30"), seen("b"), dose("c"), seen("c"))
    assert [person.id for person in people] == ["1", "b", "c"]
    assert people[1].doses[0].amount_mg == 20.0


@pytest.mark.parametrize("unit", ["ng/mL", "ug/L", "mcg/L", "\N{MICRO SIGN}g/L", "mg/L", "ug/mL"])
def test_every_unit_is_read_by_a_fit_and_by_an_analysis(unit, tmp_path):
    expected = 5000.0 if unit in ("mg/L", "ug/mL") else 5.0
    path = write(tmp_path, dose(), seen(value="5", unit=unit))
    assert read_data(path)[0].observations[0].value == expected
    (series,) = read_series(path, Choices())
    assert series.samples[0].value_ng_per_ml == expected


def test_units_are_turned_into_ng_per_ml(tmp_path):
    (person,) = read(
        tmp_path,
        dose(),
        seen(time_h="1", value="0.05", unit="mg/L", limit="0.001"),
        seen(time_h="2", value="0.04", unit="mg/L", limit="0.001"),
        seen(time_h="2", value="30", unit="µg/L", analyte="norketamine"),
    )
    assert [item.value for item in person.observations] == pytest.approx([50.0, 40.0, 30.0])
    assert [item.lloq for item in person.observations] == pytest.approx([1.0, 1.0, 1.0])


def test_enantiomers_and_cadss_have_their_usual_names(tmp_path):
    (person,) = read(
        tmp_path,
        dose(),
        seen(analyte="S-ketamine"),
        seen(analyte="noresketamine"),
        seen(analyte="CADSS", value="12", unit=".", limit="."),
    )
    assert [item.analyte for item in person.observations] == ["s_ketamine", "s_norketamine", "dissociation"]


def test_additional_doses_and_occasions_are_laid_out(tmp_path):
    header = HEADER.replace("OCC", "ADDL,II,OCC")
    (person,) = read(
        tmp_path,
        f"1,0,56,.,1,1,.,esketamine,nasal,.,.,.,.,2,168,.,{COVARIATES}",
        f"1,1,.,.,0,0,40,.,.,ketamine,ng/mL,0,1,.,.,.,{COVARIATES}",
        f"1,337,.,.,0,0,40,.,.,ketamine,ng/mL,0,1,.,.,.,{COVARIATES}",
        header=header,
    )
    assert [dose.time_h for dose in person.doses] == pytest.approx(
        [0.0, 1 / 12, 168.0, 168 + 1 / 12, 336.0, 336 + 1 / 12]
    )
    assert person.dose_occasions == (0, 0, 1, 1, 2, 2)
    assert [item.occasion for item in person.observations] == [0, 2]


def test_the_occasions_of_the_file_win(tmp_path):
    (person,) = read(
        tmp_path,
        dose(time_h="0", rate="0", route="IM", occasion="1"),
        seen(time_h="1", occasion="1"),
        dose(time_h="3", rate="0", route="IM", occasion="2"),
        seen(time_h="4", occasion="2"),
    )
    assert person.dose_occasions == (0, 1)
    assert [item.occasion for item in person.observations] == [0, 1]


def test_a_censored_value_may_hold_its_own_limit(tmp_path):
    header = HEADER.replace("BLQ", "CENS")
    (person,) = read(tmp_path, dose(), seen(), seen(time_h="20", value="0.5", below="1", limit="."), header=header)
    assert person.observations[1].lloq == 0.5
    assert person.observations[1].value is None


def test_a_score_may_come_before_the_first_dose(tmp_path):
    (person,) = read(
        tmp_path,
        seen(time_h="0", value="25", analyte="score", unit=".", limit="."),
        dose(time_h="1"),
        seen(time_h="2"),
    )
    assert person.observations[0].analyte == "score"


def test_what_is_left_out_is_defaulted_and_told(tmp_path):
    (person,) = read(tmp_path, dose(who=".,.,.,."), seen(who=".,.,.,."))
    assert person.person == Person()
    assert person.defaulted == ("weight_kg", "age_years", "sex", "hepatic")


def test_missing_dependent_values_are_passed_by(tmp_path):
    (person,) = read(tmp_path, dose(), seen(), seen(time_h="5").replace(",0,0,40", ",0,1,40"))
    assert len(person.observations) == 1


BAD = {
    "rows out of order": (
        (dose(), seen(time_h="5"), seen(time_h="3")),
        "row 4, column TIME: 3 is before the row above (5); sort the rows by time",
    ),
    "a negative time": (
        (dose(time_h="-1"), seen()),
        "row 2, column TIME: -1 is before the start (0); sort the rows by time",
    ),
    "mixed units": (
        (dose(), seen(), seen(time_h="3", unit="mg/L", value="0.03")),
        "row 4, column UNIT: 'mg/L' for ketamine after 'ng/ml'; one unit for all of an analyte",
    ),
    "an unknown unit": (
        (dose(), seen(unit="mmol")),
        "row 3, column UNIT: 'mmol' is unknown; write ng/mL, ug/L, ug/mL or mg/L",
    ),
    "a dose without amount": ((dose(mg="."), seen()), "row 2, column AMT: is missing; a dose needs mg above 0"),
    "a row twice": ((dose(), seen(), seen()), "row 4: says the same as row 3; remove one of them"),
    "every value below the limit": (
        (dose(), seen(value=".", below="1")),
        "row 2, column BLQ: every concentration of '1' is below the limit; there is nothing to fit",
    ),
    "a weight that changes": (
        (dose(), seen(who="71,40,female,normal")),
        "row 3, column WT: '71' after '70' in row 2; a person has one value for all rows",
    ),
    "a sex that changes": (
        (dose(), seen(who="70,40,male,normal")),
        "row 3, column SEX: 'male' after 'female' in row 2; a person has one value for all rows",
    ),
    "an unknown analyte": (
        (dose(), seen(analyte="norketamin")),
        f"row 3, column ANALYTE: 'norketamin' is unknown; did you mean 'norketamine'? Known: {KNOWN}",
    ),
    "a concentration before the first dose": (
        (seen(time_h="0", value="3"), dose(time_h="1"), seen()),
        "row 2, column TIME: a ketamine of 3 ng/mL before the first dose; only score may come before it",
    ),
    "a negative value": ((dose(), seen(value="-4")), "row 3, column DV: -4 is below 0; no ketamine is"),
    "a zero": (
        (dose(), seen(value="0")),
        "row 3, column DV: 0 is no measured concentration; write BLQ 1 with the limit in LLOQ",
    ),
    "a value under its limit": (
        (dose(), seen(value="0.4")),
        "row 3, column DV: 0.4 is below the limit of 1 ng/mL (LLOQ); write BLQ 1",
    ),
    "no value": (
        (dose(), seen(value=".")),
        "row 3, column DV: is missing; an observation needs a value, or MDV 1, or BLQ 1 with LLOQ",
    ),
    "below the limit without a limit": (
        (dose(), seen(), seen(time_h="9", value=".", below="1", limit=".")),
        "row 4, column LLOQ: is missing; a value below the limit of quantification needs the limit",
    ),
    "no observation": ((dose(),), "row 2, column DV: no observation of '1'; a fit needs at least one concentration"),
    "no dose": ((seen(time_h="0", value="20", analyte="score", unit=".", limit="."),), "no dose of '1'"),
    "no ketamine": (
        (dose(drug="escitalopram", mg="10", rate=".", route="oral"), seen()),
        "row 2, column DRUG: no ketamine or esketamine among the doses of '1'",
    ),
    "a value in a dose row": (
        (dose().replace(",1,1,.,", ",1,1,40,"), seen()),
        "row 2, column DV: '40' stands in a dose row (EVID 1); give it a row with EVID 0",
    ),
    "a dose that says it is a value": (
        (dose().replace(",1,1,.,", ",1,0,.,"), seen()),
        "row 2, column MDV: 0 says that DV is a value, but EVID 1 makes the row a dose; write 1",
    ),
    "an observation with an amount": (
        (dose(), seen().replace(",.,.,0,0,", ",35,.,0,0,")),
        "row 3, column EVID: 0 is no dose, but AMT is 35; a dose has EVID 1",
    ),
    "two people mixed": (
        (dose(), seen(), dose("2"), seen("2"), seen(time_h="3")),
        "row 6, column ID: '1' comes back after '2'; keep the rows of a person together",
    ),
    "an occasion that comes back": (
        (dose(occasion="1"), seen(occasion="2"), seen(time_h="5", occasion="1")),
        "row 4, column OCC: '1' comes back; an occasion is one stretch of time",
    ),
    "no person": ((dose(person="."), seen()), "row 2, column ID: is missing; every row names its person"),
    "a child": (
        (dose(who="70,12,female,normal"), seen(who="70,12,female,normal")),
        "row 2, column AGE: age 12: ketascope covers adults only, 18 years and over",
    ),
    "an unknown sex": (
        (dose(who="70,40,1,normal"), seen(who="70,40,1,normal")),
        "row 2, column SEX: '1' is unknown; write female or male, or . where it is not known",
    ),
    "a score below a limit": (
        (dose(), seen(), seen(analyte="score", value=".", below="1")),
        "row 4, column BLQ: score has no limit of quantification",
    ),
    "an unknown drug": (
        (dose(drug="ketamin"), seen()),
        "row 2, column DRUG: 'ketamin' is an unknown drug; did you mean 'ketamine'?",
    ),
    "a dose over the limit per kg": (
        (dose(mg="1500", rate="2250"), seen()),
        "row 2, column AMT:",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_is_named_with_its_row_and_column(case, tmp_path):
    lines, message = BAD[case]
    with pytest.raises(InputError) as error:
        read(tmp_path, *lines)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


HEADERS = {
    "a misspelt column": (
        HEADER.replace("LLOQ", "LLOQS"),
        "row 1, column 'LLOQS': unknown column; did you mean 'LLOQ'?",
    ),
    "no analyte": (HEADER.replace("ANALYTE", "STUDY"), "has no column ANALYTE (or DVID); it says what was measured"),
    "two analytes": (HEADER.replace("UNIT", "DVID"), "has both ANALYTE and DVID; write one of them"),
    "two limits": (HEADER.replace("SEX", "CENS"), "has both BLQ and CENS; write one of them"),
    "no time": (HEADER.replace("TIME", "DATE"), "has no column TIME; needed are ID TIME AMT DV DRUG ROUTE"),
    "a column twice": (HEADER.replace("AGE", "WT"), "row 1, column WT: appears 2 times"),
}


@pytest.mark.parametrize("case", HEADERS)
def test_a_wrong_header_is_told(case, tmp_path):
    header, message = HEADERS[case]
    with pytest.raises(InputError) as error:
        read(tmp_path, *IV_PERSON, header=header)
    assert message in str(error.value)


def test_a_file_that_is_no_table_is_told(tmp_path):
    with pytest.raises(InputError, match="cannot read"):
        read_data(tmp_path / "none.csv")
    with pytest.raises(InputError, match="has no rows below its header"):
        read(tmp_path)
