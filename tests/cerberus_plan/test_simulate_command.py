"""`cerberus-plan simulate` answers twice and says whether the model holds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cerberus_plan.cli import replications
from cerberus_plan.cli.app import app
from cerberus_plan.model.errors import CannotAnswerError, InputError

_NETWORK = {
    "format": 1,
    "instances": [{"count": 2, "threads": 3, "stations": [{"law": "delay", "demand": 5.0}]}],
    "shared": [{"law": "queue", "demand": 1.0}],
}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command in this process, its runs on threads (kernels release the lock)."""

    @contextmanager
    def threads(_scheduler: str | None, runs: int) -> Any:
        with ThreadPoolExecutor(runs) as pool:
            yield pool

    monkeypatch.setattr(replications, "executor", threads)

    def invoke(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["simulate", *arguments])

    return invoke


def _write(folder: Path, **changes: Any) -> str:
    file = folder / "network.json"
    file.write_text(json.dumps(_NETWORK | changes))
    return str(file)


@pytest.mark.slow
def test_the_command_itself_runs_on_processes_and_gives_one_document(tmp_path: Path) -> None:
    """Exit code 0, data on stdout, and the same numbers for the same seed however many processes."""
    command = [sys.executable, "-m", "cerberus_plan", "simulate", _write(tmp_path), "--json", "--completions", "4000"]
    outputs = [
        subprocess.run([*command, "--replications", "2"], capture_output=True, text=True, check=False) for _ in range(2)
    ]
    assert [done.returncode for done in outputs] == [0, 0], outputs[0].stderr
    first, second = (json.loads(done.stdout) for done in outputs)
    assert first == second
    assert first["replications"] == 2
    assert first["completions"] == 4000


def test_a_memoryless_network_agrees_and_the_verdict_says_so(tmp_path: Path, run: Any) -> None:
    """The exact answer is inside the interval; stations stand side by side."""
    done = run(_write(tmp_path), "--json", "--completions", "200000")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["holds"] is True
    assert found["simulated"]["low"] <= found["analytic"]["throughput"] <= found["simulated"]["high"]
    assert "inside the simulation's 99 % interval" in found["verdict"]
    assert [s["name"] for s in found["stations"]] == ["think", "think", "queue"]
    for station in found["stations"]:
        assert station["simulated"]["queue_length"] == pytest.approx(station["analytic"]["queue_length"], rel=0.05)


def test_fixed_holds_break_the_model_and_the_verdict_says_so(tmp_path: Path, run: Any) -> None:
    """Six threads on a train schedule never wait; the exponential model thinks they do."""
    done = run(_write(tmp_path), "--completions", "20000", "--holds", "deterministic")
    assert done.exit_code == 0, done.output
    assert "The model does not hold here" in done.stdout
    assert "below the simulation" in done.stdout
    assert "event heap" in done.stdout


def test_rules_come_from_the_file_and_options_override_them(tmp_path: Path, run: Any) -> None:
    """Handover and holds."""
    file = _write(tmp_path, rules={"holds": "deterministic", "handover": "start"})
    found = json.loads(run(file, "--json", "--completions", "2000", "--handover", "arrival").stdout)
    assert found["holds_distribution"] == "deterministic"
    assert found["handover"] == "arrival"


@pytest.mark.slow
def test_a_planned_candidate_is_simulated_in_the_unit_of_its_work(run: Any) -> None:
    """The plan's best, and any split asked for."""
    best = run("--workload", "dbench", "--machine", "amd48", "--cores", "12", "--completions", "20000")
    assert best.exit_code == 0, best.output
    assert "dbench on amd48" in best.stdout
    assert "MB/s" in best.stdout
    split = run(
        *("--workload", "dbench", "--machine", "amd48", "--system", "cerberus", "--vms", "3", "--cores-per-vm", "4"),
        *("--cores", "12", "--completions", "100000", "--json"),
    )
    found = json.loads(split.stdout)
    assert found["title"].endswith("3 x 4")
    assert found["holds"] is True


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give a network file, or --workload"),
        (["FILE", "--cores", "4"], "is a whole network: leave out the options of a plan"),
        (["FILE", "--completions", "100"], "--completions 100: give at least 64 for each of 8"),
        (["--workload", "dbench", "--vms", "2"], "--vms and --cores-per-vm go together"),
        (["--workload", "dbench", "--vms", "2", "--cores-per-vm", "2"], "need the --system they are for"),
        (
            ["--workload", "dbench", "--system", "kvm", "--vms", "9", "--cores-per-vm", "9", "--cores", "48"],
            "--vms 9 x --cores-per-vm 9 need more than 48 cores",
        ),
        (["FILE", "--holds", "normal"], "holds = 'normal' must be one of"),
    ],
)
def test_contradictions_are_refused(tmp_path: Path, run: Any, arguments: list[str], message: str) -> None:
    """With what to do instead."""
    file = _write(tmp_path)
    done = run(*(file if argument == "FILE" else argument for argument in arguments))
    assert isinstance(done.exception, InputError)
    assert message in str(done.exception)


def test_a_split_given_by_half_is_refused_before_anything_is_loaded(monkeypatch: pytest.MonkeyPatch, run: Any) -> None:
    """The simulator brings a compiler, half a second to say what the options alone tell."""
    monkeypatch.setitem(sys.modules, "cerberus_plan.model.simulation", None)
    done = run("--workload", "none.toml", "--vms", "2")
    assert "go together" in str(done.exception)


def test_a_cluster_needs_dask_and_somebody_at_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are told apart."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(InputError, match="--scheduler needs Dask: pip install"),
        replications.executor("tcp://127.0.0.1:1", 1),
    ):
        pass

    class NoClient:
        def __init__(self, address: str, timeout: float) -> None:
            raise OSError("refused")

    monkeypatch.setitem(sys.modules, "distributed", type("Dask", (), {"Client": NoClient}))
    with (
        pytest.raises(CannotAnswerError, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:1': refused"),
        replications.executor("tcp://127.0.0.1:1", 1),
    ):
        pass


def test_more_cycles_than_any_run_can_make_are_refused(run: Any) -> None:
    """Twenty digits are a slip, not a request: the largest count is told."""
    done = run("--machine", "amd48", "--workload", "dbench", "--completions", "9" * 20)
    assert done.exit_code == 2
    assert "1000000000000" in done.output


@pytest.mark.slow
def test_where_nothing_was_completed_the_time_spent_is_null(tmp_path: Path, run: Any) -> None:
    """An instance a hundred thousand times slower ends no cycle: JSON has no infinity for its residence."""
    file = tmp_path / "slow.json"
    slow = {"law": "delay", "demand": 100000.0, "name": "batch"}
    instances = [{"stations": [{"law": "delay", "demand": 1.0}]}, {"stations": [slow]}]
    file.write_text(json.dumps({"format": 1, "instances": instances}))
    page = tmp_path / "page.html"
    done = run(str(file), "--completions", "512", "--replications", "1", "--json", "--report", str(page))
    assert done.exit_code == 0, done.output
    stations = {
        each["name"]: each["simulated"] for each in json.loads(done.stdout, parse_constant=pytest.fail)["stations"]
    }
    assert stations["batch"]["residence"] is None
    assert stations["batch"]["queue_length"] == 1.0
    assert page.is_file()


def _running(session: int) -> list[str]:
    """Processes of a session that have not ended."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] not in "ZX":
            found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_the_command(number: signal.Signals) -> None:
    """However the command is ended, its processes end too."""
    long = ("--machine", "amd48", "--workload", "histogram", "--cores", "4", "--completions", "40000000000")
    command = subprocess.Popen(
        [sys.executable, "-P", "-m", "cerberus_plan", "simulate", *long, "--replications", "2", "--json"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        within = time.monotonic() + 60.0
        while not any("spawn_main" in each for each in _running(command.pid)) and time.monotonic() < within:
            time.sleep(0.1)
        assert any("spawn_main" in each for each in _running(command.pid))
        time.sleep(3.0)  # into the run
        command.send_signal(number)
        command.wait(timeout=20.0)
        within = time.monotonic() + 20.0
        while _running(command.pid) and time.monotonic() < within:
            time.sleep(0.1)
        assert _running(command.pid) == []
    finally:
        with suppress(ProcessLookupError):
            os.killpg(command.pid, signal.SIGKILL)
