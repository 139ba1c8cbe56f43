"""The command line's commands: the main one, and others imported only when called."""

from __future__ import annotations

import gc
import importlib
import keyword
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from cerberus_plan.cli import commands
from cerberus_plan.cli.commands.plan import plan
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.plain import shown

_EPILOG = """Examples:

cerberus-plan --cores 48 --machine amd48 --max-vms 24

cerberus-plan --cores 64 --workload mine.toml --host-cores 2 --json

cerberus-plan calibrate --quick, then cerberus-plan --cores 16

cerberus-plan --cores 48 --output plan.json, then cerberus-plan plan.json
"""


def command_names() -> list[str]:
    """Names of all commands besides the main one: the modules of ``cerberus_plan.cli.commands``."""
    found = (file.stem for folder in commands.__path__ for file in Path(folder).glob("*.py"))
    return sorted(name.rstrip("_") for name in found if not name.startswith("_") and name != "plan")


def help_of(command: Any) -> str:
    """A command's docstring, a line for each paragraph: typer keeps the breaks of the source beside its own."""
    return "\n\n".join(" ".join(text.split()) for text in (command.__doc__ or "").split("\n\n"))


def _instead(name: str) -> str:
    """What somebody who typed a command that is not there may want."""
    from difflib import get_close_matches

    if name == "plan":
        return "a plan needs none: cerberus-plan --cores 48"
    near = get_close_matches(name, command_names(), n=1)
    return f"did you mean {near[0]}?" if near else "--help lists them, and the name of a file shows a saved answer"


class LazyCommands(TyperGroup):
    """A group that imports a command's module when the command is called or helped, not before."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - click's signature
        """All commands in alphabetical order."""
        return command_names()

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is named; a file in its place is a saved answer, to be shown.

        Raises:
            InputError: There is no such command.
        """
        if args and args[0] not in command_names() and (args[0].endswith(".json") or Path(args[0]).is_file()):
            args = ["show", *args]
        if args and args[0] not in command_names() and not args[0].startswith("-") and not ctx.resilient_parsing:
            raise InputError(f"there is no command {shown(args[0])}; {_instead(args[0])}")
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - click's signature
        """The command of that name; None, which click reports with suggestions, when there is none."""
        if cmd_name not in command_names():
            return None
        gc.enable()  # other commands may run for long
        module = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name
        imported = importlib.import_module(f"cerberus_plan.cli.commands.{module}")
        if hasattr(imported, "group"):  # a command with commands of its own
            group = typer.main.get_command(imported.group)
            group.name = cmd_name  # the list of commands names it by this
            return group
        function = getattr(imported, module)
        app = typer.Typer(add_completion=False)
        settings = getattr(function, "context_settings", None)
        app.command(name=cmd_name, help=help_of(function), context_settings=settings)(function)
        return typer.main.get_command(app)


app = typer.Typer(cls=LazyCommands, invoke_without_command=True, epilog=_EPILOG, pretty_exceptions_enable=False)
app.callback(help=help_of(plan))(plan)
