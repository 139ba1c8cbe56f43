"""Changes to a kernel or hypervisor as text: what each would make of the plan.

When not to use it: for machines; use --json.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cerberus_plan.planner.plan import Candidate, Plan
from cerberus_plan.planner.splits.changes import Answer
from cerberus_plan.planner.splits.describe import amount
from cerberus_plan.reports.text.console import literal_console


def print_answers(plan: Plan, answers: Sequence[Answer], console: Console | None = None) -> None:
    """Print one row a change, the largest gain first."""
    out = console or literal_console()
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1, 0, 0))
    table.add_column("what if", no_wrap=True)
    for header in ("best split", plan.workload.unit, "gain"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("that is", overflow="fold")
    table.add_row("as it is", _split(plan.best), _amount(plan, plan.best), "", "")
    for answer in sorted(answers, key=lambda answer: -answer.gain):
        best = answer.after.best
        change = answer.change
        cells = (change.name, _split(best), _amount(plan, best), f"{answer.gain:.2f}x", change.says)
        table.add_row(*cells, style=None if answer.gain > 1.005 or not answer.same_split else "dim")
    out.print(Text(f"{plan.workload.name}: if the system were refined", style="bold"))
    out.print(table)
    out.print()


def _split(candidate: Candidate) -> str:
    return f"{candidate.system} {candidate.vms} x {candidate.split[0]}"


def _amount(plan: Plan, candidate: Candidate) -> str:
    return amount(candidate.throughput, plan.workload.unit).removesuffix(plan.workload.unit).strip()
