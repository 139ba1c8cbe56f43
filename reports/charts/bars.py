"""Bars of shares, one below the other, each named on a line of its own: prices, times, parts of a whole."""

from __future__ import annotations

from collections.abc import Sequence

from cerberus_plan.reports.charts import theme
from cerberus_plan.reports.charts.figure import Figure, rounded, specification
from cerberus_plan.reports.formats import percent


def bars(given: Sequence[tuple[str, float]], *, name: str, title: str, caption: str, column: str) -> Figure:
    """The bars.

    Args:
        given: Names and shares (1 is 100 %), at least one.
        name: Identifier of the figure on its page.
        title: What it shows.
        caption: How to read it.
        column: Heading of the shares.
    """
    return Figure(
        name=name,
        title=title,
        caption=caption,
        description=f"{title}. " + ", ".join(f"{what} {percent(share)}" for what, share in given) + ".",
        spec=specification(
            _chart(),
            {
                "bars": [
                    {"bar": f"{at}", "text": f"{what}: {percent(share)}", "zero": 0.0, "share": rounded(share)}
                    for at, (what, share) in enumerate(given)
                ]
            },
            height=40 * len(given) + 24,
        ),
        columns=("", column),
        rows=[(what, percent(share)) for what, share in given],
    )


def _chart() -> object:
    import altair as alt

    base = alt.Chart(alt.NamedData(name="bars")).encode(y=alt.Y("bar:N", sort=None, title=None, axis=None))
    drawn = base.mark_bar(size=12, yOffset=9, fill=theme.ACCENT).encode(
        x=alt.X("zero:Q", title=None, axis=alt.Axis(format="%", tickCount=5, labelExpr=theme.PERCENT)), x2="share"
    )
    return alt.layer(drawn, base.mark_text(**theme.NAME, dy=-8, fontSize=12).encode(x=alt.value(0), text="text:N"))
