"""Files are written whole or not at all, and bad ones are refused with one sentence."""

import bz2
import gzip
import lzma
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.store import files
from cerberus_plan.calibration.store.files import decode, read_text, write_atomically
from cerberus_plan.model.errors import CannotAnswerError, InputError

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\ufeff"), min_size=1).filter(str.strip)


@pytest.mark.slow
@given(texts)
def test_decoding_undoes_encoding(text: str) -> None:
    """Any text without carriage returns comes back as it was, whatever line ends or mark it was given."""
    assert decode(text.encode(), "f") == text
    assert decode(text.encode("utf-8-sig").replace(b"\n", b"\r\n"), "f") == text


def test_a_written_file_is_read_back_and_replaced_whole(tmp_path: Path) -> None:
    """The second text replaces the first and no temporary file stays."""
    target = tmp_path / "a.csv"
    write_atomically(target, "n,value\n")
    write_atomically(target, "new\n")
    assert read_text(target) == "new\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_modes_follow_the_umask_and_then_the_file(tmp_path: Path) -> None:
    """A new file is as readable as any other; a replaced one keeps its mode."""
    target = tmp_path / "a"
    old = os.umask(0o022)
    try:
        write_atomically(target, "x")
    finally:
        os.umask(old)
    assert stat.S_IMODE(target.stat().st_mode) == 0o644
    target.chmod(0o600)
    write_atomically(target, "y")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_link_is_followed(tmp_path: Path) -> None:
    """Writing through a symbolic link changes the file it points to."""
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_atomically(tmp_path / "link", "new")
    assert (tmp_path / "real").read_text() == "new"
    assert (tmp_path / "link").is_symlink()


def test_a_device_is_written_to_not_replaced() -> None:
    """Writing to /dev/null leaves the device where it is."""
    write_atomically("/dev/null", "x")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full the old text stays and the temporary file goes."""
    target = tmp_path / "a"
    target.write_text("old")

    def full(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CannotAnswerError, match="No space left on device; nothing was changed"):
        write_atomically(target, "new")
    assert target.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_places_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    """A missing folder and a folder in place of a file are named."""
    with pytest.raises(InputError, match="does not exist; create it first"):
        write_atomically(tmp_path / "no" / "a", "x")
    with pytest.raises(InputError, match="is a folder"):
        write_atomically(tmp_path, "x")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "is empty"),
        (b" \n\t\n", "is empty"),
        (b"n,value\n\xffELF", "line 2: byte 0xff is not UTF-8"),
        (b"\xff\xfea\0b\0", "UTF-16"),
        (b"n\n1\0", "line 2: a null byte"),
        (gzip.compress(b"n,value\n1,2\n", mtime=0), r"is compressed; unpack it first \(gunzip\)"),
        (lzma.compress(b"n,value\n1,2\n"), r"is compressed; unpack it first \(unxz\)"),
        (bz2.compress(b"n,value\n1,2\n"), r"is compressed; unpack it first \(bunzip2\)"),
        (b"\x28\xb5\x2f\xfd\x04\x00", r"is compressed; unpack it first \(unzstd\)"),
        (b"PK\x03\x04[Content_Types].xml", r"is compressed; unpack it first \(unzip, or save a spreadsheet as CSV\)"),
    ],
)
def test_what_is_not_text_is_refused(tmp_path: Path, raw: bytes, message: str) -> None:
    """Empty and binary files are refused with the place."""
    path = tmp_path / "f"
    path.write_bytes(raw)
    with pytest.raises(InputError, match=message):
        read_text(path)


def test_what_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    """A missing file, a folder, a too large file and a broken path each have their sentence."""
    with pytest.raises(InputError, match="there is no such file"):
        read_text(tmp_path / "missing")
    with pytest.raises(InputError, match="is a folder"):
        read_text(tmp_path)
    with pytest.raises(InputError, match="larger than"):
        read_text("/dev/zero", max_bytes=2**20)
    with pytest.raises(InputError, match="cannot read"):
        read_text("a\0b")


KILLED = """
import os, signal, sys
from cerberus_plan.calibration.store import files
number = signal.Signals[sys.argv[2]]
real = getattr(os, sys.argv[3])
def dies(*arguments, **more):
    os.kill(os.getpid(), number)
    return real(*arguments, **more)
setattr(os, sys.argv[3], dies)
if sys.argv[4] == "named":
    files._written_nameless = lambda *_: False
files.write_atomically(sys.argv[1], "new")
"""


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [("SIGKILL", -9), ("SIGTERM", 143), ("SIGHUP", 129)])
@pytest.mark.parametrize("call", ["fsync", "fchmod", "link"])
def test_a_kill_in_the_middle_leaves_the_old_file_alone(tmp_path: Path, number: str, code: int, call: str) -> None:
    """At each step before the file has its name, whatever the signal: the old content, and nothing beside it."""
    target = tmp_path / "kept.txt"
    target.write_text("old")
    command = [sys.executable, "-P", "-c", KILLED, str(target), number, call, "nameless"]
    assert subprocess.run(command, check=False, timeout=60).returncode == code
    assert [each.name for each in tmp_path.iterdir()] == ["kept.txt"]
    assert target.read_text() == "old"


@pytest.mark.parametrize("call", ["fsync", "fchmod"])
def test_without_nameless_files_sigterm_cleans_up(tmp_path: Path, call: str) -> None:
    """The temporary file goes; no other signal handler is left behind."""
    target = tmp_path / "kept.txt"
    target.write_text("old")
    command = [sys.executable, "-P", "-c", KILLED, str(target), "SIGTERM", call, "named"]
    assert subprocess.run(command, check=False, timeout=60).returncode == 143
    assert [each.name for each in tmp_path.iterdir()] == ["kept.txt"]
    before = signal.getsignal(signal.SIGTERM)
    write_atomically(target, "new")
    assert target.read_text() == "new"
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("pause_s", [0.0, 0.3])
def test_a_named_pipe_is_read_when_somebody_writes(tmp_path: Path, pause_s: float) -> None:
    """Whether its writer comes first or later, writes at once or in parts; no byte is lost."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    command = f"sleep {pause_s}; (printf 'n,value'; sleep 0.1; echo; echo 1,2) >'{pipe}'"
    with subprocess.Popen(["sh", "-c", command]):
        assert read_text(pipe) == "n,value\n1,2\n"


def test_a_pipe_that_nobody_writes_to_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a bounded time, with its name: a folder of a stranger's may hold one."""
    monkeypatch.setattr(files, "_PIPE_PATIENCE_S", 0.2)
    pipe = tmp_path / "plan.json"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match=r"plan\.json is a pipe that nobody writes to"):
        read_text(pipe)


@pytest.mark.hardware
def test_a_named_pipe_whose_writer_said_nothing_is_empty_at_once(tmp_path: Path) -> None:
    """Who has come and gone is not waited for, nor said never to have been there."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    started = time.monotonic()
    with subprocess.Popen(["sh", "-c", f"sleep 0.2; : > '{pipe}'"]), pytest.raises(InputError, match="is empty: "):
        read_text(pipe)
    assert time.monotonic() - started < 0.8 * files._PIPE_PATIENCE_S


@pytest.mark.hardware
def test_a_pipe_without_a_name_and_without_a_writer_is_empty_at_once() -> None:
    """As /dev/stdin behind `true |`: nobody can come any more."""
    reading, writing = os.pipe()
    os.close(writing)
    started = time.monotonic()
    try:
        with pytest.raises(InputError, match=rf"/dev/fd/{reading} is empty: "):
            read_text(f"/dev/fd/{reading}")
    finally:
        os.close(reading)
    assert time.monotonic() - started < 0.8 * files._PIPE_PATIENCE_S
