"""More threads or virtual CPUs than cores: what the run queue makes of a split, for many splits and draws at once.

Models: all instances' threads share the cores planned for; ``model.laws.run_queue`` for how they share them and
``model.laws.preempted_holder`` for locks whose waiters spin.
Equations: with X0 the rate with a core for each thread and S the core time of a cycle, X0 S of N threads are runnable
in the mean. Each thread is taken to compute, and each lock to be held, with a probability of its own: the variance is
the sum of theirs, at most that of N threads each runnable with probability X0 S / N. Then X = X0 / E[max(1, r / c)],
and an instance whose waiters spin loses hold (N / c - 1) a cycle on top. Hardware (memory, siblings, the clock, an
instance's own cost) sees the threads that run, c of them.
Of an instance's threads no more than c meet at its locks: a slice is long against a cycle, so those without a core are
not in the way of those that have one, and an instance alone gains nothing from more (``model.simulation.slices``).
Assumptions: waiters of an address-space lock and of a program's own lock sleep, those of ``process_lock_spins`` spin.
A sleeping lock costs ``thread_switch`` of core time for each cycle that waits, and serves no more than 1 / (hold +
``wake_up``) of those a second (measured, 0 where it was not); a cycle waits with the lock's utilisation by others.
Waiters of kernel locks that instances share (``processes``) spin, and keep their core from others; that the kernel does
not preempt their holders is left out, which promises too little. A hypervisor takes a core from a guest that spins
(pause-loop exits, paravirtual locks) unless ``pause_loop_exits`` of the machine is 0. A hand-over counts all of an
instance's threads as waiters, also those without a core.
When not to use it: with threads up to the cores it changes nothing and is left out; for one instance alone
``model.exact.run_queue`` has the exact distribution.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from cerberus_plan.model.exact import splits as even
from cerberus_plan.model.exact.tables import Splits
from cerberus_plan.model.laws import preempted_holder, run_queue
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.station import Array, Station
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.quantity import Quantity
from cerberus_plan.model.record import Record
from cerberus_plan.model.structure import Costs, Structure, System
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.plan import Constraints

RUN_QUEUE = "run queue"
# More threads than cores must promise so much more than any split without: the run queue's form errs by as much.
CROWD_GAIN = 0.03
# Locks of a kernel whose waiters spin; its address-space lock sleeps.
KERNEL_SPIN_LOCKS = frozenset({"kernel lock", "block allocation", "network path"})
PROCESS_LOCK = "process lock"


class Crowd(Record):
    """Splits of a system, the cores they share, and how waiters without a core wait.

    Attributes:
        system: The system.
        splits: Its splits.
        cores: That all threads of all instances share.
        spun: Locks of an instance whose waiters spin.
        switch_s: Core time of falling asleep and being woken [s].
        wake_s: From waking a sleeper until it runs [s].
    """

    system: System
    splits: Splits
    cores: int
    spun: frozenset[str] = frozenset()
    switch_s: float = 0.0
    wake_s: float = 0.0

    @property
    def over(self) -> bool:
        """True when some split has more threads than cores."""
        return bool((self.splits.vms * self.splits.threads > self.cores).any())

    @property
    def running(self) -> Array:
        """Threads that have a core, at most: shape (splits, 1)."""
        vms, threads = self.splits.columns
        return np.minimum(vms * threads, float(self.cores))

    @property
    def meeting(self) -> Splits:
        """The splits with the threads of an instance that can meet at its stations: no more than there are cores."""
        return Splits(vms=self.splits.vms, threads=np.minimum(self.splits.threads, float(self.cores)))

    def structure(self, machine: Costs, operations: Costs) -> Structure:
        """What the system's law gives for the threads that run."""
        vms, threads = self.splits.columns
        return self.system.law(machine, operations, vms, np.minimum(threads, self.cores / vms))

    def factor(self, structure: Structure, cycles: Array) -> Array:
        """Factor on all times: 1 with a core for each thread.

        Args:
            structure: Stations whose parameters broadcast to (splits, draws).
            cycles: Cycles per second of those that meet, with a core for each, not stretched: (splits, draws).
        """
        vms, each = self.meeting.columns
        meeting, threads = vms * each, vms * self.splits.columns[1]
        sleeping = [s for s in structure.local if s.name == PROCESS_LOCK and s.name not in self.spun]
        waits = np.minimum(cycles / vms * _core_time(sleeping), 1.0) * (1.0 - 1.0 / each)
        work = _core_time((*structure.local, *structure.shared)) + self._spinning_together(structure, cycles)
        work = work + preempted_holder.sleeping(np, waits, self.switch_s)
        runnable = np.minimum(cycles * work, meeting)
        variance = np.minimum(_variance(structure, cycles, vms, meeting), runnable * (1.0 - runnable / meeting))
        shared = np.where(meeting > self.cores, run_queue.mean_stretch(runnable, variance, self.cores), 1.0)
        if sleeping and self.wake_s:
            served = cycles / vms * (_core_time(sleeping) + waits * self.wake_s)
            shared = np.where(meeting > self.cores, np.maximum(shared, served), shared)
        spun = [station for station in structure.local if station.name in self.spun]
        if not spun:
            return np.asarray(shared)
        rate = cycles / shared / vms
        alone = self.splits.columns[1] == 1.0  # nobody waits for the lock of a single thread
        price = np.where(alone, 0.0, preempted_holder.spinning(np, _core_time(spun), threads, self.cores))
        return np.asarray(cycles / vms / preempted_holder.spinning_rate(np, rate, price, 0.0))

    def _spinning_together(self, structure: Structure, cycles: Array) -> Array | float:
        """Seconds of a cycle that wait, on a core, for kernel locks that instances share, under the central values."""
        shared = [station for station in structure.shared if station.name in KERNEL_SPIN_LOCKS]
        if not shared:
            return 0.0
        there = even.occupancy(structure, self.meeting)
        names = {station.name for station in shared}
        present = sum((there[name] for name in names), np.zeros(self.splits.vms.size))[:, None]
        served = cycles[:, :1] * _core_time(shared)[:, :1]
        return np.asarray(np.maximum(present - served, 0.0) / cycles[:, :1])

    def crowded(self, structure: Structure, factor: Array) -> Structure:
        """The structure with the run queue among what stretches its times."""
        return replace(
            structure,
            stretch=structure.stretch * factor,
            stretched_by={**structure.stretched_by, RUN_QUEUE: factor},
        )


def crowd_of(system: System, splits: Splits, machine: Machine, workload: Workload, constraints: Constraints) -> Crowd:
    """The splits of a program under a system."""
    return Crowd(
        system=system,
        splits=splits,
        cores=constraints.usable,
        spun=spinning_locks(system, machine, workload),
        switch_s=_given(machine.quantities, "thread_switch", 0.0),
        wake_s=_given(machine.quantities, "wake_up", 0.0),
    )


def factor_of(crowd: Crowd, machine: Costs, operations: Costs) -> float:
    """Factor on all times of a single split under the central values."""
    structure = crowd.structure(machine, operations)
    cycles = even.throughput(replace(structure, stretch=1.0), crowd.meeting, 1)
    return float(crowd.factor(structure, cycles)[0, 0])


def spinning_locks(system: System, machine: Machine, workload: Workload) -> frozenset[str]:
    """Names of an instance's locks whose waiters keep spinning when a holder has lost its core."""
    found: frozenset[str] = frozenset()
    if _given(workload.operations, "process_lock_spins", 0.0) != 0.0:
        found |= {PROCESS_LOCK}
    if system.virtualised and _given(machine.quantities, "pause_loop_exits", 1.0) == 0.0:
        found |= KERNEL_SPIN_LOCKS
    return found


def worth_crowding(rate: Array, splits: Splits, cores: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which splits have a core for each thread, or promise more than any that has by what the form errs."""
    plain = splits.vms * splits.threads <= cores
    most = rate[plain].max() if plain.any() else 0.0
    return plain | (rate > most * (1.0 + CROWD_GAIN))


def switches(machine: Machine, workload: Workload) -> dict[str, Quantity]:
    """What says which locks spin and what sleepers cost, by the name it has among a plan's inputs."""
    asked = ["pause_loop_exits"]
    if PROCESS_LOCK.replace(" ", "_") in workload.operations:
        asked += ["thread_switch", "wake_up"]
    given = {f"machine.{name}": machine.quantities.get(name) for name in asked}
    given["workload.process_lock_spins"] = workload.operations.get("process_lock_spins")
    return {name: quantity for name, quantity in given.items() if quantity is not None}


def _given(quantities: Mapping[str, Quantity], name: str, default: float) -> float:
    return quantities[name].value if name in quantities else default


def _variance(structure: Structure, cycles: Array, vms: Array, threads: Array) -> Any:
    """Variance of the runnable threads: each computes or not, each lock is held or not, of their own."""
    computing = np.minimum(cycles * _core_time(s for s in structure.local if isinstance(s, Delay)), threads)
    found = computing * (1.0 - computing / threads)
    for count, stations in ((vms, structure.local), (1.0, structure.shared)):
        for station in stations:
            if not isinstance(station, Delay):
                held = np.minimum(cycles / count * _core_time([station]), 1.0)
                found = found + count * held * (1.0 - held)
    return found


def _core_time(stations: Iterable[Station]) -> Any:
    """Seconds of a cycle at these stations, nobody waiting."""
    return sum((np.atleast_2d(station.service_times(1)[..., 0]) for station in stations), np.zeros((1, 1)))
