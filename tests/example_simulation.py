"""A small cluster answered by formula and by simulation, for tests of what is shown."""

from __future__ import annotations

from typing import Any

from model.network import Delay, Instance, Queue, TicketLock
from model.simulation import Rules, simulate
from model.solver import solve
from planner.network_of import CandidateNetwork
from reports.simulation import Comparison
from reports.simulation import document as simulation_document


def a_simulation(title: str = "example") -> dict[str, Any]:
    """A small cluster, answered by formula and by simulation."""
    instances = [Instance(threads=2, stations=[Delay(8.0), TicketLock(0.6, handover=0.3)])] * 3
    shared = (Queue(0.5, name="hypervisor"),)
    network = CandidateNetwork(
        instances=tuple(instances), shared=shared, stretch=1.0, startup_s=0.0, units_per_cycle=1.0, job_units=None
    )
    found = Comparison(
        title=title,
        unit="cycles/s",
        network=network,
        rules=Rules(),
        exact=solve(instances=instances, shared=shared),
        simulated=simulate(instances=instances, shared=shared, completions=4096, seed=1),
        replications=1,
    )
    return simulation_document(found)
