"""`cerberus-plan verify` with real commands: what it runs, prints, records, refuses, and leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cerberus_plan.calibration.store.catalog import workload
from tests.needs import needed_programs
from tests.planner.verify.processes import CPUS, PYTHON, survivors, two_cpus

ROOT = Path(__file__).parents[2]


def command(*words: str) -> list[str]:
    """The real command line."""
    return [sys.executable, "-m", "cerberus_plan", "verify", *words]


@pytest.mark.slow
@two_cpus
@pytest.mark.hardware
def test_the_command_compares_one_by_two_with_two_by_one() -> None:
    """JSON has both splits with measured and predicted ratios, and says what processes cannot split."""
    program = [*PYTHON, "x = 0\nfor i in range(2000000): x += i"]
    done = subprocess.run(
        command(
            "--json", "--cores", "2", "--rounds", "2", "--workload", "histogram", "--machine", "amd48", "--", *program
        ),
        capture_output=True, text=True, cwd=ROOT, timeout=120, check=False,
    )  # fmt: skip
    document = json.loads(done.stdout)
    verdict = document["splits"][1]["verdict"]
    assert done.returncode == (4 if verdict == "disagree" else 0), done.stderr
    assert document["splits"][1]["agrees"] is {"agree": True, "disagree": False}.get(verdict)
    assert [row["split"] for row in document["splits"]] == [[2], [1, 1]]
    assert document["splits"][1]["predicted"]["value"] > 0.9
    assert document["splits"][1]["measured"]["value"] > 0.0
    assert len(document["samples"]) == 6
    assert "never its file-system" in document["notes"][0]


@pytest.mark.slow
@two_cpus
def test_counted_runs_are_recorded_as_measured_splits(tmp_path: Path) -> None:
    """Rates of both instances added, the warm-up left out; `fit` reads them."""
    record = tmp_path / "mine.toml"
    program = [*PYTHON, "print('rate: 5')"]
    options = ["--cores", "2", "--rounds", "2", "--regex", r"rate: (\d+)", "--record", str(record), "--json"]
    done = subprocess.run(
        command(*options, "--", *program), capture_output=True, text=True, cwd=ROOT, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    kept = [(row.instances, row.cores_per_instance, row.value) for row in workload(str(record)).measured]
    assert sorted(kept) == [(1, 2, 5.0), (1, 2, 5.0), (2, 1, 10.0), (2, 1, 10.0)]


@pytest.mark.slow
@two_cpus
def test_a_page_that_cannot_be_written_costs_nobody_the_runs(tmp_path: Path) -> None:
    """They are told and recorded before the page is."""
    record = tmp_path / "mine.toml"
    options = ["--cores", "2", "--rounds", "1", "--regex", r"rate: (\d+)", "--record", str(record), "--json"]
    done = subprocess.run(
        command(*options, "--report", "/proc/x.html", "--", *PYTHON, "print('rate: 5')"),
        capture_output=True, text=True, cwd=ROOT, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "cannot write /proc/x.html" in done.stderr
    assert len(json.loads(done.stdout)["samples"]) == 4
    assert len(workload(str(record)).measured) == 2


@pytest.mark.slow
@two_cpus
def test_a_record_that_cannot_be_written_costs_nobody_the_runs() -> None:
    """They are told before the file is."""
    options = ["--cores", "2", "--rounds", "1", "--regex", r"rate: (\d+)", "--record", "/proc/mine.toml", "--json"]
    done = subprocess.run(
        command(*options, "--", *PYTHON, "print('rate: 5')"),
        capture_output=True, text=True, cwd=ROOT, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "cannot write /proc/mine.toml" in done.stderr
    assert len(json.loads(done.stdout)["samples"]) == 4


@pytest.mark.slow
@two_cpus
def test_ctrl_c_leaves_nothing_behind() -> None:
    """Interrupted in the middle of a run: exit code 130, no process left, what was counted is told."""
    mark = f"mark{os.getpid()}stop"
    running = subprocess.Popen(
        command("--cores", "2", "--", sys.executable, "-c", "import time; time.sleep(99)", mark),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )  # fmt: skip
    until = time.monotonic() + 60
    while not any("verify" not in text for text in survivors(mark)):
        assert time.monotonic() < until
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "no process and no cgroup is left" in err
    assert survivors(mark) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--cores", "4096", "--", "true"], "this process may use"),
        (["--vms", "2", "--", "true"], "go together"),
        (["--record", "a.toml", "--", "true"], "--record a.toml needs --regex"),
        (["--vms", "1", "--cores-per-vm", str(len(CPUS)), "--cores", str(len(CPUS)), "--", "true"], "only one split"),
    ],
)
@two_cpus
def test_bad_requests_exit_with_two(words: list[str], message: str) -> None:
    """Before anything is run."""
    done = subprocess.run(command(*words), capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert done.returncode == 2
    assert message in done.stderr


@pytest.mark.slow
@pytest.mark.hardware
@two_cpus
@pytest.mark.parametrize(
    ("script", "programs", "regex"),
    [
        ("memcached_once.py", ("memcached",), r"ops/s: ([\d.]+)"),
        ("nginx_once.py", ("nginx", "wrk"), r"requests/s: ([\d.]+)"),
    ],
)
def test_real_servers_are_run_split_and_whole(
    script: str, programs: tuple[str, ...], regex: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """memcached and nginx under load, one of two cores against two of one; nothing runs on afterwards."""
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/usr/sbin")  # where Debian has servers
    needed_programs(*programs)
    file = str(ROOT / "benchmarks" / "servers" / script)
    mark = f"mark{os.getpid()}{script}"  # in the environment of all that is started
    done = subprocess.run(
        command(
            "--json", "--cores", "2", "--rounds", "1", "--workload", "memcached", "--machine", "amd48",
            "--regex", regex, "--", sys.executable, file, "{threads}", "1",
        ),
        capture_output=True, text=True, cwd=ROOT, timeout=240, check=False, env=os.environ | {"TEST_MARK": mark},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert all(sample["rate"] > 100.0 for sample in document["samples"])
    assert document["splits"][1]["predicted"] is not None
    assert survivors(mark, "environ") == []
