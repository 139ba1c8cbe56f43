"""A server under load as one command: its own use is told apart from its start, its warm-up and its load."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.programs.observe import serve, served
from cerberus_plan.calibration.programs.observe.placeholders import fill, known
from cerberus_plan.calibration.programs.observe.served import ServerUse, told
from cerberus_plan.model.errors import InputError

# Burns BURN seconds of processor time at its start and, in a child that ends with it, for each connection.
SERVER = """
import os, signal, socket, sys, time
burn, own = float(sys.argv[2]), float(sys.argv[3])
def work(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until: pass
work(own)
print("rate: 99", flush=True)
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    connection, _ = listener.accept()
    child = os.fork()
    if not child:
        said = connection.recv(1)
        if said: work(burn)
        connection.sendall(said or b"-")
        os._exit(0)
    connection.close()
    os.waitpid(child, 0)
"""
LOAD = """
import socket, sys, time
until = time.process_time() + float(sys.argv[2])
while time.process_time() < until: pass
for _ in range(3):
    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as connection:
        connection.sendall(b"x"); connection.recv(1)
print("rate: 5")
"""


def quoted(script: str, *words: str) -> str:
    """A small Python program as typed in a shell."""
    text = script.replace("'", '"')
    return f"{sys.executable} -I -S -c '{text}' {' '.join(words)}"


def run(server: str, load: str, **options: int) -> subprocess.CompletedProcess[str]:
    """The command, run as `observe` runs it, which ends what a command leaves: `yes` would fill the disk."""
    values = known(instances=1, instance=0, cores=1, cpus=[0])
    command = fill(served.command(server, load, **options), values)  # type: ignore[arg-type]
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, process_group=0)
        try:
            code = process.wait(60)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for text in (out, err):
            text.seek(0)
        return subprocess.CompletedProcess(command, code, out.read(), err.read())


def processes_with(text: str) -> list[str]:
    """Command lines on this host that hold a text."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            found += [line] if text in line else []
    return found


@pytest.mark.slow
@pytest.mark.hardware
@pytest.mark.parametrize("warm_ups", [0, 2])
def test_only_what_the_server_does_under_the_counted_load_counts(warm_ups: int) -> None:
    """0.3 s of its start and 0.3 s of each warm-up are left out; 3 x 0.1 s of children that have ended are in."""
    done = run(quoted(SERVER, "{port}", "0.1", "0.3"), quoted(LOAD, "{port}", "0.2"), warm_ups=warm_ups)
    assert done.returncode == 0, done.stderr
    printed, found = told(done.stdout)
    assert found is not None
    assert 0.28 < found.user_s + found.system_s < 0.45
    assert 0.18 < found.client_s < 0.5
    assert found.elapsed_s > found.client_s
    assert printed.strip() == "rate: 5"  # and not what the server logs


@pytest.mark.slow
@pytest.mark.parametrize(
    ("server", "load", "why"),
    [
        ("sh -c 'echo no disk; exit 3' {port}", "true", "must stay in the foreground; the server wrote\nno disk"),
        ("nonexistent-server {port}", "true", "cannot start the server 'nonexistent-server'"),
        (quoted(SERVER, "{port}", "0", "0"), "sh -c 'echo no; exit 7'", "exit code 7; its output ends with\nno"),
        (quoted(SERVER, "{port}", "0", "0"), "nonexistent-load", "cannot start the load 'nonexistent-load'"),
        ("sh -c 'echo no module; sleep 9'", "false", "ends with\n(nothing); the server wrote\nno module"),
        ("sh -c 'sleep 0.3'", "sleep 1", "ended with exit code 0 under load"),
        ("sleep 60", "yes", "the load wrote more than 16 MiB"),
        ("sh -c 'yes & exec sleep 60'", "sleep 60", "the server wrote more than 16 MiB"),
        ("sh -c 'yes & exec sleep 60' {port}", "true", "the server wrote more than 16 MiB"),
    ],
)  # fmt: skip
def test_what_fails_is_said_and_nothing_stays(server: str, load: str, why: str) -> None:
    """One sentence with the end of the output; the server is stopped."""
    done = run(server, load)
    assert done.returncode == 1
    assert why in done.stderr
    assert "Traceback" not in done.stderr
    assert not processes_with("burn, own")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("server", "load", "when"),
    [
        ("sh -c 'echo booting; exec sleep 60' {port}", "true", "while the server had not answered at "),
        ("sh -c 'echo booting; exec sleep 60'", "sleep 60", "under load"),
    ],
)
def test_what_is_cut_short_says_what_it_was_waiting_for(server: str, load: str, when: str) -> None:
    """Asked to end, as when the time is up: the moment and the server's words, and nothing stays."""
    words = fill(served.command(server, load), known(instances=1, instance=0, cores=1, cpus=[0]))
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, process_group=0) as process:
        time.sleep(1.5)
        os.killpg(process.pid, signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert f"ended {when}" in said
    assert "the server wrote\nbooting" in said
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


@pytest.mark.hardware
@pytest.mark.slow
def test_a_load_ends_when_it_ends_and_not_when_what_it_left_does() -> None:
    """A child in the background has its output too."""
    started = time.monotonic()
    done = run("sleep 60", "sh -c 'sleep 19 & echo rate: 5'")
    printed, found = told(done.stdout)
    assert time.monotonic() - started < 15
    assert found is not None
    assert found.elapsed_s < 10
    assert printed.strip() == "rate: 5"
    for pid in pids_of("sleep\x0019\x00"):
        os.kill(pid, signal.SIGKILL)


def pids_of(line: str) -> list[int]:
    """Processes with this command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cmdline").read_text(errors="replace") == line:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.mark.parametrize(
    ("server", "load", "said"),
    [
        ("/nonexistent/server {port}", "true", "--server: there is no program '/nonexistent/server'"),
        ("true {port}", "no-such-load", "--load: there is no program 'no-such-load'"),
        ("/etc/passwd", "true", "--server: there is no program '/etc/passwd'"),
    ],
)
def test_programs_that_are_not_there_are_bad_input(server: str, load: str, said: str) -> None:
    """As a command that is not there: told before anything runs."""
    with pytest.raises(InputError, match=said):
        served.check_programs(server, load)
    served.check_programs("sh {port}", "sh -c true")
    served.check_programs(None, "{cpus}/load")  # filled in later


def test_messages_show_what_was_typed_and_not_what_runs_it() -> None:
    """A server and its load; any other command as it is."""
    words = served.command("memcached -p {port} -t {cores}", "./gets {port} 'a b'")
    assert served.as_typed(words) == "memcached -p {port} -t {cores} under ./gets {port} a b"
    assert served.as_typed(served.command(None, "./gets 1", pid=7)) == "process 7 under ./gets 1"
    assert served.as_typed(["./program", "--threads", "2"]) == "./program --threads 2"


@pytest.mark.parametrize(
    ("server", "load", "unlike"),
    [
        ("nginx -p {port}", "wrk -t1 http://127.0.0.1:{port}", True),
        ("nginx -p {port}", "wrk -t{cores} http://127.0.0.1:{port}", False),
        ("nginx -p {port}", "wrk -t{threads} http://127.0.0.1:{port}", False),
        ("gunicorn -w {instances} -b :{port}", "wrk -t1 http://127.0.0.1:{port}", False),
        ("server {instance} of {instances}", "wrk -t1 http://127.0.0.1:{port}", True),
    ],
)
def test_loads_that_are_not_alike_in_all_splits_are_told(server: str, load: str, *, unlike: bool) -> None:
    """One load an instance, as large for one core as for all: found with nginx, which seemed to gain twice."""
    assert (served.loads_unlike(served.command(server, load)) is not None) == unlike
    assert served.loads_unlike(["nginx"]) is None


def test_only_servers_started_once_an_instance_are_said_to_share_nothing() -> None:
    """One that divides itself has one set of data; a program is no server."""
    assert "sharded" in (served.apart(served.command("db -p {port}", "load {port}")) or "")
    assert served.apart(served.command("gunicorn -w {instances} -b :{port}", "load {port}")) is None
    assert served.apart(["nginx"]) is None


@pytest.mark.parametrize(
    ("give", "said"),
    [
        (lambda: served.command(None, "load"), "--server"),
        (lambda: served.command("server", None), "--load"),
        (lambda: served.command("server", "load", pid=1), "either"),
        (lambda: served.command("server", "load", warm_ups=-1), "--warm-ups"),
        (lambda: served.command("server", "load", ready="port"), "--ready"),
        (lambda: served.command("server", "load", ready="99999"), "--ready"),
        (lambda: served.command("server 'open", "load"), "--server"),
        (lambda: served.command("server", "  "), "--load"),
    ],
)
def test_what_does_not_go_together_is_refused(give: Callable[[], object], said: str) -> None:
    """Before anything is started."""
    with pytest.raises(InputError, match=said):
        give()


numbers = st.floats(0, 1e12)


@pytest.mark.slow
@given(st.builds(ServerUse, **dict.fromkeys(ServerUse.__dataclass_fields__, numbers)), st.text(max_size=40))
def test_the_last_line_is_read_whatever_the_load_printed(found: ServerUse, output: str) -> None:
    """What is written at the end comes back; without it there was no server."""
    assert told(f"{output}\n{served.MARK}{json.dumps(asdict(found))}\n") == (output, found)
    plain = output.replace(served.MARK, "")
    assert told(plain) == (plain, None)


@pytest.mark.hardware
def test_our_own_use_is_read_as_the_kernel_tells_it() -> None:
    """Times of this process and its children, against os.times; they never shrink."""
    before, begun = serve.used(os.getpid()), os.times()
    until = time.process_time() + 0.05
    while time.process_time() < until:
        pass
    after, ended = serve.used(os.getpid()), os.times()
    told = sum(after[name] - before[name] for name in ("user_s", "system_s"))
    own = ended.user + ended.system - begun.user - begun.system
    assert abs(told - own) < 0.05
    assert all(after[name] >= before[name] for name in ("user_s", "minor_faults"))
