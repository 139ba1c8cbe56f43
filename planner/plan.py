"""What the planner answers with: candidates and plans.

Nouns only; how they are made is in ``candidates``, ``evaluate`` and ``choose``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cerberus_plan.model.latency.latency import Latency
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.objective import Objective
from cerberus_plan.model.quantity import Quantity
from cerberus_plan.model.record import Record
from cerberus_plan.model.shown import Shown
from cerberus_plan.model.workload import Workload

# Relative difference of throughputs below which it is rounding: the solver is exact to this.
ROUNDING = 1e-9
# More cores than this, and more threads a core, were not looked at; planning for them takes for ever.
MOST_CORES, MOST_OVERCOMMIT = 4096, 16.0


class Constraints(Record):
    """What a plan must respect.

    Attributes:
        cores: Cores of the machine to plan for.
        host_cores: Cores kept for the host, not planned.
        max_vms: Most OS instances, None for no bound of the user's.
        memory_per_instance_bytes: Memory of each instance [B]; None for what the workload says.
        max_cores_per_vm: Most cores of an instance (a licence, for example), None for no bound of the user's.
        min_cores_per_vm: Fewest cores of an instance, likewise.
        overcommit: Most threads or virtual CPUs a usable core, where the system has them.
        min_vms: Fewest OS instances (for availability, for example), likewise.
    """

    cores: int
    host_cores: int = 0
    max_vms: int | None = None
    memory_per_instance_bytes: float | None = None
    max_cores_per_vm: int | None = None
    min_cores_per_vm: int | None = None
    overcommit: float = 1.0
    min_vms: int | None = None

    @property
    def usable(self) -> int:
        """Cores left for instances."""
        return self.cores - self.host_cores

    def threads(self, *, overcommits: bool) -> int:
        """Most threads of all instances, under a system that may have more than cores or not."""
        return max(self.usable, int(self.usable * self.overcommit)) if overcommits else self.usable


# What a candidate has under an objective alone.
_REACHED = ("headroom", "headroom_low", "headroom_high", "headroom_limit", "cost", "meets")


class Candidate(Record):
    """One split under one system, evaluated.

    Attributes:
        system: Name of the system.
        split: Threads (vCPUs) of each instance.
        throughput: Expected throughput in the workload's unit.
        low: 5th percentile of the predictive distribution.
        high: 95th percentile.
        seconds: Completion time of a finite job, None for one without end [s]; seconds_low and seconds_high likewise.
        probability_best: Probability of being the fastest of all candidates.
        regret: Expected loss against the best choice, over doubts about costs and the model, as a share of it.
        bottleneck: Name of what limits: the station whose times, cut a little, gain most throughput.
        ledger: Share of the used cores' time by station; sums to 1.
        limits: Names of the bounds that bind: one more instance, or one more core in each, would break them.
        overcommit: Threads (vCPUs) a core: above 1 the instances share all usable cores.
        latency: Response time at the objective's rate; None without one, or where the queue grows for ever.
        headroom: Largest rate within the objective's limits; None without an objective, as are the following.
        headroom_low: 5th percentile of it.
        headroom_high: 95th percentile.
        headroom_limit: What keeps it from growing: the name of a limit, or "capacity"; empty without an objective.
        cost: Cost by the objective's prices.
        meets: Whether the objective's rate is carried, at the low end of the headroom.
    """

    system: str
    split: tuple[int, ...]
    throughput: float
    low: float
    high: float
    seconds: float | None = None
    seconds_low: float | None = None
    seconds_high: float | None = None
    probability_best: float
    regret: float
    bottleneck: str
    ledger: Mapping[str, float]
    limits: tuple[str, ...] = ()
    overcommit: float = 1.0
    latency: Latency | None = None
    headroom: float | None = None
    headroom_low: float | None = None
    headroom_high: float | None = None
    headroom_limit: str = ""
    cost: float | None = None
    meets: bool | None = None

    @property
    def vms(self) -> int:
        """Number of OS instances."""
        return len(self.split)

    @property
    def cores(self) -> int:
        """Cores used by all instances."""
        return round(sum(self.split) / self.overcommit)

    @property
    def cores_per_vm(self) -> int | None:
        """Cores of each instance, None when they differ."""
        return self.split[0] if len(set(self.split)) == 1 else None

    def to_json(self) -> dict[str, Any]:
        """The candidate as the command line contract has it."""
        return {
            "system": self.system,
            "vms": self.vms,
            "cores_per_vm": self.cores_per_vm,
            "cores": self.cores,
            "split": list(self.split),
            "throughput": self.throughput,
            "low": self.low,
            "high": self.high,
            "seconds": self.seconds,
            "seconds_low": self.seconds_low,
            "seconds_high": self.seconds_high,
            "probability_best": self.probability_best,
            "regret": self.regret,
            "bottleneck": self.bottleneck,
            "ledger": dict(self.ledger),
            "limits": list(self.limits),
            "overcommit": self.overcommit,
            "latency": None if self.latency is None else self.latency.to_json(),
            **({} if self.headroom is None else {name: getattr(self, name) for name in _REACHED}),
        }


class FrontierPoint(Record):
    """A split that no other beats in both cost and headroom.

    Attributes:
        system: Name of the system.
        vms: Number of instances.
        cores_per_vm: Cores of each, None when they differ.
        cores: Cores of all.
        cost: By the objective's prices.
        headroom: Largest rate within the objective's limits.
        headroom_low: 5th percentile of it.
        p99: 99th percentile of the response time at the objective's rate [s], None where there is none.
        gain_per_cost: Headroom gained for each unit of cost over the point before (the first: over nothing).
    """

    system: str
    vms: int
    cores_per_vm: int | None
    cores: int
    cost: float
    headroom: float
    headroom_low: float
    p99: float | None = None
    gain_per_cost: float | None = None


class LatencyCheck(Record):
    """A measured response time beside what the model says of it.

    Attributes:
        instances: Instances of the split.
        cores_per_instance: Cores of each.
        latency_rate: Rate that arrived, in the workload's unit; None of a closed loop.
        latency_concurrency: Clients of a closed loop; None of an open one.
        name: "mean", "p50", "p95" or "p99".
        measured: Median of what was measured [s].
        alone: What the model says without any measurement [s]; None where it says that the queue grows for ever.
    """

    instances: int
    cores_per_instance: int
    latency_rate: float | None
    latency_concurrency: int | None
    name: str
    measured: float
    alone: float | None


class LatencyEvidence(Record):
    """What measured response times say of the model's.

    Attributes:
        latency_scale: Factor on all times under arrivals.
        latency_offset: What each request pays beside, loading nothing [s].
        latency_variability: Squared coefficient of variation of a request's work.
        latency_discrepancy: What is left: standard deviation of the logarithm of a response time.
        latency_pause: Mean of the pauses of the host that one request in fifty meets [s].
        disagree: Whether model and measurements disagree; the plan follows the measurements.
        checks: The measurements.
    """

    latency_scale: float
    latency_offset: float
    latency_variability: float
    latency_discrepancy: float
    disagree: bool
    checks: tuple[LatencyCheck, ...]
    latency_pause: float = 0.0


class Plan(Record, Shown):
    """The answer for one workload on one machine.

    Attributes:
        machine: The machine planned for.
        workload: The workload planned.
        constraints: What was respected.
        verdict: The answer in one sentence.
        reason: Why, in one sentence.
        best: The recommended candidate; it may leave cores idle.
        best_all_cores: The recommended candidate where it uses every core given, else the fastest that does; None when
            none does.
        no_all_cores_reason: Why there is none.
        ties: Candidates that may be faster than the best and lose little against it in the mean.
        candidates: All, best first.
        inputs: Every uncertain or published number the plan used, by "machine.name" or "workload.name".
        situation: How well the model is known here (``planner.splits.situation``).
        model_error: Standard deviation of the model's own log error of the recommended candidate.
        warnings: What limits the answer: extrapolated cores, assumed numbers, structural doubt.
        objective: What the best was chosen for, None for the plan's own rule on throughput.
        frontier: Splits that no other beats in both cost and headroom, cheapest first; empty without an objective.
        latency_evidence: What measured response times say; None without any, or without an objective.
        choice_rule: What the objective's choice is by, and what decides where that is equal; empty without one.
        unsure: How the verdict begins where it cannot tell, and what to measure; empty where it can.
    """

    machine: Machine
    workload: Workload
    constraints: Constraints
    verdict: str
    reason: str
    best: Candidate
    best_all_cores: Candidate | None
    no_all_cores_reason: str | None
    ties: tuple[Candidate, ...]
    candidates: tuple[Candidate, ...]
    inputs: Mapping[str, Quantity]
    situation: str = ""
    model_error: float = 0.0
    warnings: tuple[str, ...] = ()
    objective: Objective | None = None
    frontier: tuple[FrontierPoint, ...] = ()
    latency_evidence: LatencyEvidence | None = None
    choice_rule: str = ""
    unsure: str = ""

    @property
    def best_single(self) -> Candidate | None:
        """The best single instance: the fastest candidate with one, which need not use all cores."""
        return fastest(candidate for candidate in self.candidates if candidate.vms == 1)

    @property
    def kept(self) -> bool | None:
        """Whether some split keeps the objective: carries its rate within its limits; None without an objective."""
        if self.objective is None:
            return None
        return self.best.meets is not False and self.best.headroom != 0.0

    def __repr__(self) -> str:
        return f"<Plan of {self.workload.name} on {self.machine.name}: {self.verdict}>"

    def to_json(self) -> dict[str, Any]:
        """The plan as the command line contract has it."""
        found = self._to_json()
        if self.objective is not None:
            from cerberus_plan.calibration.store.records import encode

            found |= {"objective": encode(self.objective), "frontier": encode(self.frontier)}
            found |= {"choice_rule": self.choice_rule, "kept": self.kept}
            if self.latency_evidence is not None:
                found["latency_evidence"] = encode(self.latency_evidence)
        return found

    def _candidate(self, candidate: Candidate) -> dict[str, Any]:
        """A candidate in JSON; without an objective with the mean time of a cycle of one client a core."""
        found = candidate.to_json()
        if self.objective is None and self.workload.job_units is None:
            mean = candidate.cores * self.workload.units_per_cycle / candidate.throughput
            found["latency"] = {"mean": mean, "p50": None, "p95": None, "p99": None}
        return found

    def _to_json(self) -> dict[str, Any]:
        return {
            "workload": self.workload.name,
            "unit": self.workload.unit,
            "verdict": self.verdict,
            "reason": self.reason,
            "best": self._candidate(self.best),
            "best_all_cores": self._candidate(self.best_all_cores) if self.best_all_cores else None,
            "no_all_cores_reason": self.no_all_cores_reason,
            "ties": [self._candidate(tie) for tie in self.ties],
            "candidates": [self._candidate(candidate) for candidate in self.candidates],
            "situation": self.situation,
            "model_error": self.model_error,
            "warnings": list(self.warnings),
            "inputs": {name: quantity.to_record() for name, quantity in self.inputs.items()},
        }


def fastest(candidates: Iterable[Candidate]) -> Candidate | None:
    """The fastest of candidates that come fastest first, None of none.

    A saturated lock gives many sizes the same throughput but for rounding: of these the one with the fewest threads.
    """
    ranked = list(candidates)
    alike = (each for each in ranked if each.throughput >= ranked[0].throughput * (1.0 - ROUNDING))
    return min(alike, key=lambda each: sum(each.split), default=None)
