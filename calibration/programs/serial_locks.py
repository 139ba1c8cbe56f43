"""Kernel locks as stations: how long a unit of work holds each, and how much work that allows at most.

    throughput of one OS instance <= 1 / hold time per unit of work

Assumption: the lock is one for the whole instance. Lockdep names a class by the expression that initialised it: a
global lock as ``tasklist_lock``, one in each of many objects (a run queue a core) as ``&rq->__lock``. The latter may be
held in parallel, and then the bound is too low: a suspect, not a verdict.
Source: the utilisation law; hold times of /proc/lock_stat.
"""

from __future__ import annotations

from dataclasses import dataclass

from cerberus_plan.calibration.programs.demand import Demand

# shared acquisitions overlap; the time of a thread is of many locks
NO_STATION = ("read", "rwsem:R", "rwlock:R", "rwlock-rt:R", "pcpu-sem:R", "thread")
LOCKDEP_KINDS = ("", "write")  # as /proc/lock_stat names them; other tools name callers, not locks


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialLock:
    """A kernel lock as a station: how long a unit of work holds it, and what that allows at most.

    Attributes:
        name: lock and, for reader-writer locks, the side.
        acquisitions: per unit of work.
        hold_s: time one acquisition holds it [s]: the service time.
        wait_s: time a unit of work waited for it while measured [s].
        most_per_s: units of work per second at which the lock is always held, in one OS instance [1/s].
        is_global: whether there is surely one of it in an OS instance.
    """

    name: str
    acquisitions: float
    hold_s: float
    wait_s: float
    most_per_s: float
    is_global: bool

    def sentence(self, unit: str) -> str:
        """What it means for a program whose work is counted in this unit."""
        bound = f"the kernel lock {self.name} allows at most {self.most_per_s:.3g} {unit}s/s in one OS instance"
        return bound if self.is_global else f"{bound}, if it is one lock and not one in each of many objects"


def serial_locks(demand: Demand) -> list[SerialLock]:
    """Locks with known hold times, the tightest bound first.

    Shared (read) acquisitions can overlap and are left out, for their holding bounds nothing; so are rows of threads.
    """
    found = []
    for lock in demand.locks:
        hold_s = lock.hold_per_acquisition_s
        if hold_s and lock.acquisitions and lock.hold_s and lock.kind not in NO_STATION:
            found.append(
                SerialLock(
                    name=f"{lock.name} ({lock.kind})" if lock.kind else lock.name,
                    acquisitions=lock.acquisitions,
                    hold_s=hold_s,
                    wait_s=lock.wait_s,
                    most_per_s=1.0 / lock.hold_s,
                    is_global="&" not in lock.name and lock.kind in LOCKDEP_KINDS,
                )
            )
    return sorted(found, key=lambda lock: lock.most_per_s)
