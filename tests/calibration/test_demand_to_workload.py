"""A measured demand becomes a workload that the catalog reads back, with its mapping as documented."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.programs.demand import Demand, LockUse, SystemCall
from cerberus_plan.calibration.programs.demand_to_workload import smallest, workload_of
from cerberus_plan.calibration.programs.serial_locks import serial_locks
from cerberus_plan.calibration.store.catalog import parse_workload
from cerberus_plan.calibration.store.workload_file import to_toml
from cerberus_plan.model.errors import CannotAnswerError, InputError
from cerberus_plan.model.plain import plain
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.workload import Workload

positive = st.floats(min_value=1e-12, max_value=1e6, allow_subnormal=False)


def calls(**counts: float) -> tuple[SystemCall, ...]:
    """System calls by name."""
    return tuple(SystemCall(name=name, calls=count) for name, count in counts.items())


def values(demand: Demand, costs: dict[str, float] | None = None) -> dict[str, float]:
    """The operations of a demand's workload, without provenance."""
    return {name: quantity.value for name, quantity in workload_of(demand, name="w", costs=costs).operations.items()}


def test_each_operation_comes_from_its_measurement() -> None:
    """User time is compute, faults and bytes are counts, calls are grouped, reads and writes are not packets."""
    demand = Demand(
        unit="request",
        user_s=0.02,
        system_s=0.01,
        page_faults=12.0,
        major_faults=2.0,
        written_bytes=3e6,
        system_calls=calls(mmap=2, munmap=1, brk=1, sendto=3, recvmsg=2, read=50, write=50, clone=1),
    )
    assert values(demand) == {
        "compute": 0.02,
        "kernel_compute": 0.01,
        "page_faults": 10.0,
        "file_mb": 3.0,
        "address_space_calls": 4.0,
        "packets_sent": 3.0,
        "packets_received": 2.0,
    }


def test_the_machines_costs_are_not_counted_twice() -> None:
    """Given what a fault and a packet cost, kernel time is what remains, and never less than nothing."""
    demand = Demand(user_s=1.0, system_s=0.5, page_faults=1e5, system_calls=calls(sendto=100.0))
    assert values(demand, {"page_fault": 2e-6, "packet": 1e-3})["kernel_compute"] == pytest.approx(0.5 - 0.2 - 0.1)
    note = workload_of(demand, name="w", costs={"page_fault": 2e-6}).note
    assert "Page faults are taken out of kernel_compute at 2.00 µs each." in note
    assert "kernel_compute" not in values(demand, {"page_fault": 1e-3})


@given(st.floats(0.0, 20.0), st.floats(0.0, 1e-3))
def test_a_call_under_the_address_space_lock_counts_once(count: float, cost: float) -> None:
    """What its operation stands for is taken out of the kernel's time, down to nothing."""
    demand = Demand(user_s=1.0, system_s=0.01, system_calls=calls(mmap=count))
    left = values(demand, {"address_space_call": cost}).get("kernel_compute", 0.0)
    assert left == pytest.approx(max(0.01 - count * cost, 0.0), abs=1e-12)


@pytest.mark.parametrize(
    ("seen", "operation"),
    [
        (calls(fork=1), "processes_forked"),
        (calls(vfork=2, clone3=4), "processes_forked"),
        (calls(execve=3, clone3=2), "processes_forked"),
        (calls(execve=1, clone3=8), "threads_cloned"),
        (calls(execve=1, clone=8), "processes_forked"),
        (calls(execve=1), None),
    ],
)
def test_starting_threads_and_processes_is_told_apart(seen: tuple[SystemCall, ...], operation: str | None) -> None:
    """What a run starts counts once; what a request starts is part of its cost."""
    spawned = {"processes_forked", "threads_cloned"} & values(Demand(user_s=1.0, system_calls=seen)).keys()
    assert spawned == ({operation} if operation else set())
    assert not {"processes_forked"} & values(Demand(unit="request", user_s=1.0, system_calls=seen)).keys()


def test_provenance_says_what_was_measured_and_what_was_concluded() -> None:
    """Times and faults are measured; packets are derived from system calls."""
    demand = Demand(user_s=1.0, page_faults=5.0, system_calls=calls(sendto=1), source="./prog")
    operations = workload_of(demand, name="w").operations
    assert operations["compute"].provenance is Provenance.MEASURED
    assert operations["page_faults"].source == "./prog"
    assert operations["packets_sent"].provenance is Provenance.DERIVED


def test_what_is_not_known_is_said() -> None:
    """Without system calls, or without user time apart, the note tells the reader."""
    only_total = workload_of(Demand(cpu_s=2.0), name="w")
    assert "User and system time were not known apart" in only_total.note
    assert "No system calls were seen" in only_total.note
    assert only_total.operations["compute"].value == 2.0
    with pytest.raises(CannotAnswerError, match="no processor time, which a workload needs; measure with"):
        workload_of(Demand(page_faults=1.0), name="w")


def test_runs_are_finite_jobs_and_requests_are_not() -> None:
    """A run has a completion time, a stream of requests has none."""
    assert workload_of(Demand(user_s=1.0), name="w").job_units == 1.0
    assert workload_of(Demand(unit="request", user_s=1.0), name="w").job_units is None


def test_the_demand_at_the_fewest_cores_is_taken() -> None:
    """Where least waits and spins, the demand is the program's own."""
    one, four = Demand(cores=1), Demand(cores=4)
    assert smallest([four, one]) is one
    with pytest.raises(InputError, match="there is no demand"):
        smallest([])


def test_locks_bound_throughput_by_their_holding() -> None:
    """The tightest lock comes first; shared holding and unknown holding bound nothing."""
    locks = (
        LockUse(name="&a", contentions=1, wait_s=0.0, acquisitions=4.0, hold_s=2e-6),
        LockUse(name="b", kind="write", contentions=1, wait_s=3e-6, acquisitions=1.0, hold_s=1e-5),
        LockUse(name="c", kind="read", contentions=1, wait_s=0.0, acquisitions=1.0, hold_s=1.0),
        LockUse(name="d", contentions=1, wait_s=1.0),
        LockUse(name="caller+0x1", kind="mutex", wait_s=0.0, acquisitions=1.0, hold_s=1e-7),
    )
    first, second, third = serial_locks(Demand(locks=locks))
    assert not third.is_global
    assert (first.name, first.most_per_s, first.hold_s) == ("b (write)", pytest.approx(1e5), 1e-5)
    assert (second.name, second.most_per_s, second.hold_s) == ("&a", pytest.approx(5e5), pytest.approx(5e-7))
    assert first.sentence("run") == "the kernel lock b (write) allows at most 1e+05 runs/s in one OS instance"
    assert second.sentence("run").endswith(", if it is one lock and not one in each of many objects")


def test_the_longest_held_kernel_lock_becomes_a_station() -> None:
    """Its hold per unit leaves kernel time; locks in many objects may be held in parallel and are no station."""
    locks = (
        LockUse(name="&mm->mmap_lock", kind="write", contentions=9, wait_s=0.0, acquisitions=9.0, hold_s=0.5),
        LockUse(name="tasklist_lock", contentions=1, wait_s=0.0, acquisitions=2.0, hold_s=0.2),
        LockUse(name="&rq->__lock", contentions=1, wait_s=0.0, acquisitions=8.0, hold_s=0.1),
    )
    operations = workload_of(Demand(user_s=1.0, system_s=0.5, locks=locks), name="w").operations
    assert operations["kernel_lock"].value == pytest.approx(0.2)
    assert operations["kernel_lock"].source == "tasklist_lock: 2 acquisitions of 0.1 s"
    assert operations["kernel_compute"].value == pytest.approx(0.3)


# control characters are read back escaped (test_decode.py)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30).map(partial(plain, one_line=True))
names = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,20}", fullmatch=True)


@st.composite
def workloads(draw: st.DrawFn) -> Workload:
    """Any workload that a file can hold."""
    compute, factor = draw(positive), draw(positive)
    interval = {"low": compute / (1 + factor), "high": compute * (1 + factor)}
    return Workload(
        name=draw(names),
        description=draw(texts),
        unit="requests/s",
        units_per_cycle=draw(positive),
        operations={
            "compute": Quantity(value=compute, unit="s", source=draw(texts), **interval),
            "page_faults": Quantity(value=factor, unit="1", provenance=Provenance.MEASURED),
        },
        job_units=draw(st.none() | positive),
        needs_network_card=draw(st.booleans()),
        memory_per_instance_bytes=draw(st.none() | positive),
        note=draw(texts),
    )


@pytest.mark.slow
@given(workloads())
def test_workload_files_read_back(made: Workload) -> None:
    """Any workload comes back from its file as it was, whatever characters its texts hold."""
    assert parse_workload(to_toml(made), "made.toml") == made
