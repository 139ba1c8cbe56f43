"""The solver gives the published reference answers.

Source of the numbers: networks.json beside this file. Single instances were computed in two independent ways in
60-digit arithmetic, clusters in rational arithmetic checked against full Markov chains.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cerberus_plan.model.exact.solver import solve
from cerberus_plan.model.network import Delay, Instance, Queue, Servers, Station, TicketLock

_REFERENCE = json.loads(Path(__file__).with_name("networks.json").read_text())
_KINDS = {
    "queue": Queue,
    "servers": Servers,
    "ticket": lambda hold, handover: TicketLock(hold, handover=handover),
}
# The reference has 16 to 17 digits; the solver promises nine.
_TOLERANCE = 1e-9


def _stations(rows: list[list[Any]]) -> list[Station]:
    return [_KINDS[kind](*numbers) for kind, *numbers in rows]


_SINGLE = [
    pytest.param(case, customers, throughput, id=f"{case['name']}-{customers}")
    for case in _REFERENCE["single"]
    for customers, throughput in zip(case["customers"], case["throughput"], strict=True)
]


@pytest.mark.parametrize(("case", "customers", "throughput"), _SINGLE)
def test_single_instance_has_the_reference_throughput(case: dict[str, Any], customers: int, throughput: float) -> None:
    instance = Instance(threads=customers, stations=[Delay(case["think"]), *_stations(case["local"])])
    assert solve(instances=[instance]).throughput == pytest.approx(throughput, rel=_TOLERANCE)


@pytest.mark.parametrize("case", _REFERENCE["cluster"], ids=lambda case: case["name"])
def test_cluster_has_the_reference_throughput(case: dict[str, Any]) -> None:
    members = [
        Instance(threads=row["threads"], stations=[Delay(row["think"]), *_stations(row["local"])])
        for row in case["instances"]
    ]
    solution = solve(instances=members, shared=_stations(case["shared"]))
    assert solution.throughput == pytest.approx(case["throughput"], rel=_TOLERANCE)
    assert len(solution.per_instance) == len(members)
    assert sum(solution.per_instance) == pytest.approx(case["throughput"], rel=_TOLERANCE)
