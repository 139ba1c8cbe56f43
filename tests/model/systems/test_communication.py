"""What instances of a cluster ask of each other: totals, bounds, and an independent simulation beside them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.exact.solver import solve
from cerberus_plan.model.exact.splits import Splits, throughput
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.single_server import Queue
from cerberus_plan.model.network import Instance
from cerberus_plan.model.quantity import Quantity
from cerberus_plan.model.simulation import Message, Rules, simulate
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.workload import Workload

AMD = catalog.machine("amd48")
TRIP = AMD.quantities["message_round_trip"].value
COMPUTE = 1e-3
KINDS = ("messages", "wake_ups", "directory_listings", "owner_calls")


def program(**operations: float) -> Workload:
    counts = {name: Quantity(value=value, unit="1") for name, value in operations.items()}
    compute = Quantity(value=COMPUTE, unit="s")
    return Workload(
        name="talker", description="", unit="ops/s", units_per_cycle=1.0, operations={"compute": compute, **counts}
    )


def rate(workload: Workload, vms: int, threads: int) -> float:
    splits = Splits(vms=np.array([float(vms)]), threads=np.array([float(threads)]))
    structure = SYSTEMS["cerberus"].law(AMD.costs(), workload.costs(), *splits.columns)
    return float(throughput(structure, splits, 1)[0, 0])


@pytest.mark.parametrize("kind", KINDS)
def test_one_vm_asks_nobody(kind: str) -> None:
    """Nothing is remote with one VM."""
    assert rate(program(**{kind: 5.0}), 1, 4) == pytest.approx(rate(program(), 1, 4))


@pytest.mark.parametrize(
    ("kind", "remote"), [("messages", 0.5), ("wake_ups", 0.25), ("directory_listings", 1.0), ("owner_calls", 0.5)]
)
def test_alone_each_costs_its_messages(kind: str, remote: float) -> None:
    """Two VMs of one thread, seldom: round trips times the remote share, half of one for a wake-up."""
    cost = 2.0 / rate(program(**{kind: 1e-3}), 2, 1) - COMPUTE
    assert cost == pytest.approx(1e-3 * remote * TRIP, rel=0.02)


@settings(max_examples=25)
@given(st.sampled_from(KINDS), st.floats(0.1, 200.0), st.integers(2, 12), st.integers(1, 4))
def test_talking_never_helps(kind: str, count: float, vms: int, threads: int) -> None:
    """More calls, less throughput."""
    some, more = (rate(program(**{kind: n}), vms, threads) for n in (count, 1.5 * count))
    assert more <= some * (1 + 1e-9) <= rate(program(), vms, threads) * (1 + 2e-9)


@settings(max_examples=25)
@given(st.floats(10.0, 1000.0), st.integers(2, 12), st.integers(1, 4))
def test_receivers_and_owners_bound_the_cluster(count: float, vms: int, threads: int) -> None:
    """Nobody receives faster than one request after the other: each VM its listings, the owner everything."""
    assert rate(program(directory_listings=count), vms, threads) <= vms / (count * (vms - 1) * TRIP / 2) * (1 + 1e-9)
    remote = count * (vms - 1) / vms
    assert rate(program(owner_calls=count), vms, threads) <= 1.0 / (remote * TRIP / 2) * (1 + 1e-9)


@pytest.mark.parametrize("demand", [0.5, 2.0])
def test_a_receiver_of_each_vm_is_near_the_simulation_and_nearer_than_none(demand: float) -> None:
    """12 VMs of 4 threads, requests to one of the others: within 3 % while receivers are a third busy."""
    away = Instance(threads=4, stations=[Delay(20.0)])
    rules = Rules(messages=(Message(station="think", demand=demand, to="one"),))
    found = simulate(instances=[away] * 12, shared=[], completions=150_000, seed=1, rules=rules).throughput

    def model(station: Delay | Queue) -> float:
        return solve(instances=[Instance(threads=4, stations=[Delay(20.0), station])] * 12).throughput

    with_receiver, without = (model(kind(demand, name="receiver")) for kind in (Queue, Delay))
    assert with_receiver == pytest.approx(found, rel=0.03)
    assert abs(with_receiver / found - 1) <= abs(without / found - 1) + 0.004
