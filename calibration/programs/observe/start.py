"""Starts one pinned process: the only place from which the user's programs are run.

It leads a process group, so that it can be ended with its children, but stays in our session: under sched_autogroup
every session is a scheduling group of its own with its own share of a busy CPU, and a split into more sessions would
get more of the machine than one big instance does (a program without any shared lock seemed to gain 1.5 times).
The affinity is inherited at fork, so it is set on this thread for the moment of starting; a function run between fork
and exec would cost the child page faults that are not its own.
When not to use it: for programs that need a terminal or standard input; it gives them neither.
Source: sched(7), section on autogroups.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from cerberus_plan.calibration.programs.observe import placeholders
from cerberus_plan.calibration.programs.observe.guard import marked
from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.model.errors import InputError


def start(
    command: Sequence[str], *, cpus: Sequence[int], output: IO[bytes], values: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start a command on some CPUs, its output into a file.

    Args:
        command: program and arguments, with placeholders; no shell in between.
        cpus: CPU numbers it may use.
        output: takes standard output and error.
        values: what `placeholders.known` says of this instance.

    Raises:
        InputError: the program cannot be started.
    """
    words = placeholders.fill(command, values)
    mine = {**placeholders.environment(values), **marked()}
    ours = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, cpus)
        return subprocess.Popen(  # noqa: S603 (running the user's command is the purpose)
            words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
            env={**os.environ, **mine},
        )
    except FileNotFoundError as error:
        advice = "; without the quotes its words are program and arguments" if " " in words[0] else ""
        raise InputError(f"there is no program {words[0]!r}; give its path or check PATH{advice}") from error
    except PermissionError as error:
        folder = Path(words[0]).is_dir()
        advice = "it is a folder" if folder else "`chmod +x` makes a file a program; or put its interpreter before it"
        raise InputError(f"cannot run {words[0]!r}: {error.strerror}; {advice}") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"cannot run {words[0]!r} on CPUs {cpu_list(cpus)}: {reason}") from error
    finally:
        os.sched_setaffinity(0, ours)
