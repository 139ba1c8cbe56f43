"""Runs of a workload's splits, to be drawn on the curves that predict them.

A run of one instance is one of Linux, a run of several one of processes on it, as the plan takes them (decision 14).
When not to use it: for published numbers (``published_points``).
"""

from __future__ import annotations

from collections.abc import Sequence

from cerberus_plan.model.measurement import ran_on
from cerberus_plan.planner.plan import Plan
from cerberus_plan.reports.charts.scaling import Point


def measured_points(plan: Plan) -> Sequence[Point]:
    """Runs within the plan's cores and systems."""
    planned = {candidate.system for candidate in plan.candidates}
    return [
        Point(
            system=system,
            cores=row.cores,
            throughput=row.value,
            source=" ".join(filter(None, (f"run of {row.instances} × {row.cores_per_instance}", row.host, row.date))),
        )
        for row in plan.workload.measured
        if (system := ran_on(row.instances)) in planned and row.cores <= plan.constraints.usable
    ]
