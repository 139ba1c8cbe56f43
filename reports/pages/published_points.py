"""Published throughputs of the source paper, to be drawn on the curves of the same machine and workload.

Assumptions: numbers given as a ratio are turned into throughputs with the number they are a ratio of.
When not to use it: as a comparison; ``reproduce`` compares every number.
"""

from __future__ import annotations

from collections.abc import Sequence

from cerberus_plan.calibration.paper.facts import value
from cerberus_plan.planner.plan import Plan
from cerberus_plan.reports.charts.scaling import Point

# (machine, workload) -> system, cores, id of the fact, how the fact becomes a throughput, where it is from
_JOB = "a job of 4 GiB in so many seconds"
_RATIO = "Cerberus' throughput over Linux'"
_EACH = "per core"
_FACTS: dict[tuple[str, str], tuple[tuple[str, int, str, str, str], ...]] = {
    ("amd48", "histogram"): (
        ("xen-linux", 32, "hist.direct.32", _JOB, "section 7.3"),
        ("cerberus", 48, "hist.t.48.2", _JOB, "Table 7"),
    ),
    ("amd48", "dbench"): (
        ("linux", 48, "dbench.ratio.48", _RATIO, "Table 7 and section 7.3"),
        ("cerberus", 48, "dbench.48.2", "", "Table 7"),
    ),
    ("intel16", "apache"): (
        ("linux", 2, "apache.linux.2", _EACH, "section 7.3"),
        ("linux", 16, "apache.16.a", _EACH, "section 7.3"),
        ("xen-linux", 16, "apache.16.b", _EACH, "section 7.3"),
        ("cerberus", 2, "apache.cerb.2", _EACH, "section 7.3"),
        ("cerberus", 16, "apache.cerb.16", _EACH, "section 7.3"),
    ),
}


def published_points(plan: Plan) -> Sequence[Point]:
    """Points within the plan's cores and systems; none for machines and workloads of one's own."""
    planned = {candidate.system for candidate in plan.candidates}
    return [
        Point(
            system=system,
            cores=cores,
            throughput=_throughput(plan, fact, how, cores),
            source=f"OS clustering (Cerberus), EuroSys 2011, {where}",
        )
        for system, cores, fact, how, where in _FACTS.get((plan.machine.name, plan.workload.name), ())
        if system in planned and cores <= plan.constraints.cores
    ]


def _throughput(plan: Plan, fact: str, how: str, cores: int) -> float:
    number = value(fact)
    if how == _JOB:
        return (plan.workload.job_units or 0.0) / number
    if how == _RATIO:
        return value("dbench.48.2") / number
    return number * cores if how == _EACH else number
