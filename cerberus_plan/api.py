"""The public names, all of them here: laws and the exact solver, the simulator, and the main jobs as functions.

    plan         the best split of a machine into OS instances, for one workload
    fit          a measured curve (cores, throughput) continued to more cores
    fit_splits   a few measured splits carried to all others
    plan_fleet   several workloads with rates on several machines
    profile      what ``cerberus-plan calibrate`` measured of a host
    solve        a network of your own, exactly; ``simulate`` the same by events; ``latency`` and ``headroom`` of it
    frame        the numbers of any of these answers as a pandas data frame

Times are in seconds, throughputs in the workload's unit, intervals hold 90 %. Plans, fits, fleets and profiles show
themselves in notebooks.
Errors that were foreseen are an ``InputError`` (what was given is wrong) or a ``CannotAnswerError`` (more must be
known); both are a ``CerberusError``. Examples: docs/python.md.
When not to use it: for several workloads in one plan or for pages; the command line has them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

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
from cerberus_plan.model.plain import shown

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from cerberus_plan.calibration.curves.fit import Fit
    from cerberus_plan.calibration.splits.fit import SplitFit
    from cerberus_plan.calibration.store.profile import Profile
    from cerberus_plan.model.latency.latency import Latency
    from cerberus_plan.model.latency.of_instances import headroom, latency
    from cerberus_plan.model.machine import Machine
    from cerberus_plan.model.measurement import Measurement
    from cerberus_plan.model.objective import Objective, Prices, Slo
    from cerberus_plan.model.simulation import Rules, Simulation, simulate
    from cerberus_plan.model.workload import Workload
    from cerberus_plan.planner.fleet.fleet_plan import FleetPlan
    from cerberus_plan.planner.objectives.reach import Reach, reaches
    from cerberus_plan.planner.plan import Plan
    from cerberus_plan.reports.frames import frame

__all__ = [
    "CannotAnswerError",
    "CerberusError",
    "Delay",
    "InputError",
    "Instance",
    "Latency",
    "Measurement",
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
    "fit_splits",
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
    "Measurement": "model.measurement",
    "Objective": "model.objective",
    "Prices": "model.objective",
    "Reach": "planner.objectives.reach",
    "Slo": "model.objective",
    "headroom": "model.latency.of_instances",
    "latency": "model.latency.of_instances",
    "reaches": "planner.objectives.reach",
}


if not TYPE_CHECKING:  # a checker would take every name, misspelt ones too, for one that there is

    def __getattr__(name: str) -> Any:
        """What loads a compiler or charts, on first use."""
        if name in {"Rules", "Simulation", "simulate"}:
            from cerberus_plan.model import simulation

            return getattr(simulation, name)
        if name == "frame":
            from cerberus_plan.reports.frames import frame

            return frame
        if name in _LATER:
            from importlib import import_module

            return getattr(import_module(f"cerberus_plan.{_LATER[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


# An option of the command line, whose messages `plan` shares.
_OPTION = re.compile(r"--([a-z]+(?:-[a-z]+)*)\b")


class Table(Protocol):
    """A data frame of pandas, of which the columns are read by name."""

    def to_csv(self, *, index: bool) -> str | None:
        """Its text."""


def plan(
    workload: str | Path | Workload,
    *,
    machine: str | Path | Machine | None = None,
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
        workload: Shipped workload (`cerberus-plan workloads` lists them), file, or another plan's ``workload``.
        machine: Shipped machine, machine file, profile, or another plan's ``machine``; without it this host if
            calibrated, else the catalog's nearest, else the paper's.
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

    Returns:
        ``best`` and ``candidates`` (best first), each with throughput, ``low`` and ``high`` in ``workload.unit``;
        ``verdict`` in words, ``warnings``, ``inputs`` with the origin of every number.

    Raises:
        InputError: No such machine, workload or system, or a bound that cannot be.
        CannotAnswerError: Nothing meets the constraints, or the machine lacks a cost.
    """
    from cerberus_plan.calibration.store import catalog
    from cerberus_plan.choices import constraints_for, machine_for, plan_for, systems_for
    from cerberus_plan.model.machine import Machine
    from cerberus_plan.model.workload import Workload
    from cerberus_plan.reports.notebook import register

    register()
    named = None if machine is None or isinstance(machine, Machine) else _name(machine, "machine")
    chosen = machine if isinstance(machine, Machine) else machine_for(named)
    program = workload if isinstance(workload, Workload) else catalog.workload(_name(workload, "workload"))
    with _naming_arguments():
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
        return plan_for(chosen, program, systems_for(chosen, systems), constraints, objective)


@contextmanager
def _naming_arguments() -> Iterator[None]:
    """Errors name the arguments of `plan` where they named options; other options stay what they are."""
    try:
        yield
    except CerberusError as error:
        known = plan.__annotations__.keys()
        names = {option: option.replace("-", "_") for option in _OPTION.findall(str(error))} | {"system": "systems"}
        told = _OPTION.sub(lambda option: name if (name := names[option[1]]) in known else option[0], str(error))
        raise type(error)(told) from None


def _name(given: object, argument: str) -> str:
    """A name or path as text."""
    if isinstance(given, str) and given:
        return given
    if isinstance(given, os.PathLike):
        return os.fspath(given)
    raise InputError(f"{argument} = {shown(given)} must be a name or the path of a file")


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
    from cerberus_plan.reports.notebook import register

    register()
    return answer(read_fleet(_name(file, "file"), systems_for), pool=workers, seconds=seconds)


def fit(
    n: str | Path | Table | Sequence[float],
    value: Sequence[float] | None = None,
    *,
    predict: float | Sequence[float] | None = None,
) -> Fit:
    """A forecast of throughput at more cores, from a measured curve.

    Args:
        n: A curve file (CSV, ``n,value``), a data frame with such columns, or counts of cores; repeats are welcome.
        value: Throughput at each count, positive, one a count; None with a file or a data frame.
        predict: Counts to forecast; without them doublings up to four times the largest.

    Returns:
        ``predictions``, each with ``n``, ``value``, ``low`` and ``high`` (90 %); ``peak``, ``law_weights``, and in
        ``trusted_to`` the largest count whose interval is narrow enough to choose by.

    Raises:
        InputError: The points are not usable, or values are missing beside counts or given beside a file.
        CannotAnswerError: Two distinct counts only; says what to measure.
    """
    import numpy as np

    from cerberus_plan.calibration.curves.curve import Curve, as_numbers
    from cerberus_plan.calibration.curves.fit import fit_curve
    from cerberus_plan.calibration.curves.read import parse_noted
    from cerberus_plan.reports.notebook import register

    register()
    targets = None if predict is None else np.atleast_1d(as_numbers(predict, "predict"))
    table = _table(n) if value is None else None
    if table is not None:
        return fit_curve(parse_noted(*table)[0], predict=targets)
    if isinstance(n, str | os.PathLike):
        raise InputError("fit takes a curve file or counts with their values, not a file and values")
    if value is None:
        raise InputError("fit needs the value at each count, a data frame, or the path of a curve file")
    return fit_curve(Curve.from_points(n, value), predict=targets)


def fit_splits(
    runs: str | Path | Table | Sequence[Measurement],
    *,
    cores: int | None = None,
    splits: Sequence[tuple[int, int]] | None = None,
) -> SplitFit:
    """A few measured splits carried to all others, as ``cerberus-plan fit SPLITS.csv`` does.

    Args:
        runs: A file (CSV, ``instances,cores_per_instance,value``), a data frame with such columns, or measurements;
            ``value`` is the throughput of all instances together.
        cores: Cores of the machine to choose for; the most that a run used by default.
        splits: Splits to choose from, as (instances, cores of each), none larger than ``cores``; all by default.

    Returns:
        ``splits``, each with ``instances``, ``cores_per_instance``, ``value``, ``low``, ``high`` (90 %),
        ``probability_best`` and ``regret``; ``best`` of them, the one to measure ``next``, and whose the contention is
        (``owner``, as probabilities).

    Raises:
        InputError: The runs or splits are not usable.
    """
    from cerberus_plan.calibration.splits.fit import fit_splits as answer
    from cerberus_plan.calibration.splits.fit import splits_of
    from cerberus_plan.calibration.splits.read import parse_splits
    from cerberus_plan.calibration.store import decode
    from cerberus_plan.reports.notebook import register

    register()
    table = _table(runs)
    measurements = _measurements(runs) if table is None else parse_splits(*table)
    total = None if cores is None else decode.whole(cores, "cores", low=1)
    if splits is not None:
        return answer(measurements, _pairs(splits, total))
    return answer(measurements, None if total is None else splits_of(total))


def _pairs(given: Sequence[tuple[int, int]], cores: int | None) -> list[tuple[int, int]]:
    """Splits that are, and fit the machine."""
    from cerberus_plan.calibration.store import decode

    try:
        pairs = [(m, k) for m, k in given]
    except (TypeError, ValueError):
        pairs = []
    if not pairs:
        raise InputError(f"splits = {shown(given)} must be pairs of instances and cores of each, such as [(2, 8)]")
    asked = [(decode.whole(m, "splits", low=1), decode.whole(k, "splits", low=1)) for m, k in pairs]
    for m, k in asked:
        if cores is not None and m * k > cores:
            raise InputError(f"splits: {m} x {k} needs {m * k} cores, and cores = {cores}; leave it out or raise cores")
    return asked


def _measurements(given: object) -> tuple[Measurement, ...]:
    """Measurements that stand in a list."""
    from cerberus_plan.model.measurement import Measurement

    found = tuple(given) if isinstance(given, Iterable) else ()
    if not found or not all(isinstance(one, Measurement) for one in found):
        raise InputError(
            f"runs = {shown(given)} must be a list of Measurement(instances=2, cores_per_instance=8, value=1300.0), a "
            "data frame with such columns, or the path of a file"
        )
    return found


def _table(given: object) -> tuple[str, str] | None:
    """The text of a file or data frame and what to call it; None for anything else."""
    from cerberus_plan.calibration.store.files import read_text

    if isinstance(given, str | os.PathLike):
        return read_text(Path(given)), str(given)
    if hasattr(given, "to_csv"):
        return str(given.to_csv(index=False)), "data frame"
    return None


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
    target = default_path(this_host()) if path is None else Path(_name(path, "path"))
    if path is None and not target.is_file():
        raise CannotAnswerError("this host has not been calibrated; run: cerberus-plan calibrate")
    return read_profile(target)
