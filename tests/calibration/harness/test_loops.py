"""The compiled loops are what they claim: locked instructions, time that scales, words that arrive."""

import os
import re

import pytest
from numba import njit

from cerberus_plan.calibration.harness.case import Case, Seat
from cerberus_plan.calibration.harness.executor import Executor
from cerberus_plan.calibration.harness.frame import compile_loop
from cerberus_plan.calibration.harness.memory import SharedMemory
from cerberus_plan.calibration.harness.probe import line_ping_pong
from cerberus_plan.calibration.primitives.atomic_add import atomic_add_loop
from cerberus_plan.calibration.primitives.syscall import getppid_loop


def assembly(loop):
    """Compiled afresh: code from the cache cannot be inspected."""
    fresh = njit(nogil=True)(loop.py_func)
    compile_loop(fresh)
    return "\n".join(fresh.inspect_asm().values())


@pytest.mark.slow
def test_the_atomic_loop_contains_locked_instructions():
    """LLVM did not turn the atomic addition into a plain one."""
    assert re.search(r"\block\b\s+(xadd|inc|add)", assembly(atomic_add_loop))


@pytest.mark.slow
def test_the_waiting_loop_pauses_and_reads_each_time():
    """A waiting loop without `pause` measures the spin, and a hoisted load would wait for ever."""
    assert "pause" in assembly(line_ping_pong)


@pytest.mark.slow
def test_the_system_call_loop_enters_the_kernel_itself():
    """The call is the instruction, not the C library's wrapper."""
    assert re.search(r"\bsyscall\b", assembly(getppid_loop))


@pytest.fixture
def bench():
    """A function that measures cases and returns their best time per operation."""
    made = []

    def run(*cases, tries=15, memory=None):
        executor = Executor(cases=cases, memory=memory or SharedMemory(1 << 22))
        made.append(executor)
        return [min(executor.run(case, case.count, 0).seconds for _ in range(tries)) for case in cases]

    yield run
    for executor in made:
        executor.close()


def first_cpus(count):
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < count:
        pytest.skip(f"this host lends {len(cpus)} core(s), {count} are needed")
    return tuple(Seat(cpu=cpu) for cpu in cpus[:count])


@pytest.mark.slow
@pytest.mark.hardware
def test_time_scales_with_the_operations(bench):
    """Ten times the calls take about ten times the time: the loop was not folded away."""
    seats = first_cpus(1)
    few = Case(name="few", loop=getppid_loop, seats=seats, count=500)
    many = Case(name="many", loop=getppid_loop, seats=seats, count=5000)
    per_few, per_many = bench(few, many)
    assert 0.5 < per_few / per_many < 2.0
    assert 1e-8 < per_many < 1e-4


@pytest.mark.slow
@pytest.mark.hardware
def test_false_sharing_costs_more_than_private_lines(bench):
    """Two threads on two words of one line slow each other; on lines of their own they do not."""
    seats = first_cpus(2)
    memory = SharedMemory(1 << 22)
    cases = []
    for name, stride in (("one line", 8), ("own lines", 128)):
        area = memory.allocate(8192)
        memory.write(area, [stride])
        cases.append(Case(name=name, loop=atomic_add_loop, seats=seats, area=area, deadline=True, count=128))
    shared, private = bench(*cases, memory=memory, tries=30)
    assert shared > 1.2 * private


@pytest.mark.hardware
def test_all_additions_arrive(bench):
    """The shared word ends at the number of operations reported by both threads."""
    seats = first_cpus(2)
    memory = SharedMemory(1 << 22)
    area = memory.allocate(8192)
    memory.write(area, [0])
    case = Case(name="a", loop=atomic_add_loop, seats=seats, area=area, deadline=True, count=64)
    executor = Executor(cases=[case], memory=memory)
    try:
        batch = executor.run(case, 64, 0)
    finally:
        executor.close()
    assert memory.read(area + 4096, 1) == [sum(batch.operations)]
    assert sum(batch.operations) > 0


@pytest.mark.hardware
def test_workers_run_where_they_were_told_to(bench):
    """A thread worker and its batch see the core they were pinned to."""
    seats = first_cpus(2)
    cases = [Case(name=str(s.cpu), loop=getppid_loop, seats=(s,), count=100) for s in seats]
    executor = Executor(cases=cases, memory=SharedMemory(1 << 22))
    try:
        assert not any(executor.run(case, 100, 0).moved for case in cases)
    finally:
        executor.close()


@pytest.mark.hardware
def test_the_clock_is_measured_where_all_cases_run_in_processes():
    """`--only process_spawn` has no thread among its workers; the clock needs one."""
    memory = SharedMemory(1 << 20)
    case = Case(name="c", loop=getppid_loop, seats=(Seat(cpu=min(os.sched_getaffinity(0)), process=True),), count=64)
    executor = Executor(cases=[case], memory=memory)
    try:
        assert 0.0 < executor.measure_clock(Seat(cpu=min(os.sched_getaffinity(0)))) < 1e-3
        assert executor.run(case, 64, 0).operations == (64,)
    finally:
        executor.close()
