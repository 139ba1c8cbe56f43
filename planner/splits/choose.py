"""Which candidate to recommend, what ties with it, and why: the sentences a person reads first.

Rule: the fastest candidate leads. A candidate ties with it when it is at least as fast in 5 % of the paired draws
(the 90 % interval of their ratio reaches 1) and loses little in the mean, or when it loses less than half a percent.
Among ties the fewest VMs win, then the fewest cores, then the fastest: what cannot be told apart should at least be
simple. A candidate that may be faster but may also be much slower is no tie: it is a doubt, and the plan names the
quantity whose measurement would settle it (``rivals``).
Assumptions: those of ``evaluate``. When not to use it: to choose between machines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.quantity import Provenance
from cerberus_plan.model.structure import System
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.plan import Candidate, Constraints, Plan
from cerberus_plan.planner.splits.describe import amount, describe
from cerberus_plan.planner.splits.doubt import doubts
from cerberus_plan.planner.splits.draws import percentiles
from cerberus_plan.planner.splits.evaluate import Evaluated, evaluate, to_candidates
from cerberus_plan.planner.splits.rivals import SMALL, rivals

# Ledger entries that are the program's own work, not a loss.
USEFUL = frozenset({"compute"})
# A relative loss that nobody could measure on a real machine.
NEGLIGIBLE = 0.005


def plan(machine: Machine, workload: Workload, systems: Sequence[System], constraints: Constraints) -> Plan:
    """The plan for one workload on one machine.

    Raises:
        CannotAnswerError: The constraints leave no candidate, or the machine lacks a cost.
    """
    evaluated = evaluate(machine, workload, systems, constraints)
    if evaluated is None:
        raise CannotAnswerError(
            f"no split of {constraints.usable} cores under {', '.join(s.name for s in systems)} meets the constraints; "
            "allow more VMs or cores, or another --system"
        )
    if machine.measured:
        # Published costs were fitted as placed; only measured distances can correct a plan, and only they load this.
        from cerberus_plan.planner.placing.placed import correct

        evaluated = correct(evaluated, machine, workload, host_cores=constraints.host_cores)
    candidates = to_candidates(evaluated)
    ranked = [candidate for _, candidate in candidates]
    ties = _ties(evaluated, candidates)
    best = min(ties, key=lambda c: (c.vms, c.cores, -c.throughput))
    everywhere = [candidate for candidate in ranked if candidate.cores == constraints.usable]
    titles = {system.name: system for system in systems}
    return Plan(
        machine=machine,
        workload=workload,
        constraints=constraints,
        verdict=_verdict(best, everywhere, ranked, titles, workload),
        reason=_reason(best, _one_big(ranked), titles),
        best=best,
        best_all_cores=everywhere[0] if everywhere else None,
        no_all_cores_reason=None if everywhere else _no_all_cores(constraints),
        ties=tuple(tie for tie in ties if tie is not best),
        candidates=tuple(ranked),
        inputs=evaluated.inputs,
        warnings=(
            *_crossing(machine, workload, best, constraints),
            *rivals(evaluated, candidates, best, systems=titles, machine=machine, workload=workload),
            *doubts(machine, workload, [best, *everywhere[:1]], ranked),
            *_warnings(machine, workload, constraints, evaluated),
        ),
    )


def _crossing(machine: Machine, workload: Workload, best: Candidate, constraints: Constraints) -> Iterable[str]:
    """What the best split loses because its instances cross caches, where distances were measured."""
    if machine.measured:
        from cerberus_plan.planner.placing.placed import crossing_note

        note = crossing_note(machine, workload, best, host_cores=constraints.host_cores)
        if note:
            yield note


def _ties(evaluated: Evaluated, candidates: Sequence[tuple[int, Candidate]]) -> list[Candidate]:
    """Candidates that the draws cannot tell from the fastest, the fastest first."""
    logs = np.log(evaluated.rate)
    loss = logs[candidates[0][0]] - logs
    within = (percentiles(loss)[0] <= 0.0) & (loss.mean(axis=1) < SMALL) | (loss[:, 0] < NEGLIGIBLE)
    return [candidate for i, (row, candidate) in enumerate(candidates) if i == 0 or within[row]]


def _one_big(ranked: Iterable[Candidate]) -> Candidate | None:
    """The fastest candidate with a single instance, which need not use all cores."""
    return next((candidate for candidate in ranked if candidate.vms == 1), None)


def _verdict(
    best: Candidate,
    everywhere: Sequence[Candidate],
    ranked: Sequence[Candidate],
    systems: Mapping[str, System],
    workload: Workload,
) -> str:
    unit = workload.unit
    spread = f"{amount(best.throughput, unit)} ({amount(best.low, '').strip()} to {amount(best.high, '').strip()})"
    text = f"Run {describe(best, systems)}: {spread}"
    single = _one_big(ranked)
    if single is not None and best.vms == 1 and len({c.vms for c in ranked}) > 1:
        text += ". Clustering does not help this workload here"
    elif single is not None and best.vms > 1:
        gain = best.throughput / single.throughput
        text += f", {gain:.2f} times {describe(single, systems)}, the best single instance"
    if everywhere and best.cores < everywhere[0].cores:
        change = everywhere[0].throughput / best.throughput - 1.0
        beside = "no faster" if abs(change) < 0.005 else f"{abs(change):.0%} {'faster' if change > 0 else 'slower'}"
        text += f". Using all {everywhere[0].cores} cores ({describe(everywhere[0], systems)}) is {beside}"
    return text + "."


def _reason(best: Candidate, single: Candidate | None, systems: Mapping[str, System]) -> str:
    """Where the time goes in the best split and, for contrast, in the best single instance."""
    share, name = _largest_loss(best)
    here = f"{share:.0%} goes to the {name}" if share >= 0.01 else "nearly all of its core time is computing"
    if single is None or single is best:
        return f"In the best split {here}."
    other_share, other = _largest_loss(single)
    there = f"With {describe(single, systems)}, {other_share:.0%} of the core time goes to the {other}"
    return f"{there}; in the best split {here}."


def _largest_loss(candidate: Candidate) -> tuple[float, str]:
    losses = {name: share for name, share in candidate.ledger.items() if name not in USEFUL}
    if not losses:
        return 0.0, ""
    name = max(losses, key=losses.__getitem__)
    return losses[name], name


def _no_all_cores(constraints: Constraints) -> str:
    return (
        f"no even split within the constraints uses all {constraints.usable} cores; "
        "allow more VMs, or another number of cores"
    )


def _warnings(machine: Machine, workload: Workload, constraints: Constraints, evaluated: Evaluated) -> Iterable[str]:
    """What limits the answer, most serious first."""
    if constraints.cores > machine.topology.n_cpus:
        yield (
            f"extrapolated: {machine.name} has {machine.topology.n_cpus} cores; costs measured there are assumed to "
            f"hold on {constraints.cores}"
        )
    if workload.note:
        yield workload.note
    assumed = sorted(n for n, q in evaluated.inputs.items() if q.provenance is Provenance.ASSUMED)
    if assumed:
        yield f"assumed, not measured: {', '.join(name.partition('.')[2] for name in assumed)}"
