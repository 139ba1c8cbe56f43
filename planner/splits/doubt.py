"""Doubt about the structure itself: where two structures that fit the same runs disagree, say what to measure first.

Models: shadow paging has two structures that fit the published histogram runs alike: a machine-wide hypervisor
queue (shipped) and a stretch of all times by every active core. Their predictions agree where runs were
published, and part elsewhere, up to fivefold.
Rule: a recommended split whose two predictions differ by more than 20 % carries a warning with the measurement
that would tell them apart.
Assumptions: the published machine's fitted costs; a machine with its own measured costs has no such doubt.
When not to use it: as an interval; it is a difference of two models, not a spread.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from cerberus_plan.model.digits import counted
from cerberus_plan.model.exact.tables import Splits
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.quantity import Provenance
from cerberus_plan.model.structure import Costs, StructureLaw
from cerberus_plan.model.systems import shadow_interference
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.plan import Candidate
from cerberus_plan.planner.splits.evaluate import rates

# Relative difference above which a prediction is called in doubt.
LARGE = 0.20


def doubts(
    machine: Machine,
    workload: Workload,
    recommended: Iterable[Candidate],
    ranked: Iterable[Candidate] = (),
    *,
    cores: int,
) -> Iterator[str]:
    """A warning for each recommended split in doubt, and for a rival that the second structure puts first.

    Args:
        machine: The machine planned for.
        workload: The workload planned.
        recommended: Splits that the plan names, the best first.
        ranked: All candidates, best first; the best of each doubtful system is a rival.
        cores: Cores that instances may use.
    """
    chosen = list(recommended)
    if not chosen or not _applies(machine, workload):
        return
    named = {(c.system, c.split): c for c in chosen}
    for candidate in filter(_doubtful, named.values()):
        ratio = second_over_first(machine, workload, candidate)
        if abs(ratio - 1.0) > LARGE:
            yield _warning(candidate, ratio, "", cores)
    best = chosen[0]
    for rival in _rivals(ranked):
        ratio = second_over_first(machine, workload, rival)
        overturns = ratio * rival.throughput > best.throughput * (1.0 + LARGE) and not _doubtful(best)
        if (rival.system, rival.split) not in named and overturns:
            yield _warning(rival, ratio, ", more than the best's", cores)


def _doubtful(candidate: Candidate) -> bool:
    return SYSTEMS[candidate.system].paging == "shadow" and candidate.cores_per_vm is not None


def _rivals(ranked: Iterable[Candidate]) -> list[Candidate]:
    """The best candidate of each system in doubt."""
    first: dict[str, Candidate] = {}
    for candidate in filter(_doubtful, ranked):
        first.setdefault(candidate.system, candidate)
    return list(first.values())


def _warning(candidate: Candidate, ratio: float, beside: str, cores: int) -> str:
    each = counted(candidate.cores_per_vm or candidate.cores, "core")
    return (
        f"measure this first: for {candidate.vms} x {each} under shadow paging, a second "
        f"structure that fits the published runs as well gives {ratio:.1f} times this throughput{beside}; "
        f"{_runs_that_tell(candidate, cores)} tell them apart"
    )


def _runs_that_tell(candidate: Candidate, cores: int) -> str:
    """Two runs with unlike numbers of busy cores, one of them the split itself: their ratio needs no other cost."""
    if candidate.cores < cores:
        return f"one run with {counted(candidate.cores, 'busy core')} and one with all cores busy"
    fewer = "of a single such VM" if candidate.vms > 1 else "with half of them busy"
    return f"one run with all {counted(cores, 'core')} busy and one {fewer}"


def _applies(machine: Machine, workload: Workload) -> bool:
    """Whether the machine's shadow costs were fitted to published runs, and the workload faults."""
    lock = machine.quantities.get("shadow_lock_handover")
    return "page_faults" in workload.operations and lock is not None and lock.provenance is Provenance.FITTED


def second_over_first(machine: Machine, workload: Workload, candidate: Candidate) -> float:
    """Throughput of a candidate under the second structure over that under the first, central values."""
    from cerberus_plan.calibration.paper.second_costs import second_costs

    costs = machine.costs()
    first = _throughput(SYSTEMS[candidate.system].law, costs, workload, candidate)
    second = shadow_interference.with_costs(costs, second_costs())
    return _throughput(shadow_interference.law, second, workload, candidate) / first


def _throughput(law: StructureLaw, costs: Costs, workload: Workload, candidate: Candidate) -> float:
    splits = Splits(vms=np.array([candidate.vms]), threads=np.array([candidate.split[0]]))
    structure = law(costs, workload.costs(), *splits.columns)
    return float(rates(structure, splits, workload, 1)[0][0, 0])
