"""From concentrations to the score in the exported model, as in `model/cascade.py` and `model/symptoms.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ketascope.exchange.model_text import NO_UNIT, ModelText, Note
from ketascope.model.symptoms import CONTRAST_ROWS, PARTS, REFERENCE_INDICATION

if TYPE_CHECKING:
    from ketascope.comparing.setting import Setting

# Hart 1968 (Computer Approximations, 5666) as arranged by West 2005 (Better approximations to cumulative normal
# functions, Wilmott Magazine): SBML has no normal distribution function. Highest power first. Beyond 7 SDs the form has
# few right digits of a number below 1e-12.
_ABOVE = (
    *(3.52624965998911e-2, 0.700383064443688, 6.37396220353165, 33.912866078383, 112.079291497871),
    *(221.213596169931, 220.206867912376),
)
_BELOW = (
    *(8.83883476483184e-2, 1.75566716318264, 16.064177579207, 86.7807322029461, 296.564248779674),
    *(637.333633378831, 793.826512519948, 440.413735824752),
)


def write_chain(text: ModelText) -> None:
    """Receptor block, glutamate, fast state, signal, structure and unblinding."""
    row = text.row
    text.section("NMDA-receptor block")
    umol = text.conversion("umol_per_mmol")
    parts = []
    for drug in ("ketamine", "norketamine"):
        unbound, mass = row(f"receptor.unbound_fraction_{drug}"), row(f"receptor.{drug}_molar_mass_g_per_mol")
        for e in "sr":
            half = row(f"receptor.half_occupancy_{e}_{drug}_um")
            formula = f"{unbound} * {umol} / ({mass} * {half})"
            affinity = text.constant(
                f"{e}_{drug}_affinity_l_per_mg", formula, "l_per_mg", "occupancy per concentration"
            )
            parts.append(f"{affinity} * {e}_{drug}_mg_per_l")
    occupancy = text.rule("occupancy", " + ".join(parts), NO_UNIT, "concentration over affinity, summed")
    text.rule("block", f"{occupancy} / (1 + {occupancy})", NO_UNIT, "fraction of receptors blocked")
    extra = f"({row('receptor.r_ketamine_benefit_weight')} - 1) * r_ketamine_affinity_l_per_mg * r_ketamine_mg_per_l"
    useful = text.rule(
        "occupancy_for_benefit", f"{occupancy} + {extra}", NO_UNIT, "with R-ketamine at its weight for benefit"
    )

    text.section("Glutamate")
    reversal = row("glutamate.block_at_reversal")
    u = text.rule(
        "block_over_reversal", f"{useful} / (1 + {useful}) / {reversal}", NO_UNIT, "block over that of reversal"
    )
    gain, smoothing = row("glutamate.surge_gain"), row("glutamate.floor_smoothing")
    formula = f"-{row('glutamate.drive_floor_over_gain')} / {gain}"
    floor = text.constant("drive_floor", formula, NO_UNIT, "lowest drive")
    formula = f"{floor} + 0.5 * (-{floor} + sqrt({floor}^2 + {smoothing}^2))"
    at_rest = text.constant("drive_at_rest", formula, NO_UNIT, "what the smooth floor adds where nothing is blocked")
    scale = row("glutamate.drive_scale")
    above = text.rule("drive_above_floor", f"{scale} * {u}^2 * (1 - {u}) - {floor}", NO_UNIT, "inverted U of the block")
    formula = f"{floor} + 0.5 * ({above} + sqrt({above}^2 + {smoothing}^2)) - {at_rest}"
    drive = text.rule("glutamate_drive", formula, NO_UNIT, "drive of the surge, 1 at most")
    half_life = row("glutamate.half_life_min")
    formula = f"ln(2) * {text.conversion('minutes_per_hour')} / {half_life}"
    turnover = text.constant("glutamate_turnover_per_h", formula, "per_hour", "turnover of glutamate")
    rate = f"{turnover} * (1 + {gain} * {drive} - glutamate_fold)"
    text.state("glutamate_fold", 1.0, rate, NO_UNIT, "glutamate, fold of baseline")
    surge = text.rule("surge", f"max(glutamate_fold - 1, 0) / {gain}", NO_UNIT, "surge over gain")
    half = row("trials.drive_half_saturation")
    d = text.rule("plasticity_drive", f"{surge} / ({surge} + {half})", NO_UNIT, "drive of the states below")

    text.section("Fast state, signal and structure")
    on = _from_half_life(text, "fast_on_per_h", row("plasticity.fast_on_half_life_h"), "the fast state comes")
    off = _from_half_life(text, "fast_off_per_h", row("trials.fast_off_half_life_h"), "the fast state goes")
    text.state("fast", 0.0, f"{on} * {d} * (1 - fast) - {off} * fast", NO_UNIT, "fast functional state")
    half = row("plasticity.hnk_half_norketamine_ng_per_ml")
    level = f"{text.conversion('ng_per_ml_per_mg_per_l')} * r_norketamine_mg_per_l"
    formula = f"{row('plasticity.hnk_weight')} * {level} / ({level} + {half})"
    hnk = text.rule("hydroxynorketamine_drive", formula, NO_UNIT, "scenario hnk; zero by default")
    decay = _from_half_life(text, "signal_per_h", row("plasticity.signal_half_life_h"), "the signal follows its drive")
    text.state("signal", 0.0, f"{decay} * ({d} + {hnk} - signal)", NO_UNIT, "plasticity signal")
    k_in = row("plasticity.structure_rate_per_h")
    days = f"{text.conversion('hours_per_day')} * {row('trials.structure_off_half_life_d')}"
    k_out = _from_half_life(text, "structure_off_per_h", f"({days})", "structure is lost")
    text.state("plasticity", 0.0, f"{k_in} * signal * (1 - plasticity) - {k_out} * plasticity", NO_UNIT, "structure")

    text.section("Functional unblinding")
    half, hill = row("acute.dissociation_half_effect_ng_per_ml"), row("acute.dissociation_hill")
    ratio = f"{text.conversion('ng_per_ml_per_mg_per_l')} * max(effect_site_mg_per_l, 0) / {half}"
    # An integrator may step a hair below zero, where a power has no value.
    power = text.rule("felt_power", f"({ratio})^{hill}", NO_UNIT, "of the sigmoid")
    felt = text.rule("felt", f"{power} / (1 + {power})", NO_UNIT, "acute effect felt, 0 to 1")
    forget = _from_half_life(text, "unblinding_off_per_h", row("unblinding.half_life_h"), "unblinding fades")
    rate = f"{row('unblinding.on_rate_per_h')} * {felt} * (1 - unblinding) - {forget} * unblinding"
    text.state("unblinding", 0.0, rate, NO_UNIT, "functional unblinding")


def write_score(
    text: ModelText, setting: Setting, visits_h: Sequence[float], ssri_spans_h: Sequence[tuple[float, float]]
) -> None:
    """Placebo response, visits, the SSRI's part, the drug's part and the score of the indication's scale.

    visits_h: when visits with a procedure begin; ssri_spans_h: when an SSRI or SNRI is taken.
    """
    name, row = setting.indication.name, text.central
    text.section(f"Score: {setting.indication.scale_label}, {setting.indication.label}")
    baseline, low, high = _scale(text, setting)
    above_low = text.constant("baseline_above_minimum", f"{baseline} - {low}", NO_UNIT, "points that can be lost")
    half_life = f"({text.conversion('hours_per_day')} * {row('trials.placebo_half_life_d')})"
    rate = _from_half_life(text, "placebo_per_h", half_life, "the placebo response approaches its plateau")
    approach = text.rule("placebo_approach", f"1 - exp(-{rate} * time)", NO_UNIT, "share of the plateau reached")
    lift = _visits(text, visits_h)
    plateau, visit = row(f"trials.placebo_log_fall_{name}"), row("trials.visit_log_fall")
    placebo = text.rule(
        "placebo_fall", f"{plateau} * {approach} + {visit} * {lift}", NO_UNIT, "log fall without a drug"
    )
    ssri = _ssri(text, setting, ssri_spans_h, placebo)

    reference = _reference(setting)
    factors = {}
    for part, state in zip(PARTS, ("unblinding", "fast", "structure"), strict=True):
        value = f"reference_{part}"
        meaning = f"{state} in the typical 70 kg patient after the reference regimen, solved by ketascope"
        text.number(
            value, reference[part], NO_UNIT, Note(value, {"meaning": meaning, "value": f"{reference[part]:.12g}"})
        )
        factors[part] = f"{row(f'trials.{part}_log_fall')} / {value}"
    expectancy, kept = row("symptoms.expectancy_share_of_fast"), row("symptoms.opioid_gate")
    multiplier = "" if name == REFERENCE_INDICATION else f" * {row(f'trials.multiplier_{name}')}"
    theta = {
        "unblinding": f"{factors['unblinding']} * (1 - {expectancy})",
        "fast": f"{factors['fast']}{multiplier} * {kept} * (1 - {expectancy})",
        "slow": f"{factors['slow']}{multiplier} * {kept}",
    }
    for part, formula in theta.items():
        text.constant(f"theta_{part}", formula, NO_UNIT, f"log fall per unit of the {part} state")
    sd = row("symptoms.drug_response_sd")
    response = text.constant(
        "own_response",
        f"exp(-0.5 * {sd}^2)",
        NO_UNIT,
        "response of the median patient, where the mean over patients is 1",
    )
    contrast = row(CONTRAST_ROWS[setting.model.control])
    drug = text.rule(
        "drug_fall", f"{response} * (theta_fast * fast + theta_slow * plasticity)", NO_UNIT, "log fall by the drug"
    )
    felt = text.rule(
        "unblinding_fall", f"{contrast} * theta_unblinding * unblinding", NO_UNIT, "log fall by unblinding"
    )
    fall = text.rule("log_fall", f"{placebo} + {drug} + {ssri} + {felt}", NO_UNIT, "X, the whole log fall of the score")
    left = f"{low} + {above_low} * exp(-{fall})"
    text.rule("score", f"min({left}, {high})", NO_UNIT, f"{setting.indication.scale_label} points")


def _from_half_life(text: ModelText, name: str, half_life_h: str, meaning: str) -> str:
    return text.constant(name, f"ln(2) / {half_life_h}", "per_hour", f"how fast {meaning}")


def _reference(setting: Setting) -> dict[str, float]:
    from ketascope.comparing.reference import reference_states

    central = {name: draws[:1] for name, draws in setting.draws.items()}
    states = reference_states(setting.model, setting.sampling, central)
    return {name: float(state[0]) for name, state in states.items()}


def _scale(text: ModelText, setting: Setting) -> tuple[str, str, str]:
    """Baseline, minimum and maximum of the scale, in points."""
    from ketascope.data import load

    indication = setting.indication
    row, scale = load("indications")[indication.name]["baseline_score"], load("scales")[indication.scale]
    facts = {"value": f"{indication.baseline:g}"} | {
        key: str(row[key]) for key in ("unit", "population", "source", "grade", "note") if key in row
    }
    low, high = (
        {"meaning": f"{end} of the {indication.scale_label}", "source": scale["source"]}
        for end in ("minimum", "maximum")
    )
    # A baseline lies at least a point above the minimum (`symptoms.patient_scores`).
    baseline = min(max(indication.baseline, indication.minimum + 1.0), indication.maximum)
    return (
        text.number("baseline_score", baseline, NO_UNIT, Note("baseline_score", facts)),
        text.number("scale_minimum", indication.minimum, NO_UNIT, Note("scale_minimum", low)),
        text.number("scale_maximum", indication.maximum, NO_UNIT, Note("scale_maximum", high)),
    )


def _visits(text: ModelText, visits_h: Sequence[float]) -> str:
    """The passing lift of visits with a procedure: two states that every visit raises by one."""
    fades, comes = text.central("placebo.visit_half_life_h"), text.central("placebo.visit_rise_half_life_h")
    for state, half_life in (("visit_fading", fades), ("visit_coming", comes)):
        rate = _from_half_life(text, f"{state}_per_h", half_life, "the lift of a visit fades or comes")
        text.state(state, 0.0, f"-{rate} * {state}", NO_UNIT, "sum over visits; their difference is the lift")
    for number, time_h in enumerate(visits_h, start=1):
        text.event(f"visit_{number}", f"time >= {time_h!r} hour", {"visit_fading": "1", "visit_coming": "1"})
    return text.rule("visit_lift", "visit_fading - visit_coming", NO_UNIT, "lift in units of one visit")


def _ssri(text: ModelText, setting: Setting, spans_h: Sequence[tuple[float, float]], placebo: str) -> str:
    """The SSRI's part of X: what makes the population's mean differ from placebo by its points."""
    name, row = setting.indication.name, text.central
    half_life = row(f"trials.ssri_half_life_d_{name}")
    rate = _from_half_life(text, "ssri_per_h", f"({text.conversion('hours_per_day')} * {half_life})", "the SSRI acts")
    taken = text.switch("ssri_taken", NO_UNIT, "1 while an SSRI or SNRI is taken")
    text.state("ssri", 0.0, f"{rate} * ({taken} - ssri)", NO_UNIT, "share of the SSRI's final difference")
    for number, (begin, end) in enumerate(spans_h, start=1):
        text.event(f"ssri_course_{number}_starts", f"time >= {begin!r} hour", {taken: "1"})
        text.event(f"ssri_course_{number}_ends", f"time >= {end!r} hour", {taken: "(-1)"})
    week = row(f"symptoms.{name}_ssri_difference_week")
    reached = text.constant(
        "ssri_reached",
        f"1 - 2^(-{text.conversion('days_per_week')} * {week} / {half_life})",
        NO_UNIT,
        "share of the final difference at the week it was read",
    )
    points = text.constant(
        "ssri_points",
        f"{row(f'trials.ssri_difference_points_{name}')} / {reached}",
        NO_UNIT,
        "final difference, points",
    )
    plateau_sd = row(f"trials.placebo_between_patient_sd_{name}")
    plateau, visit = row(f"trials.placebo_log_fall_{name}"), row("trials.visit_log_fall")
    spread = f"{plateau_sd} * sqrt(placebo_approach^2 + ({visit} / {plateau} * visit_lift)^2)"
    s = text.rule("placebo_spread", f"max({spread}, 1e-9)", NO_UNIT, "SD of the log fall over patients")
    top = text.constant("points_of_scale", "scale_maximum - scale_minimum", NO_UNIT, "maximum minus minimum")
    left = text.rule(
        "placebo_log_left", f"ln(baseline_above_minimum) - {placebo}", NO_UNIT, "log of the points left, mean"
    )
    over = text.rule(
        "placebo_over_top", f"({left} - ln({top})) / {s}", NO_UNIT, "how far that is above the maximum, in SDs"
    )
    below_top = _normal_distribution(text, "share_below_top", f"(-{over} - {s})")
    at_top = _normal_distribution(text, "share_at_top", over)
    mean = text.rule(
        "placebo_mean",
        f"exp({left} + 0.5 * {s}^2) * {below_top} + {top} * {at_top}",
        NO_UNIT,
        "points above the minimum, mean",
    )
    share = text.rule("ssri_share", f"{points} * ssri / {mean}", NO_UNIT, "difference over the placebo mean")
    return text.rule("ssri_fall", f"-ln(1 - min({share}, 0.95))", NO_UNIT, "log fall by the SSRI or SNRI")


def _normal_distribution(text: ModelText, name: str, x: str) -> str:
    """The standard normal distribution function of `x`, to about 1e-13.

    Tools put rules into each other, so the argument stands in it as rarely as can be and no branch holds it twice.
    """
    above, below = (_polynomial(numbers, f"abs({x})") for numbers in (_ABOVE, _BELOW))
    tail = f"exp(-({x})^2 / 2) * ({above}) / ({below})"
    formula = f"0.5 + piecewise(1, {x} > 0, -1) * (0.5 - {tail})"
    return text.rule(name, formula, NO_UNIT, "normal distribution function")


def _polynomial(numbers: Sequence[float], x: str) -> str:
    """Horner's scheme, the highest power first."""
    formula = repr(numbers[0])
    for number in numbers[1:]:
        formula = f"({formula}) * {x} + {number!r}"
    return formula
