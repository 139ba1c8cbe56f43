"""Keep what was measured by running splits: rows [[measured]] in the user's workload file, which is made when missing.

A new file says of the program only what the runs say: one unit of work takes at most the core-seconds of the most
frugal split. When not to use it: for a workload that is shipped; copy it first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from platform import node

from cerberus_plan.calibration.programs.load_latency import LoadLatency
from cerberus_plan.calibration.splits.measured import Split
from cerberus_plan.calibration.store import catalog
from cerberus_plan.calibration.store.files import write_atomically
from cerberus_plan.calibration.store.measured_rows import append
from cerberus_plan.calibration.store.workload_file import to_toml
from cerberus_plan.model.digits import counted
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.measurement import Measurement
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.verify.repeats import measurement


def check(path: Path) -> None:
    """Refuse early what could not be written after hours of running.

    Raises:
        InputError: The file exists and is no workload, or its folder does not exist.
    """
    if path.exists():
        catalog.workload(str(path.resolve()))
    elif not path.parent.is_dir():
        raise InputError(f"--record {path}: the folder {path.parent} does not exist; create it first")


def keep(
    path: Path,
    runs: Sequence[tuple[Split, float, float]],
    *,
    unit: str,
    latencies: Sequence[tuple[Split, LoadLatency | None]] = (),
    caution: str | None = None,
) -> None:
    """Append runs of splits with their throughput, or make the file.

    Args:
        path: The workload file.
        runs: Splits with their throughput and the share of their cores' time that other programs took.
        unit: Of a new file's throughput.
        latencies: Response times of splits, None of runs that told none.
        caution: What several instances mean, for a new file's plans to say.

    Raises:
        InputError: The file cannot be read or written.
    """
    today = datetime.now(UTC).date().isoformat()
    rows = tuple(measurement(*split, [rate], others=[others], host=node(), date=today) for split, rate, others in runs)
    told = (one.of_split(split, host=node(), date=today) for split, one in latencies if one is not None)
    times = tuple(one for one in told if one is not None)
    if path.exists():
        append(path, rows, times)
    else:
        made = _workload(path.stem, rows, unit)
        note = made.note if caution is None else f"{made.note} Of its splits {caution}."
        write_atomically(path, to_toml(replace(made, latencies=times, note=note)))


def _workload(name: str, rows: Sequence[Measurement], unit: str) -> Workload:
    frugal = min(rows, key=lambda row: row.cores / row.value)
    return Workload(
        name="".join(c if c.isascii() and (c.isalnum() or c in "._+-") else "-" for c in name)[:64] or "tuned",
        description=f"measured: {counted(len(rows), 'run')} of splits",
        unit=unit,
        units_per_cycle=1.0,
        operations={
            "compute": Quantity(
                value=frugal.cores / frugal.value,
                unit="s",
                provenance=Provenance.DERIVED,
                source=f"core-seconds a unit at {frugal.instances} x {frugal.cores_per_instance}, the least seen",
            )
        },
        note="Only whole runs were measured: what contends is in [[measured]], not in the operations.",
        measured=tuple(rows),
    )
