"""An observation for a terminal: curve and times, splits, where a unit's core-seconds go, whose contention it is.

When not to use it: for machines; use --json.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from cerberus_plan.model.digits import counted
from cerberus_plan.reports import observe_words as words
from cerberus_plan.reports.formats import digits_known, estimate, number, percent, quantity
from cerberus_plan.reports.text.console import literal_console, print_whole

# Of a rate without its ends.
_MOST_DIGITS = 4


def print_observation(document: Mapping[str, Any], *, work: str) -> None:
    """Print all of it.

    Args:
        document: What ``observe --json`` prints.
        work: What work is counted in, one of it.
    """
    console = literal_console()
    print_whole(console, _table(document, work))
    if mix := document["system_call_mix"]:
        told = ", ".join(f"{family} {number(calls)}" for family, calls in mix.items())
        console.print(f"system calls per {work}: {told}", soft_wrap=True)
    for sentence in document["findings"]:
        console.print(f"- {sentence}", soft_wrap=True)
    for sentence in words.lines(document, work):
        console.print(sentence, soft_wrap=True)
    curve, files = document["curve"], document["files"]
    for name in files:
        console.print(f"wrote {name}", soft_wrap=True)
    if files and len(curve) > 2:
        bends = ",".join(map(str, document["boundaries"]))
        option = f" --boundaries {bends}" if bends else ""
        console.print(f"next: cerberus-plan fit {files[0]}{option}", soft_wrap=True)
    most = curve[-1]["n"]
    rows = [row for row in document["measured"] if row["instances"] * row["cores_per_instance"] == most]
    if len(rows) > 1:
        told = ", ".join(f"{row['instances']} x {row['cores_per_instance']}: {_told(row)}" for row in rows)
        console.print(f"splits of {counted(most, 'core')}, {document['unit']}: {told}", soft_wrap=True)


def _told(row: Mapping[str, Any]) -> str:
    """The rate without its ends, so a value that is its own end, as on a busy host, needs no more digits for them."""
    return number(row["value"], min(digits_known(row["value"], row.get("low"), row.get("high")), _MOST_DIGITS))


def _table(document: Mapping[str, Any], work: str) -> Table:
    curve, medians = document["curve"], words.curve(document)
    table = Table(title=f"{document['program']}: {document['unit']}, and what one {work} takes", title_justify="left")
    for column in ("cores", "throughput", "spread", "speed-up", "user", "system", "faults"):
        table.add_column(column, justify="right")
    for point, demand, middle in zip(curve, document["demands"], medians, strict=True):
        spread = percent((max(point["values"]) - min(point["values"])) / middle[1][0])
        times = (quantity(demand[name] or 0.0, "s") for name in ("user_s", "system_s"))
        speed_up = "1" if middle is medians[0] else words.speed_up(middle, medians[0])
        faults = number(demand["page_faults"] or 0.0)
        table.add_row(str(point["n"]), estimate(*middle[1]), spread, speed_up, *times, faults)
    return table
