"""Model and simulation side by side: how many are present at each station, a pair of marks a station."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.model.digits import counted
from cerberus_plan.reports.charts import theme
from cerberus_plan.reports.charts.figure import Figure, rounded, specification
from cerberus_plan.reports.formats import number, percent, quantity

_MOST_ROWS = 24


def dumbbell(stations: Sequence[Mapping[str, Any]], *, name: str) -> Figure:
    """Queue lengths of the first instance's stations and of the shared ones.

    Args:
        stations: Rows of ``simulate --json``.
        name: Identifier of the figure on its page.
    """
    shown = [one for one in stations if one["instance"] in (0, None)][:_MOST_ROWS]
    worst = max(shown, key=lambda one: abs(_present(one, "analytic") - _present(one, "simulated")))
    return Figure(
        name=name,
        title="Who is where",
        caption="Mean number present at each station of the first instance and at the shared ones.",
        description=(
            f"Pairs of marks of {counted(len(shown), 'station')}; they differ most at the {worst['name']}: "
            f"{number(_present(worst, 'analytic'))} by the model, {number(_present(worst, 'simulated'))} simulated."
        ),
        spec=specification(_chart(), {"stations": [_row(one) for one in shown]}, height=38 * len(shown) + 20),
        columns=(
            "station", "of", "present: model", "simulated", "busy: model", "simulated", "time: model", "simulated",
        ),
        rows=[_table_row(one) for one in stations],
    )  # fmt: skip


def _present(one: Mapping[str, Any], which: str) -> float:
    return float(one[which]["queue_length"])


def _title(one: Mapping[str, Any]) -> str:
    return one["name"] if one["instance"] is not None else f"{one['name']} (shared)"


def _row(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "station": _title(one),
        "model": rounded(_present(one, "analytic")),
        "simulated": rounded(_present(one, "simulated")),
    }


def _table_row(one: Mapping[str, Any]) -> tuple[str, ...]:
    model, simulated = one["analytic"], one["simulated"]
    return (
        one["name"],
        "all" if one["instance"] is None else f"instance {one['instance'] + 1}",
        *(number(each["queue_length"], 4) for each in (model, simulated)),
        *(percent(each["utilisation"]) for each in (model, simulated)),
        *("-" if each["residence"] is None else quantity(each["residence"], "s") for each in (model, simulated)),
    )


def _chart() -> object:
    import altair as alt

    base = alt.Chart(alt.NamedData(name="stations"))
    y = alt.Y("station:N", sort=None, title=None, axis=None)
    place = {"x": alt.X("model:Q", title=None, scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=6)), "y": y}
    tooltip = [
        alt.Tooltip("station:N"),
        alt.Tooltip("model:Q", format=",.4~r"),
        alt.Tooltip("simulated:Q", format=",.4~r"),
    ]
    labels = base.mark_text(**theme.NAME, dy=-12, color=theme.MUTED).encode(x=alt.value(0), y=y, text="station:N")
    # one key for colour and shape: a ring about a diamond is drawn, and the key says which is which
    key = alt.Legend(symbolFillColor="transparent")
    names = ["model", "simulated"]
    kind = {"scale": alt.Scale(domain=names, range=[theme.ACCENT, theme.ORANGE]), "legend": key}
    form = {"scale": alt.Scale(domain=names, range=["diamond", "circle"]), "legend": key}
    marks = [
        base.mark_point(size=90, filled=filled, strokeWidth=2.2, opacity=1).encode(
            x=alt.X(f"{field}:Q"), y=y, color=alt.Color("kind:N", **kind), shape=alt.Shape("kind:N", **form),
            tooltip=tooltip,
        ).transform_calculate(kind=f"'{field}'")
        for field, filled in (("simulated", False), ("model", True))
    ]  # fmt: skip
    return alt.layer(base.mark_rule(stroke=theme.MUTED).encode(**place, x2="simulated"), labels, *marks)
