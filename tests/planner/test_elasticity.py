"""What limits a split: elasticities are derivatives, and they sum to 1."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.exact.solver import solve
from cerberus_plan.model.exact.splits import Splits, throughput
from cerberus_plan.model.network import Delay, Instance, Queue, TicketLock
from cerberus_plan.model.structure import Structure
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.plan import Constraints
from cerberus_plan.planner.splits.choose import plan
from cerberus_plan.planner.splits.elasticity import elasticities, with_steps
from cerberus_plan.planner.splits.explain import gains, stations_of

times = st.floats(0.05, 5.0)


def found(structure: Structure, vms: int, threads: int) -> dict[str, float]:
    splits = Splits(vms=np.array([float(vms)]), threads=np.array([float(threads)]))
    stations = len(structure.local) + len(structure.shared)
    rate = throughput(with_steps(structure, 1), splits, 1 + stations)
    return elasticities(structure, rate, 1, np.ones(1), np.zeros(1))[0]


@settings(max_examples=30)
@given(times, times, times, times, st.integers(1, 6), st.integers(1, 8))
def test_elasticities_are_derivatives_and_sum_to_one(  # noqa: PLR0917 - a network's numbers
    think: float, hold: float, handover: float, shared: float, vms: int, threads: int
) -> None:
    """Each is the relative gain for a relative cut; cutting all times by 1 % gains 1 %."""
    structure = Structure(
        local=(Delay(think), TicketLock(hold, handover=handover, name="lock")), shared=(Queue(shared),)
    )
    shares = found(structure, vms, threads)
    assert sum(shares.values()) == pytest.approx(1.0, abs=0.02)

    def rate(factor: float) -> float:
        member = Instance(threads=threads, stations=list(structure.local))
        return solve(instances=[member] * vms, shared=[Queue(shared * factor)]).throughput

    slope = -(np.log(rate(1.001)) - np.log(rate(0.999))) / np.log(1.001 / 0.999)
    assert shares["queue"] == pytest.approx(slope, abs=0.02)


def test_the_bottleneck_is_what_limits_and_not_where_most_threads_are() -> None:
    """16 threads compute most of the time while a server that is 99 % busy sets the pace."""
    shares = found(Structure(local=(Delay(9.0, name="compute"),), shared=(Queue(1.0, name="server"),)), 16, 1)
    assert max(shares, key=shares.__getitem__) == "server"


def test_plans_and_explanations_name_the_same_limit() -> None:
    """dbench on 16 VMs of one core: the ceiling limits, though most of the time is computing."""
    machine, program = catalog.machine("amd48"), catalog.workload("dbench")
    answer = plan(machine, program, [SYSTEMS["cerberus"]], Constraints(cores=48))
    split = next(c for c in answer.candidates if c.split == (1,) * 20)
    explained = gains(*stations_of(answer, "cerberus", 20, 1), 20, 1)
    assert split.bottleneck == max(explained, key=explained.__getitem__) == "unidentified ceiling"
