"""Adding a trial, a claim or a source of places: the pages are followed to the letter in a copy of the package."""

from __future__ import annotations

from extending_pages import followed


def test_a_trial_is_added_by_the_files_that_its_page_names(tmp_path):
    copy = followed("trial", tmp_path)

    assert copy.touched == tuple(sorted(copy.guide.paths))
    assert len(copy.touched) == copy.guide.count
    document, shown, summary = copy.run(
        """
import json
from ketascope.charts.forest import forest
from ketascope.evidence.studies.contract import package_problems
from ketascope.evidence.studies.page import study_page
assert package_problems() == ()
document = ketascope.pooled_evidence("ptsd")
chart = forest(document)
print(json.dumps([document, study_page("example2026"), [chart.summary, chart.table]], default=str))
"""
    )
    (added,) = [row for row in document["studies"] if row["study"] == "example2026"]
    assert added["in_pooling"]
    import ketascope

    before = ketascope.pooled_evidence("ptsd")
    assert document["pooled"]["k"] == before["pooled"]["k"] + 1
    assert document["pooled"]["estimate"] != before["pooled"]["estimate"]
    assert shown["study"]["study"] == "example2026"
    assert any("Example 2026" in str(row) for row in summary[1])


def test_a_claim_is_added_by_the_files_that_its_page_names(tmp_path):
    copy = followed("claim", tmp_path)

    assert copy.touched == tuple(sorted(copy.guide.paths))
    assert len(copy.touched) == copy.guide.count
    found = copy.run(
        """
import json
texts = (
    "Esketamine nasal spray leaves a bitter taste.",
    "The esketamine spray does not leave an unpleasant aftertaste.",
    "Esketamine may leave a metallic taste in the mouth.",
)
documents = [ketascope.audit_text(text, live=False) for text in texts]
print(json.dumps([[(c["claim_id"], c["form"], c["verdict"]) for c in each["claims"]] for each in documents]))
"""
    )
    assert found == [
        [["spray-bitter-taste", "asserted", "supported"]],
        [["spray-bitter-taste", "negated", "wrong"]],
        [["spray-bitter-taste", "hedged", "supported"]],
    ]


def test_a_source_of_places_is_added_by_the_files_that_its_page_names(tmp_path):
    copy = followed("source-of-places", tmp_path)

    assert copy.touched == tuple(sorted(copy.guide.paths))
    assert len(copy.touched) == copy.guide.count
    (tmp_path / "register_2026-05-01.csv").write_text(
        "Licence,Clinic,Address,City,State,ZIP code,Phone\n"
        "A-17,Example Infusions,1 River St,Hoboken,NJ,07030,201-555-0100\n"
        "A-18,Elsewhere,,Hoboken,NJ,07030,\n",
        encoding="utf-8",
    )
    build, answer = copy.run(
        """
import json
build = ketascope.build_providers(["register_2026-05-01.csv"])
answer = ketascope.find("07030", offers=["ketamine-infusion"], within="2mi")
print(json.dumps([build, answer], default=str))
"""
    )
    (file,) = [row for row in build["files"] if row["source"] == "example-register"]
    assert (file["rows"]["read"], file["rows"]["places"], file["rows"]["rejected"]) == (2, 1, 1)
    assert file["edition"] == "2026-05-01"
    (place,) = [row for row in answer["results"] if row["name"] == "Example Infusions"]
    assert place["source"] == "example-register"
    assert place["phone"] == "201-555-0100"


def test_a_file_of_another_source_is_told_from_the_new_one_and_a_missing_column_is_named(tmp_path):
    copy = followed("source-of-places", tmp_path)
    (tmp_path / "directory_2024.csv").write_text(
        "name1,street1,city,state,zip,service_code_info\nA,1 Main St,Hoboken,NJ,07030,KIT\n", encoding="utf-8"
    )

    (tmp_path / "register.csv").write_text("licence,clinic,street,city,state\nA-1,A,1 Main St,Hoboken,NJ\n", "utf-8")

    key, complaint = copy.run(
        """
import json
from ketascope.care.sources.opening import open_source
try:
    open_source("register.csv")
except ketascope.InputError as problem:
    complaint = str(problem)
print(json.dumps([open_source("directory_2024.csv").key, complaint]))
"""
    )

    assert key == "samhsa-directory"
    assert complaint.startswith("register.csv: column 'zip' is missing; ")
    assert "headings found: licence, clinic, street, city, state" in complaint
