"""Options of commands that run a server under load in place of a program: `observe` and `tune`."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import typer

from cerberus_plan.model.errors import InputError

Server = Annotated[
    str | None, typer.Option(help="A server, started for each run instead of a command; {port} is a free port.")
]
Load = Annotated[str | None, typer.Option(help="What loads the server and prints the rate.")]
Ready = Annotated[
    str | None, typer.Option(help="TCP port or Unix socket that answers when the server does. Default: {port}.")
]
WarmUps = Annotated[int, typer.Option(help="Loads of the server before the counted one.")]
LoadCpus = Annotated[str | None, typer.Option(help="CPUs of the load, as in 8-15.", show_default="the server's")]


class Target(NamedTuple):
    """What is run: a command, and for a server what is shown of it, the load's CPUs, and the process it is."""

    command: tuple[str, ...]
    title: str | None = None
    load_cpus: tuple[int, ...] | None = None
    pid: int | None = None


def served_command(
    command: list[str] | None,
    server: str | None,
    load: str | None,
    pid: int | None,
    *,
    ready: str | None,
    warm_ups: int,
    load_cpus: str | None,
) -> Target | None:
    """A server and its load as one command; None without them.

    Raises:
        InputError: options that do not go together.
    """
    if server is None and load is None and pid is None:
        if ready is not None or load_cpus is not None:
            raise InputError("--ready and --load-cpus belong to a --server with its --load")
        return None
    from cerberus_plan.calibration.host.identity import allowed_cpus
    from cerberus_plan.calibration.programs.observe import served
    from cerberus_plan.model.cpu_list import parse_cpu_list

    if command:
        raise InputError("give a command after --, or a --server with its --load, not both")
    cpus = None if load_cpus is None else parse_cpu_list(load_cpus)
    if cpus is not None and (strange := set(cpus) - set(allowed_cpus())):
        raise InputError(f"--load-cpus {load_cpus}: this process may not use CPU {min(strange)}")
    line = served.command(server, load, ready=ready, warm_ups=warm_ups, load_cpus=cpus, pid=pid)
    served.check_programs(server, load or "")
    if server is not None and ready is None and "{port}" not in server:
        typer.echo(
            "the server is taken to be ready at once: it has no {port}, and --ready does not say where", err=True
        )
    return Target(line, served.title(server, load or "", pid), cpus, pid)
