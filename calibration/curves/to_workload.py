"""A fitted curve as a workload that the planner reads.

A cycle is one unit of the curve's throughput; its operations are those of `contention`. Every number carries its
interval, and the note says in words what was assumed and which measurement would decide it.
When not to use it: to carry a program to another machine without a word: times are those of the measured one.
"""

from __future__ import annotations

import re
from pathlib import Path

from cerberus_plan.calibration.curves.contention import Contention, Demand
from cerberus_plan.calibration.curves.fit import Fit
from cerberus_plan.calibration.store.files import write_atomically
from cerberus_plan.calibration.store.workload_file import to_toml
from cerberus_plan.model.digits import percent
from cerberus_plan.model.measurement import Measurement
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.workload import Workload

# Root mean square of log(network / forecast) beyond which the network is another program.
MISSES = 0.2


def write_workload(path: Path, fit: Fit, contention: Contention, *, unit: str = "operations/s") -> Workload:
    """Write the file and return what it says.

    Raises:
        InputError: the path cannot be written.
    """
    workload = workload_of(Path(path).stem, fit, contention, unit=unit)
    write_atomically(path, to_toml(workload))
    return workload


def workload_of(name: str, fit: Fit, contention: Contention, *, unit: str) -> Workload:
    """The workload; characters that a name cannot have become dashes."""
    return Workload(
        name=re.sub(r"[^A-Za-z0-9._+-]+", "-", name).strip("-.+_")[:64] or "fitted",
        description=f"fitted to {fit.curve.n.size} core counts up to {fit.curve.n[-1]:g}: {Path(fit.curve.name).name}",
        unit=unit,
        units_per_cycle=1.0,
        operations={demand.name: _quantity(demand, contention) for demand in contention.demands},
        measured=_points(fit) if contention.error > MISSES else (),
        note=_missed(contention)
        + (
            f"{contention.reason}. The network follows the forecast within {percent(contention.error)}. One curve "
            "cannot prove who owns the contention: run two instances on half of the cores each; if together they do "
            f"more than one on all, it is theirs. Measured up to {fit.curve.n[-1]:g} cores, intervals useful to "
            f"{fit.trusted_to:g}; times are those of the measured machine."
        ),
    )


def _missed(contention: Contention) -> str:
    """A warning in front, where the network is not the curve."""
    if contention.error <= MISSES:
        return ""
    return (
        f"These operations do not reproduce the curve (off by {percent(contention.error)}): its points are kept as "
        "[[measured]] rows, which the plan passes through; do not trust it without them. "
    )


def _points(fit: Fit) -> tuple[Measurement, ...]:
    """The curve as runs of one instance, where core counts are whole."""
    whole = [(int(n), float(value)) for n, value in zip(fit.curve.n, fit.curve.value, strict=True) if n == int(n)]
    return tuple(Measurement(instances=1, cores_per_instance=n, value=value) for n, value in whole)


def _quantity(demand: Demand, contention: Contention) -> Quantity:
    fitted = demand.name == "compute"
    return Quantity(
        value=demand.value,
        unit=demand.unit,
        low=demand.low,
        high=demand.high,
        provenance=Provenance.FITTED if fitted else Provenance.ASSUMED,
        source="fitted curve" if fitted else f"fitted curve; {contention.reason}",
    )
