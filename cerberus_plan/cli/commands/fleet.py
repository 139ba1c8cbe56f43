"""`cerberus-plan fleet`: several machines, several workloads with rates: who runs where, at the least cost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cerberus_plan.cli import report_file
from cerberus_plan.cli.json_output import print_document
from cerberus_plan.cli.report_file import ReportFile

if TYPE_CHECKING:
    from concurrent.futures import Executor

# Fewer plans than this are made before other processes would have started.
_FEW = 8
_CANNOT_ANSWER = 1


def fleet(
    file: Annotated[Path, typer.Argument(help="The fleet (TOML): machines, workloads and their rates.")],
    *,
    seconds: Annotated[
        float, typer.Option(help="Time for the integer program, after the plans of single machines.", min=0.1)
    ] = 20.0,
    scheduler: Annotated[str | None, typer.Option(help="Address of a Dask scheduler; default: this machine.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    report: ReportFile = None,
) -> None:
    """Which workload on which machine in which split, so that every rate is kept.

    Exits with 1 where the machines cannot keep all rates, and says which, how much is missing and what to add.
    """
    from cerberus_plan.calibration.store.files import naming
    from cerberus_plan.choices import systems_for
    from cerberus_plan.cli.progress import progress
    from cerberus_plan.planner.fleet.fleet_file import read_fleet
    from cerberus_plan.planner.fleet.offers import distinct
    from cerberus_plan.planner.fleet.plan_fleet import plan_fleet

    report_file.check(report)
    asked = read_fleet(file, systems_for)
    with naming(file), progress("planning machines") as moved, _pool(scheduler, len(distinct(asked)[1])) as pool:
        found = plan_fleet(asked, pool=pool, report=moved, seconds=seconds)
    document = found.to_json()
    if report is not None:
        from cerberus_plan.reports.pages.fleet_page import fleet_page

        page = fleet_page(document, command=report_file.command(), version=report_file.version())
        report_file.write(report, page)
    if as_json:
        print_document(document)
    else:
        from cerberus_plan.reports.text.fleet_text import print_fleet

        print_fleet(document)
    if not found.feasible:
        raise typer.Exit(_CANNOT_ANSWER)


@contextmanager
def _pool(scheduler: str | None, plans: int) -> Iterator[Executor | None]:
    """Where the plans are made: a cluster, this machine's cores, or this process where there are few."""
    from cerberus_plan.cli.replications import executor, usable_cores

    if scheduler is None and (plans < _FEW or usable_cores() == 1):
        yield None
        return
    with executor(scheduler, plans) as pool:
        yield pool
