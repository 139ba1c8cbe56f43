"""What the model says for each published quantity, in the printed unit.

Equations: execution times and rates from the exact solution; shares of cycles from the rate, since every thread is
busy or spinning: share of work of w seconds a cycle = w X / n. Of block allocation at saturation the search is
d / (s + d). A remote read is an own read and one message there and back; forwarding a packet takes four messages
there and back within a host and two to another.
Assumptions: profiles count cycles that are not halted; spinning threads are not halted.
"""

from __future__ import annotations

from collections.abc import Callable

from cerberus_plan.calibration.paper import derived
from cerberus_plan.calibration.paper.facts import value
from cerberus_plan.calibration.paper.runs import MACHINE_OF, Key, Runs, Splitting
from cerberus_plan.model.laws.station import Array

Prediction = Callable[[Runs], Array]

# All runs behind the targets, so that each system is evaluated in one go.
WANTED: dict[tuple[str, str], tuple[Splitting, ...]] = {
    ("histogram", "linux"): ((1, 24), (1, 42), (1, 48)),
    ("histogram", "xen-linux"): ((1, 24), (1, 30), (1, 32)),
    ("histogram", "xen-linux-shadow"): ((1, 32),),
    ("histogram", "cerberus"): ((24, 2), (12, 4), (6, 8), (21, 2), (24, 1), (15, 2)),
    ("dbench", "linux"): ((1, 24), (1, 42), (1, 48)),
    ("dbench", "xen-linux"): ((1, 32),),
    ("dbench", "xen-linux-shadow"): ((1, 32),),
    ("dbench", "cerberus"): ((24, 2), (12, 4), (6, 8), (21, 2), (24, 1)),
    ("apache", "linux"): ((1, 1), (1, 2), (1, 16)),
    ("apache", "xen-linux"): ((1, 16),),
    ("apache", "cerberus"): ((2, 1), (8, 2)),
}


def runs(values: dict[Key, Array] | None = None) -> Runs:
    """The published runs under the shipped values, or with some replaced."""
    return Runs(values or {}, WANTED)


def _seconds(system: str, vms: int, threads: int) -> Prediction:
    return lambda run: run.seconds("histogram", system, vms, threads)


def _gain(other: str, vms: int, threads: int) -> Prediction:
    """Percent by which Cerberus finishes histogram sooner than the other system on as many cores."""

    def prediction(run: Runs) -> Array:
        own = run.seconds("histogram", "cerberus", vms, threads)
        return 100 * (run.seconds("histogram", other, 1, vms * threads) / own - 1)

    return prediction


def _rate(system: str, vms: int, threads: int) -> Prediction:
    return lambda run: run.rate("dbench", system, vms, threads)


def _speedup(vms: int, threads: int) -> Prediction:
    return lambda run: run.rate("dbench", "cerberus", vms, threads) / run.rate("dbench", "linux", 1, vms * threads)


def _per_core(system: str, vms: int, threads: int) -> Prediction:
    return lambda run: run.rate("apache", system, vms, threads) / (vms * threads)


def compute_share(workload: str, operation: str, system: str, threads: int) -> Prediction:
    """Percent of the cores' time that one VM spends on an operation timed by the workload."""

    def prediction(run: Runs) -> Array:
        cycles = run.rate(workload, system, 1, threads) / cycle_units(workload)
        return 100 * run.cost(workload, operation) * cycles / threads

    return prediction


def _entry_share(system: str, threads: int) -> Prediction:
    """Percent of the cores' time of histogram at the hypervisor entry: all but compute and the parallel fault."""

    def prediction(run: Runs) -> Array:
        compute = compute_share("histogram", "compute", system, threads)(run)
        beside = run.cost("amd48", "page_fault_direct") / run.cost("histogram", "compute")
        return 100 - compute * (1 + beside)

    return prediction


def _cluster_share(vms: int, threads: int) -> Prediction:
    """Percent of the cores' time that histogram computes on Cerberus."""

    def prediction(run: Runs) -> Array:
        cycles = run.rate("histogram", "cerberus", vms, threads) / cycle_units("histogram")
        return 100 * run.cost("histogram", "compute") * cycles / (vms * threads)

    return prediction


def cycle_units(workload: str) -> float:
    """Units of work in a cycle."""
    from cerberus_plan.calibration.store import catalog

    return catalog.workload(workload).units_per_cycle


def _search_share(system: str, threads: int) -> Prediction:
    """Percent of the cores' time in the block search: all that is not compute, times the search's part of it."""

    def prediction(run: Runs) -> Array:
        machine = MACHINE_OF["dbench"]
        kernel = run.cost(machine, "kernel_virtualisation") if system != "linux" else 1.0
        compute = kernel * compute_share("dbench", "kernel_compute", system, threads)(run)
        base, search = run.cost(machine, "block_allocation"), run.cost(machine, "block_search")
        return (100 - compute) * search / (base + search)

    return prediction


def _with_messages(primitive: str, count: int) -> Prediction:
    """A published primitive and some messages there and back [us]."""
    return lambda run: value(primitive) + count * 1e6 * run.cost("amd48", "message_round_trip")


def _spawn(kind: str, vms: int) -> Prediction:
    return lambda run: 1e3 * (run.cost("amd48", f"{kind}_fixed") + vms * run.cost("amd48", f"{kind}_each"))


_ext3 = "prof.dbench.{}.ext3_test_allocatable"
PREDICTIONS: dict[str, Prediction] = {
    "prim.cfs.remote": _with_messages("prim.cfs.local", 1),
    "prim.net.localhost.cerberus.remote": _with_messages("prim.net.localhost.cerberus.local", 4),
    "prim.net.remote-host.cerberus.remote": _with_messages("prim.net.remote-host.cerberus.local", 2),
    "prim.clone.1": _spawn("clone", 1),
    "prim.clone.24": _spawn("clone", 24),
    "prim.fork.1": _spawn("fork", 1),
    "prim.fork.24": _spawn("fork", 24),
    "hist.t.48.2": _seconds("cerberus", 24, 2),
    "hist.t.48.4": _seconds("cerberus", 12, 4),
    "hist.t.48.8": _seconds("cerberus", 6, 8),
    "hist.shadow.32": _seconds("xen-linux-shadow", 1, 32),
    "hist.direct.32": _seconds("xen-linux", 1, 32),
    "hist.pc.linux.48": _gain("linux", 24, 2),
    "hist.pc.linux.42": _gain("linux", 21, 2),
    "hist.pc.linux.24": _gain("linux", 24, 1),
    "hist.pc.xen.24": _gain("xen-linux", 24, 1),
    "hist.pc.xen.30": _gain("xen-linux", 15, 2),
    derived.CALC.format("linux.48"): compute_share("histogram", "compute", "linux", 48),
    derived.CALC.format("xen-linux.32"): compute_share("histogram", "compute", "xen-linux", 32),
    "prof.histogram.linux.48.__up_read": lambda run: 100 - compute_share("histogram", "compute", "linux", 48)(run),
    "prof.histogram.xen-linux.32.vmlinux-unknown": _entry_share("xen-linux", 32),
    derived.CALC.format("cerberus.2perVM"): _cluster_share(24, 2),
    "dbench.48.2": _rate("cerberus", 24, 2),
    "dbench.48.4": _rate("cerberus", 12, 4),
    "dbench.48.8": _rate("cerberus", 6, 8),
    "dbench.direct.32": _rate("xen-linux", 1, 32),
    "dbench.shadow.32": _rate("xen-linux-shadow", 1, 32),
    "dbench.ratio.48": _speedup(24, 2),
    "dbench.ratio.42": _speedup(21, 2),
    "dbench.ratio.24": _speedup(24, 1),
    _ext3.format("linux.48"): _search_share("linux", 48),
    _ext3.format("xen-linux.32"): _search_share("xen-linux", 32),
    "apache.linux.2": _per_core("linux", 1, 2),
    "apache.cerb.2": _per_core("cerberus", 2, 1),
    "apache.cerb.16": _per_core("cerberus", 8, 2),
    "apache.16.a": _per_core("linux", 1, 16),
    "apache.16.b": _per_core("xen-linux", 1, 16),
    "apache.frac": lambda run: 100 * _per_core("linux", 1, 16)(run) / _per_core("linux", 1, 1)(run),
    "apache.ratio.linux": lambda run: _per_core("cerberus", 8, 2)(run) / _per_core("linux", 1, 16)(run),
    "apache.ratio.xen": lambda run: _per_core("cerberus", 8, 2)(run) / _per_core("xen-linux", 1, 16)(run),
    "hist.x12": lambda run: _seconds("cerberus", 6, 8)(run) / _seconds("cerberus", 24, 2)(run),
    "head.linux.max": _speedup(21, 2),
    "head.xen.max": lambda run: _rate("cerberus", 24, 2)(run) / _rate("xen-linux", 1, 32)(run),
}


def predict(run: Runs, fact_id: str) -> Array:
    """The model's number for a published quantity, in the printed unit: shape (draws,)."""
    return PREDICTIONS[fact_id](run)
