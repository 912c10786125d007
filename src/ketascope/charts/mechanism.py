"""The cascade of one option: plasma, receptor, glutamate, plasticity, score, on one time axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ketascope.charts.axes import nearest_index, place, time_encoding, time_ticks
from ketascope.charts.chart import Chart, Row
from ketascope.charts.style import INK, QUIET_INK, load_style, top_level
from ketascope.report.format import duration, interval, number, with_interval

_WIDTH = 720
_PATIENTS = "95% of patients"
CURSOR = "time_cursor"
"""Start of the name of the marks that show the time asked for, in the specification and in the drawing."""
# A null is a gap in the line, never a line to the next value.
_GAP = "break-paths-filter-domains"

Series = Mapping[str, Sequence[float | None]]


def cascade(simulation: Mapping[str, Any], at_h: float | None = None) -> Chart:
    """Stacked panels of one simulated regimen: median patient and the band that holds 95% of patients.

    at_h: a time since the first dose that a line through all panels marks.
    """
    panels = drawn_panels(simulation)
    times_h = simulation["times_h"]
    title = "From dose to symptom score, step by step"
    has_band = any(_has_band(simulation["series"][s["name"]]) for p in panels for s in p["series"])
    line = (
        "Line: median patient. Band: 95% of patients."
        if has_band
        else "Line: the typical patient; no others simulated."
    )
    assumed = [panel["title"].lower() for panel in panels if panel["grade"] == "assumed"]
    subtitle = [str(simulation["sentence"]), line]
    if assumed:
        subtitle.append(f"Assumed steps, not measured in patients at these doses: {', '.join(assumed)}.")
    summary = _summary(simulation, panels, subtitle)
    last_h = float(times_h[-1])
    views = [_dose_strip(simulation["events"], last_h)] if simulation["events"] else []
    drawn = [_panel(panel, simulation, last_h, is_last=panel is panels[-1], has_band=has_band) for panel in panels]
    for index, view in enumerate(drawn):
        if at_h is not None:
            view["layer"].append(_cursor(view, index, at_h))
    views += drawn
    body = {
        "datasets": {"cascade": _records(simulation, panels)},
        "vconcat": views,
        "spacing": 14,
        "resolve": {"scale": {"color": "independent"}},
    }
    return Chart("cascade", title, top_level(title, subtitle, summary, body), summary, _table(simulation, panels))


def drawn_panels(simulation: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The panels of the style file that this simulation has something to draw in, with the series it has."""
    return [panel for panel in map(_with_present_series(simulation), load_style()["panels"]) if panel["series"]]


def _has_band(series: Series) -> bool:
    return list(series["low"]) != list(series["high"])


def _is_zero(series: Series | None) -> bool:
    return series is None or not any(series["median"])


def _with_present_series(simulation: Mapping[str, Any]) -> Any:
    """A function that leaves in a panel only the series this simulation has something to say about."""
    everything = simulation["series"]

    def keep(panel: Mapping[str, Any]) -> dict[str, Any]:
        mirror_images = [entry for entry in panel["series"] if entry.get("enantiomer")]
        # One enantiomer alone is the total; drawing it twice would hide one line under the other.
        both = all(not _is_zero(everything.get(entry["name"])) for entry in mirror_images)
        kept = [
            entry for entry in panel["series"] if entry["name"] in everything and (both or not entry.get("enantiomer"))
        ]
        return {**panel, "series": kept}

    return keep


def _records(simulation: Mapping[str, Any], panels: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    records = []
    for panel in panels:
        for entry in panel["series"]:
            series = simulation["series"][entry["name"]]
            for time_h, median, low, high in zip(
                simulation["times_h"], series["median"], series["low"], series["high"], strict=True
            ):
                records.append(
                    {
                        "name": entry["name"],
                        "label": entry["label"],
                        "time_h": time_h,
                        "time": duration(time_h) if time_h else "first dose",
                        "median": median,
                        "low": low,
                        "high": high,
                        "range": f"{number(low, panel['kind'])} to {number(high, panel['kind'])}",
                    }
                )
    return records


def _dose_strip(events: Sequence[Mapping[str, Any]], last_h: float) -> dict[str, Any]:
    """Every dose as a mark above the curves; an infusion is as long as it lasts."""
    values = [
        {
            "start_h": event["time_h"],
            "end_h": event["time_h"] + (event.get("duration_h") or 0.0),
            "time": duration(event["time_h"]) if event["time_h"] else "start",
            "dose": f"{number(event['amount_mg'])} mg {event['drug']} {event['route']}",
        }
        for event in events
        if event["time_h"] <= last_h
    ]
    tooltip = [
        {"field": "dose", "type": "nominal", "title": "Dose"},
        {"field": "time", "type": "nominal", "title": "Given at"},
    ]
    x = time_encoding("start_h", last_h, labels=False)
    return {
        "width": _WIDTH,
        "height": 16,
        "title": {"text": f"Doses ({len(events)})", "fontSize": 11.5, "offset": 3},
        "data": {"values": values},
        "layer": [
            {
                "mark": {"type": "bar", "height": 10, "color": INK},
                "encoding": {"x": x, "x2": {"field": "end_h"}, "tooltip": tooltip},
            },
            {
                "mark": {"type": "tick", "thickness": 1.5, "size": 14, "color": INK, "orient": "vertical"},
                "encoding": {"x": x, "tooltip": tooltip},
            },
        ],
    }


def _panel(
    panel: Mapping[str, Any], simulation: Mapping[str, Any], last_h: float, is_last: bool, has_band: bool
) -> dict[str, Any]:
    x = time_encoding("time_h", last_h, labels=is_last)
    names = [entry["name"] for entry in panel["series"]]
    with_band = [e["name"] for e in panel["series"] if has_band and not (e.get("enantiomer") or e.get("effect_site"))]
    several = len(names) > 1
    colour = {
        "field": "label",
        "type": "nominal",
        "scale": {
            "domain": [entry["label"] for entry in panel["series"]],
            "range": [entry["colour"] for entry in panel["series"]],
        },
        "legend": {"title": None, "orient": "top", "symbolType": "stroke", "symbolOpacity": 1, "offset": 4}
        if several
        else None,
    }
    dashed = [entry["label"] for entry in panel["series"] if entry.get("effect_site")]
    y = {
        "type": "quantitative",
        "scale": {"zero": panel["kind"] in ("concentration", "fraction")},
        "axis": {"title": _wrapped_unit(panel["unit"]), "tickCount": 4},
    }
    tooltip = [
        {"field": "label", "type": "nominal", "title": "Quantity"},
        {"field": "time", "type": "nominal", "title": "Time"},
        {"field": "median", "type": "quantitative", "format": ".3~r", "title": f"Median ({panel['unit']})"},
        {"field": "range", "type": "nominal", "title": _PATIENTS},
    ]

    def only(wanted: Sequence[str]) -> dict[str, Any]:
        chosen = [{"filter": {"field": "name", "oneOf": list(wanted)}}]
        return {"data": {"name": "cascade"}, "transform": chosen}

    # The legend belongs to the lines; areas repeat the colours without one.
    layers: list[dict[str, Any]] = [
        {
            **only(with_band),
            "mark": {"type": "area", "opacity": 0.2, "invalid": _GAP},
            "encoding": {"x": x, "y": {"field": "low", **y}, "y2": {"field": "high"}, "color": colour},
        },
        {
            **only(names),
            "mark": {"type": "line", "strokeWidth": 1.8, "invalid": _GAP},
            "encoding": {
                "x": x,
                "y": {"field": "median", **y},
                "color": colour,
                "strokeDash": {"condition": _dash_condition(dashed), "value": [1, 0]} if dashed else {"value": [1, 0]},
                "tooltip": tooltip,
            },
        },
    ]
    grade = panel["grade"] + (" step" if panel["grade"] == "assumed" else "")
    return {
        "width": _WIDTH,
        "height": panel["height"],
        "title": {
            "text": panel["title"],
            "subtitle": f"basis of the numbers: {grade}",
            "fontSize": 12,
            "offset": 4,
        }
        | {"subtitleFontSize": 10.5, "subtitlePadding": 2},
        "layer": layers if with_band else layers[1:],
    }


def _cursor(view: Mapping[str, Any], index: int, at_h: float) -> dict[str, Any]:
    """A line across one panel at a time, on the axis that the panel has."""
    return {
        "name": f"{CURSOR}_{index}",
        "data": {"values": [{"at_h": at_h}]},
        "mark": {"type": "rule", "color": QUIET_INK, "strokeWidth": 1.5},
        "encoding": {"x": {**view["layer"][0]["encoding"]["x"], "field": "at_h"}},
    }


def _dash_condition(labels: Sequence[str]) -> dict[str, Any]:
    return {"test": {"field": "label", "oneOf": list(labels)}, "value": [5, 3]}


def _wrapped_unit(unit: str) -> list[str]:
    """A long unit on two lines, so that it fits the height of a low panel."""
    words = unit.split()
    half = (len(words) + 1) // 2
    return [unit] if len(unit) <= 18 else [" ".join(words[:half]), " ".join(words[half:])]


def _quantity_at(series: Series, index: int) -> dict[str, Any]:
    return {key: series[key][index] for key in ("median", "low", "high")}


def _table(simulation: Mapping[str, Any], panels: Sequence[Mapping[str, Any]]) -> list[Row]:
    times_h = simulation["times_h"]
    ticks = time_ticks(times_h[-1])
    rows: list[Row] = []
    for panel in panels:
        for entry in panel["series"]:
            series = simulation["series"][entry["name"]]
            for index in dict.fromkeys(nearest_index(times_h, tick) for tick in ticks):
                quantity = _quantity_at(series, index)
                rows.append(
                    {
                        "quantity (unit)": f"{entry['label']} ({panel['unit']})",
                        "time": duration(times_h[index]),
                        "median": quantity["median"],
                        f"{_PATIENTS}, low": quantity["low"],
                        f"{_PATIENTS}, high": quantity["high"],
                    }
                )
    return rows


def _summary(simulation: Mapping[str, Any], panels: Sequence[Mapping[str, Any]], notes: Sequence[str]) -> str:
    times_h = simulation["times_h"]
    sentences = [f"Stacked line charts over {duration(times_h[-1])} for {notes[0]}.", *notes[1:]]
    for panel in panels:
        for entry in panel["series"]:
            if entry.get("enantiomer"):
                continue
            series = simulation["series"][entry["name"]]
            kind, unit = panel["kind"], panel["unit"]
            if kind == "points":
                first, last = (interval(_quantity_at(series, i), kind)[0] for i in (0, -1))
                sentences.append(f"{entry['label']}: {first} at the start, {last} at the end ({unit}).")
                continue
            peak = max(range(len(times_h)), key=lambda index: series["median"][index] or 0.0)
            text = with_interval(_quantity_at(series, peak), kind)
            sentences.append(f"{entry['label']}: highest median {text} {unit} at {duration(times_h[peak])}.")
    return " ".join(sentences)


def cursor_places(simulation: Mapping[str, Any]) -> list[float]:
    """Where each output time stands on the axis of the panels, in pixels from their left edge."""
    times_h = simulation["times_h"]
    return [_WIDTH * place(time_h, float(times_h[-1]), 0.0) for time_h in times_h]
