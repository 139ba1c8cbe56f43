"""Changes to a kernel or hypervisor as text: what each would make of the plan.

When not to use it: for machines; use --json.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cerberus_plan.planner.plan import Plan
from cerberus_plan.reports.formats import estimate
from cerberus_plan.reports.text.console import literal_console


def print_answers(plan: Plan, answers: Sequence[Mapping[str, Any]], console: Console | None = None) -> None:
    """Print one row a change, the largest gain first.

    Args:
        plan: The plan as it is.
        answers: What each change makes of it, as the plan's JSON has it (``what_if``).
        console: Where to, the terminal by default.
    """
    out = console or literal_console()
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1, 0, 0))
    table.add_column("what if", no_wrap=True)
    costs = plan.objective is not None
    for header in ("best split", _what(plan), *(("cost",) if costs else ()), "gain"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("that is", overflow="fold")
    best = plan.best.to_json()
    table.add_row("as it is", *_cells(plan, best), "", "")
    for answer in sorted(answers, key=lambda answer: -answer["gain"]):
        best, gain = answer["best"], answer["gain"]
        cells = (answer["name"], *_cells(plan, best), f"{gain:.2f}x", answer["says"])
        table.add_row(*cells, style=None if gain > 1.005 or not answer["same_split"] else "dim")
    out.print(Text(f"{plan.workload.name}: if the system were refined", style="bold"))
    out.print(table)
    out.print()


def _what(plan: Plan) -> str:
    """What a gain is of."""
    return plan.workload.unit if plan.objective is None else f"carries {plan.workload.unit}"


def _cells(plan: Plan, candidate: Mapping[str, Any]) -> tuple[str, ...]:
    """Split, what it does, and what it costs where that was asked."""
    cost = () if plan.objective is None else (f"{candidate['cost']:,.10g}",)
    return _split(candidate), _amount(plan, candidate), *cost


def _split(candidate: Mapping[str, Any]) -> str:
    return f"{candidate['system']} {candidate['vms']} x {candidate['split'][0]}"


def _amount(plan: Plan, candidate: Mapping[str, Any]) -> str:
    names = ("throughput", "low", "high") if plan.objective is None else ("headroom", "headroom_low", "headroom_high")
    return estimate(*(candidate[name] for name in names))
