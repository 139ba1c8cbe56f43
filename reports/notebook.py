"""Plans, fits, fleets and profiles in a notebook: they show themselves.

``register`` gives the classes the display hook that notebooks look for (``_repr_html_``); the front door's functions
call it, so that the planner need not know how it is told. Charts are drawn as still pictures, which every notebook
shows without network. When not to use it: for a file to hand on, write a report; for numbers, ``frames``.
"""

from __future__ import annotations

import html as escaping
import re
from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.calibration.curves.document import document as fit_document
from cerberus_plan.calibration.curves.fit import Fit
from cerberus_plan.calibration.splits.document import document as splits_document
from cerberus_plan.calibration.splits.fit import SplitFit
from cerberus_plan.calibration.store.profile import Profile
from cerberus_plan.model.shown import HTML
from cerberus_plan.planner.fleet.fleet_plan import FleetPlan
from cerberus_plan.planner.plan import Plan
from cerberus_plan.reports import fleet_words, splits_words
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
    """Let answers show themselves in notebooks."""
    HTML.update({
        Plan: plan_html, Fit: fit_html, SplitFit: splits_html, FleetPlan: fleet_html, Profile: profile_html,
    })  # fmt: skip


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


def splits_html(fit: SplitFit) -> str:
    """Verdict and every split, in their order."""
    document = splits_document(fit)
    rows = [
        (
            splits_words.name(one), estimate(one["value"], one["low"], one["high"]), ends(one["low"], one["high"]),
            "measured" if one["measured"] else "", percent(one["probability_best"]), percent(one["regret"]),
        )
        for one in document["splits"]
    ]  # fmt: skip
    columns = ("split", document["quantity"], "90 % interval", "", "chance to be best", "expected loss")
    return _cell(splits_words.verdict(document), "", [], columns, rows)


def fleet_html(answer: FleetPlan) -> str:
    """Verdict and who runs where; what is missing where the rates cannot be kept."""
    document = answer.to_json()
    rows = [
        (row["workload"], f"{row['machines']} {row['machine']}", fleet_words.split_words(row), fleet_words.load(row))
        for row in document["assignments"]
    ]
    missing = () if document["feasible"] else (*fleet_words.shortfall(document), *fleet_words.purchases(document))
    columns = ("workload", "machines", "split of each", "load of each")
    return _cell(" ".join(fleet_words.verdict(document)), " ".join(missing), [], columns, rows)


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
