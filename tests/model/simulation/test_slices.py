"""The judge of preempted holders against pencil and paper, and the laws against the judge."""

from __future__ import annotations

import numpy as np
import pytest

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.exact import run_queue
from cerberus_plan.model.exact.solver import solve
from cerberus_plan.model.laws import preempted_holder
from cerberus_plan.model.network import Delay, Instance, Queue
from cerberus_plan.model.simulation.slices import WAITING, simulate_slices

SLICE = 4e-3
CYCLES = [(2, 80e-6, 20e-6), (4, 90e-6, 10e-6), (8, 95e-6, 5e-6)]


def simulated(threads: int, cores: int, compute: float, hold: float, waiting: str, **more: float) -> float:
    return simulate_slices(
        threads=threads, cores=cores, compute=compute, hold=hold, slice_s=SLICE, waiting=waiting, slices=4000, **more
    )


def at_work(threads: int, compute: float, hold: float) -> float:
    return solve(instances=[Instance(threads=threads, stations=[Delay(compute), Queue(hold, name="lock")])]).throughput


@pytest.mark.slow
@pytest.mark.parametrize("waiting", WAITING)
@pytest.mark.parametrize("threads", [1, 2, 4])
def test_with_a_core_for_each_thread_it_is_the_network(threads: int, waiting: str) -> None:
    """Nobody is ever preempted for another."""
    found = simulated(threads, 4, 80e-6, 20e-6, waiting)
    assert found == pytest.approx(at_work(threads, 80e-6, 20e-6), rel=0.02)


@pytest.mark.parametrize("threads", [3, 16])
def test_without_a_lock_the_cores_do_all_they_can(threads: int) -> None:
    """Turns lose nothing."""
    assert simulated(threads, 2, 1e-4, 0.0, "spinning") == pytest.approx(2e4, rel=0.02)


@pytest.mark.slow
@pytest.mark.parametrize(("cores", "compute", "hold"), CYCLES)
@pytest.mark.parametrize("ratio", [1.5, 2, 4, 8])
def test_the_price_of_spinning_is_what_happens(cores: int, compute: float, hold: float, ratio: float) -> None:
    """The law within 5 %, to which the slice's length does not matter."""
    threads = int(ratio * cores)
    price = preempted_holder.spinning(np, hold, threads, cores)
    law = preempted_holder.spinning_rate(np, at_work(cores, compute, hold), price, 0.0)
    assert simulated(threads, cores, compute, hold, "spinning") == pytest.approx(law, rel=0.05)
    longer = simulate_slices(
        threads=threads, cores=cores, compute=compute, hold=hold, slice_s=2 * SLICE, waiting="spinning", slices=8000
    )
    assert longer == pytest.approx(law, rel=0.07)


@pytest.mark.slow
@pytest.mark.parametrize(("cores", "compute", "hold"), CYCLES)
@pytest.mark.parametrize("ratio", [2, 3, 4, 8])
def test_an_order_costs_turns(cores: int, compute: float, hold: float, ratio: int) -> None:
    """A fifteenth of the throughput or less, and within a factor of four of the law, never below it by much."""
    threads = ratio * cores
    found = simulated(threads, cores, compute, hold, "in order")
    assert found < at_work(cores, compute, hold) / 15
    assert 0.65 <= found * preempted_holder.turn(np, SLICE, threads, cores) <= 4.0


@pytest.mark.slow
@pytest.mark.parametrize(("cores", "compute", "hold"), CYCLES)
@pytest.mark.parametrize("ratio", [1.5, 2, 8])
def test_long_slices_lose_little_where_waiters_sleep(cores: int, compute: float, hold: float, ratio: float) -> None:
    """Even shares say at most a tenth more than turns: running threads meet each other rather than all."""
    threads = int(ratio * cores)
    instance = Instance(threads=threads, stations=[Delay(compute), Queue(hold, name="lock")])
    even = run_queue.throughput(instance, cores=cores, sleeping=["lock"])
    assert 0.9 * even <= simulated(threads, cores, compute, hold, "sleeping") <= 1.02 * even


def test_equal_seeds_are_equal_runs() -> None:
    """To the bit."""
    runs = [simulated(5, 2, 80e-6, 20e-6, "in order", seed=seed) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize(
    "wrong",
    [
        {"threads": 0},
        {"cores": 0},
        {"slice_s": 0.0},
        {"waiting": "patient"},
        {"vary": 1.0},
        {"compute": -1.0},
        {"compute": 0.0, "hold": 0.0},
        {"compute": float("nan")},
    ],
    ids=repr,
)
def test_impossible_programs_are_refused(wrong: dict[str, object]) -> None:
    """Before anything runs."""
    good = {"threads": 2, "cores": 1, "compute": 1e-4, "hold": 1e-5, "slice_s": SLICE}
    with pytest.raises(InputError):
        simulate_slices(**{**good, **wrong})  # type: ignore[arg-type]
