"""Runs of real commands: what they used is counted, and nothing of them stays."""

import json
import os
import shlex
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cerberus_plan.calibration.programs.observe import group, process, served
from cerberus_plan.calibration.programs.observe.meter import Meter
from cerberus_plan.calibration.programs.observe.process import Finished
from cerberus_plan.calibration.programs.observe.served import MARK, ServerUse
from cerberus_plan.calibration.programs.observe.signals import STOPPING, Signals, Stopped
from cerberus_plan.model.errors import CannotAnswerError, InputError

PYTHON = [sys.executable, "-I", "-S", "-c"]  # starts in a few milliseconds
FIELDS = tuple(ServerUse.__dataclass_fields__)
CPU = min(os.sched_getaffinity(0))


def run(script: str, *, timeout_s: float | None = 20.0) -> Finished:
    """A Python script as a command on one CPU."""
    with Signals() as signals:
        return process.run([*PYTHON, script], cpus=[CPU], timeout_s=timeout_s, signals=signals)


def is_alive(pid: int) -> bool:
    """Whether a process exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def written_pid(path: Path) -> int:
    """The process id that a child writes, once it has."""
    until = time.monotonic() + 60  # patience, no bound: a busy host starts a child in many seconds
    while time.monotonic() < until:
        if path.exists() and path.read_text().strip().isdigit():
            return int(path.read_text())
        time.sleep(0.01)
    raise AssertionError(f"nobody wrote {path}")


@contextmanager
def signal_when(path: Path, signum: int) -> Iterator[None]:
    """Send ourselves a signal as soon as a child has written a file."""

    def send() -> None:
        written_pid(path)
        os.kill(os.getpid(), signum)

    thread = threading.Thread(target=send)
    thread.start()
    yield
    thread.join()


def test_a_run_reports_output_and_exit_code() -> None:
    """Both streams are kept in the order written; the exit code is the command's."""
    done = run("import sys; print('out', flush=True); print('err', file=sys.stderr, flush=True); sys.exit(3)")
    assert (done.output, done.exit_code, done.failure) == ("out\nerr\n", 3, "failed with exit code 3")


def test_the_command_runs_on_its_cpus_only_and_we_do_not() -> None:
    """The child has the CPUs it was given; our own affinity is as before."""
    ours = os.sched_getaffinity(0)
    done = run("import os; print(sorted(os.sched_getaffinity(0)))")
    assert done.output == f"[{CPU}]\n"
    assert os.sched_getaffinity(0) == ours


@pytest.mark.slow
def test_times_and_faults_of_descendants_are_counted() -> None:
    """Work of a grandchild counts, and a page touched is a page fault."""
    busy = "n = 3_000_000\nwhile n: n -= 1"
    alone = run("pass")
    done = run(f"import os\npid = os.fork()\nif pid == 0:\n    exec({busy!r})\n    os._exit(0)\nos.waitpid(pid, 0)")
    assert done.user_s > alone.user_s
    touched = run("b = bytearray(40_000_000)\nfor i in range(0, len(b), 4096): b[i] = 1")
    assert touched.minor_faults > alone.minor_faults  # by how many depends on huge pages


def test_a_signal_that_ends_the_command_is_named() -> None:
    """A crash is told by the signal's name."""
    assert run("import os; os.kill(os.getpid(), 11)").failure == "was ended by SIGSEGV"
    assert run("import os; os.kill(os.getpid(), 35)").failure == "was ended by SIG35"


def test_the_tail_is_short() -> None:
    """Messages show the last lines only, and say so when there is none."""
    assert run("for i in range(100): print(i)").tail.split() == [str(i) for i in range(80, 100)]
    assert run("pass").tail == "    (it wrote nothing)"


def test_a_timeout_ends_the_whole_group(tmp_path: Path) -> None:
    """A child of the command that ignores SIGTERM dies with it."""
    pid = tmp_path / "pid"
    script = (
        "import os, signal, time\n"
        "if os.fork() == 0:\n"
        "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"    open({str(pid)!r}, 'w').write(str(os.getpid()))\n"
        "time.sleep(60)"
    )
    done = run(script, timeout_s=1.0)
    assert done.timed_out
    assert done.failure is not None
    assert "its time limit" in done.failure
    assert not is_alive(written_pid(pid))


def test_daemons_are_found_and_ended(tmp_path: Path) -> None:
    """A process that fled into its own session is ended and counted when the command is over."""
    pid = tmp_path / "pid"
    script = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        f"        open({str(pid)!r}, 'w').write(str(os.getpid()))\n"
        "        time.sleep(60)\n"
        "    os._exit(0)\n"
        f"while not (os.path.exists({str(pid)!r}) and open({str(pid)!r}).read()): time.sleep(0.01)"
    )
    done = run(script)
    assert done.failure is None
    assert done.left_behind == 1
    assert not is_alive(written_pid(pid))


@pytest.fixture
def unignored() -> Iterator[None]:
    """Tests may themselves run in the background or under nohup, which ignore SIGINT and SIGHUP."""
    before = {signum: signal.signal(signum, signal.SIG_DFL) for signum in STOPPING}
    yield
    for signum, handler in before.items():
        signal.signal(signum, handler)


@pytest.mark.usefixtures("unignored")
@pytest.mark.parametrize("signum", STOPPING)
def test_being_stopped_leaves_no_process(tmp_path: Path, signum: int) -> None:
    """Ctrl-C, SIGTERM and SIGHUP end command and children, even stopped ones, and say which signal it was."""
    pid = tmp_path / "pid"
    script = (
        "import os, signal, time\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os.kill(os.getpid(), signal.SIGSTOP)\n"
        "    time.sleep(60)\n"
        f"open({str(pid)!r}, 'w').write(str(child))\n"
        "time.sleep(60)"
    )
    with signal_when(pid, signum), pytest.raises(Stopped, match=signal.Signals(signum).name) as raised:
        run(script)
    assert raised.value.signum == signum
    assert not is_alive(written_pid(pid))
    assert not group.children()


def test_ignored_signals_stay_ignored() -> None:
    """Under nohup a hang-up does not end the observation."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Signals():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_handlers_are_put_back() -> None:
    """After a run the signals mean what they meant before."""
    before = signal.getsignal(signal.SIGTERM)
    run("pass")
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_signal_during_a_start_waits_for_its_end() -> None:
    """In a held block the signal is remembered and raised after it."""
    done = []

    def start(signals: Signals) -> None:
        with signals.held():
            os.kill(os.getpid(), signal.SIGTERM)
            done.append(True)

    with Signals() as signals, pytest.raises(Stopped, match="SIGTERM"):
        start(signals)
    assert done


def test_too_much_output_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that floods its output is ended before the disk is full."""
    monkeypatch.setattr(process, "MAX_OUTPUT_BYTES", 2**20)
    with pytest.raises(CannotAnswerError, match="wrote more than 1 MiB; send what is not needed to /dev/null"):
        run("while True: print('x' * 10000)")


def test_kernels_without_pidfd_are_asked_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pidfd_open the end of a command, and of its time, are still noticed."""

    def missing(_pid: int) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", missing)
    assert run("print(1)").output == "1\n"
    assert run("import time; time.sleep(60)", timeout_s=0.2).timed_out


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["no-such-program"], "there is no program 'no-such-program'"),
        (["python3 x.py {cores}"], "check PATH; without the quotes its words are program and arguments"),
        (["/"], "cannot run '/': Permission denied; it is a folder"),
        (["/dev/null"], r"cannot run '/dev/null': Permission denied; `chmod \+x` makes"),
        (["a\0b"], "null byte"),
    ],
)
def test_what_cannot_be_started_is_refused(command: list[str], message: str) -> None:
    """A missing program, a folder and a broken name are told apart."""
    with Signals() as signals, pytest.raises(InputError, match=message):
        process.run(command, cpus=[CPU], timeout_s=1.0, signals=signals)


def test_cpus_that_are_not_there_are_refused() -> None:
    """A CPU number beyond the machine's is an error of the input."""
    with Signals() as signals, pytest.raises(InputError, match="on CPUs"):
        process.run(["true"], cpus=[1023], timeout_s=1.0, signals=signals)


def test_our_own_line_about_a_server_is_not_the_program_s_output() -> None:
    """No pattern can take its numbers for a rate, and no message shows it."""
    words = served.command("sleep 60", "echo rate: 5", warm_ups=0)
    with Signals() as signals:
        done = process.run(words, cpus=[CPU], timeout_s=20.0, signals=signals)
    assert done.failure is None
    assert done.server is not None
    assert done.tail.strip() == "rate: 5"
    assert Meter.of(rate=r"([0-9.]+)").throughput(done) == 5.0
    assert run("print('rate: 5')").server is None


@pytest.mark.parametrize("line", ["", "{", "7", "{}", '{"elapsed_s": 1}', json.dumps(dict.fromkeys(FIELDS, 7.0))])
def test_a_program_may_print_our_own_line(line: str) -> None:
    """What follows our mark is read of our own program only: any other's is its output, whatever it says."""
    text = f"rate: 5\n{MARK}{line}"
    done = run(f"print({text!r})")
    assert (done.server, done.output, done.failure) == (None, f"{text}\n", None)


@pytest.mark.parametrize("line", ["", "{", "7", "{}", json.dumps(dict.fromkeys(FIELDS, 7.0))])
def test_a_load_may_print_our_own_line(line: str) -> None:
    """Its last words stay its own, of a load that ends well and of one that fails."""
    text = f"rate: 5\n{MARK}{line}"
    for script, failure in ((f"printf '{text}'", None), (f"printf '{text}'; exit 3", "failed with exit code 1")):
        words = served.command("sleep 60", shlex.join(["sh", "-c", script]), warm_ups=0)
        with Signals() as signals:
            done = process.run(words, cpus=[CPU], timeout_s=20.0, signals=signals)
        assert done.failure == failure
        assert MARK.strip() in done.output
        assert (done.server is None) == (failure is not None)
