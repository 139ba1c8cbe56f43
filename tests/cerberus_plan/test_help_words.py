"""Help says what its source says: no word of it is read as a mark of the terminal's."""

from __future__ import annotations

import typer
from rich.text import Text

from cerberus_plan.cli.app import app


def test_help_loses_no_word_to_marks() -> None:
    """``[[measured]]`` was printed as ``[]``: rich took the name of a table for a style."""
    command = typer.main.get_command(app)
    context = typer.Context(command)
    named = {name: command.get_command(context, name) for name in command.list_commands(context)}  # type: ignore[attr-defined]
    commands = {"": command, **named}
    told = {
        (name, parameter.name): text
        for name, one in commands.items()
        for parameter in one.params
        if (text := getattr(parameter, "help", None))
    }
    assert len(told) > 100
    for where, text in told.items():
        assert Text.from_markup(text).plain == text.replace("\\[", "["), where
