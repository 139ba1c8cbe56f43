"""Keeps an observation in three files: curve, demand and workload, each written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from cerberus_plan.calibration.host.identity import this_host
from cerberus_plan.calibration.programs.demand import demands_to_json
from cerberus_plan.calibration.programs.demand_to_workload import smallest, workload_of
from cerberus_plan.calibration.programs.observe.fault_cost import page_fault_cost
from cerberus_plan.calibration.programs.observe.naming import program_name
from cerberus_plan.calibration.programs.observe.observation import Observation, busy_host
from cerberus_plan.calibration.programs.observe.served import apart
from cerberus_plan.calibration.store.files import write_atomically
from cerberus_plan.calibration.store.profile import profile_to_machine, this_host_profile
from cerberus_plan.calibration.store.workload_file import to_toml
from cerberus_plan.model.errors import CannotAnswerError, InputError
from cerberus_plan.model.latency.measured import MeasuredLatency
from cerberus_plan.model.measurement import Measurement
from cerberus_plan.model.workload import Workload

NAMES = ("curve.csv", "demand.json", "workload.toml")


def write(
    observation: Observation,
    files: list[Path],
    *,
    made: Workload | None,
) -> list[str]:
    """Write the three files and give back the names of those written.

    Args:
        observation: what was measured; may be cut short.
        files: as `files_for` gives them.
        made: as `workload_from` gives it; without one there are two files.

    Raises:
        InputError: a file cannot be written there.
        CannotAnswerError: the disk is full or broken.
    """
    curve, demand, workload = files
    write_atomically(curve, observation.curve.to_csv())
    about = {
        "command": observation.plan.text,
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": this_host().to_record(),
        "complete": observation.complete,
    }
    write_atomically(demand, demands_to_json(observation.demands, **about))
    if made is None:
        return [str(curve), str(demand)]
    write_atomically(workload, to_toml(made))
    return [str(curve), str(demand), str(workload)]


def workload_from(
    observation: Observation,
    costs: Mapping[str, float] | None,
    measured: tuple[Measurement, ...] = (),
    latencies: tuple[MeasuredLatency, ...] = (),
) -> Workload | None:
    """What a unit of the program's work asks for; None if it used no measurable processor time.

    Args:
        observation: what was measured; may be cut short.
        costs: as `calibration.programs.demand_to_workload.workload_of` takes them.
        measured: splits that were run.
        latencies: response times of the runs.
    """
    plan = observation.plan
    name = program_name(plan.command if plan.title is None else plan.title.split())
    try:
        moved = observation.extras.memory_bytes
        made = workload_of(smallest(observation.demands), name=name, costs=costs, memory_bytes=moved)
    except CannotAnswerError:
        return None
    busy = busy_host(observation)
    notes = [made.note]
    if busy:
        notes.append(f"While it was observed {busy}: throughput on a quiet host may be higher.")
    if (servers := apart(plan.command)) and any(row.instances > 1 for row in measured):
        notes.append(f"Of its splits {servers}.")
    return replace(made, measured=measured, latencies=latencies, note=" ".join(notes).strip())


def costs_here() -> dict[str, float]:
    """What a fault, a packet and an address-space call cost on this host [s]; without a profile a quick look at faults.

    The part outside a lock is in it: a plan adds that part again.

    Raises:
        InputError: this host has a profile, but it is broken.
    """
    path = this_host_profile()
    if path is None:
        return {"page_fault": page_fault_cost()}
    quantities = profile_to_machine(path).quantities
    parts = {
        "page_fault": ("page_fault", "page_fault_parallel"),
        "packet": ("packet", "packet_parallel"),
        "address_space_call": ("address_space_call",),
    }
    return {
        name: sum(quantities[part].value for part in of if part in quantities)
        for name, of in parts.items()
        if name in quantities
    }


def files_for(output: str) -> list[Path]:
    """The three files of a folder or a start of names, refused now rather than after an hour of runs.

    A name that ends in .toml is the workload's, as the main command takes it; the others stand beside it.

    Raises:
        InputError: the folder is not there or cannot be written to.
    """
    if not output:
        raise InputError("--output '' names no file; give a folder or the start of the names")
    path = Path(output)
    is_folder = path.is_dir() or output.endswith("/")
    folder = path if is_folder else path.parent
    if is_folder:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"--output {output}: cannot make the folder: {error.strerror}") from error
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        raise InputError(f"--output {output}: the folder {folder} is not there or cannot be written to")
    if is_folder:
        return [folder / name for name in NAMES]
    if path.suffix == ".toml":
        return [*(path.with_suffix(f".{name}") for name in NAMES[:2]), path]
    return [path.with_name(f"{path.name}.{name}") for name in NAMES]
