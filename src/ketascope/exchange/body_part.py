"""The linear pharmacokinetics in the exported model: amounts, flows between them, and the events that give doses.

The equations are those of `model/pharmacokinetics.py` before they are brought into their own modes; absorption follows
`model/absorption_rules.toml`. Amounts of norketamine are counted as the ketamine they came from, as there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ketascope.exchange.model_text import NO_UNIT, ModelText, Note
from ketascope.model.absorption import find_rule
from ketascope.model.exposure import enantiomer_composition
from ketascope.model.pharmacokinetics import ENANTIOMERS
from ketascope.regimen.spans import number_text

if TYPE_CHECKING:
    from ketascope.model.plasma import Plasma
    from ketascope.regimen import Dose, Regimen

FIRST_PASS = "first_pass."


@dataclass(frozen=True)
class BodyPart:
    """Writes the pharmacokinetics of one person seen through one plasma. steps: optional steps the set has."""

    text: ModelText
    plasma: Plasma
    steps: frozenset[str]
    individual: Mapping[str, float]

    def write(self, regimen: Regimen, doses: Sequence[Dose]) -> None:
        """Compartments, flows, concentrations and the events of the doses (those that hold ketamine)."""
        self._places()
        for enantiomer in ENANTIOMERS:
            self._disposition(enantiomer)
        self._absorption(regimen, doses)
        self._effect_site()
        self._plasma_totals()

    def own(self, name: str) -> str:
        """A row of the parameter set."""
        return self.text.row(f"{self.plasma.parameters}.{name}")

    def _places(self) -> None:
        text = self.text
        text.section("Volumes")
        for place, volume, meaning in (
            ("plasma_of_ketamine", "central_volume_l", "central compartment of ketamine"),
            ("fast_tissue", "fast_peripheral_volume_l", "tissue that exchanges fast with plasma"),
            ("slow_tissue", "slow_peripheral_volume_l", "tissue that exchanges slowly with plasma"),
            ("plasma_of_norketamine", "norketamine_central_volume_l", "central compartment of norketamine"),
            ("norketamine_tissue", "norketamine_peripheral_volume_l", "tissue of norketamine"),
        ):
            text.compartment(place, self.own(volume), meaning)
        nominal = text.number(
            "nominal_volume_l",
            1.0,
            "volume",
            Note("nominal_volume_l", {"meaning": "only amounts matter where a drug waits"}),
        )
        text.compartment("waiting", nominal, "where a drug waits to be absorbed, or norketamine to appear")

    def _disposition(self, e: str) -> None:
        text, of = self.text, self.own
        text.section(f"{e.upper()}-enantiomer: disposition")
        clearance, norketamine_clearance = of("clearance_s_ketamine_l_per_h"), of("clearance_s_norketamine_l_per_h")
        if e == "r":
            clearance += f" * {of('clearance_ratio_r_to_s')}"
            norketamine_clearance += f" * {of('norketamine_clearance_ratio_r_to_s')}"

        def rate(name: str, formula: str, meaning: str) -> str:
            return text.constant(f"{e}_{name}_per_h", formula, "per_hour", meaning)

        volume, fast, slow = of("central_volume_l"), of("fast_peripheral_volume_l"), of("slow_peripheral_volume_l")
        to_fast = of("fast_intercompartmental_clearance_l_per_h")
        to_slow = of("slow_intercompartmental_clearance_l_per_h")
        n_volume, n_tissue = of("norketamine_central_volume_l"), of("norketamine_peripheral_volume_l")
        n_exchange = of("norketamine_intercompartmental_clearance_l_per_h")
        eliminated = rate("elimination", f"{clearance} / {volume}", "ketamine cleared per amount in plasma")
        fast_in, fast_out = (
            rate("fast_in", f"{to_fast} / {volume}", "to fast tissue"),
            rate("fast_out", f"{to_fast} / {fast}", "back from fast tissue"),
        )
        slow_in, slow_out = (
            rate("slow_in", f"{to_slow} / {volume}", "to slow tissue"),
            rate("slow_out", f"{to_slow} / {slow}", "back from slow tissue"),
        )
        n_eliminated = rate("norketamine_elimination", f"{norketamine_clearance} / {n_volume}", "norketamine cleared")
        n_in = rate("norketamine_in", f"{n_exchange} / {n_volume}", "norketamine to tissue")
        n_out = rate("norketamine_out", f"{n_exchange} / {n_tissue}", "norketamine back from tissue")

        central = text.amount(
            f"{e}_ketamine", "plasma_of_ketamine", f"{e.upper()}-ketamine in plasma and what is with it"
        )
        in_fast = text.amount(f"{e}_ketamine_fast", "fast_tissue", f"{e.upper()}-ketamine in fast tissue")
        in_slow = text.amount(f"{e}_ketamine_slow", "slow_tissue", f"{e.upper()}-ketamine in slow tissue")
        metabolite = text.amount(
            f"{e}_norketamine", "plasma_of_norketamine", f"{e.upper()}-norketamine in plasma, as ketamine"
        )
        in_tissue = text.amount(
            f"{e}_norketamine_tissue", "norketamine_tissue", f"{e.upper()}-norketamine in tissue, as ketamine"
        )
        text.flow(central, in_fast, f"{fast_in} * {central}")
        text.flow(in_fast, central, f"{fast_out} * {in_fast}")
        text.flow(central, in_slow, f"{slow_in} * {central}")
        text.flow(in_slow, central, f"{slow_out} * {in_slow}")
        formed = of("norketamine_fraction_formed")
        text.flow(central, self._norketamine_entry(e, metabolite), f"{formed} * {eliminated} * {central}")
        text.flow(central, "", f"(1 - {formed}) * {eliminated} * {central}")
        text.flow(metabolite, in_tissue, f"{n_in} * {metabolite}")
        text.flow(in_tissue, metabolite, f"{n_out} * {in_tissue}")
        text.flow(metabolite, "", f"{n_eliminated} * {metabolite}")
        self._sampled(e, central, volume, metabolite, n_volume)

    def _norketamine_entry(self, e: str, metabolite: str) -> str:
        """Where formed norketamine goes first: two transit steps of one rate, or plasma at once."""
        text = self.text
        if "transit" not in self.steps:
            return metabolite
        first, second = f"{e}_transit_1", f"{e}_transit_2"
        if first not in text.notes:
            transit = self.own("transit_rate_per_h")
            for name in (first, second):
                text.amount(name, "waiting", f"{e.upper()}-norketamine on its way, as ketamine")
            text.flow(first, second, f"{transit} * {first}")
            text.flow(second, metabolite, f"{transit} * {second}")
        return first

    def _sampled(self, e: str, central: str, volume: str, metabolite: str, n_volume: str) -> None:
        """Concentrations where blood is drawn, in mg/L; an arm vein follows the artery."""
        text = self.text
        ratio = self.own("norketamine_mass_per_ketamine_mass")
        for drug, formula in (
            ("ketamine", f"{central} / {volume}"),
            ("norketamine", f"{ratio} * {metabolite} / {n_volume}"),
        ):
            name = f"{e}_{drug}_mg_per_l"
            if "arm" not in self.steps:
                text.rule(name, formula, "mg_per_l", f"{e.upper()}-{drug} in plasma")
                continue
            shunt, transit = self.own("arm_shunt_fraction"), self.own("arm_transit_min")
            rate = text.constant(
                "arm_rate_per_h",
                f"{text.conversion('minutes_per_hour')} / {transit}",
                "per_hour",
                "how fast arm tissue follows the artery",
            )
            artery = text.rule(
                f"{e}_{drug}_artery_mg_per_l", formula, "mg_per_l", f"{e.upper()}-{drug} in arterial plasma"
            )
            tissue = text.state(
                f"{e}_{drug}_arm_mg_per_l",
                0.0,
                f"{rate} * ({artery} - {e}_{drug}_arm_mg_per_l)",
                "mg_per_l",
                f"{e.upper()}-{drug} in blood that has passed arm tissue",
            )
            mixed = f"{shunt} * {artery} + (1 - {shunt}) * {tissue}"
            text.rule(name, mixed, "mg_per_l", f"{e.upper()}-{drug} in venous plasma of the arm")

    def _absorption(self, regimen: Regimen, doses: Sequence[Dose]) -> None:
        text = self.text
        for number, course in enumerate(regimen.courses, start=1):
            own = [dose for dose in doses if dose.course == number - 1]
            if not own:
                continue
            text.section(f"Doses of course {number}: {course}")
            words = f"{course.subject}, from the dose sentence"
            text.number(
                f"course_{number}_amount_mg",
                own[0].amount_mg,
                "mg",
                Note(f"course_{number}_amount_mg", {"meaning": "each dose (or each device of it)", "source": words}),
            )
            if own[0].duration_h:
                name = f"course_{number}_duration_h"
                facts = {"meaning": "duration of each dose", "source": words}
                text.number(name, own[0].duration_h, "hour", Note(name, facts))
            for index, dose in enumerate(own, start=1):
                self._dose(f"course_{number}_dose_{index}", number, dose)

    def _dose(self, name: str, course: int, dose: Dose) -> None:
        """The events of one dose: at once, or on and off for what takes its time."""
        rule = find_rule(dose.drug, dose.route, self.plasma)
        given = f"course_{course}_amount_mg"
        running = f"course_{course}_duration_h" if dose.duration_h else ""
        at_h = f"{number_text(dose.time_h)} hour"
        if not rule["parts"]:
            self._input(name, at_h, running, {e: f"{e}_ketamine" for e in ENANTIOMERS}, given, dose.drug)
        for index, part in enumerate(rule["parts"], start=1):
            depots = {e: self._depot(dose, part, index, e) for e in ENANTIOMERS}
            start = at_h + (f" + {self.text.row(part['lag'])}" if "lag" in part else "")
            duration = self.text.row(part["duration"]) if "duration" in part else running
            share = "1"
            if part["share"] != "all":
                absorbed = self.text.row(part["fraction"])
                if dose.device > 1:
                    absorbed = f"{self.text.row(rule['device_factor'])} * {absorbed}"
                share = {"absorbed": absorbed, "rest": f"(1 - {absorbed})"}[part["share"]]
            self._input(f"{name}_part_{index}", start, duration, depots, f"{given} * {share}", dose.drug)

    def _input(
        self, name: str, start_h: str, duration_h: str, targets: Mapping[str, str], amount_mg: str, drug: str
    ) -> None:
        text = self.text
        amounts = {e: f"{self._composition(drug, e)} * {amount_mg}" for e in targets}
        if not duration_h:
            text.event(name, f"time >= {start_h}", {targets[e]: amounts[e] for e in targets})
            return
        releases = {e: self._release(targets[e]) for e in targets}
        rates = {e: f"{amounts[e]} / {duration_h}" for e in targets}
        text.event(f"{name}_starts", f"time >= {start_h}", {releases[e]: rates[e] for e in targets})
        ends = {releases[e]: f"(-1) * {rates[e]}" for e in targets}
        text.event(f"{name}_ends", f"time >= {start_h} + {duration_h}", ends)

    def _composition(self, drug: str, enantiomer: str) -> str:
        from ketascope.data import load

        row = load("drugs")[drug]
        fraction = enantiomer_composition()[drug]["sr".index(enantiomer)]
        facts = {"meaning": f"share of {drug} that is {enantiomer.upper()}-ketamine", "value": f"{fraction:g}"}
        facts |= {"unit": "fraction", **{key: str(row[key]) for key in ("population", "source", "grade")}}
        name = f"{drug}_fraction_{enantiomer}"
        return self.text.number(name, fraction, NO_UNIT, Note(name, facts))

    def _release(self, target: str) -> str:
        """The zero-order input of a species, switched by events."""
        name = f"into_{target}_mg_per_h"
        if name not in self.text.notes:
            self.text.switch(name, "mg_per_h", f"what is released or infused into {target} at a constant rate")
            self.text.flow("", target, name)
        return name

    def _depot(self, dose: Dose, part: Mapping[str, Any], index: int, e: str) -> str:
        """The absorption compartment of one part of a drug and route, with its flows into plasma."""
        text = self.text
        route = dose.route.replace("-", "_")
        name = f"{e}_{dose.drug}_{route}_{index}"
        if name in text.notes:
            return name
        text.amount(name, "waiting", f"{e.upper()}-ketamine of {dose.drug} {dose.route} that waits to be absorbed")
        rate = text.row(part["rate"])
        ketamine = {"all": "1", "none": "0"}.get(part["ketamine"]) or self._share(part["ketamine"], e)
        norketamine = "0"
        if part.get("norketamine"):
            norketamine = self._share(part["norketamine"], e)
        elif part.get("total"):
            total = self._share(part["total"], e)
            norketamine = f"max({total} - {ketamine}, 0)"
        entry = self._norketamine_entry(e, f"{e}_norketamine")
        for target, share in ((f"{e}_ketamine", ketamine), (entry, norketamine)):
            if share != "0":
                text.flow(name, target, f"{rate} * {share} * {name}")
        if ketamine != "1":
            text.flow(name, "", f"{rate} * (1 - {ketamine} - {norketamine}) * {name}")
        return name

    def _share(self, name: str, e: str) -> str:
        """A share of a depot: a row, its version for an enantiomer, or what gut wall and liver leave."""
        if name.startswith(FIRST_PASS):
            return self._first_pass(name.removeprefix(FIRST_PASS), e)
        both = f"{name}_{e}"
        return self.text.row(both if both in self.individual else name)

    def _first_pass(self, what: str, e: str) -> str:
        """Shares of a swallowed dose that reach plasma (`covariates.apply_first_pass`)."""
        text, of = self.text, self.own
        clearance = of("clearance_s_ketamine_l_per_h") + (f" * {of('clearance_ratio_r_to_s')}" if e == "r" else "")
        flow, limit = of("liver_plasma_flow_l_per_h"), of("liver_extraction_limit")
        extraction = text.constant(
            f"{e}_liver_extraction",
            f"min({clearance} / {flow}, {limit})",
            NO_UNIT,
            "share that the liver takes out in one passage, clearance over flow",
        )
        taken, gut = of("swallowed_fraction_taken_up"), of("gut_survival_fraction")
        escapes = f"{gut} * (1 - {extraction})"
        share = {"ketamine": escapes, "norketamine": f"(1 - {escapes}) * {of('first_pass_norketamine_fraction')}"}[what]
        name = f"{e}_swallowed_as_{what}"
        return text.constant(
            name, f"{taken} * {share}", NO_UNIT, f"share of a swallowed dose that reaches plasma as {what}"
        )

    def _effect_site(self) -> None:
        """S-ketamine at the effect site follows the central (arterial) concentration."""
        text = self.text
        text.section("Effect site")
        rate = text.constant(
            "effect_site_rate_per_h",
            f"ln(2) * {text.conversion('minutes_per_hour')} / {self.own('effect_site_half_life_min')}",
            "per_hour",
            "how fast the effect site follows plasma",
        )
        artery = f"s_ketamine / {self.own('central_volume_l')}"
        formula = f"{rate} * ({artery} - effect_site_mg_per_l)"
        text.state("effect_site_mg_per_l", 0.0, formula, "mg_per_l", "S-ketamine at the effect site")

    def _plasma_totals(self) -> None:
        text = self.text
        text.section("Concentrations as laboratories report them")
        factor = text.conversion("ng_per_ml_per_mg_per_l")
        for drug in ("ketamine", "norketamine"):
            for e in ENANTIOMERS:
                text.rule(
                    f"{e}_{drug}_ng_per_ml", f"{factor} * {e}_{drug}_mg_per_l", "ng_per_ml", f"{e.upper()}-{drug}"
                )
            both = " + ".join(f"{e}_{drug}_ng_per_ml" for e in ENANTIOMERS)
            text.rule(f"{drug}_ng_per_ml", both, "ng_per_ml", f"{drug}, both enantiomers")
