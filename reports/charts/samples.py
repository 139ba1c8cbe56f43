"""Raw samples of every case, against the case's estimate: how steady a measurement was, row by row.

All rows share one axis because each sample is divided by its case's value; nothing is left out: samples beyond the
axis sit on its edge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.calibration.harness.case import Batch
from cerberus_plan.calibration.harness.statistics import Estimate
from cerberus_plan.model.digits import counted
from cerberus_plan.reports.charts import theme
from cerberus_plan.reports.charts.figure import Figure, rounded, specification
from cerberus_plan.reports.formats import prefixed, quantity

_LEAST, _MOST = 0.7, 5.0
# Marks lie below the line of text that names their row [px].
_BELOW = 7


def samples(batches: Mapping[str, Sequence[Batch]], estimates: Mapping[str, Estimate | None], *, name: str) -> Figure:
    """One row a case: its batches as ticks, its interval as a bar.

    Args:
        batches: Raw batches by case, warm-ups (round -1) among them; these are not drawn.
        estimates: The estimate of each case, None where too few batches were clean.
        name: Identifier of the figure on its page.
    """
    shown = {case: estimate for case in batches if (estimate := estimates[case]) is not None}
    timed = {case: [batch for batch in batches[case] if batch.round >= 0] for case in shown}
    total = sum(len(kept) for kept in timed.values())
    return Figure(
        name=name,
        title="Every sample",
        caption=(
            "Each mark is a batch, divided by the value of its row: dark ones count, orange ones were disturbed and "
            "put aside. The bar is the 90 % interval of the value. Marks beyond five times lie on the edge."
        ),
        description=f"Strip chart of {counted(total, 'sample')} of {counted(len(shown), 'case')} around their values.",
        spec=specification(
            _chart(),
            {
                "batches": [row for case, kept in timed.items() for row in _marks(case, kept, shown[case].value)],
                "cases": [_case(case, estimate) for case, estimate in shown.items()],
            },
            height=36 * len(shown) + 24,
        ),
        columns=("case", "value", "90 % interval", "batches that count", "batches"),
        rows=[(case, *prefixed(e.value, e.low, e.high, "s"), str(e.kept), str(e.total)) for case, e in shown.items()],
    )


def _marks(case: str, kept: Sequence[Batch], value: float) -> list[dict[str, Any]]:
    return [
        {
            "case": case,
            "ratio": rounded(min(max(batch.seconds / value, _LEAST), _MOST), 4),
            "time": quantity(batch.seconds, "s"),
            "doubt": ", ".join(batch.doubts),
            "process": batch.process,
        }
        for batch in kept
    ]


def _case(case: str, estimate: Estimate) -> dict[str, Any]:
    return {
        "case": case,
        "low": rounded(max(estimate.low / estimate.value, _LEAST), 4),
        "high": rounded(min(estimate.high / estimate.value, _MOST), 4),
        "text": f"{case.replace('_', ' ')}  {quantity(estimate.value, 's')}",
    }


def _chart() -> object:
    import altair as alt

    scale = alt.Scale(type="log", domain=[_LEAST, _MOST], nice=False)
    axis = alt.Axis(
        values=[0.7, 0.8, 0.9, 1, 1.2, 1.5, 2, 3, 5], format="~r", labelExpr="datum.label + ' ×'", orient="top"
    )
    y = alt.Y("case:N", sort=None, title=None, axis=None)
    cases = alt.Chart(alt.NamedData(name="cases"))
    bars = cases.mark_bar(height=10, yOffset=_BELOW, fill=theme.ACCENT, opacity=0.3).encode(
        x=alt.X("low:Q", scale=scale, title=None, axis=axis), x2="high", y=y
    )
    ticks = (
        alt.Chart(alt.NamedData(name="batches"))
        .mark_tick(thickness=1.2, height=9, yOffset=_BELOW, opacity=0.65)
        .encode(
            x=alt.X("ratio:Q", scale=scale, title=None, axis=axis),
            y=y,
            color=alt.condition("datum.doubt === ''", alt.value(theme.INK), alt.value(theme.ORANGE)),
            tooltip=[
                alt.Tooltip("case:N"),
                alt.Tooltip("time:N"),
                alt.Tooltip("process:Q"),
                alt.Tooltip("doubt:N", title="put aside because"),
            ],
        )
    )
    names = cases.mark_text(align="left", dy=-9, fontSize=11.5, color=theme.MUTED).encode(
        x=alt.value(0), y=y, text="text:N"
    )
    return alt.layer(bars, ticks, names)
