"""Measuring processes: real ones on the real clock, interrupted ones, failing ones."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cerberus_plan.calibration.campaign.host_profile import Effort, measure_host
from cerberus_plan.calibration.campaign.measuring import Orders
from cerberus_plan.calibration.campaign.processes import Campaign, cache_folder, loop_fingerprint
from cerberus_plan.calibration.harness.runner import ENOUGH_CLEAN, FEWEST_ROUNDS
from cerberus_plan.model.errors import CannotAnswerError, InputError

ROOT = Path(__file__).resolve().parents[2]
LONG = """
from cerberus_plan.calibration.campaign.host_profile import Effort, measure_host
def report(label, done, expected):
    if done:
        print("measuring", flush=True)
measure_host(effort=Effort(processes=1, rounds=5000), only=("syscall", "core_to_core"), report=report)
"""


@pytest.mark.slow
@pytest.mark.hardware
def test_a_measured_host_has_a_system_call_that_costs_something(monkeypatch):
    """The whole way on the real clock: 10 ns to 100 us, measured, with interval, source and raw samples."""
    profile = measure_host(effort=Effort(processes=2, rounds=10), only=["syscall"])
    found = profile.quantities["syscall"]
    assert 1e-8 < found.value < 1e-4
    assert found.low <= found.value <= found.high
    assert str(found.provenance) == "measured"
    assert "getppid" in found.source
    assert {batch.process for batch in profile.batches["syscall"]} == {0, 1}
    assert profile.topology.n_cpus == profile.host.cpus
    assert "verdict" in profile.run


def _measuring_processes(scratch):
    """Processes that carry the test's scratch folder in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        if f"TMPDIR={scratch}".encode() in environment.split(b"\0"):
            found.append(int(folder.name))
    return found


@pytest.mark.slow
@pytest.mark.hardware
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_measurement_leaves_no_process(tmp_path, number):
    """Ctrl-C and kill -9 end the measuring process and its workers too, and its scratch folder is removed."""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", LONG], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout.readline() == "measuring\n"
        assert len(_measuring_processes(tmp_path)) >= 2
        process.send_signal(number)
        process.wait(timeout=30)
        process.stdout.read()
    deadline = time.monotonic() + 30.0
    while (_measuring_processes(tmp_path) or list(tmp_path.iterdir())) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _measuring_processes(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_measuring_process_that_dies_is_an_answer_not_a_crash(monkeypatch):
    """Code that the assembler refuses aborts the child only; the message says so and what to do."""
    monkeypatch.setattr("sys.executable", "/bin/sh")
    with pytest.raises(CannotAnswerError, match=r"a measuring process ended with exit code 2.*Last words"):
        Campaign(orders=Orders(), processes=1).run()


def test_an_aborting_assembler_is_explained(monkeypatch, tmp_path):
    """SIGABRT of the child is told as what it most likely is."""
    program = tmp_path / "abort"
    program.write_text("#!/bin/sh\nread line\nkill -ABRT $$\n")
    program.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(program))
    with pytest.raises(CannotAnswerError, match=r"was ended by SIGABRT; the installed LLVM cannot assemble"):
        Campaign(orders=Orders(), processes=1).run()


def test_an_error_told_by_the_measuring_process_keeps_its_kind(monkeypatch, tmp_path):
    """Bad input found in the child is bad input of the command."""
    program = tmp_path / "complain"
    program.write_text('#!/bin/sh\nread line\necho \'{"error": "no such thing", "kind": "input"}\'\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(program))
    with pytest.raises(InputError, match="no such thing"):
        Campaign(orders=Orders(), processes=1).run()


def test_a_campaign_out_of_time_is_content_with_three_processes(monkeypatch, tmp_path):
    """On an overloaded host a quick calibration ends early, but not before there are enough batches."""
    program = tmp_path / "quick"
    program.write_text("#!/bin/sh\nread line\necho '{\"done\": {}}'\n")
    program.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(program))
    assert len(Campaign(orders=Orders(), processes=5, budget_s=0.0).run().processes) == 3
    assert 3 * FEWEST_ROUNDS >= ENOUGH_CLEAN
    assert len(Campaign(orders=Orders(), processes=5).run().processes) == 5


def test_compiled_loops_are_cached_under_what_they_are_made_of():
    """The cache folder changes with the sources, so an upgrade compiles anew."""
    assert loop_fingerprint() in cache_folder().name
    assert loop_fingerprint() == loop_fingerprint()


def test_other_platforms_are_told_what_to_do(monkeypatch):
    """On another processor the answer is no, with a way out."""
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    with pytest.raises(CannotAnswerError, match=r"x86-64 Linux hosts; this is .* on aarch64.*--machine"):
        measure_host(only=["syscall"])
