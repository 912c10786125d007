"""Lines that name no medicine: items of a list, later sentences of a paragraph, articles on another medicine."""

from __future__ import annotations

import ketascope


def found(text: str) -> dict[str, tuple[str, str]]:
    document = ketascope.audit_text(text, live=False)
    shown = document["article"]["text"]
    for row in document["claims"]:
        assert shown[row["start"] : row["end"]] == row["sentence"]
        assert row["start"] <= row["part_start"] < row["part_end"] <= row["end"]
    return {row["claim_id"]: (row["form"], row["drug"]) for row in document["claims"]}


def not_assessed(text: str) -> list[str]:
    return [row["sentence"] for row in ketascope.audit_text(text, live=False)["not_assessed"]]


ITEMS = """
- **83% success rate** in depression
- Works in hours, not weeks
- Non-addictive when given by professionals
- FDA-approved medicine with 50 years of use
- Free parking behind the house
"""


def test_items_of_a_list_take_the_medicine_of_the_line_above() -> None:
    text = "# Our clinic\n\nIt opens soon.\n\n## Why ketamine?\n" + ITEMS
    document = ketascope.audit_text(text, live=False)
    assert {row["claim_id"]: row["verdict"] for row in document["claims"]} == {
        "response-rate-seventy": "overstated",
        "ketamine-faster-hours": "supported",
        "not-addictive": "wrong",
    }
    assert [row["sentence"] for row in document["not_assessed"]] == ["FDA-approved medicine with 50 years of use"]
    shown = document["article"]["text"]
    assert all(shown[row["part_start"] : row["part_end"]] in row["sentence"] for row in document["claims"])


def test_no_medicine_is_read_into_lists_on_other_things_or_under_a_denial() -> None:
    assert found("# Our garden\n" + ITEMS) == {}
    assert found("# Why psilocybin?\n" + ITEMS) == {}
    assert found("Ketamine is not for you if you hope for one of these:\n" + ITEMS) == {}


def test_it_is_the_medicine_last_named_in_the_paragraph() -> None:
    text = (
        "Spravato is a nasal spray. A nurse watches. It cannot be taken at home.\n\nKetamine is old. Ketamine is cheap."
    )
    assert found(text)["esketamine-at-home"] == ("negated", "esketamine")


def test_it_is_the_medicine_of_the_article_where_that_is_another() -> None:
    text = "Psilocybin comes from a mushroom. Psilocybin is old.\n\nMuch is hoped of it.\n\nIt works within hours."
    assert found(text) == {}
    assert not_assessed(text) == []
    assert "ketamine-faster-hours" in found(text.replace("Psilocybin", "Ketamine"))


def test_what_follows_a_medicine_is_listed_where_no_claim_fits() -> None:
    text = "Esketamine is a spray for adults. You must not drive or use machines until the day after. The bus stops."
    assert not_assessed(text) == [
        "Esketamine is a spray for adults.",
        "You must not drive or use machines until the day after.",
    ]


def test_a_text_on_something_else_is_said_to_be_one() -> None:
    flags = ketascope.audit_text("Knitting is a calm hobby. It takes wool and two needles.", live=False)["flags"]
    assert "subject" in {flag["code"] for flag in flags}
    flags = ketascope.audit_text("Ketamine is an old medicine. It is made in a factory.", live=False)["flags"]
    assert "subject" not in {flag["code"] for flag in flags}
