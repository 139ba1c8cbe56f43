"""Which candidate to recommend, what ties with it, and why: the sentences a person reads first.

Rule: the smallest expected regret leads, over samples of all candidates at once that carry the doubt about costs and
the model's own error. A split with fewer instances, or as many instances and fewer cores, takes the leader's place
only where its expected loss against it, chances of a gain left out, is below half a percent, which nobody measures.
Where candidates were run, one that never was must promise as much more as `calibration.splits.decide` asks of it, and
of two that were run and lose alike the simpler one is taken. The plan says which rule chose.
A tie is a candidate that may be faster (in 5 % of the samples) and loses little in the mean; one of another system
that may be much slower is a doubt, and the plan says what to measure (``rivals``).
Where even the leader may lose too much, or nobody knows how much it does, the verdict says so first (``unsure``).
Assumptions: those of ``evaluate`` and ``joint``. When not to use it: to choose between machines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from cerberus_plan.model.digits import counted, estimate, percent, quotient
from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.structure import System
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.plan import Candidate, Constraints, Plan, fastest
from cerberus_plan.planner.splits.caveats import caveats
from cerberus_plan.planner.splits.crowd import CROWD_GAIN
from cerberus_plan.planner.splits.crowd_notes import crowd_notes
from cerberus_plan.planner.splits.describe import describe, expected
from cerberus_plan.planner.splits.doubt import doubts
from cerberus_plan.planner.splits.evaluate import Evaluated, evaluate, to_candidates
from cerberus_plan.planner.splits.joint import Joint
from cerberus_plan.planner.splits.limits import with_limits
from cerberus_plan.planner.splits.rivals import SELDOM, SMALL, rivals
from cerberus_plan.planner.splits.runs import Runs
from cerberus_plan.planner.splits.situation import situation_of
from cerberus_plan.planner.splits.unsure import cannot_tell, unknown_single

# Ledger entries that are the program's own work, not a loss.
USEFUL = frozenset({"compute"})
# A relative loss that nobody could measure on a real machine.
NEGLIGIBLE = 0.005
# A share of core time, or of throughput, below this has no place in a sentence.
WORTH_SAYING = 0.01


def plan(machine: Machine, workload: Workload, systems: Sequence[System], constraints: Constraints) -> Plan:
    """The plan for one workload on one machine.

    Raises:
        CannotAnswerError: The constraints leave no candidate, or the machine lacks a cost.
    """
    weighed = _weighed(machine, workload, systems, constraints)
    if weighed is None:
        raise CannotAnswerError(
            f"no split of {constraints.usable} cores under {', '.join(s.name for s in systems)} meets the constraints; "
            "allow more VMs or cores, or another --system"
        )
    evaluated, said, runs = weighed
    joint = evaluated.joint(constraints.usable)
    candidates = with_limits(
        to_candidates(evaluated, joint, constraints.usable), machine, workload, constraints, systems
    )
    ranked = [candidate for _, candidate in candidates]
    known = frozenset(row for row, candidate in candidates if runs.hold(candidate))
    titles = {system.name: system for system in systems}
    best, rule = _leader(candidates, joint, known, titles)
    ties = _ties(candidates, best, joint)
    everywhere = _worth_first([candidate for candidate in ranked if candidate.cores == constraints.usable])
    unsure = cannot_tell(best, candidates, joint, systems=titles, cores=constraints.usable, runs=runs)
    return Plan(
        machine=machine,
        workload=workload,
        constraints=constraints,
        unsure=unsure,
        verdict=unsure
        + _verdict(best, everywhere, ranked, titles, workload)
        + (unknown_single(best, _one_big(ranked), titles) if runs.splits else ""),
        reason=f"{_reason(best, _one_big(ranked), titles)} {rule[0].upper()}{rule[1:]}.",
        best=best,
        best_all_cores=best if best.cores == constraints.usable else everywhere[0] if everywhere else None,
        no_all_cores_reason=None if everywhere else _no_all_cores(constraints),
        ties=tuple(ties),
        candidates=tuple(ranked),
        inputs=evaluated.inputs,
        situation=str(situation_of(machine, workload)),
        model_error=float(evaluated.sigma()[_row(candidates, best)]),
        warnings=(
            *said,
            *_crossing(machine, workload, best, constraints),
            *rivals(joint, candidates, best, systems=titles, evaluated=evaluated, runs=runs),
            *crowd_notes(machine, workload, constraints, ranked=ranked, best=best, systems=systems),
            *doubts(machine, workload, [best, *everywhere[:1]], ranked, cores=constraints.usable),
            *caveats(machine, workload, constraints, evaluated, best=best, system=titles[best.system]),
        ),
    )


def alone(machine: Machine, workload: Workload, system: System, split: tuple[int, int]) -> Candidate | None:
    """One split as a plan of nothing else has it, None where the machine cannot have it.

    What else may be chosen, and within which bounds, does not change it.

    Raises:
        CannotAnswerError: The machine lacks a cost.
    """
    instances, size = split
    exactly = {"max_vms": instances, "min_vms": instances, "max_cores_per_vm": size, "min_cores_per_vm": size}
    constraints = Constraints(cores=instances * size, **exactly)
    weighed = _weighed(machine, workload, [system], constraints)
    if weighed is None:
        return None
    evaluated = weighed[0]
    ((_, found),) = to_candidates(evaluated, evaluated.joint(constraints.usable), constraints.usable)
    return found


def _weighed(
    machine: Machine, workload: Workload, systems: Sequence[System], constraints: Constraints
) -> tuple[Evaluated, tuple[str, ...], Runs] | None:
    """The evaluation, placed and given the workload's runs; what these say; the runs that it extends."""
    evaluated = evaluate(machine, workload, systems, constraints)
    if evaluated is None:
        return None
    if machine.measured:
        # Published costs were fitted as placed; only measured distances can correct a plan, and only they load this.
        from cerberus_plan.planner.placing.placed import correct

        evaluated = correct(evaluated, machine, workload, host_cores=constraints.host_cores)
    if not workload.measured:
        return evaluated, (), Runs()
    # Only a workload with runs of its own loads the inference.
    from cerberus_plan.planner.evidence.condition import condition
    from cerberus_plan.planner.evidence.tell import tell

    evaluated, evidence = condition(evaluated, machine, workload, cores=constraints.usable)
    return evaluated, tuple(tell(evidence, constraints.usable)), Runs(splits=frozenset(evidence.measured.splits))


def _crossing(machine: Machine, workload: Workload, best: Candidate, constraints: Constraints) -> Iterable[str]:
    """What the best split loses because its instances cross caches, where distances were measured."""
    if machine.measured:
        from cerberus_plan.planner.placing.placed import crossing_note

        note = crossing_note(machine, workload, best, host_cores=constraints.host_cores)
        if note:
            yield note


def _leader(
    candidates: Sequence[tuple[int, Candidate]], joint: Joint, known: frozenset[int], systems: Mapping[str, System]
) -> tuple[Candidate, str]:
    """The candidate to recommend and the rule that chose it.

    The smallest expected regret leads; a split with fewer instances, or as many and fewer cores, takes its place where
    its expected loss, chances of a gain left out, is less than anybody can measure. Of splits that were run their
    gains count as well: nothing hides in them.
    """
    compared = set(joint.rows.tolist())
    entries = [entry for entry in candidates if entry[0] in compared]
    trust = _trust() if known & compared else 0.0
    row, leader = min(
        entries, key=lambda entry: (entry[1].regret + (entry[0] not in known) * trust, -entry[1].throughput)
    )
    rule = "chosen for the smallest expected loss against the best"
    if any(candidate.regret < leader.regret for _, candidate in entries):
        rule = (
            "chosen for the smallest expected loss of those that were run: "
            f"one that never was must promise {percent(trust)} more"
        )
    row, leader = _fewest_threads(entries, row, leader)
    # The downside alone: what a split may gain on the leader does not pay for what it may lose.
    loss = np.maximum(joint.lead(row), 0.0).mean(axis=1)
    alike = set(joint.rows[loss < NEGLIGIBLE].tolist())
    if row in known:  # one that was never run does not take its place: it promises no more
        alike &= known
        alike |= {at for at, candidate in entries if at in known and candidate.regret < leader.regret + NEGLIGIBLE}
    simplest = min(
        (candidate for at, candidate in candidates if at in alike),
        key=lambda c: (c.vms, sum(c.split), c.regret),
        default=leader,
    )
    if (simplest.vms, sum(simplest.split)) >= (leader.vms, sum(leader.split)):
        return leader, rule
    fewer = "instances" if simplest.vms < leader.vms else "cores"
    return simplest, (
        f"chosen for fewer {fewer}: against {describe(leader, systems)} it is expected to lose less than "
        f"{percent(NEGLIGIBLE)}"
    )


def _trust() -> float:
    """How much more a split must promise that was never run; only plans with runs load the inference."""
    from cerberus_plan.calibration.splits.decide import TRUST

    return TRUST


def _worth_first(everywhere: list[Candidate]) -> list[Candidate]:
    """Splits of all cores, fastest first; those of more threads than cores last where they are not worth it."""
    plain = max((c.throughput for c in everywhere if c.overcommit == 1.0), default=0.0)
    enough = plain * (1.0 + CROWD_GAIN)
    return sorted(everywhere, key=lambda c: c.overcommit > 1.0 and c.throughput <= enough)


def _fewest_threads(candidates: Sequence[tuple[int, Candidate]], row: int, leader: Candidate) -> tuple[int, Candidate]:
    """With more threads than cores, the fewest of them that do nearly as much under the leader's system."""
    if leader.overcommit == 1.0:
        return row, leader
    enough = leader.throughput / (1.0 + CROWD_GAIN)
    alike = (e for e in candidates if e[1].system == leader.system and e[1].throughput >= enough)
    return min(alike, key=lambda entry: (sum(entry[1].split), entry[1].regret))


def _row(candidates: Sequence[tuple[int, Candidate]], wanted: Candidate) -> int:
    """Row of a candidate in the evaluation."""
    return next(row for row, candidate in candidates if candidate is wanted)


def _ties(candidates: Sequence[tuple[int, Candidate]], best: Candidate, joint: Joint) -> list[Candidate]:
    """Candidates that the samples cannot tell from the best: each may be faster, and loses little in the mean."""
    lead = joint.lead(_row(candidates, best))
    within = ((lead <= 0.0).mean(axis=1) >= SELDOM) & (lead.mean(axis=1) < SMALL)
    alike = set(joint.rows[within].tolist())
    return [candidate for row, candidate in candidates if row in alike and candidate is not best]


def _one_big(ranked: Iterable[Candidate]) -> Candidate | None:
    """The fastest candidate with a single instance, which need not use all cores."""
    return fastest(candidate for candidate in ranked if candidate.vms == 1)


def _verdict(
    best: Candidate,
    everywhere: Sequence[Candidate],
    ranked: Sequence[Candidate],
    systems: Mapping[str, System],
    workload: Workload,
) -> str:
    text = f"Run {describe(best, systems)}: {expected(best, workload.unit)}"
    single = _one_big(ranked)
    several = fastest(candidate for candidate in ranked if candidate.vms > 1)
    if best.vms == 1 and several is not None:
        more = several.throughput / best.throughput - 1.0
        if more < WORTH_SAYING:
            text += ". Clustering does not help this workload here"
        else:  # expected to, but not by enough to be trusted unseen
            text += (
                f". Whether clustering helps is not known: {describe(several, systems)} may be {percent(more)} faster"
            )
    elif single is not None and best.vms > 1:
        gain = quotient((best.throughput, best.low, best.high), (single.throughput, single.low, single.high))
        text += f", {_times(estimate(*gain))} {describe(single, systems)}, the best single instance"
    if everywhere and best.cores < everywhere[0].cores:
        change = everywhere[0].throughput / best.throughput - 1.0
        beside = (
            "no faster" if abs(change) < 0.005 else f"{percent(abs(change))} {'faster' if change > 0 else 'slower'}"
        )
        text += f". Using all {everywhere[0].cores} cores ({describe(everywhere[0], systems)}) is {beside}"
    return text + "."


def _times(told: str) -> str:
    """A printed ratio before what it is of; no number where its digits tell no difference."""
    whole, _, fraction = told.partition(".")
    return "in the mean as fast as" if whole == "1" and not fraction.strip("0") else f"{told} times"


def _reason(best: Candidate, single: Candidate | None, systems: Mapping[str, System]) -> str:
    """Where the time goes in the best split and, for contrast, in the best single instance."""
    share, name = _largest_loss(best)
    computes = "nearly all of its core time is computing"
    here = f"{percent(share)} goes to the {name}" if share >= WORTH_SAYING else computes
    if single is None or single is best:
        alone = f"{percent(share)} of the core time goes to the {name}" if share >= WORTH_SAYING else computes
        return f"In the best split {alone}."
    there, (other_share, other) = f"With {describe(single, systems)}", _largest_loss(single)
    if other_share < WORTH_SAYING:
        also = ", as in the best split" if share < WORTH_SAYING else f"; in the best split {here}"
        return f"{there} nearly all of the core time is computing{also}."
    return f"{there}, {percent(other_share)} of the core time goes to the {other}; in the best split {here}."


def _largest_loss(candidate: Candidate) -> tuple[float, str]:
    losses = {name: share for name, share in candidate.ledger.items() if name not in USEFUL}
    if not losses:
        return 0.0, ""
    name = max(losses, key=losses.__getitem__)
    return losses[name], name


def _no_all_cores(constraints: Constraints) -> str:
    return (
        f"no even split within the constraints uses all of {counted(constraints.usable, 'core')}; "
        "allow more VMs, or another number of cores"
    )
