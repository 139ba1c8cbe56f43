"""What limits a plan: the warnings beside it, the most serious first.

Models: nothing; it looks at where the plan's numbers come from, how far it goes beyond what was measured, and which
published runs the model is known to miss.
When not to use it: for doubt between splits (``rivals``) and between structures (``doubt``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from cerberus_plan.model.digits import counted
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.structure import System
from cerberus_plan.model.systems.parts import CEILING
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.plan import Candidate, Constraints
from cerberus_plan.planner.splits.evaluate import Evaluated
from cerberus_plan.planner.splits.network_of import structure_of
from cerberus_plan.planner.splits.situation import Situation, situation_of
from cerberus_plan.planner.splits.validity import bends

# Beyond this multiple of the machine's own cores, what memory bounds is no longer seen in what was measured.
_FAR = 2
# Streams of so many cores more than memory carries are no noise of the measurement.
_CLEARLY = 1.25


def caveats(
    machine: Machine,
    workload: Workload,
    constraints: Constraints,
    evaluated: Evaluated,
    *,
    best: Candidate,
    system: System,
) -> Iterator[str]:
    """Every warning about a plan's foundations.

    Args:
        machine: The machine planned for.
        workload: The workload planned.
        constraints: What was respected.
        evaluated: What the plan rests on.
        best: The recommended one.
        system: Its system.
    """
    if machine.unstable:
        yield f"the calibration of {machine.name} is {machine.unstable}; intervals are widened as its runs differ"
    if constraints.cores > machine.topology.n_cpus:
        yield (
            f"extrapolated: {machine.name} has {machine.topology.n_cpus} cores; costs measured there are assumed to "
            f"hold on {constraints.cores}, and intervals grow with the distance"
        )
    yield from _memory(machine, workload, constraints, best)
    yield from bends(structure_of(machine, workload, system, vms=best.vms, threads=best.split[0]), best)
    yield from _misfits(machine, workload, evaluated)
    if best.bottleneck == CEILING:
        yield (
            "the recommended split is limited by a ceiling of the whole machine that runs showed and nothing explains; "
            "measure whether more cores help before leaving any idle"
        )
    if workload.note:
        yield workload.note
    assumed = sorted(name for name, q in evaluated.inputs.items() if _is_assumed(machine, workload, name, q))
    if assumed:
        yield f"assumed, not measured: {', '.join(name.partition('.')[2] for name in assumed)}"


def _memory(machine: Machine, workload: Workload, constraints: Constraints, best: Candidate) -> Iterator[str]:
    """What memory's bandwidth and the second threads of cores make of the plan, and what is not known of them."""
    known = "memory_bandwidth" in machine.quantities
    if best.limits:
        yield f"limits that bind the recommended split: {', '.join(best.limits)}"
    if "memory_bytes" in workload.operations and not known:
        yield (
            f"{machine.name} has no memory_bandwidth, so nothing bounds the bytes a second of this plan; "
            "give it in the machine file"
        )
    elif "memory_bytes" not in workload.operations:
        yield from _unknown_bytes(machine, workload, constraints, best)
    if best.cores > machine.topology.physical_cores and machine.topology.physical_cores < machine.topology.n_cpus:
        gain = machine.quantities["smt_gain"]
        yield (
            f"{machine.name} has {machine.topology.physical_cores} cores of {machine.topology.n_cpus} CPUs: a second "
            f"thread of a core counts as {gain.value:.2g} of a core ({gain.provenance})"
        )


def _unknown_bytes(machine: Machine, workload: Workload, constraints: Constraints, best: Candidate) -> Iterator[str]:
    """What memory might do to a program whose bytes nobody counted: at worst it streams all the time."""
    unknown = f"how many bytes {workload.name} moves to and from memory is not known (memory_bytes)"
    measured = {"memory_bandwidth", "memory_bandwidth_core"} <= set(machine.quantities)
    streams = (
        machine.quantities["memory_bandwidth"].value / machine.quantities["memory_bandwidth_core"].value
        if measured
        else math.inf
    )
    if best.cores > _CLEARLY * streams:
        yield (
            f"{unknown}: if it streamed all the time, memory would stop it at what {streams:.2g} of {best.cores} cores "
            "do; count its cache misses (perf stat -e LLC-load-misses,cache-misses)"
        )
    elif constraints.cores > _FAR * machine.topology.n_cpus:
        yield f"{unknown}: on {counted(constraints.cores, 'core')} memory may limit it before anything else does"


def _is_assumed(machine: Machine, workload: Workload, name: str, quantity: Quantity) -> bool:
    """Assumed by its provenance, or fitted on another machine."""
    carried = situation_of(machine, workload) is Situation.CARRIED and name.startswith("workload.")
    elsewhere = carried and quantity.errs_with != "" and quantity.dimension == "time"
    return quantity.provenance is Provenance.ASSUMED or elsewhere


def _misfits(machine: Machine, workload: Workload, evaluated: Evaluated) -> Iterator[str]:
    """Published runs of this program under the plan's systems that the model misses."""
    if situation_of(machine, workload) is not Situation.FITTED:
        return
    from cerberus_plan.calibration.paper.misfits import misfits

    for one in misfits():
        if one.workload == workload.name and one.system in evaluated.systems:
            yield (
                f"known misfit: published for {one.system} {one.vms} x {one.threads}: {one.published:.4g} {one.unit}; "
                f"the model says {one.model:.3g}, {one.factor:.2g} times off"
            )
