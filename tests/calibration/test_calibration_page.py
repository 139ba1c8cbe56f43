"""The page about calibration names the options that there are."""

import re
from pathlib import Path

import typer

from cerberus_plan.cli.commands.calibrate import calibrate
from cerberus_plan.cli.commands.machines import group

PAGE = Path(__file__).resolve().parents[2] / "docs" / "calibration.md"


def test_the_page_and_the_command_have_the_same_options():
    """Each option in the page's text exists, and each option that exists is on the page."""
    app = typer.Typer()
    app.command()(calibrate)
    existing = {name for parameter in typer.main.get_command(app).params for name in parameter.opts}
    written = set(re.findall(r"(?<![\w`-])--[a-z][a-z0-9-]+|(?<=`)--[a-z][a-z0-9-]+", PAGE.read_text()))
    make = typer.main.get_command(group).commands["make"]
    theirs = {"--of", "--csv", "--cores", "--machine"} | {name for each in make.params for name in each.opts}
    assert written - theirs <= existing
    assert {name for name in existing if name.startswith("--")} <= written | {
        "--help",
        "--install-completion",
        "--show-completion",
    }
