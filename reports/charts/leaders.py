"""The splits worth comparing, one below the other, with their intervals and the runs that were made of them.

When not to use it: to judge two splits by their intervals alone; doubt that both share cancels, ties say what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cerberus_plan.planner.plan import Candidate, Plan
from cerberus_plan.reports.charts import theme
from cerberus_plan.reports.charts.figure import Figure, rounded, specification
from cerberus_plan.reports.formats import ends, estimate, percent
from cerberus_plan.reports.pages import reading

# Ties drawn; the map and the table beside it have all.
_MOST_TIES = 4
# Marks lie below the line of text that names their row [px].
_BELOW = 8


def leaders(plan: Plan, *, name: str) -> Figure:
    """A row a split: its expected throughput, its interval, and what was measured of it.

    Args:
        plan: The plan.
        name: Identifier of the figure on its page.
    """
    shown = worth_comparing(plan)
    runs = [(c, run) for _, c in shown for run in reading.measured_of(plan, c)]
    told = " Diamonds are runs." if runs else ""
    return Figure(
        name=name,
        title=f"The splits worth comparing [{plan.workload.unit}]",
        caption=f"The dot is the expected throughput, the line its 90 % interval.{told}",
        description=". ".join(f"{title}: {_told(c)}, {ends(c.low, c.high)}" for title, c in shown) + ".",
        spec=specification(
            _chart(plan.workload.unit, runs=bool(runs)),
            {
                "splits": [_row(title, c, chosen=c is plan.best) for title, c in shown],
                "runs": [{"place": _place(c), "value": rounded(run.value)} for c, run in runs],
            },
            height=40 * len(shown) + 24,
        ),
        columns=("split", "which", f"throughput [{plan.workload.unit}]", "90 % interval", "expected loss"),
        rows=[(f"{reading.split_text(c)}, {c.system}", title, _told(c), ends(c.low, c.high), percent(c.regret))
              for title, c in shown],
    )  # fmt: skip


def worth_comparing(plan: Plan) -> list[tuple[str, Candidate]]:
    """The recommended split, its closest rivals, and what else people would choose, each once."""
    today = reading.one_big_os(plan)
    wanted: Sequence[tuple[str, Candidate | None]] = (
        ("recommended", plan.best),
        *(("cannot be told from it", tie) for tie in plan.ties[:_MOST_TIES]),
        ("best on all cores", plan.best_all_cores),
        ("best single instance", plan.best_single),
        ("one OS on all cores", today),
    )
    found: list[tuple[str, Candidate]] = []
    for title, candidate in wanted:
        if candidate is None:
            continue
        same = next((at for at, (_, known) in enumerate(found) if reading.same_split(known, candidate)), None)
        if same is None:
            found.append((title, candidate))
        elif title != "cannot be told from it":
            found[same] = (f"{found[same][0]}, {title}", candidate)
    return found


def _told(c: Candidate) -> str:
    return estimate(c.throughput, c.low, c.high)


def _place(c: Candidate) -> str:
    return f"{c.system} {reading.split_text(c)}"


def _row(title: str, c: Candidate, *, chosen: bool) -> dict[str, Any]:
    return {
        "place": _place(c),
        "text": f"{reading.split_text(c)}, {c.system}: {title}",
        "throughput": rounded(c.throughput),
        "low": rounded(c.low),
        "high": rounded(c.high),
        "told": _told(c),
        "interval": ends(c.low, c.high),
        "chosen": chosen,
    }


def _chart(unit: str, *, runs: bool) -> object:
    import altair as alt

    y = alt.Y("place:N", sort=None, title=None, axis=None)
    axis = {"title": None, "scale": alt.Scale(zero=True), "axis": alt.Axis(tickCount=5)}
    tooltip = [
        alt.Tooltip("text:N", title="split"),
        alt.Tooltip("told:N", title=unit),
        alt.Tooltip("interval:N", title="90 % interval"),
    ]
    splits = alt.Chart(alt.NamedData(name="splits")).encode(y=y)
    lines = splits.mark_rule(stroke=theme.MUTED, strokeWidth=2, yOffset=_BELOW).encode(
        x=alt.X("low:Q", **axis), x2="high"
    )
    dots = splits.mark_point(size=80, filled=True, opacity=1, yOffset=_BELOW).encode(
        x=alt.X("throughput:Q", **axis),
        color=alt.condition("datum.chosen", alt.value(theme.ACCENT), alt.value(theme.MUTED)),
        tooltip=tooltip,
    )
    names = splits.mark_text(**theme.NAME, dy=-10, fontSize=12).encode(x=alt.value(0), text="text:N")
    if not runs:
        return alt.layer(lines, dots, names)
    diamonds = (
        alt.Chart(alt.NamedData(name="runs"))
        .mark_point(
            size=70, shape="diamond", filled=False, stroke=theme.INK, strokeWidth=1.8, opacity=1, yOffset=_BELOW
        )
        .encode(x=alt.X("value:Q", **axis), y=y, tooltip=[alt.Tooltip("value:Q", title="measured", format=",.4~r")])
    )
    return alt.layer(lines, dots, diamonds, names)
