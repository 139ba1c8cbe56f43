"""Speed beside busy cores, of the slower kind of core, and of two threads of one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.harness.case import Batch
from cerberus_plan.calibration.harness.memory import SharedMemory
from cerberus_plan.calibration.primitives import active_cores, siblings
from cerberus_plan.calibration.primitives.base import Results, Space
from cerberus_plan.model.topology import Topology

HYBRID = Topology.hybrid([("P-core", 2, 2), ("E-core", 2, 1)])


def results(**seconds):
    plain = {"count": 1, "wall_s": 2e-3, "operations": (1,)}
    return Results(
        batches={
            name.replace("__", "."): [
                Batch(case=name, round=i, process=i % 3, seconds=value, **plain) for i in range(9)
            ]
            for name, value in seconds.items()
        }
    )


def space(tmp_path, topology):
    cpus = topology.cpus
    return Space(memory=SharedMemory(1 << 22), scratch=tmp_path, cpus=cpus, counts=(1, 2), pairs=(), topology=topology)


@pytest.mark.slow
@given(st.floats(0.001, 0.2))
def test_the_slowdown_is_found_again(gamma):
    """n cores that each slow the others by gamma, timed together."""
    found = active_cores.PRIMITIVE.derive(
        results(**{f"compute__{n}": 1e-9 * (1 + gamma * (n - 1)) / n for n in (1, 2, 4, 8)})
    )
    assert found["active_core_slowdown"].value == pytest.approx(gamma, rel=1e-6)
    assert 0.0 < found["active_core_slowdown"].low <= gamma * (1.0 + 1e-6)


def test_cores_that_do_not_slow_each_other_are_told_so():
    """Faster together than alone is noise, and no slowdown."""
    found = active_cores.PRIMITIVE.derive(results(compute__1=1e-9, compute__2=0.49e-9))
    assert found["active_core_slowdown"].value == 0.0


@pytest.mark.slow
@given(st.floats(1.1, 3.0), st.integers(0, 2**32 - 1))
def test_cores_that_are_slow_at_times_do_not_slow_each_other(ratio, seed):
    """Each core is fast or slow by chance, alone as beside others (hidden siblings): that is no price of company.

    The fastest moments of one against the average of n showed a third of the clock lost on 16 cores.
    """
    rng = np.random.default_rng(seed)
    batches = {}
    for n in (1, 2, 4, 8, 16):
        speeds = np.where(rng.random((120, n)) < 0.5, 1e9, 1e9 / ratio).sum(axis=1)
        batches[f"compute.{n}"] = [
            Batch(case="c", round=i, process=i % 8, seconds=1 / speed, count=1, wall_s=2e-3, operations=(1,))
            for i, speed in enumerate(speeds)
        ]
    found = active_cores.PRIMITIVE.derive(Results(batches=batches))["active_core_slowdown"]
    assert 15 * found.value < 0.2 * (ratio - 1.0)


def test_one_core_shows_no_slowdown():
    """There is nothing to compare with."""
    assert active_cores.PRIMITIVE.derive(results(compute__1=1e-9)) == {}


def test_the_slower_kind_is_measured_where_there_is_one(tmp_path):
    """One fast CPU, one slow, and their speeds as a share."""
    cases = {case.name: case for case in active_cores.PRIMITIVE.prepare(space(tmp_path, HYBRID))}
    assert cases["compute.fast.1"].seats[0].cpu == 0
    assert cases["compute.slow.1"].seats[0].cpu == 4
    alike = active_cores.PRIMITIVE.prepare(space(tmp_path, Topology.regular(sockets=1, cores_per_l3=2)))
    assert {case.name for case in alike} == {"compute.1", "compute.2"}
    found = active_cores.PRIMITIVE.derive(results(compute__fast__1=1e-9, compute__slow__1=2e-9))
    assert found["efficiency_core_speed"].value == pytest.approx(0.5)


def test_siblings_sit_on_one_core(tmp_path):
    """The pair of seats are the first core's CPUs; without siblings there is no case."""
    smt = Topology.regular(sockets=1, cores_per_l3=4, threads_per_core=2)
    cases = siblings.PRIMITIVE.prepare(space(tmp_path, smt))
    assert {case.name for case in cases} == {f"siblings.{p}.{n}" for p in ("multiply", "search") for n in (1, 2)}
    assert {tuple(seat.cpu for seat in case.seats) for case in cases} == {(0,), (0, 4)}
    assert siblings.PRIMITIVE.prepare(space(tmp_path, Topology.regular(sockets=1, cores_per_l3=4))) == []


def test_the_gain_is_the_mean_of_both_programs_and_its_interval_holds_them():
    """Multiplications gain nothing, searches a half."""
    found = siblings.PRIMITIVE.derive(
        results(
            siblings__multiply__1=1e-9,
            siblings__multiply__2=1e-9,
            siblings__search__1=3e-7,
            siblings__search__2=2e-7,
        )
    )["smt_gain"]
    assert found.value == pytest.approx((0.01 + 0.5) / 2)
    assert found.low == 0.01
    assert found.high >= 0.5
