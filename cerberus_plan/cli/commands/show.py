"""`cerberus-plan show FILE`, or `cerberus-plan FILE`: a saved answer again, as text, JSON or page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cerberus_plan import __version__
from cerberus_plan.cli import report_file
from cerberus_plan.cli.commands import plan as planning
from cerberus_plan.cli.json_output import print_document
from cerberus_plan.cli.one_thread import load_numpy
from cerberus_plan.cli.plan_options import AsJson
from cerberus_plan.cli.report_file import ReportFile
from cerberus_plan.model.errors import InputError

# Options of the main command that may stand before the file as well.
_SHARED = ("as_json", "report")


def show(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="File written with `cerberus-plan --output`, or saved from a page.")],
    *,
    as_json: AsJson = False,
    report: ReportFile = None,
) -> None:
    """Show a saved answer: the same text, --json and --report as when it was planned, without planning again.

    `cerberus-plan FILE` is short for it. Two saved answers are compared by `cerberus-plan compare`.
    """
    before = _given_before(ctx)
    as_json, report = as_json or before.get("as_json", False), report or before.get("report")
    report_file.check(report)
    load_numpy()
    from cerberus_plan.planner.saved.answer import read_answer

    answer = read_answer(file)
    if answer.made_with != __version__:
        typer.echo(
            f"answered by cerberus-plan {answer.made_with}; this is {__version__}, which may answer otherwise", err=True
        )
    if answer.mix is not None:
        from cerberus_plan.cli.mixtures import deliver

        deliver(answer.mix, answer.document, as_json=as_json, report=report, command=answer.command)
        return
    if report is not None:
        planning.write_report(answer.plans, answer.document, report, command=answer.command, source=file)
    if as_json:
        print_document(answer.document)
    else:
        planning.show(answer.plans)
        planning.show_changes(answer.plans, answer.changes, answer.document)
    planning.end(answer.plans)


def _given_before(ctx: typer.Context) -> dict[str, Any]:
    """Options given before the file, which the main command has read.

    Raises:
        InputError: One of them would change an answer that is only shown.
    """
    main = ctx.parent
    if main is None:
        return {}
    given = {name for name in main.params if getattr(main.get_parameter_source(name), "name", "") == "COMMANDLINE"}
    for name in sorted(given.difference(_SHARED)):
        raise InputError(
            f"--{name.replace('_', '-')} cannot change a saved answer; plan again without the file, or leave it out"
        )
    return {name: main.params[name] for name in given}
