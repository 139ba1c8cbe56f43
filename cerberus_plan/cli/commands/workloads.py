"""`cerberus-plan workloads`: which programs a plan can be made for without a file of one's own."""

from __future__ import annotations

from typing import Annotated

import typer

from cerberus_plan.cli.json_output import print_document


def workloads(*, as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False) -> None:
    """List the shipped workloads."""
    from cerberus_plan.calibration.store import catalog

    found = [catalog.workload(name) for name in catalog.shipped("workloads")]
    if as_json:
        rows = [{"name": w.name, "unit": w.unit, "description": w.description, "note": w.note} for w in found]
        print_document({"workloads": rows}, indent=2)
        return
    from rich.table import Table

    from cerberus_plan.reports.text.console import literal_console

    table = Table(box=None, pad_edge=False, header_style="dim")
    for header in ("workload", "unit", "description"):
        table.add_column(header, overflow="fold")
    for workload in found:
        table.add_row(workload.name, workload.unit, workload.description)
    literal_console().print(table)
