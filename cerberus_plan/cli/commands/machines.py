"""`cerberus-plan machines`: which machines a plan can be made for."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def machines(*, as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False) -> None:
    """List the shipped machines and the calibrated hosts."""
    from cerberus_plan.calibration.store import catalog
    from cerberus_plan.calibration.store.places import profiles

    names = [*catalog.shipped("machines"), *(str(path) for path in profiles())]
    found = [catalog.machine(name) for name in names]
    if as_json:
        rows = [
            {
                "name": m.name,
                "file": n,
                "cores": m.topology.n_cpus,
                "measured": m.measured,
                "unstable": m.unstable,
                "description": m.description,
            }
            for n, m in zip(names, found, strict=True)
        ]
        typer.echo(json.dumps({"machines": rows}, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for header in ("machine", "cores", "numbers", "description"):
        table.add_column(header, justify="right" if header == "cores" else "left", overflow="fold")
    for machine in found:
        origin = "measured here" if machine.measured else "published"
        if machine.unstable:
            origin += ", unstable"
        table.add_row(machine.name, str(machine.topology.n_cpus), origin, machine.description)
    Console(highlight=False).print(table)
