"""What reports of load generators have in common: runs of some clients, a rate, and percentiles of latency.

Percentiles go into the notes: a curve has no place for them, and they are of the client's side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cerberus_plan.calibration.programs.imports.results import Curve, Imported
from cerberus_plan.calibration.programs.imports.source import Source

SHOWN = 12  # runs whose percentiles are told
CLIENTS = "n counts clients, not cores"


@dataclass(slots=True)
class Run:
    """One run of a load generator.

    Attributes:
        line: where it begins.
        clients: connections of all its threads together; None until they are told.
        rate: requests per second; None until they are told.
        series: which of its tests.
        settings: what it says of the workload.
        latency: percentiles as printed, such as ``p99`` -> ``5.80ms``.
        notes: what else people should know.
    """

    line: int
    clients: int | None = None
    rate: float | None = None
    series: str = "requests"
    settings: dict[str, str] = field(default_factory=dict)
    latency: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def imported(source: Source, runs: Sequence[Run], *, unit: str, expected: str) -> Imported:
    """The curves of these runs, one a series and workload.

    Raises:
        InputError: no run, or one without clients or without a rate above 0.
    """
    if not runs:
        source.refuse(None, "no run", expected)
    pairs: dict[tuple[str, tuple[tuple[str, str], ...]], list[tuple[int, float]]] = {}
    notes: dict[str, None] = {CLIENTS: None}
    for run in runs:
        if run.rate is None:
            source.refuse(run.line, "a run without a rate above 0: it breaks off", f"{expected}; run it to its end")
        if not run.clients or not run.rate:
            what = "a number of clients" if not run.clients else "a rate above 0"
            source.refuse(run.line, f"a run without {what}", expected)
        pairs.setdefault((run.series, tuple(run.settings.items())), []).append((run.clients, run.rate))
        notes |= dict.fromkeys(run.notes)
    for run in [run for run in runs if run.latency][:SHOWN]:
        notes[f"{run.series} at n = {run.clients}: latency {_words(run.latency)}"] = None
    curves = [
        Curve.of(found, series=series, axis="clients", unit=unit, settings=dict(settings))
        for (series, settings), found in pairs.items()
    ]
    return Imported(curves=tuple(curves), notes=tuple(notes))


def _words(latency: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in latency.items())
