"""The main job: the best split for a machine and its programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cerberus_plan import __version__
from cerberus_plan.cli import output_file, report_file
from cerberus_plan.cli.json_output import print_document
from cerberus_plan.cli.one_thread import load_numpy
from cerberus_plan.cli.output_file import OutputFile
from cerberus_plan.cli.plan_options import AsJson, PlanOptions, Workloads, asks_for_a_plan
from cerberus_plan.cli.report_file import ReportFile
from cerberus_plan.model.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from cerberus_plan.planner.plan import Plan

# Up to here planning again for each change to kernel or hypervisor takes no noticeable time.
QUICK_CORES = 128
# As `fleet` ends where not every rate can be kept.
_NOT_KEPT = 1

WhatIf = Annotated[
    list[str] | None,
    typer.Option(help="Also plan with a refinement such as queue-lock or nested-paging; repeat, or `all`."),
]
Version = Annotated[bool, typer.Option("--version", help="Print the version.")]


@asks_for_a_plan
def plan(
    ctx: typer.Context,
    *,
    workload: Workloads = None,
    mix: Annotated[str | None, typer.Option(help="Plan workloads together, in this proportion: a=2,b=1.")] = None,
    asked: PlanOptions,
    what_if: WhatIf = None,
    as_json: AsJson = False,
    report: ReportFile = None,
    output: OutputFile = None,
    version: Version = False,
) -> None:
    """How many OS instances, and how big? Predicts every split of the machine and recommends one.

    Without --workload every shipped workload is planned alone. Without --machine the calibration of this host is
    used if there is one, else the catalog's machine that comes close to it, else the 48-core machine of the OS
    clustering paper.

    Exits with 1 where no split carries a rate within its limits, or none keeps them; the closest split is shown.
    """
    if ctx.invoked_subcommand is not None:
        return
    if version:
        typer.echo(f"cerberus-plan {__version__}")
        return
    if not _anything_asked(ctx):
        typer.echo(ctx.get_help())
        return
    load_numpy()
    from cerberus_plan.choices import (
        machine_for,
        plans_for,
        systems_for,
        why_no_costs,
        why_this_machine,
    )

    if mix is not None and (
        workload or what_if or asked.min_cores_per_vm or asked.min_instances or asked.overcommit != 1.0
    ):
        raise InputError(
            "--mix plans its own workloads; leave out --workload, --what-if, --min-instances, --min-cores-per-vm "
            "and --overcommit"
        )
    wishes = asked.wishes()
    if wishes.any and mix is not None:
        raise InputError(
            "--mix shares the machine in a proportion, and one rate or limit would be of which program? Give each its "
            "own rate: write machine and workloads into a file for `cerberus-plan fleet FILE` (docs/fleet.md), which "
            "divides machines among them; or plan each alone with --rate, --slo, --objective, --survive and costs"
        )
    report_file.check(report)
    output_file.check(output)
    changes = changes_for(what_if)
    chosen = machine_for(asked.machine)
    systems = systems_for(chosen, asked.system)
    constraints = asked.constraints(chosen)
    for why in filter(None, (why_this_machine(asked.machine, chosen), why_no_costs(chosen))):
        typer.echo(why, err=True)
    if mix is not None:
        from cerberus_plan.cli.mixtures import answer

        answer(mix, chosen, systems, constraints, as_json=as_json, report=report, output=output)
        return
    plans = plans_for(chosen, workload, systems, constraints, wishes)
    deliver(plans, changes, as_json=as_json, report=report, output=output)
    end(plans)


def end(plans: Sequence[Plan]) -> None:
    """End with what scripts ask for: whether every objective is kept by some split."""
    if any(plan.kept is False for plan in plans):
        raise typer.Exit(_NOT_KEPT)


def deliver(
    plans: Sequence[Plan], changes: Sequence[str], *, as_json: bool, report: Path | None, output: Path | None
) -> None:
    """Write the files that were asked for, and print the plans."""
    document = None
    if report is not None or output is not None or as_json:
        from cerberus_plan.reports.pages.plan_document import plan_document

        # what is read without the command at hand tells what every change would do, where that is quick
        told = (report is not None or output is not None) and plans[0].constraints.cores <= QUICK_CORES
        # an objective is sought again under every change, which takes seconds: only where somebody asks
        told = told and all(plan.objective is None for plan in plans)
        document = plan_document(plans, changes=changes_for(["all"]) if told else changes, asked=changes)
    if report is not None and document is not None:
        write_report(plans, document, report)
    if output is not None and document is not None:
        output_file.write(output, document)
    if as_json:
        print_document(document)
    else:
        show(plans)
        show_changes(plans, changes, document)


def _anything_asked(ctx: typer.Context) -> bool:
    """Whether any option was typed; the context knows, also where the program's own arguments are somebody else's."""
    sources = map(ctx.get_parameter_source, ctx.params)
    return any(source is not None and source.name != "DEFAULT" for source in sources)


def changes_for(names: Sequence[str] | None) -> list[str]:
    """The changes asked for, `all` standing for every one; unknown names are refused at once."""
    if not names:
        return []
    from cerberus_plan.planner.splits.changes import CHANGES, check

    chosen = list(CHANGES) if "all" in names else list(dict.fromkeys(names))
    check(chosen)
    return chosen


def show_changes(plans: Sequence[Plan], changes: Sequence[str], document: Mapping[str, Any] | None) -> None:
    """Print what each change that was asked for makes of each plan, from the document where there is one."""
    if not changes:
        return
    from cerberus_plan.planner.splits.changes import what_if
    from cerberus_plan.reports.text.what_if_text import print_answers

    for at, found in enumerate(plans):
        if document is None:
            answers = [what_if(found, name).to_json() for name in changes]
        else:
            answers = [one for one in document["plans"][at].get("what_if", ()) if one["name"] in changes]
        print_answers(found, answers)


def show(plans: Sequence[Plan]) -> None:
    """Print the plans as tables."""
    from cerberus_plan.reports.text.plan_text import print_plans

    print_plans(plans)


def write_report(
    plans: Sequence[Plan],
    document: Mapping[str, Any],
    path: Path,
    *,
    command: Sequence[str] = (),
    source: Path | None = None,
) -> None:
    """Write the plans as one page; without a command it is the one that is running.

    Args:
        plans: The plans.
        document: What is embedded.
        path: Where to write.
        command: The command that planned, as a list of words.
        source: File that the document is from, for messages.
    """
    from cerberus_plan.calibration.store.files import naming
    from cerberus_plan.reports.pages.plan_page import plan_page

    command = command or report_file.command()
    with naming(source):
        page = plan_page(plans, document=document, command=command, version=document["made_with"])
    report_file.write(path, page)
