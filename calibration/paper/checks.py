"""Checks behind the source's orderings and crossovers: what each means on the model's runs.

Reading: "slightly" is up to 15 %, "far below" is under 60 %. A statement about a lost figure is checked at the core
counts that the text names.
When not to use it: as a fit criterion, but for dbench's kernel time, which no number pins (see ``fit``).
"""

from __future__ import annotations

import numpy as np

from cerberus_plan.calibration.paper.facts import value
from cerberus_plan.calibration.paper.runs import Runs
from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.exact.splits import Splits, occupancy
from cerberus_plan.model.mechanisms import cfs, messages, signals, sockets, spawn
from cerberus_plan.model.systems.parts import CEILING

SLIGHT = 0.85
_FAR = 0.6
# Share of the largest throughput above which it counts as saturated.
_SATURATED = 0.93


def hist(run: Runs, system: str, vms: int, threads: int) -> float:
    """Histogram's completion time [s]."""
    return float(run.seconds("histogram", system, vms, threads)[0])


def db(run: Runs, system: str, vms: int, threads: int) -> float:
    """Throughput of dbench [MB/s]."""
    return float(run.rate("dbench", system, vms, threads)[0])


def per_core(run: Runs, workload: str, system: str, vms: int, threads: int) -> float:
    """Requests per second and core."""
    return float(run.rate(workload, system, vms, threads)[0]) / (vms * threads)


def dbench_linux_ahead(run: Runs) -> bool:
    """Linux beats Cerberus up to six cores, with one and with two cores a VM."""
    most = int(value("dbench.cross"))
    one = all(db(run, "linux", 1, n) > db(run, "cerberus", n, 1) for n in range(1, most + 1))
    return one and all(db(run, "linux", 1, n) > db(run, "cerberus", n // 2, 2) for n in range(2, most + 1, 2))


def dbench_linux_falls(run: Runs) -> bool:
    """From 6 to 12 cores Linux and Xen-Linux fall far, then only slightly further."""
    checks = []
    for system in ("linux", "xen-linux"):
        at = {n: db(run, system, 1, n) for n in (6, 12, 24, 32)}
        checks.append(at[12] < _FAR * at[6] and at[12] >= at[24] >= at[32] > SLIGHT * at[12])
    return all(checks)


def dbench_peaks(run: Runs, threads: int, saturated_at: int, last: int) -> bool:
    """Saturated at one core count, at most 18 cores at the peak, then a slight decline to the last."""
    at = {n: db(run, "cerberus", n // threads, threads) for n in range(6, last + 1, 6)}
    most = max(at.values())
    peak = max(at, key=at.__getitem__)
    declines = SLIGHT * most < at[last] < most
    return at[saturated_at] > _SATURATED * most and at[6] < SLIGHT * most and peak <= 18 and declines


def dbench_one_core_peaks(run: Runs) -> bool:
    """One core a VM grows to 18 cores, then declines slightly."""
    return dbench_peaks(run, 1, int(value("dbench.peak.1")), 24)


def dbench_two_cores_peak(run: Runs) -> bool:
    """Two cores a VM are saturated at 12 cores and decline slightly."""
    return dbench_peaks(run, 2, int(value("dbench.peak.2")), 48)


def dbench_orderings_hold(run: Runs) -> bool:
    """The orderings that place dbench's kernel time."""
    return dbench_linux_ahead(run) and dbench_one_core_peaks(run) and dbench_two_cores_peak(run)


def table_7_histogram(run: Runs) -> bool:
    """Times grow with the cores of a VM, the last step more than fivefold."""
    two, four, eight = (hist(run, "cerberus", 48 // m, m) for m in (2, 4, 8))
    return two < four < eight and eight > 5 * four


def two_per_vm_wins(run: Runs) -> bool:
    """Two cores a VM are best among even splits of 48 cores with at most 24 VMs."""
    sizes = (2, 3, 4, 6, 8, 12, 16, 24)
    times = [hist(run, "cerberus", 48 // m, m) for m in sizes]
    rates = [db(run, "cerberus", 48 // m, m) for m in sizes]
    return int(np.argmin(times)) == 0 and int(np.argmax(rates)) == 0


def xen_knee(run: Runs) -> bool:
    """Above eight cores less than half of Xen-Linux's cycles are compute."""
    for cores in (16, 24, 32):
        cycles = 4 * 2**18 / hist(run, "xen-linux", 1, cores)
        if float(run.cost("histogram", "compute")[0]) * cycles / cores > 0.5:
            return False
    return True


def ratio_order(run: Runs) -> bool:
    """Gains over Linux: 42 cores above 24 above 48."""
    at = {n: db(run, "cerberus", v, m) / db(run, "linux", 1, n) for n, v, m in ((42, 21, 2), (24, 24, 1), (48, 24, 2))}
    return at[42] > at[24] > at[48]


def apache_flat(run: Runs) -> bool:
    """Cerberus keeps 80 % of its throughput per core from 2 to 16 cores."""
    return per_core(run, "apache", "cerberus", 8, 2) > 0.8 * per_core(run, "apache", "cerberus", 2, 1)


def apache_ahead(run: Runs, cores: int, faster: str, slower: str) -> bool:
    """One system is faster than the other at a core count."""

    def at(system: str) -> float:
        vms = min(cores, 8)
        split = (vms, cores // vms) if system == "cerberus" else (1, cores)
        return per_core(run, "apache", system, *split)

    return at(faster) > at(slower)


def apache_linux_like_xen(run: Runs) -> bool:
    """Linux and Xen-Linux within 2 % at 16 cores."""
    one, other = (per_core(run, "apache", system, 1, 16) for system in ("linux", "xen-linux"))
    return abs(one / other - 1) < 0.02


def station_shares(run: Runs, workload: str, system: str, split: tuple[int, int]) -> dict[str, float]:
    """Share of the cores' time by station."""
    splits = Splits(vms=np.array([split[0]]), threads=np.array([split[1]]))
    lengths = occupancy(run.structure(workload, system, splits), splits)
    return {name: float(length[0]) / (split[0] * split[1]) for name, length in lengths.items()}


def histogram_computes_first(run: Runs) -> bool:
    """Of calc and the emulation of page-table writes (the shadow lock's hold), calc takes more."""
    return float(run.cost("histogram", "compute")[0]) > float(run.cost("amd48", "shadow_lock_hold")[0])


def ext3_first(run: Runs) -> bool:
    """Block allocation takes more than half of the cores' time in one large OS."""
    splits = {"linux": (1, 48), "xen-linux": (1, 32)}
    return all(station_shares(run, "dbench", s, split)["block allocation"] > 0.5 for s, split in splits.items())


def ext3_last_on_cerberus(run: Runs) -> bool:
    """Block allocation takes least, and the hypervisor takes some."""
    shares = station_shares(run, "dbench", "cerberus", (24, 2))
    return min(shares, key=shares.__getitem__) == "block allocation" and shares[CEILING] > 0.0


def apache_idles(run: Runs) -> bool:
    """Waiting at the network path grows with cores on Linux and Xen-Linux, and stays small on Cerberus."""
    for system in ("linux", "xen-linux"):
        at = [station_shares(run, "apache", system, (1, n))["network path"] for n in (1, 2, 4, 8, 16)]
        if at != sorted(at) or at[-1] < 0.5:
            return False
    return station_shares(run, "apache", "cerberus", (8, 2))["network path"] < 0.3


def memcached_polls(run: Runs) -> bool:
    """The network path takes most."""
    shares = station_shares(run, "memcached", "linux", (1, 16))
    return max(shares, key=shares.__getitem__) == "network path"


def refined_kernel_helps_histogram_only(run: Runs) -> bool:
    """Page faults that share no lock speed up histogram; the other workloads have none to speed up."""
    compute, fault = run.cost("histogram", "compute")[0], run.cost("amd48", "page_fault")[0]
    at_best = 2**20 * float(compute + fault) / 48
    others = ("dbench", "apache", "memcached")
    return at_best < 0.5 * hist(run, "linux", 1, 48) and not any(
        "page_faults" in catalog.workload(name).operations for name in others
    )


def forwarding_costs_more(_: Runs) -> bool:
    """Forwarded ping-pongs exceed those on an own card."""
    trip = value("prim.msg.cross_chip")
    pairs = ((f"prim.net.{kind}.cerberus.local", count) for kind, count in (("localhost", 4), ("remote-host", 2)))
    return all(sockets.operation_time(np, value(own), count, trip) > value(own) for own, count in pairs)


def remote_read(_: Runs) -> bool:
    """An own read costs what Xen-Linux pays, a remote one 2.7 times that."""
    own, trip = value("prim.cfs.local"), value("prim.msg.cross_chip")
    local_like_xen = abs(own / value("prim.cfs.xen") - 1) < 0.01
    return local_like_xen and abs(cfs.read_time(np, own, 1, trip) / own - 2.7) < 0.1


def remote_signal(_: Runs) -> bool:
    """A message one way and a delivery, against sending and delivering within a VM."""
    trip = value("prim.msg.cross_chip")
    checks = []
    for machine in ("intel16", "amd48"):
        delivery = signals.delivery_from_ping_pong(np, value(f"prim.sig.{machine}.cerberus.remote"), trip)
        own = value(f"prim.sig.{machine}.cerberus.local") / 2
        checks.append(signals.remote_time(np, delivery, trip) < own)
    return all(checks)


def spawning(run: Runs) -> bool:
    """24 at once cost far less than 24 single ones, and processes more than threads."""
    costs = {n: float(run.cost("amd48", n)[0]) for n in ("fork_fixed", "fork_each", "clone_fixed", "clone_each")}
    fork = [float(spawn.spawn_time(np, v, costs["fork_fixed"], costs["fork_each"])) for v in (2, 24)]
    clone = [float(spawn.spawn_time(np, v, costs["clone_fixed"], costs["clone_each"])) for v in (2, 24)]
    return fork[1] < 0.5 * 24 * fork[0] and clone[1] < 0.5 * 24 * clone[0] and fork[0] > clone[0]


def communication_loses(run: Runs) -> bool:
    """Ten remote calls a page, or one mapping, make Cerberus slower than Linux on 48 cores."""
    linux = hist(run, "linux", 1, 48)
    trip = float(run.cost("amd48", "message_round_trip")[0])
    pages_a_core = 2**20 / 48
    calls = 10 * float(messages.remote_share(np, 24)) * trip
    mapping = float(messages.broadcast_time(np, 24, trip))
    return all(pages_a_core * extra > linux for extra in (calls, mapping))


def memcached_linux_falls(run: Runs) -> bool:
    """Per core throughput of Linux falls from 4 to 8 to 16 cores."""
    at = [per_core(run, "memcached", "linux", 1, n) for n in (4, 8, 16)]
    return at[2] < at[1] < SLIGHT * at[0]


def memcached_cerberus_falls(run: Runs) -> bool:
    """Flat from 2 to 8 cores, lower at 16."""
    at = {n: per_core(run, "memcached", "cerberus", min(n, 8), max(1, n // 8)) for n in (2, 4, 8, 16)}
    return abs(at[2] / at[8] - 1) < 0.01 and at[16] < at[8]


def memcached_wins(run: Runs) -> bool:
    """Cerberus is ahead of both at 16 cores."""
    own = per_core(run, "memcached", "cerberus", 8, 2)
    return all(own > per_core(run, "memcached", system, 1, 16) for system in ("linux", "xen-linux"))
