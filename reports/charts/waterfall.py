"""A waterfall: from one number to another by factors, a row each, every bar beginning where the last one ended.

    x_0 = first,  x_i = x_(i-1) f_i,  x_n = last                    equal factors are equally long

Assumptions: the factors multiply to last / first. When not to use it: for parts that add up; those are ``bars``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from cerberus_plan.reports.charts import theme
from cerberus_plan.reports.charts.figure import Figure, rounded, specification
from cerberus_plan.reports.formats import ends, estimate, number

# Value with its 90 % interval.
Spread = tuple[float, float, float]


def waterfall(
    first: tuple[str, Spread],
    factors: Sequence[tuple[str, float]],
    last: tuple[str, Spread],
    *,
    unit: str,
    name: str,
    title: str,
    caption: str,
    told: Callable[[float], str] = number,
) -> Figure:
    """The chart.

    Args:
        first: Name and value of where it begins.
        factors: Name and factor of each step, in the order in which they are drawn.
        last: Name and value of where it ends.
        unit: Of the values.
        name: Identifier of the figure on its page.
        title: What it shows.
        caption: How to read it.
        told: A factor as text.
    """
    totals = (first, last)
    steps = [(f"{what}: × {told(factor)}", factor) for what, factor in factors]
    return Figure(
        name=name,
        title=title,
        caption=caption,
        description=f"{title}. {_told(first, unit)}; "
        + "; ".join(f"{what} makes it × {told(factor)}" for what, factor in factors)
        + f"; {_told(last, unit)}.",
        spec=specification(
            _chart(_kinds(factors)),
            {
                "rows": list(_rows(first, steps, last, unit)),
                "lines": [{"row": row, "low": rounded(spread[1]), "high": rounded(spread[2])}
                          for row, (_, spread) in zip(("first", "last"), totals, strict=True)],
            },
            height=46 * (len(factors) + 2) + 24,
        ),
        columns=("", "factor", f"value [{unit}]", "90 % interval"),
        rows=[
            (first[0], "–", estimate(*first[1]), ends(*first[1][1:])),
            *((what, f"× {told(factor)}", "–", "–") for what, factor in factors),
            (last[0], "–", estimate(*last[1]), ends(*last[1][1:])),
        ],
    )  # fmt: skip


def _kinds(factors: Sequence[tuple[str, float]]) -> list[str]:
    """Kinds of bars that are drawn: the key names no other."""
    return [kind for kind in ("more", "less") if any(_kind(factor) == kind for _, factor in factors)]


def _kind(factor: float) -> str:
    return "more" if factor >= 1.0 else "less"


def _told(total: tuple[str, Spread], unit: str) -> str:
    return f"{total[0]} {estimate(*total[1], unit)}"


def _rows(
    first: tuple[str, Spread], factors: Sequence[tuple[str, float]], last: tuple[str, Spread], unit: str
) -> Iterator[dict[str, Any]]:
    at = first[1][0]
    yield _row("first", f"{first[0]}: {estimate(*first[1], unit)}", at, at, "total")
    for number_, (text, factor) in enumerate(factors):
        yield _row(f"{number_}", text, at, at * factor, _kind(factor))
        at *= factor
    yield _row("last", f"{last[0]}: {estimate(*last[1], unit)}", last[1][0], last[1][0], "total")


def _row(row: str, text: str, start: float, end: float, kind: str) -> dict[str, Any]:
    return {"row": row, "text": text, "from": rounded(start), "to": rounded(end), "kind": kind}


def _chart(kinds: list[str]) -> object:
    import altair as alt

    y = alt.Y("row:N", sort=None, title=None, axis=None)
    scale = alt.Scale(type="log", nice=False, padding=24)
    x = {"title": None, "scale": scale, "axis": alt.Axis(tickCount=5, format=",.4~r")}
    rows = alt.Chart(alt.NamedData(name="rows")).encode(y=y)
    names = rows.mark_text(**theme.NAME, dy=-10, fontSize=12).encode(x=alt.value(0), text="text:N")
    colour = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=kinds, range=[{"more": theme.ACCENT, "less": theme.VERMILLION}[kind] for kind in kinds]),
        legend=alt.Legend(symbolType="square"),
    )
    bars = (
        rows.transform_filter(alt.datum.kind != "total")
        .mark_bar(size=12, yOffset=9)
        .encode(x=alt.X("from:Q", **x), x2="to", color=colour)
    )
    lines = (
        alt.Chart(alt.NamedData(name="lines"))
        .mark_rule(strokeWidth=2, opacity=0.6, yOffset=9, stroke=theme.INK)
        .encode(x=alt.X("low:Q", **x), x2="high", y=y)
    )
    dots = (
        rows.transform_filter(alt.datum.kind == "total")
        .mark_point(size=70, filled=True, opacity=1, color=theme.INK, yOffset=9)
        .encode(x=alt.X("to:Q", **x))
    )
    return alt.layer(names, bars, lines, dots)
