"""``--overcommit`` as typed, in every command that plans: its JSON, its words, and its refusals."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import cerberus_plan

_LOCKED = """
format = 1
name = "locked"
description = "a lock of its own"
unit = "ops/s"
units_per_cycle = 1.0
[operations]
compute = {value = 80, unit = "us", provenance = "measured", source = "test"}
process_lock = {value = 20, unit = "us", provenance = "measured", source = "test"}
process_lock_spins = {value = SPINS, unit = "1", provenance = "measured", source = "test"}
"""
_PLACE = ("--cores", "8", "--machine", "amd48", "--system", "kvm", "--max-vms", "3")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as a user runs it, without this host's calibration."""
    environment = {**os.environ, "CERBERUS_PLAN_HOME": "/nonexistent", "COLUMNS": "100"}
    command = [sys.executable, "-m", "cerberus_plan", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def locked(tmp_path: Path) -> str:
    return str(_written(tmp_path, spins=0))


def _written(folder: Path, *, spins: int) -> Path:
    file = folder / f"locked-{spins}.toml"
    file.write_text(_LOCKED.replace("SPINS", str(spins)), encoding="utf-8")
    return file


@pytest.mark.slow
def test_candidates_say_how_many_threads_a_core_they_have(locked: str) -> None:
    """``cores`` stays what is really used; the bound holds; without the option there are none."""
    done = run(*_PLACE, "--workload", locked, "--overcommit", "2", "--json")
    assert done.returncode == 0, done.stderr
    (plan,) = json.loads(done.stdout)["plans"]
    crowded = [candidate for candidate in plan["candidates"] if candidate["overcommit"] > 1.0]
    assert crowded
    for candidate in crowded:
        assert candidate["cores"] == 8
        assert sum(candidate["split"]) == pytest.approx(8 * candidate["overcommit"])
        assert candidate["overcommit"] <= 2.0
    (plain,) = json.loads(run(*_PLACE, "--workload", locked, "--json").stdout)["plans"]
    assert all(candidate["overcommit"] == 1.0 for candidate in plain["candidates"])


@pytest.mark.slow
def test_a_program_that_spins_is_warned_on_the_terminal(tmp_path: Path) -> None:
    """With the price."""
    done = run(*_PLACE, "--workload", str(_written(tmp_path, spins=1)), "--overcommit", "2")
    assert done.returncode == 0, done.stderr
    words = " ".join(done.stdout.split())
    assert "locked spins: with" in words
    assert "preempted holders cost" in words


@pytest.mark.slow
@pytest.mark.parametrize("wrong", ["0.5", "-1", "17", "nan", "inf", "1e309"])
def test_impossible_ratios_are_refused(locked: str, wrong: str) -> None:
    """Exit code 2, one message with what is allowed."""
    done = run(*_PLACE, "--workload", locked, "--overcommit", wrong)
    assert done.returncode == 2
    assert "from 1 (off) to 16" in done.stderr
    assert done.stdout == ""


@pytest.mark.slow
def test_it_does_not_go_with_mixtures() -> None:
    """And says so."""
    done = run("--cores", "8", "--machine", "amd48", "--mix", "dbench=1,apache=1", "--overcommit", "2")
    assert done.returncode == 2
    assert "--overcommit" in done.stderr


@pytest.mark.slow
def test_explain_tells_what_the_run_queue_does(locked: str) -> None:
    """The factor on all times, with its law; the stations' shares and what it takes come to all of the time."""
    done = run("explain", *_PLACE, "--workload", locked, "--overcommit", "2", "--json")
    assert done.returncode == 0, done.stderr
    ((crowded, _),) = (plan["explanations"] for plan in json.loads(done.stdout)["plans"])
    assert crowded["candidate"]["overcommit"] > 1.0
    queue = crowded["findings"][0]
    assert (queue["name"], queue["formula"].split(",")[0]) == ("run queue", "stretch = Max(1")
    assert 1.0 < queue["value"] <= crowded["candidate"]["overcommit"]
    shares = sum(station["share"] for station in crowded["stations"])
    assert shares == pytest.approx(1.0 / queue["value"], rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("split", [(), ("--vms", "2", "--cores-per-vm", "8")])
def test_simulate_refuses_what_the_simulator_does_not_know(locked: str, split: tuple[str, ...]) -> None:
    """And names what to simulate or run instead; a split with a core for each thread is simulated."""
    done = run("simulate", *_PLACE, "--workload", locked, "--overcommit", "2", *split)
    assert (done.returncode, done.stdout) == (1, "")
    assert "--cores-per-vm" in done.stderr
    assert "share the 8 cores" in done.stderr
    whole = ("--vms", "2", "--cores-per-vm", "4", "--completions", "4000")
    assert run("simulate", *_PLACE, "--workload", locked, "--overcommit", "2", *whole).returncode == 0


@pytest.mark.slow
def test_export_deploys_a_cpu_for_each_virtual_one(locked: str, tmp_path: Path) -> None:
    """What sharing would gain is told; the files give no CPU twice."""
    target = tmp_path / "out"
    command = ("export", *_PLACE, "--workload", locked, "--overcommit", "2", "--output", str(target))
    done = run(*command, "--format", "libvirt")
    assert done.returncode == 0, done.stderr
    assert "every vCPU gets a CPU of its own; shared ones would do" in done.stdout
    cpus = [cpu for one in json.loads((target / "plan.json").read_text())["instances"] for cpu in one["cpus"]]
    assert len(cpus) == len(set(cpus)) <= 8


def test_python_has_it_too(locked: str) -> None:
    """The same bound, the same refusal."""
    found = cerberus_plan.plan(locked, machine="amd48", cores=8, systems=["kvm"], max_vms=3, overcommit=2.0)
    assert max(candidate.overcommit for candidate in found.candidates) == 2.0
    with pytest.raises(cerberus_plan.InputError, match=r"from 1 \(off\) to 16"):
        cerberus_plan.plan(locked, machine="amd48", overcommit=17.0)
