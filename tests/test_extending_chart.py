"""Adding a chart, and what the pages on adding say of themselves."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from extending_pages import PAGES, ROOT, followed, guide

NAMES = ("drug", "route", "indication", "trial", "claim", "source-of-places", "chart")


def test_a_chart_is_added_by_the_files_that_its_page_names(tmp_path):
    import altair
    from jsonschema import Draft7Validator

    copy = followed("chart", tmp_path)

    assert copy.touched == tuple(sorted(copy.guide.paths))
    assert len(copy.touched) == copy.guide.count
    chart, drawing, page = copy.run(
        """
import json
from ketascope.charts import bioavailability, render_svg
from ketascope.report.html import comparison_html
sentences = ["ketamine 35 mg IV", "ketamine 35 mg oral", "escitalopram 10 mg oral q 1 d x 56"]
found = ketascope.compare(sentences, patients=16)
chart = bioavailability(found.document())
print(json.dumps([vars(chart), render_svg(chart.spec), comparison_html(found.document(), found.curves)]))
"""
    )
    schema = json.loads(
        (Path(altair.__file__).parent / "vegalite" / "v6" / "schema" / "vega-lite-schema.json").read_text("utf-8")
    )
    assert [error.message[:200] for error in Draft7Validator(schema).iter_errors(chart["spec"])] == []
    assert "ketamine 35 mg IV 100% (100 to 100)" in chart["summary"]
    assert [row["median"] is None for row in chart["table"]] == [False, False, True]
    assert chart["spec"]["description"] == chart["summary"]
    assert drawing.startswith("<svg")
    assert "Bioavailability of each option" in drawing
    assert 'id="chart-bioavailability"' in page
    assert chart["summary"] in page


def test_every_page_on_adding_something_has_a_test_and_every_test_a_page():
    tests = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("tests/test_extending_*.py"))

    assert sorted(path.stem for path in PAGES.glob("*.md")) == sorted(NAMES)
    assert set(re.findall(r'followed\("([a-z-]+)"', tests)) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_names_as_many_files_as_it_says(name):
    page = guide(name)

    assert len(set(page.paths)) == len(page.paths) == page.count


@pytest.mark.parametrize("name", NAMES)
def test_the_overview_prints_the_number_of_files_of_each_page(name):
    overview = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| \[[^]]+\]\(extending/{name}\.md\) \| (\d+) \| (\d+) \|", overview, re.MULTILINE)

    assert row is not None
    assert int(row[1]) == guide(name).count
    assert int(row[2]) == sum(path.startswith("tests/") for path in guide(name).paths)


@pytest.mark.parametrize("name", ["extending", *(f"extending/{name}" for name in NAMES)])
def test_every_file_and_folder_that_a_page_names_is_there(name):
    text = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    new = {edit.path for each in NAMES for edit in guide(each).edits if edit.is_new}
    named = set(re.findall(r"`((?:src|tests|docs|benchmarks)/[^`* ]+)`", text)) - new

    assert named
    assert sorted(path for path in named if not (ROOT / path).exists()) == []
