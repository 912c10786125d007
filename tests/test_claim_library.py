"""The claim library: every field in its vocabulary, every verdict of the eighteen, every figure from its study."""

from __future__ import annotations

import csv
import math
import re
import time
from datetime import date
from pathlib import Path

import pytest

from ketascope import data
from ketascope.claims import library
from ketascope.claims.library import Claim, approvals, claim, claims, left_out_items, quality_answers, quality_items
from ketascope.claims.live import check_names
from ketascope.errors import InputError

EVERY = list(claims().values())
STUDY_TABLES = Path(data.__file__).parents[1] / "evidence" / "data"

# Verdict and kind that the facts give to the eighteen claims of the first article, typed in here.
OF_THE_FACTS = {
    "a": ("anaesthetic-1960s", "partly", "fact"),
    "b": ("gad-half-do-not-respond", "partly", "evidence"),
    "c": ("ketamine-approved-trd", "wrong", "fact"),
    "d": ("anxiety-use-in-trials", "partly", "fact"),
    "e": ("glutamate-two-to-three-fold", "overstated", "model"),
    "f": ("stimulates-neuroplasticity", "partly", "model"),
    "g": ("ssri-reduce-serotonin", "wrong", "model"),
    "h": ("ssri-onset-weeks", "supported", "fact"),
    "i": ("ssri-ineffective-for-immediate", "overstated", "model"),
    "j": ("ketamine-faster-hours", "supported", "evidence"),
    "k": ("research-supports-gad-sad", "overstated", "evidence"),
    "l": ("routes-most-effective", "overstated", "model"),
    "m": ("ocd-is-anxiety-disorder", "wrong", "fact"),
    "n": ("ocd-fifteen-most-improved", "overstated", "evidence"),
    "o": ("provider-guarantees", "wrong", "fact"),
    "p": ("first-contact-therapist", "partly", "fact"),
    "q": ("ptsd-standard-lacks", "partly", "evidence"),
    "r": ("revolutionary", "overstated", "evidence"),
}

HEDGE = re.compile(r"\b(?:may|might|could|suggests?)\b")
DENIAL = re.compile(r"\b(?:not|no|never|cannot|illegal|rare|nobody)\b", re.IGNORECASE)
# What these assert is itself a denial, so that denying it needs no such word.
DENIALS = {"no-side-effects", "no-better-than-placebo", "not-addictive", "no-bladder-risk", "withdrawal-none"}
ADVICE = re.compile(
    r"\b(?:you should|you will|you need|take \d|start with|we recommend|recommended dose|the right dose"
    r"|(?:increase|raise|lower|reduce|double) (?:the|your) dose|ask (?:your \w+ )?for|best for you)\b",
    re.IGNORECASE,
)


def ids(rows: list[Claim]) -> list[str]:
    return [row.id for row in rows]


def each(rows: list[Claim]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", rows, ids=ids(rows))


def outcomes(study: str) -> list[dict[str, str]]:
    with (STUDY_TABLES / "study_outcomes.csv").open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["study"] == study]


def responders(study: str, arm: str, scale: str) -> tuple[int, int]:
    (row,) = [
        row
        for row in outcomes(study)
        if (row["arm"], row["scale"], row["measure"]) == (arm, scale, "responders") and row["events"]
    ]
    return int(row["events"]), int(row["n"])


def pooled(name: str) -> tuple[float, float, float]:
    with (STUDY_TABLES / "published_pooled.csv").open(encoding="utf-8") as file:
        (row,) = [row for row in csv.DictReader(file) if row["meta_id"] == name]
    return float(row["estimate"]), float(row["ci_low"]), float(row["ci_high"])


def counted(*indications: str) -> dict[str, int]:
    """Controlled ketamine trials that stand behind these indications, with the people they randomised."""
    table = data.load("evidence_summary")["evidence"]
    rows = [row for name in indications for key, row in table[name].items() if key.startswith("ketamine:")]
    return {trial: people for row in rows for trial, people in row["counted"].items()}


class TestTheLibraryIsComplete:
    def test_it_holds_at_least_sixty_claims(self) -> None:
        assert len(EVERY) >= 60

    def test_the_eighteen_claims_carry_the_verdicts_and_kinds_of_the_facts(self) -> None:
        found = {row.article_letter: (row.id, row.verdict, row.kind) for row in EVERY if row.article_letter}

        assert found == OF_THE_FACTS

    @pytest.mark.parametrize("topic", library.TOPICS)
    def test_each_topic_has_claims(self, topic: str) -> None:
        assert len([row for row in EVERY if row.topic == topic]) >= 5

    def test_each_live_check_serves_a_claim(self) -> None:
        assert {row.live for row in EVERY if row.live} == set(check_names())

    def test_no_claim_is_said_twice(self) -> None:
        for field in ("statement", "negated", "hedged", "corrected"):
            texts = [getattr(row, field).casefold() for row in EVERY]
            assert len(set(texts)) == len(texts), field


class TestEachFieldIsInItsVocabulary:
    @each(EVERY)
    def test_every_word_is_one_of_its_list(self, row: Claim) -> None:
        assert re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", row.id)
        assert {row.verdict, row.verdict_negated, row.verdict_hedged} <= set(library.VERDICTS)
        assert row.kind in library.KINDS
        assert row.certainty in library.CERTAINTIES
        assert row.topic in library.TOPICS
        assert row.drug in library.DRUGS
        assert set(row.conditions) <= set(library.CONDITIONS)
        assert len(set(row.conditions)) == len(row.conditions)
        assert row.live == "" or row.live in check_names()

    @each(EVERY)
    def test_a_live_check_is_not_called_a_mere_opinion(self, row: Claim) -> None:
        assert row.kind != "model" or row.live or row.topic == "mechanism", "a model claim is computed or about biology"

    @each(EVERY)
    def test_a_claim_was_checked_lately_and_ends_later_if_at_all(self, row: Claim) -> None:
        assert date(2026, 1, 1) <= row.date_checked
        assert row.expires is None or row.expires > row.date_checked

    @each([row for row in EVERY if row.quantity])
    def test_a_figure_has_a_known_unit_and_runs_upwards(self, row: Claim) -> None:
        assert row.quantity is not None
        assert row.quantity.what in library.UNITS
        assert 0 <= row.quantity.low <= row.quantity.high

    @each([row for row in EVERY if row.supported_range])
    def test_a_range_has_a_unit_a_source_and_two_verdicts(self, row: Claim) -> None:
        allowed = row.supported_range
        assert allowed is not None
        assert allowed.what in library.UNITS
        assert 0 <= allowed.low <= allowed.high
        assert allowed.source
        assert {allowed.verdict_inside, allowed.verdict_outside} <= set(library.VERDICTS)
        assert allowed.verdict_inside != allowed.verdict_outside

    @each([row for row in EVERY if row.supported_range and row.quantity])
    def test_the_claimed_figure_gets_the_verdict_of_the_claim(self, row: Claim) -> None:
        assert row.supported_range is not None
        assert row.quantity is not None
        assert row.supported_range.what == row.quantity.what
        low = row.quantity.low or row.supported_range.low
        assert row.supported_range.verdict(low, row.quantity.high) == row.verdict


class TestVerdictsFitTogether:
    @each(EVERY)
    def test_a_statement_and_its_denial_are_never_both_right_or_both_wrong(self, row: Claim) -> None:
        assert {row.verdict, row.verdict_negated} not in ({"supported"}, {"wrong"})

    @each([row for row in EVERY if row.verdict == "wrong"])
    def test_the_denial_of_what_is_wrong_is_supported(self, row: Claim) -> None:
        assert row.verdict_negated == "supported"

    @each([row for row in EVERY if row.verdict == "supported"])
    def test_what_is_supported_stays_so_when_hedged_and_its_denial_does_not(self, row: Claim) -> None:
        assert row.verdict_hedged == "supported"
        assert row.verdict_negated in {"wrong", "overstated"}

    @each([row for row in EVERY if row.topic == "approval"])
    def test_a_hedge_does_not_change_what_the_law_or_a_label_says(self, row: Claim) -> None:
        assert row.verdict_hedged == row.verdict

    @each([row for row in EVERY if row.certainty == "very low"])
    def test_at_very_low_certainty_not_even_the_hedged_form_is_supported(self, row: Claim) -> None:
        assert row.verdict_hedged != "supported"

    @pytest.mark.parametrize("form", library.FORMS)
    def test_a_form_has_its_wording_and_verdict(self, form: str) -> None:
        row = claim("ketamine-approved-trd")
        expected = {"asserted": "wrong", "negated": "supported", "hedged": "wrong"}

        assert row.verdict_on(form) == expected[form]
        assert row.wording(form) in {row.statement, row.negated, row.hedged}
        assert row.correction_of(form)

    def test_an_unknown_form_is_refused(self) -> None:
        with pytest.raises(InputError, match="unknown form 'denied'"):
            claim("cures").verdict_on("denied")


class TestWording:
    @each(EVERY)
    def test_three_forms_differ_and_are_one_plain_sentence_each(self, row: Claim) -> None:
        forms = (row.statement, row.negated, row.hedged)

        assert len(set(forms)) == 3
        for text in forms:
            assert 15 <= len(text) <= 150
            assert text[0].isupper()
            assert text.endswith(".")
            assert ". " not in text

    @each(EVERY)
    def test_only_the_hedged_form_hedges_and_the_denial_denies(self, row: Claim) -> None:
        assert HEDGE.search(row.hedged)
        assert not HEDGE.search(row.statement)
        assert row.id in DENIALS or DENIAL.search(row.negated)
        assert (row.id in DENIALS) == (row.id not in {"gad-half-do-not-respond"} and bool(DENIAL.search(row.statement)))

    @each(EVERY)
    def test_the_corrected_text_is_short_and_plain(self, row: Claim) -> None:
        for text in filter(None, (row.corrected, row.corrected_negated)):
            # Points within figures and addresses end no sentence.
            sentences = re.split(r"(?<=[.?!]) (?=[A-Z])", text)
            words = text.split()
            assert 40 <= len(text) <= 400
            assert len(sentences) <= 4
            assert max(len(sentence.split()) for sentence in sentences) <= 45
            assert sum(len(word.strip(".,;:()")) for word in words) / len(words) < 6.2
            assert text.endswith((".", "?"))

    @each(EVERY)
    def test_nothing_advises_a_dose_or_predicts_for_one_person(self, row: Claim) -> None:
        for text in (row.corrected, row.corrected_negated or "", row.note or "", *row.leaves_out):
            assert not ADVICE.search(text), text

    @each(EVERY)
    def test_the_text_names_no_machinery(self, row: Claim) -> None:
        text = " ".join((row.corrected, row.note or "", *row.leaves_out, *(source.text for source in row.sources)))

        assert not re.search(r"\b(?:AI|GPT|LLM|session log|helper|dossier|claims\.csv)\b", text)

    def test_where_life_is_at_stake_the_helpline_stands(self) -> None:
        assert "988" in claim("prevents-suicide").corrected


class TestSources:
    @each(EVERY)
    def test_each_claim_has_sources_with_the_way_they_were_checked(self, row: Claim) -> None:
        assert row.sources
        assert len({source.text for source in row.sources}) == len(row.sources)
        for source in row.sources:
            assert len(source.text) >= 8
            assert source.checked in library.CHECKS

    def test_a_verdict_from_memory_alone_is_of_low_certainty(self) -> None:
        from_memory = [row for row in EVERY if {source.checked for source in row.sources} == {"recall"}]
        assert [row.id for row in from_memory if row.certainty not in {"low", "very low"}] == []

    @each([row for row in EVERY if any(source.checked == "recall" for source in row.sources)])
    def test_what_rests_on_memory_is_said(self, row: Claim) -> None:
        assert row.note

    @each([row for row in EVERY if row.certainty == "high"])
    def test_high_certainty_rests_on_something_read(self, row: Claim) -> None:
        assert any(source.checked == "text" for source in row.sources)
        assert not any(source.checked == "recall" for source in row.sources)


class TestFiguresComeFromTheStudies:
    def test_fifteen_people_with_ocd(self) -> None:
        (hit, n), (hit_control, n_control) = (
            responders("rodriguez2013", "ket", "Y-BOCS"),
            responders("rodriguez2013", "sal", "Y-BOCS"),
        )
        total = hit + hit_control
        ways = [
            math.comb(n, k) * math.comb(n_control, total - k) / math.comb(n + n_control, total)
            for k in range(total + 1)
        ]
        fisher = sum(p for p in ways if p <= ways[hit] * (1 + 1e-9))
        share, z = hit / n, 1.959964
        centre = (share + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
        text = claim("ocd-fifteen-most-improved").corrected

        assert (hit, n, hit_control, n_control) == (4, 8, 0, 7)
        assert f"p = {fisher:.3f}" in text
        assert f"{100 * (centre - half):.0f}% to {100 * (centre + half):.0f}%" in text
        assert f"{hit} of {n} had responded to ketamine and {hit_control} of {n_control} to saline" in text

    def test_shares_that_responded_are_those_of_the_tables(self) -> None:
        social, ptsd = responders("taylor2018", "ket", "LSAS"), responders("feder2021", "ket", "CAPS-5")
        ocd, refractory = responders("rodriguez2013", "ket", "Y-BOCS"), responders("bloch2012", "ket", "Y-BOCS")
        text = claim("response-rate-seventy").corrected
        none = claim("works-for-everyone").corrected

        assert (
            "{} of {} people with social anxiety, {} of {} with PTSD and {} of {} with OCD".format(*social, *ptsd, *ocd)
            in text
        )
        missed = [(n - hit, n) for hit, n in (social, ptsd, ocd)]
        assert (
            "{} of {} people with social anxiety, {} of {} with PTSD and {} of {} with OCD".format(
                *(figure for pair in missed for figure in pair)
            )
            in none
        )
        assert refractory[0] == 0
        assert f"none of {refractory[1]}" in none

    def test_how_long_it_lasted(self) -> None:
        medians = {
            study: [float(row["value"]) for row in outcomes(study) if row["measure"] == "median"]
            for study in ("feder2021", "albott2018")
        }
        text = claim("lasts-months").corrected

        assert all(f"{value:g} days" in text for values in medians.values() for value in values)
        assert medians["feder2021"] == [27.5]
        allowed = claim("lasts-months").supported_range
        assert allowed is not None
        assert allowed.high >= max(max(values) for values in medians.values()) / 7 > allowed.high - 1

    def test_pooled_estimates_are_those_of_the_tables(self) -> None:
        estimate, low, high = pooled("borgogna2024_adj")
        assert f"{estimate:.2f} standard deviations, from {low:.2f} to {high:.2f}" in claim("ptsd-effective").corrected
        estimate, low, high = (abs(value) for value in pooled("hartland2023_subacute"))
        assert (
            f"{estimate:.2f} standard deviations at one day (95% range {high:.2f} to {low:.2f})"
            in claim("anxiety-effective").corrected
        )

    def test_people_in_controlled_trials(self) -> None:
        anxiety = sum(counted("gad", "sad").values())
        ocd, ptsd = sum(counted("ocd").values()), sum(counted("ptsd").values())
        text = claim("large-evidence-base").corrected

        assert f"about {round(anxiety, -1)} people" in text
        assert f"OCD {ocd}" in text
        assert f"PTSD about {round(ptsd, -1)}" in text
        for name in ("research-supports-gad-sad", "anxiety-effective"):
            assert f"about {round(anxiety, -1)} people" in claim(name).corrected

    def test_the_rule_on_telehealth_ends_when_the_data_on_practice_say(self) -> None:
        row = claim("telehealth-prescribing")

        assert row.expires == date.fromisoformat(data.load("practical")["telehealth_valid_until"])
        assert not row.expired_on(date(2026, 12, 31))
        assert row.expired_on(date(2027, 1, 1))
        assert not claim("cures").expired_on(date(2040, 1, 1))

    def test_the_price_of_an_infusion_is_that_of_the_data_on_practice(self) -> None:
        price = data.load("practical")["practical"]["ketamine:IV"]["cost_usd"]

        assert f"mostly {price['low']} to {price['high']}" in claim("infusion-cost").corrected
        assert f"middle value is {price['value']}" in claim("infusion-cost").corrected

    def test_harms_are_those_of_the_data_on_harms(self) -> None:
        harms = data.load("harms")["harm"]
        text = claim("no-side-effects").corrected
        for harm in ("dissociation", "sedation", "blood_pressure_spike"):
            row = harms[harm]["rows"][0]
            assert f"{row['low']} to {row['high']}" in text, harm
        pressure = claim("blood-pressure-rises").corrected
        row = next(row for row in harms["blood_pressure_spike"]["rows"] if "IV" in row["routes"])
        assert f"{row['value']:.1f} mmHg on average (95% range {row['low']:.1f} to {row['high']:.1f}" in pressure


class TestApprovals:
    def test_each_row_is_complete_and_in_its_vocabulary(self) -> None:
        assert len(approvals()) >= 12
        assert len({row.id for row in approvals()}) == len(approvals())
        for row in approvals():
            assert row.drug in library.DRUGS
            assert row.status in library.STATUSES
            assert row.checked in library.CHECKS
            assert row.indication in (*library.CONDITIONS, "anaesthesia", "any psychiatric", "any")
            assert min(map(len, (row.form, row.use, row.agency, row.country, row.conditions_of_use, row.source))) >= 3
            assert row.year is None or 1960 <= row.year <= row.date_checked.year
            assert row.checked != "recall" or "memory" in row.conditions_of_use

    @pytest.mark.parametrize(
        ("name", "drug", "indications"),
        [
            ("ketamine-approved-anaesthesia", "ketamine", {"anaesthesia"}),
            ("ketamine-approved-trd", "ketamine", {"mdd"}),
            ("ketamine-approved-anxiety", "ketamine", {"anxiety"}),
            ("ketamine-approved-ptsd-ocd", "ketamine", {"ptsd", "ocd"}),
            ("ketamine-approved-psychiatric", "ketamine", {"any psychiatric"}),
            ("esketamine-approved-trd", "esketamine", {"mdd"}),
            ("esketamine-approved-suicidality", "esketamine", {"mdd"}),
            ("esketamine-approved-alone", "esketamine", {"mdd"}),
            ("esketamine-approved-anxiety", "esketamine", {"anxiety", "ptsd", "ocd"}),
            ("compounded-approved", "ketamine", {"any"}),
        ],
    )
    def test_the_verdict_follows_from_the_table(self, name: str, drug: str, indications: set[str]) -> None:
        rows = [
            row
            for row in approvals()
            if row.country == "United States" and row.drug == drug and row.indication in indications
        ]

        assert {row.indication for row in rows} == indications
        assert claim(name).verdict == ("supported" if all(row.status == "approved" for row in rows) else "wrong")
        assert claim(name).live == "approval-table"

    def test_years_are_those_of_the_data_on_practice(self) -> None:
        told = " ".join(data.load("practical")["label_indications"]["esketamine"]["approved_for"])
        years = [
            row.year for row in approvals() if row.country == "United States" and row.drug == "esketamine" and row.year
        ]

        assert sorted(years) == [2019, 2020, 2025]
        assert all(str(year) in told for year in years)


BAD_ARTICLE = "Ketamine has no side effects, is not addictive and works without any side effects. It is non-addictive."
GOOD_ARTICLE = (
    "Side effects include nausea and a rise in blood pressure; sessions are monitored for two hours. "
    "The trials were small studies with placebo, and relief lasted days. CBT and SSRIs are other options. "
    "It costs $600 and is used off-label. It is contraindicated with an aneurysm. Ketamine can be misused."
)
HOSTILE = (
    "1," * 40_000,
    "https://" * 10_000,
    "a" * 80_000,
    "not " * 20_000,
    "anxiety " * 10_000,
    "effect " * 12_000,
    "$1" * 30_000,
)


class TestChecklists:
    def test_what_an_article_should_say(self) -> None:
        assert {row.id for row in left_out_items()} == {
            "risks",
            "supervision",
            "evidence-size",
            "duration",
            "alternatives",
            "cost",
            "who-should-not",
            "approval-status",
            "blinding-placebo",
            "addiction",
        }
        for row in left_out_items():
            assert row.label
            assert len(row.why) > 20
            assert 1 <= row.needed <= len(row.patterns)

    def test_a_text_that_says_it_covers_each_item(self) -> None:
        missed = [row.id for row in left_out_items() if not any(p.search(GOOD_ARTICLE) for p in row.patterns)]

        assert missed == []

    def test_a_text_that_denies_covers_none(self) -> None:
        found = [row.id for row in left_out_items() if any(p.search(BAD_ARTICLE) for p in row.patterns)]

        assert found == []

    def test_there_are_twelve_questions_on_quality_with_three_answers(self) -> None:
        assert {row.id for row in quality_items()} >= {
            "aims-clear",
            "sources-given",
            "date-given",
            "balanced",
            "no-treatment",
        }
        assert len(quality_items()) == 12
        assert set(quality_answers()) == {"yes", "partly", "no", "limits"}
        for row in quality_items():
            assert row.question.endswith("?")
            assert len(row.limits) > 20
            assert 1 <= row.needed <= len(row.signals)

    def test_signs_of_selling_are_seen_apart(self) -> None:
        (balanced,) = [row for row in quality_items() if row.id == "balanced"]

        assert any(sign.search("We guarantee results. Book now!") for sign in balanced.against)
        assert not any(sign.search("We guarantee results. Book now!") for sign in balanced.signals)

    def test_patterns_are_bounded_by_words(self) -> None:
        patterns = [p for row in left_out_items() for p in row.patterns]
        patterns += [p for row in quality_items() for p in (*row.signals, *row.against)]
        text = " ".join([GOOD_ARTICLE, *(row.corrected for row in EVERY), *(row.why for row in left_out_items())])
        matches = [match for p in patterns for match in p.finditer(text)]

        assert len(matches) > 100
        for match in matches:
            before, after = text[: match.start()][-1:], text[match.end() :][:1]
            assert not (re.match(r"\w", match[0]) and re.match(r"\w", before)), match[0]
            assert not (re.search(r"\w$", match[0]) and re.match(r"\w", after)), match[0]

    def test_no_pattern_takes_long_on_a_hostile_text(self) -> None:
        patterns = [p for row in left_out_items() for p in row.patterns]
        patterns += [p for row in quality_items() for p in (*row.signals, *row.against)]
        began = time.perf_counter()
        for text in HOSTILE:
            for pattern in patterns:
                sum(1 for _ in pattern.finditer(text))

        # About half a second where nothing else runs; a pattern of quadratic cost takes minutes.
        assert time.perf_counter() - began < 30


class TestLookingUp:
    def test_an_unknown_claim_names_the_nearest(self) -> None:
        with pytest.raises(InputError, match="unknown claim 'cure'; did you mean 'cures'"):
            claim("cure")

    def test_a_claim_unlike_any_other_says_how_many_there_are(self) -> None:
        with pytest.raises(InputError, match=f"the library holds {len(EVERY)} claims"):
            claim("zzzzzzzz")

    def test_the_library_cannot_be_changed(self) -> None:
        with pytest.raises(TypeError):
            claims()["cures"] = claim("safe")
        with pytest.raises(AttributeError):
            claim("cures").verdict = "supported"

    def test_a_row_with_an_unknown_or_missing_field_is_refused(self) -> None:
        with pytest.raises(InputError, match="claim 'x'"):
            library._claim({"id": "x", "conditions": [], "sources": [], "date_checked": "2026-11-23", "colour": "red"})

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"verdict_hedged": "maybe"}, "claim 'x', verdict_hedged: 'maybe' is none of supported, partly"),
            ({"certainty": "lowish"}, "claim 'x', certainty: 'lowish' is none of high, moderate"),
            ({"drug": "heroin"}, "claim 'x', drug: 'heroin' is none of ketamine"),
            ({"conditions": ["gad", "flu"]}, "claim 'x', conditions: 'flu' is none of gad, sad"),
            ({"sources": [{"text": "a page", "checked": "heard"}]}, "claim 'x', checked: 'heard' is none of text"),
            ({"quantity": {"what": "miles", "low": 1, "high": 2}}, "claim 'x', what: 'miles' is none of fold"),
            ({"live": "duratoin"}, "claim 'x', live: live check 'duratoin' is unknown; did you mean 'duration'?"),
        ],
    )
    def test_a_word_that_is_none_of_its_list_is_refused_when_the_file_is_read(self, change, message) -> None:
        row = {"id": "x", "conditions": [], "sources": [], "date_checked": "2026-11-23"} | change
        with pytest.raises(InputError, match=re.escape(message)):
            library._claim(row)
