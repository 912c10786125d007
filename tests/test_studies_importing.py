"""A user's study file: what is right is read; what is wrong is one line naming row, field and what would be right."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketascope.errors import InputError
from ketascope.evidence.studies.figures import KEYS
from ketascope.evidence.studies.importing import COLUMNS, REQUIRED, read_study_file

SYMPTOMS = {
    "study": "Rossi 2027",
    "year": "2027",
    "indication": "ptsd",
    "outcome": "symptoms",
    "scale": "CAPS-5",
    "time_h": "336",
    "treatment": "ketamine",
    "control": "active",
    "n_treatment": "20",
    "n_control": "22",
    "verified": "text",
    "unit": "points",
}
DIFFERENCE = SYMPTOMS | {"difference": "-7.5", "standard_error": "3.1"}
INTERVAL = SYMPTOMS | {"difference": "-7.5", "ci_low": "-13.8", "ci_high": "-1.2"}
CHANGES = SYMPTOMS | {
    "unit": "points of change",
    "mean_treatment": "-18.0",
    "sd_treatment": "10.5",
    "mean_control": "-9.0",
    "sd_control": "9.5",
}
SCORES = CHANGES | {"unit": "points", "mean_treatment": "21.0", "mean_control": "29.5"}
COUNTS = SYMPTOMS | {"outcome": "response", "unit": "people", "events_treatment": "12", "events_control": "6"}
STANDARDISED = SYMPTOMS | {"unit": "sd units", "difference": "-0.6"}
GOOD = {
    "difference": DIFFERENCE,
    "interval": INTERVAL,
    "changes": CHANGES,
    "scores": SCORES,
    "counts": COUNTS,
    "standardised": STANDARDISED,
    "p value": SYMPTOMS | {"difference": "-7.5", "p_value": "0.02"},
}


def write(folder: Path, *rows: dict[str, str], name: str = "mine.csv") -> Path:
    file = folder / name
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return file


def refusal(folder: Path, *rows: dict[str, str]) -> str:
    with pytest.raises(InputError) as caught:
        read_study_file(write(folder, *rows))
    return str(caught.value)


class TestGoodFiles:
    @pytest.mark.parametrize("kind", GOOD)
    def test_each_form_is_read(self, kind: str, tmp_path: Path) -> None:
        (row,) = read_study_file(write(tmp_path, GOOD[kind]))
        assert row.study == row.trial_key == "Rossi 2027"
        assert (row.year, row.indication, row.drug, row.control) == (2027, "ptsd", "ketamine", "active")
        assert (row.scale, row.time_h, row.verified, row.in_pooling) == ("caps_5", 336.0, "text", True)
        assert set(row.data()) == set(KEYS)

    def test_figures_have_the_form_of_the_packaged_ones(self, tmp_path: Path) -> None:
        found = [
            row.data() for row in read_study_file(write(tmp_path, *_apart(DIFFERENCE, CHANGES, COUNTS, STANDARDISED)))
        ]
        assert [row["measure"] for row in found] == ["difference", "groups", "counts", "smd"]
        assert (found[0]["difference"], found[0]["standard_error"]) == (-7.5, 3.1)
        assert (found[1]["of"], found[1]["mean_treatment"], found[1]["sd_control"]) == ("change", -18.0, 9.5)
        assert (found[2]["events_treatment"], found[2]["n_control"]) == (12, 22)
        assert (found[3]["smd"], found[3]["difference"], found[3]["unit"]) == (-0.6, None, "sd units")

    def test_an_interval_has_its_level(self, tmp_path: Path) -> None:
        (row,) = read_study_file(write(tmp_path, INTERVAL))
        assert (row.data()["ci_low"], row.data()["ci_high"], row.data()["ci_level"]) == (-13.8, -1.2, 0.95)

    def test_memory_is_read_and_never_counts(self, tmp_path: Path) -> None:
        (row,) = read_study_file(write(tmp_path, COUNTS | {"verified": "recall"}))
        assert (row.in_pooling, row.why_not) == (False, "from recall")

    def test_columns_that_are_not_needed_may_be_absent(self, tmp_path: Path) -> None:
        needed = [*REQUIRED, "n_treatment", "n_control", "events_treatment", "events_control"]
        file = tmp_path / "short.csv"
        file.write_text(f"{','.join(needed)}\n{','.join(COUNTS[name] for name in needed)}\n", encoding="utf-8")
        (row,) = read_study_file(file)
        assert row.year is None
        assert row.data()["events_control"] == 6

    def test_spreadsheet_marks_spaces_and_blank_lines_do_no_harm(self, tmp_path: Path) -> None:
        file = write(tmp_path, {name: f" {text} " for name, text in COUNTS.items()})
        file.write_text("\ufeff" + file.read_text(encoding="utf-8") + "\n,,\n\n", encoding="utf-8")
        assert len(read_study_file(file)) == 1

    def test_a_loss_of_benefit_may_be_positive(self, tmp_path: Path) -> None:
        (row,) = read_study_file(write(tmp_path, SYMPTOMS | {"difference": "2.0", "standard_error": "3.1"}))
        assert row.data()["difference"] == 2.0

    def test_rows_keep_their_order_and_have_names(self, tmp_path: Path) -> None:
        rows = read_study_file(write(tmp_path, *_apart(COUNTS, DIFFERENCE)))
        assert [row.contrast_id for row in rows] == ["A/file-2", "B/file-3"]

    @given(st.integers(1, 400), st.integers(1, 400), st.data())
    def test_any_counts_that_are_possible_are_read(
        self, tmp_path_factory: pytest.TempPathFactory, n_treatment: int, n_control: int, data: st.DataObject
    ) -> None:
        cells = {
            "n_treatment": str(n_treatment),
            "n_control": str(n_control),
            "events_treatment": str(data.draw(st.integers(0, n_treatment))),
            "events_control": str(data.draw(st.integers(0, n_control))),
        }
        folder = tmp_path_factory.mktemp("counts")
        (row,) = read_study_file(write(folder, COUNTS | cells))
        assert row.data()["n_treatment"] == n_treatment


def _apart(*rows: dict[str, str]) -> list[dict[str, str]]:
    return [row | {"study": name} for row, name in zip(rows, "ABCDEFG", strict=False)]


BAD: list[tuple[dict[str, str], dict[str, str], str]] = [
    (COUNTS, {"unit": "percent"}, "unit: 'percent' is wrong for response; counts have the unit 'people'"),
    (
        DIFFERENCE,
        {"unit": "mg"},
        "unit: 'mg' is wrong for symptoms; it is one of points, points of change, sd units",
    ),
    (
        CHANGES,
        {"unit": "sd units"},
        "unit: 'sd units' belongs to a standardised difference; means are in 'points' or 'points of change'",
    ),
    (
        STANDARDISED,
        {"difference": "-11.88"},
        "difference: -11.88 is too large for SD units; is it in 'points'?",
    ),
    (CHANGES, {"unit": "points"}, "mean_treatment: -18 is no score; a change has the unit 'points of change'"),
    (
        SCORES,
        {"mean_control": "-9"},
        "mean_control: -9 is no score; a change has the unit 'points of change'",
    ),
    (
        CHANGES,
        {"mean_treatment": "18", "mean_control": "9"},
        "mean_treatment: both groups rise, so a sign is lost; a fall has a minus sign",
    ),
    (
        CHANGES,
        {"difference": "9.0", "standard_error": "3.1"},
        "difference: 9 has the wrong sign; treatment minus control is -9",
    ),
    (
        INTERVAL,
        {"difference": "7.5"},
        "difference: 7.5 lies outside its interval from -13.8 to -1.2; check its sign",
    ),
    (
        INTERVAL,
        {"ci_low": "-1.2", "ci_high": "-13.8"},
        "ci_low: the interval from -1.2 to -13.8 is turned round; the lower end comes first",
    ),
    (
        CHANGES,
        {"sd_treatment": "0"},
        "sd_treatment: an SD of 0 is impossible; it must be above 0",
    ),
    (
        CHANGES,
        {"sd_control": "-9.5"},
        "sd_control: an SD of -9.5 is impossible; it must be above 0",
    ),
    (
        CHANGES,
        {"sd_treatment": "105"},
        "sd_treatment: an SD of 105 is impossible; changes on CAPS-5 have at most 82.1",
    ),
    (
        SCORES,
        {"sd_control": "45"},
        "sd_control: an SD of 45 is impossible; scores on CAPS-5 have at most 40.9",
    ),
    (
        CHANGES,
        {"difference": "-9", "standard_error": "10.5"},
        "standard_error: a standard error of 10.5 is impossible with so many people; at most 6.49 (an SD given?)",
    ),
    (
        INTERVAL,
        {"standard_error": "10.5"},
        "standard_error: 10.5 does not belong to the 95% interval from -13.8 to -1.2; about 3.21 would",
    ),
    (DIFFERENCE, {"standard_error": "0"}, "standard_error: a standard error of 0 is impossible; it must be above 0"),
    (
        STANDARDISED,
        {"standard_error": "-0.3"},
        "standard_error: a standard error of -0.3 is impossible; it must be above 0",
    ),
    (COUNTS, {"scale": "CAPS-6"}, "scale: unknown scale 'CAPS-6'; did you mean 'CAPS-5'?"),
    (SCORES, {"mean_treatment": "81"}, "mean_treatment: 81 is no score on CAPS-5, which runs from 0 to 80"),
    (
        CHANGES,
        {"mean_treatment": "-92"},
        "mean_treatment: -92 is no change on CAPS-5, which is 80 points wide",
    ),
    (DIFFERENCE, {"difference": "-118.8"}, "difference: -118.8 is no change on CAPS-5, which is 80 points wide"),
    (COUNTS, {"events_treatment": "21"}, "events_treatment: 21 events are more than the 20 people; at most 20"),
    (COUNTS, {"events_control": "-1"}, "events_control: -1 events are impossible; a count is 0 or more"),
    (COUNTS, {"events_treatment": "60%"}, "events_treatment: '60%' must be a whole number"),
    (COUNTS, {"events_treatment": "12.5"}, "events_treatment: '12.5' must be a whole number"),
    (
        COUNTS,
        {"events_control": ""},
        "events_control: is empty; response and remission need events and people of both groups",
    ),
    (
        COUNTS,
        {"n_treatment": ""},
        "n_treatment: is empty; response and remission need events and people of both groups",
    ),
    (COUNTS, {"n_control": "0"}, "n_control: 0 people are impossible; 1 to 1000000"),
    (COUNTS, {"difference": "-7.5"}, "difference: is not used with counts; leave it empty"),
    (
        DIFFERENCE,
        {"events_treatment": "3"},
        "events_treatment: belongs to response or remission; leave it empty for symptoms",
    ),
    (DIFFERENCE, {"time_h": "-24"}, "time_h: -24 h is before the first dose; times are 0 or more"),
    (DIFFERENCE, {"time_h": "2 weeks"}, "time_h: '2 weeks' must be a number"),
    (DIFFERENCE, {"time_h": "nan"}, "time_h: 'nan' must be a number"),
    (DIFFERENCE, {"time_h": ""}, "time_h: is empty; every row needs it"),
    (DIFFERENCE, {"difference": "-7,5"}, "difference: '-7,5' must be a number"),
    (DIFFERENCE, {"difference": "inf"}, "difference: 'inf' must be a number"),
    (
        DIFFERENCE,
        {"standard_error": ""},
        "standard_error: is empty; a difference needs it, an interval or a p value",
    ),
    (
        DIFFERENCE,
        {"difference": ""},
        "standard_error: is given without a difference; give the difference too",
    ),
    (INTERVAL, {"ci_high": ""}, "ci_high: is empty; an interval has two ends"),
    (
        DIFFERENCE,
        {"p_value": "0"},
        "p_value: 0 is no p value; it lies between 0 and 1",
    ),
    (
        SYMPTOMS,
        {"difference": "-7.5", "p_value": "0.02", "n_control": ""},
        "n_treatment: is empty; a p value alone needs the number of people in both groups",
    ),
    (CHANGES, {"sd_control": ""}, "sd_control: is empty; a mean needs its SD and an SD its mean"),
    (CHANGES, {"mean_control": ""}, "mean_control: is empty; a mean needs its SD and an SD its mean"),
    (
        SYMPTOMS,
        {},
        "difference: is empty, and so is a mean, SD or number of people; give one or the other",
    ),
    (COUNTS, {"indication": "PTSD "}, "indication: unknown word 'PTSD'; did you mean 'ptsd'?"),
    (COUNTS, {"outcome": "responce"}, "outcome: unknown word 'responce'; did you mean 'response'?"),
    (COUNTS, {"treatment": "ketmine"}, "treatment: unknown word 'ketmine'; did you mean 'ketamine'?"),
    (
        COUNTS,
        {"control": "midazolam"},
        "control: unknown word 'midazolam'; it is one of inert, active, pill, masked",
    ),
    (COUNTS, {"verified": "yes"}, "verified: unknown word 'yes'; it is one of text, secondary, recall"),
    (COUNTS, {"study": ""}, "study: is empty; every row needs it"),
    (
        COUNTS,
        {"study": "Feder2021"},
        "study: 'Feder2021' is in the package's tables; a trial counts once, so leave it out",
    ),
    (COUNTS, {"year": "last year"}, "year: 'last year' must be a whole number"),
]


class TestBadRows:
    @pytest.mark.parametrize(("good", "change", "message"), BAD, ids=[message for _, _, message in BAD])
    def test_the_line_names_file_row_field_and_what_would_be_right(
        self, good: dict[str, str], change: dict[str, str], message: str, tmp_path: Path
    ) -> None:
        first = COUNTS | {"study": "A good one"}
        said = refusal(tmp_path, first, good | change)
        assert said == f"mine.csv row 3, {message}"
        assert "\n" not in said

    def test_there_are_enough_of_them(self) -> None:
        assert len({message for _, _, message in BAD}) >= 25

    def test_every_good_form_has_bad_ones(self) -> None:
        assert all(any(good is form for good, _, _ in BAD) for form in (DIFFERENCE, INTERVAL, CHANGES, SCORES, COUNTS))

    def test_a_comparison_that_stands_twice(self, tmp_path: Path) -> None:
        said = refusal(tmp_path, COUNTS, DIFFERENCE, COUNTS | {"events_treatment": "11"})
        assert said == "mine.csv row 4, outcome: the same comparison stands in row 2; keep one of the two"

    def test_a_name_in_other_letters_is_the_same_trial(self, tmp_path: Path) -> None:
        assert "stands in row 2" in refusal(tmp_path, COUNTS, COUNTS | {"study": "rossi 2027", "scale": "caps_5"})

    def test_the_same_trial_at_another_time_is_another_comparison(self, tmp_path: Path) -> None:
        assert len(read_study_file(write(tmp_path, COUNTS, COUNTS | {"time_h": "24"}))) == 2


class TestBadFiles:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "mine.csv holds no comparison; its first row names columns, each row below is one"),
            (",".join(COLUMNS), "mine.csv holds no comparison; its first row names columns, each row below is one"),
            ("study,sample\na,3\n", "mine.csv row 1: unknown column 'sample'; did you mean 'scale'?"),
            ("study,study\na,a\n", "mine.csv row 1: column 'study' stands twice; keep one"),
            (
                "study,indication\na,ptsd\n",
                f"mine.csv row 1: column 'outcome' is missing; every file needs {', '.join(REQUIRED)}",
            ),
            (
                f"{','.join(REQUIRED)}\na,b\n",
                "mine.csv row 2: 2 cells, but the header has 9; a comma in a cell needs quotes",
            ),
            (
                f"\n{','.join(REQUIRED)}\n\n,,,,,,,,\na,b\n",
                "mine.csv row 5: 2 cells, but the header has 9; a comma in a cell needs quotes",
            ),
        ],
    )
    def test_one_line_says_what_is_wrong(self, text: str, message: str, tmp_path: Path) -> None:
        file = tmp_path / "mine.csv"
        file.write_text(text, encoding="utf-8")
        with pytest.raises(InputError) as caught:
            read_study_file(file)
        assert str(caught.value) == message

    def test_semicolons_are_told(self, tmp_path: Path) -> None:
        file = tmp_path / "mine.csv"
        file.write_text("study;indication\na;ptsd\n", encoding="utf-8")
        with pytest.raises(InputError, match=r"^mine.csv row 1: unknown column 'study;indication'; "):
            read_study_file(file)

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(InputError) as caught:
            read_study_file(tmp_path / "none.csv")
        assert str(caught.value) == "cannot read 'none.csv': No such file or directory"

    def test_a_folder_is_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="^cannot read "):
            read_study_file(tmp_path)

    def test_a_file_in_another_encoding(self, tmp_path: Path) -> None:
        file = tmp_path / "mine.csv"
        file.write_bytes("study,é\n".encode("utf-16"))
        with pytest.raises(InputError) as caught:
            read_study_file(file)
        assert str(caught.value) == "'mine.csv' is not a text file in UTF-8"
