"""`cerberus-plan explain` as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

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
    assert "shadow lock: cores in one VM beyond which its throughput collapses, about: " in done.stdout


@pytest.mark.slow
def test_another_split_than_the_recommended_one_is_told(tmp_path: Path) -> None:
    """Below a headline that recommends one split stood the laws of another; --best leaves nothing to tell."""
    page = tmp_path / "page.html"
    for extra in ((), ("--best",)):
        done = run(
            "--machine", "amd48", "--cores", "16", "--workload", "dbench", "--max-vms", "4", *extra,
            "--report", str(page),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        told = " ".join(done.stdout.split())
        note = "explained is 4 VMs of 4 cores (cerberus), the fastest that uses every core, not the recommended"
        assert (note in told) == (not extra)
        assert (note in page.read_text(encoding="utf-8")) == (not extra)
        assert "T(k) = handover*(k - 1)/2 + hold" in page.read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_single_os_is_contrasted_with_a_cluster() -> None:
    """Where one Linux wins, the best cluster is explained beside it."""
    done = run("--machine", "amd48", "--cores", "6", "--workload", "dbench", "--json")
    (plan,) = json.loads(done.stdout)["plans"]
    winner, contrast = (explanation["candidate"] for explanation in plan["explanations"])
    assert (winner["system"], contrast["system"]) == ("linux", "cerberus")
    assert contrast["vms"] > 1


@pytest.mark.slow
def test_unknown_workload_is_refused() -> None:
    """Bad input is one sentence and exit code 2."""
    done = run("--workload", "histgram")
    assert done.returncode == 2
    assert "histogram" in done.stderr


@pytest.mark.slow
def test_a_shared_station_without_demand_limits_nothing(tmp_path: Path) -> None:
    """Nobody waits for what takes no time: the rest is explained."""
    file = tmp_path / "w.toml"
    operations = 'compute = {value = 10, unit = "us"}\nmachine_resource = {value = 0, unit = "us"}'
    head = 'format = 1\nname = "a"\nunit = "u/s"\nunits_per_cycle = 1.0\n'
    file.write_text(f"{head}[operations]\n{operations}\n")
    done = run("--machine", "amd48", "--workload", str(file), "--cores", "4", "--json")
    assert done.returncode == 0, done.stderr
    (plan,) = json.loads(done.stdout)["plans"]
    assert plan["explanations"]
    assert not [f for each in plan["explanations"] for f in each["findings"] if "machine resource" in f["name"]]
