"""The ledger: where each core-second goes, one bar a candidate, all of it accounted for."""

from __future__ import annotations

from collections.abc import Sequence

from cerberus_plan.planner.plan import Candidate
from cerberus_plan.reports.charts import theme
from cerberus_plan.reports.charts.figure import Figure, rounded, specification
from cerberus_plan.reports.formats import percent
from cerberus_plan.reports.pages import reading


def ledger(candidates: Sequence[tuple[str, Candidate]], *, name: str) -> Figure:
    """Stacked bars of the ledgers of a few candidates, side by side.

    Args:
        candidates: Pairs of a label and a candidate.
        name: Identifier of the figure on its page.
    """
    stations = reading.stations([candidate for _, candidate in candidates])
    return Figure(
        spec=specification(
            _chart(stations),
            {"shares": _rows(candidates, stations)},
            height=76 * len(candidates),
        ),
        name=name,
        title="Where each core-second goes",
        caption="Shares of the time of the cores used; every bar adds up to 100 %.",
        description=". ".join(_sentence(label, candidate) for label, candidate in candidates) + ".",
        columns=("station", *(label for label, _ in candidates)),
        rows=[(s, *(percent(c.ledger.get(s, 0.0)) for _, c in candidates)) for s in stations],
    )


def _sentence(label: str, candidate: Candidate) -> str:
    largest = sorted(candidate.ledger.items(), key=lambda item: -item[1])[:3]
    return f"{label}: " + ", ".join(f"{percent(share)} {station}" for station, share in largest)


def _rows(candidates: Sequence[tuple[str, Candidate]], stations: list[str]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for label, candidate in candidates:
        start = 0.0
        for station in stations:
            share = candidate.ledger.get(station, 0.0)
            rows.append({
                "label": label, "station": station, "first": station == stations[0],
                "start": rounded(start), "end": rounded(start + share), "middle": rounded(start + share / 2),
                "share": rounded(share), "text": percent(share) if share >= 0.055 else "",
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
                axis=alt.Axis(format="%", tickCount=5, grid=False)),
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
