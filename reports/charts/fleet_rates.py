"""What each workload of a fleet is sure of, beside its rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.model.digits import counted
from cerberus_plan.reports.charts import promised
from cerberus_plan.reports.charts.figure import Figure
from cerberus_plan.reports.fleet_words import brief, counted_on, expected, room, survives
from cerberus_plan.reports.formats import ends, exact, number, percent


def fleet_rates(workloads: Sequence[Mapping[str, Any]], *, name: str) -> Figure:
    """A bar a workload: what it can count on, over its rate.

    Args:
        workloads: The workloads of a fleet's document.
        name: Identifier of the figure on its page.
    """
    tightest = min(workloads, key=lambda row: row["headroom"])
    return Figure(
        name=name,
        title="What each workload can count on",
        caption=(
            "Throughput of all its machines as a multiple of its rate: the bar is what can be counted on, the line the "
            "90 % interval around what is expected, the tick the rate itself."
        ),
        description=(
            f"{counted(len(workloads), 'workload')}; the tightest is {tightest['name']}, which can count on "
            f"{number(tightest['counted_on'] / tightest['rate'])} times its rate."
        ),
        spec=promised.specified(
            [_row(row) for row in workloads],
            axis={"format": "~r", "labelExpr": "datum.label + ' ×'", "tip": ",.3~r"},
            says={"bar": "counted on, times the rate", "dot": "expected"},
        ),
        columns=(
            "workload", "rate", "counted on", "expected", "90 % interval", "machines", "headroom", "risk",
            "risk after losses",
        ),
        rows=[
            (
                row["name"],
                f"{exact(row['rate'])} {row['unit']}",
                counted_on(row),
                expected(row),
                ends(row["low"], row["high"]),
                str(row["machines"]),
                room(row),
                percent(row["risk"]),
                survives(row),
            )
            for row in workloads
        ],
    )  # fmt: skip


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    rate = row["rate"]
    return promised.row(
        row["name"],
        f"{brief(row['name'])}, {counted(row['machines'], 'machine')}",
        bar=row["counted_on"] / rate,
        low=row["low"] / rate,
        high=row["high"] / rate,
        tick=1.0,
        dot=row["throughput"] / rate,
    )
