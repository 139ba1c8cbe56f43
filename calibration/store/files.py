"""Reading and writing text files so that a reader never sees half a file.

Writing: the text goes to a file without a name in the same folder, is flushed to disk, named and renamed over the
target, which the kernel does in one step each: SIGKILL, too, leaves nothing, but between these two. Where there are no
files without names it is a temporary one, which SIGTERM removes. Reading: a wrong path, a folder, a binary or an
endless file is refused with one sentence. When not to use it: for appending, or for files too large for memory.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from cerberus_plan.model.errors import CannotAnswerError, InputError

# Text larger than this is a log or a mistake, not a table of measurements.
MAX_BYTES = 64 * 2**20
# How compressed files begin, and what unpacks them.
_PACKED = {
    b"\x1f\x8b": "gunzip",
    b"BZh": "bunzip2",
    b"\xfd7zXZ\x00": "unxz",
    b"\x28\xb5\x2f\xfd": "unzstd",
    b"PK\x03\x04": "unzip, or save a spreadsheet as CSV",
}
# Somebody may be about to write to a pipe that has a name [s].
_PIPE_PATIENCE_S = 5.0
_LOOK_MS = 50
# How kernels and file systems say that they know no files without names; ENOENT: there is no /proc to name one.
_NO_NAMELESS = {errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT, errno.ENOSYS}


def is_there(path: Path) -> bool:
    """Whether there is something of this name; no file system has names that are too long for it."""
    try:
        return path.exists()
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        return False


@contextlib.contextmanager
def naming(path: str | Path | None) -> Iterator[None]:
    """Errors about what a file holds, found only behind its reader, told with its name; None: with no file's.

    Raises:
        InputError: That of the block, the file's name in front where it is not in it.
        CannotAnswerError: likewise.
    """
    try:
        yield
    except (InputError, CannotAnswerError) as error:
        if path is None or str(path) in str(error):
            raise
        kind = InputError if isinstance(error, InputError) else CannotAnswerError
        raise kind(f"{path}: {error}") from error


def write_atomically(path: str | Path, text: str) -> None:
    """Write `text` to `path`, whole or not at all.

    Args:
        path: target file; its folder must exist. A symbolic link is followed.
        text: content, stored as UTF-8.

    Raises:
        InputError: the folder is missing, or the path is a folder or not writable.
        CannotAnswerError: the disk is full or broken.
    """
    target = Path(path).resolve()
    if target.is_dir():
        raise InputError(f"{path} is a folder; give the name of a file in it")
    if not target.parent.is_dir():
        raise InputError(f"{path}: the folder {target.parent} does not exist; create it first")
    try:
        if target.exists() and not target.is_file():  # a device or a pipe must not be renamed over
            target.write_text(text, encoding="utf-8")
            return
        _write_beside_and_rename(target, text)
    except (PermissionError, FileNotFoundError) as error:
        raise InputError(f"cannot write {path}: {error.strerror}; choose another place") from error
    except OSError as error:
        raise CannotAnswerError(f"cannot write {path}: {error.strerror}; nothing was changed there") from error


def _write_beside_and_rename(target: Path, text: str) -> None:
    import tempfile  # costs a start more than reading does

    part = Path(tempfile.mktemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent))  # noqa: S306 - O_EXCL
    try:
        with stopping():
            if not _written_nameless(part, text, _mode_of(target)):
                _fill(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), text, _mode_of(target))
            part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _written_nameless(part: Path, text: str, mode: int) -> bool:
    """Write a file that gets its name when it is whole; False where kernel or file system cannot."""
    try:
        handle = os.open(part.parent, os.O_TMPFILE | os.O_WRONLY, 0o600)
    except OSError as error:
        if error.errno in _NO_NAMELESS:
            return False
        raise
    _fill(os.dup(handle), text, mode)
    try:
        _name(handle, part)
    except OSError as error:
        if error.errno in _NO_NAMELESS:
            return False
        raise
    finally:
        os.close(handle)
    return True


def _fill(handle: int, text: str, mode: int) -> None:
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
        os.fchmod(stream.fileno(), mode)


def _name(handle: int, part: Path) -> None:
    """Give an open file this name: linkat, which Python calls only where a folder is given."""
    folder = os.open(part.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.link(f"/proc/self/fd/{handle}", part.name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=True)
    finally:
        os.close(folder)


@contextlib.contextmanager
def stopping() -> Iterator[None]:
    """SIGTERM and SIGHUP end the program through its clean-up meanwhile, where they would have killed it at once."""
    numbers = (signal.SIGTERM, signal.SIGHUP)
    ours = threading.current_thread() is threading.main_thread()
    changed = [each for each in numbers if ours and signal.getsignal(each) is signal.SIG_DFL]
    for number in changed:
        signal.signal(number, _stop)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, signal.SIG_DFL)


@contextlib.contextmanager
def finishing() -> Iterator[None]:
    """What would end the program waits meanwhile, and does so afterwards: a clean-up is whole."""
    came: list[int] = []
    numbers = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    ours = threading.current_thread() is threading.main_thread()
    # a handler that is None was not set by Python, which could not set it again
    before = {each: signal.getsignal(each) for each in numbers if ours and signal.getsignal(each) is not None}
    for each in before:
        signal.signal(each, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        for number in came[:1]:
            os.kill(os.getpid(), number)


def _stop(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


def _mode_of(target: Path) -> int:
    """Keep the mode of a file that exists; else what the umask leaves of rw-rw-rw-."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    umask = os.umask(0)  # there is no other way to read it
    os.umask(umask)
    return 0o666 & ~umask


def read_text(path: str | Path, *, max_bytes: int = MAX_BYTES) -> str:
    """The content of a text file, with plain line feeds and without a byte order mark.

    Args:
        path: file to read; also one under /proc, whose size is 0 until it is read.
        max_bytes: refuse anything larger [bytes].

    Raises:
        InputError: missing, a folder, not readable, empty, too large, or not UTF-8 text.
    """
    try:
        if Path(path).is_dir():
            raise InputError(f"{path} is a folder; give a file")
        raw = _content(path, max_bytes + 1)
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file") from error
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"cannot read {path}: {reason}") from error
    return decode(raw, str(path), max_bytes=max_bytes)


def _content(path: str | Path, most: int) -> bytes:
    """At most so many bytes of a file; of a named pipe, once somebody writes to it."""
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(number, "rb") as stream:
        first = _first_of_pipe(number, str(path)) if stat.S_ISFIFO(os.fstat(number).st_mode) else b""
        os.set_blocking(number, True)
        return first + stream.read(most - len(first))


def _first_of_pipe(number: int, name: str) -> bytes:
    """The first byte of a pipe that has one already; nothing where its writer has written none yet.

    A pipe that was hung up has had its writer: nobody is waited for.

    Raises:
        InputError: Nobody has it open for writing, and nobody comes; or whoever had it wrote nothing.
    """
    import select  # of no use to anyone without a pipe

    poll = select.poll()
    poll.register(number, select.POLLIN)
    deadline = time.monotonic() + _PIPE_PATIENCE_S
    while time.monotonic() < deadline:
        try:
            if found := os.read(number, 1):
                return found
        except BlockingIOError:
            return b""
        if any(event == select.POLLHUP for _, event in poll.poll(_LOOK_MS)):  # and nothing to read
            raise InputError(f"{name} is empty: the program that should write into this pipe ended without a word")
    raise InputError(
        f"{name} is a pipe that nobody writes to (waited {_PIPE_PATIENCE_S:g} s); give a file, or write to it at the "
        "same time"
    )


def decode(raw: bytes, name: str, *, max_bytes: int = MAX_BYTES) -> str:
    """Text from bytes of a file called `name` in messages; the reader stops one byte after `max_bytes`.

    Raises:
        InputError: nothing in it, more than `max_bytes`, or not UTF-8 text.
    """
    if len(raw) > max_bytes:
        raise InputError(f"{name} is larger than {max_bytes // 2**20} MiB; give the table, not the whole log")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{name} is UTF-16 text; convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)")
    if (unpack := next((how for start, how in _PACKED.items() if raw.startswith(start)), None)) is not None:
        raise InputError(f"{name} is compressed; unpack it first ({unpack})")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError(
            f"{name}, line {line}: byte 0x{raw[error.start]:02x} is not UTF-8 text; is this a binary file, or text "
            "in another encoding (iconv -f LATIN1 -t UTF-8)?"
        ) from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise InputError(f"{name}, line {line}: a null byte; this is a binary file, a text file is expected")
    if not text.strip():
        raise InputError(f"{name} is empty")
    return text.replace("\r\n", "\n").replace("\r", "\n")
