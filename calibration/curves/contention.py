"""From a forecast to stations: which queueing network behaves like the curve, and who owns its contention.

Models: one instance with a delay and one contention point, solved exactly on a grid of parameters:

    lock      delay Z, ticket lock with hold s and hand-over h: h = 0 saturates like a queue lock, h > 0 collapses
    machine   delay Z, queue with demand d, all times stretched by 1 + g (n-1)

Each joint draw of the forecast picks its best parameters; their 5 % and 95 % points are the intervals.
Who owns the contention cannot be read off one curve. The rule: throughput that declines points to a lock, whose
hand-over slows with waiters, and each kernel has its own; throughput that only saturates may as well be memory or
a device, which no split divides, so that is assumed, because it promises nothing.
When not to use it: where a second curve (several processes, several VMs) exists: say whose it is instead.
Source: laws as in `model.laws.ticket_lock` and `model.laws.interference`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cerberus_plan.calibration.curves.fit import Fit
from cerberus_plan.calibration.curves.interval import TAIL
from cerberus_plan.model.digits import percent
from cerberus_plan.model.exact.splits import Splits, throughput
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.interference import stretch
from cerberus_plan.model.laws.single_server import Queue
from cerberus_plan.model.laws.ticket_lock import TicketLock
from cerberus_plan.model.structure import Structure

Array = NDArray[np.float64]

OWNERS = ("process", "kernel", "machine")
# Populations above this add cost, not information on the parameters.
MOST_THREADS = 384
# A path that ends below this share of its best declines.
DECLINED = 0.9
SHARES = np.geomspace(1e-4, 1.0, 41)
HANDOVERS = np.concatenate([[0.0], np.geomspace(1e-3, 30.0, 24)])  # in holds
SLOWINGS = np.concatenate([[0.0], np.geomspace(1e-5, 0.3, 24)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One operation of the workload with its 90 % interval; times in seconds of the curve's unit of time."""

    name: str
    value: float
    low: float
    high: float
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contention:
    """Operations of a cycle, who owns the contention and why, and how closely the network follows the forecast."""

    owner: str
    reason: str
    demands: tuple[Demand, ...]
    error: float  # root mean square of log(network / forecast)


def assign(fit: Fit, owner: str | None = None) -> Contention:
    """The network that behaves like the fitted curve.

    Args:
        fit: the fitted curve.
        owner: one of `OWNERS` when the user knows it, else None.
    """
    levels = _levels(fit)
    forecast = fit.posterior.predict(levels)
    paths = forecast.paths()[::8]
    declining = float((paths[:, -1] < paths.max(axis=1) + np.log(DECLINED)).mean())
    chosen = owner or ("kernel" if declining > 0.5 else "machine")
    central = forecast.quantiles([0.5])
    columns, curves = _GRIDS[chosen](levels)
    best, error = _closest(curves, np.concatenate([central, paths]))
    found = columns[:, best] * np.where(_IS_TIME[chosen][:, None], _cycle_times(curves, best, central, paths), 1.0)
    return Contention(
        owner=chosen,
        reason=_reason(chosen, owner is not None, declining),
        demands=tuple(_demand(name, row) for name, row in zip(_NAMES[chosen], found, strict=True) if row[0] > 0),
        error=float(error[0]),
    )


def _levels(fit: Fit) -> Array:
    top = min(fit.horizon, float(MOST_THREADS))
    steps = np.unique(np.round(np.geomspace(max(1.0, fit.curve.n[0]), max(top, 2.0), 14)))
    return np.asarray(steps)


def _lock_grid(levels: Array) -> tuple[Array, Array]:
    share, handover = (grid.ravel() for grid in np.meshgrid(SHARES, HANDOVERS))
    structure = Structure(
        local=(Delay((1 - share)[None, :]), TicketLock(share[None, :], handover=(share * handover)[None, :]))
    )
    return np.stack([1 - share, share, share * handover]), _curves(structure, levels, share.size)


def _machine_grid(levels: Array) -> tuple[Array, Array]:
    share, slowing = (grid.ravel() for grid in np.meshgrid(SHARES, SLOWINGS))
    structure = Structure(
        local=(Delay((1 - share)[None, :]), Queue(share[None, :])),
        stretch=stretch(np, levels[:, None], slowing[None, :]),
    )
    return np.stack([1 - share, share, slowing]), _curves(structure, levels, share.size)


def _curves(structure: Structure, levels: Array, size: int) -> Array:
    """Logarithm of throughput, shape (levels, parameters)."""
    splits = Splits(vms=np.ones_like(levels), threads=levels)
    return np.asarray(np.log(throughput(structure, splits, size)))


_GRIDS: dict[str, Callable[[Array], tuple[Array, Array]]] = {
    "process": _lock_grid,
    "kernel": _lock_grid,
    "machine": _machine_grid,
}
_NAMES = {
    "process": ("compute", "process_lock", "process_lock_handover"),
    "kernel": ("compute", "kernel_lock", "kernel_lock_handover"),
    "machine": ("compute", "machine_resource", "machine_interference"),
}
_IS_TIME = {owner: np.array([True, True, owner != "machine"]) for owner in OWNERS}


def _closest(curves: Array, paths: Array) -> tuple[NDArray[np.int64], Array]:
    """For each path the parameters whose curve has its shape, and the root mean square difference."""
    shapes, wanted = curves - curves.mean(axis=0), paths - paths.mean(axis=1, keepdims=True)
    squares = (shapes**2).sum(axis=0)[None, :] - 2 * wanted @ shapes + (wanted**2).sum(axis=1)[:, None]
    best = squares.argmin(axis=1)
    least = np.maximum(squares[np.arange(best.size), best], 0.0)
    return best, np.sqrt(least / curves.shape[0])


def _cycle_times(curves: Array, best: NDArray[np.int64], central: Array, paths: Array) -> Array:
    """Time of an undisturbed cycle for each path: the scale that its shape left open."""
    wanted = np.concatenate([central, paths]).mean(axis=1)
    return np.asarray(np.exp(curves[:, best].mean(axis=0) - wanted))


def _demand(name: str, row: Array) -> Demand:
    """The central path's value; its interval reaches as far up as the paths do, and as far down on the logarithm.

    The planner reads an interval as log-normal. A demand that some paths do without has a low end near zero, which on
    a logarithm would carry the doubt upwards as well; the high end is what can do harm.
    """
    value = float(row[0])
    high = max(float(np.quantile(row[1:], 1 - TAIL)), value)
    unit = "1" if name == "machine_interference" else "s"
    return Demand(name=name, value=value, low=min(value**2 / high, value), high=high, unit=unit)


def _reason(owner: str, told: bool, declining: float) -> str:
    if told:
        return f"contention is the {owner}'s, as given on the command line"
    if owner == "kernel":
        return (
            f"throughput declines in {percent(declining)} of the forecasts, as under a lock whose hand-over slows with "
            "waiters; assumed to be the kernel's, so VMs split it"
        )
    return (
        f"throughput only saturates in {percent(1 - declining)} of the forecasts, as under memory or a device; assumed "
        "to be the machine's, so no split helps"
    )
