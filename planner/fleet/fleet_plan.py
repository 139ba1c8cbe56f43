"""What a fleet's plan says: who runs where, what that costs, what room is left, and what is missing. Nouns only."""

from __future__ import annotations

from typing import Any

from cerberus_plan.model.digits import counted
from cerberus_plan.model.latency.latency import Latency
from cerberus_plan.model.record import Record
from cerberus_plan.model.shown import Shown
from cerberus_plan.planner.fleet.fleet import Demand, Fleet, MachineType
from cerberus_plan.planner.plan import Candidate


class Assignment(Record):
    """Machines of one type that do the same for one workload.

    Attributes:
        kind: The type.
        demand: The workload.
        machines: How many.
        parts: Parts each is cut into, of which this is one; 1 for whole machines.
        candidate: Split on each, with what it does.
        counted_on: Throughput of each that is reached with the fleet's risk.
        carried: Rate that each may carry, and ``limit``, what keeps that from being more.
        load: Rate that each is to carry.
        latency: Response time at that load, None for a finite job.
    """

    kind: MachineType
    demand: Demand
    machines: int
    parts: int
    candidate: Candidate
    counted_on: float
    carried: float
    limit: str
    load: float
    latency: Latency | None

    def to_json(self) -> dict[str, Any]:
        """Plain data for JSON."""
        found = self.candidate
        return {
            "machine": self.kind.name,
            "workload": self.demand.name,
            "machines": self.machines,
            "parts": self.parts,
            "system": found.system,
            "vms": found.vms,
            "cores_per_vm": found.cores_per_vm,
            "cores": found.cores,
            "split": list(found.split),
            "throughput": found.throughput,
            "low": found.low,
            "high": found.high,
            "counted_on": self.counted_on,
            "carried": self.carried,
            "limit": self.limit,
            "load": self.load,
            "latency": None if self.latency is None else self.latency.to_json(),
            "utilisation": self.load / self.counted_on,
            "bottleneck": found.bottleneck,
        }


class Served(Record):
    """What a workload gets.

    Attributes:
        demand: The workload.
        machines: Machines it runs on.
        throughput: Expected of all its machines together; low and high hold 90 %, all machines erring alike.
        counted_on: What they reach with the fleet's risk.
        headroom: What could be added to the rate, as a share of it, within the utilisation and after the losses.
        risk: Probability that its machines do less than the rate.
        risk_after_loss: The same after the losses that it must survive; None where there are none.
    """

    demand: Demand
    machines: int
    throughput: float
    low: float
    high: float
    counted_on: float
    headroom: float
    risk: float
    risk_after_loss: float | None

    def to_json(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "name": self.demand.name,
            "workload": self.demand.workload.name,
            "unit": self.demand.workload.unit,
            "rate": self.demand.rate,
            "machines": self.machines,
            "throughput": self.throughput,
            "low": self.low,
            "high": self.high,
            "counted_on": self.counted_on,
            "headroom": self.headroom,
            "risk": self.risk,
            "slo": {slo.name: slo.seconds for slo in self.demand.slos},
            "survive": self.demand.survive,
            "risk_after_loss": self.risk_after_loss,
        }


class Lacking(Record):
    """What a workload lacks where not every rate can be kept.

    Attributes:
        demand: The workload.
        rate: What is missing of its rate, in its unit.
        machines: What is missing of its spread.
        reason: Why no machine can run it, empty where one can.
    """

    demand: Demand
    rate: float
    machines: int = 0
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "name": self.demand.name,
            "unit": self.demand.workload.unit,
            "rate": self.demand.rate,
            "missing": self.rate,
            "missing_machines": self.machines,
            "reason": self.reason,
        }


class Purchase(Record):
    """Machines that would make every rate possible, beyond those there are."""

    machines: tuple[tuple[MachineType, int], ...]

    @property
    def price(self) -> float:
        """What they cost."""
        return sum(kind.price * count for kind, count in self.machines)

    def to_json(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "machines": [{"machine": kind.name, "count": count} for kind, count in self.machines],
            "price": self.price,
        }


class Shortage(Record):
    """Why the rates cannot be kept.

    Attributes:
        level: Share of every rate that can be kept together, after the losses to survive.
        lacking: Workloads that lack something when as little as possible is missing in all.
        purchases: What to add, the cheapest first.
        over_budget: What the least cost is above the budget; None where the budget is not the reason.
    """

    level: float
    lacking: tuple[Lacking, ...]
    purchases: tuple[Purchase, ...]
    over_budget: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "level": self.level,
            "lacking": [one.to_json() for one in self.lacking],
            "purchases": [one.to_json() for one in self.purchases],
            "over_budget": self.over_budget,
        }


class FleetPlan(Record, Shown):
    """The answer for a fleet.

    Attributes:
        fleet: What was asked.
        assignments: Who runs where; empty where the rates cannot be kept.
        served: What each workload gets, likewise.
        used: Machines used of each type, in the fleet's order.
        cost: What they cost.
        bound: What the objective cannot be better than: a cost, or a headroom.
        proven: True when the objective reaches the bound.
        shortage: Why the rates cannot be kept; None when they can.
        refused: Pairs of machine and workload that cannot be, with the reason.
        evaluated: Plans that were made: equal machines and workloads once.
        warnings: What limits the answer.
    """

    fleet: Fleet
    assignments: tuple[Assignment, ...]
    served: tuple[Served, ...]
    used: tuple[int, ...]
    cost: float
    bound: float | None
    proven: bool
    shortage: Shortage | None
    refused: tuple[tuple[str, str, str], ...]
    evaluated: int
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        if not self.feasible:
            return f"<FleetPlan of {self.fleet.name}: not every rate can be kept>"
        price = f"cost {self.cost:g} {self.fleet.currency}".rstrip()
        return f"<FleetPlan of {self.fleet.name}: {counted(sum(self.used), 'machine')}, {price}>"

    @property
    def feasible(self) -> bool:
        """Whether every rate is kept."""
        return self.shortage is None

    def to_json(self) -> dict[str, Any]:
        """The plan as the command line prints it."""
        fleet = self.fleet
        machines = [
            {
                "name": kind.name,
                "machine": kind.machine.name,
                "cores": kind.constraints.usable,
                "count": kind.count,
                "used": used,
                "price": kind.price,
            }
            for kind, used in zip(fleet.types, self.used, strict=True)
        ]
        return {
            "fleet": fleet.name,
            "objective": fleet.objective,
            "risk": fleet.risk,
            "utilisation": fleet.utilisation,
            "parts": fleet.parts,
            "currency": fleet.currency,
            "feasible": self.feasible,
            "cost": self.cost,
            "bound": self.bound,
            "proven": self.proven,
            "machines": machines,
            "workloads": [one.to_json() for one in self.served],
            "assignments": [one.to_json() for one in self.assignments],
            "shortage": None if self.shortage is None else self.shortage.to_json(),
            "refused": [{"machine": m, "workload": w, "reason": reason} for m, w, reason in self.refused],
            "evaluated": self.evaluated,
            "warnings": list(self.warnings),
        }
