"""Design files: what is read, what is noted as left out, and one clear line for everything that is wrong."""

from __future__ import annotations

import datetime
import subprocess
import sys
import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketascope.errors import InputError
from ketascope.people import Person
from ketascope.virtual_trials.design import Adaptation, Arm, DropOut, Observed, Rescue
from ketascope.virtual_trials.design_file import design_from, design_names, read_design

BASE = """
indication = "gad"
people = 100
[arms.ketamine]
sentence = "ketamine 0.5 mg/kg IV over 40 min"
[arms.placebo]
procedures_of = "ketamine"
control = true
[visits]
times = ["24h", "7d", "28d"]
"""

WHOLE = """
title = "Everything"
indication = "gad"
scale = "HAM-A"
people = 90
seed = 7
replicates = 200
parameters = "fixed"
null = true
control_type = "active"
sampling = "arterial"
scenarios = ["hnk"]
[person]
weight_kg = 80
age_years = 50
sex = "female"
hepatic = "mild"
interactions = ["rifampicin"]
[arms.high]
sentence = "ketamine 0.5 mg/kg IV over 40 min"
share = 2
[arms.saline]
procedures_of = "high"
control = true
share = 1
[visits]
times = ["24h", "7d", "4wk"]
primary = "28d"
[inclusion]
baseline_at_least = 20
baseline_at_most = 40
[drop_out]
percent = 10
percent_more_if_worse = 5
arms = { high = 12.5 }
[rescue]
from = "7d"
percent_fall = 20
smd = 0.5
[analysis]
methods = ["mixed_model", "ancova"]
mixed_model_replicates = 50
estimand = "hypothetical"
alpha = 0.1
[adaptive]
information = [0.5, 1.0]
spending = "pocock"
futility_below = 0.1
people_most = 180
wanted_power = 0.8
[curves]
people = [60, 90]
doses = ["ketamine 0.25 mg/kg IV over 40 min"]
[observed]
arm = "high"
label = "A trial"
source = "its report"
estimate = -3.0
standard_error = 1.5
"""


def read(text: str) -> Any:
    return design_from(tomllib.loads(text), "design.toml")


def with_lines(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


class TestReading:
    def test_every_field_of_a_whole_file_arrives_and_none_is_noted_as_left_out(self) -> None:
        design = read(WHOLE)
        assert design.title == "Everything"
        assert (design.indication, design.scale, design.people, design.seed) == ("gad", "ham_a", 90, 7)
        assert (design.replicates, design.parameters, design.is_null) == (200, "fixed", True)
        assert (design.control_type, design.sampling, design.scenarios) == ("active", "arterial", ("hnk",))
        assert design.person == Person(80.0, 50.0, "female", "mild", ("rifampicin",))
        assert design.arms == (
            Arm("high", "ketamine 0.5 mg/kg IV over 40 min", 2),
            Arm("saline", None, 1, True, "high"),
        )
        assert design.control.name == "saline"
        assert (design.visits_h, design.primary_visit_h) == ((24.0, 168.0, 672.0), 672.0)
        assert (design.baseline_least, design.baseline_most) == (20.0, 40.0)
        assert design.drop_out == DropOut(10.0, 5.0, {"high": 12.5})
        assert design.rescue == Rescue(168.0, 20.0, 0.5)
        assert (design.analyses, design.mixed_model_replicates) == (("mixed_model", "ancova"), 50)
        assert (design.estimand, design.alpha) == ("hypothetical", 0.1)
        assert design.adaptation == Adaptation((0.5, 1.0), "pocock", 0.1, 180, 0.8)
        assert (design.people_curve, design.dose_curve) == ((60, 90), ("ketamine 0.25 mg/kg IV over 40 min",))
        assert design.observed == Observed("high", "A trial", "its report", -3.0, 1.5)
        assert design.people_simulated == 180
        assert design.defaulted == ()

    def test_what_is_left_out_has_a_default_and_is_named(self) -> None:
        design = read(BASE)
        assert (design.title, design.seed, design.replicates, design.parameters) == ("design", 0, 1000, "posterior")
        assert (design.control_type, design.sampling, design.primary_visit_h) == ("inert", "venous", 672.0)
        assert (design.analyses, design.alpha) == (("ancova", "responders"), 0.05)
        assert (design.drop_out, design.rescue, design.adaptation) == (DropOut(), None, Adaptation())
        assert set(design.defaulted) == {
            *("title", "scale", "seed", "replicates", "parameters", "control_type", "sampling", "person"),
            *("arms.ketamine.share", "arms.placebo.share", "visits.primary"),
            *("inclusion", "drop_out", "rescue", "analysis", "adaptive"),
        }

    def test_a_placebo_without_procedures_is_noted(self) -> None:
        design = read(with_lines(BASE, ('procedures_of = "ketamine"\n', "")))
        assert "arms.placebo.procedures_of" in design.defaulted

    def test_a_scenario_chooses_the_control_where_the_file_does_not(self) -> None:
        assert read('scenarios = ["masked"]\n' + BASE).control_type == "masked"

    def test_cautions_about_the_arms_come_along(self) -> None:
        flags = dict(read(BASE).flags)
        assert flags["studied_elsewhere"].startswith("ketamine: ")
        assert "GAD" in flags["studied_elsewhere"]

    def test_the_first_visit_of_a_weekly_scale_can_be_at_a_week(self) -> None:
        text = with_lines(BASE, ('"gad"', '"ptsd"'), ('"24h", ', ""))
        assert read(text).visits_h == (168.0, 672.0)


class TestPackagedDesigns:
    def test_each_is_read_by_its_name(self) -> None:
        assert design_names() == ("abdallah2022", "feder2021", "null", "two-arm-gad")
        designs = {name: read_design(name) for name in design_names()}
        assert designs["null"].is_null
        assert not designs["two-arm-gad"].is_null
        assert (designs["two-arm-gad"].people, len(designs["two-arm-gad"].visits_h)) == (150, 7)
        assert all(design.parameters == "posterior" for design in designs.values())

    def test_the_null_differs_from_the_two_arm_design_in_nothing_else(self) -> None:
        null, two = read_design("null"), read_design("two-arm-gad")
        assert {name for name in vars(two) if getattr(two, name) != getattr(null, name)} == {
            *("title", "is_null", "people_curve", "dose_curve")
        }

    def test_feder_2021_has_the_figures_of_the_evidence_tables(self) -> None:
        from ketascope.evidence.studies.tables import arms, outcomes
        from ketascope.evidence.symptom_trials.trial_file import load_trials

        design = read_design("feder2021")
        trial = next(trial for trial in load_trials() if trial.key == "feder2021")
        row = next(row for row in outcomes("feder2021") if row.measure == "difference")
        found = design.observed
        assert found is not None
        assert (found.estimate, found.standard_error) == (row.value, 3.96)
        assert next(figure.error for figure in trial.rows if figure.kind == "difference") == 3.96
        assert trial.arms["ket"].sentences == (design.active[0].sentence,)
        assert design.control_type == trial.control
        assert design.people == sum(arm.n for arm in arms("feder2021"))
        assert design.drop_out.percent_by_arm == {"ketamine": 6.67, "midazolam": 0.0}

    def test_abdallah_2022_is_a_bound(self) -> None:
        from ketascope.evidence.studies.figures import not_significant_bound
        from ketascope.evidence.studies.tables import arms
        from ketascope.virtual_trials.randomisation import allocation

        design = read_design("abdallah2022")
        assert design.observed is not None
        assert design.observed.estimate is None
        assert design.observed.smd_within == pytest.approx(not_significant_bound(51, 54)[0], abs=5e-4)
        in_trial = {arm.arm: arm.n for arm in arms("abdallah2022")}
        given = allocation(design).tolist()
        assert [given.count(index) for index in range(3)] == [in_trial[arm] for arm in ("sal", "ket02", "ket05")]

    def test_an_unknown_name_offers_the_nearest(self) -> None:
        with pytest.raises(InputError, match=r"design 'feder2012' is unknown; did you mean 'feder2021'\?.*two-arm-gad"):
            read_design("feder2012")

    def test_a_packaged_name_with_an_ending_is_explained(self, monkeypatch: Any, tmp_path: Any) -> None:
        monkeypatch.chdir(tmp_path)
        with pytest.raises(InputError, match=r"cannot read 'null\.toml'.*the packaged design is called 'null'"):
            read_design("null.toml")

    def test_a_file_is_read_by_its_path_and_names_itself_in_errors(self, tmp_path: Any) -> None:
        file = tmp_path / "mine.toml"
        file.write_text(BASE, encoding="utf-8")
        assert read_design(file).title == "mine"
        file.write_text("colour = 1\n" + BASE, encoding="utf-8")
        with pytest.raises(InputError, match=r"^mine\.toml: colour: is unknown\."):
            read_design(str(file))


def base(*changes: tuple[str, str]) -> str:
    return with_lines(BASE, *changes)


KETAMINE = 'sentence = "ketamine 0.5 mg/kg IV over 40 min"'
TIMES = '["24h", "7d", "28d"]'

# Each file with what its message must say, from the start.
BAD: dict[str, tuple[str, str]] = {
    "unknown key": ("peeple = 3\n" + BASE, "peeple: is unknown; did you mean 'people'? Known: title, "),
    "unknown key in a table": (BASE + "[drop_out]\npercnt = 3", "[drop_out] percnt: is unknown; did you mean 'percent"),
    "unknown key in an arm": (base(("control", "controll")), "[arms.placebo] controll: is unknown; did you mean 'cont"),
    "a key in the wrong table": (BASE + 'drop_out = 3\n', "[visits] drop_out: is unknown."),
    "a number for a table": ("drop_out = 3\n" + BASE, "drop_out: must be a table; write it under [drop_out]"),
    "no indication": (base(('indication = "gad"\n', "")), 'indication: is missing; write indication = "gad" (or sad,'),
    "unknown indication": (base(('"gad"', '"gda"')), "indication: 'gda' is unknown; did you mean 'gad'? Known: gad, s"),
    "indication is a number": (base(('"gad"', "3")), "indication: 3 is unknown. Known: gad"),
    "another scale": ('scale = "MADRS"\n' + BASE, "scale: 'MADRS' is not simulated for 'gad'; people with generalised"),
    "unknown scale": ('scale = "hamma"\n' + BASE, "scale: 'hamma' is unknown; did you mean 'ham_a'?"),
    "no people": (base(("people = 100\n", "")), "people: is missing; write people = 150"),
    "nobody": (base(("100", "0")), "people: 0 is too few for 2 arms; at least 4, two in each arm"),
    "too few": (base(("100", "3")), "people: 3 is too few for 2 arms; at least 4"),
    "below zero": (base(("100", "-5")), "people: -5 must be 0 to 100000"),
    "half a person": (base(("100", "10.5")), "people: 10.5 must be a whole number such as 150"),
    "true people": (base(("100", "true")), "people: true must be a whole number"),
    "people as text": (base(("100", '"many"')), "people: 'many' must be a whole number such as 150"),
    "a small share": (base(("control = true", "control = true\nshare = 1"), (KETAMINE, KETAMINE + "\nshare = 99")),
                      "people: 100 leaves fewer than two people in arm 'placebo'"),
    "no share": (base((KETAMINE, KETAMINE + "\nshare = 0")), "[arms.ketamine] share: 0 must be 1 to 1000"),
    "seed": ("seed = -1\n" + BASE, "seed: -1 must be 0 to 9223372036854775807"),
    "no replicates": ("replicates = 0\n" + BASE, "replicates: 0 must be 1 to 1000000"),
    "too many replicates": ("replicates = 2000000\n" + BASE, "replicates: 2000000 must be 1 to 1000000"),
    "parameters": ('parameters = "prior"\n' + BASE, "parameters: 'prior' is unknown"),
    "null as a word": ('null = "yes"\n' + BASE, "null: 'yes' must be true or false"),
    "control type": ('control_type = "inrt"\n' + BASE, "control_type: 'inrt' is unknown; did you mean 'inert'?"),
    "control type against a scenario": ('control_type = "inert"\nscenarios = ["masked"]\n' + BASE,
                                        "control_type: 'inert' contradicts scenario 'masked' ('masked')"),
    "sampling": ('sampling = "venus"\n' + BASE, "sampling: 'venus' is unknown; did you mean 'venous'?"),
    "scenario": ('scenarios = ["hmk"]\n' + BASE, "scenarios: scenario 'hmk' is unknown; did you mean 'hnk'?"),
    "scenarios as text": ('scenarios = "hnk"\n' + BASE, "scenarios: 'hnk' must be a list such as"),
    "title": ('title = " "\n' + BASE, "title: ' ' must be a text such as"),
    "weight": (BASE + "[person]\nweight_kg = 5", "[person] weight_kg: 5 must be 20 to 300"),
    "a child": (BASE + "[person]\nage_years = 15", "[person] age 15: ketascope covers adults only"),
    "liver": (BASE + '[person]\nhepatic = "severe"', "[person] hepatic 'severe': must be one of normal, mild"),
    "medicine": (BASE + '[person]\ninteractions = ["rifampicine"]', "[person] interaction 'rifampicine' is unknown; d"),
    "no arms": (BASE.split("[arms.ketamine]")[0] + "[visits]\ntimes = ['7d']", "arms: is missing; write arms = a tabl"),
    "one arm": (base(("[arms.ketamine]\n" + KETAMINE + "\n", ""), ('procedures_of = "ketamine"\n', "")),
                "[arms]: only arm 'placebo'; a trial needs at least two"),
    "arms as a number": ("arms = 3\n" + BASE.split("[arms.ketamine]")[0] + "[visits]\ntimes = ['7d']",
                         "arms: must be a table"),
    "an arm as a number": ("indication = 'gad'\npeople = 9\n[arms]\na = 3\nb = { share = 1 }\n[visits]\ntimes=['7d']",
                           "[arms] a: must be a table; write it under [arms.a]"),
    "no control": (base(("control = true\n", "")), "[arms]: no arm is the control; write control = true under one of"),
    "two controls": (base((KETAMINE, KETAMINE + "\ncontrol = true")), "[arms]: 'ketamine' and 'placebo' are both the"),
    "control as a word": (base(("control = true", 'control = "yes"')), "[arms.placebo] control: 'yes' must be true or"),
    "unnamed arm": (BASE + '[arms.""]\nshare = 1', "[arms]: '' is no name for an arm"),
    "procedures of nobody": (base(('of = "ketamine"', 'of = "ketamin"')),
                             "[arms.placebo] procedures_of: no arm is called 'ketamin'; did you mean 'ketamine'? Arms"),
    "procedures of itself": (base(('of = "ketamine"', 'of = "placebo"')),
                             "[arms.placebo] procedures_of: 'placebo' must be another arm, one with a sentence"),
    "a wrong sentence": (base(("0.5 mg/kg IV", "0.5 mg/kg in")), "[arms.ketamine] sentence: word 4 'in': "),
    "an empty sentence": (base((KETAMINE, 'sentence = ""')), "[arms.ketamine] sentence: '' must be a text such as"),
    "above what was studied": (base(("0.5 mg/kg", "0.8 mg/kg")),
                               "[arms.ketamine] sentence: dose 0.8 mg/kg is above the highest studied for IV in GAD"),
    "rectal": (base((KETAMINE, 'sentence = "ketamine 50 mg rectal"')),
               "[arms.ketamine] sentence: no trial gave ketamine rectal to people with any of these"),
    "too much for anybody": (base((KETAMINE, 'sentence = "ketamine 5000 mg IV"')), "[arms.ketamine] sentence: "),
    "first dose too late": (base((KETAMINE, KETAMINE[:-1] + ' after 30 d"')),
                            "[arms.ketamine] sentence: the first dose is at 30 d; it must come before the last visit"),
    "no visits table": (BASE.split("[visits]")[0], "visits: is missing; write visits = "),
    "no times": (base(("times = " + TIMES, 'primary = "7d"')), "[visits] times: is missing; write times = "),
    "empty times": (base((TIMES, "[]")), "[visits] times: 0 visits; give 1 to 60"),
    "time without a unit": (base((TIMES, "[24]")), "[visits] times: 24 must be a time with its unit in quotes"),
    "time of an unknown unit": (base((TIMES, '["3 moons"]')), "[visits] times: '3 moons': unknown time unit"),
    "visit before the first dose": (base((TIMES, '["-1 d", "7d"]')), "[visits] times: '-1 d' is before the first dose"),
    "visit at the baseline": (base((TIMES, '["0h", "7d"]')), "[visits] times: 0 min is the baseline, which is always"),
    "visits in disorder": (base((TIMES, '["7d", "24h"]')), "[visits] times: 24h must come after 7d; write them in asc"),
    "the same visit twice": (base((TIMES, '["7d", "1wk"]')), "[visits] times: 1wk must come after 7d"),
    "visit after the limit": (base((TIMES, '["7d", "3000d"]')), "[visits] times: 3000 d is too late; visits end by 73"),
    "before the scale can be asked": (base(('"gad"', '"ptsd"')),
                                      "[visits] times: 1 d is too early for CAPS-5, which asks about the past 7 d; th"),
    "lsas too": (base(('"gad"', '"sad"')), "[visits] times: 1 d is too early for LSAS"),
    "y-bocs too": (base(('"gad"', '"ocd"')), "[visits] times: 1 d is too early for Y-BOCS"),
    "primary is no visit": (base((TIMES, TIMES + '\nprimary = "14d"')),
                            "[visits] primary: 14 d is not among the visits: 1 d, 7 d, 28 d"),
    "inclusion beyond the scale": (BASE + "[inclusion]\nbaseline_at_least = 70", "[inclusion] baseline_at_least: 70 m"),
    "inclusion upside down": (BASE + "[inclusion]\nbaseline_at_least = 30\nbaseline_at_most = 20",
                              "[inclusion] baseline_at_most: 20 must be above baseline_at_least, 30"),
    "inclusion of nobody": (BASE + "[inclusion]\nbaseline_at_least = 50",
                            "[inclusion]: fewer than one in 10,000 people would be let in; baselines are about 25"),
    "more than all leave": (BASE + "[drop_out]\npercent = 120", "[drop_out] percent: 120 must be 0 to 95"),
    "more of nothing": (BASE + "[drop_out]\npercent_more_if_worse = 5", "[drop_out] percent_more_if_worse: 5 is added"),
    "unknown arm leaves": (BASE + "[drop_out]\narms = { ketamin = 3 }",
                           "[drop_out.arms] ketamin: is unknown; did you mean 'ketamine'? Known: ketamine, placebo"),
    "rescue without a time": (BASE + "[rescue]\nsmd = 0.5\npercent_fall = 20", "[rescue] from: is missing; write from"),
    "rescue without a size": (BASE + '[rescue]\nfrom = "7d"\npercent_fall = 20', "[rescue] smd: is missing"),
    "rescue at no visit": (BASE + '[rescue]\nfrom = "8d"\nsmd = 0.5\npercent_fall = 20',
                           "[rescue] from: 8 d must be a visit before the last one"),
    "rescue too late": (BASE + '[rescue]\nfrom = "28d"\nsmd = 0.5\npercent_fall = 20', "[rescue] from: 28 d must be a"),
    "rescue that harms": (BASE + '[rescue]\nfrom = "7d"\nsmd = -1\npercent_fall = 20', "[rescue] smd: -1 must be 0 to"),
    "unknown method": (BASE + '[analysis]\nmethods = ["anova"]', "[analysis] methods: 'anova' is unknown; did you mea"),
    "no method": (BASE + "[analysis]\nmethods = []", "[analysis] methods: is empty; choose from ancova"),
    "a method twice": (BASE + '[analysis]\nmethods = ["ancova", "ancova"]', "[analysis] methods: 'ancova' stands 2 ti"),
    "estimand": (BASE + '[analysis]\nestimand = "policy"', "[analysis] estimand: 'policy' is unknown"),
    "alpha of zero": (BASE + "[analysis]\nalpha = 0", "[analysis] alpha: 0 must be 1e-06 to 0.5"),
    "alpha of one": (BASE + "[analysis]\nalpha = 1", "[analysis] alpha: 1 must be 1e-06 to 0.5"),
    "alpha not a number": (BASE + "[analysis]\nalpha = nan", "[analysis] alpha: nan must be a number such as 0.05"),
    "fits without the method": (BASE + "[analysis]\nmixed_model_replicates = 9", "[analysis] mixed_model_replicates:"),
    "looks missing": (BASE + "[adaptive]\nspending = 'pocock'", "[adaptive] information: is missing; write informatio"),
    "looks in disorder": (BASE + "[adaptive]\ninformation = [0.7, 0.5, 1.0]", "[adaptive] information: 0.5 must come"),
    "looks short of the end": (BASE + "[adaptive]\ninformation = [0.5, 0.9]", "[adaptive] information: ends at 0.9; t"),
    "looks beyond the end": (BASE + "[adaptive]\ninformation = [0.5, 1.5]", "[adaptive] information: 1.5 must be 0 to"),
    "a look at nothing": (BASE + "[adaptive]\ninformation = [0, 1]", "[adaptive] information: 0 must be above 0"),
    "spending": (BASE + "[adaptive]\ninformation = [0.5, 1]\nspending = 'pococ'", "[adaptive] spending: 'pococ' is un"),
    "power without people": (BASE + "[adaptive]\ninformation = [0.5, 1]\nwanted_power = 0.9",
                             "[adaptive] wanted_power: needs people_most beside it"),
    "people without power": (BASE + "[adaptive]\ninformation = [0.5, 1]\npeople_most = 300",
                             "[adaptive] people_most: needs wanted_power beside it"),
    "no more people": (BASE + "[adaptive]\ninformation = [0.5, 1]\nwanted_power = 0.9\npeople_most = 100",
                       "[adaptive] people_most: 100 must be more than people, 100"),
    "futility without a look": (BASE + "[adaptive]\ninformation = [1]\nfutility_below = 0.1",
                                "[adaptive] futility_below: needs a look before the last one"),
    "curve of too few": (BASE + "[curves]\npeople = [2, 100]", "[curves] people: 2 is too few for 2 arms"),
    "curve in disorder": (BASE + "[curves]\npeople = [100, 50]", "[curves] people: 50 must come after 100"),
    "curve of a wrong dose": (BASE + '[curves]\ndoses = ["ketamine 2 mg/kg IV over 40 min"]', "[curves] doses: 'ketam"),
    "observed of no arm": (BASE + '[observed]\narm = "x"\nlabel = "L"\nsource = "S"', "[observed] arm: 'x' is unknown"),
    "observed without a figure": (BASE + '[observed]\narm = "ketamine"\nlabel = "L"\nsource = "S"',
                                  "[observed]: give estimate with standard_error, or smd_within"),
    "observed without its error": (BASE + '[observed]\narm = "ketamine"\nlabel = "L"\nsource = "S"\nestimate = 3',
                                   "[observed] estimate: stands together with standard_error"),
}  # fmt: skip


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=True, allow_infinity=True),
    st.text(max_size=12),
    st.lists(st.one_of(st.integers(-3, 3), st.text(max_size=4), st.floats()), max_size=3),
    st.dictionaries(st.text(max_size=6), st.integers(-3, 3), max_size=2),
    st.sampled_from([datetime.date(2020, 1, 1), "24h", "-3d", "ketamine 0.5 mg/kg IV over 40 min", "ketamine", [], {}]),
)


def leaves(table: dict[str, Any], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Paths of all keys of a table, tables themselves among them."""
    found = []
    for key, value in table.items():
        found.append((*path, key))
        if isinstance(value, dict):
            found += leaves(value, (*path, key))
    return found


class TestBadInput:
    @settings(max_examples=150)
    @given(data=st.data())
    def test_whatever_stands_in_a_field_the_design_is_read_or_refused_in_one_line(self, data: Any) -> None:
        table = tomllib.loads(WHOLE)
        for _ in range(data.draw(st.integers(1, 2))):
            path = data.draw(st.sampled_from(leaves(table)))
            place = table
            for key in path[:-1]:
                place = place[key]
            if data.draw(st.booleans()):
                place[data.draw(st.text(max_size=8))] = data.draw(JUNK)
            elif data.draw(st.booleans()):
                place[path[-1]] = data.draw(JUNK)
            else:
                del place[path[-1]]
        refusal = None
        try:
            assert design_from(table, "design.toml").people >= 4
        except InputError as error:
            refusal = str(error)
        assert refusal is None or (refusal.startswith("design.toml: ") and refusal.isprintable())

    @pytest.mark.parametrize("case", BAD)
    def test_one_line_names_the_file_the_field_and_what_would_be_right(self, case: str) -> None:
        text, message = BAD[case]
        with pytest.raises(InputError) as caught:
            read(text)
        assert str(caught.value).startswith(f"design.toml: {message}")
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"people = = 3\n", r"^bad\.toml is not valid TOML: Invalid value \(at line 1, column 10\)$"),
            (b"people = 3\npeople = 4\n", r"^bad\.toml is not valid TOML: .*\(at line 2, column 11\)$"),
            (b'a = 1\ntitle = """x\n', r"^bad\.toml is not valid TOML: .*\(at line 3, the end of the file\)$"),
            (b"\xff\xfe", r"^bad\.toml is not a text file in UTF-8$"),
            (b"# " + b"x" * 1_000_001, r"^bad\.toml has more than 1000000 bytes"),
            (b"a = " + b"[" * 100_000, r"^bad\.toml is not a design: its lists are nested too deeply$"),
        ],
    )
    def test_a_broken_file_says_where(self, content: bytes, message: str, tmp_path: Any) -> None:
        file = tmp_path / "bad.toml"
        file.write_bytes(content)
        with pytest.raises(InputError, match=message):
            read_design(file)

    def test_a_missing_file_and_a_folder_are_named(self, tmp_path: Any) -> None:
        with pytest.raises(InputError, match=r"cannot read 'none\.toml': No such file"):
            read_design(tmp_path / "none.toml")
        with pytest.raises(InputError, match="it is not a file"):
            read_design(tmp_path)

    def test_reading_and_refusing_stay_light(self) -> None:
        script = (
            "import sys\n"
            "from ketascope.errors import InputError\n"
            "from ketascope.virtual_trials.design_file import read_design\n"
            "read_design('two-arm-gad')\n"
            "try:\n    read_design('nothing')\nexcept InputError:\n    pass\n"
            "print(sorted({'numpy', 'scipy', 'jax', 'polars', 'pydantic'} & set(sys.modules)))"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"


def test_a_name_that_no_file_can_have_is_told_in_one_line() -> None:
    with pytest.raises(InputError, match=r"^cannot read '.*': File name too long$"):
        read_design("x" * 300)
