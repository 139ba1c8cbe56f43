"""What the events of ``perf stat`` mean, whatever text they came in (JSON lines or separated columns).

Rows of one event are added: intervals (-I), cores (-A) and the two kinds of core of a hybrid processor.
Traps: ``<not supported>`` and ``<not counted>`` are unknown, not zero; a share of running time below 100 %
means that perf counted part of the time and scaled the result up; ``:u`` counts user mode only; ``cpu-clock``
of a whole machine (-a) ticks on idle cores too, so it is kept as a counter and is no demand.
Source: perf-stat(1), "CSV FORMAT" and "JSON FORMAT".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cerberus_plan.calibration.programs.demand import Demand
from cerberus_plan.calibration.programs.imports.source import Source

# unit as printed -> factor to SI
UNITS = {"msec": 1e-3, "ms": 1e-3, "ns": 1e-9, "us": 1e-6, "usec": 1e-6, "sec": 1.0, "s": 1.0, "": 1.0}
# event -> (field of Demand, factor when no unit is printed)
FIELDS = {
    "task-clock": ("cpu_s", 1e-3),
    "duration_time": ("elapsed_s", 1e-9),
    "user_time": ("user_s", 1e-9),
    "system_time": ("system_s", 1e-9),
    "page-faults": ("page_faults", 1.0),
    "faults": ("page_faults", 1.0),
    "major-faults": ("major_faults", 1.0),
    "context-switches": ("context_switches", 1.0),
    "cs": ("context_switches", 1.0),
    "cpu-migrations": ("migrations", 1.0),
    "migrations": ("migrations", 1.0),
}
PMU = re.compile(r"^cpu(?:_core|_atom)?/([^/]+)/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """One row: the number counted, or None where perf says that it could not."""

    line: int
    event: str
    value: float | None
    unit: str = ""
    running: float = 100.0


def value_of(source: Source, line: int, token: str) -> float | None:
    """A counter's number, or None for ``<not supported>`` and ``<not counted>``.

    Raises:
        InputError: neither a number nor one of those.
    """
    token = token.strip()
    if token in ("<not supported>", "<not counted>"):
        return None
    return source.number(token, line, "a counter value, <not supported> or <not counted>")


def demand_of(source: Source, counts: Iterable[Count]) -> Demand:
    """The demand that these rows describe, for the whole of what perf watched.

    Raises:
        InputError: no event was counted at all.
    """
    rows = list(counts)
    totals: dict[str, float] = {}
    for row in rows:
        if row.value is not None:
            name, factor = _meaning(row)
            totals[name] = totals.get(name, 0.0) + row.value * factor
    if not totals:
        source.refuse(None, f"{len(rows)} events and none counted", "at least one counted event")
    known = {name for name, _ in FIELDS.values()}
    fields: dict[str, Any] = {name: totals[name] for name in known & totals.keys()}
    counters = {name: value for name, value in totals.items() if name not in known}
    return Demand(counters=counters, notes=tuple(_notes(rows)), source=source.name, **fields)


def _bare(event: str) -> str:
    """The event without its unit of the processor and without modifiers: ``cpu_core/cycles/u`` is cycles."""
    inside = PMU.match(event)
    return inside[1] if inside else event.split(":", 1)[0] if _is_modified(event) else event


def _is_modified(event: str) -> bool:
    """Whether what follows the colon are modifiers; in ``sched:sched_switch`` it is a tracepoint."""
    return re.fullmatch(r"[ukhGHIpPSDWe]+", event.rpartition(":")[2]) is not None and ":" in event


def _meaning(row: Count) -> tuple[str, float]:
    """The field or counter that a row belongs to, and the factor to SI."""
    bare = _bare(row.event)
    if bare not in FIELDS:
        return bare, 1.0
    name, factor = FIELDS[bare]
    return name, UNITS[row.unit] if row.unit in UNITS and row.unit else factor


def _notes(rows: list[Count]) -> Iterator[str]:
    missing = sorted({row.event for row in rows if row.value is None})
    counted = {row.event for row in rows if row.value is not None}
    if absent := [event for event in missing if event not in counted]:
        yield f"not counted here: {', '.join(absent)}"
    scaled = sorted({_bare(row.event) for row in rows if row.value is not None and row.running < 99.995})
    if scaled:
        yield f"perf counted these part of the time and scaled them up: {', '.join(scaled)}"
    user = sorted({_bare(row.event) for row in rows if _is_modified(row.event) and row.event.endswith(":u")})
    if user:
        yield f"user mode only: {', '.join(user)}; kernel events need perf_event_paranoid <= 1"
