"""A fleet of made-up candidates, chosen from by the real integer program, for tests of how it is told."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from cerberus_plan.calibration.store import catalog
from cerberus_plan.planner.fleet import plan_fleet as planning
from cerberus_plan.planner.fleet.fleet import Demand, Fleet, MachineType
from cerberus_plan.planner.fleet.offers import Answer, Offer
from cerberus_plan.planner.plan import Candidate, Constraints


def a_fleet_document(name: str = "pages", *, count: int = 9) -> dict[str, Any]:
    """Two types, three workloads; what each does for each is made up.

    Args:
        name: Of a workload and of a type.
        count: Machines of each type; few of them cannot keep the rates.
    """
    machine, workload = catalog.machine("intel16"), catalog.workload("dbench")
    kinds = tuple(
        MachineType(
            name=kind,
            machine=machine,
            constraints=Constraints(cores=16),
            systems=("cerberus",),
            count=count,
            price=price,
        )
        for kind, price in (("small", 10.0), (name, 25.5))
    )
    demands = (
        Demand(name=name, workload=workload, rate=900.0, survive=1),
        Demand(name="a name that is much longer than a telephone is wide", workload=workload, rate=500.0),
        Demand(name="batch", workload=workload, rate=50.0, least_machines=2),
    )
    fleet = Fleet(name=name, types=kinds, demands=demands, currency="EUR")
    made = {(i, w): _answer(200.0 * (i + 1) * (1.0 + 0.1 * w)) for i in (0, 1) for w in (0, 1, 2)}
    made[0, 2] = Answer(reason=f"{name} is too small for it")
    with patch.object(planning, "offers", lambda *_: made):
        return planning.plan_fleet(fleet).to_json()


def _answer(throughput: float) -> Answer:
    candidate = Candidate(
        system="cerberus", split=(4,) * 4, throughput=throughput, low=0.7 * throughput, high=1.3 * throughput,
        probability_best=1.0, regret=0.0, bottleneck="shadow lock", ledger={"shadow lock": 1.0},
    )  # fmt: skip
    sure = 0.7 * throughput
    offer = Offer(
        parts=1, candidate=candidate, counted_on=sure, carried=0.8 * sure, limit="utilisation", planned=candidate
    )
    return Answer(whole=offer, warnings=("made up",))
