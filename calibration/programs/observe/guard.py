"""Nothing outlives its watcher, not even one that is killed (SIGKILL leaves no time to clean up).

Everything we start carries our mark in its environment (pid namespace, pid and start time of the watcher, which no
later process shares). A guard, a process of ours that sleeps on a pipe, wakes when the watcher is gone and ends what
carries the mark; should it be killed too, the next run does it first. Temporary folders bear the mark as well.
Assumption: programs keep their environment. One that clears it (sudo, env -i) survives a killed watcher; a watcher that
ends in any other way ends it too, by process group and as an orphan (`group`).
When not to use it: for children of the planner itself; these hold nothing of the user's.
Source: proc(5), /proc/PID/environ and field 22 of /proc/PID/stat.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from cerberus_plan.calibration.host.child import python

MARK = "CERBERUS_WATCHER"
FOLDER = "cerberus-plan-"
_FORM = re.compile(r"(\d+)\.(\d+)\.(\d+)")
# Rounds of ending: a process may start another between our look and its end.
_ROUNDS = 50
_guards: list[int] = []


def marks() -> list[str]:
    """Marks that we carry ourselves, being watched by somebody."""
    return [mark for mark in os.environ.get(MARK, "").split(":") if mark]


@cache
def own_mark() -> str:
    """The mark of this process."""
    return f"{_namespace()}.{os.getpid()}.{_started(os.getpid())}"


def marked() -> dict[str, str]:
    """The variable that a child of ours carries; the guard runs from now on."""
    return {MARK: ":".join([*marks(), watch()])}


def is_gone(mark: str) -> bool:
    """Whether the watcher with this mark, of our pid namespace, is no more; False for what is no mark of ours."""
    form = _FORM.fullmatch(mark)
    return form is not None and form[1] == _namespace() and form[3] != _started(int(form[2]))


@cache
def watch() -> str:
    """End what earlier watchers left, start our guard, once, and give our mark."""
    end_marked(is_gone)
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER}*"):
        if is_gone(folder.name.removeprefix(FOLDER).partition("-")[0]):
            shutil.rmtree(folder, ignore_errors=True)  # another user's, or being removed by another run
    mark = own_mark()
    reading, writing = os.pipe()
    null = os.open(os.devnull, os.O_RDWR)
    pid = os.posix_spawn(
        sys.executable,
        [*python("-m", __name__), mark, tempfile.gettempdir()],
        {},
        file_actions=[(os.POSIX_SPAWN_DUP2, reading, 0), *((os.POSIX_SPAWN_DUP2, null, fd) for fd in (1, 2))],
        setsid=True,  # no Ctrl-C of the terminal reaches it; it sleeps, so its scheduling group takes nothing
    )
    os.close(reading)
    os.close(null)
    _guards.append(pid)
    atexit.register(_dismiss, pid, writing, os.getpid())
    return mark


def guards() -> frozenset[int]:
    """Our guard, which is a child of ours but none of the user's."""
    return frozenset(_guards)


def _dismiss(pid: int, writing: int, watcher: int) -> None:
    """Send the guard home and see it go."""
    if os.getpid() == watcher:  # not in a fork of ours
        with suppress(OSError):  # somebody killed it
            os.close(writing)
            os.waitpid(pid, 0)


@contextmanager
def temporary_folder() -> Iterator[str]:
    """A folder that is gone after this block, or after the next run if we are killed in it."""
    with tempfile.TemporaryDirectory(prefix=f"{FOLDER}{watch()}-") as folder:
        yield folder


def end_marked(condition: Callable[[str], bool]) -> None:
    """Kill every process that carries a mark which meets the condition, until none is left."""
    for _ in range(_ROUNDS):
        found = [pid for pid, carried in _marked() if any(map(condition, carried))]
        if not found:
            return
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def _marked() -> Iterator[tuple[int, list[str]]]:
    """Processes, other than us, with the marks they carry; those of other users cannot be looked into."""
    key = f"{MARK}=".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(OSError):
                for variable in (entry / "environ").read_bytes().split(b"\0"):
                    if variable.startswith(key):
                        yield int(entry.name), variable.removeprefix(key).decode(errors="replace").split(":")


def _namespace() -> str:
    """Number of our pid namespace: pids of another container mean nothing here."""
    with suppress(OSError):
        return "".join(filter(str.isdigit, str(Path("/proc/self/ns/pid").readlink())))
    return "0"


def _started(pid: int) -> str:
    """When a process started, in ticks since boot; empty when there is none, or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def main() -> None:
    """The guard: wait until the watcher is gone, then end what carries its mark."""
    os.read(0, 1)  # nobody writes: it returns when the last writer has gone
    mark, folders = sys.argv[1:]
    end_marked(lambda carried: carried == mark)
    for folder in Path(folders).glob(f"{FOLDER}{mark}-*"):
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
