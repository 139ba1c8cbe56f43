"""What the events of ``perf stat`` mean, whatever text they came in (JSON lines, separated columns, plain text).

Rows of one event are added: intervals (-I), cores (-A), threads and the two kinds of core of a hybrid processor.
Where a summary stands under intervals, it alone counts.
Traps: ``<not supported>`` and ``<not counted>`` are unknown, not zero; a share of running time below 100 % means
that perf counted part of the time and scaled the result up; ``:u`` counts user mode only. ``task-clock`` was
printed in milliseconds without a unit before perf 4.17, is so in nanoseconds since 6.17, and with ``msec`` in
between: the running time beside it, which is nanoseconds always, tells. Of a whole machine (-a) both clocks tick on
idle cores too, so they are kept as counters and are no demand.
Source: perf-stat(1), "CSV FORMAT" and "JSON FORMAT"; output of perf 3.10 to 6.17.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cerberus_plan.calibration.programs.demand import Demand
from cerberus_plan.calibration.programs.imports.source import Source
from cerberus_plan.model.digits import counted

# unit as printed -> factor to SI
UNITS = {"msec": 1e-3, "ms": 1e-3, "ns": 1e-9, "us": 1e-6, "usec": 1e-6, "sec": 1.0, "s": 1.0, "": 1.0}
CLOCKS = ("task-clock", "cpu-clock")
# event -> (field of Demand, factor when no unit is printed)
FIELDS = {
    "task-clock": ("cpu_s", 1e-3),
    "task-clock-msecs": ("cpu_s", 1e-3),
    "duration_time": ("elapsed_s", 1e-9),
    "user_time": ("user_s", 1e-9),
    "system_time": ("system_s", 1e-9),
    "page-faults": ("page_faults", 1.0),
    "faults": ("page_faults", 1.0),
    "major-faults": ("major_faults", 1.0),
    "context-switches": ("context_switches", 1.0),
    "cs": ("context_switches", 1.0),
    "cpu-migrations": ("migrations", 1.0),
    "CPU-migrations": ("migrations", 1.0),
    "migrations": ("migrations", 1.0),
}
# The processor's own events, by what its unit is called: ``cpu_core/cycles/u`` is cycles, as ``cycles:u`` is.
CORES = re.compile(r"^(?:cpu(?:_core|_atom|m_cf)?|armv\d\w*|apple_\w+|cortex\w*|riscv\w*)/([^/]+)/[ukhGHIpPSDWe]*$")
STARTED = re.compile(r"^# started on")
WHOLE = 1e-3  # clocks of a whole machine tick as often as it has CPUs, to this part


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """One row.

    Attributes:
        value: the number counted, or None where perf says that it could not.
        running: percent of the time that it was counted.
        runtime_ns: for how long it was counted, where that is printed.
        busy: "CPUs utilized" beside a clock.
        interval: whether it is of one interval (-I) and not of the whole run.
        place: core, socket or node that it is of, empty if of all.
        group: control group that it is of.
    """

    line: int
    event: str
    value: float | None
    unit: str = ""
    running: float = 100.0
    runtime_ns: float | None = None
    busy: float | None = None
    interval: bool = False
    place: str = ""
    group: str = ""


def value_of(source: Source, line: int, token: str) -> float | None:
    """A counter's number, or None for ``<not supported>`` and ``<not counted>``.

    Raises:
        InputError: neither a number nor one of those.
    """
    token = token.strip()
    if token in ("<not supported>", "<not counted>"):
        return None
    return source.number(token, line, "a counter value, <not supported> or <not counted>")


def runs(lines: Sequence[tuple[int, str]]) -> list[list[tuple[int, str]]]:
    """The lines of each run in a file to which perf appended (``--append``)."""
    found: list[list[tuple[int, str]]] = [[]]
    for number, line in lines:
        if STARTED.match(line) and any(text.strip() for _, text in found[-1]):
            found.append([])
        found[-1].append((number, line))
    return found


def demand_of(source: Source, counts: Iterable[Count], **known: Any) -> Demand:
    """The demand that these rows describe, for the whole of what perf watched.

    Args:
        source: for messages.
        counts: the rows.
        known: fields of the demand that were told beside the rows.

    Raises:
        InputError: no event was counted at all.
    """
    rows = _whole_run(list(counts))
    whole_machine = _of_whole_machine(rows)
    totals: dict[str, float] = {}
    for row in rows:
        if row.value is not None:
            bare = bare_name(row.event)
            totals[bare] = totals.get(bare, 0.0) + row.value * _factor(row, bare)
    if not totals and not known:
        source.refuse(None, f"{counted(len(rows), 'event')} and none counted", "at least one counted event")
    fields: dict[str, Any] = {}
    counters: dict[str, float] = {}
    for bare, total in totals.items():
        if bare not in FIELDS or (bare in CLOCKS and whole_machine):
            counters[bare] = total
        else:
            fields.setdefault(FIELDS[bare][0], total)  # an event under two of its names is counted once
    notes = (*_notes(rows), *_clock_notes(rows, whole_machine))
    return Demand(counters=counters, notes=notes, source=source.name, **{**fields, **known})


def _whole_run(rows: list[Count]) -> list[Count]:
    """The summary alone, where one stands beside intervals."""
    totals = [row for row in rows if not row.interval]
    return totals or rows


def bare_name(event: str) -> str:
    """The event without the processor's unit and without modifiers: ``cpu_core/cycles/u`` is cycles."""
    event = event.strip()
    if inside := CORES.match(event):
        return inside[1]
    return event.rpartition(":")[0] if _is_modified(event) else event


def _is_modified(event: str) -> bool:
    """Whether what follows the last colon are modifiers; in ``sched:sched_switch`` it is a tracepoint."""
    return re.fullmatch(r"[ukhGHIpPSDWe]+", event.rpartition(":")[2]) is not None and ":" in event


def _factor(row: Count, bare: str) -> float:
    """What a row's number is multiplied with to be in SI units."""
    if bare in CLOCKS and not row.unit:
        return _clock_factor(row)
    if bare not in FIELDS and bare not in CLOCKS:
        return 1.0
    return UNITS[row.unit] if row.unit in UNITS and row.unit else FIELDS[bare][1]


def _clock_factor(row: Count) -> float:
    """Seconds in what a clock without a unit counts: the running time tells, else fractions are milliseconds."""
    value = row.value or 0.0
    if row.runtime_ns and value:
        return min((1e-9, 1e-3), key=lambda factor: abs(value * factor * 1e9 / (row.runtime_ns or 1.0) - 1.0))
    return 1e-9 if value == int(value) else 1e-3


def _of_whole_machine(rows: list[Count]) -> bool:
    """Whether the clocks are of CPUs and not of a program.

    Rows of cores or sockets are (-A, --per-socket). So is a ``cpu-clock``, which perf counts under -a, that agrees with
    the ``task-clock`` and ticks for a whole number of CPUs.
    """
    clocks = [row for row in rows if bare_name(row.event) in CLOCKS]
    if any(row.place for row in clocks):
        return True
    return {bare_name(row.event) for row in clocks} == set(CLOCKS) and _all_busy(clocks) is not None


def _all_busy(clocks: Sequence[Count]) -> int | None:
    """The number of CPUs, two or more, that were always busy by these clocks; None if it is no whole number."""
    counts = {round(row.busy) for row in clocks if row.busy}
    if len(counts) != 1 or (cpus := counts.pop()) < 2:
        return None
    return cpus if all(abs(row.busy - cpus) <= WHOLE * cpus for row in clocks if row.busy) else None


def _clock_notes(rows: list[Count], whole_machine: bool) -> Iterator[str]:
    clocks = [row for row in rows if bare_name(row.event) in CLOCKS and row.value is not None]
    if not clocks:
        return
    if whole_machine or all(bare_name(row.event) == "cpu-clock" for row in clocks):
        yield "clocks of a whole machine (-a) tick on idle cores too: counters [s] and no demand"
    elif (cpus := _all_busy(clocks)) is not None:
        yield f"{cpus} CPUs were busy all the time: if perf watched the whole machine (-a), idle time is counted too"


def _notes(rows: list[Count]) -> Iterator[str]:
    missing = sorted({row.event for row in rows if row.value is None})
    counted = {row.event for row in rows if row.value is not None}
    if absent := [event for event in missing if event not in counted]:
        yield f"not counted here: {', '.join(absent)}"
    scaled = sorted({bare_name(row.event) for row in rows if row.value is not None and row.running < 99.995})
    if scaled:
        yield f"perf counted these part of the time and scaled them up: {', '.join(scaled)}"
    user = sorted({bare_name(row.event) for row in rows if re.search(r"[:/]u$", row.event)})
    if user:
        yield f"user mode only: {', '.join(user)}; kernel events need perf_event_paranoid <= 1"
    groups = sorted({row.group for row in rows if row.group})
    if len(groups) > 1:
        yield f"{len(groups)} control groups are added up: {', '.join(groups[:5])}"
