"""The guide: every statement has its source, its grade and its date; a rule that ends says so; never a dose."""

from __future__ import annotations

import json
import re
from datetime import date

import pytest

from ketascope.care.guide import checks, ended_rules, guide, licence_checks, state_name
from ketascope.data import load

BEFORE, LAST, AFTER = date(2026, 12, 30), date(2026, 12, 31), date(2027, 1, 1)
SECTIONS = ["ask", "warning-signs", "who", "words", "cost"]


def items(today: date = BEFORE) -> list[dict[str, str]]:
    return [item for section in guide(today)["sections"] for item in section["items"]]


def section(name: str, today: date = BEFORE) -> str:
    return " ".join(
        item["text"] for found in guide(today)["sections"] if found["id"] == name for item in found["items"]
    )


def test_the_sections_stand_in_the_order_in_which_they_help() -> None:
    assert [found["id"] for found in guide(BEFORE)["sections"]] == SECTIONS


@pytest.mark.parametrize("item", items(), ids=lambda item: item["text"][:40])
def test_every_statement_has_a_source_a_grade_and_a_month(item: dict[str, str]) -> None:
    assert item["source"]
    assert item["checked"] in guide(BEFORE)["checked"]
    assert re.fullmatch(r"20\d\d-\d\d", item["status_date"])
    assert item["status_date"] <= guide(BEFORE)["as_of"]


def test_nothing_from_memory_reaches_a_reader() -> None:
    assert set(guide(BEFORE)["checked"]) == {"text", "secondary", "own"}


@pytest.mark.parametrize("item", [*items(), *items(AFTER)], ids=lambda item: item["text"][:40])
def test_no_statement_says_how_much_to_take(item: dict[str, str]) -> None:
    assert re.search(r"\d\s*(mg|mcg|µg|ml|g)\b|mg/kg", item["text"], re.IGNORECASE) is None
    assert "{" not in item["text"]


def test_the_guide_can_stand_in_a_json_answer() -> None:
    assert json.loads(json.dumps(guide(BEFORE)))["title"] == "Before you choose a place"


# The rule that ends


def test_the_video_rule_holds_up_to_its_last_day_and_not_longer() -> None:
    assert "until 31 December 2026 a temporary federal rule lets" in section("who", BEFORE)
    assert "lets" in section("who", LAST)
    assert "was to end on 31 December 2026" in section("who", AFTER)
    assert "not known here" in section("who", AFTER)


def test_the_end_is_told_as_a_flag_only_when_it_is_over() -> None:
    assert ended_rules(BEFORE) == ended_rules(LAST) == []
    (flag,) = ended_rules(AFTER)
    assert flag["code"] == "rule_ended"
    assert "31 December 2026" in flag["message"]


def test_the_end_is_the_date_of_the_practical_facts() -> None:
    (rule,) = [item for item in items() if item["until"]]
    assert rule["until"] == load("practical")["telehealth_valid_until"] == "2026-12-31"


# Prices


def test_prices_are_those_of_the_practical_facts_by_session_and_by_course() -> None:
    words = section("cost")
    assert "$300 to $700 a session" in words
    assert "11 to 18 sessions comes to about $3,300 to $13,000" in words
    assert "$1,050 to $1,757 a session" in words
    assert "21 visits" in words
    assert "$22,000 to $37,000" in words


# Content


def test_anxiety_ocd_and_ptsd_are_said_to_be_unapproved_uses() -> None:
    assert "For anxiety, OCD and PTSD no ketamine or esketamine product is" in section("ask")


def test_therapists_are_told_apart_from_prescribers() -> None:
    words = section("who")
    for profession in ("Psychologists", "social workers", "counsellors", "family therapists"):
        assert profession in words
    assert "does not let them order ketamine" in words


def test_listed_certified_and_licensed_are_three_things() -> None:
    assert re.findall(r"(Listed|Certified|Licensed):", section("words")) == ["Listed", "Certified", "Licensed"]
    assert "A place that is not listed may still offer it" in section("words")


def test_the_emergency_number_is_there() -> None:
    assert "911" in guide(BEFORE)["emergency"]


# Where to check


def test_new_jersey_has_its_own_licence_pages() -> None:
    found = checks("NJ")
    assert [set(entry) for entry in found] == [{"what", "how", "url", "phone"}] * 4
    assert [entry["url"] for entry in found] == [
        "https://www.spravato.com",
        "https://newjersey.mylicense.com/verification/",
        "https://www.njhcp.com",
        "https://findtreatment.gov",
    ]
    assert found[0]["phone"] == "1-855-382-6022"
    assert found[1]["what"] == "Licence in New Jersey"


def test_another_state_is_sent_to_its_medical_board_by_name() -> None:
    licence = next(entry for entry in checks("UT") if entry["what"].startswith("Licence"))
    assert "the medical board of Utah" in licence["how"]


def test_a_place_without_a_state_still_has_checks() -> None:
    assert "the medical board of your state" in " ".join(entry["how"] for entry in checks(""))
    assert state_name("ZZ") == "ZZ"


def test_states_without_pages_of_their_own_share_an_entry() -> None:
    assert [entry["what"] for entry in licence_checks(["NY", "NJ", "CT", "PA"])] == [
        "Licence in New Jersey",
        "A physician's record in New Jersey",
        "Licence in New York, Connecticut or Pennsylvania",
    ]
    assert licence_checks([]) == []


@pytest.mark.parametrize("state", ["NJ", "NY", ""])
def test_the_last_check_is_where_to_find_more_places(state: str) -> None:
    assert checks(state)[-1]["url"] == "https://findtreatment.gov"
