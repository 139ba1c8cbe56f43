"""What docs/simulate.md shows runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cerberus_plan.calibration.store.network_file import read_network
from cerberus_plan.model.simulation import simulate

_PAGE = (Path(__file__).parents[2] / "docs" / "simulate.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", _PAGE, re.DOTALL)


def test_the_network_file_is_read_and_simulated(tmp_path: Path) -> None:
    """With all its rules."""
    (text,) = _blocks("toml")
    file = tmp_path / "network.toml"
    file.write_text(text)
    written = read_network(file)
    found = simulate(instances=written.instances, shared=written.shared, rules=written.rules, completions=5_000)
    assert found.engine == "events"
    assert found.throughput > 0.0


def test_the_python_example_runs() -> None:
    """And its own checks hold."""
    (source,) = _blocks("python")
    namespace: dict[str, object] = {}
    exec(compile(source, "docs/simulate.md", "exec"), namespace)
    assert "fixed" in namespace


@pytest.mark.parametrize("line", [line.strip() for line in _PAGE.splitlines() if line.startswith("    cerberus-plan")])
def test_every_option_shown_exists(line: str) -> None:
    """In the command's help."""
    from typer.testing import CliRunner

    from cerberus_plan.cli.app import app

    shown = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["simulate", "--help"]).output
    for option in re.findall(r"--[a-z-]+", line):
        assert option in shown
