"""From a measured demand to a workload: which operations a unit of work consists of.

    compute              user time
    kernel_compute       system time, less the kernel lock, and what is counted below at the machine's cost if given
    kernel_lock          hold of the global lock that is held longest, where the kernel counts locks
    page_faults          minor faults
    file_mb              bytes dirtied in files on storage / 10^6 (overwriting counts like allocating)
    address_space_calls  mmap, munmap, mprotect, mremap, brk
    packets_sent         send, sendto, sendmsg, sendmmsg: one packet a call
    packets_received     recv, recvfrom, recvmsg, recvmmsg: one packet a call
    memory_bytes         misses of the last-level cache, cache_bytes accesses to it (``memory_traffic``)
    processes_forked     1 if a run starts processes (fork, vfork, more than one execve, clone)
    threads_cloned       1 if a run starts threads only (clone3 without those)

Assumptions: one cycle is one unit of work; counts do not depend on the number of cores, so the demand at the
smallest number of cores is taken, where waiting and spinning are least.
What it cannot see: reads and writes on sockets (they look like files), datagrams against segments, calls to other
instances. Those operations are absent, that is zero. When not to use it: where a measured curve bends for reasons
that no operation here carries (a lock of the program's own); fit the curve as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cerberus_plan.calibration.programs.demand import Demand
from cerberus_plan.calibration.programs.memory_traffic import memory_traffic
from cerberus_plan.calibration.programs.serial_locks import serial_locks
from cerberus_plan.model.digits import amount, counted, number
from cerberus_plan.model.errors import CannotAnswerError, InputError
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.system_calls import CALLS_OF, FORKING
from cerberus_plan.model.workload import Workload


def workload_of(
    demand: Demand, *, name: str, costs: Mapping[str, float] | None = None, memory_bytes: Quantity | None = None
) -> Workload:
    """The workload whose unit of work asks for this demand.

    Args:
        demand: per unit of work.
        name: of the workload.
        costs: seconds of ``page_fault``, ``packet`` and ``address_space_call`` on the machine measured on, to avoid
            counting them twice.
        memory_bytes: of a unit, where a differential run told them; counted misses come before it.

    Raises:
        CannotAnswerError: no time was measured, so there is nothing to plan with.
    """
    user_s, system_s = _times(demand)
    if user_s + system_s <= 0.0:
        raise CannotAnswerError("the demand has no processor time above zero; measure longer runs")
    operations = {"compute": _measured(user_s, "s", demand)}
    faults = max((demand.page_faults or 0.0) - (demand.major_faults or 0.0), 0.0)
    counts = {"page_faults": faults, "file_mb": (demand.written_bytes or 0.0) / 1e6}
    operations |= {key: _measured(value, "1", demand) for key, value in counts.items() if value > 0}
    operations |= {key: _derived(value, demand) for key, value in _from_calls(demand)}
    known = {} if memory_bytes is None else {"memory_bytes": memory_bytes}
    operations |= known | memory_traffic(demand)
    if held := [lock for lock in serial_locks(demand) if lock.is_global]:
        lock = held[0]
        source = f"{lock.name}: {lock.acquisitions:.3g} acquisitions of {lock.hold_s:.3g} s"
        hold_s = lock.acquisitions * lock.hold_s
        operations["kernel_lock"] = Quantity(value=hold_s, unit="s", provenance=Provenance.MEASURED, source=source)
    kernel = _kernel_compute(system_s, operations, costs, demand)
    if kernel is not None:
        operations["kernel_compute"] = kernel
    unit = f"{demand.unit}s/s"
    return Workload(
        name=name,
        description=f"measured: {demand.source}" if demand.source else "measured",
        unit=unit,
        units_per_cycle=1.0,
        operations=operations,
        job_units=1.0 if demand.unit == "run" else None,
        note=" ".join(_notes(demand, costs, operations)),
    )


def smallest(demands: Sequence[Demand]) -> Demand:
    """The demand measured on the fewest cores (the first, where cores are not known).

    Raises:
        InputError: there is none.
    """
    if not demands:
        raise InputError("there is no demand in it")
    return min(demands, key=lambda demand: demand.cores or 0)


def _times(demand: Demand) -> tuple[float, float]:
    """User and system time; all of the processor time is taken as user time if they are not known apart."""
    if demand.user_s is not None:
        return demand.user_s, demand.system_s or 0.0
    if demand.cpu_s is None:
        raise CannotAnswerError(
            "the demand has no processor time, which a workload needs; "
            "measure with `cerberus-plan observe -- COMMAND` or add `perf stat -e task-clock`"
        )
    return demand.cpu_s, 0.0


def _from_calls(demand: Demand) -> Iterator[tuple[str, float]]:
    calls = {call.name: call.calls for call in demand.system_calls}
    for operation, names in CALLS_OF.items():
        if count := sum(calls.get(name, 0.0) for name in names):
            yield operation, count
    if demand.unit == "run" and (spawned := _spawned(calls)):
        yield spawned, 1.0  # starting once per run matters; per request it is a compute cost like any other


def _spawned(calls: Mapping[str, float]) -> str | None:
    """Whether a run starts processes or only threads; the first execve is the program itself.

    glibc since 2.34: pthread_create calls clone3, fork calls clone; posix_spawn may call either, and then execve.
    """
    if any(calls.get(name, 0.0) >= 1.0 for name in FORKING.calls) or calls.get("execve", 0.0) > 1.5:
        return "processes_forked"
    if calls.get("clone3", 0.0) >= 1.0:
        return "threads_cloned"
    return "processes_forked" if calls.get("clone", 0.0) >= 1.0 else None


def _kernel_compute(
    system_s: float, operations: Mapping[str, Quantity], costs: Mapping[str, float] | None, demand: Demand
) -> Quantity | None:
    """System time that no other operation stands for; without costs that is at most all of it."""
    counted = {
        "page_faults": "page_fault",
        "packets_sent": "packet",
        "packets_received": "packet",
        "address_space_calls": "address_space_call",
    }
    apart_s = sum(
        operations[operation].value * (costs or {}).get(cost, 0.0)
        for operation, cost in counted.items()
        if operation in operations
    )
    if "kernel_lock" in operations:
        apart_s += operations["kernel_lock"].value
    left_s = max(system_s - apart_s, 0.0)
    return _measured(left_s, "s", demand) if left_s > 0 else None


def _measured(value: float, unit: str, demand: Demand) -> Quantity:
    return Quantity(value=value, unit=unit, provenance=Provenance.MEASURED, source=demand.source)


def _derived(value: float, demand: Demand) -> Quantity:
    return Quantity(value=value, unit="1", provenance=Provenance.DERIVED, source=f"system calls of {demand.source}")


def _notes(demand: Demand, costs: Mapping[str, float] | None, operations: Mapping[str, Quantity]) -> Iterator[str]:
    where = f" on {counted(demand.cores, 'core')}" if demand.cores else ""
    yield f"Measured over {amount(demand.work, demand.unit)}{where}."
    if demand.user_s is None:
        yield "User and system time were not known apart: all is compute."
    if not demand.system_calls:
        yield "No system calls were seen: packets and address-space calls count as none."
    if not {"memory_bytes", "cache_bytes"} & operations.keys():
        yield "What it asks of memory is not known: no cache misses were counted."
    if costs and "page_fault" in costs and demand.page_faults:
        yield f"Page faults are taken out of kernel_compute at {number(costs['page_fault'] * 1e6)} µs each."
    if costs is None and demand.page_faults and demand.system_s:
        yield "kernel_compute still holds the time of page faults, which the planner adds again: a cautious reading."
