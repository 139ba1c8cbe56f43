"""The public names, all of them here: laws and the exact solver, the simulator, and the main jobs as functions.

What ``plan``, ``fit`` and ``profile`` return shows itself in a notebook; ``frame`` gives its numbers as a data frame.
When not to use it: for several workloads at once or for files; the command line has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cerberus_plan.model.errors import CannotAnswerError, CerberusError, InputError
from cerberus_plan.model.exact.solver import Solution, solve
from cerberus_plan.model.network import (
    Delay,
    Instance,
    Queue,
    QueueLock,
    ReaderWriterLock,
    Servers,
    SharedBandwidth,
    TestAndSetLock,
    TicketLock,
)

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from cerberus_plan.calibration.curves.fit import Fit
    from cerberus_plan.calibration.store.profile import Profile
    from cerberus_plan.model.latency.latency import Latency
    from cerberus_plan.model.latency.of_instances import headroom, latency
    from cerberus_plan.model.objective import Objective, Prices, Slo
    from cerberus_plan.model.simulation import Rules, Simulation, simulate
    from cerberus_plan.planner.fleet.fleet_plan import FleetPlan
    from cerberus_plan.planner.objectives.reach import Reach, reaches
    from cerberus_plan.planner.plan import Plan
    from cerberus_plan.reports.notebook import frame

__all__ = [
    "CannotAnswerError",
    "CerberusError",
    "Delay",
    "InputError",
    "Instance",
    "Latency",
    "Objective",
    "Prices",
    "Queue",
    "QueueLock",
    "Reach",
    "ReaderWriterLock",
    "Rules",
    "Servers",
    "SharedBandwidth",
    "Simulation",
    "Slo",
    "Solution",
    "TestAndSetLock",
    "TicketLock",
    "fit",
    "frame",
    "headroom",
    "latency",
    "plan",
    "plan_fleet",
    "profile",
    "reaches",
    "simulate",
    "solve",
]


# Names that few need, and where they are.
_LATER = {
    "Latency": "model.latency.latency",
    "Objective": "model.objective",
    "Prices": "model.objective",
    "Reach": "planner.objectives.reach",
    "Slo": "model.objective",
    "headroom": "model.latency.of_instances",
    "latency": "model.latency.of_instances",
    "reaches": "planner.objectives.reach",
}


def __getattr__(name: str) -> Any:
    """What loads a compiler or charts, on first use."""
    if name in {"Rules", "Simulation", "simulate"}:
        from cerberus_plan.model import simulation

        return getattr(simulation, name)
    if name == "frame":
        from cerberus_plan.reports.notebook import frame

        return frame
    if name in _LATER:
        from importlib import import_module

        return getattr(import_module(f"cerberus_plan.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def plan(
    workload: str,
    *,
    machine: str | None = None,
    cores: int | None = None,
    systems: Sequence[str] | None = None,
    max_vms: int | None = None,
    host_cores: int = 0,
    memory_per_instance: str | None = None,
    max_cores_per_vm: int | None = None,
    min_cores_per_vm: int | None = None,
    overcommit: float = 1.0,
    min_instances: int | None = None,
    objective: Objective | None = None,
) -> Plan:
    """The best split of a machine for one workload, as the command line plans it.

    Args:
        workload: Shipped workload or file.
        machine: Shipped machine, machine file or profile; without it this host if calibrated, else the paper's.
        cores: Cores to plan for; all of the machine's by default.
        systems: Systems to consider; without them those the command line would.
        max_vms: Most OS instances.
        host_cores: Cores kept for the host.
        memory_per_instance: Memory of each instance, such as "8GiB".
        max_cores_per_vm: Most cores of an instance.
        min_cores_per_vm: Fewest cores of an instance.
        overcommit: Most threads or virtual CPUs a core, 1 to 16.
        min_instances: Fewest OS instances.
        objective: What the split is chosen for; without it what the workload says, else the largest throughput.

    Raises:
        InputError: No such machine, workload or system, or a bound that cannot be.
        CannotAnswerError: Nothing meets the constraints, or the machine lacks a cost.
    """
    from cerberus_plan.calibration.store import catalog
    from cerberus_plan.choices import constraints_for, machine_for, plan_for, systems_for
    from cerberus_plan.reports.notebook import register

    register()
    chosen = machine_for(machine)
    constraints = constraints_for(
        chosen,
        cores=cores,
        host_cores=host_cores,
        max_vms=max_vms,
        memory_per_instance=memory_per_instance,
        max_cores_per_vm=max_cores_per_vm,
        min_cores_per_vm=min_cores_per_vm,
        overcommit=overcommit,
        min_vms=min_instances,
    )
    return plan_for(chosen, catalog.workload(workload), systems_for(chosen, systems), constraints, objective)


def plan_fleet(file: str | Path, *, workers: Executor | None = None, seconds: float = 20.0) -> FleetPlan:
    """Which workload of a fleet on which machine in which split, as ``cerberus-plan fleet`` answers.

    Args:
        file: The fleet (TOML): machines, workloads and their rates.
        workers: Where the plans of single machines are made, an executor of processes or of a Dask client; None for
            here.
        seconds: Time for the integer program.

    Raises:
        InputError: The file is missing or broken.
        CannotAnswerError: No answer was found within the time.
    """
    from cerberus_plan.choices import systems_for
    from cerberus_plan.planner.fleet.fleet_file import read_fleet
    from cerberus_plan.planner.fleet.plan_fleet import plan_fleet as answer

    return answer(read_fleet(file, systems_for), pool=workers, seconds=seconds)


def fit(
    n: str | Path | Sequence[float], value: Sequence[float] | None = None, *, predict: Sequence[float] | None = None
) -> Fit:
    """A forecast from measured points.

    Args:
        n: A curve file (CSV, ``n,value``), or counts of cores, repeats allowed.
        value: Throughput at each count, positive; None with a file.
        predict: Counts to forecast; without them doublings up to four times the largest.

    Raises:
        InputError: The points are not usable, or values are missing beside counts or given beside a file.
        CannotAnswerError: Two distinct counts only; says what to measure.
    """
    import numpy as np

    from cerberus_plan.calibration.curves.curve import Curve
    from cerberus_plan.calibration.curves.fit import fit_curve
    from cerberus_plan.calibration.curves.read import read_curve
    from cerberus_plan.reports.notebook import register

    register()
    targets = None if predict is None else np.asarray(predict, dtype=float)
    if isinstance(n, str | Path):
        if value is not None:
            raise InputError("fit takes a curve file or counts with their values, not a file and values")
        return fit_curve(read_curve(Path(n)), predict=targets)
    if value is None:
        raise InputError("fit needs the value at each count, or the path of a curve file")
    return fit_curve(Curve.from_points(n, value), predict=targets)


def profile(path: str | Path | None = None) -> Profile:
    """A profile written by ``cerberus-plan calibrate``; this host's by default.

    Raises:
        InputError: The file is missing or not a profile.
        CannotAnswerError: This host has not been calibrated.
    """
    from cerberus_plan.calibration.host.identity import this_host
    from cerberus_plan.calibration.store.profile import default_path, read_profile
    from cerberus_plan.reports.notebook import register

    register()
    target = Path(path) if path is not None else default_path(this_host())
    if path is None and not target.is_file():
        raise CannotAnswerError("this host has not been calibrated; run: cerberus-plan calibrate")
    return read_profile(target)
