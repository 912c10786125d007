"""The evidence pages: pools, studies and the ledger; each says what the library's document says."""

import html
import json
import re
from collections.abc import Iterator

import pytest

from ketascope.charts import concentration_ratios
from ketascope.evidence.pk_ledger import validate
from ketascope.evidence.studies import published, studies
from ketascope.evidence.studies.page import study_list, study_page
from ketascope.evidence.summary import pooled_evidence
from ketascope.report import evidence as cells
from ketascope.report.evidence_tables import PlainTable, capital
from ketascope.report.ledger import observation_rows, summary_rows
from ketascope.report.trial_ledger import full_rows, other_rows
from ketascope.web.wording import for_page
from page_reading import without_tags
from web_client import WebClient, web_client


@pytest.fixture(scope="module")
def client() -> Iterator[WebClient]:
    with web_client() as found:
        yield found


@pytest.fixture(scope="module")
def ledger():
    return json.loads(json.dumps(validate()))


def rows_of(page: str, region: str) -> list[list[str]]:
    """The body of the table in the region of that name, as texts."""
    part = page[page.index(f'role="region" aria-label="{html.escape(region)}"') :]
    body = re.search(r"<tbody>(.*?)</tbody>", part, re.S)[1]
    lines = re.findall(r"<tr>(.*?)</tr>", body, re.S)
    return [[without_tags(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line, re.S)] for line in lines]


def plain(rows) -> list[list[str]]:
    return [[re.sub(r"\s+", " ", cell) for cell in row] for row in rows]


@pytest.mark.parametrize("query", ["indication=ptsd", "indication=mdd&treatment=esketamine&measure=smd&estimator=DL"])
def test_the_twin_is_the_document_of_the_library(client, query):
    chosen = dict(part.split("=") for part in query.split("&"))
    assert client.get(f"/evidence.json?{query}").json() == json.loads(json.dumps(pooled_evidence(**chosen)))


def test_the_page_has_every_study_with_its_numbers_and_a_link_to_its_page(client):
    document = client.get("/evidence.json?indication=ptsd").json()
    page = client.get("/evidence?indication=ptsd").text
    wanted = [cells.study_cells(document, study, None) for study in document["studies"]]
    assert rows_of(page, "Studies") == plain(row[:4] + row[5:] for row in wanted)
    for study in (*document["studies"], *document["without_numbers"]):
        assert f'href="/evidence/studies/{study["study"]}"' in page


def test_the_page_has_the_sensitivity_set_checks_and_trials_without_numbers(client):
    document = client.get("/evidence.json?indication=ptsd").json()
    page = client.get("/evidence?indication=ptsd").text
    sensitivity = [cells.sensitivity_cells(document, row) for row in document["sensitivity"]]
    assert rows_of(page, "Sensitivity set") == plain(sensitivity)
    checks = "Published pooled estimates beside ours (checks, never data)"
    assert rows_of(page, checks) == plain(cells.check_cells(row) for row in document["checks"])
    without = "Studies without usable numbers, and why"
    wanted = [(row["label"], row["why"]) for row in document["without_numbers"]]
    assert rows_of(page, without) == plain(wanted), "the keys stand in the addresses alone"


def test_the_page_says_how_sure_it_is_and_why(client):
    document = client.get("/evidence.json?indication=ptsd").json()
    told = without_tags(client.get("/evidence?indication=ptsd").text)
    assert f"Certainty: {document['certainty']['grade']}" in told
    for reason in (*document["certainty"]["reasons"], *(flag["message"] for flag in document["flags"])):
        assert re.sub(r"\s+", " ", for_page(reason).striptags()) in told
    assert document["words"] in told
    assert document["without_bound"]["words"] in told


def test_a_pool_that_is_refused_says_so_and_lists_its_studies(client):
    document = client.get("/evidence.json?indication=gad").json()
    page = client.get("/evidence?indication=gad").text
    assert document["pooled"] is None
    assert f"Not pooled: {document['refusal']}." in without_tags(page)
    assert all(row["label"] in without_tags(page) for row in document["without_numbers"])


def test_without_an_indication_all_are_shown_and_each_leads_to_its_pool(client):
    document = client.get("/evidence.json").json()
    page = client.get("/evidence").text
    rows = rows_of(page, "Symptoms by indication and treatment")
    assert len(rows) == len(document["overview"])
    for row, shown in zip(document["overview"], rows, strict=True):
        assert shown[0] == f"{capital(row['label'])}: {row['treatment_label']}"
        assert shown[1:] == plain([cells.overview_cells(row)])[0][1:]
    link = html.unescape(re.search(r'href="(/evidence\?indication=ptsd[^"]+)"', page)[1])
    assert "Ketamine: symptoms in post-traumatic stress disorder" in client.get(link).text


def test_the_treatment_that_was_pooled_is_the_one_chosen_in_the_form(client):
    assert '<option value="ketamine" selected>' in client.get("/evidence?indication=ptsd").text
    assert '<option value="ketamine" selected>' not in client.get("/evidence").text


@pytest.mark.parametrize(
    ("query", "field", "line"),
    [
        ("indication=pstd", "indication", "did you mean 'ptsd'"),
        ("outcome=remision", "outcome", "did you mean 'remission'"),
        ("time=weak", "time", "did you mean 'week'"),
        ("indication=ptsd&measure=or", "measure", "does not fit symptoms; use one of smd, md"),
        ("measure=rr", "measure", "does not fit symptoms"),
        ("estimator=REMLL", "estimator", "did you mean 'REML'"),
        ("indication=ptsd&indication=gad", "indication", "stands twice"),
    ],
)
def test_what_is_unknown_is_told_beside_its_field_and_in_the_twin(client, query, field, line):
    answer = client.get(f"/evidence?{query}")
    assert answer.status_code == 400
    assert line in without_tags(re.search(rf'id="problem-{field}" role="alert">.*?</p>', answer.text, re.S)[0])
    twin = client.get(f"/evidence.json?{query}")
    assert twin.status_code == 400
    assert line in twin.json()["error"]


def test_an_unknown_parameter_offers_the_nearest(client):
    answer = client.get("/evidence.json?treatmnet=ssri")
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("parameter 'treatmnet' is unknown; did you mean 'treatment'?")


def test_raw_points_over_several_scales_are_refused_on_the_page(client):
    answer = client.get("/evidence?indication=ptsd&measure=md")
    assert answer.status_code == 400
    assert 'value="md" selected' in answer.text


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("/evidence/forest.svg?indication=ptsd", "image/svg+xml"),
        ("/evidence/forest.png?indication=ptsd", "image/png"),
        ("/evidence/forest.vl.json?indication=ptsd", "application/json"),
        ("/evidence/ledger/trials.svg", "image/svg+xml"),
        ("/evidence/ledger/left-out.vl.json", "application/json"),
        ("/evidence/ledger/concentrations.svg", "image/svg+xml"),
        ("/evidence.csv?indication=ptsd", "text/csv; charset=utf-8"),
    ],
)
def test_pictures_and_files_have_addresses_of_their_own(client, address, kind):
    answer = client.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    assert answer.content


def test_a_forest_plot_needs_an_indication_and_a_known_ending(client):
    assert client.get("/evidence/forest.svg").status_code == 400
    assert client.get("/evidence/forest.gif?indication=ptsd").status_code == 404
    assert client.get("/evidence/ledger/trials.pdf").status_code == 404


def test_the_csv_is_the_table_of_the_forest_plot(client):
    document = pooled_evidence("ptsd")
    assert client.get("/evidence.csv?indication=ptsd").text == cells.evidence_csv(document)


def test_the_list_has_every_study_of_an_indication(client):
    page = client.get("/evidence/studies?indication=gad").text
    wanted = study_list("gad")
    assert client.get("/evidence/studies.json?indication=gad").json()["studies"] == wanted
    assert [row[0] for row in rows_of(page, f"{len(wanted)} studies")] == [entry["label"] for entry in wanted]
    assert all(f'href="/evidence/studies/{entry["study"]}"' in page for entry in wanted)
    assert client.get("/evidence/studies?indication=gda").status_code == 400


def test_the_page_of_a_study_has_arms_outcomes_source_and_what_counts(client):
    page = client.get("/evidence/studies/feder2014").text
    told = without_tags(page)
    document = study_page("feder2014")
    assert client.get("/evidence/studies/feder2014.json").json() == json.loads(json.dumps(document))
    assert len(rows_of(page, "Arms")) == len(document["arms"])
    assert len(rows_of(page, "Outcomes")) == len(document["outcomes"])
    assert document["study"]["risk_of_bias_note"] in told
    assert f'href="https://doi.org/{document["study"]["doi"]}"' in page


def test_every_study_of_the_tables_has_a_page_that_opens(client):
    for entry in study_list()[::8]:
        assert client.get(f"/evidence/studies/{entry['study']}").status_code == 200, entry["study"]


def test_an_unknown_study_offers_the_nearest(client):
    answer = client.get("/evidence/studies/feder2015.json")
    assert answer.status_code == 404
    assert "did you mean 'feder" in answer.json()["error"]


def test_the_ledger_has_every_prediction_beside_its_observation(client, ledger):
    assert client.get("/evidence/ledger.json").json() == ledger
    page = client.get("/evidence/ledger").text
    assert rows_of(page, "Every predicted concentration") == plain(observation_rows(ledger))
    assert rows_of(page, "By route, analyte and sampling site") == plain(summary_rows(ledger))
    assert rows_of(page, "Every compared figure") == plain(full_rows(ledger["trials"]["rows"]))
    assert rows_of(page, "Every row that is not compared") == plain(other_rows(ledger["trials"]))


def test_the_ledger_keeps_what_the_model_gets_wrong_on_the_page(client, ledger):
    told = without_tags(client.get("/evidence/ledger").text)
    assert ledger["trials"]["known_misfits"]
    assert all(re.sub(r"\s+", " ", sentence) in told for sentence in ledger["trials"]["known_misfits"])
    assert ledger["trials"]["dose_support"] in told


def test_one_sampling_site_shows_its_rows_and_says_why_trials_are_left_out(client):
    document = client.get("/evidence/ledger.json?sampling=arterial").json()
    page = client.get("/evidence/ledger?sampling=arterial").text
    assert rows_of(page, "Every predicted concentration") == plain(observation_rows(document))
    assert for_page(document["trials"]["left_out"]).striptags() in without_tags(page)
    assert "--sampling" not in page
    assert client.get("/evidence/ledger?sampling=urine").status_code == 400


@pytest.mark.parametrize("address", ["/evidence?indication=ptsd", "/evidence/ledger"])
def test_every_chart_has_words_and_a_table_and_nothing_is_inline(client, address):
    page = client.get(address).text
    charts = re.findall(r"<figure.*?</figure>", page, re.S)
    assert charts
    for chart in charts:
        assert re.search(r'<img src="[^"]+" alt="[^"]{60,}"', chart)
        assert "In words" in chart
        assert "the numbers behind the drawing" in chart
    assert " style=" not in page
    assert not re.findall(r"<script(?![^>]*src=)", page)


def test_the_chart_of_concentrations_has_every_used_row_and_no_other(ledger):
    chart = concentration_ratios(ledger)
    used = [row for row in ledger["rows"] if row["used"]]
    assert [row["predicted over observed"] for row in chart.table] == [row["fold_error"] for row in used]
    drawn = chart.spec["layer"][-1]["data"]["values"]
    assert sorted(record["ratio"] for record in drawn) == sorted(row["fold_error"] for row in used)
    low, high = chart.spec["layer"][-1]["encoding"]["x"]["scale"]["domain"]
    assert all(low < record["ratio"] < high for record in drawn)
    assert f"{len(used)} published figures" in chart.summary


def test_headings_have_a_capital_unless_they_are_signs():
    table = PlainTable("t", "T", ("study", "k", "tau\N{SUPERSCRIPT TWO}", "in words"), ())
    assert table.headings == ["Study", "k", "tau\N{SUPERSCRIPT TWO}", "In words"]


def keys_in(text: str) -> set[str]:
    """Keys of studies, trials and published pools in a text; those that are registration numbers are for people too."""
    keys = {row.study for row in studies().values()} | {row.trial_key for row in studies().values()}
    keys |= {row.meta_id for row in published()}
    return {key for key in keys if re.search(rf"(?<![\w/]){re.escape(key)}(?!\w)", text)}


@pytest.mark.parametrize("indication", ["ptsd", "gad", "mdd", "anxiety_mixed", "all"])
@pytest.mark.parametrize("treatment", ["ketamine", "esketamine", "ssri"])
def test_readers_meet_authors_and_years_and_never_the_key_of_a_study(client, indication, treatment):
    page = client.get(f"/evidence?indication={indication}&treatment={treatment}").text
    drawn = client.get(f"/evidence/forest.vl.json?indication={indication}&treatment={treatment}").text
    assert keys_in(without_tags(page)) == set()
    assert keys_in(drawn) == set()


def test_neither_the_ledger_nor_the_list_of_studies_shows_a_key(client):
    for address in ("/evidence/ledger", "/evidence/studies"):
        assert keys_in(without_tags(client.get(address).text)) == set(), address
    for chart in ("trials", "left-out", "concentrations"):
        assert keys_in(client.get(f"/evidence/ledger/{chart}.vl.json").text) == set(), chart


def test_a_key_stays_in_the_json(client):
    assert "ESK_Sex2022" in client.get("/evidence.json?indication=mdd&treatment=esketamine").text
    assert "ptsd_rct_ma_2023_caps" in client.get("/evidence.json?indication=ptsd").text


def test_headings_and_reasons_are_words(client):
    page = without_tags(client.get("/evidence?indication=anxiety_mixed").text)
    assert "Ketamine: symptoms in mixed anxiety samples" in page
    ptsd = client.get("/evidence.json?indication=ptsd").json()["certainty"]["reasons"]
    assert ptsd[0].startswith("Intravenous: ")
    together = client.get("/evidence.json?indication=all").json()["certainty"]["reasons"]
    assert any(said.startswith("Intravenous, post-traumatic stress disorder: ") for said in together)


def test_nothing_to_point_at_is_offered_where_nothing_is_drawn(client):
    assert "data-spec" not in client.get("/evidence?indication=gad").text
    assert "data-spec" in client.get("/evidence?indication=ptsd").text


def test_a_study_says_in_full_what_it_compared(client):
    page = without_tags(client.get("/evidence/studies/feder2021").text)
    assert "Symptoms, CAPS-5 at 2 wk: ketamine 0.5 mg/kg IV against midazolam. It counts." in page
    assert not re.search(r"\bket\b|\bmdz\b", page)


def test_related_studies_are_named_by_label_and_linked(client):
    page = client.get("/evidence/studies/lii2023").text
    assert re.search(r'<dt>The same trial as</dt><dd><a href="/evidence/studies/KET_Lii2023">Lii 2023</a>', page)
    assert keys_in(without_tags(client.get("/evidence/studies/ESK_Popova2019").text)) == {"ESK_Popova2019"}
