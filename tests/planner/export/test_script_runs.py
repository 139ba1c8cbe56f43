"""The shell format, run: instances start where the table says, and undo ends those and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cerberus_plan.model.cpu_list import parse_cpu_list
from cerberus_plan.model.topology import Topology
from cerberus_plan.planner.deploy.bundle import bundle
from cerberus_plan.planner.deploy.deployment import Deployment
from cerberus_plan.planner.deploy.formats.script import FORMAT
from cerberus_plan.planner.placing.placement import place
from tests.needs import needed_programs

# Stand-ins that note how they were called: numactl becomes the command, docker keeps containers as files.
NUMACTL = """#!/bin/sh
echo "$*" >>"{root}/numactl.log"
case "$1" in *9*) echo "libnuma: no such CPU" >&2; exit 1 ;; esac
shift 2
exec "$@"
"""
DOCKER = """#!{python}
import pathlib, sys
root = pathlib.Path('{root}')
verb, *rest = sys.argv[1:]
if verb == "run":
    name = rest[rest.index("--name") + 1]
    if (root / "broken").exists() and name.endswith("1"):
        sys.exit("docker: no such image")
    (root / "containers" / name).write_text(" ".join(rest))
    pathlib.Path(rest[rest.index("--cidfile") + 1]).write_text(name)
elif verb == "rm":
    (root / "containers" / rest[-1]).unlink()
"""


class Scripts:
    """The files of two instances of two CPUs in a folder, and what stands in for the tools."""

    def __init__(self, root: Path, topology: Topology, sizes: list[int]) -> None:
        self.root, self.folder = root, root / "files"
        for name in ("files", "bin", "containers"):
            (root / name).mkdir()
        for name, text in {"numactl": NUMACTL, "docker": DOCKER}.items():
            (root / "bin" / name).write_text(text.format(python=sys.executable, root=root))
            (root / "bin" / name).chmod(0o755)
        deployment = Deployment(name="work", topology=topology, placement=place(topology, sizes))
        for file, text in bundle(FORMAT, deployment, {}, ()).items():
            (self.folder / file).write_text(text)
        self.before = self.files()

    def files(self) -> dict[str, str]:
        """Everything in the folder of the scripts."""
        return {str(f.relative_to(self.folder)): f.read_text() for f in self.folder.rglob("*") if f.is_file()}

    def run(self, script: str, *arguments: str, path: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
        """Run one of the scripts, with the stand-ins first on the path or without them."""
        places = f"{self.root / 'bin'}:{os.environ['PATH']}" if path else os.environ["PATH"]
        command = ["sh", str(self.folder / script), *arguments]
        out, err = self.root / "out", self.root / "err"  # files: what is started would hold a pipe open
        with out.open("w") as stdout, err.open("w") as stderr:
            done = subprocess.run(
                command, stdout=stdout, stderr=stderr, check=False, timeout=60, cwd=self.root,
                env={**os.environ, "PATH": places, **more},
            )  # fmt: skip
        return subprocess.CompletedProcess(command, done.returncode, out.read_text(), err.read_text())

    def pid(self, name: str) -> int:
        """The process recorded for an instance."""
        return int((self.folder / "started" / f"{name}.pid").read_text().split()[0])


@pytest.fixture
def scripts(tmp_path: Path) -> Iterator[Scripts]:
    """Two instances of two CPUs; what they started is ended after the test."""
    needed_programs("setsid", "awk")
    made = Scripts(tmp_path, Topology.regular(sockets=2, cores_per_l3=2, memory_bytes=2.0**33), [2, 2])
    yield made
    made.run("undo.sh")


def runs(pid: int) -> bool:
    """Whether a process has not ended; one that nobody waited for has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def eventually(text: Path, lines: int) -> list[str]:
    """The lines of a file as soon as there are so many."""
    for _ in range(200):
        if text.exists() and len(text.read_text().splitlines()) >= lines:
            return sorted(text.read_text().splitlines())
        time.sleep(0.05)
    pytest.fail(f"{text} did not get {lines} lines")


def test_processes_are_bound_and_undone(scripts: Scripts) -> None:
    """numactl gets the CPUs and nodes of the table, the command its name and threads; undo ends them, children too."""
    command = 'sleep 300 & echo "$CERBERUS_INSTANCE $CERBERUS_THREADS $!" >>told; wait'
    done = scripts.run("start.sh", "sh", "-c", command)
    assert done.returncode == 0, done.stderr
    told = eventually(scripts.root / "told", 2)
    assert [line.split()[:2] for line in told] == [["work-00", "2"], ["work-01", "2"]]
    calls = (scripts.root / "numactl.log").read_text()
    assert "--physcpubind=0-1 --membind=0 setsid sh -c" in calls
    assert "--physcpubind=2-3 --membind=1 setsid sh -c" in calls
    pids = [scripts.pid("work-00"), scripts.pid("work-01"), *(int(line.split()[2]) for line in told)]
    assert all(runs(pid) for pid in pids)
    done = scripts.run("undo.sh")
    assert done.returncode == 0, done.stderr
    assert not any(runs(pid) for pid in pids)
    assert scripts.files() == scripts.before


def test_children_whose_parent_ended_are_undone(scripts: Scripts) -> None:
    """A server that goes into the background stays in its session."""
    assert scripts.run("start.sh", "sh", "-c", "sleep 300 & echo $! >>told").returncode == 0
    left = [int(line) for line in eventually(scripts.root / "told", 2)]
    assert all(runs(pid) for pid in left)
    assert scripts.run("undo.sh").returncode == 0
    assert not any(runs(pid) for pid in left)


def test_a_number_given_to_somebody_else_is_not_ended(scripts: Scripts) -> None:
    """The record holds the time of birth: a process of that number born at another time is a stranger."""
    stranger = subprocess.Popen(["sleep", "300"], start_new_session=True)
    try:
        (scripts.folder / "started").mkdir()
        (scripts.folder / "started" / "work-00.pid").write_text(f"{stranger.pid} S{' 1' * 30}\n")
        assert scripts.run("undo.sh").returncode == 0
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_nothing_is_started_where_a_cpu_is_missing(scripts: Scripts) -> None:
    """The second instance names a CPU that is not there: the message says which, and the first was not started."""
    table = scripts.folder / "instances.txt"
    table.write_text(table.read_text().replace("work-01 2-3", "work-01 98-99"))
    done = scripts.run("start.sh", "sh", "-c", "touch ran")
    assert done.returncode == 1
    assert "work-01: numactl cannot bind CPUs 98-99, nodes 1; nothing was started" in done.stderr
    assert not (scripts.root / "ran").exists()
    assert not (scripts.folder / "started").exists()


@pytest.mark.parametrize(
    ("arguments", "pin", "words"),
    [((), "", "usage: sh start.sh"), (("no-such-program",), "", "there is no such command"), (("true",), "x", "PIN=x")],
)
def test_bad_calls_are_refused(scripts: Scripts, arguments: tuple[str, ...], pin: str, words: str) -> None:
    """Exit code 2, the reason, and no record."""
    done = scripts.run("start.sh", *arguments, PIN=pin)
    assert done.returncode == 2
    assert words in done.stderr
    assert scripts.files() == scripts.before


def test_started_twice_is_refused(scripts: Scripts) -> None:
    """What runs is not lost from the record."""
    assert scripts.run("start.sh", "sleep", "300").returncode == 0
    again = scripts.run("start.sh", "sleep", "300")
    assert again.returncode == 1
    assert "run undo.sh first" in again.stderr
    assert runs(scripts.pid("work-00"))


def test_a_last_line_without_its_end_counts(scripts: Scripts) -> None:
    """An editor may leave it so; comments and blanks start nothing."""
    table = scripts.folder / "instances.txt"
    table.write_text("# mine\n\nwork-00 0-1 0 2 # first\nwork-01 2-3 1 2")
    assert scripts.run("start.sh", "sleep", "300").returncode == 0
    assert runs(scripts.pid("work-01"))


def test_containers_get_cpus_and_nodes(scripts: Scripts) -> None:
    """docker run has both lists of each instance; undo removes these containers and leaves others."""
    (scripts.root / "containers" / "other").write_text("")
    done = scripts.run("docker.sh", "serve", IMAGE="an/image")
    assert done.returncode == 0, done.stderr
    call = (scripts.root / "containers" / "work-01").read_text()
    assert "--cpuset-cpus 2-3 --cpuset-mems 1 --env CERBERUS_INSTANCE=work-01 --env CERBERUS_THREADS=2" in call
    assert call.endswith(" an/image serve")
    assert scripts.run("undo.sh").returncode == 0
    assert [file.name for file in (scripts.root / "containers").iterdir()] == ["other"]
    assert scripts.files() == scripts.before


def test_a_container_that_does_not_start_is_told(scripts: Scripts) -> None:
    """Docker's own message, what to do, and an undo that removes the one that was started."""
    (scripts.root / "broken").write_text("")
    done = scripts.run("docker.sh", IMAGE="an/image")
    assert done.returncode == 1
    assert "no such image" in done.stderr
    assert "undo.sh takes back" in done.stderr
    assert scripts.run("undo.sh").returncode == 0
    assert list((scripts.root / "containers").iterdir()) == []


def test_docker_without_an_image_names_it(scripts: Scripts) -> None:
    """Nothing is recorded either."""
    done = scripts.run("docker.sh", IMAGE="")
    assert done.returncode != 0
    assert "set IMAGE to the image to run" in done.stderr
    assert scripts.files() == scripts.before


@pytest.mark.hardware
def test_the_kernel_holds_processes_there(tmp_path: Path) -> None:
    """With the real taskset: the affinity in force is the table's, and memory is said to be unbound."""
    needed_programs("setsid", "taskset", "awk")
    cpu = min(os.sched_getaffinity(0))
    made = Scripts(tmp_path, Topology.regular(sockets=1, cores_per_l3=1, memory_bytes=2.0**33), [1])
    (made.folder / "instances.txt").write_text(f"work-00 {cpu} 0 1\n")
    done = made.run("start.sh", "sleep", "300", path=False, PIN="taskset")
    try:
        assert done.returncode == 0, done.stderr
        assert "memory nodes are not bound" in done.stderr
        there = set(parse_cpu_list(str(cpu)))
        for _ in range(200):  # the script does not wait until taskset has become the command
            if os.sched_getaffinity(made.pid("work-00")) == there:
                break
            time.sleep(0.05)
        assert os.sched_getaffinity(made.pid("work-00")) == there
    finally:
        assert made.run("undo.sh", path=False).returncode == 0
