"""`cerberus-plan reproduce`: every published number of the source paper beside the model's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cerberus_plan.cli import report_file
from cerberus_plan.cli.json_output import print_document
from cerberus_plan.cli.report_file import ReportFile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from cerberus_plan.calibration.paper.compare import Comparison, Row

_GROUPS = (
    ("predicted", "Predicted: used for no value"),
    ("calibrated", "Calibrated: in the fit; `left out` is the error when the fit does not see it"),
    ("reported", "Reported only: ambiguous, or beside the aim"),
)


def reproduce(
    *,
    every: Annotated[bool, typer.Option("--all", help="Also list inputs and numbers without a prediction.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")] = False,
    report: ReportFile = None,
) -> None:
    """Every published number beside the model's: what was fitted, what was predicted, and every misfit.

    Exit code 1 when the shipped files miss their aim (12 free numbers, 90 % within 10 %, median 5 %).
    """
    from cerberus_plan.calibration.paper.compare import compare, document

    report_file.check(report)
    comparison = compare()
    if report is not None:
        from cerberus_plan.reports.pages.reproduce_page import reproduce_page

        page = reproduce_page(document(comparison), command=report_file.command(), version=report_file.version())
        report_file.write(report, page)
    if as_json:
        print_document(document(comparison))
    else:
        show(comparison, every=every)
    if not comparison.passed:
        raise typer.Exit(1)


def show(comparison: Comparison, *, every: bool) -> None:
    """Print the verdict, the quantities by role, the orderings and the free numbers."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text(comparison.verdict, style="bold green" if comparison.passed else "bold red"))
    for role, title in _GROUPS:
        rows = [row for row in comparison.rows if row.role == role and row.error is not None]
        _print_table(console, title, rows)
    console.print(Text(comparison.left_out, style="bold"))
    if every:
        known = {id(row) for row in comparison.rows if row.error is not None and row.role != "input"}
        _print_table(console, "Inputs, and numbers the model has none for", _but(comparison.rows, known))
    console.print(Text("\nOrderings and crossovers", style="bold"))
    for _, _, says, holds in comparison.predicates:
        console.print(Text("holds  ", style="green") if holds else Text("FAILS  ", style="red"), end="")
        console.print(says, markup=False, soft_wrap=True)
    _print_free(console, comparison)


def _but(rows: Iterable[Row], known: set[int]) -> list[Row]:
    return [row for row in rows if id(row) not in known]


def _print_table(console: Console, title: str, rows: list[Row]) -> None:
    from rich.table import Table
    from rich.text import Text

    from cerberus_plan.reports.formats import SIGNS, exact, number, signed_percent

    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1, 0, 0))
    table.add_column("quantity", overflow="fold")
    for header in ("published", "model", "error", "left out"):
        table.add_column(header, justify="right", no_wrap=True)
    for row in rows:
        unit = "" if row.unit == "1" else f" {SIGNS.get(row.unit, row.unit)}"
        model = "–" if row.predicted is None else number(row.predicted, 4)
        errors = (signed_percent(row.error), signed_percent(row.error_left_out))
        cells = (row.about, f"{exact(row.published)}{unit}", model, *errors)
        far = row.error is not None and abs(row.error) > 0.1
        table.add_row(*cells, style="yellow" if far else None)
    console.print(Text(f"\n{title}", style="bold"))
    console.print(table)


def _print_free(console: Console, comparison: Comparison) -> None:
    from rich.text import Text

    from cerberus_plan.reports.formats import ends, estimate

    console.print(Text(f"\n{len(comparison.free)} free numbers, 90 % intervals", style="bold"))
    for name, quantity in comparison.free.items():
        scale, unit = (1e6, " µs") if quantity.unit == "s" else (1.0, "")
        low, high = (None if bound is None else scale * bound for bound in (quantity.low, quantity.high))
        value = estimate(scale * quantity.value, low, high)
        console.print(f"{name:38}{value:>8}{unit:3}  {ends(low, high)}", markup=False)
    console.print(
        Text("`python -m cerberus_plan.calibration.paper.refit` repeats the fit; it takes some minutes.", style="dim")
    )
