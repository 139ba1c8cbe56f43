"""Podman itself runs the exported containers: CPUs and nodes as planned, found by the auditor, undone without a trace.

The image holds one program; all of Podman's state is below the test's folder. Where a container cannot be started here
at all (no rights, other control groups), the test says so and is skipped. Compose is podman-compose's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from cerberus_plan.calibration.host.topology import system_topology
from cerberus_plan.planner.audit.live import Host, find_live
from cerberus_plan.planner.deploy.deployment import Deployment
from cerberus_plan.planner.deploy.formats import compose, script
from cerberus_plan.planner.placing.placement import place

IMAGE = "localhost/sleeper:1"
# ends when it is asked to, which the first process of a container does not by itself
SLEEPER = "#include <signal.h>\n#include <unistd.h>\nint main(void) { signal(SIGTERM, _exit); for (;;) pause(); }\n"
CONFIGURATION = """[containers]
netns = "none"
log_driver = "k8s-file"
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


@dataclass(frozen=True)
class Podman:
    """A Podman of the test's own."""

    folder: Path
    environment: dict[str, str]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the folder."""
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False, timeout=180
        )

    def state(self) -> list[str]:
        """Containers, pods, and every control group of the host that is a container's."""
        groups = sorted(str(each) for each in Path("/sys/fs/cgroup").glob("**/libpod-*") if each.is_dir())
        return groups + [self.run("podman", *words, "--quiet").stdout for words in (("ps", "--all"), ("pod", "ps"))]


@pytest.fixture
def podman(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Podman:
    """Podman with an image, or a loud skip."""
    if shutil.which("podman") is None or shutil.which("gcc") is None:
        pytest.skip("NOT TESTED: podman or gcc is missing: Debian: apt install podman runc gcc")
    settings = tmp_path / ".config" / "containers"
    settings.mkdir(parents=True)
    (settings / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    given = Path(os.environ.get("CONTAINERS_CONF", "/nowhere"))
    text = given.read_text() if given.is_file() else CONFIGURATION
    (settings / "containers.conf").write_text(f'{text}[network]\nnetwork_config_dir = "{tmp_path}/networks"\n')
    (settings / "storage.conf").write_text(
        f'[storage]\ndriver = "vfs"\nrunroot = "{tmp_path}/run"\ngraphroot = "{tmp_path}/graph"\n'
    )
    for name, value in {
        "HOME": tmp_path, "CONTAINERS_CONF": settings / "containers.conf",
        "CONTAINERS_STORAGE_CONF": settings / "storage.conf",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, str(value))
    there = Podman(tmp_path, dict(os.environ))
    (tmp_path / "sleeper.c").write_text(SLEEPER)
    assert there.run("gcc", "-static", "-o", "sleeper", "sleeper.c").returncode == 0
    with tarfile.open(tmp_path / "image.tar", "w") as image:
        image.add(tmp_path / "sleeper", "sleeper")
    made = there.run("podman", "import", "--change", 'ENTRYPOINT ["/sleeper"]', "image.tar", IMAGE)
    tried = there.run("podman", "run", "--detach", "--name", "probe", "--cpuset-cpus", "0", IMAGE)
    there.run("podman", "rm", "--force", "probe")
    if made.returncode or tried.returncode:
        pytest.skip(f"NOT TESTED: podman starts no container here: {(made.stderr + tried.stderr)[-300:]}")
    return there


def deployed() -> Deployment:
    """An instance on each of two CPUs of this host."""
    topology = system_topology(sorted(os.sched_getaffinity(0)))
    if topology.n_cpus < 2:
        pytest.skip("NOT TESTED: two CPUs are needed for two instances")
    return Deployment(name="podmantest", topology=topology, placement=place(topology, [1, 1]))


def check_running(deployment: Deployment) -> None:
    """The auditor finds every instance on its CPUs."""
    found = find_live([unit.name for unit in deployment.units], {}, Host(runtimes=("podman",)))
    assert {each.name: each.cpus for each in found} == {unit.name: {*unit.cpus} for unit in deployment.units}
    assert all(each.source.startswith("cgroup ") for each in found)


@pytest.mark.slow
def test_containers_run_where_planned_and_leave_nothing(podman: Podman) -> None:
    """``docker.sh`` with Podman, then ``undo.sh``."""
    deployment = deployed()
    for name, text in script.FORMAT.write(deployment).items():
        (podman.folder / name).write_text(text)
    before = podman.state()
    with_podman = ("env", "DOCKER=podman", f"IMAGE={IMAGE}", "sh")
    done = podman.run(*with_podman, "docker.sh")
    assert done.returncode == 0, done.stderr
    check_running(deployment)
    undone = podman.run(*with_podman, "undo.sh")
    assert undone.returncode == 0, undone.stderr
    assert podman.state() == before


@pytest.mark.slow
def test_compose_services_run_where_planned_and_leave_nothing(podman: Podman) -> None:
    """The Compose file up and down, without the network that a service gets by default."""
    if podman.run(sys.executable, "-m", "podman_compose", "--version").returncode:
        pytest.skip("NOT TESTED: podman-compose is missing: pip install podman-compose")
    deployment = deployed()
    text = compose.FORMAT.write(deployment)[compose.FILE]
    (podman.folder / compose.FILE).write_text(text.replace("    cpuset:", "    network_mode: none\n    cpuset:"))
    before = podman.state()
    program = (sys.executable, "-m", "podman_compose")
    done = podman.run("env", f"IMAGE={IMAGE}", *program, "up", "--detach")
    assert done.returncode == 0, done.stderr
    check_running(deployment)
    undone = podman.run(*program, "--project-name", "podmantest", "down")
    assert undone.returncode == 0, undone.stderr
    assert podman.state() == before
