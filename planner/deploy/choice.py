"""Which split a format deploys, and what its system makes of the plan's promise.

Rule: the split asked for, or the plan's best one with all cores, is evaluated again under the format's own system.
Where the plan has an objective its choice is deployed, if it keeps the objective under that system, else what the
objective chooses there.
What a format cannot run is refused when the user asked for it, else replaced by the best split it can run: none runs
more threads than cores, for every vCPU is given a CPU of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from cerberus_plan.model.digits import ends, estimate, exact, percent, spread
from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.deploy.deployment import Format
from cerberus_plan.planner.objectives.aim import aimed
from cerberus_plan.planner.plan import Candidate, Plan
from cerberus_plan.planner.splits.choose import plan as plan_under
from cerberus_plan.planner.splits.describe import describe

# What the instances of a system do and do not share: the plan's own system may promise more.
_APART = {
    "kvm": "Independent VMs share no files, sockets or memory: the program must run as separate copies.",
    "processes": "Processes split the address-space lock only; file-system and network locks stay the kernel's.",
    "linux": "One kernel on all cores shares every lock.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the user asked for: the best split at all, or one by size; otherwise the best with all cores."""

    best: bool = False
    vms: int | None = None
    cores_per_vm: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The candidate to deploy, in the plan under the format's system, and sentences about it."""

    plan: Plan
    candidate: Candidate
    lines: tuple[str, ...]


def choose_for(form: Format, plan: Plan, wish: Wish) -> Choice:
    """The candidate that the format deploys.

    Raises:
        CannotAnswerError: The format, its system or the constraints do not allow the split asked for.
    """
    systems = [SYSTEMS[name] for name in form.systems]
    own = plan_under(plan.machine, plan.workload, systems, replace(plan.constraints, overcommit=1.0))
    smt = len(set(plan.machine.topology.cores)) < plan.machine.topology.n_cpus
    possible = [c for c in own.candidates if not any(form.refuse(size, smt) for size in c.split)]
    if plan.objective is not None and possible:
        own = aimed(replace(own, candidates=tuple(possible)), plan.objective)
        possible = list(own.candidates)
    if wish.vms is not None and wish.cores_per_vm is not None:
        split = (wish.cores_per_vm,) * wish.vms
        _check_form(form, wish.cores_per_vm, smt=smt)
        found = next((c for c in possible if c.split == split), None)
        if found is None:
            raise CannotAnswerError(
                f"{wish.vms} instances of {wish.cores_per_vm} cores do not meet the constraints: "
                f"{plan.constraints.usable} cores, one for each vCPU, limits of {plan.machine.name}, --max-vms; "
                f"{form.title} can deploy for example {describe(own.best, SYSTEMS)}"
            )
        lines = [_promise(found, own)] + ([] if plan.objective is None else [_carries(found, own)])
        return Choice(plan=own, candidate=found, lines=tuple(lines))
    if plan.objective is not None:
        return _aimed_at(form, plan, own, possible)
    planned = plan.best if wish.best else plan.best_all_cores
    if planned is None:
        raise CannotAnswerError(f"{plan.no_all_cores_reason}; or deploy --best, which leaves cores idle")
    found = next((c for c in possible if c.split == planned.split), None)
    if found is not None:
        return Choice(plan=own, candidate=found, lines=tuple(_lines(found, planned, own)))
    return _other(form, plan, own, planned, possible, best=wish.best)


def _aimed_at(form: Format, plan: Plan, own: Plan, possible: list[Candidate]) -> Choice:
    """What the objective chose, where it is kept under the format's system too, else what it chooses there."""
    if not possible:
        raise CannotAnswerError(f"{form.title}: no split within the constraints can be deployed; try another --format")
    planned = plan.best
    same = next((c for c in own.candidates if c.split == planned.split), None)
    kept = same is not None and (same.meets or not planned.meets)
    found = same if same is not None and kept else own.best
    lines = [_promise(found, own), _carries(found, own), *_another_system(found, planned, own)]
    if not kept:
        lacking = (
            "cannot be deployed so" if same is None else f"is not sure to keep the objective: {_carries(same, own)}"
        )
        lines.insert(0, f"{describe(planned, SYSTEMS)}, which the plan recommends, {lacking} Deployed instead:")
    return Choice(plan=own, candidate=found, lines=tuple(lines))


def _carries(candidate: Candidate, plan: Plan) -> str:
    """What a candidate carries within the objective's limits."""
    unit = plan.workload.unit
    asked = plan.objective.rate if plan.objective is not None else None
    sure = (
        "" if asked is None else f" {exact(asked)} {unit} {'are' if candidate.meets else 'are not sure to be'} carried."
    )
    return (
        "Within the limits it carries "
        f"{spread(candidate.headroom or 0.0, candidate.headroom_low, candidate.headroom_high, unit)}.{sure}"
    )


def _check_form(form: Format, size: int, *, smt: bool) -> None:
    reason = form.refuse(size, smt)
    if reason:
        raise CannotAnswerError(f"{reason}; choose another --cores-per-vm, or another --format")


def _other(form: Format, plan: Plan, own: Plan, planned: Candidate, possible: list[Candidate], *, best: bool) -> Choice:
    """The best split that the format can run, in place of one that it cannot."""
    fitting = possible if best else [c for c in possible if c.cores == plan.constraints.usable]
    if not fitting:
        raise CannotAnswerError(
            f"{form.title}: no even split uses all {plan.constraints.usable} cores{_limits(plan)}; "
            "try --best, which may leave cores idle, another number of cores, or another --format"
        )
    found = fitting[0]
    smt = len(set(plan.machine.topology.cores)) < plan.machine.topology.n_cpus
    why = form.refuse(planned.split[0], smt) or f"{found.system} within the constraints has no such split"
    if planned.overcommit > 1.0:
        more = planned.throughput / found.throughput - 1.0
        why = f"every vCPU gets a CPU of its own; shared ones would do {percent(more)} more"
    swap = f"{describe(planned, SYSTEMS)} cannot be deployed so ({why}); the best that can is deployed instead."
    return Choice(plan=own, candidate=found, lines=(swap, *_lines(found, planned, own)))


def _promise(candidate: Candidate, plan: Plan) -> str:
    value = estimate(candidate.throughput, candidate.low, candidate.high, plan.workload.unit)
    return f"{describe(candidate, SYSTEMS)}: {value} expected ({ends(candidate.low, candidate.high)})."


def _lines(candidate: Candidate, planned: Candidate, own: Plan) -> list[str]:
    """What to expect, what the format's system gains or loses, and whether another split would suit it better."""
    lines = [_promise(candidate, own), *_another_system(candidate, planned, own)]
    same = [c for c in own.candidates if c.cores == candidate.cores]
    if same and same[0].throughput > candidate.throughput * 1.01:
        gain = same[0].throughput / candidate.throughput - 1.0
        lines.append(
            f"Under this system {describe(same[0], SYSTEMS)} would be {percent(gain)} faster: "
            f"--vms {same[0].vms} --cores-per-vm {same[0].cores_per_vm}."
        )
    return lines


def _another_system(candidate: Candidate, planned: Candidate, own: Plan) -> list[str]:
    """What the format's system gains or loses against the planned one, and what its instances do not share."""
    if candidate.system == planned.system:
        return []
    return [
        f"These files run {SYSTEMS[candidate.system].title}, not {SYSTEMS[planned.system].title}: that "
        f"{_change(candidate.throughput / planned.throughput)} the plan's "
        f"{estimate(planned.throughput, planned.low, planned.high, own.workload.unit)}. {_APART[candidate.system]}"
    ]


def _change(ratio: float) -> str:
    """A gain or loss in words that go before "the plan's"."""
    if ratio >= 2.0:
        return f"is {ratio:.1f} times"
    return f"{'gains' if ratio > 1.0 else 'loses'} {percent(abs(ratio - 1.0))} against"


def _limits(plan: Plan) -> str:
    """What bounds VMs on this machine, in brackets."""
    limits = plan.machine.limits
    words = [
        f"at most {int(limits[name].value)} {what}"
        for name, what in (("vms", "VMs"), ("vcpus_per_vm", "vCPUs in a VM"))
        if name in limits
    ]
    if plan.constraints.max_vms is not None:
        words.append(f"--max-vms {plan.constraints.max_vms}")
    return f" ({', '.join(words)})" if words else ""
