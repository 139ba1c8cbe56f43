"""Orderings and crossovers that the source states without a number, each as a check on the model that can fail.

Reading: "slightly" is up to 15 %, "far below" is under 60 %. A statement about a lost figure is checked at the core
counts that the text names. Those marked "by its inputs" only say that the numbers put in are as published.
When not to use it: as a fit criterion, but for dbench's kernel time, which no number pins (see ``fit``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cerberus_plan.calibration.paper.facts import value
from cerberus_plan.calibration.paper.runs import Runs
from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.exact.splits import Splits, occupancy
from cerberus_plan.model.mechanisms import cfs, messages, signals, sockets, spawn
from cerberus_plan.model.systems.parts import CEILING

# What "slightly" and "far below" leave.
_SLIGHT = 0.85
_FAR = 0.6
# Share of the largest throughput above which it counts as saturated.
_SATURATED = 0.93

Check = Callable[[Runs], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicate:
    """A statement of the source.

    Attributes:
        id: Stable name.
        where: Section or table.
        says: The statement in one sentence.
        holds: Evaluates it on the model's runs.
    """

    id: str
    where: str
    says: str
    holds: Check


_stated: list[Predicate] = []


def _states(name: str, where: str, says: str, *, by_inputs: bool = False) -> Callable[[Check], Check]:
    """Keep the function below as the check of a statement."""

    def keep(holds: Check) -> Check:
        sentence = f"{says} (by its inputs)" if by_inputs else says
        _stated.append(Predicate(id=name, where=where, says=sentence, holds=holds))
        return holds

    return keep


def _hist(run: Runs, system: str, vms: int, threads: int) -> float:
    """Histogram's completion time [s]."""
    return float(run.seconds("histogram", system, vms, threads)[0])


def _db(run: Runs, system: str, vms: int, threads: int) -> float:
    """Throughput of dbench [MB/s]."""
    return float(run.rate("dbench", system, vms, threads)[0])


def _per_core(run: Runs, workload: str, system: str, vms: int, threads: int) -> float:
    """Requests per second and core."""
    return float(run.rate(workload, system, vms, threads)[0]) / (vms * threads)


def _dbench_peaks(run: Runs, threads: int, saturated_at: int, last: int) -> bool:
    """Saturated at one core count, at most 18 cores at the peak, then a slight decline to the last."""
    at = {n: _db(run, "cerberus", n // threads, threads) for n in range(6, last + 1, 6)}
    most = max(at.values())
    peak = max(at, key=at.__getitem__)
    declines = _SLIGHT * most < at[last] < most
    return at[saturated_at] > _SATURATED * most and at[6] < _SLIGHT * most and peak <= 18 and declines


def _apache_ahead(run: Runs, cores: int, faster: str, slower: str) -> bool:
    """One system is faster than the other at a core count."""

    def at(system: str) -> float:
        vms = min(cores, 8)
        split = (vms, cores // vms) if system == "cerberus" else (1, cores)
        return _per_core(run, "apache", system, *split)

    return at(faster) > at(slower)


def _station_shares(run: Runs, workload: str, system: str, split: tuple[int, int]) -> dict[str, float]:
    """Share of the cores' time by station."""
    splits = Splits(vms=np.array([split[0]]), threads=np.array([split[1]]))
    lengths = occupancy(run.structure(workload, system, splits), splits)
    return {name: float(length[0]) / (split[0] * split[1]) for name, length in lengths.items()}


@_states("q.hist.low", "section 7.3", "histogram on 2 cores: Linux is faster than Cerberus")
def _hist_low(run: Runs) -> bool:
    return _hist(run, "linux", 1, 2) < min(_hist(run, "cerberus", 2, 1), _hist(run, "cerberus", 1, 2))


@_states("q.hist.cross1", "section 7.3", "histogram, 1 core a VM: Cerberus is ahead of Linux at 24 cores")
def _hist_cross1(run: Runs) -> bool:
    return _hist(run, "cerberus", 24, 1) < _hist(run, "linux", 1, 24)


@_states("q.hist.cross2", "section 7.3", "histogram, 2 cores a VM: Cerberus is ahead of Linux at 42 cores")
def _hist_cross2(run: Runs) -> bool:
    return _hist(run, "cerberus", 21, 2) < _hist(run, "linux", 1, 42)


@_states("q.hist.xen", "section 7.3", "histogram: Cerberus is ahead of Xen-Linux at 24 and 30 cores")
def _hist_xen(run: Runs) -> bool:
    one = _hist(run, "cerberus", 24, 1) < _hist(run, "xen-linux", 1, 24)
    return one and _hist(run, "cerberus", 15, 2) < _hist(run, "xen-linux", 1, 30)


@_states("q.hist.1v2", "section 7.3", "histogram: 1 core a VM is no slower than 2, from 4 to 24 cores")
def _hist_1v2(run: Runs) -> bool:
    return all(_hist(run, "cerberus", n, 1) <= _hist(run, "cerberus", n // 2, 2) for n in range(4, 25, 2))


@_states("q.hist.42v48", "section 7.3", "histogram: the gain over Linux is larger at 42 than at 48 cores")
def _hist_42v48(run: Runs) -> bool:
    gain = {n: _hist(run, "linux", 1, n) / _hist(run, "cerberus", n // 2, 2) for n in (42, 48)}
    return gain[42] > gain[48]


@_states("q.hist.t7", "Table 7", "histogram: 2 cores a VM beat 4, which beat 8 more than fivefold")
def _table_7_histogram(run: Runs) -> bool:
    """Times grow with the cores of a VM, the last step more than fivefold."""
    two, four, eight = (_hist(run, "cerberus", 48 // m, m) for m in (2, 4, 8))
    return two < four < eight and eight > 5 * four


@_states("q.hist.shadow", "section 7.3", "histogram on 32 cores: shadow paging is over 100 times slower than direct")
def _hist_shadow(run: Runs) -> bool:
    return _hist(run, "xen-linux-shadow", 1, 32) > 100 * _hist(run, "xen-linux", 1, 32)


@_states("q.hist.top.linux", "Table 5", "histogram on Linux at 48 cores: the address-space lock takes most cycles")
def _hist_top_linux(run: Runs) -> bool:
    return float(run.cost("histogram", "compute")[0]) * 2**20 / _hist(run, "linux", 1, 48) < 0.5 * 48


@_states("q.hist.top.xen", "Table 5", "histogram on Xen-Linux: the hypervisor takes most cycles above 8 cores")
def _xen_knee(run: Runs) -> bool:
    """Above eight cores less than half of Xen-Linux's cycles are compute."""
    for cores in (16, 24, 32):
        cycles = 4 * 2**18 / _hist(run, "xen-linux", 1, cores)
        if float(run.cost("histogram", "compute")[0]) * cycles / cores > 0.5:
            return False
    return True


@_states("q.dbench.low", "section 7.3", "dbench: Linux is ahead of Cerberus up to 6 cores")
def _dbench_linux_ahead(run: Runs) -> bool:
    """Linux beats Cerberus up to six cores, with one and with two cores a VM."""
    most = int(value("dbench.cross"))
    one = all(_db(run, "linux", 1, n) > _db(run, "cerberus", n, 1) for n in range(1, most + 1))
    return one and all(_db(run, "linux", 1, n) > _db(run, "cerberus", n // 2, 2) for n in range(2, most + 1, 2))


@_states("q.dbench.fall", "section 7.3", "dbench: Linux and Xen-Linux fall far from 6 to 12 cores, then slightly")
def _dbench_linux_falls(run: Runs) -> bool:
    """From 6 to 12 cores Linux and Xen-Linux fall far, then only slightly further."""
    checks = []
    for system in ("linux", "xen-linux"):
        at = {n: _db(run, system, 1, n) for n in (6, 12, 24, 32)}
        checks.append(at[12] < _FAR * at[6] and at[12] >= at[24] >= at[32] > _SLIGHT * at[12])
    return all(checks)


@_states("q.dbench.peak1", "section 7.3", "dbench, 1 core a VM: saturated by 18 cores, then a slight decline")
def _dbench_one_core_peaks(run: Runs) -> bool:
    """One core a VM grows to 18 cores, then declines slightly."""
    return _dbench_peaks(run, 1, int(value("dbench.peak.1")), 24)


@_states("q.dbench.peak2", "section 7.3", "dbench, 2 cores a VM: saturated by 12 cores, then a slight decline")
def _dbench_two_cores_peak(run: Runs) -> bool:
    """Two cores a VM are saturated at 12 cores and decline slightly."""
    return _dbench_peaks(run, 2, int(value("dbench.peak.2")), 48)


@_states("q.dbench.1v2", "section 7.3", "dbench: 1 core a VM is slightly ahead of 2 at 12, 18 and 24 cores")
def _dbench_1v2(run: Runs) -> bool:
    return all(_SLIGHT < _db(run, "cerberus", n // 2, 2) / _db(run, "cerberus", n, 1) < 1 for n in (12, 18, 24))


@_states("q.dbench.t7", "Table 7", "dbench: 2 cores a VM beat 4, which beat 8")
def _dbench_t7(run: Runs) -> bool:
    return _db(run, "cerberus", 24, 2) > _db(run, "cerberus", 12, 4) > _db(run, "cerberus", 6, 8)


@_states("q.dbench.ratio_peak", "section 7.3", "dbench: the gain over Linux is largest at 42 cores, smallest at 48")
def _ratio_order(run: Runs) -> bool:
    """Gains over Linux: 42 cores above 24 above 48."""
    at = {
        n: _db(run, "cerberus", v, m) / _db(run, "linux", 1, n) for n, v, m in ((42, 21, 2), (24, 24, 1), (48, 24, 2))
    }
    return at[42] > at[24] > at[48]


@_states("q.dbench.shadow", "section 7.3", "dbench on 32 cores: direct paging is over 50 times faster than shadow")
def _dbench_shadow(run: Runs) -> bool:
    return _db(run, "xen-linux", 1, 32) > 50 * _db(run, "xen-linux-shadow", 1, 32)


@_states("q.direct", "section 7.3", "one large VM: direct paging is better than shadow paging for both workloads")
def _direct(run: Runs) -> bool:
    faster = _hist(run, "xen-linux", 1, 32) < _hist(run, "xen-linux-shadow", 1, 32)
    return faster and _db(run, "xen-linux", 1, 32) > _db(run, "xen-linux-shadow", 1, 32)


@_states("q.apache.low", "section 7.3", "Apache on 1 and 2 cores: Linux is ahead of Cerberus")
def _apache_low(run: Runs) -> bool:
    return all(_apache_ahead(run, n, "linux", "cerberus") for n in (1, 2))


@_states("q.apache.cross", "section 7.3", "Apache on 8 and 16 cores: Cerberus is ahead of Linux")
def _apache_cross(run: Runs) -> bool:
    return all(_apache_ahead(run, n, "cerberus", "linux") for n in (8, 16))


@_states("q.apache.flat", "section 7.3", "Apache on Cerberus keeps 80 % per core from 2 to 16 cores")
def _apache_flat(run: Runs) -> bool:
    """Cerberus keeps 80 % of its throughput per core from 2 to 16 cores."""
    return _per_core(run, "apache", "cerberus", 8, 2) > 0.8 * _per_core(run, "apache", "cerberus", 2, 1)


@_states("q.apache.linux_xen", "section 7.3", "Apache on 16 cores: Linux and Xen-Linux within 2 %")
def _apache_linux_like_xen(run: Runs) -> bool:
    """Linux and Xen-Linux within 2 % at 16 cores."""
    one, other = (_per_core(run, "apache", system, 1, 16) for system in ("linux", "xen-linux"))
    return abs(one / other - 1) < 0.02


@_states("q.memc.linux", "section 7.3", "Memcached on Linux falls above 4 cores")
def _memcached_linux_falls(run: Runs) -> bool:
    """Per core throughput of Linux falls from 4 to 8 to 16 cores."""
    at = [_per_core(run, "memcached", "linux", 1, n) for n in (4, 8, 16)]
    return at[2] < at[1] < _SLIGHT * at[0]


@_states("q.memc.cerb", "section 7.3", "Memcached on Cerberus is flat to 8 cores and falls when servers share a VM")
def _memcached_cerberus_falls(run: Runs) -> bool:
    """Flat from 2 to 8 cores, lower at 16."""
    at = {n: _per_core(run, "memcached", "cerberus", min(n, 8), max(1, n // 8)) for n in (2, 4, 8, 16)}
    return abs(at[2] / at[8] - 1) < 0.01 and at[16] < at[8]


@_states("q.memc.win", "section 7.3", "Memcached on 16 cores: Cerberus is ahead of Linux and Xen-Linux")
def _memcached_wins(run: Runs) -> bool:
    """Cerberus is ahead of both at 16 cores."""
    own = _per_core(run, "memcached", "cerberus", 8, 2)
    return all(own > _per_core(run, "memcached", system, 1, 16) for system in ("linux", "xen-linux"))


@_states("q.plan.t7", "Table 7", "48 cores, at most 24 VMs: 24 VMs of 2 are best for histogram and dbench")
def _two_per_vm_wins(run: Runs) -> bool:
    """Two cores a VM are best among even splits of 48 cores with at most 24 VMs."""
    sizes = (2, 3, 4, 6, 8, 12, 16, 24)
    times = [_hist(run, "cerberus", 48 // m, m) for m in sizes]
    rates = [_db(run, "cerberus", 48 // m, m) for m in sizes]
    return int(np.argmin(times)) == 0 and int(np.argmax(rates)) == 0


@_states(
    "q.hist.top.cerb",
    "Table 5",
    "histogram on Cerberus: calc is ahead of the emulated page-table writes",
    by_inputs=True,
)
def _histogram_computes_first(run: Runs) -> bool:
    """Of calc and the emulation of page-table writes (the shadow lock's hold), calc takes more."""
    return float(run.cost("histogram", "compute")[0]) > float(run.cost("amd48", "shadow_lock_hold")[0])


@_states("q.hist.2635", "section 7.3", "a kernel with a refined address-space lock helps histogram only")
def _refined_kernel_helps_histogram_only(run: Runs) -> bool:
    """Page faults that share no lock speed up histogram; the other workloads have none to speed up."""
    compute, fault = run.cost("histogram", "compute")[0], run.cost("amd48", "page_fault")[0]
    at_best = 2**20 * float(compute + fault) / 48
    others = ("dbench", "apache", "memcached")
    return at_best < 0.5 * _hist(run, "linux", 1, 48) and not any(
        "page_faults" in catalog.workload(name).operations for name in others
    )


@_states("q.dbench.top.linux", "Table 6", "dbench on Linux and Xen-Linux: the block search takes most cycles")
def _ext3_first(run: Runs) -> bool:
    """Block allocation takes more than half of the cores' time in one large OS."""
    splits = {"linux": (1, 48), "xen-linux": (1, 32)}
    return all(_station_shares(run, "dbench", s, split)["block allocation"] > 0.5 for s, split in splits.items())


@_states("q.dbench.top.cerb", "Table 6", "dbench on Cerberus: the file system comes last, the hypervisor is there")
def _ext3_last_on_cerberus(run: Runs) -> bool:
    """Block allocation takes least, and the hypervisor takes some."""
    shares = _station_shares(run, "dbench", "cerberus", (24, 2))
    return min(shares, key=shares.__getitem__) == "block allocation" and shares[CEILING] > 0.0


@_states("q.apache.idle", "section 7.3", "Apache: waiting grows with cores on Linux and Xen-Linux, not on Cerberus")
def _apache_idles(run: Runs) -> bool:
    """Waiting at the network path grows with cores on Linux and Xen-Linux, and stays small on Cerberus."""
    for system in ("linux", "xen-linux"):
        at = [_station_shares(run, "apache", system, (1, n))["network path"] for n in (1, 2, 4, 8, 16)]
        if at != sorted(at) or at[-1] < 0.5:
            return False
    return _station_shares(run, "apache", "cerberus", (8, 2))["network path"] < 0.3


@_states("q.memc.top", "section 7.3", "Memcached on Linux: the network path dominates at 16 cores")
def _memcached_polls(run: Runs) -> bool:
    """The network path takes most."""
    shares = _station_shares(run, "memcached", "linux", (1, 16))
    return max(shares, key=shares.__getitem__) == "network path"


@_states(
    "q.sig.remote",
    "Table 3",
    "a signal to another VM is cheaper than one within a VM, on both machines",
    by_inputs=True,
)
def _remote_signal(_: Runs) -> bool:
    """A message one way and a delivery, against sending and delivering within a VM."""
    trip = value("prim.msg.cross_chip")
    checks = []
    for machine in ("intel16", "amd48"):
        delivery = signals.delivery_from_ping_pong(np, value(f"prim.sig.{machine}.cerberus.remote"), trip)
        own = value(f"prim.sig.{machine}.cerberus.local") / 2
        checks.append(signals.remote_time(np, delivery, trip) < own)
    return all(checks)


@_states("q.net.fwd", "Table 2", "forwarding packets costs more than an own card", by_inputs=True)
def _forwarding_costs_more(_: Runs) -> bool:
    """Forwarded ping-pongs exceed those on an own card."""
    trip = value("prim.msg.cross_chip")
    pairs = ((f"prim.net.{kind}.cerberus.local", count) for kind, count in (("localhost", 4), ("remote-host", 2)))
    return all(sockets.operation_time(np, value(own), count, trip) > value(own) for own, count in pairs)


@_states(
    "q.cfs", "section 7.2", "own files cost what Xen-Linux pays within 1 %, remote ones 2.7 times that", by_inputs=True
)
def _remote_read(_: Runs) -> bool:
    """An own read costs what Xen-Linux pays, a remote one 2.7 times that."""
    own, trip = value("prim.cfs.local"), value("prim.msg.cross_chip")
    local_like_xen = abs(own / value("prim.cfs.xen") - 1) < 0.01
    return local_like_xen and abs(cfs.read_time(np, own, 1, trip) / own - 2.7) < 0.1


@_states(
    "q.spawn", "Table 4", "24 spawns at once cost less than half of 24 single ones; processes cost more", by_inputs=True
)
def _spawning(run: Runs) -> bool:
    """24 at once cost far less than 24 single ones, and processes more than threads."""
    costs = {n: float(run.cost("amd48", n)[0]) for n in ("fork_fixed", "fork_each", "clone_fixed", "clone_each")}
    fork = [float(spawn.spawn_time(np, v, costs["fork_fixed"], costs["fork_each"])) for v in (2, 24)]
    clone = [float(spawn.spawn_time(np, v, costs["clone_fixed"], costs["clone_each"])) for v in (2, 24)]
    return fork[1] < 0.5 * 24 * fork[0] and clone[1] < 0.5 * 24 * clone[0] and fork[0] > clone[0]


@_states("q.lose", "section 8", "frequent remote calls or mappings make Cerberus slower than Linux")
def _communication_loses(run: Runs) -> bool:
    """Ten remote calls a page, or one mapping, make Cerberus slower than Linux on 48 cores."""
    linux = _hist(run, "linux", 1, 48)
    trip = float(run.cost("amd48", "message_round_trip")[0])
    pages_a_core = 2**20 / 48
    calls = 10 * float(messages.remote_share(np, 24)) * trip
    mapping = float(messages.broadcast_time(np, 24, trip))
    return all(pages_a_core * extra > linux for extra in (calls, mapping))


def dbench_orderings_hold(run: Runs) -> bool:
    """The orderings that place dbench's kernel time."""
    return _dbench_linux_ahead(run) and _dbench_one_core_peaks(run) and _dbench_two_cores_peak(run)


PREDICATES = tuple(_stated)
