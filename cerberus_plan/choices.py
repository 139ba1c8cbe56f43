"""From what the user typed to what the planner takes: machine, systems, constraints, workloads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cerberus_plan.calibration.store import catalog, decode
from cerberus_plan.model.digits import counted
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.objective import CORES, Objective, Prices, Slo
from cerberus_plan.model.plain import shown
from cerberus_plan.model.quantity import UNITS
from cerberus_plan.model.record import Record
from cerberus_plan.model.structure import System
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.plan import MOST_CORES, MOST_OVERCOMMIT, Constraints, Plan
from cerberus_plan.planner.splits.choose import plan

if TYPE_CHECKING:
    from cerberus_plan.planner.placing.distance import Distances

PAPER_MACHINE = "amd48"
# A bound on instances, cores of one or the host's beyond it is a slip: no machine that is planned for has so many.
MOST_INSTANCES = 1_000_000
# What is compared when no --system is given on a machine that was not measured here: what the paper measured.
PAPER_SYSTEMS = ("linux", "xen-linux", "cerberus")


def machine_for(name: str | None) -> Machine:
    """The machine asked for; without a name this host's calibration, the catalog's nearest, the paper's machine."""
    if name is not None:
        return catalog.machine(name)
    return catalog.this_host() or catalog.like_this_host() or catalog.machine(PAPER_MACHINE)


def why_this_machine(name: str | None, machine: Machine) -> str:
    """Why a plan without ``--machine`` is for this machine, and what to do about it; empty where there is no doubt."""
    if name is not None or machine.measured:
        return ""
    near = "the nearest of the catalog to this host" if machine.deployable else "the paper's machine"
    return (
        f"planned for {machine.name}, {near}: this host is not calibrated; `cerberus-plan calibrate --quick` does it, "
        "--machine NAME takes another (`cerberus-plan machines` lists them)"
    )


def why_no_costs(machine: Machine) -> str:
    """What to do about a machine on which nothing takes time; empty where something does."""
    times = [quantity.value for quantity in machine.quantities.values() if quantity.unit == "s"]
    if any(times) or not times:
        return ""
    return (
        f"warning: no time of {machine.name} is above zero ({len(times)} in all), so nothing it does can limit a "
        "program; give [quantities] their values, or leave out those that are not known"
    )


def systems_for(machine: Machine, names: Sequence[str] | None) -> list[System]:
    """The systems asked for; without names the deployable ones of a machine of today, else the paper's.

    Raises:
        InputError: There is no such system.
    """
    if not names:
        if machine.measured or machine.deployable:
            return [system for system in SYSTEMS.values() if system.deployable]
        return [SYSTEMS[name] for name in PAPER_SYSTEMS]
    if isinstance(names, str):
        raise InputError(f"systems = {shown(names)} must be a list of names, such as [{names!r}]")
    for name in names:
        if name not in SYSTEMS:
            raise InputError(f"unknown system {name!r}; known: {', '.join(SYSTEMS)}")
    return [SYSTEMS[name] for name in dict.fromkeys(names)]


def bytes_of(text: str | None, option: str) -> float | None:
    """An amount of memory such as 8GiB in bytes.

    Raises:
        InputError: It is not a positive number with a unit of bytes.
    """
    if text is None:
        return None
    units = {unit: factor for unit, (dimension, factor) in UNITS.items() if dimension == "bytes"}
    if not isinstance(text, str):  # a number from Python: of which unit?
        raise InputError(f"{option} {shown(text)} must be a text with its unit: {', '.join(units)}; such as '8GiB'")
    number = text.rstrip("KMGTiB").strip()
    unit = text[len(text.rstrip("KMGTiB")) :]
    try:
        value = float(number) * units[unit]
    except (ValueError, KeyError):
        value = math.nan
    if not 0.0 < value < math.inf:
        raise InputError(f"{option} {text!r} must be a positive number and a unit: {', '.join(units)}; such as 8GiB")
    return value


def rate_of(text: str | None, option: str = "--rate") -> float | None:
    """A rate such as 20000/s, 20k/s or 1.5M/s, in the workload's unit.

    Raises:
        InputError: It is none.
    """
    if text is None:
        return None
    number = text.strip().removesuffix("/s").strip()
    factor = {"k": 1e3, "M": 1e6, "G": 1e9}.get(number[-1:], 1.0)
    try:
        value = float(number[:-1] if factor > 1.0 else number) * factor
    except ValueError:
        value = math.nan
    if not 0.0 < value < math.inf:
        raise InputError(f"{option} {text!r} must be a positive rate in the workload's unit, such as 20000/s or 20k/s")
    return value


class Wishes(Record):
    """What was asked for beside throughput, by options; None and empty for what was not."""

    rate: float | None = None
    slos: tuple[str, ...] = ()
    kind: str | None = None
    survive: str | None = None
    per_instance: float | None = None
    per_core: float | None = None

    @property
    def any(self) -> bool:
        """Whether any option was given."""
        return self != Wishes()

    def objective(self, machine: Machine, workload: Workload) -> Objective | None:
        """The objective of a workload on a machine: options before what the files say; None when nobody wants any.

        Raises:
            InputError: An option that is none, or options that contradict each other.
        """
        given = workload.objective
        if not self.any and given is None:
            return None
        from cerberus_plan.calibration.store.objective_table import usual_kind

        rate = self.rate if self.rate is not None else given.rate if given else None
        own = given.kind if given else None
        return Objective(
            kind=self.kind or own or usual_kind(rate),
            rate=rate,
            slos=tuple(Slo.parse(text, "--slo") for text in self.slos) or (given.slos if given else ()),
            survive=self.survive or (given.survive if given else ""),
            prices=self._prices(machine.prices),
        )

    def _prices(self, given: Prices | None) -> Prices:
        """Options before the machine's prices; cores where nobody says anything."""
        if self.per_instance is None and self.per_core is None:
            return given or CORES
        base = given or Prices()
        return Prices(
            per_instance=base.per_instance if self.per_instance is None else self.per_instance,
            per_core=base.per_core if self.per_core is None else self.per_core,
            unit=base.unit,
        )


def constraints_for(
    machine: Machine,
    *,
    cores: int | None,
    host_cores: int,
    max_vms: int | None,
    memory_per_instance: str | None = None,
    max_cores_per_vm: int | None = None,
    min_cores_per_vm: int | None = None,
    overcommit: float = 1.0,
    min_vms: int | None = None,
) -> Constraints:
    """The constraints, with all the machine's cores when none are given.

    Raises:
        InputError: The host keeps every core, or a bound cannot be.
    """
    if not isinstance(overcommit, int | float) or not 1.0 <= overcommit <= MOST_OVERCOMMIT:
        raise InputError(
            f"--overcommit {shown(overcommit)} must be from 1 (off) to {MOST_OVERCOMMIT:g} threads or virtual CPUs "
            "a core"
        )
    given = machine.topology.n_cpus if cores is None else decode.whole(cores, "--cores", low=1, high=MOST_CORES)
    host_cores = decode.whole(host_cores, "--host-cores", high=MOST_INSTANCES)
    max_vms, min_vms = _count(max_vms, "--max-vms"), _count(min_vms, "--min-instances")
    max_cores_per_vm = _count(max_cores_per_vm, "--max-cores-per-vm")
    min_cores_per_vm = _count(min_cores_per_vm, "--min-cores-per-vm")
    if host_cores >= given:
        raise InputError(f"--host-cores {host_cores} leaves none of the {given} cores; keep fewer for the host")
    if (max_cores_per_vm or given) < (min_cores_per_vm or 1):
        most = given if max_cores_per_vm is None else max_cores_per_vm
        raise InputError(f"--min-cores-per-vm {min_cores_per_vm} is above the most cores of an instance, {most}")
    if min_vms is not None and min_vms > (max_vms or given - host_cores):
        bound = f"--max-vms {max_vms}" if max_vms else f"the {given - host_cores} cores that they would share"
        raise InputError(f"--min-instances {min_vms} is above {bound}")
    return Constraints(
        cores=given,
        host_cores=host_cores,
        max_vms=max_vms,
        memory_per_instance_bytes=bytes_of(memory_per_instance, "--memory-per-instance"),
        max_cores_per_vm=max_cores_per_vm,
        min_cores_per_vm=min_cores_per_vm,
        overcommit=overcommit,
        min_vms=min_vms,
    )


def _count(given: int | None, option: str) -> int | None:
    """A bound on a number that is at least one, None for no bound."""
    return None if given is None else decode.whole(given, option, low=1, high=MOST_INSTANCES)


def limited(constraints: Constraints, workload: Workload) -> Constraints:
    """The constraints with the workload's own limits where no option gives one."""
    found = {name: most for name, most in workload.limits.items() if getattr(constraints, name) is None}
    return replace(constraints, **found) if found else constraints


def plans_for(
    machine: Machine,
    names: Sequence[str] | None,
    systems: Sequence[System],
    constraints: Constraints,
    wishes: Wishes | None = None,
) -> list[Plan]:
    """One plan for each workload asked for, or for every shipped one, chosen for its objective if it has one."""
    chosen = list(dict.fromkeys(names)) if names else catalog.shipped("workloads")
    asked = wishes or Wishes()
    programs = [catalog.workload(name) for name in chosen]
    return [plan_for(machine, each, systems, constraints, asked.objective(machine, each)) for each in programs]


def plan_for(
    machine: Machine,
    workload: Workload,
    systems: Sequence[System],
    constraints: Constraints,
    objective: Objective | None = None,
) -> Plan:
    """The plan of one workload within its own limits and these, for an objective: the given one, else the workload's.

    Raises:
        InputError: A rate or limit for a finite job, or a loss that this machine cannot have.
        CannotAnswerError: Nothing meets the constraints, or the machine lacks a cost.
    """
    objective = Wishes().objective(machine, workload) if objective is None else objective
    if objective is not None and not isinstance(objective, Objective):
        raise InputError(
            f"objective = {shown(objective)} must be an Objective, such as Objective(rate=20000.0) or "
            "Objective(kind='cost'); cerberus_plan has it"
        )
    found = plan(machine, workload, systems, limited(constraints, workload))
    if objective is None:
        return _with_note(found)
    from cerberus_plan.planner.objectives.aim import aimed

    return aimed(found, objective)


def _with_note(found: Plan) -> Plan:
    """The plan; measured response times that it makes no use of are mentioned."""
    count = len(found.workload.latencies)
    if not count:
        return found
    said = f"{counted(count, 'measured response time')} left out, for they count with --rate or --slo alone"
    return replace(found, warnings=(*found.warnings, said))


def distances_for(name: str | None, machine: Machine) -> Distances:
    """Distances between cores: this or the named profile's measured round trips, else what the machine file says."""
    from cerberus_plan.planner.placing.distance import distances_of

    if not machine.measured:
        return distances_of(machine)
    from cerberus_plan.calibration.store.profile import read_profile, this_host_profile

    path = name if name is not None else this_host_profile()
    return distances_of(machine, None if path is None else read_profile(Path(path)).latency)
