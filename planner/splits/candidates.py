"""Which splits are worth evaluating: every even one within the constraints.

Models: v instances of k threads, v k <= usable cores. Up to 64 cores all pairs (v, k); above, all divisors of the
cores, all small sizes, and geometric steps between, so that the number of candidates grows with the logarithm.
With ``overcommit`` above 1 further ones of up to so many threads a core, where the system has them.
Assumptions: equal instances; unequal splits are ``allocate``'s. When not to use it: for mixed workloads.
"""

from __future__ import annotations

import math

import numpy as np

from cerberus_plan.model.exact.tables import Splits
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.structure import System
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.plan import Constraints
from cerberus_plan.planner.splits.limits import instance_bounds, size_bounds

# Up to this many cores every even split is evaluated.
_ALL_SPLITS = 64
# Steps between the sizes and counts that are tried above it: finer steps change the best throughput by less than
# the uncertainty of any cost.
_STEP = 1.12


def even_splits(system: System, machine: Machine, workload: Workload, constraints: Constraints) -> Splits | None:
    """All even splits to evaluate, None when the constraints leave none."""
    pairs = _within(constraints.usable, system, machine, workload, constraints)
    most = constraints.threads(overcommits=system.overcommits)
    if most > constraints.usable:
        pairs += [
            pair
            for pair in _within(most, system, machine, workload, constraints)
            if pair[0] * pair[1] > constraints.usable
        ]
    if not pairs:
        return None
    table = np.array(pairs, dtype=np.float64)
    return Splits(vms=table[:, 0], threads=table[:, 1])


def _within(
    total: int, system: System, machine: Machine, workload: Workload, constraints: Constraints
) -> list[tuple[int, int]]:
    """Instances and threads of each, with up to ``total`` threads in all."""
    least = constraints.min_cores_per_vm or 1
    # a virtual machine of more virtual CPUs than there are cores only waits for itself
    largest = constraints.usable if system.virtualised else total
    most_threads = min([largest, *size_bounds(system, machine, constraints).values()])
    most_vms = most_instances(system, machine, workload, constraints)
    return [
        (vms, threads)
        for threads in sorted({least, *_sizes(most_threads, total)})
        for vms in _counts(min(most_vms, total // threads), total)
        if vms >= max(system.least_instances, constraints.min_vms or 1) and least <= threads <= most_threads
    ]


def most_instances(system: System, machine: Machine, workload: Workload, constraints: Constraints) -> int:
    """Most instances that system, machine, workload and user allow."""
    if not system.clustered:
        return 1
    most = constraints.threads(overcommits=system.overcommits)
    return min([most, *instance_bounds(system, machine, workload, constraints).values()])


def _sizes(most: int, usable: int) -> list[int]:
    if usable <= _ALL_SPLITS:
        return list(range(1, most + 1))
    divisors = {d for d in range(1, most + 1) if usable % d == 0}
    return sorted(divisors | set(_steps(most)))


def _counts(most: int, usable: int) -> list[int]:
    return list(range(1, most + 1)) if usable <= _ALL_SPLITS else _steps(most)


def _steps(most: int) -> list[int]:
    """1, 2, 3, ... then in geometric steps, the last one included."""
    found = {most}
    value = 1.0
    while value < most:
        found.add(math.ceil(value))
        value = max(value + 1.0, value * _STEP)
    return sorted(found)
