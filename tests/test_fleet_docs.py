"""The page on fleets shows what the program does: its file, its command's output, its Python."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cerberus_plan import plan_fleet

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "fleet.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the file that the page shows."""
    found = tmp_path_factory.mktemp("docs")
    (blocks,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (found / "shop.toml").write_text(blocks, encoding="utf-8")
    return found


@pytest.mark.slow
def test_the_command_prints_what_the_page_shows(folder: Path) -> None:
    """Every line up to the dots."""
    (block,) = re.findall(r"^```console\n\$ cerberus-plan (.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    command, _, shown = block.partition("\n")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "cerberus_plan", *command.split()],
        cwd=folder, env={**os.environ, "COLUMNS": "100"}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    printed = [line.rstrip() for line in done.stdout.splitlines()]
    expected = [line.rstrip() for line in shown.removesuffix("...\n").splitlines()]
    assert printed[: len(expected)] == expected


@pytest.mark.slow
def test_python_says_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines of the page run, and give the answer of the command."""
    (block,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(folder)
    names: dict[str, object] = {}
    exec(compile(block, "fleet.md", "exec"), names)
    answer = plan_fleet("shop.toml")
    assert names["answer"] == answer
    assert f"for {answer.cost:,.0f} EUR a month" in PAGE
    assert answer.proven
