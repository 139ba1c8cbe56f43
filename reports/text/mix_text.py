"""A mixture of workloads as text: who gets which instances, what each then does, and what it gives up.

When not to use it: for machines; use --json.
"""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cerberus_plan.planner.mixtures.mix_plan import MixPlan, Part, sizes
from cerberus_plan.reports.formats import ends, estimate, number, percent
from cerberus_plan.reports.text.console import literal_console, print_whole


def print_mix(plan: MixPlan, console: Console | None = None) -> None:
    """Print the verdict, the allocation and the systems that were not chosen."""
    out = console or literal_console()
    out.print(Text(plan.verdict, style="bold"))
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1, 0, 0))
    for header in ("workload", "instances", "cores", "throughput", "90 %", "alone"):
        table.add_column(header, justify="left" if header == "workload" else "right", no_wrap=header != "instances")
    for part in plan.parts:
        table.add_row(*_cells(part))
    print_whole(out, table)
    for name, level in plan.others:
        out.print(Text(f"with {name} instead: {number(level)} times its share", style="dim"))
    for name, reason in plan.refused:
        out.print(Text(f"not with {name}: {reason}", style="dim"))


def _cells(part: Part) -> tuple[str, ...]:
    return (
        f"{part.workload.name} ({percent(part.share)})",
        sizes(part.split),
        str(sum(part.split)),
        estimate(part.throughput, part.low, part.high, part.workload.unit),
        ends(part.low, part.high, "-"),
        number(part.alone),
    )
