"""The main jobs as functions, for notebooks and scripts: plan, fit, calibration.

What they return shows itself in a notebook; ``frame`` gives its numbers as a data frame.
When not to use it: for several workloads at once or for files; the command line has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cerberus_plan.choices import constraints_for, machine_for, systems_for
from model.errors import CannotAnswerError
from reports.notebook import frame, register

if TYPE_CHECKING:
    from calibration.curves.fit import Fit
    from calibration.profile import Profile
    from planner.plan import Plan

__all__ = ["calibration", "fit", "frame", "plan"]


def plan(
    workload: str,
    *,
    machine: str | None = None,
    cores: int | None = None,
    systems: Sequence[str] | None = None,
    max_vms: int | None = None,
    host_cores: int = 0,
) -> Plan:
    """The best split of a machine for one workload, as the command line plans it.

    Args:
        workload: Shipped workload or file.
        machine: Shipped machine, machine file or profile; without it this host if calibrated, else the paper's.
        cores: Cores to plan for; all of the machine's by default.
        systems: Systems to consider; without them those the command line would.
        max_vms: Most OS instances.
        host_cores: Cores kept for the host.

    Raises:
        InputError: No such machine, workload or system.
        CannotAnswerError: Nothing meets the constraints, or the machine lacks a cost.
    """
    from calibration import catalog
    from planner.choose import plan as choose

    register()
    chosen = machine_for(machine)
    constraints = constraints_for(chosen, cores=cores, host_cores=host_cores, max_vms=max_vms)
    return choose(chosen, catalog.workload(workload), systems_for(chosen, systems), constraints)


def fit(n: Sequence[float], value: Sequence[float], *, predict: Sequence[float] | None = None) -> Fit:
    """A forecast from measured points.

    Args:
        n: Counts of cores, repeats allowed.
        value: Throughput at each, positive.
        predict: Counts to forecast; without them doublings up to four times the largest.

    Raises:
        InputError: The points are not usable.
        CannotAnswerError: Two distinct counts only; says what to measure.
    """
    import numpy as np

    from calibration.curves.curve import Curve
    from calibration.curves.fit import fit_curve

    register()
    targets = None if predict is None else np.asarray(predict, dtype=float)
    return fit_curve(Curve.from_points(n, value), predict=targets)


def calibration(path: str | Path | None = None) -> Profile:
    """A profile written by ``cerberus-plan calibrate``; this host's by default.

    Raises:
        InputError: The file is missing or not a profile.
        CannotAnswerError: This host has not been calibrated.
    """
    from calibration.host import this_host
    from calibration.profile import default_path, read_profile

    register()
    target = Path(path) if path is not None else default_path(this_host())
    if path is None and not target.is_file():
        raise CannotAnswerError("this host has not been calibrated; run: cerberus-plan calibrate")
    return read_profile(target)
