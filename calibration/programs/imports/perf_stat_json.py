"""``perf stat -j``: one JSON object a line.

Shape: ``{"counter-value" : "123.0", "unit" : "msec", "event" : "task-clock", "pcnt-running" : 100.00, ...}``, with
``interval``, ``cpu``, ``core`` or ``thread`` in front under -I, -A and --per-thread. Lines that start with ``#`` are
comments, empty lines are allowed; the counter is a *string*; a line with a metric only continues the one before.
Traps: perf prints to stderr (use ``-o FILE``); in a locale with decimal commas it is not JSON. Versions have written
JSON that is none, which is mended here: a comma before the closing bracket where a metric lacks an event (6.8 to 6.10),
an interval closed too early and a core without its comma (6.0, 6.1), ``nan`` as a metric.
Source: output of perf 6.0 to 6.17.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from cerberus_plan.calibration.programs.imports.perf_events import Count, demand_of, runs, value_of
from cerberus_plan.calibration.programs.imports.results import Imported
from cerberus_plan.calibration.programs.imports.source import Source
from cerberus_plan.calibration.store import decode

EXPECTED = 'a JSON object with "counter-value" and "event"; is this `perf stat -j -o FILE`, under LC_ALL=C?'
PLACES = ("cpu", "core", "socket", "die", "node", "cluster", "cache")
# what perf wrote that is no JSON -> what it meant
SLIPS = (
    (re.compile(r":\s*-?(?:nan|inf)\b"), ": null"),
    (re.compile(r",\s*,"), ", "),
    (re.compile(r",\s*\}\s*$"), "}"),
    (re.compile(r'^(\{\s*"interval"\s*:\s*[\d.]+)\}\s*\{?\s*(?=")'), r"\1, "),
    (re.compile(r'("core"\s*:\s*"[^"]*")\s*(?=")'), r"\1, "),
)


def sniff(text: str) -> bool:
    """Whether some line is an object with a counter."""
    return any(line.lstrip().startswith("{") and '"counter-value"' in line for line in text.splitlines())


def parse(source: Source) -> Imported:
    """The demand of what perf watched, one a run in a file that perf appended to.

    Raises:
        InputError: a line that is neither a comment nor such an object.
    """
    return Imported(demands=tuple(demand_of(source, _counts(source, lines)) for lines in runs(source.lines)))


def _counts(source: Source, lines: Sequence[tuple[int, str]]) -> Iterator[Count]:
    before, now = 0.0, 0.0
    for number, line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        row = _object(line)
        if isinstance(row, dict) and "counter-value" not in row and row.keys() & {"metric-value", "metric-unit"}:
            continue
        if not isinstance(row, dict) or not {"counter-value", "event"} <= row.keys():
            source.refuse(number, repr(line), EXPECTED)
        time = _number(row.get("interval"))
        if time is not None and time != now:
            before, now = now, time
        yield _count(source, number, row, now - before)


def _count(source: Source, number: int, row: dict[str, Any], elapsed: float) -> Count:
    value, unit = value_of(source, number, str(row["counter-value"])), str(row.get("unit") or "")
    busy = _number(row.get("metric-value")) if row.get("metric-unit") == "CPUs utilized" else None
    if busy is None and "interval" in row and elapsed > 0 and unit == "msec":
        busy = (value or 0.0) * 1e-3 / elapsed
    return Count(
        line=number,
        event=str(row["event"]),
        value=value,
        unit=unit,
        running=source.number(str(row.get("pcnt-running", 100.0)), number, "pcnt-running"),
        runtime_ns=_number(row.get("event-runtime")),
        busy=busy,
        interval="interval" in row,
        place=next((str(row[key]) for key in PLACES if key in row), ""),
        group=str(row.get("cgroup") or ""),
    )


def _object(line: str) -> Any:
    """The line as JSON, mended where perf is known to have slipped; None where it is no JSON."""
    mended = line
    for slip, meant in ((None, ""), *SLIPS):
        mended = mended if slip is None else slip.sub(meant, mended)
        try:
            return decode.load_json(mended)
        except (ValueError, RecursionError):
            continue
    return None


def _number(value: object) -> float | None:
    """A number, which some versions write as a string; None where it is none, or none to compute with."""
    try:
        found = float(str(value))
    except ValueError:
        return None
    return found if 0.0 <= found <= decode.LARGEST else None
