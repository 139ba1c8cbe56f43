"""A fleet's plan as text: the verdict, who runs where, what room is left; or what is missing and what to add.

Takes the document of ``fleet --json``. When not to use it: for machines; use --json.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cerberus_plan.reports.fleet_words import (
    counted_on,
    expected,
    load,
    loads_note,
    placed,
    proof,
    purchases,
    response,
    room,
    shortfall,
    split_words,
    survives,
    verdict,
)
from cerberus_plan.reports.formats import exact, percent
from cerberus_plan.reports.text.console import literal_console, print_whole


def print_fleet(document: Mapping[str, Any], console: Console | None = None) -> None:
    """Print the plan, or why there is none."""
    out = console or literal_console()
    out.print(Text(" ".join(verdict(document)), style="bold"))
    if document["feasible"]:
        _table(
            out,
            ("workload", "machines", "on", "split of each", "load of each", "99 % within", "unit"),
            [_assignment(document, row) for row in document["assignments"]],
            left=(0, 2, 3, 6),
        )
        _table(
            out,
            ("workload", "rate", "counted on", "expected", "headroom", "risk", "after losses", "unit"),
            [_workload(row) for row in document["workloads"]],
            left=(0, 7),
        )
        out.print(Text(f"{loads_note(document)} {proof(document)}", style="dim"))
    else:
        for line in shortfall(document):
            out.print(Text(line))
        for line in purchases(document):
            out.print(Text(line))
    for row in document["refused"]:
        out.print(Text(f"{row['workload']} cannot run on {row['machine']}: {row['reason']}", style="dim"))
    for warning in document["warnings"]:
        out.print(Text(f"! {warning}", style="yellow"))


def _table(out: Console, headers: Sequence[str], rows: Iterable[Sequence[str]], *, left: Sequence[int]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1, 0, 0))
    for place, header in enumerate(headers):
        table.add_column(header, justify="left" if place in left else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    print_whole(out, table)
    out.print()


def _assignment(document: Mapping[str, Any], row: Mapping[str, Any]) -> tuple[str, ...]:
    unit = next(one["unit"] for one in document["workloads"] if one["name"] == row["workload"])
    return (
        row["workload"], str(row["machines"]), placed(row), split_words(row),
        load(row), response(row), unit,
    )  # fmt: skip


def _workload(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        row["name"], exact(row["rate"]), counted_on(row), expected(row), room(row),
        percent(row["risk"]), survives(row), row["unit"],
    )  # fmt: skip
