"""What each workload of a mixture gets: its throughput against its share of what it would have alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.reports.charts import promised, theme
from cerberus_plan.reports.charts.figure import Figure
from cerberus_plan.reports.formats import ends, estimate, number, percent


def shares(parts: Sequence[Mapping[str, Any]], *, name: str) -> Figure:
    """A bar a workload: throughput over throughput alone; a tick at the share it was promised.

    Args:
        parts: The parts of a mixture's document.
        name: Identifier of the figure on its page.
    """
    return Figure(
        name=name,
        title="What each workload gets",
        caption=(
            "Throughput as a share of what the workload would reach with the whole machine to itself. The tick is what "
            "taking turns would give it; the line is the 90 % interval."
        ),
        description=". ".join(
            f"{part['workload']}: {percent(part['throughput'] / part['alone'])} of its throughput alone, where taking "
            f"turns gives {percent(part['share'])}"
            for part in parts
        )
        + ".",
        spec=promised.specified(
            [_row(part) for part in parts],
            axis={"format": "%", "labelExpr": theme.PERCENT, "tip": ".1%"},
            says={"bar": "of its throughput alone", "tick": "taking turns"},
        ),
        columns=("workload", "split", "cores", "throughput", "90 % interval", "alone", "promised share"),
        rows=[
            (
                part["workload"],
                split_text(part["split"]),
                str(part["cores"]),
                estimate(part["throughput"], part["low"], part["high"], part["unit"]),
                ends(part["low"], part["high"]),
                f"{number(part['alone'])} {part['unit']}",
                percent(part["share"]),
            )
            for part in parts
        ],
    )


def split_text(split: Sequence[int]) -> str:
    """Sizes of instances, equal ones counted: "7 × 1 + 2 × 3"."""
    sizes = dict.fromkeys(split)
    return " + ".join(f"{split.count(size)} × {size}" for size in sizes)


def _row(part: Mapping[str, Any]) -> dict[str, Any]:
    alone = part["alone"]
    return promised.row(
        part["workload"],
        f"{part['workload']}  {split_text(part['split'])} {'core' if set(part['split']) == {1} else 'cores'}",
        bar=part["throughput"] / alone,
        low=part["low"] / alone,
        high=part["high"] / alone,
        tick=part["share"],
    )
