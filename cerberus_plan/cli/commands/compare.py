"""`cerberus-plan compare`: what changed between two saved answers, and why."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from cerberus_plan.cli import report_file
from cerberus_plan.cli.json_output import print_document
from cerberus_plan.cli.one_thread import load_numpy
from cerberus_plan.cli.plan_options import AsJson
from cerberus_plan.cli.report_file import ReportFile


def compare(
    before: Annotated[Path, typer.Argument(help="The first answer, written with `cerberus-plan --output`.")],
    after: Annotated[Path, typer.Argument(help="The second answer.")],
    *,
    as_json: AsJson = False,
    report: ReportFile = None,
) -> None:
    """What changed between two saved answers, and why: another machine, new measurements, another version.

    Plans again with one group of inputs at a time taken from the second answer, so that the change of throughput is
    shared out among them. Exit code 0 whether or not something changed.
    """
    load_numpy()
    report_file.check(report)
    from cerberus_plan.planner.saved.answer import read_answer
    from cerberus_plan.planner.saved.compare import compare as compared

    answers = [read_answer(file) for file in (before, after)]
    found = compared(*answers)
    files = {
        name: {"file": str(answer.path), "made_with": answer.made_with}
        for name, answer in zip(("before", "after"), answers, strict=True)
    }
    document = {**files, "workloads": [one.to_json() for one in found]}
    if report is not None:
        from cerberus_plan.reports.pages.compare_page import compare_page

        page = compare_page(found, document, command=report_file.command(), version=report_file.version())
        report_file.write(report, page)
    if as_json:
        print_document(document)
        return
    from cerberus_plan.reports.text.compare_text import print_comparisons

    print_comparisons(found, shutil.get_terminal_size().columns)
