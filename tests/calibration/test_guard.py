"""A watcher that is killed outright takes everything with it: at once by its guard, at the latest by the next run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cerberus_plan.calibration.programs.observe.guard import MARK, is_gone, own_mark
from cerberus_plan.calibration.programs.observe.placeholders import divides_itself, environment, fill, known

CPU = min(os.sched_getaffinity(0))
WATCHER = (
    "import sys\n"
    "from cerberus_plan.calibration.programs.observe.process import run\n"
    "from cerberus_plan.calibration.programs.observe.signals import Signals\n"
    "with Signals() as signals:\n"
    f"    run(sys.argv[1:], cpus=[{CPU}], timeout_s=None, signals=signals)\n"
)
# A program with a child in a session of its own; both write down who they are.
PROGRAM = "setsid sleep 98 & echo $! > {0}/child.new; mv {0}/child.new {0}/child; echo $$ > {0}/own; sleep 97"


def alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def wait_for(condition: object, seconds: float = 60.0) -> None:
    """Wait until a function says yes; a busy host starts a child in many seconds."""
    until = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < until
        time.sleep(0.02)


def started(folder: Path) -> tuple[subprocess.Popen[bytes], list[int]]:
    """A watcher with its program, and the program's pids."""
    watcher = subprocess.Popen([sys.executable, "-P", "-c", WATCHER, "sh", "-c", PROGRAM.format(folder)])
    files = [folder / "own", folder / "child"]
    wait_for(lambda: all(file.exists() and file.read_text().strip() for file in files))
    return watcher, [int(file.read_text()) for file in files]


def guard_of(watcher: int) -> int:
    """The pid of a watcher's guard."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = file.read_text().split("\0")
        except OSError:
            continue
        if "cerberus_plan.calibration.programs.observe.guard" in words and any(f".{watcher}." in w for w in words):
            return int(file.parent.name)
    raise AssertionError("there is no guard")


def test_kill_takes_the_program_along(tmp_path: Path) -> None:
    """SIGKILL of the watcher: the program, its child in another session and the guard are gone."""
    watcher, pids = started(tmp_path)
    guard = guard_of(watcher.pid)
    watcher.kill()
    watcher.wait()
    wait_for(lambda: not any(map(alive, [*pids, guard])))


@pytest.mark.slow
def test_the_next_run_ends_what_a_killed_guard_left(tmp_path: Path) -> None:
    """Watcher and guard killed together: the program lives on until the next run, and then no longer."""
    watcher, pids = started(tmp_path)
    os.kill(guard_of(watcher.pid), signal.SIGKILL)
    watcher.kill()
    watcher.wait()
    assert all(map(alive, pids))
    subprocess.run([sys.executable, "-P", "-c", WATCHER, "true"], check=True, timeout=60)
    wait_for(lambda: not any(map(alive, pids)))


@pytest.mark.slow
def test_another_watcher_s_programs_are_left_alone(tmp_path: Path) -> None:
    """A run beside ours ends nothing of ours, and ours ends on SIGTERM with all it started."""
    watcher, pids = started(tmp_path)
    subprocess.run([sys.executable, "-P", "-c", WATCHER, "true"], check=True, timeout=60)
    assert all(map(alive, pids))
    watcher.send_signal(signal.SIGTERM)
    watcher.wait(timeout=20)
    wait_for(lambda: not any(map(alive, pids)))


def test_marks_tell_the_living_from_the_dead() -> None:
    """Our own mark lives; one with another start time, as a reused pid has, does not; other words are no marks."""
    namespace, pid, began = own_mark().split(".")
    assert not is_gone(own_mark())
    assert is_gone(f"{namespace}.{pid}.{int(began) + 1}")
    assert not is_gone(f"{int(namespace) + 1}.{pid}.0")  # of another container: not for us to say
    assert not is_gone("anything")
    assert MARK not in os.environ or own_mark() not in os.environ[MARK]


@pytest.mark.parametrize(
    ("command", "itself"),
    [
        (["mpirun", "-n", "{instances}", "./prog"], True),
        (["./prog", "--shard", "{instance}/{instances}"], False),
        (["./prog", "-t", "{cores}"], False),
        (["./prog"], False),
    ],
)
def test_placeholders_say_who_divides(command: list[str], itself: bool) -> None:
    """{instances} alone means that the command starts its instances."""
    assert divides_itself(command) is itself


def test_placeholders_are_filled_and_others_kept() -> None:
    """Every name in arguments and environment; the program's own braces stay."""
    values = known(instances=4, instance=2, cores=3, cpus=[0, 1, 5])
    filled = fill(["{instance}/{instances}", "-t{threads}", "{cores}", "{cpus}", "{other} {}"], values)
    assert filled == ["2/4", "-t3", "3", "0-1,5", "{other} {}"]
    assert environment(values)["CERBERUS_CPUS"] == "0-1,5"
