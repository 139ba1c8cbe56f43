"""The ledger: where each core-second goes, one bar a candidate, all of it accounted for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cerberus_plan.reports.charts import theme
from cerberus_plan.reports.charts.figure import Figure, rounded, specification
from cerberus_plan.reports.formats import percent
from cerberus_plan.reports.pages import reading

# Colours that can be told apart; what takes least is drawn as one part.
_MOST, _REST = 1 + len(theme.CATEGORIES), "the rest"
# Share of a bar that has room for its number on a phone.
_ROOM = 0.1
Shares = Mapping[str, float]


def ledger(
    bars: Sequence[tuple[str, Shares]],
    *,
    name: str,
    title: str = "Where each core-second goes",
    caption: str = "Shares of the time of the cores used; every bar adds up to 100 %.",
) -> Figure:
    """Stacked bars, one below the other.

    Args:
        bars: Pairs of a label and shares by station, which sum to 1.
        name: Identifier of the figure on its page.
        title: What it shows.
        caption: How to read it.
    """
    stations = reading.stations([shares for _, shares in bars])
    drawn = stations if len(stations) <= _MOST else [*stations[: _MOST - 1], _REST]
    return Figure(
        spec=specification(_chart(drawn), {"shares": _rows(bars, drawn)}, height=76 * len(bars)),
        name=name,
        title=title,
        caption=caption,
        description=". ".join(_sentence(label, shares) for label, shares in bars) + ".",
        columns=("station", *(label for label, _ in bars)),
        rows=[(s, *(percent(shares.get(s, 0.0)) for _, shares in bars)) for s in stations],
    )


def _sentence(label: str, shares: Shares) -> str:
    largest = sorted(shares.items(), key=lambda item: -item[1])[:3]
    return f"{label}: " + ", ".join(f"{percent(share)} {station}" for station, share in largest)


def _rows(bars: Sequence[tuple[str, Shares]], stations: list[str]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for label, shares in bars:
        start = 0.0
        for station in stations:
            rest = 1.0 - start if station == _REST else 0.0
            share = shares.get(station, rest)
            rows.append({
                "label": label, "station": station, "first": station == stations[0],
                "start": rounded(start), "end": rounded(start + share), "middle": rounded(start + share / 2),
                "share": rounded(share), "text": percent(share) if share >= _ROOM else "",
            })  # fmt: skip
            start += share
    return rows


def _chart(stations: list[str]) -> object:
    import altair as alt

    colours = _colours(stations)
    inks = [theme.ON_COLOUR[colour] for colour in colours]
    base = alt.Chart(alt.NamedData(name="shares")).encode(
        y=alt.Y("label:N", title=None, sort=None, axis=None),
        tooltip=[alt.Tooltip("label:N", title="split"), alt.Tooltip("station:N"), alt.Tooltip("share:Q", format=".2%")],
    )
    bars = base.mark_bar(size=30, stroke=theme.PAPER, strokeWidth=1).encode(
        x=alt.X("start:Q", title=None, scale=alt.Scale(domain=[0, 1], nice=False),
                axis=alt.Axis(format="%", tickCount=5, grid=False, labelExpr=theme.PERCENT)),
        x2="end",
        color=alt.Color("station:N", sort=None, scale=alt.Scale(domain=stations, range=colours),
                        legend=alt.Legend(orient="bottom", columns=2, symbolType="square", labelLimit=300)),
    )  # fmt: skip
    shares = base.mark_text(fontWeight=600).encode(
        x="middle:Q",
        text="text:N",
        color=alt.Color("station:N", scale=alt.Scale(domain=stations, range=inks), legend=None),
    )
    labels = (
        base.transform_filter("datum.first")
        .mark_text(align="left", dy=-27, fontSize=13, fontWeight=600, color=theme.INK)
        .encode(x=alt.value(0), text="label:N")
    )
    return alt.layer(bars, shares, labels).resolve_scale(color="independent")


def _colours(stations: list[str]) -> list[str]:
    others = iter(range(len(stations)))
    return [
        theme.ACCENT if station in reading.USEFUL else theme.CATEGORIES[next(others) % len(theme.CATEGORIES)]
        for station in stations
    ]
