"""Files whose measurements belong to a workload: tables of splits, and load generators' response times.

A table (`calibration.splits.read`) tells throughput, latency or both of each split. A load generator's report is of a
split that it does not name: the user does. Its rate is left out: few clients do not saturate a server, and a curve of
clients is read without ``--record``. What is read and makes no row is told.
When not to use it: for curves and demands; they make a file of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cerberus_plan.calibration.programs.load_latency import read_latency, why_not
from cerberus_plan.calibration.splits.read import ignored_in, is_table, latencies_in, splits_in
from cerberus_plan.calibration.store.latency_fields import FIELDS
from cerberus_plan.model.digits import counted
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.latency.measured import MeasuredLatency
from cerberus_plan.model.measurement import Measurement
from cerberus_plan.model.plain import shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Throughputs and latencies of splits, and what else the files say that people should know."""

    measured: tuple[Measurement, ...]
    latencies: tuple[MeasuredLatency, ...]
    notes: tuple[str, ...]


def read_recorded(files: Sequence[tuple[str, str]], split: tuple[int, int] | None) -> Recorded:
    """What files tell of splits.

    Args:
        files: Names and texts.
        split: What load generators loaded; None where none is among the files.

    Raises:
        InputError: A file that holds neither, a report without a split, or a split without a report; a report of a run
            that failed, broke off or was offered more than it carried.
    """
    measured: list[Measurement] = []
    latencies: list[MeasuredLatency] = []
    notes: list[str] = []
    for name, text in files:
        if is_table(text, name):
            if split is not None:
                raise InputError(f"{name} names its splits in columns; leave out --split")
            rows, times = splits_in(text, name), latencies_in(text, name)
            if not rows and not times:
                raise InputError(f"{name}: there is a header but no split; add lines such as 2,8,1234.5")
            measured += rows
            latencies += times
            notes += _left_out(name, text)
        else:
            latencies.append(_reported(name, text, split, notes))
    return Recorded(measured=tuple(measured), latencies=tuple(latencies), notes=tuple(notes))


def _left_out(name: str, text: str) -> list[str]:
    """Columns that make no row."""
    ignored = ignored_in(text, name)
    if not ignored:
        return []
    columns = f"{'column' if len(ignored) == 1 else 'columns'} {', '.join(map(shown, ignored))}"
    return [f"{name}: {columns} left out; response times are read from {', '.join(FIELDS)}"]


def _reported(name: str, text: str, split: tuple[int, int] | None, notes: list[str]) -> MeasuredLatency:
    """The response time of a report; what else is to be said of it is added to the notes."""
    found = read_latency(text)
    if found is None and (reason := why_not(text)):
        raise InputError(f"{name} is not recorded: {reason}")
    if found is None:
        raise InputError(
            f"{name} is neither a table of splits (instances,cores_per_instance,...) nor a report of wrk, wrk2, "
            "memtier_benchmark or pgbench with a response time; wrk tells percentiles with --latency"
        )
    if split is None:
        raise InputError(f"{name} does not say what was loaded; give --split, such as --split 2x8 for two of 8 cores")
    one = found.of_split(split)
    if one is None:
        raise InputError(
            f"{name} is of {found.clients} clients, fewer than the {split[0]} instances of --split; each of them must "
            "have one"
        )
    if found.failed:
        notes.append(f"{name}: {counted(found.failed, 'request')} failed, too few to change what the others took")
    return one
