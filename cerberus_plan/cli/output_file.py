"""The ``--output`` option of the main command: the answer in a file from which it can be shown again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from cerberus_plan.cli import report_file

OutputFile = Annotated[
    Path | None,
    typer.Option("--output", help="Save the answer to this file; `cerberus-plan FILE` shows it again."),
]


def check(path: Path | None) -> None:
    """Refuse a place that cannot be written before anything is computed for it.

    Raises:
        InputError: the path is a folder, or its folder does not exist.
    """
    if path is not None:
        report_file.check_place(path, "--output")


def write(path: Path, document: Mapping[str, Any]) -> None:
    """Write the answer with the command that made it, and say so on standard error."""
    import json

    from cerberus_plan.calibration.store.files import write_atomically

    kept = {**document, "command": report_file.command()}
    write_atomically(path, json.dumps(kept, allow_nan=False) + "\n")
    typer.echo(f"answer: {path}; `cerberus-plan {path}` shows it again", err=True)
