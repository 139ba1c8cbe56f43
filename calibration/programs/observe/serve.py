"""A server under load as one command: start it, wait until it answers, warm up, load it, read what it used, stop it.

`observe` and `tune` run `python -m cerberus_plan.calibration.programs.observe.serve SPEC` (`served.command`), pinned,
in place of the user's program. It prints the load's output and, as its last line, what the server alone used during the
counted load: differences of its process tree's counters in /proc, so that start, warm-up and the load's own time are
left out; and how busy its CPUs were meanwhile. Children that end count in their parent once it has waited for them.
{port} in server, load and readiness is a free port of the loopback interface, another one for each instance.
Assumptions: the server stays in the foreground; the load ends by itself. When not to use it: for a server that forks
into the background (give it the option that keeps it in front).
Source: proc(5).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from cerberus_plan.calibration.host.child import ended
from cerberus_plan.calibration.programs.observe.cpus import busy
from cerberus_plan.calibration.programs.observe.group import ends_within
from cerberus_plan.calibration.programs.observe.served import MARK

READY_S = 60.0  # a database recovers, a JVM starts
STOP_S = 10.0
_POLL_S = 0.01
_LOOK_S = 0.25  # how often the sizes of outputs are looked at
_TAIL_BYTES = 2000
_READINGS = 20
MAX_OUTPUT_BYTES = 2**24  # of a load, or of a server's log
_TICKS = os.sysconf("SC_CLK_TCK")
# Where /proc/PID/stat has them, counted after the name: its own, and those of children it has waited for; what is one.
_STAT = {
    "user_s": ((11, 13), _TICKS),
    "system_s": ((12, 14), _TICKS),
    "minor_faults": ((7, 8), 1),
    "major_faults": ((9, 10), 1),
}
_NEVER_SEEN = (FileNotFoundError, ProcessLookupError, PermissionError)
Running = tuple[int, subprocess.Popen[bytes] | None, IO[bytes] | None]


def main() -> None:
    """Run once; exits with 1 and a sentence when server or load fail."""
    spec = json.loads(sys.argv[1])
    port = str(_free_port())
    server, load = ([word.replace("{port}", port) for word in spec[name]] for name in ("server", "load"))
    ready = (spec["ready"] or ("{port}" if "{port}" in " ".join(spec["server"]) else "")).replace("{port}", port)
    with _server(server, spec["pid"]) as (pid, process, said):
        with _asked_to_end(f"while the server had not answered at {ready or 'its port'}", said):
            _until_ready(ready, process, said)
        with _asked_to_end("under load", said):
            _measure(spec, load, pid, process, said)


def _measure(
    spec: dict[str, Any],
    load: Sequence[str],
    pid: int,
    process: subprocess.Popen[bytes] | None,
    said: IO[bytes] | None,
) -> None:
    """Warm up, load, and print what the load said and what the server used."""
    for _ in range(spec["warm_ups"]):
        _load(load, spec["load_cpus"], said)
    cpus = sorted(os.sched_getaffinity(0))  # ours are the server's
    before, quiet, started = settled(pid), busy(cpus), time.perf_counter()
    output, client_s = _load(load, spec["load_cpus"], said)
    elapsed_s, noise, after = time.perf_counter() - started, busy(cpus).since(quiet), settled(pid)
    if process is not None and process.poll() is not None:
        sys.exit(f"the server {ended(process.returncode)} under load{_tail(said)}")
    found = {name: max(after[name] - before[name], 0.0) for name in after}
    record = json.dumps(found | {"elapsed_s": elapsed_s, "client_s": client_s} | asdict(noise))
    sys.stdout.write(f"{output}\n{MARK}{record}\n")


@contextmanager
def _asked_to_end(when: str, said: IO[bytes] | None) -> Iterator[None]:
    """Asked to end (the time is up), say what was going on; the server is ended on the way out."""

    def end(_signum: int, _frame: object) -> None:
        sys.stderr.write(f"ended {when}{_tail(said)}\n")  # now: whoever asked may not wait for the server's end
        sys.exit(1)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def _server(command: Sequence[str], pid: int | None) -> Iterator[Running]:
    """The server's process: one that runs already, or ours, which is ended cleanly."""
    if pid is not None:
        yield pid, None, None
        return
    with tempfile.TemporaryFile() as said:  # apart: what it logs must not be taken for the load's rate
        try:
            process = subprocess.Popen(  # noqa: S603 (the user's server)
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT
            )
        except OSError as error:
            sys.exit(f"cannot start the server {command[0]!r}: {error.strerror}")
        try:
            yield process.pid, process, said
        finally:
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_S)
            process.kill()
            process.wait()


def _until_ready(where: str, process: subprocess.Popen[bytes] | None, said: IO[bytes] | None) -> None:
    """Return once something accepts connections there: a TCP port, or the path of a Unix socket."""
    until = time.monotonic() + READY_S
    while where:
        _bounded("server", said)
        if process is not None and process.poll() is not None:
            code = ended(process.returncode)
            sys.exit(f"the server {code} before it was ready; it must stay in the foreground{_tail(said)}")
        family, address = (socket.AF_INET, ("127.0.0.1", int(where))) if where.isdigit() else (socket.AF_UNIX, where)
        with socket.socket(family) as caller:
            caller.settimeout(1.0)
            with suppress(OSError):
                caller.connect(address)
                return
        if time.monotonic() > until:
            sys.exit(f"the server does not answer at {where} within {READY_S:g} s; check --ready{_tail(said)}")
        time.sleep(_POLL_S)


def _load(command: Sequence[str], cpus: Sequence[int] | None, said: IO[bytes] | None) -> tuple[str, float]:
    """Output and processor time [s] of one load; its output is a file, which what it leaves behind may keep open."""
    ours = os.sched_getaffinity(0)
    with tempfile.TemporaryFile() as output:
        try:
            os.sched_setaffinity(0, cpus or ours)
            process = subprocess.Popen(  # noqa: S603 (the user's load)
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
        except OSError as error:
            sys.exit(f"cannot start the load {command[0]!r}: {error.strerror}")
        finally:
            os.sched_setaffinity(0, ours)
        while not ends_within(process.pid, _LOOK_S):
            _bounded("load", output, process)
            _bounded("server", said, process)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        _bounded("load", output, process)
        output.seek(0)
        text = output.read().decode("utf-8", errors="replace")
    if process.returncode:
        end = text[-_TAIL_BYTES:].rstrip() or "(nothing)"
        sys.exit(f"the load {ended(process.returncode)}; its output ends with\n{end}{_tail(said)}")
    return text, usage.ru_utime + usage.ru_stime


def _bounded(who: str, output: IO[bytes] | None, load: subprocess.Popen[bytes] | None = None) -> None:
    """End the load, and us, before an output has filled the disk."""
    if output is not None and os.fstat(output.fileno()).st_size > MAX_OUTPUT_BYTES:
        if load is not None:
            load.kill()
        sys.exit(f"the {who} wrote more than {MAX_OUTPUT_BYTES // 2**20} MiB; send what is not needed to /dev/null")


def settled(root: int) -> dict[str, float]:
    """What was used, read until it stands still.

    A child that ends while /proc is read is seen neither alive nor waited for. The counters only grow, so the larger of
    two readings is nearer the truth.
    """
    found = used(root)
    for _ in range(_READINGS):
        time.sleep(_POLL_S)
        again = used(root)
        still = again == found
        found = {name: max(found[name], again[name]) for name in found}
        if still:
            break
    return found


def used(root: int) -> dict[str, float]:
    """What a process and its descendants have used since they began [s, counts, bytes].

    Raises:
        SystemExit: There is no such process.
    """
    found = dict.fromkeys((*_STAT, "voluntary_switches", "involuntary_switches", "read_bytes", "written_bytes"), 0.0)
    members = _tree(root)
    if not members:
        sys.exit(f"there is no process {root}")
    for pid, fields in members.items():
        for name, (places, unit) in _STAT.items():
            found[name] += sum(int(fields[place]) for place in places) / unit
        for thread in _entries(Path(f"/proc/{pid}/task")):
            status = _pairs(thread / "status")
            found["voluntary_switches"] += status.get("voluntary_ctxt_switches", 0)
            found["involuntary_switches"] += status.get("nonvoluntary_ctxt_switches", 0)
        moved = _pairs(Path(f"/proc/{pid}/io"))
        found["read_bytes"] += moved.get("read_bytes", 0)
        found["written_bytes"] += moved.get("write_bytes", 0)
    return found


def _tree(root: int) -> dict[int, list[str]]:
    """Fields of /proc/PID/stat after the name, of a process and its descendants."""
    every: dict[int, list[str]] = {}
    for entry in _entries(Path("/proc")):
        if entry.name.isdigit():
            with suppress(*_NEVER_SEEN):
                every[int(entry.name)] = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
    found = {root} & every.keys()
    while more := {pid for pid, fields in every.items() if int(fields[1]) in found} - found:
        found |= more
    return {pid: every[pid] for pid in found}


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except _NEVER_SEEN:
        return []


def _pairs(path: Path) -> dict[str, int]:
    """Numbers of a file of `name: number` lines; nothing of one that we may not read."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except _NEVER_SEEN:
        return {}
    split: list[Any] = [line.split(":", 1) for line in lines]
    return {pair[0]: int(pair[1]) for pair in split if len(pair) == 2 and pair[1].strip().isdigit()}


def _tail(said: IO[bytes] | None) -> str:
    """The end of what the server wrote."""
    if said is None:
        return ""
    said.seek(0, os.SEEK_END)
    said.seek(max(said.tell() - _TAIL_BYTES, 0))
    text = said.read().decode("utf-8", errors="replace").strip()
    return f"; the server wrote\n{text}" if text else ""


if __name__ == "__main__":
    main()
