"""Writes a folder of deployment files whole or not at all, with a README and the plan as data.

The files go into a temporary folder beside the target, which is then renamed: a reader never sees half of them.
A target that exists and is not empty is left alone unless replacing is asked for.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from cerberus_plan.calibration.store.files import write_atomically
from cerberus_plan.model.errors import CannotAnswerError, InputError


def write_folder(target: Path, files: Mapping[str, str], *, replace: bool = False) -> None:
    """Make ``target`` hold exactly these files.

    Raises:
        InputError: The target is not a folder, is not empty without ``replace``, or its parent is missing.
        CannotAnswerError: The disk is full or broken.
    """
    target = target.absolute()
    check_folder(target, replace=replace)
    try:
        fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent))
    except OSError as error:
        raise InputError(f"cannot write beside {target}: {error.strerror}; choose another place") from error
    try:
        for name, text in files.items():
            write_atomically(fresh / name, text)
        fresh.chmod(0o755)
        _swap(fresh, target)
    except OSError as error:
        raise CannotAnswerError(f"cannot write {target}: {error.strerror}; nothing was changed there") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def check_folder(target: Path, *, replace: bool) -> None:
    """Refuse a target that cannot or must not be written, before any work is done.

    Raises:
        InputError: As ``write_folder``.
    """
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise InputError(f"{target} is not a folder; choose another --output")
    if not target.parent.is_dir():
        raise InputError(f"{target}: the folder {target.parent} does not exist; create it first")
    if target.is_dir() and not replace and any(target.iterdir()):
        raise InputError(f"{target} is not empty; choose another --output, or replace all it holds with --force")


def _swap(fresh: Path, target: Path) -> None:
    """Rename over an empty or absent folder; a full one steps aside first and is removed last."""
    if not (target.is_dir() and any(target.iterdir())):
        fresh.replace(target)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".old", dir=target.parent))
    target.replace(aside)
    try:
        fresh.replace(target)
    except OSError:
        aside.replace(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)
