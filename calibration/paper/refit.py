"""Fits the free numbers of the shipped machines and workloads to the published quantities.

Loss: sum over the calibrated quantities of |log(model / published)|^3. The cube serves the aim, which is a bound on
each error: it trades small errors for large ones more gently than a maximum would. Read as a likelihood it is a
generalised normal whose scale is fitted too, so a parameter's 90 % interval is where the loss, all others refitted,
stays below minimum x exp(3 x 2.706 / (2 (quantities - parameters))).
Not in the loss: dbench's kernel time. No published number pins it; it is set to the middle of the range in which the
published orderings hold (``checks``).
Assumptions: the structure is right; readings as in ``targets``. When not to use it: to fit other machines; these
facts know one.
Run: ``python -m cerberus_plan.calibration.paper.refit`` prints the fit, the profiles and the leave-one-out table;
``--write`` stores them in ``fit.json`` beside this file, from which the shipped files' values are taken.
Source: published quantities in ``facts.csv``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from cerberus_plan.calibration.paper import derived
from cerberus_plan.calibration.paper.predictions import predict, runs
from cerberus_plan.calibration.paper.runs import Key, Runs
from cerberus_plan.calibration.paper.targets import TARGETS, Role, Target
from cerberus_plan.calibration.store.files import write_atomically
from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.quantity import Z90

POWER = 3.0
# 90 % quantile of chi-square with one degree of freedom.
_CHI2_90 = Z90**2
_STEP = 1e-4
# A usual error, by which a prior is weighed against the loss.
_USUAL = 0.07
MICRO = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One fitted number: file and quantity it belongs to, factor to SI, and where the search starts."""

    file: str
    name: str
    factor: float
    start: float

    @property
    def label(self) -> str:
        """Name for people, such as ``histogram.compute``."""
        return f"{self.file}.{self.name}"


PARAMETERS: tuple[Parameter, ...] = (
    Parameter(file="histogram", name="compute", factor=MICRO, start=5.5),
    Parameter(file="amd48", name="hypervisor_entry_handover", factor=MICRO, start=0.022),
    Parameter(file="amd48", name="page_fault_shadow", factor=MICRO, start=11.0),
    Parameter(file="amd48", name="hypervisor_operation", factor=MICRO, start=0.7),
    Parameter(file="amd48", name="shadow_lock_handover", factor=MICRO, start=16.0),
    Parameter(file="amd48", name="hypervisor_per_core", factor=1.0, start=0.11),
    Parameter(file="dbench", name="hypervisor_operations", factor=1.0, start=560.0),
    Parameter(file="amd48", name="block_allocation", factor=MICRO, start=380.0),
    Parameter(file="amd48", name="block_search", factor=MICRO, start=1850.0),
    Parameter(file="apache", name="compute", factor=MICRO, start=70.0),
    Parameter(file="intel16", name="packet_handover", factor=MICRO, start=0.3),
)
# The twelfth: placed by orderings, see the module's text.
PLACED = Parameter(file="dbench", name="kernel_compute", factor=MICRO, start=2180.0)
CALIBRATED: tuple[Target, ...] = tuple(target for target in TARGETS if target.role is Role.CALIBRATED)


def values_of(logs: Array, placed: float | None = None) -> dict[Key, Array]:
    """Replacements of shipped values [SI] from logarithms of the parameters: shape (draws, parameters)."""
    natural = np.exp(np.atleast_2d(logs))
    found: dict[Key, Array] = {
        (parameter.file, parameter.name): natural[:, column] * parameter.factor
        for column, parameter in enumerate(PARAMETERS)
    }
    for name, time_us in derived.paging(natural[:, 0]).items():
        found["amd48", name] = time_us * MICRO
    if placed is not None:
        found[PLACED.file, PLACED.name] = np.array([placed * PLACED.factor])
    return found


def log_errors(run: Runs, targets: Sequence[Target] = CALIBRATED) -> Array:
    """Logarithm of model over published for each target: shape (targets, draws)."""
    rows = [
        np.log(_comparable(target, predict(run, target.id))) - math.log(target.comparable(target.published))
        for target in targets
    ]
    return np.array(np.broadcast_arrays(*rows))


def _comparable(target: Target, predicted: Array) -> Array:
    return 1 + predicted / 100 if target.gain else predicted


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimum:
    """Logarithms of the parameters at the minimum, and the loss there."""

    logs: Array
    loss: float


def minimise(
    start: Array, *, targets: Sequence[Target] = CALIBRATED, fixed: dict[int, float] | None = None,
    placed: float | None = None, prior: tuple[Array, float] | None = None,
) -> Optimum:  # fmt: skip
    """The minimum of the loss over the parameters that are not fixed (index -> logarithm).

    ``prior``: logarithms near which the parameters are expected, and the standard deviation; it keeps parameters that
    the targets leave open finite, and weighs as much as an error of 7 % does.
    """
    from scipy.optimize import least_squares

    held = fixed or {}
    full = start.copy()
    for column, log in held.items():
        full[column] = log
    free = [column for column in range(full.size) if column not in held]

    def expand(part: Array) -> Array:
        rows = np.repeat(full[None, :], np.atleast_2d(part).shape[0], axis=0)
        rows[:, free] = part
        return rows

    centre, width = prior or (full, math.inf)
    weight = _USUAL ** (POWER / 2) / width

    def residuals(part: Array) -> Array:
        errors = _powered(log_errors(runs(values_of(expand(part), placed)), targets))[:, 0]
        return np.concatenate([errors, weight * (part - centre[free])])

    def jacobian(part: Array) -> Array:
        steps = _STEP * np.eye(part.size)
        both = _powered(log_errors(runs(values_of(expand(np.vstack([part + steps, part - steps])), placed)), targets))
        slopes = (both[:, : part.size] - both[:, part.size :]) / (2 * _STEP)
        return np.vstack([slopes, weight * np.eye(part.size)])

    found = least_squares(residuals, full[free], jac=jacobian, xtol=1e-10, ftol=1e-10, gtol=1e-12)
    return Optimum(logs=expand(found.x)[0], loss=2.0 * float(found.cost))


def _powered(errors: Array) -> Array:
    """Residuals whose squares are |error|^POWER."""
    found: Array = np.sign(errors) * np.abs(errors) ** (POWER / 2)
    return found


def best(placed: float | None = None) -> Optimum:
    """The fit, from the fixed start."""
    return minimise(np.log([parameter.start for parameter in PARAMETERS]), placed=placed)


def threshold(optimum: Optimum, n_targets: int = len(CALIBRATED)) -> float:
    """Loss at the ends of a 90 % interval."""
    return optimum.loss * math.exp(POWER * _CHI2_90 / (2 * (n_targets - len(PARAMETERS))))


def profile(optimum: Optimum, column: int, placed: float | None = None) -> tuple[float, float]:
    """90 % interval of one parameter: the loss with all others refitted reaches the threshold."""
    limit = threshold(optimum)

    def excess(factor_log: float) -> float:
        log = float(optimum.logs[column]) + factor_log
        return minimise(optimum.logs, fixed={column: log}, placed=placed).loss - limit

    centre = float(optimum.logs[column])
    return math.exp(centre + _crossing(excess, -1.0)), math.exp(centre + _crossing(excess, +1.0))


def _crossing(excess: Callable[[float], float], sign: float) -> float:
    """Where the excess changes sign on one side of 0, at most a factor of e^3 away."""
    from scipy.optimize import brentq

    near, far = 0.0, 0.05
    while excess(sign * far) < 0.0:
        near, far = far, 2.0 * far
        if far > 3.0:
            return sign * 3.0
    return sign * float(brentq(lambda size: excess(sign * size), near, far, xtol=2e-3))


def leave_one_out(optimum: Optimum, placed: float | None = None) -> dict[str, float]:
    """Error of each calibrated quantity when it is left out of the fit: (model / published - 1) by id."""
    found = {}
    for target in CALIBRATED:
        others = [other for other in CALIBRATED if other is not target]
        without = minimise(optimum.logs, targets=others, placed=placed)
        error = log_errors(runs(values_of(without.logs, placed)), [target])[0, 0]
        found[target.id] = math.expm1(float(error))
    return found


def correlation(logs: Array, placed: float | None = None) -> Array:
    """Correlation of the parameters' logarithms, from the curvature of squared errors at the optimum.

    Shape (parameters, parameters). The standard deviations that come with it agree with the profiles within 30 %.
    """
    step = 1e-3 * np.eye(logs.size)
    errors = log_errors(runs(values_of(np.vstack([logs + step, logs - step]), placed)))
    slopes = (errors[:, : logs.size] - errors[:, logs.size :]) / 2e-3
    covariance = np.linalg.inv(slopes.T @ slopes)
    spread = np.sqrt(np.diag(covariance))
    found: Array = covariance / np.outer(spread, spread)
    return found


def placed_range(optimum: Optimum) -> tuple[float, float]:
    """Smallest and largest dbench kernel time for which the published orderings of dbench hold [us]."""
    from cerberus_plan.calibration.paper.statements import dbench_orderings_hold

    grid = np.geomspace(1000.0, 5000.0, 65)
    good = [time for time in grid if dbench_orderings_hold(runs(values_of(optimum.logs, float(time))))]
    return float(good[0]), float(good[-1])


def results() -> dict[str, Any]:
    """Everything that ``fit.json`` holds; takes some minutes."""
    low, high = placed_range(best())
    middle = math.sqrt(low * high)
    optimum = best(middle)
    fitted: list[dict[str, Any]] = []
    for column, parameter in enumerate(PARAMETERS):
        interval = profile(optimum, column, middle)
        fitted.append(_row(parameter, math.exp(float(optimum.logs[column])), *interval))
    fitted.append(_row(PLACED, middle, low, high))
    errors = log_errors(runs(values_of(optimum.logs, middle)))[:, 0]
    left_out = leave_one_out(optimum, middle)
    return {
        "format": 1,
        "loss": optimum.loss,
        "parameters": fitted,
        "correlation": np.round(correlation(optimum.logs, middle), 3).tolist(),
        "quantities": [
            {"id": target.id, "error": math.expm1(float(error)), "error_left_out": left_out[target.id]}
            for target, error in zip(CALIBRATED, errors, strict=True)
        ],
    }


def _row(parameter: Parameter, value: float, low: float, high: float) -> dict[str, Any]:
    """One parameter in the unit of its file, four digits."""
    unit = "us" if parameter.factor == MICRO else "1"
    numbers = {name: float(f"{number:.4g}") for name, number in (("value", value), ("low", low), ("high", high))}
    return {"file": parameter.file, "name": parameter.name, "unit": unit, **numbers}


def correlation_lines(found: dict[str, Any]) -> str:
    """``correlation.csv``: name "file.quantity" and row of the correlation of each parameter."""
    lines = []
    for row, correlated in zip(found["parameters"], found["correlation"], strict=False):
        lines.append(",".join([f"{row['file']}.{row['name']}", *(f"{c:.6g}" for c in correlated)]))
    return "\n".join(lines) + "\n"


def stored() -> dict[str, Any]:
    """The stored results of the last ``--write``."""
    text = (resources.files("cerberus_plan.calibration.paper") / "fit.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def table(found: dict[str, Any]) -> str:
    """The results for people."""
    lines = [f"{'parameter':38}{'value':>10}{'low':>10}{'high':>10}  unit"]
    for row in found["parameters"]:
        label = f"{row['file']}.{row['name']}"
        lines.append(f"{label:38}{row['value']:10.4g}{row['low']:10.4g}{row['high']:10.4g}  {row['unit']}")
    lines += ["", f"{'quantity':48}{'error':>9}{'left out':>10}"]
    for row in found["quantities"]:
        lines.append(f"{row['id']:48}{100 * row['error']:+8.1f}%{100 * row['error_left_out']:+9.1f}%")
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> None:
    """Prints the results, and stores them with ``--write``."""
    import sys

    found = results()
    sys.stdout.write(table(found) + "\n")
    if "--write" in arguments:
        folder = Path(str(resources.files("cerberus_plan.calibration.paper")))
        write_atomically(folder / "fit.json", json.dumps(found, indent=1))
        write_atomically(folder / "correlation.csv", correlation_lines(found))


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
