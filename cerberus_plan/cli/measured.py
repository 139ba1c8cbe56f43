"""How a command that runs programs ends, once it has told what was measured: `tune` and `verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from cerberus_plan.model.errors import CerberusError

if TYPE_CHECKING:
    from cerberus_plan.calibration.programs.observe.signals import Stopped


def leave(ended: Stopped | CerberusError | None, state: str) -> None:
    """Return where all runs were made; else end as what cut them short says.

    Args:
        ended: A stopping signal, or the failure of a run.
        state: What is known and left, told after a signal.

    Raises:
        CerberusError: The failure.
        Exit: 128 + number of the signal.
    """
    if isinstance(ended, CerberusError):
        raise ended
    if ended is not None:
        typer.echo(f"{ended}: {state}", err=True)
        raise typer.Exit(128 + ended.signum)
