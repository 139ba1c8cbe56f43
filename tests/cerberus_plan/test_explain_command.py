"""`cerberus-plan explain` as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run(
        [sys.executable, "-m", "cerberus_plan", "explain", *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_json_holds_formulas_and_values() -> None:
    """Each finding has a formula, MathML and a number."""
    done = run("--machine", "amd48", "--cores", "48", "--workload", "histogram", "--max-vms", "24", "--json")
    assert done.returncode == 0, done.stderr
    (plan,) = json.loads(done.stdout)["plans"]
    assert plan["workload"] == "histogram"
    for finding in (f for explanation in plan["explanations"] for f in explanation["findings"]):
        assert {"name", "says", "formula", "mathml", "value"} <= finding.keys()


@pytest.mark.slow
def test_terminal_names_the_collapse() -> None:
    """The lock, its law and the number of cores it bears are printed."""
    done = run("--machine", "amd48", "--cores", "48", "--workload", "histogram", "--max-vms", "24")
    assert done.returncode == 0, done.stderr
    assert "shadow lock: beyond about this many cores in one VM its throughput collapses" in done.stdout


def test_a_single_os_is_contrasted_with_a_cluster() -> None:
    """Where one Linux wins, the best cluster is explained beside it."""
    done = run("--machine", "amd48", "--cores", "6", "--workload", "dbench", "--json")
    (plan,) = json.loads(done.stdout)["plans"]
    winner, contrast = (explanation["candidate"] for explanation in plan["explanations"])
    assert (winner["system"], contrast["system"]) == ("linux", "cerberus")
    assert contrast["vms"] > 1


def test_unknown_workload_is_refused() -> None:
    """Bad input is one sentence and exit code 2."""
    done = run("--workload", "histgram")
    assert done.returncode == 2
    assert "histogram" in done.stderr
