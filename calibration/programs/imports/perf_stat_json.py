"""``perf stat -j``: one JSON object a line.

Shape: ``{"counter-value" : "123.0", "unit" : "msec", "event" : "task-clock", "pcnt-running" : 100.00, ...}``, with
``interval``, ``cpu`` or ``core`` in front under -I and -A. Lines that start with ``#`` are comments, empty lines
are allowed; the counter is a *string*; a line with a metric only continues the one before.
Traps: perf prints to stderr (use ``-o FILE``); in a locale with decimal commas it is not JSON.
Source: output of perf 6.1 to 6.12.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from cerberus_plan.calibration.programs.imports.perf_events import Count, demand_of, value_of
from cerberus_plan.calibration.programs.imports.results import Imported
from cerberus_plan.calibration.programs.imports.source import Source

EXPECTED = 'a JSON object with "counter-value" and "event"; is this `perf stat -j -o FILE`, under LC_ALL=C?'


def sniff(text: str) -> bool:
    """Whether some line is an object with a counter."""
    return any(line.startswith("{") and '"counter-value"' in line for line in text.splitlines())


def parse(source: Source) -> Imported:
    """The demand of what perf watched.

    Raises:
        InputError: a line that is neither a comment nor such an object.
    """
    return Imported(demands=(demand_of(source, _counts(source)),))


def _counts(source: Source) -> Iterator[Count]:
    for number, line in source.lines:
        if not line.strip() or line.startswith("#"):
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            source.refuse(number, repr(line), EXPECTED)
        if isinstance(row, dict) and "metric-value" in row and "counter-value" not in row:
            continue
        if not isinstance(row, dict) or not {"counter-value", "event"} <= row.keys():
            source.refuse(number, repr(line), EXPECTED)
        yield Count(
            line=number,
            event=str(row["event"]),
            value=value_of(source, number, str(row["counter-value"])),
            unit=str(row.get("unit", "")),
            running=source.number(str(row.get("pcnt-running", 100.0)), number, "pcnt-running"),
        )
