"""All primitives: machine code that does what it claims, cases that fit the host, results on the real clock."""

import os
import re
from pathlib import Path

import pytest
from numba import njit

from cerberus_plan.calibration import primitives
from cerberus_plan.calibration.campaign.host_profile import Effort, measure_host
from cerberus_plan.calibration.harness.case import Batch, Seat
from cerberus_plan.calibration.harness.frame import compile_loop
from cerberus_plan.calibration.harness.memory import SharedMemory
from cerberus_plan.calibration.primitives.base import Direct, Results, Space
from cerberus_plan.calibration.primitives.compare_and_swap import compare_and_swap_loop
from cerberus_plan.calibration.primitives.queue_lock import queue_lock_loop
from cerberus_plan.calibration.primitives.reader_writer_lock import reader_writer_lock_loop
from cerberus_plan.calibration.primitives.registry import NAMES, load_primitives
from cerberus_plan.calibration.primitives.test_and_set_lock import test_and_set_lock_loop as swap_lock_loop
from cerberus_plan.calibration.primitives.ticket_lock import ticket_lock_loop

LOCKED = {
    compare_and_swap_loop: r"\block\b\s+cmpxchg",
    ticket_lock_loop: r"\block\b\s+xadd",
    swap_lock_loop: r"\bxchg[a-z]*\s+%\w+, \d*\(",  # locked by definition
    queue_lock_loop: r"\block\b\s+cmpxchg",
    reader_writer_lock_loop: r"\block\b\s+(inc|dec|add|sub|xadd)",
}


@pytest.mark.slow
@pytest.mark.parametrize("loop", LOCKED, ids=lambda loop: loop.__name__)
def test_compiled_locks_contain_locked_instructions(loop):
    """The lock in the machine code is a lock, and waiting pauses."""
    fresh = njit(nogil=True)(loop.py_func)
    compile_loop(fresh)
    code = "\n".join(fresh.inspect_asm().values())
    assert re.search(LOCKED[loop], code)
    assert "pause" in code


MANY = (
    "syscall", "clock_read", "atomic_add", "compare_and_swap", "core_to_core", "reader_writer_lock", "page_fault",
    "mmap_munmap", "file_write", "file_read", "signal_round_trip", "message", "packet_path",
)  # fmt: skip


def space_for(tmp_path, cpus):
    cores = tuple(range(cpus))
    counts = tuple(n for n in (1, 2, 4) if n <= cpus)
    return Space(
        memory=SharedMemory(1 << 26), scratch=tmp_path, cpus=cores, counts=counts, pairs=((0, 1),) if cpus > 1 else ()
    )


@pytest.mark.parametrize("cpus", [1, 2, 4])
def test_every_primitive_prepares_cases_for_any_host(tmp_path, cpus):
    """One core, two, or four: case names are unique, and no case needs a core that is not there."""
    space = space_for(tmp_path, cpus)
    try:
        cases = [case for primitive in load_primitives() for case in primitive.prepare(space)]
    finally:
        space.close()
    names = [case.name for case in cases]
    assert len(set(names)) == len(names)
    assert {seat.cpu for case in cases for seat in case.seats} <= set(range(cpus))
    assert all(case.seats for case in cases)


def test_descriptors_are_given_back(tmp_path):
    """Preparing everything and closing the space leaves no file, socket or event counter open."""
    before = set(Path("/proc/self/fd").iterdir())
    space = space_for(tmp_path, 2)
    for primitive in load_primitives():
        primitive.prepare(space)
    space.close()
    assert set(Path("/proc/self/fd").iterdir()) == before


def batch(name, seconds, process=0):
    return Batch(case=name, round=0, process=process, count=1, seconds=seconds, wall_s=2e-3, operations=(1,))


def test_shapes_of_a_loop_are_averaged_and_the_interval_holds_both():
    """Two shapes 20 % apart give their mean and an interval over both."""
    found = {name: [batch(name, s)] * 9 for name, s in (("a", 1.0e-6), ("b", 1.2e-6))}
    quantity = Direct(name="q", cases=("a", "b"), note="n").derive(Results(batches=found))["q"]
    assert quantity.value == pytest.approx(1.1e-6)
    assert quantity.low <= 1.0e-6
    assert quantity.high >= 1.2e-6
    assert "2 loop shapes" in quantity.source


def test_a_case_without_result_gives_no_quantity():
    """Nothing is invented for what was not measured."""
    assert Direct(name="q", cases=("a",), note="n").derive(Results(batches={})) == {}


def test_every_primitive_is_silent_about_what_was_not_run():
    """Deriving from nothing gives nothing."""
    assert all(primitive.derive(Results(batches={})) == {} for primitive in load_primitives())


@pytest.mark.slow
@pytest.mark.hardware
def test_a_quick_look_at_this_host_gives_many_measured_quantities():
    """Half of the primitives on the real clock: 15 measured quantities or more, and the costs that plans need."""
    profile = measure_host(effort=Effort(processes=1, rounds=5, quick=True), only=MANY)
    measured = [q for q in profile.quantities.values() if q.provenance == "measured"]
    assert len(measured) >= 15
    assert all(q.source and q.low is not None and q.low <= q.value <= q.high for q in measured)
    assert len(NAMES) == len(load_primitives())
    if len(os.sched_getaffinity(0)) > 1:
        assert {"page_fault", "packet", "message_round_trip", "block_allocation"} <= set(profile.quantities)
        assert profile.latency


def test_seats_put_neighbouring_roles_on_neighbouring_places(tmp_path):
    """The first roles sit on the first cores of the given order."""
    space = space_for(tmp_path, 4)
    assert space.seats(2) == (Seat(cpu=0), Seat(cpu=1))
    assert space.pair(process=True, same_core=True) == (Seat(cpu=0, process=True),) * 2
    assert space_for(tmp_path, 1).pair() == ()


def documented_names():
    """Names in the package's table; `_suffix` continues the first name of its row."""
    names = set()
    for row in primitives.__doc__.splitlines():
        if not row.startswith("| `"):
            continue
        found = re.findall(r"`([a-z0-9_]+)`", row.split("|")[1])
        if "each also" in row:
            found += [name + "_resident" for name in found if not name.startswith("_")]
        stems = [name for name in found if not name.startswith("_")]
        names |= set(stems)
        names |= {
            re.sub(r"_(alone|uncontended|polled)$", "", stems[0]) + n
            for n in found
            if n.startswith("_") and n != "_resident"
        }
    return names


@pytest.mark.slow
def test_the_names_that_come_out_are_the_documented_ones(tmp_path):
    """Every quantity of two cores is in the package's table, and every name there comes out."""
    space = space_for(tmp_path, 2)
    try:
        cases = [case for primitive in load_primitives() for case in primitive.prepare(space)]
    finally:
        space.close()
    seconds = {case.name: 1e-6 for case in cases}
    chased = sorted(int(name.split(".")[1]) for name in seconds if name.startswith("memory_latency."))
    seconds |= {f"memory_latency.{size}": 1e-9 * 2.0**i for i, size in enumerate(chased)}  # caches show by rising
    batches = {name: [batch(name, s, i % 3) for i in range(9)] for name, s in seconds.items()}
    found = set()
    for primitive in load_primitives():
        found |= set(primitive.derive(Results(batches=batches)))
    assert found == documented_names()
