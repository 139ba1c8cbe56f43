"""Every error becomes one bounded message with the right exit code, and a traceback only when asked for."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from cerberus_plan.__main__ import main, verdict
from cerberus_plan.cli import app as app_module
from cerberus_plan.model.errors import CannotAnswerError, InputError

PLAN = ("--machine", "amd48", "--workload", "histogram", "--cores", "4")


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (InputError("bad"), 2, "bad"),
        (CannotAnswerError("no"), 1, "no"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (MemoryError(), 1, "memory"),
        (RecursionError("deep"), 2, "nested"),
        (OverflowError("large"), 2, "too large"),
        (BrokenProcessPool("dead"), 1, "worker"),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "No space left"),
        (OSError(errno.EMFILE, "Too many open files", "x"), 1, "Too many open files"),
        (OSError(errno.EACCES, "Permission denied", "x"), 2, "x: Permission denied"),
        (OSError(errno.ENAMETOOLONG, "File name too long", b"y"), 2, "y: File name too long"),
        (OSError(errno.EIO, "Input/output error", "x"), 1, "x: Input/output error"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory"), 2, "does not exist any more"),
        (TypeError("what?"), 70, "CERBERUS_PLAN_DEBUG=1"),
    ],
)
def test_every_error_has_its_code(
    error: BaseException, code: int, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Raised inside a command, each ends as its code and one line on stderr."""

    def raising(**_: object) -> None:
        raise error

    assert verdict(error)[0] == code
    monkeypatch.setattr(app_module, "app", raising)
    monkeypatch.setattr("gc.freeze", lambda: None)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("cerberus-plan: ")
    assert words in told.err
    assert told.err.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("obsrve", "did you mean observe?"),
        ("plan", "needs none: cerberus-plan --cores 48"),
        ("zzz", "--help lists"),
    ],
)
def test_a_command_that_is_not_there_is_answered_with_one_that_is(
    name: str, advice: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, with the exit code of bad input."""
    monkeypatch.setattr(sys, "argv", ["cerberus-plan", name, "--cores", "4"])
    monkeypatch.setattr("gc.freeze", lambda: None)
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert told.startswith(f"cerberus-plan: there is no command '{name}'; ")
    assert advice in told
    assert told.count("\n") == 1


@pytest.mark.slow
def test_messages_are_bounded_and_plain(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A megabyte of terminal control ends as a few thousand printable characters; debugging adds the traceback."""

    def raising(**_: object) -> None:
        raise InputError("\x1b]0;owned\x07" * 100_000)

    monkeypatch.setattr(app_module, "app", raising)
    monkeypatch.setattr("gc.freeze", lambda: None)
    with pytest.raises(SystemExit):
        main()
    told = capsys.readouterr().err
    assert "\x1b" not in told
    assert len(told) < 5000
    monkeypatch.setenv("CERBERUS_PLAN_DEBUG", "1")
    with pytest.raises(SystemExit):
        main()
    assert "Traceback" in capsys.readouterr().err


@pytest.fixture(params=[True, False], ids=["buffered", "unbuffered"])
def buffered(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to print: what stays in a buffer is written again when Python ends."""
    if request.param:
        monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    else:
        monkeypatch.setenv("PYTHONUNBUFFERED", "1")


def run(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
    """The real command line."""
    command = [sys.executable, "-P", "-m", "cerberus_plan", *words]
    return subprocess.run(command, text=True, check=False, timeout=60, **{"stderr": subprocess.PIPE, **options})


@pytest.mark.slow
@pytest.mark.usefixtures("buffered")
def test_a_full_disk_under_stdout_is_told() -> None:
    """Exit code 1 and one line, for text and JSON."""
    for extra in ((), ("--json",)):
        with Path("/dev/full").open("w") as full:
            done = run(*PLAN, *extra, stdout=full)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert "No space left on device" in done.stderr


@pytest.mark.slow
@pytest.mark.usefixtures("buffered")
@pytest.mark.parametrize("words", [PLAN, (*PLAN, "--json"), ("explain", *PLAN)])
def test_a_reader_that_leaves_is_no_failure(words: tuple[str, ...]) -> None:
    """As `| true` and `| head` do: exit code 0 and no word about it, whether typer or rich prints."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = run(*words, stdout=writing)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_what_was_run_is_recorded_though_nobody_reads(tmp_path: Path) -> None:
    """The answer is printed before the record is written: runs of hours must not hang on a pipe."""
    reading, writing = os.pipe()
    os.close(reading)
    record = tmp_path / "runs.toml"
    command = [sys.executable, "-c", "print('throughput: 5')"]
    try:
        done = run("tune", "--cores", "1", "--record", str(record), "--", *command, stdout=writing)
    finally:
        os.close(writing)
    assert done.returncode == 0, done.stderr
    assert "value = 5" in record.read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [("--machine", "amd48", "--workload", "a" * 300 + ".toml"), ("--machine", "a" * 300 + ".toml"),
     ("fit", "a" * 300 + ".csv"), ("audit", "a" * 300), ("import", "a" * 300)],
)  # fmt: skip
def test_a_name_too_long_is_bad_input(words: tuple[str, ...]) -> None:
    """Exit code 2 and one line."""
    done = run(*words)
    assert (done.returncode, done.stderr.strip().count("\n")) == (2, 0), done.stderr


@pytest.mark.slow
def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    """Started in a folder that somebody removed."""
    gone = tmp_path / "gone"
    gone.mkdir()
    script = 'cd "$1" && rmdir "$1" && shift && exec "$@"'
    words = ["export", "--format", "xl", "--output", "d", "--workload", "histogram", "--machine", "amd48"]
    command = ["sh", "-c", script, "sh", str(gone), sys.executable, "-P", "-m", "cerberus_plan", *words]
    done = subprocess.run(command, text=True, check=False, timeout=60, capture_output=True)
    assert done.returncode == 2
    assert "does not exist any more" in done.stderr


@pytest.mark.slow
def test_an_interrupt_during_the_imports_is_quiet() -> None:
    """Ctrl-C at any moment of the start: no traceback."""
    for delay in (0.05, 0.1, 0.15, 0.25):
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "cerberus_plan", *PLAN],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        time.sleep(delay)
        os.kill(child.pid, signal.SIGINT)
        _, told = child.communicate(timeout=60)
        if "/cerberus_plan/" in told or "cerberus-plan:" in told:  # else the interpreter itself was still starting
            assert "Traceback" not in told


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_terminal_without_a_character_gets_its_number(encoding: str) -> None:
    """Micro, pi and superscripts are no reason for an answer to fail where the locale lacks them."""
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "LC_ALL": "C", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "cerberus_plan", "explain", *PLAN]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert ("\\xb5s" if encoding == "ascii" else "µs") in done.stdout.decode(encoding)
