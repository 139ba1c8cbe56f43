"""A real Dask scheduler and two workers on loopback: the same code path, the same answers, and failures that end."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from needs import needed

from cerberus_plan.cli import replications
from cerberus_plan.model.errors import CannotAnswerError

if TYPE_CHECKING:
    from distributed import Client

pytestmark = pytest.mark.slow

FLEET = """
format = 1
[[machine]]
name = "a"
machine = "amd48"
cores = 6
count = 9
[[machine]]
name = "b"
machine = "intel16"
count = 3
[[workload]]
workload = "dbench"
rate = 3000
[[workload]]
workload = "apache"
rate = 60_000
"""


class Cluster:
    """A scheduler and the workers started at it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._place = folder / "scheduler.json"
        self.processes: list[subprocess.Popen[bytes]] = []
        self._start("scheduler", "--port", "0", "--no-show", "--scheduler-file", str(self._place))
        self.address = json.loads(self._text(self._place))["address"]

    def _start(self, kind: str, *arguments: str) -> None:
        command = [sys.executable, "-P", "-m", f"distributed.cli.dask_{kind}", "--host", "127.0.0.1"]
        with (self._folder / f"{kind}{len(self.processes)}.log").open("wb") as log:
            self.processes.append(
                subprocess.Popen([*command, "--no-dashboard", *arguments], stdout=log, stderr=log, cwd=self._folder)
            )

    def _text(self, file: Path) -> str:
        """A file's text once it is there whole."""
        for _ in range(600):
            if self.processes[0].poll() is not None:
                pytest.fail((self._folder / "scheduler0.log").read_text())
            if file.is_file() and file.read_text().rstrip().endswith("}"):
                return file.read_text()
            time.sleep(0.1)
        pytest.fail("the scheduler did not start within a minute")

    def add_worker(self) -> None:
        """One with a process and a thread of its own, and no nanny that would start it again."""
        self._start("worker", self.address, "--nthreads", "1", "--no-nanny", "--local-directory", str(self._folder))

    def wait_for(self, client: Client, workers: int) -> None:
        """Until so many are there: each is a Python that imports everything; one that has died will not come."""
        for _ in range(24):
            with contextlib.suppress(TimeoutError):
                return client.wait_for_workers(workers, timeout=5)
            for number, process in enumerate(self.processes):
                if process.poll() is not None:
                    pytest.fail("\n".join(log.read_text() for log in sorted(self._folder.glob(f"*{number}.log"))))
        pytest.fail(f"{workers} workers did not start within two minutes")

    def end(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[Cluster]:
    needed("distributed", extra="cluster")
    cluster = Cluster(tmp_path)
    yield cluster
    cluster.end()


@pytest.fixture
def cluster(scheduler: Cluster) -> Cluster:
    """Two workers, both there."""
    from distributed import Client

    scheduler.add_worker()
    scheduler.add_worker()
    with Client(scheduler.address, timeout=60) as client:
        scheduler.wait_for(client, 2)
    return scheduler


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "cerberus_plan", *arguments],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_a_fleet_and_a_simulation_say_the_same_on_a_cluster(cluster: Cluster, tmp_path: Path) -> None:
    """Plans of a fleet and streams of a simulation, spread over two workers, are those of this machine."""
    file = tmp_path / "fleet.toml"
    file.write_text(FLEET)
    simulation = ("simulate", "--cores", "4", "--machine", "amd48", "--workload", "dbench", "--completions", "20000")
    for command in (("fleet", str(file)), (*simulation, "--replications", "4")):
        here = run(*command, "--json")
        there = run(*command, "--json", "--scheduler", cluster.address)
        assert there.returncode == 0, there.stderr
        assert here.returncode == 0, here.stderr
        assert json.loads(there.stdout) == json.loads(here.stdout)


def test_work_goes_to_both_workers(cluster: Cluster) -> None:
    """Eight tasks of a quarter second: neither worker is idle, and this process does none of them."""
    with replications.executor(cluster.address, 16) as pool:
        tasks = [pool.submit(lambda: (time.sleep(0.25), os.getpid())[1]) for _ in range(8)]
        done = {task.result(timeout=60) for task in tasks}
    assert done == {process.pid for process in cluster.processes[1:]}


def test_a_worker_that_is_lost_costs_time_not_the_answer(cluster: Cluster) -> None:
    """One of two is killed in the middle: the other does its tasks again."""
    with replications.executor(cluster.address, 8) as pool:
        waits = [pool.submit(time.sleep, 0.5) for _ in range(8)]
        time.sleep(0.6)
        cluster.processes[-1].kill()
        assert [one.result(timeout=120) for one in waits] == [None] * 8


def test_a_scheduler_without_workers_is_told(scheduler: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing would ever come back: it says so, and how to start a worker."""
    monkeypatch.setattr(replications, "_PATIENCE_S", 1)
    with (
        pytest.raises(CannotAnswerError, match=r"has no workers; start one: dask worker tcp://127\.0\.0\.1"),
        replications.executor(scheduler.address, 1),
    ):
        pass
