"""Errors of the model against published numbers: a dot a quantity, the aim of 10 % as a band, misfits not hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.reports.charts import theme
from cerberus_plan.reports.charts.figure import Figure, rounded, specification
from cerberus_plan.reports.formats import SIGNS, exact, number, signed_percent

# What the model aims at, and how far the axis reaches; dots beyond sit on its edge with their error beside them.
_AIM = 0.10
_REACH = 0.45
# Marks lie below the line of text that names their row [px].
_BELOW = 8
ROLES = {
    "predicted": "predicted: used for no value",
    "calibrated": "calibrated: in the fit",
    "reported": "reported only",
}


def errors(facts: Sequence[Mapping[str, Any]], *, name: str) -> Figure:
    """Relative errors of all facts with a prediction that are not inputs, by role and size.

    Args:
        facts: Rows of ``reproduce --json``.
        name: Identifier of the figure on its page.
    """
    roles = list(ROLES)
    shown = [fact for fact in facts if fact["error"] is not None and fact["role"] in ROLES]
    shown.sort(key=lambda fact: (roles.index(fact["role"]), abs(fact["error"])))
    inside = sum(abs(fact["error"]) <= _AIM for fact in shown)
    return Figure(
        name=name,
        title="How far the model is from each published number",
        caption=(
            "The band is 10 % either way. A ring is the error when the fit does not see that number. Numbers beyond "
            "the edge are written out."
        ),
        description=f"Dots, one a quantity; {inside} of {len(shown)} lie within 10 % of the published number.",
        spec=specification(
            _chart(),
            {"facts": _rows(shown), "aim": [{"low": -_AIM, "middle": 0.0, "high": _AIM}]},
            height=38 * len(shown) + 20,
        ),
        columns=("quantity", "role", "published", "model", "error", "error when left out", "where"),
        rows=[table_row(fact) for fact in shown],
    )


def table_row(fact: Mapping[str, Any]) -> tuple[str, ...]:
    """A fact as text."""
    unit = "" if fact["unit"] == "1" else f" {SIGNS.get(fact['unit'], fact['unit'])}"
    return (
        fact["about"],
        fact["role"],
        f"{exact(fact['published'])}{unit}",
        "–" if fact["predicted"] is None else f"{number(fact['predicted'], 4)}{unit}",
        signed_percent(fact["error"]),
        signed_percent(fact["error_left_out"]),
        fact["where"],
    )


def _rows(shown: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "about": fact["about"],
            "role": ROLES[fact["role"]],
            "error": _inside(fact["error"]),
            "left_out": None if fact["error_left_out"] is None else _inside(fact["error_left_out"]),
            "beyond": signed_percent(fact["error"]) if abs(fact["error"]) > _REACH else "",
            "text": signed_percent(fact["error"]),
            "published": rounded(fact["published"]),
            "model": rounded(fact["predicted"]),
            "where": fact["where"],
        }
        for fact in shown
    ]


def _inside(error: float) -> float | None:
    return rounded(min(max(error, -_REACH), _REACH))


def _chart() -> object:
    import altair as alt

    data = alt.Chart(alt.NamedData(name="facts"))
    reach = alt.Scale(domain=[-_REACH, _REACH], nice=False)
    x = alt.X("error:Q", title=None, scale=reach, axis=alt.Axis(format="+.0%", tickCount=7, labelExpr=theme.PERCENT))
    y = alt.Y("about:N", title=None, sort=None, axis=None)
    roles = list(ROLES.values())
    colour = {"scale": alt.Scale(domain=roles, range=[theme.GREEN, theme.ACCENT, theme.GREY])}
    shape = {"scale": alt.Scale(domain=roles, range=["diamond", "circle", "square"])}
    tooltip = [
        alt.Tooltip("about:N", title="quantity"),
        alt.Tooltip("published:Q"),
        alt.Tooltip("model:Q"),
        alt.Tooltip("text:N", title="error"),
        alt.Tooltip("where:N"),
    ]
    aim = alt.Chart(alt.NamedData(name="aim"))
    band = aim.mark_rect(fill=theme.ACCENT, opacity=0.1).encode(x=alt.X("low:Q", scale=reach), x2="high")
    rule = aim.mark_rule(stroke=theme.MUTED, strokeWidth=1).encode(x=alt.X("middle:Q", scale=reach))
    labels = data.mark_text(align="left", dy=-11, fontSize=11.5, color=theme.MUTED).encode(
        x=alt.value(0), y=y, text="about:N"
    )
    stems = data.mark_rule(stroke=theme.MUTED, strokeWidth=1, yOffset=_BELOW).encode(
        x=x, x2="left_out", y=y, opacity=alt.condition("datum.left_out === null", alt.value(0), alt.value(0.6))
    )
    left_out = (
        data.transform_filter("datum.left_out !== null")
        .mark_point(
            size=46, filled=False, strokeWidth=1.4, stroke=theme.MUTED, fill=theme.PAPER, opacity=1, yOffset=_BELOW
        )
        .encode(x=alt.X("left_out:Q", scale=reach), y=y)
    )
    dots = data.mark_point(size=74, filled=True, opacity=1, yOffset=_BELOW).encode(
        x=x,
        y=y,
        color=alt.Color("role:N", sort=None, **colour),
        shape=alt.Shape("role:N", sort=None, **shape),
        tooltip=tooltip,
    )
    beyond = data.transform_filter("datum.beyond !== ''").encode(x=x, y=y, text="beyond:N")
    return alt.layer(
        band,
        rule,
        labels,
        stems,
        left_out,
        dots,
        beyond.transform_filter("datum.error > 0").mark_text(align="right", dx=-9, fontWeight=600, yOffset=_BELOW),
        beyond.transform_filter("datum.error < 0").mark_text(align="left", dx=9, fontWeight=600, yOffset=_BELOW),
    )
