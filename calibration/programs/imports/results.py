"""What an imported file holds: scaling curves, demands, and what the reader should know about them.

Throughput convention: the values of a curve are always "larger is better". Times become runs per second,
so a curve of times is read as the same work done faster (strong scaling).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cerberus_plan.model.errors import InputError

if TYPE_CHECKING:  # `fit` reads names of columns with this module, and needs no demand
    from cerberus_plan.calibration.programs.demand import Demand

# Names by which people call the number of cores, threads or clients in a parameter scan.
AXES = {
    "cores": ("cores", "core", "cpus", "cpu", "ncpu", "ncpus", "nproc"),
    "threads": ("threads", "thread", "nthreads", "omp_num_threads", "omp_threads", "gomaxprocs", "nt"),
    "processes": (
        *("processes", "process", "procs", "proc", "nprocs", "np", "ranks", "mpi_ranks", "mpi_processes", "mpi"),
        *("workers", "worker", "jobs", "tasks", "p"),
    ),
    "clients": ("clients", "client", "connections", "concurrency", "users"),
    "n": ("n", "j", "x"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The repeated measurements at one n (cores, threads, processes or clients)."""

    n: int
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Throughput against n.

    Attributes:
        series: which of the curves in the file this is; `merge` tells curves of one name and several settings apart.
        settings: what the file says of the workload (its type, scale, block size, ...): curves whose settings differ
            are different curves.
        axis: what n counts: ``cores``, ``threads``, ``processes``, ``clients`` or a parameter's name.
        unit: of the values, per second.
        points: by increasing n, each with all its repeats.

    Raises:
        InputError: no points, or a value that is not a positive number.
    """

    series: str
    axis: str
    unit: str
    points: tuple[Point, ...]
    settings: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.points:
            raise InputError(f"the curve {self.series!r} has no points")
        for point in self.points:
            if point.n < 1 or not all(math.isfinite(value) and value > 0 for value in point.values):
                raise InputError(f"the curve {self.series!r} needs n >= 1 and positive values, not {point}")

    @classmethod
    def of(
        cls,
        pairs: Iterable[tuple[int, float]],
        *,
        series: str,
        axis: str,
        unit: str,
        settings: Mapping[str, str] | None = None,
    ) -> Curve:
        """A curve from (n, value) pairs in any order; equal n are repeats."""
        repeats: dict[int, list[float]] = {}
        for n, value in pairs:
            repeats.setdefault(n, []).append(value)
        points = tuple(Point(n=n, values=tuple(repeats[n])) for n in sorted(repeats))
        return cls(series=series, axis=axis, unit=unit, points=points, settings=dict(settings or {}))

    def to_csv(self) -> str:
        """The curve file that ``cerberus-plan fit`` reads: columns n,value; one row a repeat."""
        rows = [f"{point.n},{value!r}" for point in self.points for value in point.values]
        return "\n".join(["n,value", *rows]) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """Everything found in one file; `notes` are sentences for people."""

    curves: tuple[Curve, ...] = ()
    demands: tuple[Demand, ...] = ()
    notes: tuple[str, ...] = ()


def axis_of(parameter: str) -> str | None:
    """What a parameter of this name counts (cores, threads, ...), or None if its name does not say."""
    name = parameter.lower().strip("-").replace("-", "_")
    bare = re.sub(r"^(n|num|number_of)_|_count$", "", name)
    return next((axis for axis, names in AXES.items() if name in names or bare in names), None)
