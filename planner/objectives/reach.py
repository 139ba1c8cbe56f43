"""What one candidate of a plan reaches under an objective: the largest rate within the limits, latency, cost.

Models: a candidate's network (``planner.splits.network_of``) fed from outside (``model.latency.open_network``). All its
times are multiplied so that with every worker at work it does what the plan expects of it: evidence, placement and
interference, which bend the plan's throughput, bend its response times alike. The ends of the throughput's 90 %
interval give those of the headroom and of the latency.
Equation: headroom = the largest rate at which every limit holds, before and after the loss that is to be survived; with
no limit, the throughput: from there on the queue grows for ever.
Assumptions: those of ``open_network``; a request is one unit of work of which a cycle does ``units_per_cycle``.
When not to use it: for finite jobs, whose completion time the plan has already.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.latency.latency import Latency
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.objective import Objective, Slo
from cerberus_plan.model.record import Record, field
from cerberus_plan.model.structure import System
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.objectives.losses import lost_instances
from cerberus_plan.planner.objectives.served import Served
from cerberus_plan.planner.plan import Candidate, Plan

if TYPE_CHECKING:
    from cerberus_plan.planner.objectives.bent import Bent
    from cerberus_plan.planner.objectives.evidence import Evidence

# A rate, as a share of the throughput, at which no request meets another.
_HARDLY = 1e-9


class Reach(Record):
    """What a candidate reaches.

    Attributes:
        candidate: The candidate.
        headroom: Largest rate within all limits, in the workload's unit; low and high are its 90 % interval.
        binding: What keeps the rate from growing: the name of a limit, or "capacity"; "... after the loss of one
            instance" where a loss is to be survived.
        latency: Response time at the wanted rate, None without one, or where the queue would grow for ever.
        cost: By the objective's prices.
        meets: Whether the rate is carried within the limits at the low end of the interval; True without a rate.
        answers: Who answers for its response times at other rates.
        left: Instances after the loss that is to be survived, None without one.
    """

    candidate: Candidate
    headroom: float
    headroom_low: float
    headroom_high: float
    binding: str
    latency: Latency | None
    cost: float
    meets: bool
    answers: Served | Bent = field(compare=False)
    left: int | None = None

    def lone(self, slo: Slo) -> float:
        """What a limit's percentile or mean is where hardly anything is asked for [s]."""
        return self.answers.quantile(_HARDLY * self.candidate.throughput, slo)


def reaches(plan: Plan, objective: Objective) -> tuple[Reach, ...]:
    """What every candidate of a plan reaches, in the plan's order.

    Raises:
        InputError: The workload is a finite job, or the loss to be survived cannot happen on this machine.
    """
    return Answering(plan).reaches(objective)


def reach(plan: Plan, candidate: Candidate, objective: Objective) -> Reach:
    """What one candidate reaches.

    Raises:
        InputError: See ``reaches``; or its instances differ in size.
    """
    return Answering(plan).reach(candidate, objective)


class Answering:
    """Who answers for response times of a plan's candidates; measured ones are weighed once.

    Attributes:
        plan: The plan.
        evidence: What measured response times say, None without any.
    """

    def __init__(self, plan: Plan, systems: Mapping[str, System] = SYSTEMS, evidence: Evidence | None = None) -> None:
        """Weigh what was measured.

        Args:
            plan: The plan.
            systems: The systems it was planned with, by name, where they are not those of the registry.
            evidence: What measured response times say, where it is known: of systems as they are, for a plan of
                systems as they might be.

        Raises:
            InputError: The workload is a finite job.
            CannotAnswerError: The machine lacks a cost of a system that was measured.
        """
        if plan.workload.job_units is not None:
            raise InputError(
                f"{plan.workload.name} is a finite job: it has a completion time, not a rate of requests; leave out "
                "--rate, --slo and --survive, or name other programs with --workload"
            )
        self.plan, self._systems = plan, systems
        self.evidence = evidence
        if evidence is None:
            self.evidence = evidence_of(plan.machine, plan.workload)

    def reaches(self, objective: Objective) -> tuple[Reach, ...]:
        """What every candidate reaches, in the plan's order."""
        return tuple(self.reach(candidate, objective) for candidate in self.plan.candidates)

    def reach(self, candidate: Candidate, objective: Objective) -> Reach:
        """What one candidate reaches.

        Raises:
            InputError: Its instances differ in size, or the loss to be survived cannot happen on this machine.
        """
        left = _left(self.plan, candidate, objective)
        answers = self._of(candidate)
        low, middle, high = answers.headrooms(objective.slos, left)
        rate = objective.rate
        latency = None if rate is None else answers.at(rate)
        return Reach(
            candidate=candidate,
            headroom=middle[0],
            headroom_low=low[0],
            headroom_high=high[0],
            binding=middle[1] if left is None else f"{middle[1]} after the loss of one {objective.survive}",
            latency=latency if latency is not None and latency.stable else None,
            cost=objective.prices.of(candidate.vms, candidate.cores),
            meets=rate is None or rate <= low[0],
            answers=answers,
            left=left,
        )

    def _of(self, candidate: Candidate) -> Served | Bent:
        served = Served.of(self.plan, candidate, self._systems[candidate.system])
        if self.evidence is None:
            return served
        from cerberus_plan.planner.objectives.bent import Bent

        return Bent(served, candidate, self.evidence)


def evidence_of(machine: Machine, workload: Workload) -> Evidence | None:
    """What measured response times say; None of a workload without, and of a finite job.

    Raises:
        CannotAnswerError: The machine lacks a cost of a system that was measured.
    """
    if not workload.latencies or workload.job_units is not None:
        return None
    # Only a workload with measured response times loads the inference.
    from cerberus_plan.planner.objectives.evidence import learn

    return learn(machine, workload)


def _left(plan: Plan, candidate: Candidate, objective: Objective) -> int | None:
    """Instances left after the loss, None when nothing is to be lost."""
    if not objective.survive:
        return None
    size = max(candidate.split)
    return candidate.vms - lost_instances(plan.machine, objective.survive, candidate.vms, size)
