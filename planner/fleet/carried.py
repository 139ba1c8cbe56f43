"""How much of a workload a split may carry: within the utilisation, and within limits of the response time.

Equation: carried = min(utilisation x c, h_1(c), h_2(c), ...), c what the split can be counted on to do at full load and
h_i(c) the largest rate at which limit i holds when it is no faster than that (``planner.objectives.reach``). So a limit
of the response time is kept with the same risk as the throughput.
Where response times were measured, c and h_i are those of ``planner.objectives.bent`` at that risk: what the main
command says of the split.
Assumptions: those of ``model.latency.open_network``; requests are spread over the instances, each fed its share.
When not to use it: for finite jobs, which have no requests.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cerberus_plan.model.latency.latency import Latency
from cerberus_plan.model.latency.open_network import headroom
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.objective import Slo
from cerberus_plan.model.quantity import Z90
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.objectives.served import Served
from cerberus_plan.planner.plan import Candidate

if TYPE_CHECKING:
    from cerberus_plan.planner.objectives.bent import Bent
    from cerberus_plan.planner.objectives.evidence import Evidence

UTILISATION = "utilisation"


def carried(
    machine: Machine, workload: Workload, candidate: Candidate, *, counted_on: float, utilisation: float,
    slos: Sequence[Slo], answers: Bent | None = None, deviations: float = 0.0,
) -> tuple[float, str]:  # fmt: skip
    """The largest rate, and the name of what keeps it from being larger.

    Args:
        machine: The machine, whole.
        workload: The workload.
        candidate: A split of the whole machine.
        counted_on: What it can be counted on to do.
        utilisation: Largest share of that.
        slos: Limits of the response time.
        answers: Who answers for the split where response times were measured.
        deviations: Standard deviations above its centre that are counted on then.
    """
    found = {UTILISATION: utilisation * counted_on}
    if answers is not None:
        for slo in slos:
            low, middle, high = (rate for rate, _ in answers.headrooms((slo,), None))
            found[slo.name] = at(low, middle, high, deviations)
    elif slos:
        served = Served.on(machine, workload, candidate)
        factor = served.factor(counted_on)
        for slo in slos:
            found[slo.name] = served.units * headroom(served.cluster(), slo.share, slo.seconds, factor)
    name = min(found, key=found.__getitem__)
    return found[name], name


def at(low: float, middle: float, high: float, deviations: float) -> float:
    """A quantity so many standard deviations above its centre: two halves of a log-normal distribution."""
    edge = low if deviations < 0.0 else high
    if min(middle, edge) <= 0.0:
        return 0.0
    return middle * math.exp(abs(deviations) / Z90 * math.log(edge / middle))


def answering(machine: Machine, workload: Workload, candidate: Candidate, evidence: Evidence) -> Bent:
    """Who answers for a split of the whole machine where response times were measured."""
    from cerberus_plan.planner.objectives.bent import Bent

    return Bent(Served.on(machine, workload, candidate), candidate, evidence)


def latency(
    machine: Machine, workload: Workload, candidate: Candidate, rate: float, evidence: Evidence | None = None
) -> Latency | None:
    """The response time of a split of the whole machine at a rate; None for a finite job."""
    if workload.job_units is not None:
        return None
    if evidence is not None:
        return answering(machine, workload, candidate, evidence).latency(rate)
    return Served.on(machine, workload, candidate).latency(rate)
