"""Why a split is as fast as it is, in formulas with their numbers.

Models: for one candidate of a plan: each station's law with its numbers, its share of the time, and how much
throughput a 1 % cheaper station would give (the identity of ``model.exact.formulas``); then what follows: where it
saturates or collapses, the hypervisor's ceiling, and where clustering overtakes one OS.
Assumptions: those of the formulas; each finding says what it is worth.
When not to use it: for unequal splits. Importing it is cheap; explaining imports sympy.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cerberus_plan.model.digits import counted
from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.model.exact.solver import Solution, solve
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.queue_lock import QueueLock
from cerberus_plan.model.laws.station import Station
from cerberus_plan.model.laws.ticket_lock import TicketLock
from cerberus_plan.model.network import Instance
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.plan import Candidate, Plan
from cerberus_plan.planner.splits.network_of import structure_of

if TYPE_CHECKING:
    from cerberus_plan.model.exact.formulas import Formula


@dataclass(frozen=True, slots=True, kw_only=True)
class StationLine:
    """One station of the candidate.

    Attributes:
        name: The station.
        scope: "each VM" (or what an instance is called), or "all" for a shared one.
        law: Its service time as a formula in k, the threads present.
        mathml: The same as MathML.
        numbers: The law's parameters: times in seconds, pure numbers as they are.
        share: Share of the threads that are there.
        gain: Relative gain in throughput for each relative cut of its time.
    """

    name: str
    scope: str
    law: str
    mathml: str
    numbers: dict[str, float]
    share: float
    gain: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One conclusion: a formula, what it comes to here, and what that means."""

    name: str
    says: str
    formula: str
    mathml: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A candidate explained.

    Attributes:
        candidate: The candidate.
        stations: Its stations, the ones that matter most first.
        findings: Conclusions in the order in which they bind.
    """

    candidate: Candidate
    stations: tuple[StationLine, ...]
    findings: tuple[Finding, ...]

    def to_json(self) -> dict[str, Any]:
        """The explanation as JSON."""
        return {
            "candidate": self.candidate.to_json(),
            "stations": [{name: getattr(line, name) for name in line.__slots__} for line in self.stations],
            "findings": [{name: getattr(found, name) for name in found.__slots__} for found in self.findings],
        }


def explain(plan: Plan, candidate: Candidate) -> Explanation:
    """Explain one candidate of a plan.

    Raises:
        CannotAnswerError: Its instances differ in size.
    """
    if candidate.cores_per_vm is None:
        raise CannotAnswerError("instances of different sizes have no common formula; explain an even split")
    cores, vms = plan.constraints.usable, candidate.vms
    local, shared = stations_of(plan, candidate.system, vms, min(candidate.cores_per_vm, cores / vms))
    # of more threads than cores only those meet at the stations that have one
    met = replace(candidate, split=tuple(min(size, cores) for size in candidate.split))
    queue = tuple(_run_queue(plan, candidate)) if candidate.overcommit > 1.0 else ()
    beyond = tuple(_beyond(candidate)) if plan.workload.measured else ()
    slowed = math.prod(found.value for found in queue)
    left = math.prod(1.0 - found.value for found in beyond) / slowed
    lines = tuple(replace(line, share=line.share * left) for line in _lines(local, shared, met))
    findings = (
        *beyond,
        *queue,
        *_lock_findings(local, shared, met),
        *_shared_findings(local, shared),
        *_crossings(plan, candidate, local, shared),
    )
    ranked = tuple(sorted(lines, key=lambda line: -line.share))
    return Explanation(candidate=candidate, stations=ranked, findings=findings)


def stations_of(plan: Plan, system: str, vms: int, threads: float) -> tuple[tuple[Station, ...], tuple[Station, ...]]:
    """Local and shared stations of a split under the central values, parameters as numbers."""
    structure = structure_of(plan.machine, plan.workload, SYSTEMS[system], vms=vms, threads=threads)
    return structure.local, structure.shared


def gains(local: tuple[Station, ...], shared: tuple[Station, ...], vms: int, threads: int) -> dict[str, float]:
    """Relative gain in throughput for each relative cut of a station's time, by name; they sum to 1.

    Equation: -d ln X / d ln D = Q(all) - Q(one thread less).
    """
    full = _lengths(local, shared, [threads] * vms)
    fewer = [threads] * (vms - 1) + ([threads - 1] if threads > 1 else [])
    less = _lengths(local, shared, fewer) if fewer else {}
    return {name: length - less.get(name, 0.0) for name, length in full.items()}


def _lengths(local: tuple[Station, ...], shared: tuple[Station, ...], sizes: list[int]) -> dict[str, float]:
    found: dict[str, float] = {}
    for result in _solved(local, shared, sizes).stations:
        found[result.name] = found.get(result.name, 0.0) + result.queue_length
    return found


def _solved(local: tuple[Station, ...], shared: tuple[Station, ...], sizes: list[int]) -> Solution:
    return solve(instances=[Instance(threads=size, stations=local) for size in sizes], shared=shared)


def _lines(local: tuple[Station, ...], shared: tuple[Station, ...], candidate: Candidate) -> Iterator[StationLine]:
    from cerberus_plan.model.exact import formulas

    vms, threads = candidate.vms, candidate.split[0]
    lengths = _lengths(local, shared, [threads] * vms)
    gain = gains(local, shared, vms, threads)
    noun = SYSTEMS[candidate.system].instance_noun
    for station in (*local, *shared):
        time = formulas.service_time(type(station))
        law = formulas.Formula(name=station.name, says="", symbol="T(k)", expression=time)
        yield StationLine(
            name=station.name,
            scope="all" if station in shared else f"each {noun}",
            law=law.text,
            mathml=law.mathml,
            numbers={name: float(getattr(station, name)) for name in station.parameter_names},
            share=lengths[station.name] / (vms * threads),
            gain=gain[station.name],
        )


def _beyond(candidate: Candidate) -> Iterator[Finding]:
    """What runs show beyond the stations, as the plan's ledger has it."""
    from cerberus_plan.model.exact import formulas
    from cerberus_plan.planner.evidence.condition import BEYOND

    if (share := candidate.ledger.get(BEYOND, 0.0)) > 0.0:
        law = formulas.beyond()
        yield Finding(
            name=BEYOND,
            says=f"{BEYOND}: share of the core time that runs show to be lost and none of these stations explains",
            formula=f"{law.text}, X as runs have it and D by the stations alone",
            mathml=law.mathml,
            value=share,
        )


def _run_queue(plan: Plan, candidate: Candidate) -> Iterator[Finding]:
    """What more threads than cores make of every time, under the central values."""
    import numpy as np

    from cerberus_plan.model.exact import formulas
    from cerberus_plan.model.exact.tables import Splits
    from cerberus_plan.planner.splits.crowd import RUN_QUEUE, crowd_of, factor_of

    splits = Splits(vms=np.array([float(candidate.vms)]), threads=np.array([float(candidate.split[0])]))
    crowd = crowd_of(SYSTEMS[candidate.system], splits, plan.machine, plan.workload, plan.constraints)
    law = formulas.run_queue()
    yield Finding(
        name=RUN_QUEUE,
        says=f"{RUN_QUEUE}: {counted(sum(candidate.split), 'thread')} on {counted(crowd.cores, 'core')}, times are so "
        "many times as long",
        formula=f"{law.text}, its mean over the runnable threads r on c cores",
        mathml=law.mathml,
        value=factor_of(crowd, plan.machine.costs(), plan.workload.costs()),
    )


def _alone(station: Station) -> float:
    """Time at the station with nobody else there [s]."""
    return float(station.service_times(1)[0])


def _numbers(station: Station) -> dict[str, float]:
    return {name: float(getattr(station, name)) for name in station.parameter_names}


def _finding(formula: Formula, says: str, **numbers: float) -> Finding:
    return Finding(
        name=formula.name, says=says, formula=formula.text, mathml=formula.mathml, value=formula.value(**numbers)
    )


def _lock_findings(local: tuple[Station, ...], shared: tuple[Station, ...], candidate: Candidate) -> Iterator[Finding]:
    """Saturation or collapse of each of an instance's own stations, given what its threads do elsewhere."""
    noun = SYSTEMS[candidate.system].instance_noun
    sizes = [candidate.split[0]] * candidate.vms
    solution = _solved(local, shared, sizes)
    cycle = candidate.split[0] / solution.per_instance[0]
    residence = {result.name: result.residence for result in solution.stations if result.instance in {0, None}}
    for station in local:
        if not isinstance(station, Delay) and _alone(station) > 0.0:
            yield limit_of(station, cycle - residence[station.name], noun)


def limit_of(station: Station, think: float, noun: str) -> Finding:
    """The formula that limits one station whose customers spend ``think`` seconds elsewhere."""
    from cerberus_plan.model.exact import formulas

    numbers = {"think": think, **_numbers(station)}
    formula, says = _saturation(station), f"cores in one {noun} beyond which they wait for each other"
    if isinstance(station, TicketLock) and float(station.handover) > 0.0:
        if think >= formulas.collapse_threshold().value(**_numbers(station)):
            formula, says = formulas.collapse(), f"cores in one {noun} beyond which its throughput collapses, about"
        else:
            formula = formulas.onset(type(station))
            says = f"cores in one {noun} from which somebody always waits, and each waiter slows it"
    return replace(
        _finding(formula, f"{station.name}: {says}", **numbers), name=f"{formula.name} of the {station.name}"
    )


def _saturation(station: Station) -> Formula:
    """Saturation of a station; a ticket lock whose hand-over costs nothing serves like any lock."""
    from cerberus_plan.model.exact import formulas

    constant = isinstance(station, TicketLock) and float(station.handover) == 0.0
    return formulas.saturation(QueueLock if constant else type(station))


def _shared_findings(local: tuple[Station, ...], shared: tuple[Station, ...]) -> Iterator[Finding]:
    """Saturation of what all instances share."""
    for station in shared:
        if _alone(station) <= 0.0:
            continue  # nobody ever waits for what takes no time
        formula = _saturation(station)
        think = sum(_alone(other) for other in (*local, *shared) if other is not station)
        numbers = {"think": think, **_numbers(station)}
        if not 0.0 < formula.value(**numbers) < math.inf:
            continue
        says = f"{station.name}: cores in all beyond which they wait for it"
        yield replace(_finding(formula, says, **numbers), name=f"{formula.name} of the {station.name}")


def _crossings(
    plan: Plan, candidate: Candidate, local: tuple[Station, ...], shared: tuple[Station, ...]
) -> Iterator[Finding]:
    """Where the candidate's system overtakes each one-OS system of the plan at that system's best."""
    from cerberus_plan.model.exact import formulas

    if candidate.vms == 1:
        return
    cycle = sum(_alone(station) for station in (*local, *shared))
    for name in dict.fromkeys(c.system for c in plan.candidates if not SYSTEMS[c.system].clustered):
        best = max(c.throughput for c in plan.candidates if c.system == name) / plan.workload.units_per_cycle
        says = f"cores from which {candidate.system} is faster than {name} at its best, about"
        yield _finding(formulas.crossing(), says, cycle=cycle, other_rate=best)
