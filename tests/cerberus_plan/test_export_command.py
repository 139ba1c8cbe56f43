"""`cerberus-plan export` as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cerberus_plan.planner.deploy.all_formats import FORMATS


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command with these arguments on the paper's machine."""
    base = [sys.executable, "-m", "cerberus_plan", "export", "--machine", "amd48"]
    return subprocess.run([*base, *arguments], capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_written_for_48_cores(form: str, tmp_path: Path) -> None:
    """All 48 CPUs are given, none twice, and stdout says what to expect; the host's where a format needs some."""
    target = tmp_path / "out"
    arguments = ["--cores", "48", "--workload", "dbench", "--format", form, "--output", str(target)]
    kept = 4 if FORMATS[form].needs_host_cpus else 0
    if kept:
        refused = run(*arguments)
        assert (refused.returncode, list(tmp_path.iterdir())) == (1, [])
        assert "--host-cores 1" in refused.stderr
        arguments += ["--host-cores", str(kept)]
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    plan = json.loads((target / "plan.json").read_text())
    cpus = [cpu for instance in plan["instances"] for cpu in instance["cpus"]]
    assert len(plan["host_cpus"]) == kept
    assert sorted([*cpus, *plan["host_cpus"]]) == list(range(48))
    assert "expected" in done.stdout
    assert "against the plan's" in done.stdout or "the plan's" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.slow
def test_a_full_folder_needs_force(tmp_path: Path) -> None:
    """Exit code 2 without; with it a deployment of ours is replaced, and a user's file never."""
    target = tmp_path / "out"
    arguments = ("--cores", "8", "--workload", "dbench", "--format", "compose", "--output", str(target))
    assert run(*arguments).returncode == 0
    done = run(*arguments)
    assert done.returncode == 2
    assert "--force" in done.stderr
    assert run(*arguments, "--force").returncode == 0
    (target / "mine").write_text("keep")
    done = run(*arguments, "--force")
    assert (done.returncode, (target / "mine").read_text()) == (2, "keep")
    assert "also holds mine" in done.stderr


@pytest.mark.slow
def test_firecracker_refuses_an_odd_split_asked_for(tmp_path: Path) -> None:
    """Exit code 1 on a machine with SMT, the rule, and nothing written."""
    done = run(
        "--machine", "epyc-7742-1s", "--cores", "48", "--workload", "dbench", "--format", "firecracker",
        "--output", str(tmp_path / "out"),        "--vms", "16", "--cores-per-vm", "3",
    )  # fmt: skip
    assert done.returncode == 1
    assert "1 or an even number" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_firecracker_splits_again_what_the_plan_made_too_large(tmp_path: Path) -> None:
    """With one VM allowed on 48 cores, 48 vCPUs cannot be; the best that can is deployed and the swap is told."""
    done = run(
        "--cores", "48", "--workload", "dbench", "--system", "linux", "--format", "firecracker",
        "--output", str(tmp_path / "out"), "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert all(size <= 32 and (size == 1 or size % 2 == 0) for size in document["split"])
    assert any("cannot be deployed so" in line for line in document["lines"])


@pytest.mark.slow
def test_an_unknown_format_names_those_known(tmp_path: Path) -> None:
    """Exit code 2."""
    done = run("--workload", "dbench", "--format", "qcow", "--output", str(tmp_path / "out"))
    assert done.returncode == 2
    assert "libvirt, xl, firecracker" in done.stderr


@pytest.mark.slow
def test_a_format_that_fits_no_split_says_what_bounds_it(tmp_path: Path) -> None:
    """One VM of 48 vCPUs is more than the machine's hypervisor runs: exit code 1 with the limits."""
    done = run("--workload", "dbench", "--max-vms", "1", "--format", "libvirt", "--output", str(tmp_path / "out"))
    assert done.returncode == 1
    assert "at most 32 vCPUs in a VM, --max-vms 1" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_machine_too_small_is_refused_with_what_to_do(tmp_path: Path) -> None:
    """Before a plan of 64 cores is made, with the commands that give a larger machine."""
    refused = run("--cores", "64", "--workload", "dbench", "--format", "systemd", "--output", str(tmp_path / "out"))
    assert (refused.returncode, list(tmp_path.iterdir())) == (1, [])
    assert "amd48 has 48 CPUs, the split 64 cores" in refused.stderr
    assert "machines make NAME --like amd48" in refused.stderr


@pytest.mark.slow
def test_a_format_called_by_its_tool_names_the_one_that_does_it(tmp_path: Path) -> None:
    """Docker's files are those of compose and script."""
    refused = run("--workload", "dbench", "--format", "docker", "--output", str(tmp_path / "out"))
    assert refused.returncode == 2
    assert refused.stderr.rstrip().endswith("for docker take compose, or script (docker.sh)")
