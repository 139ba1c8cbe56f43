"""`cerberus-plan explain`: the laws and the plan's reasoning in formulas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cerberus_plan.cli import report_file
from cerberus_plan.cli.json_output import print_document
from cerberus_plan.cli.plan_options import AsJson, PlanOptions, Workloads, asks_for_a_plan
from cerberus_plan.cli.report_file import ReportFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from cerberus_plan.planner.plan import Candidate, Plan
    from cerberus_plan.planner.splits.explain import Explanation

_SMALL_SHARE = 0.005


@asks_for_a_plan
def explain(
    *,
    workload: Workloads = None,
    asked: PlanOptions,
    best: Annotated[bool, typer.Option("--best", help="Explain the best split even if it leaves cores idle.")] = False,
    as_json: AsJson = False,
    report: ReportFile = None,
) -> None:
    """Why the best split is as fast as it is, and where one OS stops: laws, saturation, collapse, sensitivities."""
    from cerberus_plan.choices import machine_for, plans_for, systems_for, why_no_costs
    from cerberus_plan.planner.splits.explain import explain as explained

    report_file.check(report)
    chosen = machine_for(asked.machine)
    if why := why_no_costs(chosen):
        typer.echo(why, err=True)
    wishes = asked.wishes()
    limits = asked.constraints(chosen)
    plans = plans_for(chosen, workload, systems_for(chosen, asked.system), limits, wishes)
    found = [(plan, [explained(plan, candidate) for candidate in candidates_of(plan, best=best)]) for plan in plans]
    document = {
        "plans": [
            {"workload": plan.workload.name, "explanations": [each.to_json() for each in explanations]}
            for plan, explanations in found
        ]
    }
    if report is not None:
        from cerberus_plan.reports import explain_words as words
        from cerberus_plan.reports.pages.explain_page import explain_page

        verdicts, notes = (
            [plan.verdict for plan in plans],
            [words.which(plan, each[0].candidate) for plan, each in found],
        )
        command, version = report_file.command(), report_file.version()
        report_file.write(report, explain_page(document, verdicts, notes=notes, command=command, version=version))
    if as_json:
        print_document(document)
    else:
        for plan, explanations in found:
            show(plan, explanations)


def candidates_of(plan: Plan, *, best: bool) -> Iterator[Candidate]:
    """The winner, then its contrast: the largest single OS beside a cluster, the best cluster beside a single OS."""
    winner = plan.best if best or plan.objective is not None else plan.best_all_cores or plan.best
    yield winner
    if winner.vms > 1:
        single = [candidate for candidate in plan.candidates if candidate.vms == 1]
        contrast = max(single, key=lambda candidate: (candidate.cores, candidate.throughput), default=None)
    else:
        contrast = next((candidate for candidate in plan.candidates if candidate.vms > 1), None)
    if contrast is not None:
        yield contrast


def show(plan: Plan, explanations: list[Explanation]) -> None:
    """Print what one plan rests on."""
    from rich.text import Text

    from cerberus_plan.planner.splits.describe import expected
    from cerberus_plan.reports import explain_words as words
    from cerberus_plan.reports.formats import number
    from cerberus_plan.reports.text.console import literal_console, print_whole

    console = literal_console()
    console.print(Text.assemble((plan.workload.name, "bold cyan"), "  ", plan.verdict))
    if note := words.which(plan, explanations[0].candidate):
        console.print(Text(note, style="yellow"))
    for explanation in explanations:
        candidate = explanation.candidate
        noun = "threads" if candidate.overcommit > 1.0 else "cores"
        title = f"{candidate.system}, {candidate.vms} x {candidate.split[0]} {noun}"
        console.print(Text(f"\n{title}: {expected(candidate, plan.workload.unit)}", style="bold"))
        print_whole(console, _stations(explanation))
        for finding in explanation.findings:
            console.print(Text.assemble(f"  {finding.says}: ", (number(finding.value), "bold")), soft_wrap=True)
            console.print(Text(f"      {finding.formula}", style="dim"), soft_wrap=True)
    console.print()


def _stations(explanation: Explanation) -> Table:
    from rich.table import Table

    from cerberus_plan.reports import explain_words as words
    from cerberus_plan.reports.formats import percent, relative_gain

    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1, 0, 1))
    table.add_column("station", no_wrap=True)
    table.add_column("of", no_wrap=True)
    table.add_column("time", justify="right")
    table.add_column("1 % cheaper gives", justify="right")
    table.add_column("time for each visit with k there", overflow="fold")
    for line in explanation.stations:
        if line.share < _SMALL_SHARE:
            continue
        numbers = words.numbers(line.numbers)
        table.add_row(line.name, line.scope, percent(line.share), relative_gain(line.gain), f"{line.law}; {numbers}")
    return table
