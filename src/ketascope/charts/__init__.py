"""Charts: documents in, Vega-Lite specifications with a text summary and a data table out; nothing is computed."""

from ketascope.charts.acute import acute_effects
from ketascope.charts.chart import Chart
from ketascope.charts.concentration_ratios import concentration_ratios
from ketascope.charts.contraction import parameter_contraction
from ketascope.charts.course import symptom_course
from ketascope.charts.exposures import exposure_intervals
from ketascope.charts.mechanism import cascade
from ketascope.charts.profiles import study_profiles
from ketascope.charts.render import render_png, render_svg, vega_bundle
from ketascope.charts.trial_predictions import trial_predictions

__all__ = [
    "Chart",
    "acute_effects",
    "cascade",
    "concentration_ratios",
    "exposure_intervals",
    "parameter_contraction",
    "render_png",
    "render_svg",
    "study_profiles",
    "symptom_course",
    "trial_predictions",
    "vega_bundle",
]
