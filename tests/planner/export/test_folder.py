"""A folder is written whole, never over somebody's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from cerberus_plan.model.errors import CannotAnswerError, InputError
from cerberus_plan.planner.deploy.folder import write_folder


def test_an_empty_or_absent_folder_is_written(tmp_path: Path) -> None:
    """Both end with exactly the files given."""
    (tmp_path / "empty").mkdir()
    for name in ("empty", "absent"):
        write_folder(tmp_path / name, {"a": "1", "b": "2"})
        assert {file.name: file.read_text() for file in (tmp_path / name).iterdir()} == {"a": "1", "b": "2"}


def test_a_full_folder_is_left_alone_without_force(tmp_path: Path) -> None:
    """The user's file survives, and the message says how to replace it."""
    (tmp_path / "mine").write_text("keep")
    with pytest.raises(InputError, match=r"is not empty.*--force"):
        write_folder(tmp_path, {"a": "1"})
    assert [file.name for file in tmp_path.iterdir()] == ["mine"]


def test_force_replaces_everything(tmp_path: Path) -> None:
    """Old files do not mix with new ones, and nothing temporary stays."""
    target = tmp_path / "out"
    write_folder(target, {"old": "1"})
    write_folder(target, {"new": "2"}, replace=True)
    assert [file.name for file in target.iterdir()] == ["new"]
    assert [file.name for file in tmp_path.iterdir()] == ["out"]


def test_a_failure_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the second file cannot be written, the target does not exist and no temporary folder stays."""
    from cerberus_plan.planner.deploy import folder as module

    written: list[Path] = []

    def fail(path: Path, text: str) -> None:
        if written:
            raise CannotAnswerError("disk full")
        written.append(path)

    monkeypatch.setattr(module, "write_atomically", fail)
    with pytest.raises(CannotAnswerError, match="disk full"):
        write_folder(tmp_path / "out", {"a": "1", "b": "2"})
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    """A file or a missing parent is named."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="is not a folder"):
        write_folder(tmp_path / "file", {"a": "1"})
    with pytest.raises(InputError, match="does not exist; create it first"):
        write_folder(tmp_path / "no" / "out", {"a": "1"})
