"""Orderings and crossovers the source states without a number, each as a check on the model that can fail.

Those marked "by its inputs" only say that the numbers put in are as published.
When not to use it: for how a statement is read; see ``checks``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cerberus_plan.calibration.paper.checks import (
    SLIGHT,
    apache_ahead,
    apache_flat,
    apache_idles,
    apache_linux_like_xen,
    communication_loses,
    db,
    dbench_linux_ahead,
    dbench_linux_falls,
    dbench_one_core_peaks,
    dbench_two_cores_peak,
    ext3_first,
    ext3_last_on_cerberus,
    forwarding_costs_more,
    hist,
    histogram_computes_first,
    memcached_cerberus_falls,
    memcached_linux_falls,
    memcached_polls,
    memcached_wins,
    ratio_order,
    refined_kernel_helps_histogram_only,
    remote_read,
    remote_signal,
    spawning,
    table_7_histogram,
    two_per_vm_wins,
    xen_knee,
)
from cerberus_plan.calibration.paper.runs import Runs

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


def _says(name: str, where: str, says: str, holds: Check) -> Predicate:
    return Predicate(id=name, where=where, says=says, holds=holds)


def _repeats(name: str, where: str, says: str, holds: Check) -> Predicate:
    return Predicate(id=name, where=where, says=f"{says} (by its inputs)", holds=holds)


PREDICATES: tuple[Predicate, ...] = (
    _says("q.hist.low", "section 7.3", "histogram on 2 cores: Linux is faster than Cerberus",
          lambda r: hist(r, "linux", 1, 2) < min(hist(r, "cerberus", 2, 1), hist(r, "cerberus", 1, 2))),
    _says("q.hist.cross1", "section 7.3", "histogram, 1 core a VM: Cerberus is ahead of Linux at 24 cores",
          lambda r: hist(r, "cerberus", 24, 1) < hist(r, "linux", 1, 24)),
    _says("q.hist.cross2", "section 7.3", "histogram, 2 cores a VM: Cerberus is ahead of Linux at 42 cores",
          lambda r: hist(r, "cerberus", 21, 2) < hist(r, "linux", 1, 42)),
    _says("q.hist.xen", "section 7.3", "histogram: Cerberus is ahead of Xen-Linux at 24 and 30 cores",
          lambda r: hist(r, "cerberus", 24, 1) < hist(r, "xen-linux", 1, 24)
          and hist(r, "cerberus", 15, 2) < hist(r, "xen-linux", 1, 30)),
    _says("q.hist.1v2", "section 7.3", "histogram: 1 core a VM is no slower than 2, from 4 to 24 cores",
          lambda r: all(hist(r, "cerberus", n, 1) <= hist(r, "cerberus", n // 2, 2) for n in range(4, 25, 2))),
    _says("q.hist.42v48", "section 7.3", "histogram: the gain over Linux is larger at 42 than at 48 cores",
          lambda r: hist(r, "linux", 1, 42) / hist(r, "cerberus", 21, 2)
          > hist(r, "linux", 1, 48) / hist(r, "cerberus", 24, 2)),
    _says("q.hist.t7", "Table 7", "histogram: 2 cores a VM beat 4, which beat 8 more than fivefold",
          table_7_histogram),
    _says("q.hist.shadow", "section 7.3", "histogram on 32 cores: shadow paging is over 100 times slower than direct",
          lambda r: hist(r, "xen-linux-shadow", 1, 32) > 100 * hist(r, "xen-linux", 1, 32)),
    _says("q.hist.top.linux", "Table 5", "histogram on Linux at 48 cores: the address-space lock takes most cycles",
          lambda r: float(r.cost("histogram", "compute")[0]) * 2**20 / hist(r, "linux", 1, 48) < 0.5 * 48),
    _says("q.hist.top.xen", "Table 5", "histogram on Xen-Linux: the hypervisor takes most cycles above 8 cores",
          xen_knee),
    _says("q.dbench.low", "section 7.3", "dbench: Linux is ahead of Cerberus up to 6 cores", dbench_linux_ahead),
    _says("q.dbench.fall", "section 7.3", "dbench: Linux and Xen-Linux fall far from 6 to 12 cores, then slightly",
          dbench_linux_falls),
    _says("q.dbench.peak1", "section 7.3", "dbench, 1 core a VM: saturated by 18 cores, then a slight decline",
          dbench_one_core_peaks),
    _says("q.dbench.peak2", "section 7.3", "dbench, 2 cores a VM: saturated by 12 cores, then a slight decline",
          dbench_two_cores_peak),
    _says("q.dbench.1v2", "section 7.3", "dbench: 1 core a VM is slightly ahead of 2 at 12, 18 and 24 cores",
          lambda r: all(SLIGHT < db(r, "cerberus", n // 2, 2) / db(r, "cerberus", n, 1) < 1 for n in (12, 18, 24))),
    _says("q.dbench.t7", "Table 7", "dbench: 2 cores a VM beat 4, which beat 8",
          lambda r: db(r, "cerberus", 24, 2) > db(r, "cerberus", 12, 4) > db(r, "cerberus", 6, 8)),
    _says("q.dbench.ratio_peak", "section 7.3", "dbench: the gain over Linux is largest at 42 cores, smallest at 48",
          ratio_order),
    _says("q.dbench.shadow", "section 7.3", "dbench on 32 cores: direct paging is over 50 times faster than shadow",
          lambda r: db(r, "xen-linux", 1, 32) > 50 * db(r, "xen-linux-shadow", 1, 32)),
    _says("q.direct", "section 7.3", "one large VM: direct paging is better than shadow paging for both workloads",
          lambda r: hist(r, "xen-linux", 1, 32) < hist(r, "xen-linux-shadow", 1, 32)
          and db(r, "xen-linux", 1, 32) > db(r, "xen-linux-shadow", 1, 32)),
    _says("q.apache.low", "section 7.3", "Apache on 1 and 2 cores: Linux is ahead of Cerberus",
          lambda r: all(apache_ahead(r, n, "linux", "cerberus") for n in (1, 2))),
    _says("q.apache.cross", "section 7.3", "Apache on 8 and 16 cores: Cerberus is ahead of Linux",
          lambda r: all(apache_ahead(r, n, "cerberus", "linux") for n in (8, 16))),
    _says("q.apache.flat", "section 7.3", "Apache on Cerberus keeps 80 % per core from 2 to 16 cores", apache_flat),
    _says("q.apache.linux_xen", "section 7.3", "Apache on 16 cores: Linux and Xen-Linux within 2 %",
          apache_linux_like_xen),
    _says("q.memc.linux", "section 7.3", "Memcached on Linux falls above 4 cores", memcached_linux_falls),
    _says("q.memc.cerb", "section 7.3", "Memcached on Cerberus is flat to 8 cores and falls when servers share a VM",
          memcached_cerberus_falls),
    _says("q.memc.win", "section 7.3", "Memcached on 16 cores: Cerberus is ahead of Linux and Xen-Linux",
          memcached_wins),
    _says("q.plan.t7", "Table 7", "48 cores, at most 24 VMs: 24 VMs of 2 are best for histogram and dbench",
          two_per_vm_wins),
    _repeats("q.hist.top.cerb", "Table 5", "histogram on Cerberus: calc is ahead of the emulated page-table writes",
          histogram_computes_first),
    _says("q.hist.2635", "section 7.3", "a kernel with a refined address-space lock helps histogram only",
          refined_kernel_helps_histogram_only),
    _says("q.dbench.top.linux", "Table 6", "dbench on Linux and Xen-Linux: the block search takes most cycles",
          ext3_first),
    _says("q.dbench.top.cerb", "Table 6", "dbench on Cerberus: the file system comes last, the hypervisor is there",
          ext3_last_on_cerberus),
    _says("q.apache.idle", "section 7.3", "Apache: waiting grows with cores on Linux and Xen-Linux, not on Cerberus",
          apache_idles),
    _says("q.memc.top", "section 7.3", "Memcached on Linux: the network path dominates at 16 cores", memcached_polls),
    _repeats("q.sig.remote", "Table 3", "a signal to another VM is cheaper than one within a VM, on both machines",
          remote_signal),
    _repeats("q.net.fwd", "Table 2", "forwarding packets costs more than an own card", forwarding_costs_more),
    _repeats("q.cfs", "section 7.2", "own files cost what Xen-Linux pays within 1 %, remote ones 2.7 times that",
          remote_read),
    _repeats("q.spawn", "Table 4", "24 spawns at once cost less than half of 24 single ones; processes cost more",
          spawning),
    _says("q.lose", "section 8", "frequent remote calls or mappings make Cerberus slower than Linux",
          communication_loses),
)  # fmt: skip
