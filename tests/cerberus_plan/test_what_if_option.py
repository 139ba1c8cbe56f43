"""`--what-if` on the main command."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the main command on the small machine."""
    command = [sys.executable, "-m", "cerberus_plan", "--machine", "intel16", "--workload", "apache", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_json_has_each_change() -> None:
    """Changes come beside the plan, which stays as it is."""
    plain, changed = run("--json"), run("--json", "--what-if", "all")
    (before,), (after,) = (json.loads(done.stdout)["plans"] for done in (plain, changed))
    assert {"queue-lock", "nested-paging", "per-core-network"} <= {entry["name"] for entry in after.pop("what_if")}
    assert before == after


@pytest.mark.slow
def test_terminal_shows_the_gain() -> None:
    """A row for the change with its gain."""
    done = run("--what-if", "per-core-network")
    assert done.returncode == 0, done.stderr
    assert "apache: if the system were refined" in done.stdout
    assert "linux 1 x 16" in done.stdout


@pytest.mark.slow
def test_unknown_change_is_refused() -> None:
    """Exit code 2 and the known names."""
    done = run("--what-if", "magic")
    assert done.returncode == 2
    assert "queue-lock" in done.stderr
