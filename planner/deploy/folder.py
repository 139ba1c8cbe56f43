"""Writes a folder of deployment files whole or not at all, and replaces nobody's files but its own.

The files go into a temporary folder beside the target, which then changes places with it: a reader never sees half of
them. A target that is not empty is replaced only when that is asked for and it is a deployment written by us: its
``plan.json`` is valid, and beside it stand only files that an export writes. The folder one is in, those above it,
home, the root and mount points are never written over.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cerberus_plan.calibration.store.files import finishing, stopping, write_atomically
from cerberus_plan.model.errors import CannotAnswerError, InputError
from cerberus_plan.planner.deploy.bundle import PLAN_FILE
from cerberus_plan.planner.deploy.exchange import PART, alone_in, exchange, restore

if TYPE_CHECKING:
    from cerberus_plan.planner.audit.promised import Promise

# What exports wrote before they kept a list, besides files named after instances and deployment.
_COMMON = {"plan.json", "README.md", "start.sh", "compose.yaml", "kubelet.yaml"}


def write_folder(target: Path, files: Mapping[str, str], *, replace: bool = False) -> None:
    """Make ``target`` hold exactly these files.

    Raises:
        InputError: The target is not a folder, is not ours to replace, or its parent is missing.
        CannotAnswerError: The disk is full or broken, or another export is writing there.
    """
    target = _whole_path(target)
    check_folder(target, replace=replace)
    with alone_in(target.parent) as alone:
        if alone:
            restore(target)
        check_folder(target, replace=replace)
        _write(target, files)


def _write(target: Path, files: Mapping[str, str]) -> None:
    with stopping():
        try:
            fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=PART, dir=target.parent))
        except OSError as error:
            raise InputError(f"cannot write beside {target}: {error.strerror}; choose another place") from error
        try:
            for name, text in files.items():
                write_atomically(fresh / name, text)
            fresh.chmod(0o755)
            if target.is_dir():
                exchange(fresh, target)
            else:
                fresh.rename(target)
        except OSError as error:
            raise CannotAnswerError(f"cannot write {target}: {error.strerror}; nothing was changed there") from error
        finally:
            with finishing():  # what it was before is half removed otherwise
                shutil.rmtree(fresh, ignore_errors=True)


def _whole_path(target: Path) -> Path:
    try:
        return Path(os.path.abspath(target))  # noqa: PTH100 - takes `..` out, which Path.absolute leaves in
    except FileNotFoundError as error:
        raise InputError(f"{target}: the folder you are in does not exist any more; change to another") from error


def check_folder(target: Path, *, replace: bool) -> None:
    """Refuse a target that cannot or must not be written, before any work is done.

    Raises:
        InputError: As ``write_folder``.
    """
    target = _whole_path(target)
    try:
        _check_place(target)
        if target.is_dir() and any(target.iterdir()):
            _check_ours(target, replace=replace)
    except OSError as error:
        raise InputError(f"cannot write {target}: {error.strerror}; choose another --output") from error


def _check_place(target: Path) -> None:
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise InputError(f"{target} is not a folder; choose another --output")
    real = target.resolve()
    for what, where in (("the folder you are in", Path.cwd()), ("your home folder", Path(os.path.expanduser("~")))):  # noqa: PTH111
        if real == where.resolve() or real in where.resolve().parents:
            raise InputError(f"{target} is {what}, or holds it; give a folder inside it")
    if target.is_dir() and os.path.ismount(target):
        raise InputError(f"{target} is where a file system is mounted; give a folder inside it")
    if not target.parent.is_dir():
        raise InputError(f"{target}: the folder {target.parent} does not exist; create it first")


def _check_ours(target: Path, *, replace: bool) -> None:
    """Refuse a folder that is not empty unless it is a deployment of ours and nothing else."""
    from cerberus_plan.planner.audit.promised import read_promise

    if not replace:
        raise InputError(
            f"{target} is not empty; choose another --output, or replace a deployment written before with --force"
        )
    plan = target / PLAN_FILE
    if not plan.is_file() or plan.is_symlink():
        raise InputError(
            f"{target} is not empty and holds no plan.json of `cerberus-plan export`: --force replaces only what "
            "export wrote; choose another --output, or empty the folder yourself"
        )
    promise = read_promise(plan)
    foreign = sorted(each.name for each in target.iterdir() if not _is_ours(each, promise))
    if foreign:
        listed = ", ".join(foreign[:3]) + (" and others" if len(foreign) > 3 else "")
        raise InputError(f"{target} also holds {listed}, which export did not write; move that away, then use --force")


def _is_ours(entry: Path, promise: Promise) -> bool:
    """Whether an export wrote this: a plain file it lists, or in a plan without list one of a name it gives."""
    if entry.is_symlink() or not entry.is_file():
        return False
    if promise.written:
        return entry.name in promise.written
    names = {each.name for each in promise.instances}
    stems = names | {name.rpartition("-")[0] for name in names}
    return entry.name in _COMMON or entry.stem in stems | {stem.lower().replace("_", "-").strip("-") for stem in stems}
