"""The ``--report`` option of the commands, and what goes with every report: the command line and the version."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cerberus_plan.model.errors import InputError

ReportFile = Annotated[Path | None, typer.Option("--report", help="Write one self-contained HTML page to this file.")]


def check(path: Path | None) -> None:
    """Refuse a place that cannot be written before anything is computed for it.

    Raises:
        InputError: the path is a folder, or its folder does not exist.
    """
    if path is None:
        return
    check_place(path, "--report")
    from cerberus_plan.reports.charts.docstrings import keep

    keep()


def check_place(path: Path, option: str) -> None:
    """Refuse a place where no file can be written.

    Raises:
        InputError: the path is a folder, or its folder does not exist.
    """
    if path.is_dir():
        raise InputError(f"{option} {path} is a folder; give the name of a file in it")
    if not path.resolve().parent.is_dir():
        raise InputError(f"{option} {path}: the folder {path.resolve().parent} does not exist; create it first")


def write(path: Path, page: str) -> None:
    """Write the page and say so on standard error."""
    from cerberus_plan.calibration.store.files import write_atomically

    write_atomically(path, page)
    typer.echo(f"report: {path}", err=True)


def command() -> list[str]:
    """The command that is running, as a list of words."""
    return ["cerberus-plan", *sys.argv[1:]]


def version() -> str:
    """Version of the installed program, "unknown" for a bare copy of the source."""
    from importlib import metadata  # takes longer to import than a split to solve

    try:
        return metadata.version("cerberus-plan")
    except metadata.PackageNotFoundError:
        return "unknown"
