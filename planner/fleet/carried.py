"""How much of a workload a split may carry: within the utilisation, and within limits of the response time.

Equation: carried = min(utilisation x c, h_1(c), h_2(c), ...), c what the split can be counted on to do at full load and
h_i(c) the largest rate at which limit i holds when it is no faster than that (``planner.objectives.reach``). So a limit
of the response time is kept with the same risk as the throughput.
Assumptions: those of ``model.latency.open_network``; requests are spread over the instances, each fed its share.
When not to use it: for finite jobs, which have no requests.
"""

from __future__ import annotations

from collections.abc import Sequence

from cerberus_plan.model.latency.latency import Latency
from cerberus_plan.model.latency.open_network import headroom
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.objective import Slo
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.objectives.served import Served
from cerberus_plan.planner.plan import Candidate

UTILISATION = "utilisation"


def carried(
    machine: Machine, workload: Workload, candidate: Candidate, *, counted_on: float, utilisation: float,
    slos: Sequence[Slo],
) -> tuple[float, str]:  # fmt: skip
    """The largest rate, and the name of what keeps it from being larger.

    Args:
        machine: The machine, whole.
        workload: The workload.
        candidate: A split of the whole machine.
        counted_on: What it can be counted on to do.
        utilisation: Largest share of that.
        slos: Limits of the response time.
    """
    found = {UTILISATION: utilisation * counted_on}
    if slos:
        served = Served.on(machine, workload, candidate)
        factor = served.factor(counted_on)
        for slo in slos:
            found[slo.name] = served.units * headroom(served.cluster(), slo.share, slo.seconds, factor)
    name = min(found, key=found.__getitem__)
    return found[name], name


def latency(machine: Machine, workload: Workload, candidate: Candidate, rate: float) -> Latency | None:
    """The response time of a split of the whole machine at a rate; None for a finite job."""
    if workload.job_units is not None:
        return None
    return Served.on(machine, workload, candidate).latency(rate)
