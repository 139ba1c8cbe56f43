"""Puts a new folder in the place of an old one in one step: renameat2 with RENAME_EXCHANGE.

A process that is killed in between leaves the old folder or the new one, never none.
When not to use it: across file systems, which no rename crosses. Where the kernel or the file system cannot exchange,
the old folder steps aside and the new one takes its place: two steps, and ``restore`` mends what a kill leaves.
Source: Linux manual page rename(2).
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cerberus_plan.model.errors import CannotAnswerError

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_NOT_HERE = {errno.ENOSYS, errno.EINVAL, errno.EPERM, errno.ENOTTY, errno.EOPNOTSUPP}
_PATIENCE_S = 10.0
PART, ASIDE = ".part", ".old"


def exchange(fresh: Path, target: Path) -> None:
    """Let two folders change places; afterwards ``fresh`` is what ``target`` was, or is gone.

    Raises:
        OSError: Neither could be moved; both are where they were.
    """
    if not _exchanged(fresh, target):
        aside = fresh.with_suffix(ASIDE)
        target.rename(aside)
        try:
            fresh.rename(target)
        except OSError:
            aside.rename(target)
            raise
        aside.rename(fresh)


def _exchanged(first: Path, second: Path) -> bool:
    """False where the kernel, the C library or the file system knows no exchange."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    if call(_AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _NOT_HERE:
        return False
    raise OSError(number, os.strerror(number), str(second))


@contextmanager
def alone_in(parent: Path) -> Iterator[bool]:
    """Keep other exports out of a folder; the kernel lets go when this process ends, however it ends.

    Yields:
        True when nobody else is in it; False where the file system knows no locks.

    Raises:
        CannotAnswerError: Another export has been writing there for ten seconds.
    """
    handle = os.open(parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield _locked(handle, parent)
    finally:
        os.close(handle)


def _locked(handle: int, parent: Path) -> bool:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                raise CannotAnswerError(
                    f"another export is writing in {parent}; try again when it has ended"
                ) from error
            time.sleep(0.05)
        except OSError:
            return False
        else:
            return True


def restore(target: Path) -> None:
    """Mend what killed exports left beside a target; call it alone in the folder.

    A target that stepped aside comes back if nothing took its place; all other leavings are removed.
    """
    shape = f".{target.name}." + "?" * 8
    for left in sorted(target.parent.glob(_literal(target.name, shape) + ASIDE)):
        if not target.exists() and left.is_dir() and not left.is_symlink():
            left.rename(target)
    for suffix in (PART, ASIDE):
        for left in target.parent.glob(_literal(target.name, shape) + suffix):
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left, ignore_errors=True)


def _literal(name: str, shape: str) -> str:
    """The shape as a pattern in which the target's own name stands for itself."""
    from glob import escape

    return shape.replace(name, escape(name), 1)
