"""Plans, fits and profiles in a notebook: they show themselves, and give their numbers as a data frame.

``register`` gives the classes the display hook that notebooks look for (``_repr_html_``); the front door's functions
call it, so that the planner need not know how it is told. Charts are drawn as still pictures, which every notebook
shows without network. When not to use it: for a file to hand on; write a report.
"""

from __future__ import annotations

import html as escaping
import re
from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.calibration.curves.document import document as fit_document
from cerberus_plan.calibration.curves.fit import Fit
from cerberus_plan.calibration.store.profile import Profile
from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.model.shown import HTML
from cerberus_plan.planner.plan import Plan
from cerberus_plan.reports.charts.figure import Figure
from cerberus_plan.reports.charts.forecast import forecast
from cerberus_plan.reports.charts.latency import latency
from cerberus_plan.reports.charts.scaling import scaling
from cerberus_plan.reports.charts.split_map import split_map
from cerberus_plan.reports.formats import ends, estimate, known, percent
from cerberus_plan.reports.pages import reading

_WIDTH = 640
# Rows of a table in a cell's output; the frame has them all.
_MOST_ROWS = 8
# What the style sheet of a page would fill in; a notebook's background is unknown, so everything stands on white.
_COLOURS = {
    "paper": "#ffffff", "ink": "#161b22", "muted": "#57606c", "line": "#dfe3e8", "accent": "#0067a6",
    "orange": "#e69f00", "green": "#009e73", "vermillion": "#d55e00", "purple": "#cc79a7", "sky": "#56b4e9",
    "yellow": "#f0e442", "grey": "#8a929d", "on-accent": "#ffffff", "sans": "sans-serif",
}  # fmt: skip
_VARIABLE = re.compile(r"var\(--([a-z-]+)\)")


def register() -> None:
    """Let plans, fits and profiles show themselves in notebooks."""
    HTML.update({Plan: plan_html, Fit: fit_html, Profile: profile_html})


def frame(thing: Plan | Fit | Profile) -> Any:
    """The numbers as a pandas data frame: candidates of a plan, predictions of a fit, quantities of a profile.

    Raises:
        CannotAnswerError: pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise CannotAnswerError("a data frame needs pandas; install it (pip install pandas)") from error
    return pd.DataFrame(_records(thing))


def _records(thing: Plan | Fit | Profile) -> list[dict[str, Any]]:
    if isinstance(thing, Plan):
        kept = [candidate.to_json() for candidate in thing.candidates]
        return [{name: value for name, value in row.items() if name != "ledger"} for row in kept]
    if isinstance(thing, Fit):
        rows: list[dict[str, Any]] = fit_document(thing)["predictions"]
        return rows
    return [
        {"name": name, "value": q.value, "unit": q.unit, "low": q.low, "high": q.high, "provenance": str(q.provenance)}
        for name, q in thing.quantities.items()
    ]


def plan_html(plan: Plan) -> str:
    """Verdict, split map, scaling and the best candidates."""
    clustered = reading.clustered_systems(plan)
    figures = [split_map(plan, clustered[0], name="map")] if clustered else []
    rows = [
        (
            reading.split_text(c), c.system, estimate(c.throughput, c.low, c.high, plan.workload.unit),
            ends(c.low, c.high), percent(c.probability_best),
        )
        for c in plan.candidates[:_MOST_ROWS]
    ]  # fmt: skip
    columns = ("split", "system", "throughput", "90 % interval", "chance to be best")
    return _cell(plan.verdict, plan.reason, [*figures, scaling(plan, name="scaling")], columns, rows)


def fit_html(fit: Fit) -> str:
    """Verdict, forecast and predictions."""
    document = fit_document(fit)
    figure = forecast(document, name="forecast")
    return _cell(document["verdict"], "", [figure], figure.columns, figure.rows)


def profile_html(profile: Profile) -> str:
    """Verdict, latency map and quantities."""
    figures = [latency(profile.latency, profile.topology, name="latency")] if len(profile.latency) > 1 else []
    rows = [(name.replace("_", " "), *known(one), str(one.provenance)) for name, one in profile.quantities.items()]
    title = f"{profile.host.name}: {profile.run.get('verdict', 'not judged')}"
    return _cell(title, profile.host.processor, figures, ("quantity", "value", "90 % interval", "known how"), rows)


def _cell(
    title: str, text: str, figures: Sequence[Figure], columns: Sequence[str], rows: Sequence[Sequence[str]]
) -> str:
    """The output of a cell: everything escaped, charts as pictures, on white."""
    said = escaping.escape
    head = "".join(f"<th>{said(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{said(cell)}</td>' for cell in row)}</tr>" for row in rows)
    pictures = "".join(
        f'<figure role="img" aria-label="{said(one.description)}" style="margin:1em 0">'
        f"<figcaption><b>{said(one.title)}</b></figcaption>{_picture(one)}</figure>"
        for one in figures
    )
    return (
        '<div style="background:#fff;color:#161b22;padding:1em;font-family:sans-serif;max-width:44em">'
        f'<p style="font-size:1.2em;font-weight:600;margin:0 0 .3em">{said(title)}</p><p>{said(text)}</p>{pictures}'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _picture(figure: Figure) -> str:
    """The chart as SVG; without vl-convert a sentence that says what to install."""
    try:
        import vl_convert
    except ImportError:
        return "<p>install cerberus-plan[notebook] to see this chart here</p>"

    spec = _coloured({**figure.spec, "width": _WIDTH})
    return str(vl_convert.vegalite_to_svg(spec))


def _coloured(value: Any) -> Any:
    """A specification with the style sheet's names replaced by colours."""
    if isinstance(value, str):
        return _VARIABLE.sub(lambda match: _COLOURS[match.group(1)], value) if "var(--" in value else value
    if isinstance(value, Mapping):
        return {key: _coloured(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_coloured(inner) for inner in value]
    return value
