"""What if the kernel or the hypervisor were refined instead: the plan with one contention law or cost replaced.

A plan with an objective is compared by the rate that its choice carries.
Models: each change rewrites the structure that a system's law gives (or a cost it asks for), for every system it
concerns, and plans again. The other road in the source is to refine the kernel instead of clustering; a change
says how far that road goes.
Assumptions: a refinement removes the contention it is named for and costs nothing else.
When not to use it: as a forecast of a kernel release; measure that one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.laws.allocator_search import AllocatorSearch
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.queue_lock import QueueLock
from cerberus_plan.model.laws.single_server import Queue
from cerberus_plan.model.laws.station import Station
from cerberus_plan.model.laws.ticket_lock import TicketLock
from cerberus_plan.model.objective import COST, Objective
from cerberus_plan.model.structure import Costs, Structure, StructureLaw, System
from cerberus_plan.model.systems import cerberus, kvm
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.plan import Candidate, Plan
from cerberus_plan.planner.splits.choose import plan as replan

# Messages and spawning made this many times cheaper.
CHEAPER = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One refinement.

    Attributes:
        name: Name in the command line.
        says: What is changed, in one sentence.
        rewrite: From a system and its law to the changed law.
    """

    name: str
    says: str
    rewrite: Callable[[str, StructureLaw], StructureLaw]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A plan before and after a change."""

    change: Change
    before: Plan
    after: Plan

    @property
    def gain(self) -> float:
        """The best split after the change over before: the rate it carries where there is an objective."""
        after, before = (getattr(plan.best, self.measure) for plan in (self.after, self.before))
        return float(after / before)

    @property
    def measure(self) -> str:
        """What the gain is of: "headroom" where the split was chosen for an objective and carries a rate."""
        carried = all((plan.best.headroom or 0.0) > 0.0 for plan in (self.after, self.before))
        return "headroom" if carried else "throughput"

    @property
    def same_split(self) -> bool:
        """Whether the recommendation stays."""
        return _place(self.before.best) == _place(self.after.best)

    def to_json(self) -> dict[str, Any]:
        """The answer as in the plan's JSON."""
        whole = self.after.best_all_cores
        return {
            "name": self.change.name,
            "says": self.change.says,
            "gain": self.gain,
            "gain_of": self.measure,
            "same_split": self.same_split,
            "verdict": self.after.verdict,
            "best": self.after.best.to_json(),
            "best_all_cores": whole.to_json() if whole else None,
        }


def ranked(objective: Objective | None, answers: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Answers as JSON has them, the most worth having first.

    By gain; under an objective of the least cost those that meet it come first, the one that costs least before all,
    without a rate for each unit of what it carries (``planner.objectives.aim``): a cheaper split carries less, so that
    its gain alone would put what was wished for last.
    """

    def worth(answer: Mapping[str, Any]) -> tuple[bool, float, float, str]:
        best, gain, name = answer["best"], answer["gain"], answer["name"]
        if objective is None or objective.kind != COST or not best["meets"]:
            return True, 0.0, -gain, name
        if objective.rate is not None:
            return False, best["cost"], -gain, name
        return False, best["cost"] / best["headroom"] if best["headroom"] > 0.0 else math.inf, -gain, name

    return sorted(answers, key=worth)


def _place(candidate: Candidate) -> tuple[str, tuple[int, ...]]:
    return candidate.system, candidate.split


def what_if(before: Plan, name: str) -> Answer:
    """The plan again under one change.

    Raises:
        InputError: There is no such change.
    """
    change = change_named(name)
    names = dict.fromkeys(candidate.system for candidate in before.candidates)
    systems = [replace(SYSTEMS[n], law=change.rewrite(n, SYSTEMS[n].law)) for n in names]
    after = replan(before.machine, before.workload, systems, before.constraints)
    if before.objective is not None:
        after = _aimed(before, after, before.objective, {system.name: system for system in systems})
    return Answer(change=change, before=before, after=after)


def _aimed(before: Plan, after: Plan, objective: Objective, systems: Mapping[str, System]) -> Plan:
    """The changed plan's choice for the same objective.

    Measured response times are of the systems as they are: what they say of the program holds, but no split of the
    changed systems was measured.
    """
    from cerberus_plan.planner.objectives.aim import aimed
    from cerberus_plan.planner.objectives.reach import Answering

    evidence = Answering(before).evidence
    if evidence is not None:
        evidence = replace(evidence, every=())
    return aimed(after, objective, systems, evidence)


def change_named(name: str) -> Change:
    """The change of that name.

    Raises:
        InputError: There is none.
    """
    if name not in CHANGES:
        raise InputError(f"unknown change {name!r}; --what-if knows {', '.join(CHANGES)}")
    return CHANGES[name]


def check(names: Iterable[str]) -> None:
    """Refuse unknown names before anything is planned.

    Raises:
        InputError: One of them is unknown.
    """
    for name in names:
        change_named(name)


def _on_stations(rewrite: Callable[[Station], Station]) -> Callable[[str, StructureLaw], StructureLaw]:
    """A change that replaces stations one by one."""

    def changed(_: str, law: StructureLaw) -> StructureLaw:
        def with_stations(machine: Costs, operations: Costs, vms: Any, threads: Any) -> Structure:
            found = law(machine, operations, vms, threads)
            return replace(
                found,
                local=tuple(rewrite(station) for station in found.local),
                shared=tuple(rewrite(station) for station in found.shared),
            )

        return with_stations

    return changed


def _queue_lock(station: Station) -> Station:
    """A hand-over that does not grow with waiters: what two threads pay, for any number."""
    if not isinstance(station, TicketLock):
        return station
    return QueueLock(station.hold, handover=station.handover / 2, name=station.name)


def _parallel(name: str) -> Callable[[Station], Station]:
    """The station of that name served to everybody at once."""

    def rewrite(station: Station) -> Station:
        if station.name != name or not isinstance(station, TicketLock | Queue):
            return station
        demand = station.hold if isinstance(station, TicketLock) else station.demand
        return Delay(demand, name=name)

    return rewrite


def _groups(station: Station) -> Station:
    """Block allocation without a search that grows."""
    if not isinstance(station, AllocatorSearch):
        return station
    return AllocatorSearch(station.base, search=0.0 * station.search, width=station.width, name=station.name)


def _nested(system: str, law: StructureLaw) -> StructureLaw:
    """Systems with shadow paging keep what clusters them and page like ``kvm``."""
    if SYSTEMS[system].paging != "shadow":
        return law

    def with_nested_paging(machine: Costs, operations: Costs, vms: Any, threads: Any) -> Structure:
        found = kvm.law(machine, operations, vms, threads)
        if not SYSTEMS[system].messages:
            return found
        return replace(
            found,
            local=(*found.local, *cerberus.communication(machine, operations, vms)),
            startup_s=cerberus.startup_s(machine, operations, vms),
        )

    return with_nested_paging


_CHEAP = frozenset({"message_round_trip", "clone_fixed", "clone_each", "fork_fixed", "fork_each"})


def _cheap_messages(_: str, law: StructureLaw) -> StructureLaw:
    def with_cheap_messages(machine: Costs, operations: Costs, vms: Any, threads: Any) -> Structure:
        values = {name: value / CHEAPER if name in _CHEAP else value for name, value in machine.values.items()}
        return law(replace(machine, values=values), operations, vms, threads)

    return with_cheap_messages


def _changes() -> Sequence[Change]:
    return (
        Change(
            name="queue-lock",
            says="every ticket lock becomes a queue lock (MCS), whose hand-over does not grow with waiters",
            rewrite=_on_stations(_queue_lock),
        ),
        Change(
            name="nested-paging",
            says="shadow paging becomes nested paging in hardware",
            rewrite=_nested,
        ),
        Change(
            name="per-core-network",
            says="each core gets its own network path",
            rewrite=_on_stations(_parallel("network path")),
        ),
        Change(
            name="per-vma-locks",
            says="page faults of one address space no longer share a lock",
            rewrite=_on_stations(_parallel("address-space lock")),
        ),
        Change(
            name="allocation-groups",
            says="each directory allocates blocks in a group of its own",
            rewrite=_on_stations(_groups),
        ),
        Change(
            name="cheap-messages",
            says=f"messages and spawning between VMs become {CHEAPER:g} times cheaper",
            rewrite=_cheap_messages,
        ),
    )


CHANGES: dict[str, Change] = {change.name: change for change in _changes()}
