"""Places in the terminal and as CSV: nearest first, what is unknown said aloud, nothing from a file obeyed."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from care_documents import DAY, HOSTILE, hostile, near_hoboken, nothing_found, place_row
from ketascope.errors import InputError
from ketascope.report.care import CSV_COLUMNS, places_csv, print_guide, print_places, write_places_csv
from ketascope.report.care_words import (
    age_words,
    all_checks,
    count_words,
    distance_words,
    heading,
    infusion_words,
    query_parts,
    street_words,
    suggestions,
    telephone_link,
    unknown_fields,
    web_link,
)
from ketascope.report.cleaning import clean
from page_reading import flat


def printed(document: dict[str, Any], width: int = 80) -> str:
    console = Console(width=width, file=io.StringIO(), highlight=False)
    print_places(document, console)
    return console.file.getvalue()  # type: ignore[attr-defined]


def rows(document: dict[str, Any]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(places_csv(document))))


# Terminal


def test_the_places_stand_nearest_first_with_both_units() -> None:
    text = flat(printed(near_hoboken()))
    order = [text.index(part) for part in ("3.9 km (2.4 mi)", "8.6 km (5.4 mi)", "11.6 km", "21.9 km (13.6 mi)")]
    assert order == sorted(order)
    assert text.startswith("Ketamine infusion near 07030 (Hoboken, NJ)")


def test_each_place_has_address_telephone_and_source_with_its_age() -> None:
    text = flat(printed(near_hoboken(1), 200))
    assert "VA NY Harbor Healthcare System, Manhattan Campus" in text
    assert "423 East 23rd Street, New York, NY 10010" in text
    assert "212-686-7500 x7521" in text
    assert "samhsa-directory, edition 2022, 4.6 years old" in text


def test_veterans_only_and_other_state_are_marked_where_they_hold_only() -> None:
    text = flat(printed(near_hoboken(3), 200))
    assert text.count("[veterans only]") == 1
    assert text.count("[other state]") == 2
    assert "1 for veterans only. 2 in another state." in text


def test_a_place_without_the_service_reads_unknown_and_never_no() -> None:
    document = near_hoboken(1)
    document["results"][0] |= {"ketamine_infusion": "not listed", "offers": []}
    text = flat(printed(document))
    assert "not listed here (unknown)" in text
    assert "ketamine infusion: no" not in text.replace("not listed", "")


def test_coverage_call_first_checks_and_help_follow_the_list() -> None:
    text = flat(printed(near_hoboken()))
    order = [
        text.index(part)
        for part in (
            "Care Plus NJ Inc",
            "What this list covers: Every ketamine infusion site",
            "1,490 places",
            "Call first.",
            "Esketamine (Spravato) certification: https://www.spravato.com, 1-855-382-6022",
            "Licence in New Jersey",
            "Licence in New York: https://www.docinfo.org",
            "https://findtreatment.gov",
            "not medical advice",
            "call or text 988",
            "call 911",
        )
    ]
    assert order == sorted(order)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 130, 200])
def test_no_line_is_longer_than_the_terminal(width: int) -> None:
    for document in (near_hoboken(), nothing_found()):
        assert max(len(line) for line in printed(document, width).splitlines()) <= width


@pytest.mark.parametrize("width", [40, 80, 200])
def test_every_width_says_the_same_of_a_place(width: int) -> None:
    text = flat(printed(near_hoboken(2), width))
    for part in ("212-659-8785", "[veterans only]", "listed", "NY 10029", "4.6 years old"):
        assert part in text


def test_an_empty_answer_offers_ways_on_and_a_telephone() -> None:
    text = flat(printed(nothing_found()))
    assert "That is not proof that there is none." in text
    assert "Look farther than 8 km (5 mi)" in text
    assert "Leave out a filter (Ketamine infusion; payment Medicaid; also treatment by video or telephone)" in text
    assert "1-800-662-4357" in text
    assert "988" in text
    assert "cannot tell" in text


def test_a_file_cannot_steer_the_terminal_or_its_markup() -> None:
    document = hostile()
    document["results"][0]["name"] = "[bold red]Clinic[/] \x1b]0;owned\x07\x1b[2J\u202eevil"
    text = printed(document)
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\u202e" not in text
    assert "[bold red]Clinic[/]" in text


def test_flags_of_the_document_are_printed_with_their_code() -> None:
    document = near_hoboken() | {"flags": [{"code": "old_edition", "message": "The newest edition is 4.6 years old."}]}
    assert "[old_edition] The newest edition is 4.6 years old." in flat(printed(document))


def test_a_code_without_a_name_is_shown_as_it_was_printed() -> None:
    document = near_hoboken(1)
    document["results"][0]["services"] = [
        {"kind": "service", "code": "KIT", "name": "Ketamine Infusion Therapy"},
        {"kind": "service", "code": "ZZZ", "name": ""},
    ]
    assert rows(document)[0]["services"] == "Ketamine Infusion Therapy; ZZZ"


def test_the_csv_says_listed_whichever_source_lists_it() -> None:
    document = near_hoboken(1)
    other = {"source": "findtreatment", "source_label": "FindTreatment.gov", "edition": "2026-11-01", "row_date": ""}
    document["results"][0]["ketamine_infusion_listed_by"] = [other]
    assert rows(document)[0]["ketamine_infusion"] == "listed"
    assert "ketamine infusion: listed by findtreatment, edition 2026-11-01" in flat(printed(document))


def test_other_sources_of_the_same_place_are_named() -> None:
    document = near_hoboken(1)
    other = {"source": "findtreatment", "source_label": "FindTreatment.gov", "edition": "2026-11-01"}
    document["results"][0]["other_sources"] = [other | {"row_date": "2026-10-02", "ketamine_infusion": "listed"}]
    text = flat(printed(document))
    assert "also in findtreatment, edition 2026-11-01, row of 2026-10-02" in text
    assert rows(document)[0]["other_sources"] == "FindTreatment.gov, edition 2026-11-01: listed"


# The guide


def guide_text(today: date, width: int = 80) -> str:
    console = Console(width=width, file=io.StringIO(), highlight=False)
    print_guide(console, today)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_the_guide_prints_questions_warnings_sources_and_help() -> None:
    text = flat(guide_text(DAY))
    for part in (
        "What to ask",
        "Warning signs",
        "Prescriber or therapist?",
        "Read in the source: FDA communication of 10 October 2023",
        "Status 2026-11",
        "call or text 988",
        "call 911",
    ):
        assert part in text


def test_the_guide_fits_the_terminal_and_indents_its_points() -> None:
    lines = guide_text(DAY, 60).splitlines()
    assert max(map(len, lines)) <= 60
    first = next(index for index, line in enumerate(lines) if line.startswith("  - Who will prescribe"))
    assert lines[first + 1].startswith("    ")


def test_the_guide_says_after_its_end_that_the_video_rule_may_be_over() -> None:
    assert "was to end on 31 December 2026" in flat(guide_text(date(2027, 3, 1)))


# CSV


def test_csv_has_one_row_a_place_and_a_fixed_heading() -> None:
    assert places_csv(near_hoboken()).splitlines()[0] == ",".join(CSV_COLUMNS)
    assert [row["name"] for row in rows(near_hoboken())] == [
        "VA NY Harbor Healthcare System",
        "Mount Sinai Medical Center",
        "North Star Health Systems Inc",
        "Care Plus NJ Inc",
    ]
    assert places_csv(nothing_found()) == ",".join(CSV_COLUMNS) + "\n"


def test_csv_holds_every_field_of_a_result() -> None:
    assert set(near_hoboken(1)["results"][0]) <= set(CSV_COLUMNS)


def test_csv_keeps_source_edition_age_and_what_is_unknown() -> None:
    row = rows(near_hoboken())[1]
    assert (row["source"], row["edition"], row["edition_date"], row["age_years"]) == (
        "samhsa-directory",
        "2022",
        "2022-05-01",
        "4.6",
    )
    assert row["unknown"] == "esketamine_certified; licensed; npi_active"
    assert (row["veterans_only"], row["out_of_state"]) == ("no", "yes")
    assert (row["distance_km"], row["distance_miles"]) == ("8.61", "5.35")
    assert row["zip"] == "10029"
    assert row["longitude"] == "-73.94397"


@pytest.mark.parametrize("start", ["=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd", "@SUM(A1)", "\t=1+1", "\r\n=1+1"])
def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe(start: str) -> None:
    document = near_hoboken(1)
    document["results"][0] |= {"name": start, "phone": start}
    row = rows(document)[0]
    assert row["name"] == row["phone"] == f"'{clean(start)}"


@pytest.mark.parametrize("phone", ["+1 212 659 8785", "+1-212-659-8785", "212-686-7500 x7521", "(201) 535-5959"])
def test_a_telephone_number_stays_as_it_is_in_csv(phone: str) -> None:
    document = near_hoboken(1)
    document["results"][0]["phone"] = phone
    assert rows(document)[0]["phone"] == phone


def test_csv_keeps_hostile_words_in_their_cell() -> None:
    assert rows(hostile())[0]["name"] == HOSTILE


def test_the_csv_file_appears_whole_or_is_refused_in_a_line(tmp_path: Path) -> None:
    path = write_places_csv(tmp_path / "places.csv", near_hoboken())
    assert path.read_text(encoding="utf-8") == places_csv(near_hoboken())
    with pytest.raises(InputError, match="does not exist"):
        write_places_csv(tmp_path / "nowhere" / "places.csv", near_hoboken())


# Words


@pytest.mark.parametrize(
    ("distance_km", "words"),
    [
        (0.0, "under 0.1 km (under 0.1 mi)"),
        (0.12, "0.1 km (under 0.1 mi)"),
        (3.94, "3.9 km (2.4 mi)"),
        (80.4672, "80.5 km (50 mi)"),
        (160.2, "160 km (100 mi)"),
        (3210.4, "3,210 km (1,995 mi)"),
    ],
)
def test_distances_are_as_exact_as_they_are_known(distance_km: float, words: str) -> None:
    assert distance_words(distance_km) == words


@pytest.mark.parametrize(
    ("age_years", "words"),
    [
        (None, "age unknown"),
        (0.01, "under a month old"),
        (0.1, "1 month old"),
        (0.5, "6 months old"),
        (4.56, "4.6 years old"),
        (5.0, "5 years old"),
    ],
)
def test_ages_are_said_as_a_reader_would(age_years: float | None, words: str) -> None:
    assert age_words(age_years) == words


def test_headings_follow_the_question() -> None:
    document = near_hoboken()
    assert heading(document) == "Ketamine infusion near 07030 (Hoboken, NJ)"
    document["query"]["offers"] = ["ketamine-infusion", "tms"]
    assert heading(document).startswith("Ketamine infusion or transcranial magnetic stimulation near")
    document["query"]["offers"] = []
    assert heading(document).startswith("Places for treatment near")


def test_filters_are_words_or_nothing() -> None:
    document = near_hoboken()
    document["query"] |= {"offers": [], "payment": ["medicaid", "self-pay"], "age_group": ["adults"]}
    assert query_parts(document) == ["payment Medicaid or Paid by the patient", "for Adults"]
    document["query"] |= {"payment": [], "age_group": []}
    assert query_parts(document) == []


def test_counts_say_when_there_are_more() -> None:
    document = near_hoboken(3)
    document["counts"]["matching"] = 1490
    assert count_words(document)[0] == "3 of 1,490 places shown, nearest first."
    assert count_words(near_hoboken(1))[0] == "1 place found, nearest first."
    assert "nothing about quality" in count_words(document)[-1]


def test_a_gap_is_among_the_unknown_fields() -> None:
    bare = place_row("Clinic", 1.0, ketamine_infusion="not listed")
    assert unknown_fields(bare) == ["ketamine_infusion", "esketamine_certified", "licensed", "npi_active"]
    assert infusion_words(bare) == "not listed here (unknown)"


def test_licences_of_every_state_in_the_list_can_be_checked_once() -> None:
    named = [entry["what"] for entry in all_checks(near_hoboken(5))]
    assert named == [
        "Esketamine (Spravato) certification",
        "Licence in New Jersey",
        "A physician's record in New Jersey",
        "Licence in New York or Connecticut",
        "More places, or a person to ask",
    ]


def test_without_filters_an_empty_answer_suggests_none_to_leave_out() -> None:
    document = nothing_found()
    document["query"] |= {"within_km": None, "offers": [], "payment": [], "telehealth": False}
    assert not any("filter" in line or "farther" in line for line in suggestions(document))


@pytest.mark.parametrize(
    ("phone", "link"),
    [
        ("201-535-5959", "tel:+1-201-535-5959"),
        ("212-686-7500 x7521", "tel:+1-212-686-7500;ext=7521"),
        ("1-800-662-4357", "tel:+1-800-662-4357"),
        ("(201) 535.5959 ext. 12", "tel:+1-201-535-5959;ext=12"),
        ("2015355959", "tel:+1-201-535-5959"),
        ("call the desk", ""),
        ('201-535-5959"><script>', ""),
        ("", ""),
    ],
)
def test_only_numbers_become_telephone_links(phone: str, link: str) -> None:
    assert telephone_link(phone) == link


@pytest.mark.parametrize(
    ("website", "link"),
    [
        ("https://example.org/care", "https://example.org/care"),
        ("www.example.org", "https://www.example.org"),
        ("example.org/care", "https://example.org/care"),
        ("javascript:alert(1)", ""),
        ("JavaScript://example.org/%0aalert(1)", ""),
        ("data:text/html,x", ""),
        ("http://[", ""),
        ("n/a", ""),
        ("", ""),
    ],
)
def test_only_web_addresses_become_links(website: str, link: str) -> None:
    assert web_link(website) == link


@pytest.mark.parametrize(
    ("street", "street2", "words"),
    [
        ("- - -", "", ""),
        ("1 Main Street", "- -", "1 Main Street"),
        ("1 Main Street", "Floor 2", "1 Main Street, Floor 2"),
    ],
)
def test_dashes_that_a_source_writes_for_an_unknown_street_are_not_shown(street, street2, words):
    assert street_words({"street": street, "street2": street2}) == words
