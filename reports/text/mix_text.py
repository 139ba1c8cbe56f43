"""A mixture of workloads as text: who gets which instances, what each then does, and what it gives up.

When not to use it: for machines; use --json.
"""

from __future__ import annotations

from collections import Counter

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cerberus_plan.planner.mixtures.mix_plan import MixPlan, Part
from cerberus_plan.planner.splits.describe import amount
from cerberus_plan.reports.text.console import literal_console


def print_mix(plan: MixPlan, console: Console | None = None) -> None:
    """Print the verdict, the allocation and the systems that were not chosen."""
    out = console or literal_console()
    out.print(Text(verdict(plan), style="bold"))
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1, 0, 0))
    for header in ("workload", "instances", "cores", "throughput", "90 %", "alone"):
        table.add_column(header, justify="left" if header == "workload" else "right", no_wrap=header != "instances")
    for part in plan.parts:
        table.add_row(*_cells(part))
    out.print(table)
    for name, level in plan.others:
        out.print(Text(f"with {name} instead: {level:.2f} times its share", style="dim"))
    for name, reason in plan.refused:
        out.print(Text(f"not with {name}: {reason}", style="dim"))


def verdict(plan: MixPlan) -> str:
    """The answer in one sentence."""
    shares = ", ".join(f"{instances(part)} for {part.workload.name}" for part in plan.parts)
    beside = "beats" if plan.level > 1.0 else "does not beat"
    idle = f" {plan.idle} cores stay idle." if plan.idle else ""
    return (
        f"With {plan.system}, give {shares}: every workload gets at least {plan.level:.2f} times its share of the "
        f"machine, which {beside} taking turns on all of it.{idle}"
    )


def instances(part: Part) -> str:
    """A split in words: "4 x 6 + 1 x 3" cores."""
    return " + ".join(f"{count} x {size}" for size, count in sorted(Counter(part.split).items(), reverse=True))


def _cells(part: Part) -> tuple[str, ...]:
    return (
        f"{part.workload.name} ({part.share:.0%})",
        instances(part),
        str(sum(part.split)),
        amount(part.throughput, part.workload.unit),
        f"{amount(part.low, '')}-{amount(part.high, '')}",
        amount(part.alone, ""),
    )
