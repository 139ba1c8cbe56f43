"""A small cluster answered by formula and by simulation, for tests of what is shown."""

from __future__ import annotations

from typing import Any

from cerberus_plan.model.exact.solver import solve
from cerberus_plan.model.network import Delay, Instance, Queue, TicketLock
from cerberus_plan.model.simulation import Rules, simulate
from cerberus_plan.planner.splits.network_of import CandidateNetwork
from cerberus_plan.reports.text.simulation_text import Comparison
from cerberus_plan.reports.text.simulation_text import document as simulation_document


def a_simulation(title: str = "example") -> dict[str, Any]:
    """What ``simulate --json`` prints of it."""
    return simulation_document(a_simulated_cluster(title))


def a_simulated_cluster(title: str = "example") -> Comparison:
    """A small cluster, answered by formula and by simulation."""
    instances = [Instance(threads=2, stations=[Delay(8.0), TicketLock(0.6, handover=0.3)])] * 3
    shared = (Queue(0.5, name="hypervisor"),)
    network = CandidateNetwork(
        instances=tuple(instances), shared=shared, stretch=1.0, startup_s=0.0, units_per_cycle=1.0, job_units=None
    )
    return Comparison(
        title=title,
        unit="cycles/s",
        network=network,
        rules=Rules(),
        exact=solve(instances=instances, shared=shared),
        simulated=simulate(instances=instances, shared=shared, completions=4096, seed=1),
        replications=1,
    )
