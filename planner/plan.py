"""What the planner answers with: candidates and plans.

Nouns only; how they are made is in ``candidates``, ``evaluate`` and ``choose``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cerberus_plan.model.machine import Machine
from cerberus_plan.model.quantity import Quantity
from cerberus_plan.model.record import Record
from cerberus_plan.model.shown import Shown
from cerberus_plan.model.workload import Workload


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
    """

    cores: int
    host_cores: int = 0
    max_vms: int | None = None
    memory_per_instance_bytes: float | None = None
    max_cores_per_vm: int | None = None
    min_cores_per_vm: int | None = None
    overcommit: float = 1.0

    @property
    def usable(self) -> int:
        """Cores left for instances."""
        return self.cores - self.host_cores

    def threads(self, *, overcommits: bool) -> int:
        """Most threads of all instances, under a system that may have more than cores or not."""
        return max(self.usable, int(self.usable * self.overcommit)) if overcommits else self.usable


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
        }


class Plan(Record, Shown):
    """The answer for one workload on one machine.

    Attributes:
        machine: The machine planned for.
        workload: The workload planned.
        constraints: What was respected.
        verdict: The answer in one sentence.
        reason: Why, in one sentence.
        best: The recommended candidate; it may leave cores idle.
        best_all_cores: The best candidate that uses every core given, None when none does.
        no_all_cores_reason: Why there is none.
        ties: Candidates that may be faster than the best and lose little against it in the mean.
        candidates: All, best first.
        inputs: Every uncertain or published number the plan used, by "machine.name" or "workload.name".
        situation: How well the model is known here (``planner.splits.situation``).
        model_error: Standard deviation of the model's own log error of the recommended candidate.
        warnings: What limits the answer: extrapolated cores, assumed numbers, structural doubt.
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

    def __repr__(self) -> str:
        return f"<Plan of {self.workload.name} on {self.machine.name}: {self.verdict}>"

    def to_json(self) -> dict[str, Any]:
        """The plan as the command line contract has it."""
        return {
            "workload": self.workload.name,
            "unit": self.workload.unit,
            "verdict": self.verdict,
            "reason": self.reason,
            "best": self.best.to_json(),
            "best_all_cores": self.best_all_cores.to_json() if self.best_all_cores else None,
            "no_all_cores_reason": self.no_all_cores_reason,
            "ties": [tie.to_json() for tie in self.ties],
            "candidates": [candidate.to_json() for candidate in self.candidates],
            "situation": self.situation,
            "model_error": self.model_error,
            "warnings": list(self.warnings),
            "inputs": {name: quantity.to_record() for name, quantity in self.inputs.items()},
        }
