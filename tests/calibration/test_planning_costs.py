"""Raw batches become the costs that the planner asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.campaign.planning_costs import planning_costs
from cerberus_plan.calibration.harness.case import Batch
from cerberus_plan.calibration.primitives.base import Results
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.systems.hardware import LINE_BYTES
from cerberus_plan.model.vocabulary import COSTS


def batches(name, seconds):
    return [
        Batch(case=name, round=i, process=i % 3, count=1, seconds=seconds, wall_s=2e-3, operations=(1,))
        for i in range(9)
    ]


def results(**seconds):
    names = {name.replace("__", "."): value for name, value in seconds.items()}
    return Results(batches={name: batches(name, value) for name, value in names.items()})


def test_faults_that_threads_cannot_do_together_are_serial():
    """Two threads no faster than one, two processes twice as fast: the whole fault is under the lock."""
    found = planning_costs(
        results(
            page_fault__threads__1=1e-6,
            page_fault__threads__2=1e-6,
            page_fault__processes__1=1e-6,
            page_fault__processes__2=0.5e-6,
        ),
        {},
    )
    assert found["page_fault"].value == pytest.approx(1e-6, rel=1e-3)
    assert found["page_fault_parallel"].value == pytest.approx(0.0, abs=1e-9)
    assert found["page_fault_passing"].provenance == Provenance.ASSUMED


def test_file_costs_are_per_megabyte():
    """A MiB that takes 1.048576 ms is 1 ms per MB, here all parallel but for the noise."""
    time = 1.048576e-3
    found = planning_costs(results(file_write__processes__1=time, file_write__processes__2=time / 2), {})
    assert found["file_parallel"].value == pytest.approx(1e-3, rel=0.01)
    assert found["block_allocation"].value < 0.01e-3


def test_names_are_those_of_the_planner():
    """Every cost made here is in the planner's vocabulary, in its dimension."""
    threads = {"page_fault__threads__1": 1e-6, "page_fault__threads__2": 1e-6}
    rest = {f"{stem}__processes__{n}": 1e-6 / n for stem in ("packet_path", "file_write", "page_fault") for n in (1, 2)}
    time = Quantity(value=1e-5, unit="s", provenance=Provenance.MEASURED)
    raw = (
        "message_round_trip_woken",
        "thread_create",
        "thread_create_resident",
        "process_fork",
        "process_fork_resident",
    )
    found = planning_costs(results(**threads, **rest), dict.fromkeys(raw, time))
    assert set(found) <= set(COSTS)
    assert all(cost.dimension == COSTS[name].dimension for name, cost in found.items())
    assert {"page_fault", "packet", "block_allocation", "message_round_trip", "clone_each", "fork_fixed"} <= set(found)


def test_a_partial_run_gives_only_what_it_covers():
    """With --only syscall nothing is derived."""
    assert planning_costs(results(syscall=1e-7), {}) == {}


def test_one_core_shows_the_sum_and_the_rest_is_assumed():
    """Half is taken as serial, with an interval from next to nothing to all of it."""
    found = planning_costs(results(page_fault__threads__1=2e-6), {})
    assert found["page_fault"].value == pytest.approx(1e-6)
    assert found["page_fault"].value + found["page_fault_parallel"].value == pytest.approx(2e-6)
    assert found["page_fault"].low < 0.2e-6
    assert found["page_fault"].high > 1.9e-6
    assert {found[name].provenance for name in found} == {Provenance.ASSUMED}


times = st.floats(1e-9, 1e-6)
doubts = st.floats(1.01, 10.0)


@given(st.floats(1e9, 1e11), times, times, st.tuples(doubts, doubts, doubts))
def test_what_a_miss_costs_is_as_doubtful_as_what_tells_it(
    core: float, memory: float, cache: float, factors: tuple[float, float, float]
) -> None:
    """From misses that overlap to one after the other, also where a disturbed chase finds the cache the slower one."""

    def measured(value: float, unit: str, factor: float) -> Quantity:
        return Quantity(
            value=value,
            unit=unit,
            low=value / factor,
            high=value * factor,
            provenance=Provenance.MEASURED,
            source="made",
        )

    wide, wider, widest = factors
    told = {
        "memory_bandwidth_core": measured(core, "B/s", wide),
        "memory_latency": measured(memory, "s", wider),
        "l3_latency": measured(cache, "s", widest),
    }
    miss = planning_costs(Results(batches={}), told)["memory_miss"]
    assert miss.low == pytest.approx(LINE_BYTES / core / wide)
    assert miss.high is not None
    assert miss.high >= max(LINE_BYTES / core * wide, memory - cache) * (1 - 1e-12)
    if memory <= cache:
        assert miss.high >= memory
