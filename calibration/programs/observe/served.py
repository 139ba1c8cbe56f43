"""A server and its load as a command that `observe` and `tune` can run, and what its last line tells.

See `serve` for what happens. Kept apart from it because that program is run with nothing else imported.
"""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from cerberus_plan.calibration.host.child import python
from cerberus_plan.calibration.programs.observe.placeholders import divides_itself
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.plain import shown

MARK = "cerberus-plan server: "
_MODULE = "cerberus_plan.calibration.programs.observe.serve"
_MOST_WARM_UPS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerUse:
    """What the server alone used during the counted load, named as in `process.Finished`.

    Beside it: the load's processor time, wherever it ran, and how long the server's CPUs worked or were kept from us.
    """

    elapsed_s: float
    client_s: float
    working_s: float
    stolen_s: float
    user_s: float
    system_s: float
    minor_faults: float
    major_faults: float
    voluntary_switches: float
    involuntary_switches: float
    read_bytes: float
    written_bytes: float


def command(
    server: str | None,
    load: str | None,
    *,
    ready: str | None = None,
    warm_ups: int = 1,
    load_cpus: Sequence[int] | None = None,
    pid: int | None = None,
) -> tuple[str, ...]:
    """The command of one run.

    Args:
        server: as typed in a shell, without its special characters; {port} and all other placeholders are filled in.
        load: likewise; it prints the rate and ends by itself.
        ready: TCP port or path of a Unix socket that answers when the server does; {port} where it is used.
        warm_ups: loads before the counted one.
        load_cpus: CPUs of the load; the server's own when None.
        pid: a server that runs already, instead of one to start.

    Raises:
        InputError: one is missing, both a server and a process are given, or a value is out of its range.
    """
    if (server is None) == (pid is None):
        raise InputError("give either --server COMMAND, to be started for each run, or --pid of one that runs")
    if load is None:
        raise InputError(
            "a server needs a --load COMMAND that prints the rate, such as 'wrk -d2 http://127.0.0.1:{port}/'"
        )
    if not 0 <= warm_ups <= _MOST_WARM_UPS:
        raise InputError(f"--warm-ups must be 0 to {_MOST_WARM_UPS}, not {warm_ups}")
    if ready is not None and not (ready.startswith("/") or ready == "{port}" or _is_port(ready)):
        raise InputError(f"--ready {ready[:60]!r} is neither a TCP port, nor {{port}}, nor the path of a Unix socket")
    spec = {
        "server": _words(server or "", "--server"),
        "load": _words(load, "--load"),
        "ready": ready,
        "warm_ups": warm_ups,
        "load_cpus": None if load_cpus is None else list(load_cpus),
        "pid": pid,
    }
    return tuple(python("-m", _MODULE, json.dumps(spec)))


def title(server: str | None, load: str, pid: int | None) -> str:
    """What is shown of it."""
    return f"{server if server is not None else f'process {pid}'} under {load}"


def as_typed(command: Sequence[str]) -> str:
    """A command for messages: a server and its load in place of what runs them here."""
    if not is_served(command):
        return " ".join(command)
    spec = json.loads(command[-1])
    return title(" ".join(spec["server"]) or None, " ".join(spec["load"]), spec["pid"])


def loads_unlike(command: Sequence[str]) -> str | None:
    """A warning where splits of a server are loaded more or less hard; None where all are alike, or for no server.

    A server that divides itself has one load for all instances.
    """
    if not is_served(command) or divides_itself(command):
        return None
    load = " ".join(json.loads(command[-1])["load"])
    if any(f"{{{name}}}" in load for name in ("cores", "threads", "cpus")):
        return None
    return (
        "each instance gets the same load, so 2 x 1 is loaded twice as hard as 1 x 2: "
        "write the load's threads or clients as {cores}"
    )


def apart(command: Sequence[str]) -> str | None:
    """What several instances of a server mean, which no rate tells; None for a program, or a server that divides."""
    if not is_served(command) or divides_itself(command):
        return None
    return (
        "each instance was a server of its own, with its own data and its own load: a database that cannot be "
        "sharded runs as one instance, whatever several did"
    )


def told(output: str) -> tuple[str, ServerUse | None]:
    """What the load printed, and what our last line tells; None where that is no such line, as of a run that failed.

    When not to use it: for the output of any other program than `serve` (`is_served`), which may print what it likes.
    """
    printed, _, last = output.rstrip().rpartition("\n")
    if not last.startswith(MARK):
        return output, None
    try:
        return printed, ServerUse(**json.loads(last.removeprefix(MARK)))
    except (ValueError, TypeError):  # a failed load's last words, which only look like ours
        return output, None


def is_served(command: Sequence[str]) -> bool:
    """Whether a command is a server and its load, run by `serve`."""
    return _MODULE in command[:-1]


def check_programs(server: str | None, load: str) -> None:
    """Refuse programs that are not there, before anything is started.

    Raises:
        InputError: One is missing, or may not be run.
    """
    for option, text in (("--server", server or ""), ("--load", load)):
        for program in _words(text, option)[:1]:
            if "{" not in program and shutil.which(program) is None:
                raise InputError(f"{option}: there is no program {shown(program)}; give its path or check PATH")


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65536


def _words(text: str, option: str) -> list[str]:
    try:
        found = shlex.split(text)
    except ValueError as error:
        raise InputError(f"{option} {text[:60]!r} cannot be read: {error}") from error
    if not found and option == "--load":
        raise InputError(f"{option} is empty")
    return found
