"""Orderings and crossovers the source states without a number, each as a check on the model that can fail.

Reading: "slightly" is up to 15 %, "far below" is under 60 %. A statement about a lost figure is checked at the core
counts that the text names.
When not to use it: as a fit criterion, but for dbench's kernel time, which no number pins (see ``fit``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from calibration.published.facts import value
from calibration.published.runs import Runs

Check = Callable[[Runs], bool]
_SLIGHT = 0.85
_FAR = 0.6
# Share of the largest throughput above which it counts as saturated.
_SATURATED = 0.93


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


def _hist(run: Runs, system: str, vms: int, threads: int) -> float:
    return float(run.seconds("histogram", system, vms, threads)[0])


def _db(run: Runs, system: str, vms: int, threads: int) -> float:
    return float(run.rate("dbench", system, vms, threads)[0])


def _per_core(run: Runs, workload: str, system: str, vms: int, threads: int) -> float:
    return float(run.rate(workload, system, vms, threads)[0]) / (vms * threads)


def dbench_linux_ahead(run: Runs) -> bool:
    """Linux beats Cerberus up to six cores, with one and with two cores a VM."""
    most = int(value("dbench.cross"))
    one = all(_db(run, "linux", 1, n) > _db(run, "cerberus", n, 1) for n in range(1, most + 1))
    return one and all(_db(run, "linux", 1, n) > _db(run, "cerberus", n // 2, 2) for n in range(2, most + 1, 2))


def dbench_linux_falls(run: Runs) -> bool:
    """From 6 to 12 cores Linux and Xen-Linux fall far, then only slightly further."""
    checks = []
    for system in ("linux", "xen-linux"):
        at = {n: _db(run, system, 1, n) for n in (6, 12, 24, 32)}
        checks.append(at[12] < _FAR * at[6] and at[12] >= at[24] >= at[32] > _SLIGHT * at[12])
    return all(checks)


def _dbench_peaks(run: Runs, threads: int, saturated_at: int, last: int) -> bool:
    at = {n: _db(run, "cerberus", n // threads, threads) for n in range(6, last + 1, 6)}
    most = max(at.values())
    peak = max(at, key=at.__getitem__)
    declines = _SLIGHT * most < at[last] < most
    return at[saturated_at] > _SATURATED * most and at[6] < _SLIGHT * most and peak <= 18 and declines


def dbench_one_core_peaks(run: Runs) -> bool:
    """One core a VM grows to 18 cores, then declines slightly."""
    return _dbench_peaks(run, 1, int(value("dbench.peak.1")), 24)


def dbench_two_cores_peak(run: Runs) -> bool:
    """Two cores a VM are saturated at 12 cores and decline slightly."""
    return _dbench_peaks(run, 2, int(value("dbench.peak.2")), 48)


def dbench_orderings_hold(run: Runs) -> bool:
    """The orderings that place dbench's kernel time."""
    return dbench_linux_ahead(run) and dbench_one_core_peaks(run) and dbench_two_cores_peak(run)


def _table_7_histogram(run: Runs) -> bool:
    two, four, eight = (_hist(run, "cerberus", 48 // m, m) for m in (2, 4, 8))
    return two < four < eight and eight > 5 * four


def _two_per_vm_wins(run: Runs) -> bool:
    sizes = (2, 3, 4, 6, 8, 12, 16, 24)
    times = [_hist(run, "cerberus", 48 // m, m) for m in sizes]
    rates = [_db(run, "cerberus", 48 // m, m) for m in sizes]
    return int(np.argmin(times)) == 0 and int(np.argmax(rates)) == 0


def _xen_knee(run: Runs) -> bool:
    """Above eight cores less than half of Xen-Linux's cycles are compute."""
    for cores in (16, 24, 32):
        cycles = 4 * 2**18 / _hist(run, "xen-linux", 1, cores)
        if float(run.cost("histogram", "compute")[0]) * cycles / cores > 0.5:
            return False
    return True


def _ratio_order(run: Runs) -> bool:
    at = {
        n: _db(run, "cerberus", v, m) / _db(run, "linux", 1, n) for n, v, m in ((42, 21, 2), (24, 24, 1), (48, 24, 2))
    }
    return at[42] > at[24] > at[48]


def _apache_flat(run: Runs) -> bool:
    return _per_core(run, "apache", "cerberus", 8, 2) > 0.8 * _per_core(run, "apache", "cerberus", 2, 1)


def _apache(run: Runs, cores: int, faster: str, slower: str) -> bool:
    def at(system: str) -> float:
        vms = min(cores, 8)
        split = (vms, cores // vms) if system == "cerberus" else (1, cores)
        return _per_core(run, "apache", system, *split)

    return at(faster) > at(slower)


def _apache_linux_like_xen(run: Runs) -> bool:
    one, other = (_per_core(run, "apache", system, 1, 16) for system in ("linux", "xen-linux"))
    return abs(one / other - 1) < 0.02


def _memcached_linux_falls(run: Runs) -> bool:
    at = [_per_core(run, "memcached", "linux", 1, n) for n in (4, 8, 16)]
    return at[2] < at[1] < _SLIGHT * at[0]


def _memcached_cerberus_falls(run: Runs) -> bool:
    at = {n: _per_core(run, "memcached", "cerberus", min(n, 8), max(1, n // 8)) for n in (2, 4, 8, 16)}
    return abs(at[2] / at[8] - 1) < 0.01 and at[16] < at[8]


def _memcached_wins(run: Runs) -> bool:
    own = _per_core(run, "memcached", "cerberus", 8, 2)
    return all(own > _per_core(run, "memcached", system, 1, 16) for system in ("linux", "xen-linux"))


def _says(name: str, where: str, says: str, holds: Check) -> Predicate:
    return Predicate(id=name, where=where, says=says, holds=holds)


PREDICATES: tuple[Predicate, ...] = (
    _says("q.hist.low", "section 7.3", "histogram on 2 cores: Linux is faster than Cerberus",
          lambda r: _hist(r, "linux", 1, 2) < min(_hist(r, "cerberus", 2, 1), _hist(r, "cerberus", 1, 2))),
    _says("q.hist.cross1", "section 7.3", "histogram, 1 core a VM: Cerberus is ahead of Linux at 24 cores",
          lambda r: _hist(r, "cerberus", 24, 1) < _hist(r, "linux", 1, 24)),
    _says("q.hist.cross2", "section 7.3", "histogram, 2 cores a VM: Cerberus is ahead of Linux at 42 cores",
          lambda r: _hist(r, "cerberus", 21, 2) < _hist(r, "linux", 1, 42)),
    _says("q.hist.xen", "section 7.3", "histogram: Cerberus is ahead of Xen-Linux at 24 and 30 cores",
          lambda r: _hist(r, "cerberus", 24, 1) < _hist(r, "xen-linux", 1, 24)
          and _hist(r, "cerberus", 15, 2) < _hist(r, "xen-linux", 1, 30)),
    _says("q.hist.1v2", "section 7.3", "histogram: 1 core a VM is no slower than 2, from 4 to 24 cores",
          lambda r: all(_hist(r, "cerberus", n, 1) <= _hist(r, "cerberus", n // 2, 2) for n in range(4, 25, 2))),
    _says("q.hist.42v48", "section 7.3", "histogram: the gain over Linux is larger at 42 than at 48 cores",
          lambda r: _hist(r, "linux", 1, 42) / _hist(r, "cerberus", 21, 2)
          > _hist(r, "linux", 1, 48) / _hist(r, "cerberus", 24, 2)),
    _says("q.hist.t7", "Table 7", "histogram: 2 cores a VM beat 4, which beat 8 more than fivefold",
          _table_7_histogram),
    _says("q.hist.shadow", "section 7.3", "histogram on 32 cores: shadow paging is over 100 times slower than direct",
          lambda r: _hist(r, "xen-linux-shadow", 1, 32) > 100 * _hist(r, "xen-linux", 1, 32)),
    _says("q.hist.top.linux", "Table 5", "histogram on Linux at 48 cores: the address-space lock takes most cycles",
          lambda r: float(r.cost("histogram", "compute")[0]) * 2**20 / _hist(r, "linux", 1, 48) < 0.5 * 48),
    _says("q.hist.top.xen", "Table 5", "histogram on Xen-Linux: the hypervisor takes most cycles above 8 cores",
          _xen_knee),
    _says("q.dbench.low", "section 7.3", "dbench: Linux is ahead of Cerberus up to 6 cores", dbench_linux_ahead),
    _says("q.dbench.fall", "section 7.3", "dbench: Linux and Xen-Linux fall far from 6 to 12 cores, then slightly",
          dbench_linux_falls),
    _says("q.dbench.peak1", "section 7.3", "dbench, 1 core a VM: saturated by 18 cores, then a slight decline",
          dbench_one_core_peaks),
    _says("q.dbench.peak2", "section 7.3", "dbench, 2 cores a VM: saturated by 12 cores, then a slight decline",
          dbench_two_cores_peak),
    _says("q.dbench.1v2", "section 7.3", "dbench: 1 core a VM is slightly ahead of 2 at 12, 18 and 24 cores",
          lambda r: all(_SLIGHT < _db(r, "cerberus", n // 2, 2) / _db(r, "cerberus", n, 1) < 1 for n in (12, 18, 24))),
    _says("q.dbench.t7", "Table 7", "dbench: 2 cores a VM beat 4, which beat 8",
          lambda r: _db(r, "cerberus", 24, 2) > _db(r, "cerberus", 12, 4) > _db(r, "cerberus", 6, 8)),
    _says("q.dbench.ratio_peak", "section 7.3", "dbench: the gain over Linux is largest at 42 cores, smallest at 48",
          _ratio_order),
    _says("q.dbench.shadow", "section 7.3", "dbench on 32 cores: direct paging is over 50 times faster than shadow",
          lambda r: _db(r, "xen-linux", 1, 32) > 50 * _db(r, "xen-linux-shadow", 1, 32)),
    _says("q.direct", "section 7.3", "one large VM: direct paging is better than shadow paging for both workloads",
          lambda r: _hist(r, "xen-linux", 1, 32) < _hist(r, "xen-linux-shadow", 1, 32)
          and _db(r, "xen-linux", 1, 32) > _db(r, "xen-linux-shadow", 1, 32)),
    _says("q.apache.low", "section 7.3", "Apache on 1 and 2 cores: Linux is ahead of Cerberus",
          lambda r: all(_apache(r, n, "linux", "cerberus") for n in (1, 2))),
    _says("q.apache.cross", "section 7.3", "Apache on 8 and 16 cores: Cerberus is ahead of Linux",
          lambda r: all(_apache(r, n, "cerberus", "linux") for n in (8, 16))),
    _says("q.apache.flat", "section 7.3", "Apache on Cerberus keeps 80 % per core from 2 to 16 cores", _apache_flat),
    _says("q.apache.linux_xen", "section 7.3", "Apache on 16 cores: Linux and Xen-Linux within 2 %",
          _apache_linux_like_xen),
    _says("q.memc.linux", "section 7.3", "Memcached on Linux falls above 4 cores", _memcached_linux_falls),
    _says("q.memc.cerb", "section 7.3", "Memcached on Cerberus is flat to 8 cores and falls when servers share a VM",
          _memcached_cerberus_falls),
    _says("q.memc.win", "section 7.3", "Memcached on 16 cores: Cerberus is ahead of Linux and Xen-Linux",
          _memcached_wins),
    _says("q.plan.t7", "Table 7", "48 cores, at most 24 VMs: 24 VMs of 2 are best for histogram and dbench",
          _two_per_vm_wins),
)  # fmt: skip
