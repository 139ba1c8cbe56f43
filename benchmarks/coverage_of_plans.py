"""Do intervals hold far beyond what was measured? `python benchmarks/coverage_of_plans.py [--hosts N]`.

Random hosts whose truth is known: a program of computing and page faults on a machine with locks and a shared resource.
What is "measured" on 2 or 4 cores are the costs that show there, with 2 % noise; a further lock in each process and the
resource that all share are too small to be seen on so few cores, and the planner does not know of them. Plans are
made for up to 64 cores, and each split's 90 % interval is compared with the exact answer of the true network. Prints
the share of splits inside, by measured cores and by the factor of extrapolation, and the width of the intervals.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sections import table

from cerberus_plan.model.exact.splits import throughput
from cerberus_plan.model.exact.tables import Splits
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.single_server import Queue
from cerberus_plan.model.laws.ticket_lock import TicketLock
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.quantity import Z90, Provenance, Quantity
from cerberus_plan.model.structure import Structure
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.topology import Topology
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.plan import Constraints
from cerberus_plan.planner.splits.choose import plan

JUDGED = (8, 16, 32, 64)
NOISE = 0.02


@dataclass(frozen=True)
class Host:
    """The truth: times of a cycle [s].

    Attributes:
        compute: Computing.
        fault: Hold of the address-space lock of a fault; handover and parallel likewise.
        unseen_lock: Hold of a lock in each process that few cores do not show, with its hand-over.
        unseen_resource: Time at a resource of the machine that few cores do not show.
    """

    measured: int
    compute: float
    fault: float
    handover: float
    parallel: float
    unseen_lock: float
    unseen_handover: float
    unseen_resource: float

    def rate(self, vms: int, threads: int) -> float:
        """Cycles per second of a split."""
        structure = Structure(
            local=(
                Delay(self.compute + self.parallel),
                TicketLock(self.fault, handover=self.handover, name="fault"),
                TicketLock(self.unseen_lock, handover=self.unseen_handover, name="unseen lock"),
            ),
            shared=(Queue(self.unseen_resource, name="unseen resource"),),
        )
        splits = Splits(vms=np.array([float(vms)]), threads=np.array([float(threads)]))
        return float(throughput(structure, splits, 1)[0, 0])


def host(rng: np.random.Generator, measured: int) -> Host:
    """A random host: what is not seen saturates between 4 times the measured cores and a thousand."""
    compute = 1e-5

    def share(low: float, high: float) -> float:
        return float(np.exp(rng.uniform(np.log(low), np.log(high)))) * compute

    fault, lock = share(1e-3, 0.2), share(1e-3, 0.25 / measured)
    return Host(
        measured=measured,
        compute=compute,
        fault=fault,
        handover=fault * rng.uniform(0.0, 0.5),
        parallel=share(1e-2, 0.5),
        unseen_lock=lock,
        unseen_handover=lock * rng.uniform(0.0, 0.5),
        unseen_resource=share(1e-3, 0.25 / measured),
    )


def planned(truth: Host, rng: np.random.Generator) -> Iterator[tuple[int, bool, float]]:
    """Cores, whether the truth is inside, and ends' ratio, of every judged split."""

    def measured(value: float) -> Quantity:
        seen = value * np.exp(NOISE * rng.standard_normal())
        ends = (seen * np.exp(-Z90 * NOISE), seen * np.exp(Z90 * NOISE))
        return Quantity(value=seen, unit="s", low=ends[0], high=ends[1], provenance=Provenance.MEASURED)

    machine = Machine(
        name="host",
        description="",
        topology=Topology.regular(sockets=1, cores_per_l3=truth.measured),
        quantities={
            "page_fault": measured(truth.fault),
            "page_fault_handover": measured(truth.handover),
            "page_fault_parallel": measured(truth.parallel),
        },
        measured=True,
    )
    operations = {
        # What is not seen as waiting is seen as time.
        "compute": measured(truth.compute + truth.unseen_lock + truth.unseen_resource),
        "page_faults": Quantity(value=1.0, unit="1", provenance=Provenance.MEASURED),
    }
    program = Workload(name="program", description="", unit="1/s", units_per_cycle=1.0, operations=operations)
    answer = plan(machine, program, [SYSTEMS["linux"], SYSTEMS["processes"]], Constraints(cores=max(JUDGED)))
    for candidate in answer.candidates:
        threads = candidate.cores_per_vm
        if candidate.cores in JUDGED and threads in {1, 2, 8, candidate.cores}:
            rate = truth.rate(candidate.vms, threads)
            yield candidate.cores, candidate.low <= rate <= candidate.high, candidate.high / candidate.low


def coverage(hosts: int, seed: int) -> dict[tuple[int, int], tuple[int, int, float]]:
    """Inside, of how many, and median ratio of the ends, by measured cores and judged cores."""
    rng = np.random.default_rng(seed)
    found: dict[tuple[int, int], list[tuple[bool, float]]] = {}
    for i in range(hosts):
        truth = host(rng, measured=(2, 4)[i % 2])
        for cores, inside, width in planned(truth, rng):
            found.setdefault((truth.measured, cores), []).append((inside, width))
    return {
        key: (sum(inside for inside, _ in rows), len(rows), float(np.median([width for _, width in rows])))
        for key, rows in sorted(found.items())
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hosts", type=int, default=200, help="number of random hosts")
    parser.add_argument("--seed", type=int, default=1, help="seed of the hosts")
    options = parser.parse_args()
    found = coverage(options.hosts, options.seed)
    rows = [[str(m), str(n), f"{i} of {of}", f"{i / of:.0%}", f"{w:.1f}"] for (m, n), (i, of, w) in found.items()]
    print(table(["measured cores", "judged cores", "inside", "", "high / low"], rows))
    inside, of = (sum(row[at] for row in found.values()) for at in (0, 1))
    print(f"\n{inside} of {of} splits inside their 90 % intervals ({inside / of:.1%}).")


if __name__ == "__main__":
    main()
