"""Published quantities predicted by fits that did not see them, with 90 % intervals: what the model's doubt is worth.

Models: the fit is repeated without one quantity, or without a group of them; what it then says of the quantities left
out is a prediction. Its interval holds three doubts: costs that the others leave uncertain, the model's own error
(``model.discrepancy``, of both those seen and those left out), and the reading and rounding of a published number.
Equations: with J and j the slopes of the seen and the left out log quantities to the logarithms of the costs, A and a
their sums of the model's log errors of runs (a time -1, a ratio +1 and -1), W the weights of the fit and P the
precision of what is known without any run (each cost within a factor of 27 of a power of ten, 90 %),

    B = (J' W J + P)^-1 J' W,   M = a - j B A,   C = (J' W J + P)^-1 P (J' W J + P)^-1
    variance = diag(M S M' + j B N B' j' + n + j C j')

with S the covariance of the model's errors and N, n the variances of the published numbers.
Assumptions: linear in the logarithms over the interval; errors of two programs are independent.
When not to use it: as a test of the structure, which was chosen after seeing all numbers.
Run: ``python benchmarks/left_out.py --write`` repeats all refits in two minutes and stores them in ``left_out.json``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from cerberus_plan.calibration.paper import refit as fit
from cerberus_plan.calibration.paper.predictions import predict, runs
from cerberus_plan.calibration.paper.targets import TARGETS, Target
from cerberus_plan.model.discrepancy import Discrepancy
from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.quantity import Z90

# Workload, system, VMs and threads a VM of a run; +1 where the quantity grows with its throughput, -1 where it falls.
Run = tuple[str, str, int, int]
_H, _D, _A = "histogram", "dbench", "apache"
_CERBERUS, _LINUX, _XEN, _SHADOW = "cerberus", "linux", "xen-linux", "xen-linux-shadow"
_EXT3 = "prof.dbench.{}.ext3_test_allocatable"
BEHIND: dict[str, dict[Run, int]] = {
    "hist.t.48.2": {(_H, _CERBERUS, 24, 2): -1},
    "hist.t.48.4": {(_H, _CERBERUS, 12, 4): -1},
    "hist.t.48.8": {(_H, _CERBERUS, 6, 8): -1},
    "hist.shadow.32": {(_H, _SHADOW, 1, 32): -1},
    "hist.direct.32": {(_H, _XEN, 1, 32): -1},
    "hist.pc.linux.48": {(_H, _CERBERUS, 24, 2): 1, (_H, _LINUX, 1, 48): -1},
    "hist.pc.linux.42": {(_H, _CERBERUS, 21, 2): 1, (_H, _LINUX, 1, 42): -1},
    "hist.pc.linux.24": {(_H, _CERBERUS, 24, 1): 1, (_H, _LINUX, 1, 24): -1},
    "hist.pc.xen.24": {(_H, _CERBERUS, 24, 1): 1, (_H, _XEN, 1, 24): -1},
    "prof.histogram.linux.48.calc_hist": {(_H, _LINUX, 1, 48): 1},
    "prof.histogram.xen-linux.32.calc_hist": {(_H, _XEN, 1, 32): 1},
    "dbench.48.2": {(_D, _CERBERUS, 24, 2): 1},
    "dbench.48.4": {(_D, _CERBERUS, 12, 4): 1},
    "dbench.48.8": {(_D, _CERBERUS, 6, 8): 1},
    "dbench.ratio.48": {(_D, _CERBERUS, 24, 2): 1, (_D, _LINUX, 1, 48): -1},
    "dbench.ratio.42": {(_D, _CERBERUS, 21, 2): 1, (_D, _LINUX, 1, 42): -1},
    "dbench.ratio.24": {(_D, _CERBERUS, 24, 1): 1, (_D, _LINUX, 1, 24): -1},
    # A share of the search hardly moves with the throughput; its own error is in _NOISE_SEARCH.
    _EXT3.format("linux.48"): {},
    _EXT3.format("xen-linux.32"): {},
    "apache.linux.2": {(_A, _LINUX, 1, 2): 1},
    "apache.cerb.2": {(_A, _CERBERUS, 2, 1): 1},
    "apache.cerb.16": {(_A, _CERBERUS, 8, 2): 1},
    "apache.16.a": {(_A, _LINUX, 1, 16): 1},
    "apache.16.b": {(_A, _XEN, 1, 16): 1},
    "apache.frac": {(_A, _LINUX, 1, 16): 1, (_A, _LINUX, 1, 1): -1},
}
_ALL = tuple(BEHIND)


def _where(*parts: str, but: Sequence[str] = ()) -> tuple[str, ...]:
    return tuple(name for name in _ALL if any(part in name for part in parts) and name not in but)


GROUPS: dict[str, tuple[str, ...]] = {
    "all of Table 7": _where("hist.t.", "dbench.48."),
    "histogram of Table 7": _where("hist.t."),
    "dbench of Table 7": _where("dbench.48."),
    "8 cores a VM and 32 in shadow mode": ("hist.t.48.8", "hist.shadow.32"),
    "all ratios": _where("hist.pc", "dbench.ratio", "apache.frac"),
    "all profile shares": _where("prof."),
    "apache but two points": _where("apache", but=("apache.linux.2", "apache.16.a")),
    "dbench but two points": _where("dbench", but=("dbench.48.2", "dbench.ratio.48")),
    "histogram but two points": _where("hist", but=("hist.t.48.2", "hist.shadow.32")),
    "all of histogram": _where("hist"),
    "all of dbench": _where("dbench"),
}
# The model's own error where machine and program were fitted; the same as the planner's (``planner.splits.situation``).
FITTED = Discrepancy(shared=0.03, system=0.05, size=0.05, split=0.05)
# Standard deviations of log(published): of any number (two primitives contradict each other by that much), and of the
# share of the block search, which is a sum of two functions of a profile.
_NOISE, _NOISE_SEARCH = 0.025, 0.07
# An interval as wide as this says nothing, and holding a number is no merit.
_SAYS_NOTHING = 10.0
# Standard deviation of the log of a cost before any run is seen, and of an error in the fit.
_PRIOR, _SCALE = 2.0, 0.06
_STEP = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A quantity predicted by a fit that did not see it, in the printed unit; ``low`` and ``high`` hold 90 %."""

    id: str
    predicted: float
    low: float
    high: float

    @property
    def identified(self) -> bool:
        """Whether the quantities seen say anything about this one: its ends differ less than tenfold."""
        low, high = (_target(self.id).comparable(end) for end in (self.low, self.high))
        return high < _SAYS_NOTHING * low

    @property
    def holds(self) -> bool:
        """Whether the published number is inside."""
        return self.low <= _target(self.id).published <= self.high


def refit(left_out: Sequence[str]) -> list[LeftOut]:
    """The quantities left out, as a fit to all others predicts them."""
    kernel_time = placed()
    seen = [target for target in fit.CALIBRATED if target.id not in left_out]
    missing = [_target(name) for name in left_out]
    logs = fit.minimise(_start(), targets=seen, placed=kernel_time, prior=(powers_of_ten(), _PRIOR)).logs
    variance = _variance(slopes_at(logs, seen), slopes_at(logs, missing), seen, missing)
    run = runs(fit.values_of(logs, kernel_time))
    sigma = np.sqrt(np.diag(variance))
    return [_interval(run, target, float(s)) for target, s in zip(missing, sigma, strict=True)]


def powers_of_ten() -> Array:
    """What is known of each cost before any run: the power of ten it is near to, in its file's unit."""
    ten = math.log(10.0)
    return np.array([ten * round(math.log(parameter.start) / ten) for parameter in fit.PARAMETERS])


def _start() -> Array:
    return np.log([parameter.start for parameter in fit.PARAMETERS])


def placed() -> float:
    """Dbench's kernel time, which orderings place and no number of the fit [us]."""
    return float(fit.stored()["parameters"][-1]["value"])


def _target(name: str) -> Target:
    return next(target for target in TARGETS if target.id == name)


def slopes_at(logs: Array, targets: Sequence[Target]) -> Array:
    """Slope of each log quantity to the logarithm of each fitted cost."""
    steps = _STEP * np.eye(logs.size)
    errors = fit.log_errors(runs(fit.values_of(np.vstack([logs + steps, logs - steps]), placed())), targets)
    found: Array = (errors[:, : logs.size] - errors[:, logs.size :]) / (2.0 * _STEP)
    return found


def _variance(seen_slopes: Array, slopes: Array, seen: Sequence[Target], missing: Sequence[Target]) -> Array:
    """Covariance of log(published / predicted) of the quantities left out."""
    behind = _behind()
    errors = covariance_of_runs(behind)
    signs, own = _signs(seen, behind), _signs(missing, behind)
    prior = np.eye(slopes.shape[1]) / _PRIOR**2
    precision = seen_slopes.T @ seen_slopes / _SCALE**2 + prior
    gain = np.linalg.solve(precision, seen_slopes.T / _SCALE**2)
    moved = own - slopes @ gain @ signs
    through = slopes @ gain
    unknown = np.linalg.solve(precision, np.linalg.solve(precision, prior).T)
    found: Array = moved @ errors @ moved.T + through @ _noise(seen) @ through.T + _noise(missing)
    return found + slopes @ unknown @ slopes.T


def covariance_of_runs(behind: Sequence[Run], own: Discrepancy = FITTED) -> Array:
    """Covariance of the model's log errors of runs, programs apart."""
    systems = [system for _, system, _, _ in behind]
    vms, threads = (np.array([run[at] for run in behind], dtype=np.float64) for at in (2, 3))
    programs = np.array([workload for workload, *_ in behind])
    return own.covariance(systems, vms, threads) * (programs[:, None] == programs[None, :])


def covariance_of_quantities(targets: Sequence[Target], own: Discrepancy) -> Array:
    """Covariance of log(published / model) of quantities whose costs are right."""
    behind = _behind()
    signs = _signs(targets, behind)
    found: Array = signs @ covariance_of_runs(behind, own) @ signs.T + _noise(targets)
    return found


def _behind() -> list[Run]:
    return list(dict.fromkeys(run for name in _ALL for run in BEHIND[name]))


def _signs(targets: Sequence[Target], behind: Sequence[Run]) -> Array:
    return np.array([[BEHIND[target.id].get(run, 0) for run in behind] for target in targets], dtype=np.float64)


def _noise(targets: Sequence[Target]) -> Array:
    search = [_NOISE_SEARCH if not BEHIND[target.id] else 0.0 for target in targets]
    return np.diag(np.square(search) + _NOISE**2)


def _interval(run: Any, target: Target, sigma: float) -> LeftOut:
    """The prediction and its interval, in the printed unit."""
    predicted = float(predict(run, target.id)[0])
    low, high = (target.comparable(predicted) * math.exp(sign * Z90 * sigma) for sign in (-1.0, 1.0))
    if target.gain:
        low, high = 100.0 * (low - 1.0), 100.0 * (high - 1.0)
    return LeftOut(id=target.id, predicted=predicted, low=low, high=high)


@cache
def stored() -> Mapping[str, Any]:
    """What the last run of ``benchmarks/left_out.py --write`` found."""
    text = (resources.files("cerberus_plan.calibration.paper") / "left_out.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def one_by_one() -> dict[str, LeftOut]:
    """The stored prediction of each quantity by a fit to all others, by id."""
    return {row["id"]: LeftOut(**row) for row in stored()["one_by_one"]}


def by_group() -> dict[str, list[LeftOut]]:
    """The stored predictions of each group by a fit to all others."""
    return {name: [LeftOut(**row) for row in rows] for name, rows in stored()["groups"].items()}


def coverage(found: Sequence[LeftOut]) -> tuple[int, int]:
    """How many intervals hold the published number, of how many; those that say nothing are not counted."""
    identified = [one for one in found if one.identified]
    return sum(one.holds for one in identified), len(identified)
