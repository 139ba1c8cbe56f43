"""The look of all charts: colours as names that the page's style sheet fills in, so that light, dark and print agree.

Colours of categories are those of Okabe and Ito, which people with any common colour blindness can tell apart;
shape, position or a label always says the same again.
Source: Okabe, Ito, Color Universal Design (2008).
"""

from __future__ import annotations

from typing import Any

INK = "var(--ink)"
MUTED = "var(--muted)"
LINE = "var(--line)"
PAPER = "var(--paper)"
ACCENT = "var(--accent)"

BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, YELLOW, GREY = (
    f"var(--{name})" for name in ("accent", "orange", "green", "vermillion", "purple", "sky", "yellow", "grey")
)
# for what has no colour of its own, in this order
CATEGORIES = (ORANGE, GREEN, VERMILLION, PURPLE, SKY, YELLOW, GREY)
# text on a patch of each colour
ON_COLOUR = {colour: f"var(--on-{colour[6:-1]})" for colour in (BLUE, *CATEGORIES)}

SYSTEMS = {
    "linux": GREY,
    "xen-linux": ORANGE,
    "xen-linux-shadow": VERMILLION,
    "cerberus": BLUE,
    "kvm": GREEN,
    "processes": PURPLE,
}
SHAPES = {
    "linux": "circle",
    "xen-linux": "square",
    "xen-linux-shadow": "triangle-up",
    "cerberus": "diamond",
    "kvm": "cross",
    "processes": "triangle-down",
}

# The name of a row, above what is drawn of it; one wider than the chart is cut, and whole in the table below.
NAME: dict[str, Any] = {"align": "left", "limit": {"expr": "width"}}
# Label of an axis of shares: a blank before the sign, as in every sentence beside it.
PERCENT = "replace(datum.label, '%', '\u00a0%')"

_TEXT = {"labelColor": MUTED, "titleColor": MUTED, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": 500}
CONFIG: dict[str, Any] = {
    "background": None,
    "aria": False,  # the figure around the chart speaks for it; a label for each mark would drown it
    "font": "var(--sans)",
    "view": {"stroke": None},
    "axis": {
        **_TEXT,
        "domainColor": LINE,
        "tickColor": LINE,
        "gridColor": LINE,
        "gridOpacity": 0.7,
        "labelPadding": 6,
        "titlePadding": 10,
        "ticks": False,
        "domain": False,
        "labelOverlap": "greedy",
        "labelSeparation": 5,
    },
    "axisY": {"titleAngle": 0, "titleAlign": "left", "titleAnchor": "start", "titleY": -12, "titleX": 0},
    "legend": {
        **_TEXT,
        "orient": "top",
        "title": None,
        "symbolStrokeWidth": 2,
        "padding": 0,
        "offset": 14,
        "labelLimit": 300,
    },
    "text": {"color": INK, "fontSize": 12},
    "rule": {"color": MUTED},
    "line": {"strokeWidth": 2.25, "strokeJoin": "round"},
    "point": {"size": 64, "filled": True},
}

# Behind a text that lies on lines: drawn first, so that the text stays readable.
HALO = {"stroke": PAPER, "strokeWidth": 4, "strokeJoin": "round"}

# for lines over bands: without it the key shows the pale band
LINE_LEGEND = {"symbolType": "stroke", "symbolOpacity": 1, "symbolFillColor": "transparent", "symbolStrokeWidth": 3}


def system_colours(names: list[str]) -> tuple[list[str], list[str]]:
    """Colour and shape of each system; unknown ones get the categories not taken yet."""
    spare = [colour for colour in CATEGORIES if colour not in {SYSTEMS.get(name) for name in names}] or [GREY]
    colours, shapes, unknown = [], [], 0
    for name in names:
        if name not in SYSTEMS:
            unknown += 1
        colours.append(SYSTEMS.get(name, spare[(unknown - 1) % len(spare)]))
        shapes.append(SHAPES.get(name, "circle"))
    return colours, shapes
