"""A plan of the size and shape of a real one, made without the planner, for tests of what is shown."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from model.machine import Machine
from model.network import Delay, Instance, Queue, TicketLock
from model.quantity import Provenance, Quantity
from model.solver import solve
from model.topology import Topology
from model.workload import Workload
from planner.plan import Candidate, Constraints, Plan

CORES = 48
HOLD_S, HANDOVER_S, COMPUTE_S, MESSAGE_S, SHARED_S = 12e-6, 4e-6, 320e-6, 11.34e-6, 0.35e-6
SHARES = 0.04  # half-width of the made-up intervals


def a_machine(name: str = "example48") -> Machine:
    """Eight nodes of six cores, with a published, a measured, a fitted and an assumed cost."""
    return Machine(
        name=name,
        description="Eight six-core processors, made up for tests",
        topology=Topology.regular(sockets=8, cores_per_l3=6),
        quantities={
            "message_round_trip": Quantity(
                value=MESSAGE_S, unit="s", low=10e-6, high=12.5e-6, provenance=Provenance.PUBLISHED, source="table 3"
            ),
            "lock_hold": Quantity(value=HOLD_S, unit="s", provenance=Provenance.MEASURED, source="profile"),
        },
    )


def a_workload(name: str = "example") -> Workload:
    """A file benchmark whose allocator takes one lock an operating system."""
    return Workload(
        name=name,
        description="A file benchmark, made up for tests",
        unit="MB/s",
        units_per_cycle=0.03,
        operations={
            "compute": Quantity(value=COMPUTE_S, unit="s", provenance=Provenance.FITTED, source="fit"),
            "writes": Quantity(value=0.2, unit="1", low=0.1, high=0.4, provenance=Provenance.ASSUMED, source="guess"),
        },
    )


def _evaluate(system: str, vms: int, threads: int) -> Candidate:
    think = {"linux": 1.0, "xen-linux": 1.12, "cerberus": 1.12}[system] * COMPUTE_S
    stations = [Delay(think, name="compute"), TicketLock(HOLD_S, handover=HANDOVER_S, name="allocation lock")]
    shared = [Queue(SHARED_S, name="hypervisor")] if system != "linux" else []
    if system == "cerberus":
        stations.append(Delay(MESSAGE_S, name="messages"))
    solution = solve(instances=[Instance(threads=threads, stations=stations)] * vms, shared=shared)
    throughput = solution.throughput * 0.03
    lengths: dict[str, float] = {}
    for station in solution.stations:
        lengths[station.name] = lengths.get(station.name, 0.0) + station.queue_length
    ledger = {name: length / (vms * threads) for name, length in lengths.items()}
    return Candidate(
        system=system,
        split=(threads,) * vms,
        throughput=throughput,
        low=throughput * (1 - SHARES),
        high=throughput * (1 + SHARES),
        probability_best=0.0,
        regret=0.0,
        bottleneck=max((n for n in ledger if n != "compute"), key=lambda n: ledger[n]),
        ledger=ledger,
    )


@cache
def _candidates() -> tuple[Candidate, ...]:
    found = [_evaluate(system, 1, cores) for system in ("linux", "xen-linux") for cores in range(1, CORES + 1)]
    found += [
        _evaluate("cerberus", vms, threads)
        for vms in range(1, CORES + 1)
        for threads in range(1, CORES // vms + 1)
    ]  # fmt: skip
    found.sort(key=lambda c: -c.throughput)
    top = found[0].throughput
    return tuple(
        replace(c, probability_best=(0.62, 0.21, 0.1, 0.07)[rank] if rank < 4 else 0.0, regret=1 - c.throughput / top)
        for rank, c in enumerate(found)
    )


def a_plan(*, workload: str = "example", machine: str = "example48") -> Plan:
    """The example plan under other names."""
    candidates = _candidates()
    given, program = a_machine(machine), a_workload(workload)
    return Plan(
        machine=given,
        workload=program,
        constraints=Constraints(cores=CORES),
        verdict=f"Run {workload} on {candidates[0].vms} VMs of {candidates[0].cores_per_vm} core under cerberus: "
        "3.4 times the throughput of one Linux.",
        reason="One allocation lock an operating system stops scaling at 9 cores.",
        best=candidates[0],
        best_all_cores=candidates[0],
        no_all_cores_reason=None,
        ties=candidates[1:3],
        candidates=candidates,
        inputs={
            **{f"machine.{name}": quantity for name, quantity in given.quantities.items()},
            **{f"workload.{name}": quantity for name, quantity in program.operations.items()},
        },
        warnings=("The share of writes is assumed.",),
    )
