"""Workloads written as a mix of system calls."""

from __future__ import annotations

import pytest

from cerberus_plan.calibration.store.catalog import machine, parse_workload
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.plan import Constraints
from cerberus_plan.planner.splits.choose import plan

BASE = """
format = 1
name = "mine"
unit = "requests/s"
units_per_cycle = 1.0
[operations]
compute = { value = 100, unit = "us" }
"""


def workload(calls: str = "", spread: str = "") -> str:
    """A workload file with these sections."""
    return BASE + (f"[calls]\n{calls}\n" if calls else "") + (f"[spread]\n{spread}\n" if spread else "")


def test_calls_become_operations() -> None:
    """Mappings are broadcast, thread calls sent, private reads neither; shared reads are sent."""
    plain = parse_workload(workload("mmap = 0.5\nfutex = 2\nread = 10"), "mine.toml").operations
    assert plain["address_space_calls"].value == 0.5
    assert plain["wake_ups"].value == 2
    shared = parse_workload(workload("read = 10\nfutex = 2", "files = 0.1"), "mine.toml").operations
    assert shared["messages"].value == pytest.approx(1)


def test_spawning_threads_all_the_time_does_not_pay() -> None:
    """Section 8: short-lived threads make one Linux the best."""
    systems = [SYSTEMS["linux"], SYSTEMS["cerberus"]]
    faulting = "page_faults = { value = 1, unit = '1' }\ncompute"
    mine = parse_workload(workload("clone = 1").replace("compute", faulting), "mine.toml")
    found = plan(machine("amd48"), mine, systems, Constraints(cores=48, max_vms=24))
    assert found.best.system == "linux"
    cluster = next(c for c in found.candidates if c.vms == 24)
    assert cluster.bottleneck == "spawning"


@pytest.mark.parametrize(
    ("calls", "spread", "message"),
    [
        ("mmmap = 1", "", "did you mean 'mmap'"),
        ("mmap = -1", "", "must be a number from 0"),
        ("mmap = true", "", "must be a number"),
        ("read = 1", "files = 2", "from 0 to 1"),
        ("read = 1", "disks = 1", "not one of"),
    ],
)
def test_bad_mixes_are_refused(calls: str, spread: str, message: str) -> None:
    """One sentence says which entry and what is allowed."""
    with pytest.raises(InputError, match=message):
        parse_workload(workload(calls, spread), "mine.toml")


def test_one_operation_is_not_given_twice() -> None:
    """An operation in [operations] that also follows from [calls] is ambiguous."""
    text = workload("futex = 1").replace("compute", 'wake_ups = { value = 1, unit = "1" }\ncompute')
    with pytest.raises(InputError, match="keep one of them"):
        parse_workload(text, "mine.toml")
