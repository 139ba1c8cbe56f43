"""Where the core-seconds of one unit of work go, at each number of cores, all of them.

    n E = user + system + load + others + waiting          n cores, E seconds a unit
    user, system = their demand on the fewest cores + what has grown since

Each part was counted by itself (``observe.neighbours``) on the run's own cores: a server's load on other CPUs is no
part. Only waiting is what is left.

On the fewest cores system time is parted further, by what was counted there (faults, packets, calls, a lock) times
what each costs on this host. So the first part of every row is the work, and the rest is what more cores lose.
Numbers are means over the repeats, which add up as medians do not; a share's interval is Student's.
Assumptions: waiting is least on the fewest cores; a packet a call; what is counted costs on average what it cost in
calibration, and never more than the system time there is: then all parts shrink alike.
When not to use it: for programs whose work on n cores is other work than on one.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

from cerberus_plan.calibration.programs.observe.observation import Observation
from cerberus_plan.calibration.programs.observe.runs import Run
from cerberus_plan.model.digits import number
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.record import Record
from cerberus_plan.model.student import student_t
from cerberus_plan.model.workload import Workload

# Share that is rounding.
_NOTHING = 1e-12
COMPUTE, KERNEL, USER_GROWTH, SYSTEM_GROWTH = "compute", "kernel_compute", "user_growth", "system_growth"
LOAD, OTHERS, WAITING = "load", "others", "waiting"
# What is counted -> the operations that are counts of it, and how the time becomes known.
_COUNTED = {
    "page_fault": (("page_faults",), Provenance.DERIVED),
    "packet": (("packets_sent", "packets_received"), Provenance.ASSUMED),
    "address_space_call": (("address_space_calls",), Provenance.DERIVED),
}


class Part(Record):
    """One demand of a unit of work.

    Attributes:
        name: What takes the time.
        seconds: Core-seconds a unit [s].
        share: Of all core-seconds of the unit.
        low: Low end of the share's 90 % interval over the repeats, None where there is one run; ``high`` likewise.
        provenance: How it became known.
        source: What it was computed from.
    """

    name: str
    seconds: float
    share: float
    low: float | None
    high: float | None
    provenance: Provenance
    source: str


class UnitLedger(Record):
    """All parts of a unit's core-seconds on so many cores; their shares sum to 1."""

    cores: int
    parts: tuple[Part, ...]

    @property
    def core_seconds(self) -> float:
        """Core-seconds of a unit [s]."""
        return math.fsum(part.seconds for part in self.parts)

    def seconds(self, name: str) -> float:
        """Those of a part; 0 without it."""
        return math.fsum(part.seconds for part in self.parts if part.name == name)

    def to_json(self) -> dict[str, Any]:
        """The ledger as JSON has it."""
        parts = [{**{field: getattr(part, field) for field in _FIELDS}, "provenance": str(part.provenance)}
                 for part in self.parts]  # fmt: skip
        return {"cores": self.cores, "core_seconds": self.core_seconds, "parts": parts}


_FIELDS = ("name", "seconds", "share", "low", "high", "source")


class _Spent(Record):
    """Core-seconds of a unit of work in one run, or their means over several."""

    user: float
    system: float
    load: float
    others: float
    waiting: float

    @classmethod
    def of(cls, run: Run) -> _Spent:
        """What a unit of a run's work took on the run's cores; what ticks say beyond their time is left out."""
        demand = run.demand
        whole = run.cores * (demand.elapsed_s or 0.0)
        user, system = demand.user_s or 0.0, demand.system_s or 0.0
        left = max(whole - user - system, 0.0)
        load = min(run.load_on_cores_s / demand.work, left)
        others = min((run.others_s + run.stolen_s) / demand.work, left - load)
        return cls(user=user, system=system, load=load, others=others, waiting=max(left - load - others, 0.0))

    @classmethod
    def mean(cls, runs: Sequence[_Spent]) -> _Spent:
        """The mean of each."""
        return cls(**{name: statistics.fmean(getattr(one, name) for one in runs) for name in cls._names})

    @property
    def whole(self) -> float:
        """All of it."""
        return math.fsum(getattr(self, name) for name in self._names)


def unit_ledgers(
    observation: Observation, workload: Workload | None, costs: Mapping[str, float] | None
) -> tuple[UnitLedger, ...]:
    """A ledger for each number of cores, ascending; none where no processor time was measured.

    Args:
        observation: The runs.
        workload: What ``demand_to_workload`` makes of the demand on the fewest cores; None without processor time.
        costs: Seconds of ``page_fault``, ``packet`` and ``address_space_call`` on this host.
    """
    if workload is None or not observation.runs:
        return ()
    counts = sorted({run.cores for run in observation.runs})
    spent = {n: [_Spent.of(run) for run in observation.runs if run.cores == n] for n in counts}
    least = _Spent.mean(spent[counts[0]])
    kernel = _kernel(least.system, workload.operations, costs or {})
    return tuple(_ledger(n, spent[n], least, kernel) for n in counts)


# Share of the system time on the fewest cores, provenance and source.
_Kernel = Mapping[str, tuple[float, Provenance, str]]


def _kernel(system: float, operations: Mapping[str, Quantity], costs: Mapping[str, float]) -> _Kernel:
    """The parts of system time, as shares of it that sum to 1."""
    found: dict[str, tuple[float, Provenance, str]] = {}
    for cost, (names, provenance) in _COUNTED.items():
        count = math.fsum(operations[name].value for name in names if name in operations)
        if count > 0.0 and costs.get(cost, 0.0) > 0.0:
            source = f"{number(count)} of them, {number(costs[cost] * 1e6)} µs each on this host"
            found[cost] = (count * costs[cost], provenance, source)
    if (lock := operations.get("kernel_lock")) is not None:
        found["kernel_lock"] = (lock.value, lock.provenance, lock.source)
    whole = max(system, math.fsum(seconds for seconds, _, _ in found.values()))
    if whole <= 0.0:
        return {}
    shares = {name: (seconds / whole, provenance, source) for name, (seconds, provenance, source) in found.items()}
    rest = 1.0 - math.fsum(share for share, _, _ in shares.values())
    if rest > _NOTHING:
        kind = Provenance.DERIVED if found else Provenance.MEASURED
        shares[KERNEL] = (rest, kind, "system time" + (" less what is counted above" if found else ""))
    return shares


def _ledger(cores: int, spent: Sequence[_Spent], least: _Spent, kernel: _Kernel) -> UnitLedger:
    mean = _Spent.mean(spent)
    parts = []
    for name, take, kind, source in _rows(mean, least, kernel):
        seconds = take(mean)
        if seconds <= _NOTHING * mean.whole:
            continue
        share = seconds / mean.whole
        low, high = _interval(share, [take(one) / one.whole for one in spent])
        parts.append(Part(name=name, seconds=seconds, share=share, low=low, high=high, provenance=kind, source=source))
    return UnitLedger(cores=cores, parts=tuple(parts))


# Name of a part, what it takes of a run, how that is known, from what.
_Row = tuple[str, Callable[[_Spent], float], Provenance, str]


def _rows(mean: _Spent, least: _Spent, kernel: _Kernel) -> Iterator[_Row]:
    """All parts. Whether a time has grown is the mean's to say: single runs scatter to both sides of it."""
    measured = Provenance.MEASURED
    user, user_more = _grown(mean, least, "user")
    system, system_more = _grown(mean, least, "system")
    yield COMPUTE, user, measured, "user time"
    for name, (share, kind, source) in kernel.items():
        yield name, _times(share, system), kind, source
    yield USER_GROWTH, user_more, measured, "user time beyond that on the fewest cores"
    yield SYSTEM_GROWTH, system_more, measured, "system time beyond that on the fewest cores"
    yield LOAD, attrgetter("load"), measured, "processor time of the load on these cores"
    yield OTHERS, attrgetter("others"), measured, "time that others kept these cores busy"
    yield WAITING, attrgetter("waiting"), Provenance.DERIVED, "what is left of cores x time"


def _grown(mean: _Spent, least: _Spent, name: str) -> tuple[Callable[[_Spent], float], Callable[[_Spent], float]]:
    """A time as it was on the fewest cores, and what came on top; where nothing did, all of it is the former."""
    before = getattr(least, name)
    if getattr(mean, name) <= before:
        return attrgetter(name), lambda _: 0.0
    return lambda _: before, lambda one: getattr(one, name) - before


def _times(share: float, take: Callable[[_Spent], float]) -> Callable[[_Spent], float]:
    return lambda one: share * take(one)


def _interval(share: float, repeats: Sequence[float]) -> tuple[float | None, float | None]:
    """Where the share lies in nine of ten such sets of repeats; it is never below nothing, nor above all."""
    if len(repeats) < 2:
        return None, None
    half = student_t(0.9, len(repeats) - 1) * statistics.stdev(repeats) / math.sqrt(len(repeats))
    return max(share - half, 0.0), min(share + half, 1.0)
