"""An audit for a terminal: the sentence, and a table of the deviations."""

from __future__ import annotations

from cerberus_plan.planner.audit.deviation import Verdict
from cerberus_plan.reports.audit_words import price_words
from cerberus_plan.reports.text.console import literal_console, print_whole


def print_audit(verdict: Verdict, sentence: str) -> None:
    """The sentence, and a table of the deviations where there are any."""
    console = literal_console()
    console.print(sentence, style="bold" if verdict.deviations else None)
    if not verdict.deviations:
        return
    from rich.table import Table

    table = Table()
    for column in ("instance", "kind", "deviation", "price", "seen in"):
        table.add_column(column, overflow="fold")
    for each in verdict.deviations:
        table.add_row(each.instance, each.kind, each.what, price_words(each.price), each.source)
    print_whole(console, table)
