"""The page that follows one dose: its twin, its time cursor, the rows behind its numbers, and its errors."""

import json
import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from ketascope import simulate
from ketascope.charts import cascade, render_svg
from ketascope.charts.mechanism import CURSOR, cursor_places
from ketascope.charts.style import load_style
from ketascope.model.parameter_store import load_parameters
from ketascope.model.scenario import load_scenarios
from ketascope.report import mechanism_page
from ketascope.report.format import interval
from ketascope.report.parameter_table import few_digits, label
from page_reading import without_tags
from web_client import WebClient, web_client

DOSE = "ketamine 0.5 mg/kg IM"
# Few patients for a short time: what is tested is the page.
SHORT = {"sentence": DOSE, "until": "7d", "patients": "20"}


@pytest.fixture(scope="module")
def client() -> Iterator[WebClient]:
    with web_client() as found:
        yield found


@pytest.fixture(scope="module")
def simulation():
    return simulate(DOSE, until_h=168.0, patients=20)


def address(ending: str = "", **changes: object) -> str:
    return f"/how-it-works{ending}?{urlencode({**SHORT, **changes}, doseq=True)}"


def values(page: str) -> dict[str, tuple[str, str]]:
    """Median and range of each curve in the table at the cursor."""
    found = re.findall(
        r'data-course="(\w+)">.*?<span data-median>(.*?)</span> <span class="ends" data-ends>(.*?)</span>', page, re.S
    )
    return {name: (median, ends) for name, median, ends in found}


def test_the_twin_is_the_simulation_of_the_library(client, simulation):
    assert client.get(address(".json")).json() == json.loads(json.dumps(simulation.document()))


def test_a_link_reopened_gives_the_same_bytes_on_a_fresh_server(client):
    with web_client() as other:
        assert other.get(address(".json", at="2h")).content == client.get(address(".json", at="2h")).content


@pytest.mark.parametrize("at", ["40min", "2h", "24h", "7d"])
def test_the_table_has_the_numbers_of_the_twin_at_the_time_of_the_line(client, at):
    hours = {"40min": 40 / 60, "2h": 2.0, "24h": 24.0, "7d": 168.0}[at]
    document = client.get(address(".json", at=at)).json()
    index = min(range(len(document["times_h"])), key=lambda place: abs(document["times_h"][place] - hours))
    shown = values(client.get(address(at=at)).text)
    kinds = {entry["name"]: panel["kind"] for panel in load_style()["panels"] for entry in panel["series"]}
    assert {"ketamine_ng_per_ml", "block", "glutamate_fold", "plasticity", "score"} <= set(shown)
    for name in set(kinds) & set(shown):
        quantity = {key: document["series"][name][key][index] for key in ("median", "low", "high")}
        assert shown[name] == interval(quantity, kinds[name]), name


def test_moving_the_line_simulates_nothing_anew(client):
    client.get(address(".json"))
    before = client.app.state.computing.counts().computed
    assert client.get(address(".json", at="72h")).status_code == 200
    assert client.app.state.computing.counts().computed == before


def test_the_line_stands_in_every_panel_of_the_page_and_of_the_picture(client, simulation):
    document = simulation.document()
    place = cursor_places(document)[mechanism_page.cursor_index(document, 2.0)]
    for drawing in (client.get(address(at="2h")).text, client.get(address("/cascade.svg", at="2h")).text):
        lines = re.findall(rf'class="mark-rule[^"]*{CURSOR}_\d+[^"]*".*?translate\(([\d.]+),0\)', drawing, re.S)
        assert len(lines) == len(load_style()["panels"])
        assert {round(float(each), 2) for each in lines} == {round(place, 2)}


def test_without_a_time_the_chart_has_no_line(simulation):
    assert CURSOR not in render_svg(cascade(simulation.document()).spec)


def test_a_script_gets_the_texts_of_every_time(client, simulation):
    page = client.get(address(at="2h")).text
    data = json.loads(re.search(r"data-values>(.*?)</script>", page, re.S)[1])
    times = simulation.document()["times_h"]
    assert len(data["times"]) == len(data["places"]) == len(data["at"]) == len(times)
    index = mechanism_page.cursor_index(simulation.document(), 2.0)
    for name, shown in values(page).items():
        assert (data["series"][name]["median"][index], data["series"][name]["ends"][index]) == shown
        assert len(data["series"][name]["median"]) == len(times)
    # What the script writes into the address leads back to the same place.
    assert [mechanism_page.cursor_index(simulation.document(), float(at.removesuffix("h"))) for at in data["at"]] == (
        list(range(len(times)))
    )


def test_every_number_behind_the_dose_stands_on_the_page_with_source_and_grade(client, simulation):
    page = client.get(address()).text
    rows = load_parameters()
    for name in simulation.rows:
        entry = without_tags(re.search(rf'<div id="{re.escape(name)}".*?</div>', page, re.S)[0])
        row = rows[name]
        for told in (f"{few_digits(row.value)} {row.unit}", row.grade, row.source, row.population):
            assert re.sub(r"\s+", " ", told) in entry, (name, told)
    assert len(re.findall(r'<div id="\w+\.\w+"', page)) == len(simulation.rows)


def test_assumed_numbers_are_marked(client, simulation):
    page = client.get(address()).text
    assumed = [
        name for name in simulation.rows if load_parameters()[name].grade in ("assumed", "not informed by trials")
    ]
    marked = re.findall(r'<div id="([\w.]+)" class="assumed-row"', page)
    assert assumed
    assert sorted(marked) == sorted(assumed)


def test_every_link_within_the_page_leads_somewhere(client):
    page = client.get(address(scenario="expectancy")).text
    targets = set(re.findall(r'href="#([^"]+)"', page))
    assert {"step-plasma", "step-block", "step-glutamate", "step-plasticity", "step-symptoms"} <= targets
    assert targets <= set(re.findall(r'id="([^"]+)"', page))


def test_every_scenario_is_a_switch_with_its_source_and_what_it_sets(client):
    page = client.get(address()).text
    told = without_tags(page)
    for name, scenario in load_scenarios().items():
        assert f'name="scenario" value="{name}"' in page
        assert f"scenario={name}" in page
        assert scenario["source"][1:] in told
        for row, value in scenario["replaces"].items():
            assert re.search(rf"{re.escape(label(row))}( \([\w ]+\))?: {re.escape(few_digits(value))} instead of", told)


def test_a_scenario_stands_beside_the_default_model_and_can_be_switched_off(client):
    page = client.get(address(scenario="opioid-blocked")).text
    assert 'value="opioid-blocked" checked' in page
    assert "Scenarios on: opioid-blocked." in without_tags(page)
    plain = values(client.get(address()).text)
    beside = re.findall(
        r'data-default="(\w+)"><span data-median>(.*?)</span> <span class="ends" data-ends>(.*?)</span>', page, re.S
    )
    assert {name: (median, ends) for name, median, ends in beside} == plain
    assert values(page)["score"] != plain["score"]
    assert values(page)["ketamine_ng_per_ml"] == plain["ketamine_ng_per_ml"]
    row = without_tags(re.search(r'<div id="symptoms.opioid_gate".*?</div>', page, re.S)[0])
    assert "0.3 fraction of benefit kept" in row
    assert "scenario; 1 by default" in row
    off = re.search(r'<a class="button plain" href="([^"]+)">Switch off', page)[1]
    assert "scenario" not in off


def test_a_drug_without_a_mechanism_shows_only_what_is_simulated(client):
    page = client.get(address(sentence="escitalopram 10 mg oral q 1 d x 7")).text
    assert set(values(page)) == {"score"}
    assert 'id="step-plasma"' not in page
    assert 'id="step-symptoms"' in page


def test_a_wrong_word_is_marked_and_the_form_stays_filled(client):
    answer = client.get(address(sentence="ketamine 0.5 mg/kg oralx", weight="81", scenario=["hnk"]))
    assert answer.status_code == 400
    assert "<code>ketamine 0.5 mg/kg <mark>oralx</mark></code>" in answer.text
    assert "did you mean &#39;oral&#39;" in answer.text
    assert 'aria-describedby="problem-sentence"' in answer.text
    assert 'name="weight" value="81"' in answer.text
    assert 'value="hnk" checked' in answer.text


@pytest.mark.parametrize(
    ("changes", "field", "line"),
    [
        ({"weight": "abc"}, "weight", "'abc' is not a number"),
        ({"weight": "500"}, "weight", "must be 20 to 300 kg"),
        ({"age": "17"}, "age", "adults only"),
        ({"patients": "1.5"}, "patients", "not a whole number"),
        ({"patients": "100000"}, "patients", "at most 1000 here"),
        ({"until": "8 parsecs"}, "until", "parsecs"),
        ({"sampling": "urine"}, "sampling", "must be one of venous"),
        ({"indication": "gda"}, "indication", "did you mean 'gad'"),
        ({"sentence": "ketamine " * 200}, "sentence", "the limit here is 400"),
    ],
)
def test_what_cannot_be_used_is_told_beside_its_field_and_in_the_twin(client, changes, field, line):
    answer = client.get(address(**changes))
    assert answer.status_code == 400
    assert line in without_tags(re.search(rf'id="problem-{field}".*?</p>', answer.text, re.S)[0])
    twin = client.get(address(".json", **changes))
    assert twin.status_code == 400
    assert line in twin.json()["error"]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"at": "8d"}, "after the end of what is simulated, 7 d"),
        ({"at": "soon"}, "'soon' is not a time"),
        ({"scenario": "opoid-blocked"}, "did you mean 'opioid-blocked'"),
        ({"scenario": ["masked", "active-control"]}, "both choose the control"),
        ({"wieght": "70"}, "did you mean 'weight'"),
        ({"weight": ["70", "80"]}, "stands twice"),
    ],
)
def test_what_has_no_field_of_its_own_is_told_above_all(client, changes, line):
    answer = client.get(address(**changes))
    assert answer.status_code == 400
    assert line in without_tags(re.search(r'<p class="problem".*?</p>', answer.text, re.S)[0])


def test_a_wrong_time_does_not_stay_in_the_form(client):
    assert 'name="at" value=""' in client.get(address(at="8d")).text


def test_without_a_script_the_time_is_a_field_that_keeps_the_rest(client):
    page = client.get(address(scenario=["hnk", "masked"], at="2h")).text
    form = re.search(r'class="without-script">(.*?)</form>', page, re.S)[1]
    kept = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)
    assert kept == [
        ("sentence", DOSE),
        ("until", "7d"),
        ("patients", "20"),
        ("scenario", "hnk"),
        ("scenario", "masked"),
    ]
    assert 'name="at" value="2h"' in form


def test_nothing_on_the_page_needs_an_inline_style_or_script(client):
    page = client.get(address(scenario="hnk")).text
    assert " style=" not in page
    assert re.findall(r"<script(?![^>]*src=)[^>]*>", page) == ['<script type="application/json" data-values>']


def test_the_chart_has_words_a_table_and_pictures(client):
    page = client.get(address()).text
    assert "In words" in page
    assert "the numbers behind the drawing" in page
    for ending, kind in (("svg", "image/svg+xml"), ("png", "image/png"), ("vl.json", "application/json")):
        answer = client.get(address(f"/cascade.{ending}"))
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    assert client.get(address("/cascade.gif")).status_code == 404


def test_every_step_names_a_panel_of_the_chart_and_owns_its_rows():
    panels = [panel["title"] for panel in load_style()["panels"]]
    found = simulate(DOSE, until_h=24.0, patients=0)
    steps = mechanism_page.steps(found.document(), found.rows)
    assert [step.title for step in steps] == [
        "Plasma", "Receptor block", "Glutamate", "Plasticity", "Symptoms", "What is felt meanwhile",
    ]  # fmt: skip
    assert len(steps) == len(panels) + 1
    assert sorted(row.name for step in steps for row in step.rows) == sorted(found.rows)
    for step in steps:
        assert step.grades
