"""The audit of an article: claims with verdicts and places, live numbers, what is left out or not assessed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from ketascope.claims.auditing import audit, audit_text
from ketascope.claims.library import VERDICTS, claim
from ketascope.cli import main
from ketascope.errors import InputError

ARTICLES = Path(__file__).parent / "fixtures" / "labelled_articles"
TEXT = """Ketamine and anxiety

Ketamine is FDA-approved for treatment-resistant depression. Spravato is approved for treatment-resistant depression.
Ketamine has no side effects. Ketamine triggers a burst of activity in the reward centre of the brain.
Our clinic opens at nine.
"""


@pytest.fixture(scope="module")
def document():
    return audit_text(TEXT, live=False)


class TestTheDocument:
    def test_claims_stand_where_the_text_has_them(self, document):
        text = document["article"]["text"]
        assert [row["claim_id"] for row in document["claims"]] == [
            "ketamine-approved-trd",
            "esketamine-approved-trd",
            "no-side-effects",
        ]
        for row in document["claims"]:
            assert text[row["start"] : row["end"]] == row["sentence"]
            assert row["start"] <= row["part_start"] < row["part_end"] <= row["end"]

    def test_the_same_words_of_another_drug_have_another_verdict(self, document):
        verdicts = {row["claim_id"]: row["verdict"] for row in document["claims"]}
        assert verdicts["ketamine-approved-trd"] == "wrong"
        assert verdicts["esketamine-approved-trd"] == "supported"

    def test_a_statement_that_no_claim_covers_is_listed_and_never_passed(self, document):
        assert [row["sentence"][:16] for row in document["not_assessed"]] == ["Ketamine trigger"]
        assert "1 more statement" in document["summary"]["words"]

    def test_counts_of_the_summary_are_those_of_the_rows(self, document):
        counts = document["summary"]["counts"]
        assert set(counts) == set(VERDICTS)
        assert sum(counts.values()) == len(document["claims"])

    def test_each_claim_has_sources_certainty_and_date(self, document):
        for row in document["claims"]:
            assert row["sources"]
            assert row["certainty"]
            assert re.fullmatch(r"20\d\d-\d\d-\d\d", row["date_checked"])
            assert row["corrected"] == claim(row["claim_id"]).correction_of(row["form"])

    def test_a_denial_of_side_effects_does_not_count_as_naming_risks(self, document):
        covered = {item["id"]: item["covered"] for item in document["left_out"]}
        assert not covered["risks"]

    def test_what_is_covered_shows_where_in_whole_words(self):
        text = (
            "Ketamine can raise blood pressure. " * 3 + "People are monitored for two hours after each session of it."
        )
        left_out = {item["id"]: item for item in audit_text(text, live=False)["left_out"]}
        evidence = left_out["supervision"]["evidence"].strip("\N{HORIZONTAL ELLIPSIS}")
        assert left_out["supervision"]["covered"]
        assert evidence in " ".join(text.split())
        assert set(evidence.split()) <= set(text.split())

    def test_one_sign_is_enough_where_one_is_needed(self):
        text = "Ketamine has been given in hospitals for many years. In our clinic every person is monitored."
        covered = {item["id"]: item["covered"] for item in audit_text(text, live=False)["left_out"]}
        assert covered["supervision"]
        assert not covered["risks"]

    @pytest.mark.parametrize(
        ("added", "answer"),
        [
            ("", "no"),
            ("However, it is not for everyone.", "partly"),
            ("However, it has drawbacks.", "yes"),
            ("However, it has drawbacks. Call us now.", "partly"),
            ("However, call us now.", "no"),
            ("Call us now.", "no"),
        ],
    )
    def test_signs_of_both_sides_count_and_a_sign_of_selling_takes_one_step_back(self, added, answer):
        text = f"Ketamine has been given in hospitals for many years, and in clinics of late. {added}"
        items = {item["id"]: item["met"] for item in audit_text(text, live=False)["discern"]["items"]}
        assert items["balanced"] == answer

    def test_headings_are_marked_as_such(self, document):
        text = document["article"]["text"]
        spans = [text[one["start"] : one["end"]] for one in document["article"]["headings"]]
        assert spans == ["Ketamine and anxiety"]

    def test_a_text_without_claims_says_that_this_does_not_make_it_right(self):
        document = audit_text("The garden was quiet and the gate stood open when we came back from the long walk.")
        assert document["claims"] == []
        assert "does not make the text right" in document["summary"]["words"]

    def test_a_rule_that_has_ended_is_flagged(self, monkeypatch):
        from datetime import date

        from ketascope.claims import auditing

        class Later(date):
            @classmethod
            def today(cls):
                return cls(2027, 3, 1)

        monkeypatch.setattr(auditing, "date", Later)
        document = audit_text("Ketamine can be prescribed by telehealth without an in-person visit.", live=False)
        (row,) = document["claims"]
        assert row["claim_id"] == "telehealth-prescribing"
        assert row["expired"]
        assert [flag["code"] for flag in document["flags"] if flag["code"] == "expired"] == ["expired"]

    def test_a_file_is_no_text(self):
        with pytest.raises(InputError, match="use audit"):
            audit_text(Path("article.txt"))


class TestLabelledArticles:
    """Three articles written for this purpose; each sentence with a claim is found, and nothing else is judged."""

    @pytest.mark.parametrize("name", ["clinic_page.md", "hospital_leaflet.html", "news_report.txt"])
    def test_claims_found_missed_and_false(self, name):
        expected = json.loads((ARTICLES / name).with_suffix(".json").read_text(encoding="utf-8"))
        document = audit(ARTICLES / name, live=False)
        found = {(" ".join(row["sentence"].split()), row["claim_id"]) for row in document["claims"]}
        wanted = {(" ".join(row["sentence"].split()), row["claim_id"]) for row in expected}
        recall = len(found & wanted) / len(wanted)
        precision = len(found & wanted) / len(found)
        assert recall >= 0.9, sorted(wanted - found)
        assert precision >= 0.9, sorted(found - wanted)

    def test_what_a_page_hides_from_readers_is_not_judged(self):
        document = audit(ARTICLES / "hospital_leaflet.html", live=False)
        assert "<script" not in document["article"]["text"]
        assert "cures" not in {row["claim_id"] for row in document["claims"]}


class TestLive:
    def test_the_number_is_computed_for_the_drug_that_the_sentence_names(self):
        text = "Ketamine is effective for treatment-resistant depression. Esketamine is effective for depression too."
        rows = audit_text(text)["claims"]
        assert [row["claim_id"] for row in rows] == ["depression-effective", "depression-effective"]
        assert [row["drug"] for row in rows] == ["ketamine", "esketamine"]
        words = [row["live"]["words"] for row in rows]
        assert words[0] != words[1]
        for row in rows:
            assert row["live"]["numbers"]

    def test_progress_names_what_is_computed(self):
        told = []
        audit_text("Ketamine is FDA-approved for anxiety disorders.", progress=lambda *step: told.append(step))
        assert told == [(0, 1, "approval table")]


class TestTheCommand:
    def run(self, *arguments: str, text: str | None = None):
        result = CliRunner().invoke(main, ["audit", *arguments], input=text)
        assert result.exit_code == 0, result.output
        return result

    def test_json_has_the_fields_that_tools_read(self):
        document = json.loads(self.run("-", "--no-live", "--json", text=TEXT).stdout)
        assert {"claims", "not_assessed", "left_out"} <= set(document)
        fields = {"claim_id", "verdict", "sentence", "start", "end", "corrected", "live", "sources"}
        assert all(fields <= set(row) for row in document["claims"])
        assert document["article"]["origin"] == "standard input"

    def test_the_page_is_written_beside_the_printed_report(self, tmp_path):
        page = tmp_path / "audit.html"
        printed = self.run("-", "--no-live", "--html", str(page), text=TEXT).stdout
        assert "WRONG" in printed
        assert "988" in printed
        assert "<script" not in page.read_text(encoding="utf-8")

    def test_help_and_audits_without_live_numbers_load_nothing_heavy(self, root, tmp_path):
        import subprocess
        import sys

        code = (
            "import sys; from click.testing import CliRunner; from ketascope.cli import main; "
            f"r = CliRunner().invoke(main, ['audit', '-', '--no-live'], input={TEXT!r}); "
            "named = {'jax', 'torch', 'polars', 'altair', 'onnxruntime', 'scipy', 'pypdf', 'httpx'}; "
            "heavy = named & set(sys.modules); "
            "print(r.exit_code, sorted(heavy))"
        )
        environment = {"PYTHONPATH": str(root / "src"), "PATH": "/usr/bin"}
        result = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
        )
        assert result.stdout.strip() == "0 []"


class TestManyArticles:
    def test_a_bench_serves_the_next_article_with_the_same_numbers(self):
        from ketascope.claims.live import Bench

        bench = Bench()
        text = "In trials of SSRIs almost 50% of people with generalized anxiety disorder do not respond."
        first, again = (audit_text(text, bench=bench) for _ in range(2))
        assert first == again == audit_text(text)
        assert sum(bench.runs.values()) == 1

    def test_a_text_over_the_limit_is_refused_with_its_length(self):
        assert audit_text(TEXT, live=False, most_characters=len(TEXT))["claims"]
        with pytest.raises(InputError, match="more than the 100 that are read here: give the part that matters"):
            audit_text(TEXT, live=False, most_characters=100)
