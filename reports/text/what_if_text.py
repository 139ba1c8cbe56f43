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
from cerberus_plan.planner.splits.changes import ranked
from cerberus_plan.reports import what_if_words as words
from cerberus_plan.reports.text.console import literal_console, print_whole


def print_answers(plan: Plan, answers: Sequence[Mapping[str, Any]], console: Console | None = None) -> None:
    """Print one row a change, what is most worth having first.

    Args:
        plan: The plan as it is.
        answers: What each change makes of it, as the plan's JSON has it (``what_if``).
        console: Where to, the terminal by default.
    """
    out = console or literal_console()
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1, 0, 0))
    table.add_column("what if", no_wrap=True)
    for header in words.headings(plan):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_row("as it is", *words.as_it_is(plan))
    told = ranked(plan.objective, answers)
    for answer in told:
        style = None if words.worthwhile(plan, answer) else "dim"
        table.add_row(answer["name"], *words.cells(plan, answer), style=style)
    out.print(Text(f"{plan.workload.name}: if the system were refined", style="bold"))
    print_whole(out, table)
    for answer in told:  # below, for a column of sentences would leave them two letters a line
        out.print(Text(f"  {answer['name']}: {answer['says']}", style="dim"))
    out.print()
