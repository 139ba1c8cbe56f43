"""The command line: the main job itself, and other commands imported only when called.

Exit codes: 0 answered, 1 cannot answer, 2 bad usage or input, 130 interrupted. stdout carries data, stderr messages.
"""

from __future__ import annotations

import gc

# Imports allocate a lot and free nothing: collecting garbage during them only costs time.
_collecting = gc.isenabled()
gc.disable()

import importlib
import keyword
import os
import sys
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from cerberus_plan.cli import commands
from cerberus_plan.cli.commands.plan import plan
from cerberus_plan.model.errors import CannotAnswerError, InputError

if _collecting:
    gc.enable()

_EPILOG = """Examples:

cerberus-plan --cores 48 --machine amd48 --max-vms 24

cerberus-plan --cores 64 --workload mine.toml --host-cores 2 --json

cerberus-plan calibrate --quick, then cerberus-plan --cores 16
"""


def command_names() -> list[str]:
    """Names of all commands besides the main one: the modules of ``cerberus_plan.cli.commands``."""
    found = (file.stem for folder in commands.__path__ for file in Path(folder).glob("*.py"))
    return sorted(name.rstrip("_") for name in found if not name.startswith("_") and name != "plan")


class LazyCommands(TyperGroup):
    """A group that imports a command's module when the command is called or helped, not before."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - click's signature
        """All commands in alphabetical order."""
        return command_names()

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - click's signature
        """The command of that name; None, which click reports with suggestions, when there is none."""
        if cmd_name not in command_names():
            return None
        gc.enable()  # other commands may run for long
        module = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name
        function = getattr(importlib.import_module(f"cerberus_plan.cli.commands.{module}"), module)
        app = typer.Typer(add_completion=False)
        settings = getattr(function, "context_settings", None)
        app.command(name=cmd_name, context_settings=settings)(function)
        return typer.main.get_command(app)


app = typer.Typer(cls=LazyCommands, invoke_without_command=True, epilog=_EPILOG, pretty_exceptions_enable=False)
app.callback()(plan)


def main() -> None:
    """Run the command line and exit with its code."""
    gc.disable()  # more imports follow, and a plan leaves little garbage
    try:
        app(prog_name="cerberus-plan")
    except InputError as error:
        _fail(error, 2)
    except CannotAnswerError as error:
        _fail(error, 1)
    except KeyboardInterrupt:
        _fail("interrupted; nothing half-written is left", 130)
    except BrokenPipeError:
        # The reader has seen enough; point stdout elsewhere so that closing it does not fail as well.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    finally:
        gc.freeze()  # the interpreter's last collections need not look at what ends with it


def _fail(message: object, code: int) -> None:
    print(f"cerberus-plan: {message}", file=sys.stderr)  # noqa: T201 - the one place that reports errors
    sys.exit(code)


if __name__ == "__main__":
    main()
