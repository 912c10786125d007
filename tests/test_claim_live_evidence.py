"""Live checks on the trial tables and approvals: exact tests by hand, and numbers that follow an edited row."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace
from types import SimpleNamespace

import pytest

from fresh_process import python
from ketascope import pooled_evidence
from ketascope.claims.library import approvals, claim
from ketascope.claims.live import Bench, live_check
from ketascope.errors import InputError
from ketascope.evidence.studies import tables

OCD = claim("ocd-fifteen-most-improved")
SEVENTY = claim("response-rate-seventy")


@pytest.fixture
def edit_table(monkeypatch):
    """Edits cells of a packaged table: `edit_table(file, key column, key, column=text, ...)`."""
    caches = [each for each in vars(tables).values() if hasattr(each, "cache_clear")]
    original = tables.table_text
    edits: list[tuple[str, str, str, dict[str, str]]] = []

    def table_text(name):
        rows = list(csv.DictReader(io.StringIO(original(name))))
        for file, column, key, values in edits:
            for row in rows:
                if file == name and row[column] == key:
                    row.update(values)
        written = io.StringIO()
        writer = csv.DictWriter(written, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return written.getvalue()

    def forget():
        for each in caches:
            each.cache_clear()

    def edit(file, column, key, **values):
        assert any(row[column] == key for row in csv.DictReader(io.StringIO(original(file))))
        edits.append((file, column, key, values))
        monkeypatch.setattr(tables, "table_text", table_text)
        forget()

    yield edit
    monkeypatch.undo()
    forget()


def hypergeometric(hits, drawn, marked, total):
    ways = math.comb(marked, hits) * math.comb(total - marked, drawn - hits)
    return ways / math.comb(total, drawn)


def fisher_by_hand(a, n1, c, n2):
    """Sum of the probabilities of all tables that are no more likely than the one seen."""
    marked, total = a + c, n1 + n2
    seen = hypergeometric(a, n1, marked, total)
    possible = range(max(0, marked - n2), min(n1, marked) + 1)
    each = [hypergeometric(hits, n1, marked, total) for hits in possible]
    return sum(chance for chance in each if chance <= seen * (1.0 + 1e-9))


def wilson_by_hand(events, n, z=1.959963984540054):
    centre = (events + z * z / 2.0) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(events * (n - events) / n + z * z / 4.0)
    return 100.0 * (centre - half), 100.0 * (centre + half)


def test_fishers_test_of_the_ocd_trial():
    result = live_check("ocd-fisher", OCD)
    assert result.kind == "evidence"
    assert result.numbers["p_value"] == pytest.approx(fisher_by_hand(4, 8, 0, 7))
    assert round(result.numbers["p_value"], 3) == 0.077
    low, high = wilson_by_hand(4, 8)
    assert result.numbers["treatment_percent_low"] == pytest.approx(low)
    assert result.numbers["treatment_percent_high"] == pytest.approx(high)
    assert "p = 0.077" in result.words
    assert "22 to 78%" in result.words
    assert "half, not most" in result.words


def test_an_edited_count_changes_the_printed_test(edit_table):
    before = live_check("ocd-fisher", OCD)
    edit_table("study_outcomes.csv", "outcome_id", "rodriguez2013:1", events="7", value="87.5")
    after = live_check("ocd-fisher", OCD)
    assert after.numbers["p_value"] == pytest.approx(fisher_by_hand(7, 8, 0, 7))
    assert after.words != before.words
    assert "7 of 8" in after.words
    assert "not most" not in after.words
    assert live_check("evidence-ocd", OCD).numbers["ocd_responders"] == 7.0
    rates = live_check("response-rates", SEVENTY)
    assert rates.numbers["all_treatment_events"] == 23.0


def test_a_count_that_is_not_there_is_said(edit_table):
    edit_table("study_contrasts.csv", "contrast_id", "rodriguez2013/1", contrast_id="rodriguez2013/renamed")
    result = live_check("ocd-fisher", OCD)
    assert not result.computed
    assert result.words == "cannot be computed: the study tables hold no comparison rodriguez2013/1"
    assert result.numbers == {}


def test_rates_are_summed_counts_with_wilson_intervals():
    result = live_check("response-rates", SEVENTY)
    studies = [row for row in pooled_evidence("all", outcome="response")["studies"] if row["in_pooling"]]
    events, n = (sum(row[key] for row in studies) for key in ("events_treatment", "n_treatment"))
    low, high = wilson_by_hand(events, n)
    assert result.numbers["all_treatment_percent"] == pytest.approx(100.0 * events / n)
    assert result.numbers["all_treatment_percent_low"] == pytest.approx(low)
    assert result.numbers["all_treatment_percent_high"] == pytest.approx(high)
    assert result.numbers["all_control_percent"] < result.numbers["all_treatment_percent_low"]


@pytest.mark.parametrize(
    ("low", "high", "place"),
    [(40.0, 60.0, "inside"), (70.0, 83.0, "outside"), (60.0, 70.0, "partly inside"), (5.0, 6.0, "outside")],
)
def test_a_claimed_percentage_is_held_against_the_interval(low, high, place):
    match = SimpleNamespace(drug="ketamine", quantity=(low, high, "percent"))
    result = live_check("response-rates", SEVENTY, match)
    assert f"the claimed {low:g} to {high:g}% lies {place}" in result.words
    assert result.numbers["all_claimed_inside"] == float(place == "inside")
    rate = result.numbers
    span = f"{rate['all_treatment_percent_low']:.0f} to {rate['all_treatment_percent_high']:.0f}%"
    assert f"the claimed {low:g} to {high:g}% lies {place} {span}" in result.words


def test_a_figure_that_single_trials_saw_is_said_to_be_one():
    match = SimpleNamespace(drug="ketamine", quantity=(83.0, 83.0, "percent"))
    anxiety, depression = live_check("response-rates", SEVENTY, match).words.split("; ", 1)
    assert "not outside what single trials saw" not in anxiety
    assert "single trials 44 to 92%: the claimed 83% lies outside 42 to 63%, though not outside" in depression


def test_without_a_figure_the_words_of_the_claim_are_read():
    assert live_check("response-rates", SEVENTY).numbers["claimed_low"] == 70.0
    everyone = live_check("response-rates", claim("works-for-everyone"))
    assert everyone.numbers["claimed_low"] == 90.0
    assert everyone.words.count("lies outside") == 2
    assert "claimed" not in live_check("response-rates").words


def test_people_who_do_not_respond_are_counted_for_the_claim_about_them():
    result = live_check("response-rates", claim("gad-half-do-not-respond"))
    studies = [
        row for row in pooled_evidence("gad", outcome="response", treatment="ssri")["studies"] if row["in_pooling"]
    ]
    expected = sum(row["n_treatment"] - row["events_treatment"] for row in studies)
    assert result.numbers["gad_treatment_events"] == expected
    assert "did not respond" in result.words


def test_rates_of_a_drug_without_trials_are_said_to_be_lacking():
    match = SimpleNamespace(drug="esketamine", quantity=None)
    ptsd = replace(SEVENTY, conditions=("ptsd",))
    result = live_check("response-rates", ptsd, match)
    assert result.words == (
        "cannot be computed: no controlled trial with counts of responders to esketamine was read for this"
    )


@pytest.mark.parametrize("indication", ["ptsd", "mdd"])
def test_pooled_numbers_are_those_of_the_evidence_command(indication):
    result = live_check(f"evidence-{indication}")
    pooled = pooled_evidence(indication)["pooled"]
    drawn = next(row for row in pooled["predictions"] if row["rule"] == pooled["prediction_rule"])
    for name in ("k", "people", "estimate", "low", "high"):
        assert result.numbers[f"{indication}_{name}"] == pooled[name]
    assert result.numbers[f"{indication}_prediction_low"] == drawn["low"]
    assert result.numbers["controlled_trials"] >= pooled["k"]
    for word in ("95% confidence interval", "95% prediction interval", "certainty: "):
        assert word in result.words


def test_a_trial_taken_out_changes_the_printed_pool(edit_table):
    before = live_check("evidence-ptsd")
    out = [row.contrast_id for row in tables.contrasts() if row.study == "abdallah2022" and row.outcome == "symptoms"]
    assert out
    for name in out:
        edit_table("study_contrasts.csv", "contrast_id", name, in_pooling="no", why_not="test")
    after = live_check("evidence-ptsd")
    assert after.numbers["ptsd_k"] == before.numbers["ptsd_k"] - 1.0
    assert after.numbers["ptsd_estimate"] != before.numbers["ptsd_estimate"]
    assert after.words != before.words


def test_what_cannot_be_pooled_is_counted():
    result = live_check("evidence-gad-sad")
    assert result.computed
    assert result.numbers["gad_k"] == result.numbers["sad_k"] == 0.0
    assert result.numbers["controlled_trials"] == 2.0
    assert result.numbers["controlled_people"] == 30.0
    assert result.numbers["sad_responders"] == 6.0
    assert "very low in generalised anxiety disorder" in result.words


def test_the_drug_of_the_sentence_is_the_one_that_is_pooled():
    match = SimpleNamespace(drug="esketamine", quantity=None)
    result = live_check("evidence-mdd", claim("depression-effective"), match)
    assert result.numbers["mdd_estimate"] == pooled_evidence("mdd", treatment="esketamine")["pooled"]["estimate"]
    assert "for esketamine in" in result.words


def test_pools_are_computed_once_for_an_audit():
    bench = Bench()
    first = live_check("evidence-ptsd", bench=bench)
    assert live_check("evidence-ptsd", bench=bench) == first
    assert bench.runs == {"compare": 0, "simulate": 0, "pooled_evidence": 2}


def test_approvals_tell_the_two_drugs_apart():
    racemic = live_check("approval-table", claim("ketamine-approved-trd"))
    assert racemic.kind == "fact"
    assert racemic.numbers == {"rows": 2.0, "approved": 1.0, "us-esketamine-trd_year": 2019.0}
    assert "not approved (a prescriber may give it off-label)" in racemic.words
    alone = live_check("approval-table", claim("esketamine-approved-alone"))
    assert alone.numbers["us-esketamine-alone_year"] == 2025.0
    match = SimpleNamespace(drug="esketamine", quantity=None)
    assert live_check("approval-table", None, match).numbers["approved"] == 3.0


def test_an_edited_approval_changes_the_words(monkeypatch):
    rows = tuple(
        replace(row, status="approved", year=2031) if row.id == "us-ketamine-trd" else row for row in approvals()
    )
    monkeypatch.setattr("ketascope.claims.live.approval.approvals", lambda: rows)
    result = live_check("approval-table", claim("ketamine-approved-trd"))
    assert result.numbers["us-ketamine-trd_year"] == 2031.0
    assert "approved in 2031" in result.words


def test_a_drug_without_rows_has_no_approval_table():
    match = SimpleNamespace(drug="ssri", quantity=None)
    assert live_check("approval-table", None, match).words.startswith("cannot be computed: ")


@pytest.mark.parametrize(("name", "near"), [("glutamat-fold", "glutamate-fold"), ("OCD-Fischer", "ocd-fisher")])
def test_an_unknown_name_offers_the_nearest(name, near):
    with pytest.raises(InputError, match=f"live check '{name}' is unknown; did you mean '{near}'") as raised:
        live_check(name)
    assert "\n" not in str(raised.value)


def test_a_programming_error_is_not_swallowed(monkeypatch):
    def broken(*_):
        raise KeyError("typo")

    monkeypatch.setattr(Bench, "evidence", broken)
    with pytest.raises(KeyError, match="typo"):
        live_check("evidence-ptsd")


def test_checks_on_trials_and_facts_load_neither_jax_nor_charts():
    script = (
        "import sys\n"
        "from ketascope.claims.live import live_check\n"
        "assert 'numpy' not in sys.modules\n"
        "for name in ('ocd-fisher', 'response-rates', 'evidence-ptsd', 'approval-table', 'ssri-onset'):\n"
        "    assert live_check(name).computed\n"
        "print(sorted({'jax', 'altair', 'polars', 'xarray', 'torch'} & set(sys.modules)))\n"
    )
    run = python("-c", script)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "[]"
