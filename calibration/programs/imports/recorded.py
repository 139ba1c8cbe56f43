"""Files whose measurements belong to a workload: tables of splits, and load generators' response times.

A table (`calibration.splits.read`) tells throughput, latency or both of each split. A load generator's report is of a
split that it does not name: the user does. Its rate is left out: few clients do not saturate a server, and a curve of
clients is read without ``--record``.
When not to use it: for curves and demands; they make a file of their own.
"""

from __future__ import annotations

from collections.abc import Sequence

from cerberus_plan.calibration.programs.load_latency import read_latency
from cerberus_plan.calibration.splits.read import latencies_in, names_splits, splits_in
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.latency.measured import MeasuredLatency
from cerberus_plan.model.measurement import Measurement


def read_recorded(
    files: Sequence[tuple[str, str]], split: tuple[int, int] | None
) -> tuple[tuple[Measurement, ...], tuple[MeasuredLatency, ...]]:
    """Throughputs and latencies of splits.

    Args:
        files: Names and texts.
        split: What load generators loaded; None where none is among the files.

    Raises:
        InputError: A file that holds neither, a report without a split, or a split without a report.
    """
    measured: list[Measurement] = []
    latencies: list[MeasuredLatency] = []
    for name, text in files:
        if names_splits(text, name):
            if split is not None:
                raise InputError(f"{name} names its splits in columns; leave out --split")
            measured += splits_in(text, name)
            latencies += latencies_in(text, name)
        else:
            latencies.append(_reported(name, text, split))
    return tuple(measured), tuple(latencies)


def _reported(name: str, text: str, split: tuple[int, int] | None) -> MeasuredLatency:
    found = read_latency(text)
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
    return one
